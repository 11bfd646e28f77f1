//! Urine: what the kidneys make of the pressure they get.

/// Output of a resting adult [mL/kg/h]; textbooks give 0.5 to 1.5 (oliguria is below 0.5: KDIGO, Kidney Int Suppl
/// 2012;2:19).
const RESTING_ML_KG_H: f64 = 0.9;
/// Mean arterial pressure at which filtration ends, and at which autoregulation holds it up [mmHg] (Guyton and Hall,
/// "Textbook of Medical Physiology").
const NO_FILTRATION_MMHG: f64 = 50.0;
const FULL_FILTRATION_MMHG: f64 = 80.0;
/// Relative rise per mmHg above it: pressure natriuresis.
const NATRIURESIS_PER_MMHG: f64 = 0.01;
/// Part that full sepsis takes besides the pressure (septic kidney injury).
const SEPTIC_LOSS: f64 = 0.5;
/// Relative amplitude of the daily rhythm; nights make about half of what days make.
const DAILY_SWING: f64 = 0.3;
/// Loss of blood volume at which output has halved, through antidiuretic hormone and sympathetic tone.
const HALVING_LOSS: f64 = 0.12;

/// What the kidneys meet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RenalState {
    /// Mean arterial pressure [mmHg].
    pub map_mmhg: f64,
    /// Blood volume relative to rest.
    pub volume_ratio: f64,
    /// Severity of sepsis, 0 to 1.
    pub sepsis: f64,
    /// Daily rhythm, -1 to 1 ([`super::circadian_swing`]).
    pub circadian: f64,
    /// Water that sugar takes along, which the hormones of thirst do not hold back [mL/kg/h].
    pub osmotic_ml_kg_h: f64,
}

/// Output [mL/kg/h], 0 to 8 besides what sugar takes along; without filtration there is none of either.
pub fn urine_output_ml_kg_h(state: &RenalState) -> f64 {
    let pressure = ((state.map_mmhg - NO_FILTRATION_MMHG) / (FULL_FILTRATION_MMHG - NO_FILTRATION_MMHG))
        .clamp(0.0, 1.0)
        * (1.0 + NATRIURESIS_PER_MMHG * (state.map_mmhg - FULL_FILTRATION_MMHG).max(0.0));
    let volume = libm::exp2((state.volume_ratio - 1.0) / HALVING_LOSS).min(4.0);
    let illness = 1.0 - SEPTIC_LOSS * state.sepsis;
    let own = (RESTING_ML_KG_H * pressure * volume * illness * (1.0 + DAILY_SWING * state.circadian)).clamp(0.0, 8.0);
    own + state.osmotic_ml_kg_h * pressure.min(1.0)
}

/// A urine bag: what has been made since it was emptied.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct UrineBag {
    collected_ml: f64,
}

impl UrineBag {
    /// Collects for some seconds at an output [mL/kg/h] of a patient of this weight [kg].
    pub fn collect(&mut self, output_ml_kg_h: f64, weight_kg: f64, seconds: f64) {
        self.collected_ml += output_ml_kg_h * weight_kg * seconds / 3_600.0;
    }

    /// Volume in the bag [mL].
    pub fn collected_ml(&self) -> f64 {
        self.collected_ml
    }

    /// Empties the bag and returns what it held [mL].
    pub fn empty(&mut self) -> f64 {
        std::mem::take(&mut self.collected_ml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: RenalState =
        RenalState { map_mmhg: 90.0, volume_ratio: 1.0, sepsis: 0.0, circadian: 0.0, osmotic_ml_kg_h: 0.0 };

    #[test]
    fn a_day_at_rest_is_about_a_litre_and_a_half() {
        let mut bag = UrineBag::default();
        for hour in 0..24 {
            let circadian = crate::circadian_swing(f64::from(hour));
            bag.collect(urine_output_ml_kg_h(&RenalState { circadian, ..REST }), 70.0, 3_600.0);
        }
        assert!((1_200.0..2_000.0).contains(&bag.collected_ml()), "{} mL", bag.collected_ml());
        assert!(bag.empty() > 1_200.0);
        assert_eq!(bag.collected_ml(), 0.0);
    }

    #[test]
    fn sugar_makes_urine_as_long_as_kidneys_filter() {
        let dry = RenalState { volume_ratio: 0.85, osmotic_ml_kg_h: 2.0, ..REST };
        assert!(urine_output_ml_kg_h(&dry) > 2.0);
        assert_eq!(urine_output_ml_kg_h(&RenalState { map_mmhg: 45.0, ..dry }), 0.0);
    }

    #[test]
    fn shock_and_sepsis_make_oliguria() {
        assert_eq!(urine_output_ml_kg_h(&RenalState { map_mmhg: 45.0, ..REST }), 0.0);
        assert!(urine_output_ml_kg_h(&RenalState { map_mmhg: 60.0, ..REST }) < 0.5);
        assert!(urine_output_ml_kg_h(&RenalState { volume_ratio: 0.8, ..REST }) < 0.5);
        assert!(urine_output_ml_kg_h(&RenalState { sepsis: 1.0, map_mmhg: 75.0, ..REST }) < 0.5);
        let normal = urine_output_ml_kg_h(&REST);
        assert!((0.5..1.5).contains(&normal), "{normal}");
    }
}
