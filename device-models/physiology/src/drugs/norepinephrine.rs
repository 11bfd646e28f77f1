//! Norepinephrine: kinetics from patients, effect calibrated to what adults show.
//!
//! Kinetics: one compartment, V 8.84 L, CL 2 L/min, no influence of body weight (Beloeil, Mazoit, Benhamou and
//! Duranteau, "Norepinephrine kinetics and dynamics in septic shock and trauma patients", Br J Anaesth 2005;95:782).
//! Volunteers agree: 0.2 ug/kg/min raised their plasma concentration by 7.3 ug/L (Ensinger et al., Crit Care Med
//! 1992;20:1250), a clearance of 1.9 L/min.
//!
//! Effect: the dynamics fitted to those patients (`C50` 70 ug/L) predict next to nothing at usual doses. Adults
//! respond with a rise of at least 10 mmHg or a fall of 6 /min to 7.5 ug/min, about 0.1 ug/kg/min (Eich, Cuddy, Barry
//! and Smulyan, "Blood concentration of catecholamines and their hemodynamic effects in man"); thresholds lie near
//! 0.5 ug/L in arterial plasma (Chang et al., Clin Sci 1988;75:469). The constants below make the core raise its mean
//! pressure by 10 to 20 mmHg within five minutes of 0.1 ug/kg/min while the heart slows by a few beats, with a
//! ceiling in the region of 1 ug/kg/min.

use super::OneCompartment;
use crate::Inputs;

/// Beloeil 2005 [L, L/min].
const VOLUME_L: f64 = 8.84;
const CLEARANCE_L_MIN: f64 = 2.0;

/// Concentration of half the effect in a healthy adult [ug/L], and its multiple at full sepsis: septic vessels respond
/// less (Annane et al., Br J Clin Pharmacol 1998;46:589).
const HALF_EFFECT_UG_L: f64 = 1.7;
const SEPTIC_MULTIPLE: f64 = 5.0;

/// Greatest relative gain of systemic resistance before the reflexes answer.
const GREATEST_VASOCONSTRICTION: f64 = 1.58;

/// Most blood that constricting veins recruit in the reference adult [L].
const GREATEST_VENOCONSTRICTION_L: f64 = 0.16;

/// Greatest direct effect on the sinus node [/min]; the baroreflex more than outweighs it.
const GREATEST_CHRONOTROPY_BPM: f64 = 22.0;

/// Norepinephrine in one patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Norepinephrine {
    plasma: OneCompartment,
}

/// What a vasopressor adds to the inputs of the core.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PressorEffect {
    /// Relative gain of systemic resistance ([`Inputs::vasoconstriction`]).
    pub vasoconstriction: f64,
    /// Blood recruited from veins [L] ([`Inputs::venoconstriction_l`]).
    pub venoconstriction_l: f64,
    /// Direct effect on the sinus node [/min] ([`Inputs::chronotropy_bpm`]).
    pub chronotropy_bpm: f64,
}

impl PressorEffect {
    /// Lets the effect act on a core from its next step on.
    pub fn apply(&self, inputs: &mut Inputs) {
        inputs.vasoconstriction = self.vasoconstriction;
        inputs.venoconstriction_l = self.venoconstriction_l;
        inputs.chronotropy_bpm = self.chronotropy_bpm;
    }
}

impl Norepinephrine {
    /// None in the body.
    pub fn new() -> Self {
        Self { plasma: OneCompartment::new(VOLUME_L, CLEARANCE_L_MIN) }
    }

    /// Advances by `seconds` [s] during which `dose_ug` [ug] arrive.
    pub fn advance(&mut self, dose_ug: f64, seconds: f64) {
        self.plasma.advance(dose_ug, seconds);
    }

    /// Plasma concentration above the patient's own [ug/L].
    pub fn concentration_ug_l(&self) -> f64 {
        self.plasma.concentration_ug_l()
    }

