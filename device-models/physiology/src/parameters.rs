//! Who the patient is: build, and the resting values from which the model derives everything else.
//!
//! Population values are those of healthy adults (Guyton and Hall, "Textbook of Medical Physiology", where no other
//! source is named); the spread between patients is drawn once, keyed by the patient.

use sim_core::{Key, Purpose};

use super::breath::EXPIRATION_S;
use super::elementary::logistic;

/// Sex, as far as body composition depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
}

/// Build of an adult, with a body-mass index of 14 to 55 kg/m2, beyond which resting energy was fitted to nobody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Build {
    /// Body weight [kg], 35 to 200.
    pub weight_kg: f64,
    /// Height [cm], 130 to 220.
    pub height_cm: f64,
    /// Age [years], 18 to 100.
    pub age_years: f64,
    /// Sex.
    pub sex: Sex,
}

impl Build {
    /// Predicted body weight [kg], by which lungs grow (ARDS Network, N Engl J Med 2000;342:1301, from memory).
    pub fn predicted_weight_kg(&self) -> f64 {
        let base_kg = if self.sex == Sex::Male { 50.0 } else { 45.5 };
        (base_kg + 0.91 * (self.height_cm - 152.4)).max(30.0)
    }

    /// Usual dead space of the airways [L]: 2.2 mL/kg (Radford, N Engl J Med 1954;251:877) of predicted weight.
    pub fn dead_space_l(&self) -> f64 {
        0.0022 * self.predicted_weight_kg()
    }

    /// Usual oxygen uptake at rest [L/min]: resting energy after Mifflin et al., Am J Clin Nutr 1990;51:241 (from memory), with
    /// 4.86 kcal/L. Fat needs little, so the heavy take up less for each kilogram.
    pub fn vo2_l_min(&self) -> f64 {
        let of_sex_kcal_d = if self.sex == Sex::Male { 5.0 } else { -161.0 };
        let kcal_d = 10.0 * self.weight_kg + 6.25 * self.height_cm - 5.0 * self.age_years + of_sex_kcal_d;
        kcal_d.max(LEAST_KCAL_D) / (1_440.0 * KCAL_PER_L)
    }

    /// Alveolar ventilation that holds this carbon dioxide [mmHg] at the usual output of it [L/min].
    pub fn alveolar_ventilation_l_min(&self, paco2_mmhg: f64) -> f64 {
        GAS_CONVERSION_MMHG * RESPIRATORY_QUOTIENT * self.vo2_l_min() / paco2_mmhg
    }
}

/// Energy of a litre of oxygen on a mixed diet [kcal/L], and the carbon dioxide for it.
pub(crate) const KCAL_PER_L: f64 = 4.86;
const RESPIRATORY_QUOTIENT: f64 = 0.8;
/// No adult rests with less [kcal/d]: the equation was fitted to nobody so old and small.
const LEAST_KCAL_D: f64 = 700.0;

/// Spread between patients of one build, relative: resting energy (two thirds lie within 10 % of the equation: Frankenfield,
/// Roth-Yousey and Compher, J Am Diet Assoc 2005;105:775, from memory) and dead space (58 patients, in whom weight explains
/// nothing of it: Brewer and Orr, "Anatomic dead space cannot be predicted by body weight").
const METABOLISM_SPREAD: f64 = 0.08;
const DEAD_SPACE_SPREAD: f64 = 0.10;

/// Resting state and size of one patient's circulation and respiration.
///
/// The fields are the degrees of freedom; what follows from them (resistance, volumes, tidal volume) is computed so
/// that the resting state is a fixed point of the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// Body weight [kg].
    pub weight_kg: f64,
    /// Resting heart rate [/min].
    pub heart_rate_bpm: f64,
    /// Greatest heart rate [/min]: 208 - 0.7 age (Tanaka, Monahan and Seals, J Am Coll Cardiol 2001).
    pub heart_rate_max_bpm: f64,
    /// Resting mean arterial pressure [mmHg].
    pub map_mmhg: f64,
    /// Resting cardiac output [L/min].
    pub cardiac_output_l_min: f64,
    /// Resting central venous pressure [mmHg].
    pub cvp_mmhg: f64,
    /// Blood volume [L].
    pub blood_volume_l: f64,
    /// Haemoglobin [g/dL].
    pub haemoglobin_g_dl: f64,
    /// Resting respiratory rate [/min].
    pub respiratory_rate_bpm: f64,
    /// Anatomical dead space [L].
    pub dead_space_l: f64,
    /// Resting oxygen uptake [L/min].
    pub vo2_l_min: f64,
    /// Resting carbon dioxide output [L/min].
    pub vco2_l_min: f64,
    /// Set point of arterial carbon dioxide [mmHg].
    pub paco2_mmhg: f64,
    /// Core temperature at rest [Cel].
    pub temperature_c: f64,
    /// Shunted fraction of cardiac output at rest.
    pub shunt_fraction: f64,
    /// Arterial compliance [mL/mmHg].
    pub arterial_compliance_ml_mmhg: f64,
    /// Time constant with which the lung empties [s]: 0.45 in health, above 1 with obstructed airways.
    pub emptying_s: f64,
    /// Severity of a sepsis that the patient has long had at the start, 0 to 1.
    pub sepsis: f64,
    /// Share of the blood volume that was lost shortly before the start, 0 to 1.
    pub blood_loss: f64,
}

