//! Stores of oxygen and carbon dioxide, from alveoli to arterial blood.
//!
//! Saturation after Severinghaus (J Appl Physiol 1979); a shunt mixes venous blood into the arterial; carbon dioxide
//! has an alveolar and a tissue pool.

use super::elementary::power;
use super::parameters::{GAS_CONVERSION_MMHG, Parameters};
use super::respiratory_control::Breaths;
use super::state::{STEP_S, Situation, State};

/// A minute [s].
const MINUTE_S: f64 = 60.0;

/// Inspired pressure of dry gas at body temperature: 760 - 47 mmHg.
const INSPIRED_MMHG: f64 = 713.0;

/// Oxygen bound by one gram of haemoglobin per decilitre in a litre of blood [mL/L per g/dL] (1.34 mL/g).
pub(crate) const OXYGEN_CAPACITY: f64 = 13.4;

/// Oxygen dissolved in plasma [mL/L per mmHg].
const OXYGEN_SOLUBILITY: f64 = 0.03;

/// Most oxygen that the tissues can take from the blood that reaches them.
const GREATEST_EXTRACTION: f64 = 0.80;

/// Stores of the reference adult: alveolar gas [mL], blood that buffers oxygen [mL], tissue oxygen [mL/mmHg], and the
/// two carbon dioxide pools [mL/mmHg].
const ALVEOLAR_GAS_ML: f64 = 2_500.0;
const BUFFERING_BLOOD_ML: f64 = 5_200.0;
const TISSUE_OXYGEN_ML_MMHG: f64 = 0.3;
const ALVEOLAR_CO2_ML_MMHG: f64 = 6.0;
const TISSUE_CO2_ML_MMHG: f64 = 45.0;

/// Conductance of carbon dioxide from tissue to lung in the reference adult [mL/min per mmHg].
const CO2_CONDUCTANCE: f64 = 33.0;
/// Carbon dioxide output of the reference adult [L/min].
const REFERENCE_VCO2_L_MIN: f64 = 0.20;

/// Greatest shunted fraction.
const GREATEST_SHUNT: f64 = 0.6;

/// Arterial blood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArterialBlood {
    pub(crate) po2_mmhg: f64,
    pub(crate) saturation: f64,
}

/// No more carbon dioxide than this [mmHg]: hours of apnoeic oxygenation end near 250 (Frumin, Epstein and Cohen,
/// Anesthesiology 1959;20:789).
const MOST_CO2_MMHG: f64 = 250.0;

/// Advances both carbon dioxide pools. `flow_ratio` is cardiac output relative to rest.
pub(crate) fn advance_carbon_dioxide(situation: &Situation<'_>, state: &mut State, breaths: &Breaths, flow_ratio: f64) {
    let Situation { parameters, rest, .. } = *situation;
    let output_ml_min = 1_000.0 * parameters.vco2_l_min * state.metabolism;
    let least_ratio = 0.3 * rest.per_cardiac_output;
    let effort = if state.metabolism < 1.5 { 1.0 } else { power(state.metabolism, 0.35) };
    let conductance = rest.co2_conductance * power(flow_ratio.max(least_ratio), 0.7) * effort;
    let flow_ml_min = conductance * (state.venous_pco2_mmhg - state.alveolar_pco2_mmhg);
    let cleared_ml_min = breaths.alveolar_ml_min * state.alveolar_pco2_mmhg * (1.0 / GAS_CONVERSION_MMHG);
    state.alveolar_pco2_mmhg +=
        STEP_S / (MINUTE_S * ALVEOLAR_CO2_ML_MMHG) * (flow_ml_min - cleared_ml_min) * rest.per_store_size;
    state.venous_pco2_mmhg +=
        STEP_S / (MINUTE_S * TISSUE_CO2_ML_MMHG) * (output_ml_min - flow_ml_min) * rest.per_store_size;
    state.alveolar_pco2_mmhg = state.alveolar_pco2_mmhg.min(MOST_CO2_MMHG);
    state.venous_pco2_mmhg = state.venous_pco2_mmhg.min(MOST_CO2_MMHG);
}

