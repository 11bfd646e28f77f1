//! Children and adolescents: the resting state of a body that is still growing.
//!
//! The model is that of the adult; only size and resting values differ.

use sim_core::{Key, Purpose};

use super::parameters::{Build, KCAL_PER_L, Parameters, Sex};

/// Median resting heart rate and respiratory rate [/min] by age [years], at the middle of each age group (Fleming et
/// al., Lancet 2011;377:1011).
const RATES: [(f64, f64, f64); 5] =
    [(5.0, 104.0, 23.0), (7.0, 98.0, 21.0), (10.0, 91.0, 19.0), (13.5, 84.0, 18.0), (16.5, 78.0, 16.0)];
/// Spread between children of one age [/min], that between adults.
const HEART_RATE_SD_BPM: f64 = 9.0;
const RESPIRATORY_RATE_SD_BPM: f64 = 2.0;
/// Median mean arterial pressure: 1.5 age + 55 (Haque and Zaritsky, Pediatr Crit Care Med 2007;8:138), and its spread
/// [mmHg].
const MAP_SLOPE_MMHG: f64 = 1.5;
const MAP_OFFSET_MMHG: f64 = 55.0;
const MAP_SD_MMHG: f64 = 6.0;
/// Cardiac index at rest [L/min/m2]; children lie above the adult's 3.0.
const CARDIAC_INDEX: f64 = 3.5;
const SPREAD_LIMIT: f64 = 2.5;

impl Parameters {
    /// A person of 5 to 18 years of this build, with the spread between patients drawn under `key`.
    pub fn young(build: &Build, key: Key) -> Self {
        let adult = Self::adult(build, key);
        let deviations = |purpose| key.normal(purpose, 0).clamp(-SPREAD_LIMIT, SPREAD_LIMIT);
        let (heart_rate_bpm, respiratory_rate_bpm) = median_rates(build.age_years);
        let body_surface_m2 = libm::sqrt(build.height_cm * build.weight_kg / 3_600.0);
        let cardiac_output_l_min = CARDIAC_INDEX * body_surface_m2;
        let vo2_l_min = basal_rate_kcal_d(build) / (1_440.0 * KCAL_PER_L);
        // Compliance goes with the size of the vessels, as blood volume does.
        let vessels = adult.blood_volume_l / 5.0;
        Self {
            heart_rate_bpm: heart_rate_bpm + HEART_RATE_SD_BPM * deviations(Purpose::new("patient.heart_rate")),
            map_mmhg: MAP_OFFSET_MMHG
                + MAP_SLOPE_MMHG * build.age_years
                + MAP_SD_MMHG * deviations(Purpose::new("patient.map")),
            cardiac_output_l_min,
            respiratory_rate_bpm: respiratory_rate_bpm
                + RESPIRATORY_RATE_SD_BPM * deviations(Purpose::new("patient.respiratory_rate")),
            vo2_l_min,
            vco2_l_min: 0.8 * vo2_l_min,
            arterial_compliance_ml_mmhg: adult.arterial_compliance_ml_mmhg * vessels,
            ..adult
        }
    }
}

/// Heart rate and respiratory rate of an age, between the groups of the table.
fn median_rates(age_years: f64) -> (f64, f64) {
    let above = RATES.iter().position(|(age, ..)| *age >= age_years).unwrap_or(RATES.len() - 1).max(1);
    let ((from, slow_heart, slow_breath), (to, heart, breath)) = (RATES[above - 1], RATES[above]);
    let part = ((age_years - from) / (to - from)).clamp(0.0, 1.0);
    (slow_heart + part * (heart - slow_heart), slow_breath + part * (breath - slow_breath))
}

/// Basal metabolic rate [kcal/d] (Schofield, Hum Nutr Clin Nutr 1985;39C:5, by weight).
fn basal_rate_kcal_d(build: &Build) -> f64 {
    match (build.sex, build.age_years < 10.0) {
        (Sex::Male, true) => 22.7 * build.weight_kg + 495.0,
        (Sex::Male, false) => 17.5 * build.weight_kg + 651.0,
        (Sex::Female, true) => 22.5 * build.weight_kg + 499.0,
        (Sex::Female, false) => 12.2 * build.weight_kg + 746.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Core;

    #[test]
    fn children_rest_at_rates_of_their_age() {
        assert_eq!(median_rates(3.0), (104.0, 23.0));
        assert_eq!(median_rates(10.0), (91.0, 19.0));
        assert_eq!(median_rates(18.0), (78.0, 16.0));
        let mut last = f64::INFINITY;
        for age in 5..18 {
            let (heart, _) = median_rates(f64::from(age));
            assert!(heart <= last);
            last = heart;
        }
    }

    /// Whoever is drawn stays at rest, as adults do.
    #[test]
    fn the_resting_state_is_kept() {
        for (age_years, weight_kg, height_cm) in [(8.0, 27.0, 128.0), (11.0, 36.0, 144.0), (16.0, 52.0, 165.0)] {
            for seed in 0..20 {
                let sex = if seed % 2 == 0 { Sex::Male } else { Sex::Female };
                let build = Build { weight_kg, height_cm, age_years, sex };
                let parameters = Parameters::young(&build, Key::new(seed, "t1d/1"));
                let mut core = Core::new(parameters);
                for _ in 0..6_000 {
                    core.step();
                }
                let vitals = core.vitals();
                assert!((vitals.heart_rate_bpm - parameters.heart_rate_bpm).abs() < 1.0, "{age_years} {seed}");
                assert!((vitals.map_mmhg - parameters.map_mmhg).abs() < 1.0, "{age_years} {seed}");
                assert!((vitals.paco2_mmhg - 40.0).abs() < 1.0, "{age_years} {seed}: {}", vitals.paco2_mmhg);
                assert!(vitals.sao2 > 0.95, "{age_years} {seed}: {}", vitals.sao2);
            }
        }
    }
}
