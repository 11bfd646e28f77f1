//! What the drugs of a patient do to the core.
//!
//! Respiratory depression is one number in the core ([`Inputs::opioid`]): 1 lets tidal carbon dioxide rise to 60 mmHg.
//! Each opioid has an effect between 0 and 1; opioids compete for the same receptors, so their concentrations add in
//! units of their half-effect, and naloxone divides the sum. Hypnotics deepen what opioids leave.

use crate::Inputs;
use crate::elementary::hill;

/// Effect-site concentration that halves the drive to breathe [ug/L], for each opioid.
///
/// Remifentanil: Olofsen et al., Anesthesiology 2010;112:1382. In the core, 2 ug/L then halve the respiratory rate.
const REMIFENTANIL_HALF_UG_L: f64 = 1.6;
/// Fentanyl: 5.1 ug/L lower the rate by 41 % (Mildh, Scheinin and Kirvela, Anesth Analg 2001;93:939).
const FENTANYL_HALF_UG_L: f64 = 5.0;
/// Morphine: so that 10 mg, at their peak, lower resting ventilation by a tenth to a quarter.
const MORPHINE_HALF_UG_L: f64 = 36.0;
/// Steepness of the effect of opioids: with the half-effect above, 1 ug/L of remifentanil has a quarter to a third of
/// the greatest effect (resting ventilation -27.7 %, Nieuwenhuijs et al., Anesthesiology 2003;98:312).
const OPIOID_STEEPNESS: f64 = 1.64;

/// Effect-site concentration of naloxone that doubles the opioid needed [ug/L]: 0.5 ug/L is the least that still
/// antagonises 1.3 ug/L of remifentanil (Skulberg et al., Eur J Clin Pharmacol 2018, doi 10.1007/s00228-018-2545-y).
const NALOXONE_DOUBLING_UG_L: f64 = 0.5;

/// Propofol on breathing [mg/L]: 1 mg/L lowers resting ventilation by 12.6 % (Nieuwenhuijs 2003); doses of induction
/// stop it.
const PROPOFOL_BREATHING_HALF_MG_L: f64 = 1.8;
/// Propofol on heart and vessels [mg/L]: half-effect and steepness of the `BioGears` substance file; strengths so that
/// 3 to 4 mg/L lower the mean pressure of an adult by a fifth to a third (Claeys, Gepts and Camu, Br J Anaesth
/// 1988;60:3: resistance -30 %, output unchanged).
const PROPOFOL_VESSEL_HALF_MG_L: f64 = 1.5;
const PROPOFOL_STEEPNESS: f64 = 2.0;
const PROPOFOL_VASODILATION: f64 = 0.28;
const PROPOFOL_HEART: f64 = 0.12;
const PROPOFOL_BAROREFLEX: f64 = 0.5;

/// Midazolam on breathing: greatest effect, and the concentration of its half in the young and the old [ug/L] (`BioGears`
/// substance file; the old need half as much, Albrecht et al., Clin Pharmacol Ther 1999;65:630).
const MIDAZOLAM_GREATEST: f64 = 0.4;
const MIDAZOLAM_HALF_UG_L: f64 = 300.0;
const OLD_AGE_YEARS: f64 = 65.0;

/// Epinephrine, calibrated to Stratton et al., J Appl Physiol 1985;58:1199: 25, 50 and 100 ng/kg/min raise the heart
/// rate by 8, 12 and 17 /min, lower resistance by 31, 42 and 48 % and raise the stroke volume by 26, 31 and 40 %.
/// Beta effects saturate near 1 ug/L; constriction takes over above 5 ug/L.
const EPINEPHRINE_BETA_HALF_UG_L: f64 = 0.35;
const EPINEPHRINE_VASODILATION: f64 = 0.62;
const EPINEPHRINE_CONTRACTILITY: f64 = 0.90;
const EPINEPHRINE_CHRONOTROPY_BPM: f64 = 22.0;
/// What a bolus adds against the baroreflex: greatest rise, and the concentration of its half; 1 mg into a vein makes a beating
/// heart race (the size is a clinical impression, not a fit).
const EPINEPHRINE_RACING_BPM: f64 = 90.0;
const EPINEPHRINE_RACING_HALF_UG_L: f64 = 25.0;
const EPINEPHRINE_VENOCONSTRICTION_L: f64 = 0.30;
const EPINEPHRINE_ALPHA_HALF_UG_L: f64 = 8.0;
const EPINEPHRINE_ALPHA_STEEPNESS: f64 = 2.0;
const EPINEPHRINE_VASOCONSTRICTION: f64 = 3.5;

