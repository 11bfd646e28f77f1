//! What glucose and ketones do to the rest of the body: adrenaline in a low, acid and lost water without insulin.
//!
//! They add to the inputs of the core in each grid step, after causes, so that heart, vessels, breathing, skin and whatever
//! devices show follow. Consciousness is charted from glucose in `clinical_scores.rs`.

use super::Glycaemia;
use crate::causes::Causes;
use physiology::glucose::osmotic_loss_ml_kg_h;
use physiology::{Core, Inputs};

/// Arousal at the fullest response to a low, by which the heart beats some 10 /min faster: from 72 to 80 /min at 36 to 45 mg/dL
/// in type 1 diabetes ("Effects of sustained insulin-induced hypoglycemia on cardiovascular autonomic regulation in type 1
/// diabetes", Diabetes 2005, volume 54), with a larger stroke and less resistance (Hilsted et al., Diabetologia 1984;26:328).
const AROUSAL_OF_LOW: f64 = 0.09;

/// Water that thirst keeps up with [mL/kg/h], and the part of what sugar takes along beyond it which is not drunk again; whoever vomits, as with these ketones [mmol/L], drinks
/// nothing. A deficit of 100 mL/kg is usual when ketoacidosis is treated (Kitabchi et al., Diabetes Care 2009;32:1335).
const DRUNK_AGAIN_ML_KG_H: f64 = 0.15;
const THIRST_LEAVES: f64 = 0.3;
const VOMITING_MMOL_L: f64 = 3.0;

/// Arousal for each mmol/L of acid, and at most: the heart of a ketoacidosis beats at about 100 /min, from lost water and from the
/// hormones of stress alike (the size is set by that, and was not verified).
const AROUSAL_PER_ACID: f64 = 0.012;
const MOST_AROUSAL_OF_ACID: f64 = 0.15;

/// Acid below which breathing does not notice [mmol/L].
const NOTICED_ACID_MMOL_L: f64 = 0.3;

/// Glucose below which the brain convulses [mg/dL] (seizures come below some 30: Cryer, J Clin Invest 2007;117:868), for so long
/// [min] and again after so many; the effort of it is that of `physio.seizure`.
pub(super) const CONVULSING_MG_DL: f64 = 27.0;
const CONVULSING_MIN: i64 = 2;
const CONVULSING_EVERY_MIN: i64 = 30;
const CONVULSING_EFFORT: f64 = 0.10;

/// Lets glucose act on the body of somebody in whom it is far from what it should be.
pub(crate) fn act_on_body(glycaemia: &Glycaemia, causes: &mut Causes, core: &mut Core) {
    if is_felt(glycaemia) {
        causes.disturb();
        add_to_inputs(glycaemia, &mut core.inputs);
    }
}

fn is_felt(glycaemia: &Glycaemia) -> bool {
    glycaemia.adrenaline() != 0.0
        || glycaemia.ketones().acid_mmol_l() >= NOTICED_ACID_MMOL_L
        || osmotic_loss_ml_kg_h(glycaemia.metabolism().plasma_mg_dl()) != 0.0
}

/// Arousal by a low or by acid.
pub(super) fn arousal(glycaemia: &Glycaemia) -> f64 {
    let acid_mmol_l = glycaemia.ketones().acid_mmol_l();
    AROUSAL_OF_LOW * glycaemia.adrenaline() + (AROUSAL_PER_ACID * acid_mmol_l).min(MOST_AROUSAL_OF_ACID)
}

/// Adds what a person's glucose does to the inputs of a grid step.
fn add_to_inputs(glycaemia: &Glycaemia, inputs: &mut Inputs) {
    let lost_ml_kg_h = osmotic_loss_ml_kg_h(glycaemia.metabolism().plasma_mg_dl());
    inputs.arousal += arousal(glycaemia);
    inputs.ketoacids_mmol_l += glycaemia.ketones().acid_mmol_l();
    let vomits = glycaemia.ketones().blood_mmol_l() >= VOMITING_MMOL_L;
    let dries_ml_kg_h =
        if vomits { lost_ml_kg_h } else { THIRST_LEAVES * (lost_ml_kg_h - DRUNK_AGAIN_ML_KG_H).max(0.0) };
    inputs.fluid_l_s -= dries_ml_kg_h * glycaemia.weight_kg() / 3.6e6;
    inputs.osmotic_urine_ml_kg_h += lost_ml_kg_h;
    convulse(glycaemia, inputs);
}