/// Draws beyond this many standard deviations are pulled back to it: no scenario wants a resting rate of 30.
const SPREAD_LIMIT: f64 = 2.5;

/// Pressure that drives venous return at rest [mmHg] (mean systemic filling pressure minus central venous pressure).
const VENOUS_RETURN_MMHG: f64 = 3.0;

/// Blood volume of the adult on whom vessel capacities in litres are stated [L].
const REFERENCE_VOLUME_L: f64 = 5.0;

/// Venous compliance at the reference blood volume [L/mmHg].
const VENOUS_COMPLIANCE_L_MMHG: f64 = 0.20;

/// Central venous pressure at which the ventricle fills half way, and the steepness of its filling curve [mmHg].
pub(crate) const HALF_FILLING_MMHG: f64 = 2.5;
pub(crate) const FILLING_WIDTH_MMHG: f64 = 1.7;

/// Alveolar gas fraction to pressure: 863 = 760 mmHg * (273 + 37) / 273, with volumes in STPD and BTPS.
pub(crate) const GAS_CONVERSION_MMHG: f64 = 863.0;

impl Parameters {
    /// An adult of this build, with the spread between patients drawn under `key`.
    pub fn adult(build: &Build, key: Key) -> Self {
        let spread = |purpose, mean: f64, deviation: f64| {
            mean + deviation * key.normal(purpose, 0).clamp(-SPREAD_LIMIT, SPREAD_LIMIT)
        };
        // Body surface after Mosteller (N Engl J Med 1987); cardiac index of 3.0 L/min/m2 at rest.
        let body_surface_m2 = libm::sqrt(build.height_cm * build.weight_kg / 3_600.0);
        let volume_l_kg = match build.sex {
            Sex::Male => 0.070,
            Sex::Female => 0.065,
        };
        // Arteries stiffen from 1.75 mL/mmHg in the young to 1.1 in the old.
        let ageing = ((build.age_years - 40.0) / 35.0).clamp(0.0, 1.0);
        let vo2_l_min = build.vo2_l_min() * spread(Purpose::new("patient.metabolism"), 1.0, METABOLISM_SPREAD);
        Self {
            weight_kg: build.weight_kg,
            heart_rate_bpm: spread(Purpose::new("patient.heart_rate"), 70.0, 9.0),
            heart_rate_max_bpm: 208.0 - 0.7 * build.age_years,
            map_mmhg: spread(Purpose::new("patient.map"), 90.0, 8.0),
            cardiac_output_l_min: 3.0 * body_surface_m2,
            cvp_mmhg: 4.0,
            blood_volume_l: volume_l_kg * build.weight_kg,
            haemoglobin_g_dl: spread(Purpose::new("patient.haemoglobin"), 14.5, 1.2),
            respiratory_rate_bpm: spread(Purpose::new("patient.respiratory_rate"), 14.0, 2.0),
            dead_space_l: build.dead_space_l() * spread(Purpose::new("patient.dead_space"), 1.0, DEAD_SPACE_SPREAD),
            vo2_l_min,
            vco2_l_min: RESPIRATORY_QUOTIENT * vo2_l_min,
            paco2_mmhg: 40.0,
            temperature_c: spread(Purpose::new("patient.temperature"), 36.8, 0.25),
            shunt_fraction: 0.025,
            arterial_compliance_ml_mmhg: 1.75 - 0.65 * ageing,
            emptying_s: EXPIRATION_S,
            sepsis: 0.0,
            blood_loss: 0.0,
        }
    }

    /// A textbook adult of 70 kg without any spread: 70 /min, 117/73 mmHg, 14 breaths, 37.0 Cel.
    pub fn textbook() -> Self {
        Self {
            weight_kg: 70.0,
            heart_rate_bpm: 70.0,
            heart_rate_max_bpm: 185.0,
            map_mmhg: 90.0,
            cardiac_output_l_min: 5.4,
            cvp_mmhg: 4.0,
            blood_volume_l: REFERENCE_VOLUME_L,
            haemoglobin_g_dl: 14.5,
            respiratory_rate_bpm: 14.0,
            dead_space_l: 0.15,
            vo2_l_min: 0.25,
            vco2_l_min: 0.20,
            paco2_mmhg: 40.0,
            temperature_c: 37.0,
            shunt_fraction: 0.025,
            arterial_compliance_ml_mmhg: 1.75,
            emptying_s: EXPIRATION_S,
            sepsis: 0.0,
            blood_loss: 0.0,
        }
    }

