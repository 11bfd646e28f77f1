//! What acts on a patient from outside: causes, never vital signs.

use std::ops::{Deref, DerefMut};

use super::breath_pattern::PatternAct;

/// How the patient breathes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Ventilation {
    /// By the patient's own drive.
    #[default]
    Spontaneous,
    /// Not at all.
    Apnoea,
    /// By a ventilator in a mandatory mode.
    Ventilator {
        /// Breaths [/min].
        rate_bpm: f64,
        /// Tidal volume [L].
        tidal_volume_l: f64,
    },
}

/// Causes that act on the cardio-respiratory core. All zero (air to breathe, full ejection) is rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inputs {
    /// Blood loss [L/s].
    pub bleed_l_s: f64,
    /// Crystalloid infusion [L/s]; 30 % stays in the vessels.
    pub fluid_l_s: f64,
    /// Blood transfusion [L/s]; all of it stays in the vessels.
    pub blood_l_s: f64,
    /// Inspired oxygen fraction, 0.05 to 1.
    pub fio2: f64,
    /// Respiratory depression by opioids and hypnotics, 0 to 2 (1: tidal carbon dioxide near 60 mmHg).
    pub opioid: f64,
    /// Depth of an anaesthesia, 0 awake to 1: less metabolism, and chemoreceptors that no longer answer.
    pub anaesthesia: f64,
    /// Severity towards which a sepsis develops, 0 to 1.
    pub sepsis: f64,
    /// Effort, 0 to 1 of twelve times the resting oxygen uptake.
    pub exercise: f64,
    /// Orthostatic shift, 0 lying, 0.5 sitting, 1 standing.
    pub tilt: f64,
    /// Depth of sleep, 0 awake to 1 asleep.
    pub sleep: f64,
    /// Arousal by pain or fear, 0 to 1 of what full effort does to heart and vessels, without its oxygen uptake.
    pub arousal: f64,
    /// Acid of ketones in the blood [mmol/L], which breathing compensates as that of lactate.
    pub ketoacids_mmol_l: f64,
    /// Urine that sugar in it makes [mL/kg/h].
    pub osmotic_urine_ml_kg_h: f64,
    /// Raise of the temperature set point [Cel].
    pub fever_c: f64,
    /// Daily rhythm, -1 to 1 (see [`circadian_swing`]); 0 switches it off.
    pub circadian: f64,
    /// Constriction of arterioles by drugs: relative gain of systemic resistance.
    pub vasoconstriction: f64,
    /// Constriction of veins by drugs: blood that it recruits in the reference adult [L].
    pub venoconstriction_l: f64,
    /// Direct effect of drugs on the sinus node [/min].
    pub chronotropy_bpm: f64,
    /// Direct effect of drugs on the strength of the ventricle: relative gain, negative for a loss.
    pub contractility: f64,
    /// Part of the baroreflex that drugs take away, 0 to 1.
    pub baroreflex_loss: f64,
    /// Additional shunted fraction of cardiac output, 0 to 0.6.
    pub shunt: f64,
    /// Whether the muscles convulse.
    pub convulsing: bool,
    /// How the patient breathes.
    pub ventilation: Ventilation,
    /// What an abnormal pattern makes of the patient's own breathing.
    pub breath_pattern: PatternAct,
    /// Ectopic drive of the sinus rate, for a tachycardia or bradycardia of the heart's own [/min].
    pub heart_rate_drive_bpm: f64,
    /// Rate of the ventricles when their rhythm, not the sinus node, sets it [/min]; 0 when they do not beat.
    pub ventricular_rate_bpm: Option<f64>,
    /// What a beat ejects relative to a co-ordinated one at the same rate and filling, 0 to 1.
    pub ejection: f64,
}

impl Default for Inputs {
    fn default() -> Self {
        Self::REST
    }
}

impl Inputs {
    /// Those of a patient at rest on whom nothing acts.
    pub const REST: Self = Self {
        bleed_l_s: 0.0,
        fluid_l_s: 0.0,
        blood_l_s: 0.0,
        fio2: ROOM_AIR,
        opioid: 0.0,
        anaesthesia: 0.0,
        sepsis: 0.0,
        exercise: 0.0,
        arousal: 0.0,
        tilt: 0.0,
        sleep: 0.0,
        ketoacids_mmol_l: 0.0,
        osmotic_urine_ml_kg_h: 0.0,
        fever_c: 0.0,
        circadian: 0.0,
        vasoconstriction: 0.0,
        venoconstriction_l: 0.0,
        chronotropy_bpm: 0.0,
        contractility: 0.0,
        baroreflex_loss: 0.0,
        shunt: 0.0,
        convulsing: false,
        ventilation: Ventilation::Spontaneous,
        breath_pattern: PatternAct::NONE,
        heart_rate_drive_bpm: 0.0,
        ventricular_rate_bpm: None,
        ejection: 1.0,
    };

    /// What acts on a patient whom no cause disturbs: air, the daily rhythm, and the heart's own rhythm.
    #[must_use]
    pub fn undisturbed(&self) -> Self {
        Self {
            circadian: self.circadian,
            ventricular_rate_bpm: self.ventricular_rate_bpm,
            ejection: self.ejection,
            ..Self::default()
        }
    }
}

/// The inputs of one core. Patients on whom nothing has ever acted share those of rest, and have none of their own.
#[derive(Debug, Clone, Default)]
pub struct OwnInputs(Option<Box<Inputs>>);

impl Deref for OwnInputs {
    type Target = Inputs;

    fn deref(&self) -> &Inputs {
        self.0.as_deref().unwrap_or(&Inputs::REST)
    }
}

impl DerefMut for OwnInputs {
    fn deref_mut(&mut self) -> &mut Inputs {
        self.0.get_or_insert_with(|| Box::new(Inputs::REST))
    }
}

/// Oxygen fraction of air.
pub const ROOM_AIR: f64 = 0.21;

/// The daily rhythm at a local hour [h, 0 to 24]: 1 at its height at 17:30, -1 at 5:30.
pub fn circadian_swing(hour: f64) -> f64 {
    libm::cos(std::f64::consts::TAU * (hour - 17.5) / 24.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_owned_from_the_first_change_on() {
        let mut inputs = OwnInputs::default();
        assert_eq!(*inputs, Inputs::default());
        assert!(inputs.0.is_none());
        inputs.bleed_l_s = 0.01;
        let others = OwnInputs::default();
        assert_eq!((inputs.bleed_l_s, others.bleed_l_s), (0.01, 0.0));
    }

    #[test]
    fn the_day_peaks_in_the_afternoon() {
        assert!((circadian_swing(17.5) - 1.0).abs() < 1e-12);
        assert!((circadian_swing(5.5) + 1.0).abs() < 1e-12);
    }
}
