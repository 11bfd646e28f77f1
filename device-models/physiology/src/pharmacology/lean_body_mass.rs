//! Lean body mass, on which the kinetics of Schnider and of Minto depend.

use crate::{Build, Sex};

/// Lean body mass [kg] after James ("Research on obesity", Her Majesty's Stationery Office, 1976).
///
/// The formula falls again beyond a body mass index near 42 (men) and 37 (women); such builds get the value at its
/// top, as target-controlled pumps do.
pub fn lean_body_mass_kg(build: &Build) -> f64 {
    let (linear, quadratic) = match build.sex {
        Sex::Male => (1.10, 128.0),
        Sex::Female => (1.07, 148.0),
    };
    let square_cm2 = build.height_cm * build.height_cm;
    let top_kg = linear * square_cm2 / (2.0 * quadratic);
    let weight_kg = build.weight_kg.min(top_kg);
    linear * weight_kg - quadratic * weight_kg * weight_kg / square_cm2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_man_and_the_top() {
        let mut build = Build { weight_kg: 70.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };
        assert!((lean_body_mass_kg(&build) - 56.52).abs() < 0.01);
        build.weight_kg = 140.0;
        let heavy = lean_body_mass_kg(&build);
        build.weight_kg = 190.0;
        assert_eq!(lean_body_mass_kg(&build), heavy);
    }
}
