//! Values that are off by a rule: bias, drift, another unit.

use std::collections::BTreeMap;

use sim_core::{Key, Purpose, Span};
use vocabulary::MetricId;

use super::effect::{Effect, Made, Moment};

const WALK: Purpose = Purpose::new("fault.walk");

const NANOS_PER_MINUTE: f64 = 60e9;
const NANOS_PER_HOUR: f64 = 3.6e12;

/// A value times a factor plus an offset: a badly calibrated sensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    pub(super) scale: f64,
    pub(super) add: f64,
}

impl Affine {
    fn of(self, value: f64) -> f64 {
        self.scale * value + self.add
    }
}

impl Effect for Affine {
    fn make(&mut self, _moment: &Moment, value: f64) -> Made {
        Made::Value(self.of(value))
    }
}

/// Values in another unit, of metrics that have the unit it replaces; others are left alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct OtherUnit {
    /// The unit replaced, as the metrics have it (UCUM).
    from: &'static str,
    change: Affine,
}

impl OtherUnit {
    pub(super) const WORDS: &'static [&'static str] = &["mmol/L", "kPa", "degF", "lb"];

    /// The unit with one of [`Self::WORDS`].
    pub(super) fn named(unit: &str) -> Self {
        let (from, scale, add) = match unit {
            // Molar mass of glucose: 180.16 g/mol.
            "mmol/L" => ("mg/dL", 1.0 / 18.016, 0.0),
            "kPa" => ("mm[Hg]", 0.133_322, 0.0),
            "degF" => ("Cel", 1.8, 32.0),
            _ => ("kg", 2.204_62, 0.0),
        };
        Self { from, change: Affine { scale, add } }
    }

    /// The unit of the metrics that it concerns (UCUM).
    pub(super) const fn replaced_unit(self) -> &'static str {
        self.from
    }
}

impl Effect for OtherUnit {
    fn make(&mut self, moment: &Moment, value: f64) -> Made {
        if moment.metric.metric().ucum == Some(self.from) {
            Made::OtherUnit(self.change.of(value))
        } else {
            Made::Value(value)
        }
    }
}

/// A bias that grows in proportion to time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LinearDrift {
    pub(super) per_hour: f64,
}

impl Effect for LinearDrift {
    fn make(&mut self, moment: &Moment, value: f64) -> Made {
        Made::Value(value + self.per_hour * moment.since.nanos() as f64 / NANOS_PER_HOUR)
    }
}

/// A bias that walks at random: its standard deviation after an hour is that of the fault, and grows with the root of
/// time. It moves in steps of a minute, linearly between them.
#[derive(Debug, Default)]
pub(super) struct RandomWalk {
    pub(super) per_hour: f64,
    /// Bias at the ends of the minutes so far, by metric.
    walked: BTreeMap<MetricId, Vec<f64>>,
}

impl RandomWalk {
    pub(super) fn new(per_hour: f64) -> Self {
        Self { per_hour, walked: BTreeMap::new() }
    }

    fn bias(&mut self, metric: MetricId, key: Key, since: Span) -> f64 {
        let minutes = since.nanos() as f64 / NANOS_PER_MINUTE;
        let whole = libm::floor(minutes) as usize;
        let walked = self.walked.entry(metric).or_insert_with(|| vec![0.0]);
        while walked.len() < whole + 2 {
            let last = walked[walked.len() - 1];
            walked.push(last + key.normal(WALK, walked.len() as u64) / libm::sqrt(60.0));
        }
        let part = minutes - whole as f64;
        self.per_hour * (walked[whole] + part * (walked[whole + 1] - walked[whole]))
    }
}

impl Effect for RandomWalk {
    fn make(&mut self, moment: &Moment, value: f64) -> Made {
        Made::Value(value + self.bias(moment.metric, moment.key, moment.since))
    }
}

#[cfg(test)]
mod tests {
    use sim_core::SimTime;

    use vocabulary::metrics;

    use super::*;

    #[test]
    fn units_are_those_of_the_tables() {
        let convert = |unit, metric, value| {
            let (key, at) = (Key::new(1, "x"), SimTime::ZERO);
            let moment = Moment { metric, key, at, index: 0, after: None, since: Span::ZERO };
            OtherUnit::named(unit).make(&moment, value)
        };
        let is = |made: Made, expected: f64| matches!(made, Made::OtherUnit(value) | Made::Value(value) if (value - expected).abs() < 0.005);
        assert!(is(convert("mmol/L", metrics::GLUCOSE_ISF, 99.09), 5.5));
        assert!(is(convert("kPa", metrics::NIBP_SYS, 120.0), 15.999));
        assert!(is(convert("degF", metrics::TEMP_BODY, 37.0), 98.6));
        assert!(is(convert("lb", metrics::WEIGHT, 80.0), 176.37));
        assert!(is(convert("degF", metrics::WEIGHT, 80.0), 80.0));
    }

    #[test]
    fn a_walk_spreads_with_the_root_of_time_and_has_no_steps() {
        let metric = metrics::SPO2;
        let after = |hours: i64| {
            let squares = (0..400).map(|seed| {
                let bias = RandomWalk::new(2.0).bias(metric, Key::new(seed, "x"), Span::from_secs(3_600 * hours));
                bias * bias
            });
            (squares.sum::<f64>() / 400.0).sqrt()
        };
        assert!((after(1) / 2.0 - 1.0).abs() < 0.12, "{}", after(1));
        assert!((after(4) / 4.0 - 1.0).abs() < 0.12, "{}", after(4));
        let mut walk = RandomWalk::new(2.0);
        let biases: Vec<f64> =
            (0..600).map(|second| walk.bias(metric, Key::new(1, "x"), Span::from_secs(second))).collect();
        assert!(biases.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.05));
    }
}
