//! A cause that brings glucose to a level: a low or a high that a scenario asks for.
//!
//! It adds or removes glucose in the plasma, as an infusion would, so insulin, tissue and interstitial glucose answer.
//! What it stands for - a meal left out, a bolus forgotten or doubled - acts too slowly for a scenario's ramp.

/// Part of a gap that one minute closes.
const CLOSING_PER_MIN: f64 = 0.4;
/// Part of the closing flux that is kept for the next minute, so that a steady gap vanishes.
const KEPT: f64 = 0.25;
/// Greatest flux either way [mg/kg/min].
const GREATEST_MG_KG_MIN: f64 = 25.0;
/// How near the target counts as reached [mg/dL].
const ARRIVED_MG_DL: f64 = 2.0;
/// Distribution volume by which a gap becomes an amount [dL/kg]; that of a person need not be known exactly.
const VOLUME_DL_KG: f64 = 1.85;

/// A drive in progress: give [`GlucoseDrive::advance_minute`] to
/// [`Conditions::influx_mg_kg_min`](super::Conditions::influx_mg_kg_min) once per minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GlucoseDrive {
    target_mg_dl: f64,
    ramp_min: f64,
    onset_mg_dl: f64,
    elapsed_min: f64,
    kept_mg_kg_min: f64,
    released: bool,
}

impl GlucoseDrive {
    /// Begins at a plasma glucose [mg/dL], to reach the target [mg/dL] after the ramp [min].
    pub fn begin(target_mg_dl: f64, ramp_min: f64, plasma_mg_dl: f64) -> Self {
        Self {
            target_mg_dl: target_mg_dl.max(20.0),
            ramp_min: ramp_min.max(1.0),
            onset_mg_dl: plasma_mg_dl,
            elapsed_min: 0.0,
            kept_mg_kg_min: 0.0,
            released: false,
        }
    }

    /// Ends the drive; the body returns to its balance by itself.
    pub fn release(&mut self) {
        self.released = true;
    }

    /// Whether the ramp is over and plasma glucose [mg/dL] is within 2 mg/dL of the target.
    pub fn has_arrived(&self, plasma_mg_dl: f64) -> bool {
        self.elapsed_min >= self.ramp_min && (plasma_mg_dl - self.target_mg_dl).abs() < ARRIVED_MG_DL
    }

    /// Whether it has been released.
    pub fn is_over(&self) -> bool {
        self.released
    }

    /// Advances by one minute from a plasma glucose [mg/dL] and returns the flux [mg/kg/min].
    pub fn advance_minute(&mut self, plasma_mg_dl: f64) -> f64 {
        if self.released {
            return 0.0;
        }
        self.elapsed_min += 1.0;
        let progress = (self.elapsed_min / self.ramp_min).min(1.0);
        let wanted_mg_dl = self.onset_mg_dl + (self.target_mg_dl - self.onset_mg_dl) * progress;
        let closing = CLOSING_PER_MIN * VOLUME_DL_KG * (wanted_mg_dl - plasma_mg_dl);
        self.kept_mg_kg_min = (self.kept_mg_kg_min + KEPT * closing).clamp(-GREATEST_MG_KG_MIN, GREATEST_MG_KG_MIN);
        (self.kept_mg_kg_min + closing).clamp(-GREATEST_MG_KG_MIN, GREATEST_MG_KG_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        BEGINS_IN_TYPE_1_MG_DL, Conditions, Minimal, MinimalParameters, Type1, Units, reference_patients,
    };
    use super::*;

    #[test]
    fn glucose_reaches_the_target_of_everyone_and_returns() {
        for (name, parameters) in reference_patients() {
            for (target, ramp_min) in [(48.0, 30.0), (320.0, 120.0)] {
                let mut person = Type1::new(parameters).with_counter_regulation(BEGINS_IN_TYPE_1_MG_DL);
                let basal = parameters.basal_rate().over_minutes(1.0);
                let mut drive = GlucoseDrive::begin(target, ramp_min, person.plasma_mg_dl());
                let mut follow = |drive: &mut GlucoseDrive, minutes: usize| {
                    for _ in 0..minutes {
                        let influx_mg_kg_min = drive.advance_minute(person.plasma_mg_dl());
                        person.advance_minute(basal, &Conditions { influx_mg_kg_min, ..Conditions::default() });
                    }
                    person.plasma_mg_dl()
                };
                let reached = follow(&mut drive, ramp_min as usize + 10);
                assert!((reached - target).abs() < 4.0, "{name}: {reached} not {target}");
                let held = follow(&mut drive, 60);
                assert!((held - target).abs() < 1.5, "{name}: {held} not {target}");
                drive.release();
                let back = follow(&mut drive, 360);
                let away = (back - parameters.basal_glucose_mg_dl) / (target - parameters.basal_glucose_mg_dl);
                assert!(away.abs() < 0.6, "{name}: {back}");
            }
        }
    }

    #[test]
    fn a_healthy_person_can_be_driven_too() {
        let mut person = Minimal::new(MinimalParameters::healthy(70.0));
        let mut drive = GlucoseDrive::begin(55.0, 40.0, person.plasma_mg_dl());
        for _ in 0..70 {
            let influx_mg_kg_min = drive.advance_minute(person.plasma_mg_dl());
            person.advance_minute(Units(0.0), &Conditions { influx_mg_kg_min, ..Conditions::default() });
        }
        assert!((person.plasma_mg_dl() - 55.0).abs() < 3.0, "{}", person.plasma_mg_dl());
    }
}