/// Advances alveolar oxygen and mixes the arterial blood.
pub(crate) fn advance_oxygen(
    situation: &Situation<'_>,
    state: &mut State,
    breaths: &Breaths,
    cardiac_output_l_min: f64,
) -> ArterialBlood {
    let Situation { inputs, parameters, rest, previous, .. } = *situation;
    let capacity = OXYGEN_CAPACITY * state.haemoglobin_g_dl;
    let delivery_ml_min = cardiac_output_l_min * capacity * previous.sao2;
    let uptake_ml_min = (1_000.0 * parameters.vo2_l_min * state.metabolism).min(GREATEST_EXTRACTION * delivery_ml_min);

    let gained_ml_min =
        breaths.alveolar_ml_min * (INSPIRED_MMHG * inputs.fio2 - state.alveolar_po2_mmhg) * (1.0 / GAS_CONVERSION_MMHG);
    // 0.0134 mL of oxygen per g/dL and mL of blood; 1.1 for the oxygen of myoglobin.
    let bound_ml_mmhg = BUFFERING_BLOOD_ML
        * (OXYGEN_CAPACITY / 1_000.0)
        * state.haemoglobin_g_dl
        * 1.1
        * saturation_slope(state.alveolar_po2_mmhg);
    let store_ml_mmhg =
        rest.store_size * (ALVEOLAR_GAS_ML / GAS_CONVERSION_MMHG + bound_ml_mmhg + TISSUE_OXYGEN_ML_MMHG);
    let alveolar_po2_mmhg =
        state.alveolar_po2_mmhg + STEP_S / MINUTE_S * (gained_ml_min - uptake_ml_min) / store_ml_mmhg;
    state.alveolar_po2_mmhg = alveolar_po2_mmhg.clamp(8.0, 690.0);

    // Flow in effort opens well-ventilated capillaries and dilutes the shunt.
    let shunt = (parameters.shunt_fraction + inputs.shunt + 0.22 * state.sepsis).clamp(0.0, GREATEST_SHUNT)
        / (1.0 + 0.12 * (state.metabolism - 1.0));
    let arterial_ml_l =
        arterial_content(state.alveolar_po2_mmhg, capacity, shunt, uptake_ml_min / cardiac_output_l_min.max(0.5));
    let near_mmhg = previous.pao2_mmhg.min(state.alveolar_po2_mmhg);
    let po2_mmhg = pressure_of_content(arterial_ml_l, capacity, state.alveolar_po2_mmhg, near_mmhg);
    ArterialBlood { po2_mmhg, saturation: saturation(po2_mmhg) }
}

/// Alveolar oxygen of a patient at rest [mmHg].
pub(crate) fn resting_alveolar_po2(parameters: &Parameters, fio2: f64) -> f64 {
    let alveolar_ml_min =
        1_000.0 * parameters.respiratory_rate_bpm * (parameters.tidal_volume_l() - parameters.dead_space_l);
    INSPIRED_MMHG * fio2 - 1_000.0 * parameters.vo2_l_min * GAS_CONVERSION_MMHG / alveolar_ml_min
}

/// Arterial blood of a patient at rest.
pub(crate) fn resting_arterial(parameters: &Parameters, alveolar_po2_mmhg: f64) -> ArterialBlood {
    let capacity = OXYGEN_CAPACITY * parameters.haemoglobin_g_dl;
    let taken_ml_l = 1_000.0 * parameters.vo2_l_min / parameters.cardiac_output_l_min;
    let arterial_ml_l = arterial_content(alveolar_po2_mmhg, capacity, parameters.shunt_fraction, taken_ml_l);
    let po2_mmhg = pressure_of_content(arterial_ml_l, capacity, alveolar_po2_mmhg, alveolar_po2_mmhg);
    ArterialBlood { po2_mmhg, saturation: saturation(po2_mmhg) }
}

/// Venous minus alveolar carbon dioxide at rest [mmHg].
pub(crate) fn resting_venous_step_mmhg(parameters: &Parameters) -> f64 {
    1_000.0 * parameters.vco2_l_min / resting_conductance(parameters)
}

/// Part of the resting flow below which hardly any carbon dioxide comes to the lungs: compressions, with a quarter of the usual
/// output, keep 10 to 20 mmHg, and without them it falls to a few whatever the ventilation (Falk, Rackow and Weil, N Engl J Med
/// 1988;318:607, from memory).
const BRINGING_FLOW: f64 = 0.25;

/// End-tidal carbon dioxide [mmHg]: 3 mmHg below arterial, and more where low flow leaves alveoli unperfused.
pub(crate) fn end_tidal_pco2(paco2_mmhg: f64, flow_ratio: f64) -> f64 {
    let brought = (flow_ratio / BRINGING_FLOW).clamp(0.0, 1.0);
    (paco2_mmhg - 3.0 - 16.0 * (1.0 - flow_ratio).max(0.0)).max(0.0) * brought
}

pub(crate) fn resting_conductance(parameters: &Parameters) -> f64 {
    CO2_CONDUCTANCE * (parameters.vco2_l_min / REFERENCE_VCO2_L_MIN)
}

/// Mixes end-capillary blood with shunted venous blood: oxygen content of arterial blood [mL/L].
///
/// `capacity` is the oxygen that haemoglobin can bind [mL/L], `taken_ml_l` what the tissues take [mL/L].
fn arterial_content(alveolar_po2_mmhg: f64, capacity: f64, shunt: f64, taken_ml_l: f64) -> f64 {
    (content(alveolar_po2_mmhg, capacity) - shunt / (1.0 - shunt) * taken_ml_l).max(5.0)
}

/// Saturation of haemoglobin at an oxygen pressure [mmHg].
fn saturation(po2_mmhg: f64) -> f64 {
    let cubic = po2_mmhg * (po2_mmhg * po2_mmhg + 150.0);
    cubic / (cubic + 23_400.0)
}

