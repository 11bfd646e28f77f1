//! Slow parts of the core: effort, sepsis, heat, body fluids and lactate.

use super::elementary::{hill, power};
use super::oxygen_debt::Shortage;
use super::state::{STEP_S, Situation, State};

/// Interstitial volume of the reference adult [L].
pub(crate) const INTERSTITIAL_L: f64 = 11.0;

/// Below this interstitial volume of the reference adult nothing flows back into the vessels [L].
const INTERSTITIAL_FLOOR_L: f64 = 8.0;

/// Time constants with which the circulation follows effort and rest [s].
const EFFORT_RISE_S: f64 = 25.0;
const EFFORT_FALL_S: f64 = 50.0;

/// Sepsis develops over an hour and a half [s].
const SEPSIS_S: f64 = 5_400.0;

/// Metabolism follows effort with the kinetics of oxygen uptake [s] (Whipp and Wasserman, J Appl Physiol 1972).
const METABOLISM_S: f64 = 35.0;

/// Metabolism rises by ten per cent per degree (Du Bois 1921: 7 to 13 %): the natural logarithm of 1.10.
const LN_OF_TEN_PER_CENT: f64 = 0.095_310_179_804_324_87;

/// Part of the metabolism at rest that general anaesthesia takes away: 33 of some 130 mL/min/m2 of oxygen (meta-analysis of 24
/// studies: Jakobsson et al., Acta Anaesthesiol Scand 2019;63:144).
const METABOLISM_SPARED: f64 = 0.25;

/// Greatest oxygen uptake over rest, in multiples of rest.
const AEROBIC_SCOPE: f64 = 11.0;

/// Heat capacity over heat loss [s].
const HEAT_S: f64 = 2_400.0;

/// Warming by full effort [Cel/s].
const EFFORT_HEAT_C_S: f64 = 2.2e-4;

/// Without a circulation nothing makes heat or carries it to the skin: a body then cools towards the room [Cel] with this time
/// constant [s], some 0.8 Cel in the first hour (the rule of thumb of forensic medicine, from memory).
const ROOM_C: f64 = 22.0;
const CORPSE_S: f64 = 68_000.0;

/// Mean pressure below which a wound bleeds less [mmHg]; without any it does not bleed.
const BLEEDING_MMHG: f64 = 25.0;

/// Share of a crystalloid that stays in the vessels.
const CRYSTALLOID_SHARE: f64 = 0.30;

/// Transcapillary refill of lost volume, and capillary leak at full sepsis [1/s, L/s].
const REFILL_PER_S: f64 = 0.25 / 3_600.0;
const LEAK_L_S: f64 = 0.20 / 3_600.0;

/// Time constant of lactate [s].
const LACTATE_S: f64 = 1_500.0;

/// Venous saturation below which lactate rises: an oxygen pressure of 28 mmHg (Kasnitz et al., JAMA 1976;236:570); and the
/// lactate that its fall to nothing, and organs without any pressure, lead to [mmol/L].
const LACTATE_VENOUS_SATURATION: f64 = 0.504;
const LACTATE_OF_EXTRACTION: f64 = 16.5;
const LACTATE_OF_PRESSURE: f64 = 25.0;

/// Where lactate goes when no oxygen comes at all [mmol/L]: levels after an arrest are 5 to 15, the highest that anybody
/// survived some 30 (Kruse et al., Scand J Trauma Resusc Emerg Med 2011;19:74).
const MOST_LACTATE_MMOL_L: f64 = 30.0;

/// Haemoglobin of transfused blood [g/dL].
const TRANSFUSED_G_DL: f64 = 14.0;

