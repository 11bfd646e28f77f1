//! Glucose alarms: at the limits by which people with diabetes are warned.
//!
//! Below 54 or 55 and below 70 mg/dL are the two levels of hypoglycaemia (Battelino et al., Diabetes Care
//! 2019;42:1593), the lower the fixed urgent alarm of monitors; above 250 is the second level of hyperglycaemia.
//! Priorities follow IEC 60601-1-8 (harm and how fast it comes).

use super::super::alarm::{AlarmEvent, Condition, HeldAlarms};
use crate::sensors::cgm::CgmReading;

const URGENT_LOW_MG_DL: f64 = 55.0;
const LOW_MG_DL: f64 = 70.0;
const HIGH_MG_DL: f64 = 250.0;
/// Minutes without a reading before the signal counts as lost.
const SIGNAL_LOSS_MIN: u32 = 20;

const CONDITIONS: [Condition; 4] =
    [("glucose_urgent_low", "high"), ("glucose_low", "medium"), ("glucose_high", "medium"), ("signal_loss", "low")];

/// Which alarms are on.
#[derive(Debug, Clone, Default)]
pub(super) struct GlucoseAlarms(HeldAlarms<{ CONDITIONS.len() }>);

impl GlucoseAlarms {
    /// Looks at a reading, and at how long there has been none [min]; tells which alarms begin or end.
    pub(super) fn look(&mut self, reading: CgmReading, silent_min: u32) -> Vec<AlarmEvent> {
        let beyond = |glucose_mg_dl: f64| {
            [glucose_mg_dl < URGENT_LOW_MG_DL, glucose_mg_dl < LOW_MG_DL, glucose_mg_dl > HIGH_MG_DL]
        };
        let [urgent_low, low, high] = match reading {
            CgmReading::Value(glucose) => beyond(f64::from(glucose)),
            CgmReading::Low => beyond(0.0),
            CgmReading::High => beyond(f64::INFINITY),
            // A gap tells nothing about glucose: what was on stays on.
            CgmReading::Missing => {
                let [urgent_low, low, high, _] = self.0.on();
                [urgent_low, low, high]
            }
            CgmReading::WarmUp | CgmReading::Ended => [false; 3],
        };
        let lost = reading == CgmReading::Missing && silent_min >= SIGNAL_LOSS_MIN;
        self.0.look(&CONDITIONS, [urgent_low, low, high, lost])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(alarms: &mut GlucoseAlarms, reading: CgmReading, silent_min: u32) -> Vec<(&'static str, &'static str)> {
        alarms.look(reading, silent_min).iter().map(|event| (event.condition, event.phase)).collect()
    }

    #[test]
    fn a_fall_passes_both_limits() {
        let mut alarms = GlucoseAlarms::default();
        assert!(look(&mut alarms, CgmReading::Value(70), 0).is_empty());
        assert_eq!(look(&mut alarms, CgmReading::Value(69), 0), [("glucose_low", "start")]);
        assert_eq!(look(&mut alarms, CgmReading::Low, 0), [("glucose_urgent_low", "start")]);
        assert_eq!(look(&mut alarms, CgmReading::Value(55), 0), [("glucose_urgent_low", "end")]);
        assert_eq!(look(&mut alarms, CgmReading::High, 0), [("glucose_low", "end"), ("glucose_high", "start")]);
        assert_eq!(look(&mut alarms, CgmReading::Value(250), 0), [("glucose_high", "end")]);
    }

    #[test]
    fn a_gap_keeps_what_is_on_and_becomes_a_loss() {
        let mut alarms = GlucoseAlarms::default();
        look(&mut alarms, CgmReading::Value(60), 0);
        assert!(look(&mut alarms, CgmReading::Missing, 10).is_empty());
        assert_eq!(look(&mut alarms, CgmReading::Missing, 20), [("signal_loss", "start")]);
        assert_eq!(look(&mut alarms, CgmReading::Value(60), 0), [("signal_loss", "end")]);
        assert_eq!(look(&mut alarms, CgmReading::Ended, 1), [("glucose_low", "end")]);
        assert!(look(&mut alarms, CgmReading::WarmUp, 90).is_empty());
    }
}