    /// Effect on a patient with this severity of sepsis (0 to 1).
    pub fn effect(&self, sepsis: f64) -> PressorEffect {
        let half_ug_l = HALF_EFFECT_UG_L * (1.0 + (SEPTIC_MULTIPLE - 1.0) * sepsis);
        let concentration = self.concentration_ug_l();
        let occupancy = concentration / (concentration + half_ug_l);
        PressorEffect {
            vasoconstriction: GREATEST_VASOCONSTRICTION * occupancy,
            venoconstriction_l: GREATEST_VENOCONSTRICTION_L * occupancy,
            chronotropy_bpm: GREATEST_CHRONOTROPY_BPM * occupancy,
        }
    }
}

impl Default for Norepinephrine {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::*;
    use crate::{Build, Core, Parameters, Sex, Vitals};

    /// Vitals after an infusion of `ug_kg_min` for `seconds`.
    fn infuse(parameters: Parameters, ug_kg_min: f64, seconds: u32) -> Vitals {
        let mut core = Core::new(parameters);
        let mut drug = Norepinephrine::new();
        for _ in 0..seconds {
            drug.advance(ug_kg_min * parameters.weight_kg / 60.0, 1.0);
            drug.effect(core.state().sepsis).apply(&mut core.inputs);
            for _ in 0..10 {
                core.step();
            }
        }
        *core.vitals()
    }

    #[test]
    fn a_tenth_of_a_microgram_raises_the_pressure_within_five_minutes() {
        let vitals = infuse(Parameters::textbook(), 0.1, 300);
        assert!((100.0..110.0).contains(&vitals.map_mmhg), "{vitals:?}");
        assert!((58.0..68.0).contains(&vitals.heart_rate_bpm), "{vitals:?}");
        let later = infuse(Parameters::textbook(), 0.1, 1_800);
        assert!((100.0..112.0).contains(&later.map_mmhg), "{later:?}");
    }

    #[test]
    fn more_drug_is_more_pressure() {
        let mut previous_mmhg = 90.0;
        for ug_kg_min in [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0] {
            let map_mmhg = infuse(Parameters::textbook(), ug_kg_min, 900).map_mmhg;
            assert!(map_mmhg > previous_mmhg + 0.5, "{ug_kg_min} ug/kg/min: {map_mmhg} mmHg");
            previous_mmhg = map_mmhg;
        }
        assert!(previous_mmhg < 150.0, "{previous_mmhg} mmHg");
    }

    #[test]
    fn adults_of_all_kinds_respond() {
        for seed in 0..40_u32 {
            let share = f64::from(seed) / 40.0;
            let build = Build {
                weight_kg: 50.0 + 50.0 * share,
                height_cm: 155.0 + 35.0 * share,
                age_years: 25.0 + 55.0 * (1.0 - share),
                sex: if seed % 2 == 0 { Sex::Female } else { Sex::Male },
            };
            let parameters = Parameters::adult(&build, Key::new(u64::from(seed), "icu/1"));
            let rise_mmhg = infuse(parameters, 0.1, 300).map_mmhg - parameters.map_mmhg;
            assert!((8.0..22.0).contains(&rise_mmhg), "seed {seed}: {rise_mmhg} mmHg");
        }
    }

    #[test]
    fn septic_vessels_respond_less() {
        let mut drug = Norepinephrine::new();
        drug.advance(30.0, 0.0);
        assert!(drug.effect(1.0).vasoconstriction < 0.6 * drug.effect(0.0).vasoconstriction);
    }

    #[test]
    fn the_pressure_comes_back_when_the_pump_stops() {
        let mut core = Core::new(Parameters::textbook());
        let mut drug = Norepinephrine::new();
        for second in 0..1_500 {
            let dose_ug = if second < 600 { 7.0 / 60.0 } else { 0.0 };
            drug.advance(dose_ug, 1.0);
            drug.effect(0.0).apply(&mut core.inputs);
            for _ in 0..10 {
                core.step();
            }
        }
        assert!((core.vitals().map_mmhg - 90.0).abs() < 3.0, "{:?}", core.vitals());
    }
}
