//! What low glucose leaves of consciousness, now and after a time of it.
//!
//! Thinking fails at 49 mg/dL (Mitrakou et al., Am J Physiol 1991;260:E67), seizures and coma come below some 30 (Cryer, J Clin
//! Invest 2007;117:868). Severe lows of cohorts, in which somebody else must help, come to one to three a person and year
//! (Pedersen-Bjergaard and Thorsteinsson, Curr Diab Rep 2017;17:131, from memory): not every value below 40 is one, so help is
//! needed from 36 mg/dL on. Nobody wakes up at the same value at which the mind was lost, nor at once: reaction times are long for
//! 20 to 75 minutes after glucose is back (Zammitt et al., Diabetes 2008;57:732, from memory).

use physiology::scores::Consciousness;

/// Plasma glucose below which a person is confused, answers a voice only, pain only, and nothing [mg/dL].
const LIMITS_MG_DL: [f64; 4] = [49.0, 36.0, 31.0, 25.0];
/// A level is left again so far above its limit [mg/dL].
const LEFT_ABOVE_MG_DL: f64 = 10.0;

/// Below this glucose the brain starves [mg/dL]: so many minutes of it bring a coma that outlasts the low, and no more than so many
/// count. Insulin coma was deep after half an hour to an hour (Sakel's treatment, from memory).
const STARVING_MG_DL: f64 = 30.0;
const PAIN_AFTER_MIN: f64 = 15.0;
const COMA_AFTER_MIN: f64 = 40.0;
const MOST_MIN: f64 = 240.0;
/// How fast that is made good once there is glucose again, relative to how it came; only above the limit of confusion.
const RECOVERY: f64 = 0.5;

/// A brain that lives on glucose.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Neuroglycopenia {
    level: Consciousness,
    starved_min: f64,
}

impl Neuroglycopenia {
    /// Lives through a minute at a plasma glucose [mg/dL].
    pub(super) fn advance_minute(&mut self, glucose_mg_dl: f64) {
        let below = |margin_mg_dl: f64| {
            let passed = LIMITS_MG_DL.iter().filter(|&&limit| glucose_mg_dl < limit + margin_mg_dl).count();
            Consciousness::ALL[passed]
        };
        self.level = self.level.min(below(LEFT_ABOVE_MG_DL)).max(below(0.0));
        if glucose_mg_dl < STARVING_MG_DL {
            self.starved_min = (self.starved_min + 1.0).min(MOST_MIN);
        } else if glucose_mg_dl > LIMITS_MG_DL[0] {
            self.starved_min = (self.starved_min - RECOVERY).max(0.0);
        }
    }

    /// What is left of consciousness.
    pub(super) fn consciousness(&self) -> Consciousness {
        let starved = if self.starved_min > COMA_AFTER_MIN {
            Consciousness::Unresponsive
        } else if self.starved_min > PAIN_AFTER_MIN {
            Consciousness::Pain
        } else {
            Consciousness::Alert
        };
        self.level.max(starved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(course: &[(f64, u32)]) -> Consciousness {
        let mut brain = Neuroglycopenia::default();
        for &(glucose_mg_dl, minutes) in course {
            (0..minutes).for_each(|_| brain.advance_minute(glucose_mg_dl));
        }
        brain.consciousness()
    }

    #[test]
    fn the_lower_the_less_is_left() {
        let levels = [60.0, 45.0, 34.0, 28.0, 20.0].map(|glucose_mg_dl| after(&[(glucose_mg_dl, 1)]));
        assert_eq!(levels, Consciousness::ALL);
    }

    #[test]
    fn a_level_is_left_later_than_it_is_reached() {
        assert_eq!(after(&[(35.0, 1), (37.0, 30)]), Consciousness::Voice);
        assert_eq!(after(&[(35.0, 1), (47.0, 1)]), Consciousness::Confused);
        assert_eq!(after(&[(35.0, 1), (60.0, 1)]), Consciousness::Alert);
    }

    #[test]
    fn an_hour_below_thirty_is_a_coma_that_outlasts_it() {
        assert_eq!(after(&[(29.0, 60)]), Consciousness::Unresponsive);
        assert_eq!(after(&[(29.0, 60), (120.0, 30)]), Consciousness::Unresponsive);
        assert_eq!(after(&[(29.0, 60), (120.0, 120)]), Consciousness::Alert);
    }
}