/// Propofol at which half no longer answer a voice [mg/L] (Glass et al., Anesthesiology 1997;86:836), and midazolam at
/// which the electroencephalogram of the young and of the old has slowed half-way [ug/L] (Albrecht 1999).
const PROPOFOL_SLEEP_MG_L: f64 = 2.35;
const MIDAZOLAM_SLEEP_UG_L: [f64; 2] = [522.0, 223.0];
/// How much an opioid, in units of its half-effect on breathing, deepens a hypnotic (Bouillon et al., Anesthesiology
/// 2004;100:1353).
const OPIOID_DEEPENING: f64 = 0.3;
/// Opioid, in the same units, at which alone half no longer answer a voice. Overdose is respiratory depression with stupor or
/// coma (Boyer, N Engl J Med 2012;367:146); set so that 20 mg of morphine make drowsy and 10 mg do not.
const OPIOID_SLEEP_UNITS: f64 = 1.3;
/// Steepness of the passage into sleep.
const WAKEFULNESS_STEEPNESS: f64 = 4.0;

/// Effect-site concentrations in one patient.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[expect(clippy::struct_field_names, reason = "the fields carry their units")]
pub(super) struct Concentrations {
    pub(super) propofol_mg_l: f64,
    pub(super) remifentanil_ug_l: f64,
    pub(super) fentanyl_ug_l: f64,
    pub(super) morphine_ug_l: f64,
    pub(super) midazolam_ug_l: f64,
    pub(super) naloxone_ug_l: f64,
    pub(super) epinephrine_ug_l: f64,
}

/// What drugs add to the inputs of the core.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DrugEffect {
    /// Respiratory depression, 0 to 2 ([`Inputs::opioid`]).
    pub respiratory_depression: f64,
    /// Depth of the anaesthesia, 0 to 1 ([`Inputs::anaesthesia`]).
    pub anaesthesia: f64,
    /// Relative gain of systemic resistance, negative for dilation ([`Inputs::vasoconstriction`]).
    pub vasoconstriction: f64,
    /// Blood recruited from veins [L] ([`Inputs::venoconstriction_l`]).
    pub venoconstriction_l: f64,
    /// Direct effect on the sinus node [/min] ([`Inputs::chronotropy_bpm`]).
    pub chronotropy_bpm: f64,
    /// Relative gain of the ventricle's strength ([`Inputs::contractility`]).
    pub contractility: f64,
    /// Part of the baroreflex that is lost, 0 to 1 ([`Inputs::baroreflex_loss`]).
    pub baroreflex_loss: f64,
}

impl DrugEffect {
    /// Adds the effect to what already acts on a core; gains multiply. Respiratory depression stays within 0 to 2.
    pub fn add_to(&self, inputs: &mut Inputs) {
        inputs.opioid = (inputs.opioid + self.respiratory_depression).min(2.0);
        inputs.anaesthesia = 1.0 - (1.0 - inputs.anaesthesia) * (1.0 - self.anaesthesia);
        inputs.vasoconstriction = (1.0 + inputs.vasoconstriction) * (1.0 + self.vasoconstriction) - 1.0;
        inputs.venoconstriction_l += self.venoconstriction_l;
        inputs.chronotropy_bpm += self.chronotropy_bpm;
        inputs.contractility = (1.0 + inputs.contractility) * (1.0 + self.contractility) - 1.0;
        inputs.baroreflex_loss = 1.0 - (1.0 - inputs.baroreflex_loss) * (1.0 - self.baroreflex_loss);
    }
}

