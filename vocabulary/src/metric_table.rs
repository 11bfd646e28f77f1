//! The metric table: the rows of `metrics.csv`, and after them those that a program registers when it starts.
//!
//! The columns `*_verified` of the file say where each code was seen. Built-in rows are constants, so nothing is looked
//! up or locked to read them.

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::metric::{Metric, MetricKind, decimals};

include!(concat!(env!("OUT_DIR"), "/metric_table.rs"));

/// Most metrics that a program can register; each takes some 200 octets whether it is used or not.
const MOST_REGISTERED: usize = 1_024;

static REGISTERED: [OnceLock<Metric>; MOST_REGISTERED] = [const { OnceLock::new() }; MOST_REGISTERED];
static REGISTERING: Mutex<()> = Mutex::new(());

/// Index of a metric in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId(u16);

impl MetricId {
    /// The metric with this short name.
    pub fn find(id: &str) -> Option<Self> {
        Self::all().find(|metric| metric.metric().id == id)
    }

    /// The metric at this position of the table.
    pub fn at(index: usize) -> Option<Self> {
        let known = index < BUILT_IN.len() || REGISTERED.get(index - BUILT_IN.len())?.get().is_some();
        known.then_some(Self(index as u16))
    }

    /// The row.
    pub fn metric(self) -> &'static Metric {
        let index = self.index();
        BUILT_IN.get(index).unwrap_or_else(|| {
            REGISTERED[index - BUILT_IN.len()].get().expect("only a registered metric has been given an id")
        })
    }

    /// Position in the table.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Every metric, in table order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).map_while(Self::at)
    }
}

/// A metric could not be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// The id cannot be one.
    #[error("`{id}` cannot be the id of a metric: small letters, digits and `_`")]
    Id {
        /// The id.
        id: &'static str,
    },
    /// The bounds of a range are not in order.
    #[error("metric `{id}`: the bounds of its {range} range are not in order")]
    Range {
        /// The metric.
        id: &'static str,
        /// Which of its ranges.
        range: &'static str,
    },
    /// The table has a different row of this id.
    #[error("there is another metric `{id}` already: {display}")]
    Taken {
        /// The id.
        id: &'static str,
        /// What the table's row is for.
        display: &'static str,
    },
    /// No more rows can be registered.
    #[error("no more than {MOST_REGISTERED} metrics can be registered; `{id}` is one too many")]
    Full {
        /// The metric.
        id: &'static str,
    },
}

/// Adds a row to the table of this process. A row that is there already stays as it is.
///
/// # Errors
/// [`MetricError`] when the row is faulty, or the table has a different one of the same id.
pub fn register_metric(metric: Metric) -> Result<MetricId, MetricError> {
    let id = metric.id;
    if id.is_empty() || !id.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
        return Err(MetricError::Id { id });
    }
    for (range, bounds) in [("device", metric.device_range), ("plausible", metric.plausible_range)] {
        if bounds.is_some_and(|(lowest, highest)| lowest.partial_cmp(&highest).is_none_or(std::cmp::Ordering::is_ge)) {
            return Err(MetricError::Range { id, range });
        }
    }
    let _one_at_a_time = REGISTERING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = MetricId::find(id) {
        let row = known.metric();
        return if *row == metric { Ok(known) } else { Err(MetricError::Taken { id, display: row.display }) };
    }
    let free = REGISTERED.iter().position(|row| row.get().is_none()).ok_or(MetricError::Full { id })?;
    REGISTERED[free].get_or_init(|| metric);
    Ok(MetricId((BUILT_IN.len() + free) as u16))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PUFFS: Metric = Metric::new("puffs", "Puffs of an inhaler", MetricKind::Numeric).resolution(1.0);

    #[test]
    fn constants_are_the_rows_of_their_names() {
        assert_eq!(MetricId::find("spo2"), Some(metrics::SPO2));
        assert_eq!(metrics::PAP_WAVE.metric().id, "pap_wave");
        for metric in MetricId::all() {
            assert_eq!(MetricId::find(metric.metric().id), Some(metric));
        }
    }

    #[test]
    fn ids_are_unique_and_ranges_and_resolutions_make_sense() {
        let ids: BTreeSet<_> = BUILT_IN.iter().map(|metric| metric.id).collect();
        assert_eq!(ids.len(), BUILT_IN.len());
        for metric in &BUILT_IN {
            let ranges = [metric.device_range, metric.plausible_range];
            assert!(ranges.into_iter().flatten().all(|(lowest, highest)| lowest < highest), "{metric:?}");
            let Some(resolution) = metric.resolution else { continue };
            let shown = format!("{resolution:.*}", usize::from(metric.decimals));
            assert!(resolution > 0.0 && shown.parse() == Ok(resolution), "{metric:?} is shown as {shown}");
        }
    }

    #[test]
    fn spo2_keeps_the_32_bit_code() {
        let spo2 = metrics::SPO2.metric();
        assert_eq!(spo2.mdc_code, Some(150_456));
        assert_eq!(spo2.ucum, Some("%"));
        assert_eq!(spo2.decimals, 0);
    }

    #[test]
    fn quoted_cells_are_read_whole() {
        assert_eq!(metrics::RR_INTERVAL_2.metric().display, "RR interval, second of a message");
    }

    #[test]
    fn a_vendors_row_is_registered_once() {
        let puffs = register_metric(PUFFS).unwrap();
        assert_eq!(register_metric(PUFFS), Ok(puffs));
        assert_eq!(*puffs.metric(), PUFFS);
        assert!(puffs.index() >= BUILT_IN.len());
        assert_eq!(MetricId::find("puffs"), Some(puffs));
        assert!(MetricId::all().any(|metric| metric == puffs));
        assert_eq!(register_metric(*metrics::HR.metric()), Ok(metrics::HR));
    }

    #[test]
    fn faulty_rows_are_refused() {
        let other = Metric { display: "Something else", ..*metrics::HR.metric() };
        assert_eq!(register_metric(other), Err(MetricError::Taken { id: "hr", display: metrics::HR.metric().display }));
        let shouted = Metric { id: "PUFFS", ..PUFFS };
        assert_eq!(register_metric(shouted), Err(MetricError::Id { id: "PUFFS" }));
        for (lowest, highest) in [(5.0, 1.0), (f64::NAN, 1.0)] {
            let disordered = Metric { id: "disordered", ..PUFFS }.device_range(lowest, highest);
            assert_eq!(register_metric(disordered), Err(MetricError::Range { id: "disordered", range: "device" }));
        }
        assert_eq!(MetricId::find("disordered"), None);
    }
}
