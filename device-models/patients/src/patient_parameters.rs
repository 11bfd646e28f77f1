//! Parameters of a patient's circulation, blood and lungs that a scenario, a profile or a condition may give or change.
//!
//! Each has a value of its own, which follows from build and draws (see [`Parameters::adult`]).

use sim_core::{Arguments, ParameterKind, ParameterSpec};
use vocabulary::Dimension;

use physiology::Parameters;

/// Canonical units of the language in those of the model.
const ML_PER_L: f64 = 1_000.0;
const ML_H_PER_L_MIN: f64 = 60_000.0;
const NS_PER_S: f64 = 1e9;

/// Carbon dioxide output per oxygen uptake on a mixed diet.
const RESPIRATORY_QUOTIENT: f64 = 0.8;

/// The rows of the registry.
pub(crate) fn specs() -> Vec<ParameterSpec> {
    let number = |name, about| ParameterSpec::optional(name, ParameterKind::Number, about).inherent();
    let quantity =
        |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about).inherent();
    vec![
        quantity("heart_rate_max", Dimension::Rate, "greatest heart rate instead of the one of the age")
            .range(80.0, 230.0),
        quantity(
            "cardiac_output",
            Dimension::Flow,
            "resting cardiac output (1.5 to 15 L/min) instead of the one of the body surface",
        )
        .range(1.5 * ML_H_PER_L_MIN, 15.0 * ML_H_PER_L_MIN),
        quantity("contractility", Dimension::Percent, "strength of the ventricle; a weak one needs a higher filling")
            .range(40.0, 150.0),
        quantity("cvp", Dimension::Pressure, "resting central venous pressure instead of the one of the contractility")
            .range(0.0, 12.0),
        number("arterial_compliance", "compliance of the arteries instead of the one of the age [mL/mmHg]")
            .range(0.4, 3.0),
        quantity("blood_volume", Dimension::Volume, "blood volume instead of the one of sex and weight")
            .range(2_000.0, 12_000.0),
        quantity("blood_loss", Dimension::Percent, "share of the blood volume lost shortly before the start")
            .range(0.0, 35.0),
        number("haemoglobin", "haemoglobin instead of the drawn one [g/dL]").range(5.0, 22.0),
        quantity(
            "oxygen_uptake",
            Dimension::Flow,
            "resting oxygen uptake (80 to 800 mL/min) instead of the one of size, age and sex",
        )
        .range(0.08 * ML_H_PER_L_MIN, 0.8 * ML_H_PER_L_MIN),
        quantity("temperature", Dimension::Temperature, "resting core temperature instead of the drawn one")
            .range(34.0, 41.0),
        quantity("paco2", Dimension::Pressure, "arterial carbon dioxide that the drive to breathe holds")
            .range(25.0, 75.0),
        quantity("dead_space", Dimension::Volume, "anatomical dead space instead of the one of height and sex")
            .range(50.0, 450.0),
        quantity("shunt", Dimension::Percent, "share of the cardiac output that passes the lung unoxygenated")
            .range(0.0, 35.0),
        quantity("emptying", Dimension::Time, "time constant with which the lung empties").range(0.2e9, 2e9),
        quantity("sepsis", Dimension::Percent, "severity of a sepsis that has long been there at the start")
            .range(0.0, 100.0),
    ]
}

