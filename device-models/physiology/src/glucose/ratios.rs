//! How much insulin a person needs: for a meal and for a correction, found by asking the model.
//!
//! As S2013 defines them (Dalla Man et al., J Diabetes Sci Technol 2014;8:26): a correct bolus brings glucose back to
//! its basal value within the hours that follow.

use super::conditions::Conditions;
use super::dose::Units;
use super::pack::Table;
use super::parameters::Parameters;
use super::type1::Type1;

/// Ratios of the reference patients (see `data/glucose/LICENCES.md`).
const REFERENCE_RATIOS: &str = include_str!("../../data/glucose/ratios.csv");

/// The test meal [g], and when its bolus is judged [min].
const MEAL_G: f64 = 50.0;
const JUDGED_AFTER_MIN: usize = 300;

/// The test correction [U].
const CORRECTION: Units = Units(1.0);

/// Trials of the secant method; the response is so nearly linear that five leave less than 1 %.
const TRIALS: usize = 5;

/// Glucose five hours after a meal and a bolus, relative to basal [mg/dL].
fn late_excess_mg_dl(parameters: &Parameters, meal_g: f64, bolus: Units) -> f64 {
    let mut person = Type1::new(*parameters);
    let basal = parameters.basal_rate().over_minutes(1.0);
    person.serve(meal_g);
    person.advance_minute(basal + bolus, &Conditions::default());
    for _ in 1..JUDGED_AFTER_MIN {
        person.advance_minute(basal, &Conditions::default());
    }
    person.plasma_mg_dl() - parameters.basal_glucose_mg_dl
}

/// Carbohydrate that one unit of insulin covers [g/U], 2 to 60.
pub fn carbohydrate_ratio_g_u(parameters: &Parameters) -> f64 {
    let (smallest, largest) = (MEAL_G / 60.0, MEAL_G / 2.0);
    // The rule of 500 with basal insulin as half of the daily dose.
    let guess = MEAL_G * 2.0 * 24.0 * parameters.basal_rate().0 / 500.0;
    let mut bolus = guess.clamp(smallest, largest);
    let mut excess = late_excess_mg_dl(parameters, MEAL_G, Units(bolus));
    let mut previous = (0.0, late_excess_mg_dl(parameters, MEAL_G, Units(0.0)));
    for _ in 0..TRIALS {
        let slope = (excess - previous.1) / (bolus - previous.0);
        if slope >= 0.0 || excess.abs() < 0.1 {
            break;
        }
        previous = (bolus, excess);
        bolus = (bolus - excess / slope).clamp(smallest, largest);
        if bolus == previous.0 {
            break;
        }
        excess = late_excess_mg_dl(parameters, MEAL_G, Units(bolus));
    }
    MEAL_G / bolus
}

/// Carbohydrate that one unit covers [g/U] in a reference patient, by the rule that came with the patients.
pub fn reference_ratio_g_u(name: &str) -> Option<f64> {
    let table = Table::parse(REFERENCE_RATIOS).ok()?;
    table.rows().find(|row| row.text("Name") == Ok(name)).and_then(|row| row.positive("CR").ok())
}

/// Fall of glucose that one unit of insulin brings within five hours [mg/dL/U].
pub fn correction_factor_mg_dl_u(parameters: &Parameters) -> f64 {
    -late_excess_mg_dl(parameters, 0.0, CORRECTION) / CORRECTION.0
}

#[cfg(test)]
mod tests {
    use super::super::reference_patients;
    use super::*;

    #[test]
    fn a_bolus_by_the_ratio_brings_glucose_back() {
        for (name, parameters) in reference_patients() {
            let ratio = carbohydrate_ratio_g_u(&parameters);
            let excess = late_excess_mg_dl(&parameters, MEAL_G, Units(MEAL_G / ratio));
            let limited = !(2.001..59.999).contains(&ratio);
            assert!(excess.abs() < 5.0 || limited, "{name}: {excess} mg/dL with {ratio} g/U");
            assert!(correction_factor_mg_dl_u(&parameters) > 2.0, "{name}");
        }
    }
    /// The ratios that came with the patients were set by another rule; the model asks for nearly the same of adults.
    #[test]
    fn ratios_are_near_the_published_ones() {
        let table = Table::parse(REFERENCE_RATIOS).unwrap();
        assert_eq!(reference_ratio_g_u("adult#001"), Some(10.0));
        assert_eq!(reference_ratio_g_u("adult#011"), None);
        for (row, (name, parameters)) in table.rows().zip(reference_patients()) {
            assert_eq!(row.text("Name").unwrap(), name);
            let meal = carbohydrate_ratio_g_u(&parameters) / row.positive("CR").unwrap();
            let correction = correction_factor_mg_dl_u(&parameters) / row.positive("CF").unwrap();
            let (meals, corrections) =
                if name.starts_with("adult") { (0.7..1.5, 0.8..1.35) } else { (0.7..2.5, 0.35..2.4) };
            assert!(meals.contains(&meal), "{name}: {meal} of the published ratio");
            assert!(corrections.contains(&correction), "{name}: {correction} of the published factor");
        }
    }
}
