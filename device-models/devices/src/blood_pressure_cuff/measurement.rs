//! One oscillometric measurement, from inflation to its result.

use sim_core::{Clock, GRID, Key, Purpose, SimTime, Span};

use physiology::Body;

/// Length of a measurement, drawn between these bounds [s].
const LENGTH_S: (f64, f64) = (25.0, 40.0);
/// Standard deviations of the part of the error that all pressures of a measurement share (the fit of the cuff) and of
/// each pressure's own [mmHg]: 3 together; ISO 81060-2 allows 8.
const SHARED_ERROR_MMHG: f64 = 2.4;
const OWN_ERROR_MMHG: f64 = 1.8;
/// Root mean square of the differences between successive intervals, relative to their mean, above which no envelope
/// is found; atrial fibrillation has 0.2 and more, a sinus rhythm below 0.1, also while it becomes faster or slower.
const IRREGULAR: f64 = 0.15;
/// Part of the measurement in which the arm may move.
const MOVED_PART: f64 = 0.2;
/// Fewest pulses that make an envelope.
const FEWEST_PULSES: u32 = 8;
/// Systolic, mean and diastolic pressure must lie this far apart to be told from one another [mmHg].
const APART_MMHG: f64 = 3.0;

const LENGTH: Purpose = Purpose::new("cuff.length");
const SHARED: Purpose = Purpose::new("cuff.shared");
const SYSTOLIC: Purpose = Purpose::new("cuff.systolic");
const DIASTOLIC: Purpose = Purpose::new("cuff.diastolic");
const MEAN: Purpose = Purpose::new("cuff.mean");

/// Counter of the first measurement on demand; those of the schedule count from 0.
const ON_DEMAND: u64 = 1 << 40;

/// What a cuff found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CuffPressure {
    pub(super) systolic_mmhg: f64,
    pub(super) diastolic_mmhg: f64,
    pub(super) mean_mmhg: f64,
    pub(super) pulse_rate_bpm: f64,
}

/// Why a cuff found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Motion,
    IrregularPulse,
    NoPulse,
}

/// How a measurement ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    Measured(CuffPressure),
    Failed(Failure),
}

impl Outcome {
    /// Its code in `device_status`.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Measured(_) => "operating",
            Self::Failed(Failure::Motion) => "motion",
            Self::Failed(Failure::IrregularPulse) => "irregular_pulse",
            Self::Failed(Failure::NoPulse) => "no_pulse",
        }
    }
}

/// A measurement under way, or the next one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measurement {
    counter: u64,
    begins: SimTime,
    ends: SimTime,
    steps: u32,
    moved_steps: u32,
    systolic_sum_mmhg: f64,
    diastolic_sum_mmhg: f64,
    mean_sum_mmhg: f64,
    intervals: u32,
    interval_sum_s: f64,
    last_interval_s: Option<f64>,
    difference_square_sum_s2: f64,
}

impl Measurement {
    /// Measurement number `index` of the schedule, that ends at an instant.
    pub(super) fn until(key: Key, ends: SimTime, index: u64) -> Self {
        Self::spanning(ends - length(key, index), ends, index)
    }

    /// Measurement number `index` on demand, that begins at an instant.
    pub(super) fn from(key: Key, begins: SimTime, index: u64) -> Self {
        let counter = ON_DEMAND + index;
        Self::spanning(begins, begins + length(key, counter), counter)
    }

    const fn spanning(begins: SimTime, ends: SimTime, counter: u64) -> Self {
        Self {
            counter,
            begins,
            ends,
            steps: 0,
            moved_steps: 0,
            systolic_sum_mmhg: 0.0,
            diastolic_sum_mmhg: 0.0,
            mean_sum_mmhg: 0.0,
            intervals: 0,
            interval_sum_s: 0.0,
            last_interval_s: None,
            difference_square_sum_s2: 0.0,
        }
    }

    /// Whether the cuff is inflated at an instant.
    pub(super) fn has_begun(&self, at: SimTime) -> bool {
        self.begins <= at
    }

    /// When the result is there.
    pub(super) fn ends(&self) -> SimTime {
        self.ends
    }

    /// Follows the artery for a grid step of the measurement, in which the arm moves or not.
    pub(super) fn follow(&mut self, body: &Body, moves: bool, clock: &Clock) {
        if !self.has_begun(clock.now) {
            return;
        }
        let vitals = body.core.vitals();
        self.steps += 1;
        self.moved_steps += u32::from(moves);
        self.systolic_sum_mmhg += vitals.sbp_mmhg;
        self.diastolic_sum_mmhg += vitals.dbp_mmhg;
        self.mean_sum_mmhg += vitals.map_mmhg;
        let beats = body.heart().beats();
        let first = beats.partition_point(|beat| beat.r_ns < clock.now.nanos());
        let pulses = beats[first..].iter().take_while(|beat| beat.r_ns < clock.end.nanos());
        for beat in pulses.filter(|beat| beat.has_pulse()) {
            let interval_s = beat.rr_ns as f64 / 1e9;
            self.intervals += 1;
            self.interval_sum_s += interval_s;
            let difference_s = interval_s - self.last_interval_s.replace(interval_s).unwrap_or(interval_s);
            self.difference_square_sum_s2 += difference_s * difference_s;
        }
    }