    /// Central venous pressure [mmHg] with which a heart of `strength` (1 is healthy) pumps `output_ratio` times the
    /// output per beat of a healthy one. A weak ventricle pumps at a higher filling, near the plateau of its curve, so
    /// it has little reserve; weaker than that it does not hold the output, and the pressure stays at the plateau.
    pub fn filling_pressure_mmhg(&self, strength: f64, output_ratio: f64) -> f64 {
        /// Filling beyond which Frank and Starling's curve counts as flat.
        const PLATEAU: f64 = 0.985;
        let healthy = logistic((self.cvp_mmhg - HALF_FILLING_MMHG) / FILLING_WIDTH_MMHG);
        let filling = (healthy * output_ratio / strength).clamp(0.2, PLATEAU);
        HALF_FILLING_MMHG + FILLING_WIDTH_MMHG * libm::log(filling / (1.0 - filling))
    }

    /// Ratio of this patient's vessel capacities to those of the reference adult.
    pub(crate) fn vessel_size(&self) -> f64 {
        self.blood_volume_l / REFERENCE_VOLUME_L
    }

    /// Ratio of this patient's gas stores to those of the reference adult.
    pub(crate) fn store_size(&self) -> f64 {
        self.weight_kg / 70.0
    }

    /// How obstructed the airways are, 0 to 1: from the time in which the lung empties.
    pub(crate) fn obstruction(&self) -> f64 {
        /// Emptying from which on airways count as obstructed, and as wholly so [s].
        const OBSTRUCTED_S: (f64, f64) = (0.6, 1.1);
        let (begins_s, whole_s) = OBSTRUCTED_S;
        ((self.emptying_s - begins_s) / (whole_s - begins_s)).clamp(0.0, 1.0)
    }

    /// Resting tidal volume that holds `paco2_mmhg` [L].
    pub fn tidal_volume_l(&self) -> f64 {
        self.dead_space_l + GAS_CONVERSION_MMHG * self.vco2_l_min / (self.paco2_mmhg * self.respiratory_rate_bpm)
    }

    /// Resting systemic vascular resistance [mmHg min/L].
    pub fn systemic_resistance(&self) -> f64 {
        (self.map_mmhg - self.cvp_mmhg) / self.cardiac_output_l_min
    }

    /// Resting resistance to venous return [mmHg min/L].
    pub(crate) fn venous_resistance(&self) -> f64 {
        VENOUS_RETURN_MMHG / self.cardiac_output_l_min
    }

    /// Compliance of the venous side [L/mmHg].
    pub(crate) fn venous_compliance_l_mmhg(&self) -> f64 {
        VENOUS_COMPLIANCE_L_MMHG * self.vessel_size()
    }

    /// Resting unstressed volume [L].
    pub(crate) fn unstressed_volume_l(&self) -> f64 {
        self.blood_volume_l - (self.cvp_mmhg + VENOUS_RETURN_MMHG) * self.venous_compliance_l_mmhg()
    }

    /// Stroke volume of a completely filled ventricle [L].
    pub(crate) fn greatest_stroke_l(&self) -> f64 {
        let filling = logistic((self.cvp_mmhg - HALF_FILLING_MMHG) / FILLING_WIDTH_MMHG);
        self.cardiac_output_l_min / self.heart_rate_bpm / filling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILD: Build = Build { weight_kg: 82.0, height_cm: 180.0, age_years: 63.0, sex: Sex::Male };

    #[test]
    fn the_spread_is_keyed_and_bounded() {
        let first = Parameters::adult(&BUILD, Key::new(1, "icu/1"));
        assert_eq!(first, Parameters::adult(&BUILD, Key::new(1, "icu/1")));
        assert_ne!(first, Parameters::adult(&BUILD, Key::new(1, "icu/2")));
        let rates: Vec<f64> =
            (0..2_000).map(|seed| Parameters::adult(&BUILD, Key::new(seed, "icu/1")).heart_rate_bpm).collect();
        let mean = rates.iter().sum::<f64>() / rates.len() as f64;
        assert!((mean - 70.0).abs() < 1.0, "mean {mean}");
        assert!(rates.iter().all(|rate| (47.0..=93.0).contains(rate)));
    }

    #[test]
    fn derived_values_close_the_resting_balance() {
        let patient = Parameters::adult(&BUILD, Key::new(3, "ward/7"));
        let alveolar = patient.respiratory_rate_bpm * (patient.tidal_volume_l() - patient.dead_space_l);
        assert!((GAS_CONVERSION_MMHG * patient.vco2_l_min / alveolar - patient.paco2_mmhg).abs() < 1e-9);
        let pressure = patient.cvp_mmhg + patient.cardiac_output_l_min * patient.systemic_resistance();
        assert!((pressure - patient.map_mmhg).abs() < 1e-9);
    }
}
