//! The vital signs that reports and pictures of recordings show.

use vocabulary::MetricId;

/// A vital sign with the metrics by which devices say it and the columns of the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VitalSignRow {
    /// By which a picture is asked for it.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Unit of its values.
    pub unit: &'static str,
    /// Span of a scale at least.
    pub least_span: f64,
    /// Metrics; of several groups a picture shows the first that a device said.
    pub shown: &'static [&'static [&'static str]],
    /// Columns of the truth.
    pub truth: &'static [&'static str],
    /// Its title in the strips of reports, and which of each group of metrics, and of the columns of the truth, they show;
    /// `None` where they do not.
    strip: Option<(&'static str, usize)>,
}

/// Vital signs in the order of a chart.
pub const VITAL_SIGNS: [VitalSignRow; 10] = [
    VitalSignRow {
        name: "hr",
        title: "Heart rate",
        unit: "/min",
        least_span: 20.0,
        shown: &[&["hr"], &["pr"]],
        truth: &["heart_rate"],
        strip: Some(("Heart rate", 0)),
    },
    VitalSignRow {
        name: "abp",
        title: "Pressure",
        unit: "mmHg",
        least_span: 40.0,
        shown: &[&["abp_sys", "abp_mean", "abp_dia"], &["nibp_sys", "nibp_mean", "nibp_dia"]],
        truth: &["sbp", "map", "dbp"],
        strip: Some(("Mean pressure", 1)),
    },
    VitalSignRow {
        name: "spo2",
        title: "Saturation",
        unit: "%",
        least_span: 8.0,
        shown: &[&["spo2"]],
        truth: &["sao2"],
        strip: Some(("Saturation", 0)),
    },
    VitalSignRow {
        name: "resp_rate",
        title: "Breathing",
        unit: "/min",
        least_span: 10.0,
        shown: &[&["resp_rate"]],
        truth: &["respiratory_rate"],
        strip: Some(("Breathing", 0)),
    },
    VitalSignRow {
        name: "etco2",
        title: "EtCO\u{2082}",
        unit: "mmHg",
        least_span: 10.0,
        shown: &[&["etco2"]],
        truth: &["etco2"],
        strip: Some(("End-tidal CO\u{2082}", 0)),
    },
    VitalSignRow {
        name: "temp",
        title: "Temperature",
        unit: "\u{b0}C",
        least_span: 1.0,
        shown: &[&["temp_core"], &["temp_body"]],
        truth: &["temperature"],
        strip: Some(("Temperature", 0)),
    },
    VitalSignRow {
        name: "cvp",
        title: "CVP",
        unit: "mmHg",
        least_span: 4.0,
        shown: &[&["cvp_mean"]],
        truth: &["cvp"],
        strip: None,
    },
    VitalSignRow {
        name: "pap",
        title: "PAP mean",
        unit: "mmHg",
        least_span: 8.0,
        shown: &[&["pap_mean"]],
        truth: &[],
        strip: None,
    },
    VitalSignRow {
        name: "glucose",
        title: "Glucose",
        unit: "mg/dL",
        least_span: 60.0,
        shown: &[&["glucose_isf"], &["glucose_cap"]],
        truth: &["plasma_glucose"],
        strip: Some(("Glucose", 0)),
    },
    VitalSignRow {
        name: "lactate",
        title: "Lactate",
        unit: "mmol/L",
        least_span: 1.0,
        shown: &[],
        truth: &["lactate"],
        strip: None,
    },
];

/// A vital sign that strips show: its place among [`VITAL_SIGNS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VitalSign(usize);

impl VitalSign {
    /// The sign of a column of the truth.
    pub fn of_truth(column: &str) -> Option<Self> {
        Self::find(|row, shown| row.truth.get(shown).is_some_and(|known| *known == column))
    }

    /// The sign that a metric says.
    pub fn of_metric(metric: MetricId) -> Option<Self> {
        let id = metric.metric().id;
        Self::find(|row, shown| row.shown.iter().any(|group| group.get(shown).is_some_and(|known| **known == *id)))
    }

    /// All that strips show, with title and unit.
    pub(crate) fn of_strips() -> impl Iterator<Item = (Self, &'static str, &'static str)> {
        let rows = VITAL_SIGNS.iter().enumerate();
        rows.filter_map(|(place, row)| row.strip.map(|(title, _)| (Self(place), title, row.unit)))
    }

    fn find(is_it: impl Fn(&VitalSignRow, usize) -> bool) -> Option<Self> {
        let of_strips = |row: &VitalSignRow| row.strip.is_some_and(|(_, shown)| is_it(row, shown));
        VITAL_SIGNS.iter().position(of_strips).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_shows_one_of_several_pressures() {
        let of_metric = |metric: &str| VitalSign::of_metric(MetricId::find(metric).expect("a metric"));
        let pressure = VitalSign::of_truth("map").expect("a sign of strips");
        assert_eq!((of_metric("abp_mean"), of_metric("nibp_mean")), (Some(pressure), Some(pressure)));
        assert_eq!((of_metric("abp_sys"), VitalSign::of_truth("sbp")), (None, None));
        assert_eq!((of_metric("cvp_mean"), VitalSign::of_truth("lactate")), (None, None));
        assert_eq!(of_metric("pr"), VitalSign::of_truth("heart_rate"));
    }

    #[test]
    fn every_metric_that_is_shown_exists() {
        for metric in VITAL_SIGNS.iter().flat_map(|row| row.shown).copied().flatten() {
            assert!(MetricId::find(metric).is_some(), "{metric}");
        }
        for row in VITAL_SIGNS {
            let lengths = row.shown.iter().map(|group| group.len()).chain([row.truth.len()]);
            let shown = row.strip.map(|(_, shown)| shown);
            assert!(lengths.into_iter().all(|length| shown.is_none_or(|shown| shown < length)), "{row:?}");
        }
    }
}