/// Gives the parameters that the plan gives, and changes those that it changes.
pub(crate) fn adjust(parameters: &mut Parameters, arguments: &Arguments) {
    let healthy = *parameters;
    let rows = [
        ("heart_rate", 1.0, &mut parameters.heart_rate_bpm),
        ("heart_rate_max", 1.0, &mut parameters.heart_rate_max_bpm),
        ("respiratory_rate", 1.0, &mut parameters.respiratory_rate_bpm),
        ("map", 1.0, &mut parameters.map_mmhg),
        ("cardiac_output", ML_H_PER_L_MIN, &mut parameters.cardiac_output_l_min),
        ("arterial_compliance", 1.0, &mut parameters.arterial_compliance_ml_mmhg),
        ("blood_volume", ML_PER_L, &mut parameters.blood_volume_l),
        ("blood_loss", 100.0, &mut parameters.blood_loss),
        ("haemoglobin", 1.0, &mut parameters.haemoglobin_g_dl),
        ("oxygen_uptake", ML_H_PER_L_MIN, &mut parameters.vo2_l_min),
        ("temperature", 1.0, &mut parameters.temperature_c),
        ("paco2", 1.0, &mut parameters.paco2_mmhg),
        ("dead_space", ML_PER_L, &mut parameters.dead_space_l),
        ("shunt", 100.0, &mut parameters.shunt_fraction),
        ("emptying", NS_PER_S, &mut parameters.emptying_s),
        ("sepsis", 100.0, &mut parameters.sepsis),
    ];
    let given = |name: &str| arguments.0.contains_key(name);
    for (name, units, value) in rows.into_iter().filter(|(name, ..)| given(name)) {
        *value = arguments.number_or(name, *value * units) / units;
    }
    if given("oxygen_uptake") {
        parameters.vco2_l_min = RESPIRATORY_QUOTIENT * parameters.vo2_l_min;
    }
    if given("contractility") {
        let strength = arguments.number_or("contractility", 100.0) / 100.0;
        let stroke_ratio = parameters.cardiac_output_l_min
            / parameters.heart_rate_bpm
            / (healthy.cardiac_output_l_min / healthy.heart_rate_bpm);
        parameters.cvp_mmhg = healthy.filling_pressure_mmhg(strength, stroke_ratio);
    }
    if given("cvp") {
        parameters.cvp_mmhg = arguments.number_or("cvp", parameters.cvp_mmhg);
    }
}

#[cfg(test)]
mod tests {
    use sim_core::{Argument, Change};

    use super::*;
    use physiology::Core;

    fn adjusted(arguments: &[(&str, Argument)]) -> Parameters {
        let mut parameters = Parameters::textbook();
        let arguments = arguments.iter().map(|(name, argument)| ((*name).to_owned(), argument.clone()));
        adjust(&mut parameters, &Arguments(arguments.collect()));
        parameters
    }

    #[test]
    fn nothing_given_changes_nothing() {
        assert_eq!(adjusted(&[]), Parameters::textbook());
    }

    #[test]
    fn values_replace_and_changes_change() {
        let change = Change { times: 0.5, plus: 100.0, bounds: (0.0, 1e6) };
        let patient = adjusted(&[
            ("haemoglobin", Argument::Number(9.0)),
            ("blood_volume", Argument::Change(change)),
            ("shunt", Argument::Number(12.0)),
            ("oxygen_uptake", Argument::Number(18_000.0)),
        ]);
        assert_eq!(patient.haemoglobin_g_dl, 9.0);
        assert!((patient.blood_volume_l - 2.6).abs() < 1e-12);
        assert!((patient.shunt_fraction - 0.12).abs() < 1e-12);
        assert!((patient.vo2_l_min - 0.3).abs() < 1e-12 && (patient.vco2_l_min - 0.24).abs() < 1e-12);
    }

    /// A weak ventricle holds the output at rest, at a higher filling; more filling then helps it little.
    #[test]
    fn a_weak_ventricle_has_no_reserve() {
        let transfused = |parameters: Parameters| {
            let mut core = Core::new(parameters);
            // Without reflexes the strokes show the ventricle alone.
            core.inputs.baroreflex_loss = 1.0;
            let at_rest_ml = core.vitals().stroke_volume_ml;
            core.inputs.blood_l_s = 0.5 / 300.0;
            for _ in 0..3_000 {
                core.step();
            }
            core.vitals().stroke_volume_ml / at_rest_ml
        };
        let (healthy, weak) = (Parameters::textbook(), adjusted(&[("contractility", Argument::Number(75.0))]));
        assert!(weak.cvp_mmhg > healthy.cvp_mmhg + 3.0 && weak.cvp_mmhg < 11.0, "{}", weak.cvp_mmhg);
        assert!((weak.cardiac_output_l_min - healthy.cardiac_output_l_min).abs() < 1e-12);
        let (healthy_gain, weak_gain) = (transfused(healthy) - 1.0, transfused(weak) - 1.0);
        assert!(healthy_gain > 0.1 && weak_gain < 0.4 * healthy_gain, "{healthy_gain} {weak_gain}");
    }
}
