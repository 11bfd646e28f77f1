//! A metric: what a device can measure or say, with its IEEE 11073, LOINC, SNOMED and UCUM codes, range and resolution.

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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Short name used in scenarios and vendor JSON, such as `hr`: small letters, digits and `_`.
    pub id: &'static str,
    /// Name for people.
    pub display: &'static str,
    /// Number, waveform or code.
    pub kind: MetricKind,
    /// IEEE 11073-10101 code (32 bit, partition included).
    pub mdc_code: Option<u32>,
    /// IEEE 11073-10101 reference id.
    pub mdc_refid: Option<&'static str>,
    /// LOINC code.
    pub loinc: Option<&'static str>,
    /// SNOMED CT concept.
    pub snomed: Option<&'static str>,
    /// Unit as a UCUM expression.
    pub ucum: Option<&'static str>,
    /// IEEE 11073-10101 code of the unit (32 bit, partition included).
    pub mdc_unit_code: Option<u32>,
    /// IEEE 11073-10101 reference id of the unit.
    pub mdc_unit_refid: Option<&'static str>,
    /// Smallest difference a usual device reports, in the metric's unit.
    pub resolution: Option<f64>,
    /// Decimals that `resolution` needs (0 to 6).
    pub decimals: u8,
    /// Range a device can report, in the metric's unit.
    pub device_range: Option<(f64, f64)>,
    /// Range in which a living adult's values lie, in the metric's unit.
    pub plausible_range: Option<(f64, f64)>,
}

impl Metric {
    /// A metric without codes, unit, resolution and ranges.
    pub const fn new(id: &'static str, display: &'static str, kind: MetricKind) -> Self {
        Self {
            id,
            display,
            kind,
            mdc_code: None,
            mdc_refid: None,
            loinc: None,
            snomed: None,
            ucum: None,
            mdc_unit_code: None,
            mdc_unit_refid: None,
            resolution: None,
            decimals: decimals(None),
            device_range: None,
            plausible_range: None,
        }
    }

    /// With this unit, a UCUM expression.
    #[must_use]
    pub const fn unit(self, ucum: &'static str) -> Self {
        Self { ucum: Some(ucum), ..self }
    }

    /// With this resolution, in the metric's unit, and the decimals it needs.
    #[must_use]
    pub const fn resolution(self, resolution: f64) -> Self {
        Self { resolution: Some(resolution), decimals: decimals(Some(resolution)), ..self }
    }

    /// With the range that a device can report, in the metric's unit.
    #[must_use]
    pub const fn device_range(self, lowest: f64, highest: f64) -> Self {
        Self { device_range: Some((lowest, highest)), ..self }
    }
}

/// Decimals needed to write multiples of `resolution`: 1 for 0.1, 3 for 0.025. Metrics without one get 3.
pub(crate) const fn decimals(resolution: Option<f64>) -> u8 {
    let Some(resolution) = resolution else { return 3 };
    let mut scaled = resolution;
    let mut decimals = 0;
    while decimals < 6 {
        if (scaled - scaled.round()).abs() < 1e-9 {
            return decimals;
        }
        scaled *= 10.0;
        decimals += 1;
    }
    6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_follow_the_resolution() {
        assert_eq!(decimals(Some(10.0)), 0);
        assert_eq!(decimals(Some(0.1)), 1);
        assert_eq!(decimals(Some(0.025)), 3);
        assert_eq!(decimals(None), 3);
    }
}