    /// What the measurement found, by a cuff of this key.
    pub(super) fn outcome(&self, cuff: Key) -> Outcome {
        let steps = f64::from(self.steps.max(1));
        if f64::from(self.moved_steps) > MOVED_PART * steps {
            return Outcome::Failed(Failure::Motion);
        }
        let measured_s = steps * GRID.seconds();
        let intervals = f64::from(self.intervals.max(1));
        if self.intervals < FEWEST_PULSES {
            return Outcome::Failed(Failure::NoPulse);
        }
        let interval_s = self.interval_sum_s / intervals;
        if (self.difference_square_sum_s2 / intervals).sqrt() > IRREGULAR * interval_s {
            return Outcome::Failed(Failure::IrregularPulse);
        }
        let shared_mmhg = SHARED_ERROR_MMHG * cuff.normal(SHARED, self.counter);
        let shown = |sum_mmhg: f64, purpose| {
            sum_mmhg / steps + shared_mmhg + OWN_ERROR_MMHG * cuff.normal(purpose, self.counter)
        };
        let pressure = CuffPressure {
            systolic_mmhg: shown(self.systolic_sum_mmhg, SYSTOLIC),
            diastolic_mmhg: shown(self.diastolic_sum_mmhg, DIASTOLIC),
            mean_mmhg: shown(self.mean_sum_mmhg, MEAN),
            pulse_rate_bpm: 60.0 * intervals / measured_s,
        };
        if pressure.systolic_mmhg - pressure.mean_mmhg < APART_MMHG
            || pressure.mean_mmhg - pressure.diastolic_mmhg < APART_MMHG
        {
            return Outcome::Failed(Failure::NoPulse);
        }
        Outcome::Measured(pressure)
    }
}

fn length(key: Key, counter: u64) -> Span {
    let (shortest_s, longest_s) = LENGTH_S;
    // Whole grid steps.
    let steps = (10.0 * (shortest_s + (longest_s - shortest_s) * key.uniform(LENGTH, counter))) as i64;
    Span::from_nanos(steps * GRID.nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use physiology::{Build, Rhythm, RhythmKind, Sex};

    const BUILD: Build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };

    fn clock(step: i64) -> Clock {
        let now = SimTime::from_nanos(step * GRID.nanos());
        Clock { now, end: now + GRID, start_epoch_ns: 0 }
    }

    /// Result of a measurement that begins a minute after the heart went over into a rhythm.
    fn measure(kind: RhythmKind, moves: bool) -> Outcome {
        let key = Key::new(1, "home/1/cuff");
        let mut body = Body::new(&BUILD, Key::new(1, "home/1"), &[], 8_000_000_000);
        body.set_rhythm(Rhythm::usual(kind));
        let mut measurement = Measurement::from(key, clock(600).now, 0);
        for step in 0.. {
            body.step();
            measurement.follow(&body, moves, &clock(step));
            if measurement.ends() <= clock(step).end {
                break;
            }
        }
        measurement.outcome(key)
    }

    #[test]
    fn a_regular_pulse_is_measured() {
        let outcome = measure(RhythmKind::Sinus, false);
        let Outcome::Measured(pressure) = outcome else { panic!("{outcome:?}") };
        let body = Body::new(&BUILD, Key::new(1, "home/1"), &[], 8_000_000_000);
        let vitals = body.core.vitals();
        assert!((pressure.systolic_mmhg - vitals.sbp_mmhg).abs() < 12.0);
        assert!((pressure.mean_mmhg - vitals.map_mmhg).abs() < 12.0);
        assert!((pressure.pulse_rate_bpm - vitals.heart_rate_bpm).abs() < 6.0);
    }

    #[test]
    fn fibrillation_arrest_and_a_moving_arm_are_not() {
        assert_eq!(measure(RhythmKind::Sinus, true), Outcome::Failed(Failure::Motion));
        assert_eq!(measure(RhythmKind::AtrialFibrillation, false), Outcome::Failed(Failure::IrregularPulse));
        assert_eq!(measure(RhythmKind::VentricularFibrillation, false), Outcome::Failed(Failure::NoPulse));
    }

    #[test]
    fn errors_have_the_stated_spread() {
        let mut measurement = Measurement::from(Key::new(1, "x"), SimTime::ZERO, 0);
        (measurement.steps, measurement.intervals, measurement.interval_sum_s) = (300, 30, 30.0);
        (measurement.systolic_sum_mmhg, measurement.mean_sum_mmhg) = (300.0 * 130.0, 300.0 * 100.0);
        measurement.diastolic_sum_mmhg = 300.0 * 70.0;
        let errors: Vec<f64> = (0..2_000)
            .filter_map(|seed| match measurement.outcome(Key::new(seed, "home/1/cuff")) {
                Outcome::Measured(pressure) => Some(pressure.systolic_mmhg - 130.0),
                Outcome::Failed(_) => None,
            })
            .collect();
        assert_eq!(errors.len(), 2_000);
        let deviation = (errors.iter().map(|e| e * e).sum::<f64>() / 2_000.0).sqrt();
        assert!((deviation - 3.0).abs() < 0.15, "{deviation}");
    }

    #[test]
    fn measurements_take_their_time() {
        for index in 0..200 {
            let span = length(Key::new(index, "home/1/cuff"), index);
            assert!((Span::from_secs(25)..=Span::from_secs(40)).contains(&span));
        }
    }
}
