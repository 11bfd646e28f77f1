//! Units of SenML for those of the metric table.

use vocabulary::Metric;

/// A unit of SenML and what a value is multiplied by to have it, as a fraction, so that `97 %` is exactly `0.97`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    /// Symbol; `None` where SenML has no such unit, and the value stays in that of the metric.
    pub(super) symbol: Option<&'static str>,
    pub(super) numerator: f64,
    pub(super) denominator: f64,
}

impl Unit {
    const fn of(symbol: &'static str, numerator: f64, denominator: f64) -> Self {
        Self { symbol: Some(symbol), numerator, denominator }
    }
}

/// Breaths and strokes are events; only hearts beat (RFC 8428, section 12.1).
const BEATS: [&str; 3] = ["hr", "pr", "pr_nibp"];

/// The unit in which the values of a metric are written.
///
/// Sources: RFC 8428 section 12.1 and RFC 8798 for the symbols; 1 mmHg is 133.322 Pa and 1 cmH2O 98.0665 Pa (NIST SP 811,
/// appendix B.8).
pub(super) fn unit_of(metric: &Metric) -> Unit {
    match metric.ucum.unwrap_or_default() {
        "/min" if BEATS.contains(&metric.id) => Unit::of("beat/min", 1.0, 1.0),
        "/min" => Unit::of("1/min", 1.0, 1.0),
        "%" => Unit::of("/", 1.0, 100.0),
        "1" => Unit::of("/", 1.0, 1.0),
        "mm[Hg]" => Unit::of("Pa", 133_322.0, 1_000.0),
        "cm[H2O]" => Unit::of("Pa", 980_665.0, 10_000.0),
        "Cel" => Unit::of("Cel", 1.0, 1.0),
        "mg/dL" => Unit::of("kg/m3", 1.0, 100.0),
        "mg/mL" => Unit::of("kg/m3", 1.0, 1.0),
        "s" => Unit::of("s", 1.0, 1.0),
        "ms" => Unit::of("s", 1.0, 1_000.0),
        "h" => Unit::of("s", 3_600.0, 1.0),
        "V" => Unit::of("V", 1.0, 1.0),
        "mV" => Unit::of("V", 1.0, 1_000.0),
        "Ohm" => Unit::of("Ohm", 1.0, 1.0),
        "uS" => Unit::of("S", 1.0, 1_000_000.0),
        "L" => Unit::of("m3", 1.0, 1_000.0),
        "mL" => Unit::of("m3", 1.0, 1_000_000.0),
        "L/min" => Unit::of("m3/s", 1.0, 60_000.0),
        "mL/h" => Unit::of("m3/s", 1.0, 3_600_000_000.0),
        "m" => Unit::of("m", 1.0, 1.0),
        "cm" => Unit::of("m", 1.0, 100.0),
        "m/s2" => Unit::of("m/s2", 1.0, 1.0),
        "kg" => Unit::of("kg", 1.0, 1.0),
        "kcal" => Unit::of("J", 4_184.0, 1.0),
        "{steps}" => Unit::of("count", 1.0, 1.0),
        "dB[mW]" => Unit::of("dBm", 1.0, 1.0),
        _ => Unit { symbol: None, numerator: 1.0, denominator: 1.0 },
    }
}