/// Slope of the saturation over the oxygen pressure [1/mmHg].
fn saturation_slope(po2_mmhg: f64) -> f64 {
    let square = po2_mmhg * po2_mmhg;
    let whole = po2_mmhg * (square + 150.0) + 23_400.0;
    23_400.0 * (3.0 * square + 150.0) / (whole * whole)
}

/// Oxygen content of blood [mL/L].
fn content(po2_mmhg: f64, capacity: f64) -> f64 {
    capacity * saturation(po2_mmhg) + OXYGEN_SOLUBILITY * po2_mmhg
}

/// Oxygen pressure at a saturation [mmHg]: the real root of `p^3 + 150 p = 23400 S / (1 - S)` (Cardano).
fn pressure_of_saturation(saturation: f64) -> f64 {
    let half = 11_700.0 * saturation / (1.0 - saturation);
    let root = libm::cbrt(half + libm::sqrt(half * half + 125_000.0));
    root - 50.0 / root
}

/// Relative change of a step of Newton's method that ends it: the steps converge quadratically, so the error that is
/// left is far below 1e-9.
const LAST_STEP: f64 = 1e-5;

/// Relative change of the first step above which the starting point was not near.
const NEAR: f64 = 0.02;

/// Oxygen pressure of blood with this content [mmHg], not above `ceiling_mmhg`.
///
/// Newton's method, from `near_mmhg` if one step shows that the solution is near. Otherwise from the pressure of the
/// bound oxygen alone, with as much dissolved as at the ceiling; that lies below the solution, where the content curve
/// is concave, so the steps do not overshoot.
fn pressure_of_content(content_ml_l: f64, capacity: f64, ceiling_mmhg: f64, near_mmhg: f64) -> f64 {
    let mut po2 = newton_step(content_ml_l, capacity, ceiling_mmhg, near_mmhg);
    let mut change = (po2 - near_mmhg).abs();
    if change > NEAR * near_mmhg {
        let bound = (content_ml_l - OXYGEN_SOLUBILITY * ceiling_mmhg) / capacity;
        po2 = pressure_of_saturation(bound.clamp(0.003, 0.9999)).min(ceiling_mmhg);
        change = po2;
    }
    for _ in 0..40 {
        if change < LAST_STEP * po2 {
            break;
        }
        let next = newton_step(content_ml_l, capacity, ceiling_mmhg, po2);
        change = (next - po2).abs();
        po2 = next;
    }
    po2
}

/// A step of Newton's method from `po2_mmhg`, no further down than half way to zero.
fn newton_step(content_ml_l: f64, capacity: f64, ceiling_mmhg: f64, po2_mmhg: f64) -> f64 {
    let square = po2_mmhg * po2_mmhg;
    let whole = po2_mmhg * (square + 150.0) + 23_400.0;
    let free = 23_400.0 / whole;
    let excess = capacity * (1.0 - free) + OXYGEN_SOLUBILITY * po2_mmhg - content_ml_l;
    let slope = capacity * (free * free) * (3.0 * square + 150.0) * (1.0 / 23_400.0) + OXYGEN_SOLUBILITY;
    (po2_mmhg - excess / slope).clamp(0.5 * po2_mmhg, ceiling_mmhg)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        /// Pressure and content are inverse to one another over everything that can occur.
        #[test]
        fn content_determines_pressure(
            po2 in 6.0_f64..690.0,
            capacity in 60.0_f64..300.0,
            headroom in 0.0_f64..100.0,
            near in prop_oneof![0.1_f64..2.0, 0.97_f64..1.03],
        ) {
            let ceiling = po2 + headroom;
            let found = pressure_of_content(content(po2, capacity), capacity, ceiling, (near * po2).min(ceiling));
            prop_assert!((found / po2 - 1.0).abs() < 1e-9, "{found} for {po2}");
        }
    }

    #[test]
    fn the_slope_is_that_of_the_curve() {
        for po2 in [10.0, 26.86, 60.0, 100.0, 400.0] {
            let risen = saturation(po2 + 0.01) - saturation(po2 - 0.01);
            assert!((saturation_slope(po2) / (50.0 * risen) - 1.0).abs() < 1e-6, "{po2} mmHg");
        }
    }

    #[test]
    fn severinghaus_curve_at_its_landmarks() {
        // Severinghaus 1979, table 1: 26.86 mmHg at 50 %, 40 mmHg near 75 %, 60 mmHg near 90 %, 100 mmHg at 97.7 %.
        for (po2, expected) in [(26.86, 0.500), (40.0, 0.749), (60.0, 0.909), (100.0, 0.977)] {
            assert!((saturation(po2) - expected).abs() < 0.01, "{po2} mmHg: {}", saturation(po2));
            assert!((pressure_of_saturation(saturation(po2)) - po2).abs() < 1e-9);
        }
    }
}