/// Muscles of a brain without glucose cramp, as electrodes show.
fn convulse(glycaemia: &Glycaemia, inputs: &mut Inputs) {
    let minutes = glycaemia.convulsible_min;
    if minutes > 0 && (minutes - 1) % CONVULSING_EVERY_MIN < CONVULSING_MIN {
        inputs.convulsing = true;
        inputs.exercise += CONVULSING_EFFORT;
    }
}

#[cfg(test)]
mod tests {
    use sim_core::{Evidence, Key, LocalClock, OccurrenceId};

    use super::super::Minute;
    use super::*;
    use physiology::Parameters;
    use physiology::glucose::{MealPlan, Metabolism, Type1, Units, ph, reference_patients};

    /// A textbook adult with the glucose of a reference patient, who gets insulin only from `receive`.
    struct Whole {
        glycaemia: Glycaemia,
        core: Core,
        minute: i64,
    }

    impl Whole {
        fn new() -> Self {
            let (_, mut parameters) = reference_patients().into_iter().find(|(name, _)| name == "adult#001").unwrap();
            parameters.weight_kg = 70.0;
            let meals = MealPlan::fasting(Key::new(1, "home/1"));
            let metabolism = Metabolism::Type1(Box::new(Type1::new(parameters)));
            let mut glycaemia = Glycaemia::new(metabolism, 70.0, meals, 10.0, 0.0);
            glycaemia.attach_pump(0);
            Self { glycaemia, core: Core::new(Parameters::textbook()), minute: 0 }
        }

        /// Lives for some minutes with so much insulin [U/h] and fluid [L/h].
        fn live(&mut self, minutes: i64, insulin_u_h: f64, fluid_l_h: f64) {
            let mut evidence = Evidence::default();
            for _ in 0..minutes {
                let minute = Minute { index: self.minute }.by(&LocalClock::utc(0));
                self.glycaemia.begin_minute(&minute, None, &mut evidence);
                self.glycaemia.receive(Units(insulin_u_h / 60.0));
                for _ in 0..600 {
                    *self.core.inputs = Inputs { fluid_l_s: fluid_l_h / 3_600.0, ..Inputs::default() };
                    if is_felt(&self.glycaemia) {
                        add_to_inputs(&self.glycaemia, &mut self.core.inputs);
                    }
                    self.core.step();
                }
                self.minute += 1;
                self.glycaemia.end_minute(&minute, Some(0.0), 0.0, &mut evidence);
            }
        }

        fn ph(&self) -> f64 {
            ph(self.glycaemia.ketones().bicarbonate_mmol_l(), self.core.vitals().paco2_mmhg)
        }
    }

    /// The course of a day and a half without insulin, and of its treatment with 0.1 U/kg/h and saline.
    #[test]
    fn ketoacidosis_deepens_breathing_and_treatment_ends_it() {
        let mut whole = Whole::new();
        whole.live(36 * 60, 0.0, 0.0);
        let ill = *whole.core.vitals();
        let (ketones, acid) = (whole.glycaemia.ketones().blood_mmol_l(), whole.ph());
        assert!((5.0..12.0).contains(&ketones), "{ketones} mmol/L");
        assert!((7.05..7.33).contains(&acid), "pH {acid}");
        assert!(ill.paco2_mmhg < 33.0 && ill.respiratory_rate_bpm > 16.0, "{ill:?}");
        assert!(ill.minute_ventilation_l_min > 9.0 && ill.heart_rate_bpm > 80.0, "{ill:?}");
        whole.live(12 * 60, 7.0, 0.4);
        let treated = *whole.core.vitals();
        let left = whole.glycaemia.ketones().blood_mmol_l();
        assert!(left < ketones - 4.0, "{left} mmol/L after twelve hours");
        assert!(whole.ph() > acid + 0.05 && treated.paco2_mmhg > ill.paco2_mmhg + 4.0, "{treated:?}");
        assert!(treated.heart_rate_bpm < ill.heart_rate_bpm - 8.0, "{treated:?}");
    }

    #[test]
    fn a_low_of_an_hour_speeds_the_heart() {
        let mut whole = Whole::new();
        whole.live(60, 1.2, 0.0);
        let before = *whole.core.vitals();
        whole.glycaemia.begin_course(OccurrenceId(1), 35.0, 30.0, true);
        whole.live(100, 1.2, 0.0);
        let low = *whole.core.vitals();
        assert!((whole.glycaemia.metabolism().plasma_mg_dl() - 35.0).abs() < 3.0);
        let rise_bpm = low.heart_rate_bpm - before.heart_rate_bpm;
        assert!((5.0..20.0).contains(&rise_bpm), "{rise_bpm} /min");
        assert!(low.map_mmhg > before.map_mmhg + 1.0, "{low:?}");
    }
}
