//! The metric table: 119 metrics with their IEEE 11073, LOINC, SNOMED and UCUM codes, ranges and rates.
//!
//! The table is `metrics.csv` beside this file; its columns `*_verified` say where each code was seen.

use std::sync::LazyLock;

/// What kind of value a metric carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// A number at an instant.
    Numeric,
    /// Equally spaced samples.
    Waveform,
    /// A word out of a code system.
    Coded,
}

/// One row of the metric table.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Short name used in scenarios and vendor JSON, such as `hr`.
    pub id: String,
    /// Name for people.
    pub display: String,
    /// Number, waveform or code.
    pub kind: MetricKind,
    /// IEEE 11073-10101 code (32 bit, partition included).
    pub mdc_code: Option<u32>,
    /// IEEE 11073-10101 reference id.
    pub mdc_refid: Option<String>,
    /// LOINC code.
    pub loinc: Option<String>,
    /// SNOMED CT concept.
    pub snomed: Option<String>,
    /// Unit as a UCUM expression.
    pub ucum: Option<String>,
    /// Smallest difference a usual device reports, in the metric's unit.
    pub resolution: Option<f64>,
    /// Decimals that `resolution` needs (0 to 6).
    pub decimals: u8,
    /// Range a device can report, in the metric's unit.
    pub device_range: Option<(f64, f64)>,
    /// Range in which a living adult's values lie, in the metric's unit.
    pub plausible_range: Option<(f64, f64)>,
}

/// Index of a metric in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId(u16);

impl MetricId {
    /// The metric with this short name.
    pub fn find(id: &str) -> Option<Self> {
        TABLE.iter().position(|metric| metric.id == id).map(|index| Self(index as u16))
    }

    /// The metric with this short name, for models that name it literally.
    ///
    /// # Panics
    /// When the table has no such row: a model then names something that does not exist.
    pub fn named(id: &str) -> Self {
        Self::find(id).unwrap_or_else(|| panic!("metric `{id}` is not in metrics.csv"))
    }

    /// The row.
    pub fn metric(self) -> &'static Metric {
        &TABLE[usize::from(self.0)]
    }

    /// Position in the table.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Every metric, in table order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..TABLE.len() as u16).map(Self)
    }
}

static TABLE: LazyLock<Vec<Metric>> = LazyLock::new(|| {
    let mut reader = csv::Reader::from_reader(include_bytes!("metrics.csv").as_slice());
    let header = reader.headers().expect("metrics.csv has a header").clone();
    let column = |name: &str| {
        header.iter().position(|cell| cell == name).unwrap_or_else(|| panic!("metrics.csv has no column {name}"))
    };
    let columns = Columns {
        id: column("id"),
        display: column("display"),
        kind: column("kind"),
        mdc_code: column("mdc_code"),
        mdc_refid: column("mdc_refid"),
        loinc: column("loinc"),
        snomed: column("snomed"),
        ucum: column("ucum"),
        resolution: column("resolution"),
        device_min: column("device_min"),
        device_max: column("device_max"),
        plausible_lo: column("plausible_lo"),
        plausible_hi: column("plausible_hi"),
    };
    reader.records().map(|record| columns.row(&record.expect("metrics.csv is well formed"))).collect()
});

struct Columns {
    id: usize,
    display: usize,
    kind: usize,
    mdc_code: usize,
    mdc_refid: usize,
    loinc: usize,
    snomed: usize,
    ucum: usize,
    resolution: usize,
    device_min: usize,
    device_max: usize,
    plausible_lo: usize,
    plausible_hi: usize,
}

impl Columns {
    fn row(&self, record: &csv::StringRecord) -> Metric {
        let text = |column: usize| {
            let cell = record.get(column).unwrap_or_default().trim();
            (!cell.is_empty()).then(|| cell.to_owned())
        };
        let number = |column: usize| text(column).and_then(|cell| cell.parse::<f64>().ok());
        let resolution = number(self.resolution);
        Metric {
            id: text(self.id).expect("every metric has an id"),
            display: text(self.display).unwrap_or_default(),
            kind: match record.get(self.kind) {
                Some("waveform") => MetricKind::Waveform,
                Some("coded") => MetricKind::Coded,
                _ => MetricKind::Numeric,
            },
            mdc_code: text(self.mdc_code).and_then(|cell| cell.parse().ok()),
            mdc_refid: text(self.mdc_refid),
            loinc: text(self.loinc),
            snomed: text(self.snomed),
            ucum: text(self.ucum),
            resolution,
            decimals: decimals(resolution),
            device_range: number(self.device_min).zip(number(self.device_max)),
            plausible_range: number(self.plausible_lo).zip(number(self.plausible_hi)),
        }
    }
}

/// Decimals needed to write multiples of `resolution`: 1 for 0.1, 3 for 0.025. Metrics without one get 3.
fn decimals(resolution: Option<f64>) -> u8 {
    let Some(resolution) = resolution else { return 3 };
    let mut scaled = resolution;
    for decimals in 0..6 {
        if (scaled - scaled.round()).abs() < 1e-9 {
            return decimals;
        }
        scaled *= 10.0;
    }
    6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_every_row_once() {
        let ids: std::collections::BTreeSet<_> = TABLE.iter().map(|metric| metric.id.as_str()).collect();
        assert_eq!(TABLE.len(), 119);
        assert_eq!(ids.len(), 119);
    }

    #[test]
    fn spo2_keeps_the_32_bit_code() {
        let spo2 = MetricId::named("spo2").metric();
        assert_eq!(spo2.mdc_code, Some(150_456));
        assert_eq!(spo2.ucum.as_deref(), Some("%"));
        assert_eq!(spo2.decimals, 0);
    }

    #[test]
    fn decimals_follow_the_resolution() {
        assert_eq!(decimals(Some(10.0)), 0);
        assert_eq!(decimals(Some(0.1)), 1);
        assert_eq!(decimals(Some(0.025)), 3);
        assert_eq!(decimals(None), 3);
    }
}