impl Concentrations {
    /// Opioid in units of half-effect, after naloxone's competition.
    fn opioid_units(&self) -> f64 {
        let agonists = self.remifentanil_ug_l / REMIFENTANIL_HALF_UG_L
            + self.fentanyl_ug_l / FENTANYL_HALF_UG_L
            + self.morphine_ug_l / MORPHINE_HALF_UG_L;
        agonists / (1.0 + self.naloxone_ug_l / NALOXONE_DOUBLING_UG_L)
    }

    /// Hypnotics in units of what lets half of the patients of this age [years] no longer answer a voice, as opioids deepen them.
    /// What an opioid alone does to breathing is in its own effect.
    fn hypnosis(&self, age_years: f64) -> f64 {
        let [young_ug_l, old_ug_l] = MIDAZOLAM_SLEEP_UG_L;
        let midazolam_sleep_ug_l = if age_years < OLD_AGE_YEARS { young_ug_l } else { old_ug_l };
        let hypnotics = self.propofol_mg_l / PROPOFOL_SLEEP_MG_L + self.midazolam_ug_l / midazolam_sleep_ug_l;
        hypnotics * (1.0 + OPIOID_DEEPENING * self.opioid_units())
    }

    /// Effect on a patient of this age [years].
    pub(super) fn effect(&self, age_years: f64) -> DrugEffect {
        let opioid = hill(self.opioid_units(), 1.0, OPIOID_STEEPNESS);
        let hypnotic = hill(self.propofol_mg_l, PROPOFOL_BREATHING_HALF_MG_L, PROPOFOL_STEEPNESS);
        let half_ug_l = if age_years < OLD_AGE_YEARS { MIDAZOLAM_HALF_UG_L } else { 0.5 * MIDAZOLAM_HALF_UG_L };
        let sedative = MIDAZOLAM_GREATEST * hill(self.midazolam_ug_l, half_ug_l, 1.0);
        let propofol = hill(self.propofol_mg_l, PROPOFOL_VESSEL_HALF_MG_L, PROPOFOL_STEEPNESS);
        let beta = hill(self.epinephrine_ug_l, EPINEPHRINE_BETA_HALF_UG_L, 1.0);
        let alpha = hill(self.epinephrine_ug_l, EPINEPHRINE_ALPHA_HALF_UG_L, EPINEPHRINE_ALPHA_STEEPNESS);
        DrugEffect {
            respiratory_depression: 2.0 * (1.0 - (1.0 - opioid) * (1.0 - hypnotic) * (1.0 - sedative)),
            anaesthesia: hill(self.hypnosis(age_years), 1.0, WAKEFULNESS_STEEPNESS),
            vasoconstriction: (1.0 - PROPOFOL_VASODILATION * propofol)
                * (1.0 - EPINEPHRINE_VASODILATION * beta)
                * (1.0 + EPINEPHRINE_VASOCONSTRICTION * alpha)
                - 1.0,
            venoconstriction_l: EPINEPHRINE_VENOCONSTRICTION_L * beta,
            chronotropy_bpm: EPINEPHRINE_CHRONOTROPY_BPM * beta
                + EPINEPHRINE_RACING_BPM
                    * hill(self.epinephrine_ug_l, EPINEPHRINE_RACING_HALF_UG_L, EPINEPHRINE_ALPHA_STEEPNESS),
            contractility: (1.0 - PROPOFOL_HEART * propofol) * (1.0 + EPINEPHRINE_CONTRACTILITY * beta) - 1.0,
            baroreflex_loss: PROPOFOL_BAROREFLEX * propofol,
        }
    }
}

/// Probability that a patient answers to a voice, 1 to 0.
pub(super) fn wakefulness(concentrations: &Concentrations, age_years: f64) -> f64 {
    let depth = concentrations.hypnosis(age_years) + concentrations.opioid_units() / OPIOID_SLEEP_UNITS;
    1.0 - hill(depth, 1.0, WAKEFULNESS_STEEPNESS)
}