/// Advances effort, sepsis, metabolism, heat and fluids; returns the factor by which temperature speeds metabolism.
pub(crate) fn advance(situation: &Situation<'_>, state: &mut State) -> f64 {
    let Situation { inputs, parameters, rest, wear, .. } = *situation;
    let effort = inputs.exercise + inputs.arousal;
    let share = if effort > state.exercise { STEP_S / EFFORT_RISE_S } else { STEP_S / EFFORT_FALL_S };
    state.exercise += share * (effort - state.exercise);
    state.sepsis += (STEP_S / SEPSIS_S) * (inputs.sepsis - state.sepsis);

    let q10 = libm::exp(LN_OF_TEN_PER_CENT * (state.temperature_c - parameters.temperature_c));
    let wakeful = 1.0 - METABOLISM_SPARED * inputs.anaesthesia;
    state.metabolism +=
        (STEP_S / METABOLISM_S) * ((wakeful + AEROBIC_SCOPE * inputs.exercise) * q10 - state.metabolism);
    let set_point_c =
        parameters.temperature_c + septic_fever_c(state.sepsis) + inputs.fever_c + 0.35 * inputs.circadian;
    state.temperature_c += STEP_S
        * if inputs.ejection > 0.0 {
            (set_point_c - state.temperature_c) * (1.0 / HEAT_S) + EFFORT_HEAT_C_S * state.exercise
        } else {
            (ROOM_C - state.temperature_c) * (1.0 / CORPSE_S)
        };

    let size = rest.vessel_size;
    let refill_l_s = if state.interstitial_l > INTERSTITIAL_FLOOR_L * size {
        (parameters.blood_volume_l - state.blood_volume_l) * REFILL_PER_S * wear.refill
    } else {
        0.0
    };
    // No circulation, neither refill nor leak: the capillaries must be perfused.
    let exchange_l_s =
        if inputs.ejection > 0.0 { refill_l_s - LEAK_L_S * size * (state.sepsis + wear.leak) } else { 0.0 };
    let bleed_l_s = match state.map_mmhg {
        _ if inputs.ejection == 0.0 => 0.0,
        low_mmhg if low_mmhg < BLEEDING_MMHG => inputs.bleed_l_s * (low_mmhg / BLEEDING_MMHG).max(0.0),
        _ => inputs.bleed_l_s,
    };
    let gain_l_s = inputs.blood_l_s - bleed_l_s + CRYSTALLOID_SHARE * inputs.fluid_l_s + exchange_l_s;
    dilute(situation, state, CRYSTALLOID_SHARE * inputs.fluid_l_s + exchange_l_s);
    state.blood_volume_l = (state.blood_volume_l + STEP_S * gain_l_s).max(0.0);
    state.interstitial_l += STEP_S * ((1.0 - CRYSTALLOID_SHARE) * inputs.fluid_l_s - exchange_l_s);
    q10
}

/// Mixes what flows into the vessels with the blood: plasma [L/s] dilutes it, a transfusion brings haemoglobin. What
/// leaks in sepsis takes albumin and water along and does not thicken the blood for long, so a loss of plasma counts for
/// nothing.
fn dilute(situation: &Situation<'_>, state: &mut State, plasma_l_s: f64) {
    let blood_l_s = situation.inputs.blood_l_s;
    if plasma_l_s <= 0.0 && blood_l_s <= 0.0 {
        return;
    }
    let brought = blood_l_s * (TRANSFUSED_G_DL - state.haemoglobin_g_dl);
    let diluted = plasma_l_s.max(0.0) * state.haemoglobin_g_dl;
    state.haemoglobin_g_dl += STEP_S * (brought - diluted) / state.blood_volume_l.max(0.5);
}

/// Advances lactate: oxygen that is lacking, organs without pressure, and sepsis make it.
pub(crate) fn advance_lactate(state: &mut State, shortage: &Shortage) {
    let target = 1.0
        + LACTATE_OF_EXTRACTION * (LACTATE_VENOUS_SATURATION - shortage.venous_saturation).max(0.0)
        + LACTATE_OF_PRESSURE * shortage.low_pressure
        + septic_lactate_mmol_l(state.sepsis);
    let target = target.min(MOST_LACTATE_MMOL_L);
    state.lactate_mmol_l += (STEP_S / LACTATE_S) * (target - state.lactate_mmol_l);
}

/// Rise of the temperature's set point in sepsis [Cel].
pub(crate) fn septic_fever_c(sepsis: f64) -> f64 {
    2.5 * hill(sepsis, 0.25, 1.5)
}

/// Lactate that sepsis adds when oxygen suffices [mmol/L].
pub(crate) fn septic_lactate_mmol_l(sepsis: f64) -> f64 {
    if sepsis > 0.0 { 3.5 * power(sepsis, 1.3) } else { 0.0 }
}
