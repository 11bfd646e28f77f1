//! Alarms of an insulin pump: no insulin is urgent, little insulin is not.
//!
//! Priorities follow IEC 60601-1-8 (harm and how fast it comes): without insulin ketosis sets in within hours.

use super::super::alarm::{AlarmEvent, Condition, HeldAlarms};

const CONDITIONS: [Condition; 3] = [("occlusion", "high"), ("reservoir_empty", "high"), ("reservoir_low", "low")];

/// Which alarms are on.
#[derive(Debug, Clone, Default)]
pub(super) struct PumpAlarms(HeldAlarms<{ CONDITIONS.len() }>);

impl PumpAlarms {
    /// Looks at the conditions and tells which alarms begin or end. An empty reservoir is no longer a low one.
    pub(super) fn look(&mut self, occluded: bool, empty: bool, low: bool) -> Vec<AlarmEvent> {
        self.0.look(&CONDITIONS, [occluded, empty, low && !empty])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_gives_way_to_empty() {
        let mut alarms = PumpAlarms::default();
        let told =
            |events: Vec<AlarmEvent>| -> Vec<_> { events.iter().map(|event| (event.condition, event.phase)).collect() };
        assert!(alarms.look(false, false, false).is_empty());
        assert_eq!(told(alarms.look(false, false, true)), [("reservoir_low", "start")]);
        assert!(alarms.look(false, false, true).is_empty());
        assert_eq!(told(alarms.look(false, true, true)), [("reservoir_empty", "start"), ("reservoir_low", "end")]);
        assert_eq!(told(alarms.look(true, false, false)), [("occlusion", "start"), ("reservoir_empty", "end")]);
    }
}
