//! Limit alarms of the monitor: a condition that lasts its delay raises an alarm, its end ends it.
//!
//! Limits and delays are the usual adult defaults of bedside monitors; priorities follow IEC 60601-1-8 (harm and how
//! fast it comes). A known loose electrode raises the technical alarm and silences the ones that need the ECG. A number
//! that is no longer there says nothing about what it was: an alarm that is on because of it stays on. An arterial line
//! without pulses shows the pressure of a flat line, which is low.

use sim_core::{SimTime, Span};

use super::super::alarm::{AlarmEvent, Condition};
use crate::sensors::averages::ShownPressure;

/// What the monitor shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numerics {
    pub(super) heart_rate_bpm: Option<f64>,
    pub(super) pulse_rate_bpm: Option<f64>,
    pub(super) spo2_percent: Option<f64>,
    pub(super) respiratory_rate_bpm: Option<f64>,
    pub(super) pressure: Option<ShownPressure>,
    pub(super) etco2_mmhg: Option<f64>,
    pub(super) temperature_c: f64,
}

struct Limit {
    condition: Condition,
    delay: Span,
    /// Whether it is violated; nothing where there is no number to tell by.
    is_violated: fn(&Numerics, bool) -> Option<bool>,
}

const fn limit(
    condition: &'static str,
    priority: &'static str,
    delay_s: i64,
    is_violated: fn(&Numerics, bool) -> Option<bool>,
) -> Limit {
    Limit { condition: (condition, priority), delay: Span::from_secs(delay_s), is_violated }
}

fn below(value: Option<f64>, bound: f64) -> Option<bool> {
    value.map(|value| value < bound)
}

fn above(value: Option<f64>, bound: f64) -> Option<bool> {
    value.map(|value| value > bound)
}

/// Whether what the electrocardiogram tells holds: not while an electrode is known to be off, nor without beats, of which
/// another alarm speaks.
fn counted(shown: &Numerics, lead_off: bool, holds: fn(f64) -> bool) -> Option<bool> {
    Some(!lead_off && shown.heart_rate_bpm.is_some_and(holds))
}

static LIMITS: [Limit; 10] = [
    limit("lead_off", "low", 0, |_, lead_off| Some(lead_off)),
    limit("asystole", "high", 4, |shown, lead_off| {
        Some(!lead_off && shown.heart_rate_bpm.is_none() && shown.pulse_rate_bpm.is_none())
    }),
    limit("hr_high", "medium", 5, |shown, off| counted(shown, off, |bpm| bpm > 120.0)),
    limit("hr_low", "medium", 5, |shown, off| counted(shown, off, |bpm| bpm < 50.0)),
    limit("spo2_low", "medium", 10, |shown, _| below(shown.spo2_percent, 90.0)),
    limit("desaturation", "high", 10, |shown, _| below(shown.spo2_percent, 85.0)),
    limit("resp_rate_high", "medium", 10, |shown, _| above(shown.respiratory_rate_bpm, 30.0)),
    limit("apnoea", "high", 0, |shown, _| below(shown.respiratory_rate_bpm, f64::MIN_POSITIVE)),
    limit("map_low", "medium", 5, |shown, _| Some(shown.pressure.is_none_or(|pressure| pressure.mean_mmhg < 60.0))),
    limit("map_high", "medium", 5, |shown, _| Some(shown.pressure.is_some_and(|pressure| pressure.mean_mmhg > 120.0))),
];

/// Which conditions hold and which alarms are on.
#[derive(Debug, Clone, Default)]
pub(super) struct Alarms {
    since: [Option<SimTime>; LIMITS.len()],
    on: [bool; LIMITS.len()],
}

impl Alarms {
    /// Looks at the numbers at an instant and tells which alarms begin or end.
    pub(super) fn look(&mut self, shown: &Numerics, lead_off: bool, now: SimTime) -> Vec<AlarmEvent> {
        let mut events = Vec::new();
        for (index, limit) in LIMITS.iter().enumerate() {
            if (limit.is_violated)(shown, lead_off).unwrap_or(self.on[index]) {
                let since = *self.since[index].get_or_insert(now);
                if !self.on[index] && now - since >= limit.delay {
                    self.on[index] = true;
                    events.push(AlarmEvent::start(limit.condition));
                }
            } else {
                self.since[index] = None;
                if std::mem::take(&mut self.on[index]) {
                    events.push(AlarmEvent::end(limit.condition));
                }
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Numerics = Numerics {
        heart_rate_bpm: Some(72.0),
        pulse_rate_bpm: Some(72.0),
        spo2_percent: Some(97.0),
        respiratory_rate_bpm: Some(14.0),
        pressure: Some(ShownPressure { systolic_mmhg: 118.0, diastolic_mmhg: 74.0, mean_mmhg: 89.0 }),
        etco2_mmhg: Some(37.0),
        temperature_c: 37.0,
    };

    fn conditions(events: &[AlarmEvent]) -> Vec<(&str, &str)> {
        events.iter().map(|event| (event.condition, event.phase)).collect()
    }

    #[test]
    fn a_condition_must_last_its_delay() {
        let mut alarms = Alarms::default();
        let at = |seconds| SimTime::ZERO + Span::from_secs(seconds);
        let fast = Numerics { heart_rate_bpm: Some(140.0), ..FINE };
        assert!(alarms.look(&fast, false, at(0)).is_empty());
        assert!(alarms.look(&fast, false, at(4)).is_empty());
        assert_eq!(conditions(&alarms.look(&fast, false, at(5))), [("hr_high", "start")]);
        assert!(alarms.look(&fast, false, at(6)).is_empty());
        assert_eq!(conditions(&alarms.look(&FINE, false, at(7))), [("hr_high", "end")]);
    }

    /// The pulse is lost at a minute: what was low stays low, and the flat line is.
    #[test]
    fn numbers_that_are_gone_end_no_alarm() {
        let mut alarms = Alarms::default();
        let at = |seconds| SimTime::ZERO + Span::from_secs(seconds);
        let blue = Numerics { spo2_percent: Some(80.0), ..FINE };
        alarms.look(&blue, false, at(0));
        assert_eq!(conditions(&alarms.look(&blue, false, at(10))), [("spo2_low", "start"), ("desaturation", "start")]);
        let pulseless = Numerics { spo2_percent: None, pulse_rate_bpm: None, pressure: None, ..FINE };
        assert!(alarms.look(&pulseless, false, at(60)).is_empty());
        assert_eq!(conditions(&alarms.look(&pulseless, false, at(65))), [("map_low", "start")]);
        assert!(alarms.look(&pulseless, false, at(600)).is_empty());
        let restored =
            conditions(&alarms.look(&FINE, false, at(660))).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(restored, ["spo2_low", "desaturation", "map_low"]);
    }

    #[test]
    fn a_known_loose_electrode_is_not_asystole() {
        let mut alarms = Alarms::default();
        let off = Numerics { heart_rate_bpm: None, pulse_rate_bpm: None, ..FINE };
        assert_eq!(conditions(&alarms.look(&off, true, SimTime::ZERO)), [("lead_off", "start")]);
        assert!(alarms.look(&off, true, SimTime::ZERO + Span::from_secs(60)).is_empty());
    }
}
