//! Whether a person can do anything now: the one question before all that people do by themselves.
//!
//! Who eats, doses, sticks a finger, stands on a scale, blows, walks or refills a pump asks it; what is done *to* a patient does
//! not. Who answers a voice only, and less, does nothing: lows below 40 mg/dL, coma, anaesthesia and death end it alike.

use bevy_ecs::query::QueryData;

use crate::Physiology;
use crate::clinical_scores::{Lack, consciousness_now};
use crate::glycaemia::Glycaemia;
use crate::medication::Medication;
use physiology::Body;
use physiology::pharmacology::Drugs;
use physiology::scores::Consciousness;

/// The least consciousness in which people still look after themselves, if not well.
const LEAST: Consciousness = Consciousness::Confused;

/// Whether a person with these can act. Without a circulation only glucose decides. Who has been helpless comes to first.
pub fn can_act(body: Option<&Body>, drugs: Option<&Drugs>, glycaemia: Option<&Glycaemia>) -> bool {
    !glycaemia.is_some_and(Glycaemia::comes_to) && helpless_by(body, drugs, glycaemia).is_none()
}

/// What makes a person with these helpless now, by the name under which labels have it.
pub(crate) fn helpless_by(
    body: Option<&Body>,
    drugs: Option<&Drugs>,
    glycaemia: Option<&Glycaemia>,
) -> Option<&'static str> {
    let (consciousness, lack) = consciousness_now(body.map(|body| &body.core), drugs, glycaemia);
    (consciousness > LEAST).then(|| Lack::name(lack))
}

/// Components of a patient from which it is told.
#[derive(Debug, QueryData)]
pub struct Ability {
    physiology: Option<&'static Physiology>,
    medication: Option<&'static Medication>,
    glycaemia: Option<&'static Glycaemia>,
}

impl AbilityItem<'_, '_> {
    /// Whether the person can act now.
    pub fn can_act(&self) -> bool {
        let body = self.physiology.map(|Physiology(body)| body);
        can_act(body, self.medication.and_then(Medication::drugs), self.glycaemia)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use physiology::{Build, Rhythm, RhythmKind, Sex};
    use sim_core::Key;

    #[test]
    fn the_dead_do_nothing() {
        let build = Build { weight_kg: 70.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };
        let mut body = Body::new(&build, Key::new(1, "home/1"), &[], 8_000_000_000);
        assert!(can_act(Some(&body), None, None));
        body.set_rhythm(Rhythm::usual(RhythmKind::Asystole));
        (0..300).for_each(|_| body.step());
        assert!(!can_act(Some(&body), None, None));
        assert!(can_act(None, None, None));
    }
}
