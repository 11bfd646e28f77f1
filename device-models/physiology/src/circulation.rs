//! Heart and vessels: the reflexes, and the balance of cardiac function and venous return.
//!
//! Venous return and cardiac function after Guyton ("Circulatory Physiology: Cardiac Output and its Regulation",
//! 1973); a sigmoid baroreflex that resets over hours; pulse pressure from stroke volume and compliance.

use super::elementary::{hill_cubed, logistic, power};
use super::parameters::{FILLING_WIDTH_MMHG, HALF_FILLING_MMHG, Parameters};
use super::respiratory_control::CHEMORECEPTORS_LOST;
use super::state::{STEP_S, Situation, State};

/// Lag of the baroreceptors, and the time in which their set point follows the pressure (half-time 16 h) [s].
const BARORECEPTOR_S: f64 = 1.5;
const BARORECEPTOR_RESET_S: f64 = 83_000.0;

/// Pressure error at which the baroreflex has spent half its range, roughly [mmHg].
const BAROREFLEX_WIDTH_MMHG: f64 = 7.0;

/// Upward shift of the working pressure by full effort and by full chemoreflex [mmHg].
const EFFORT_SHIFT_MMHG: f64 = 30.0;
const CHEMOREFLEX_SHIFT_MMHG: f64 = 9.0;

/// Lags of the sympathetic and the vagal outflow [s].
const SYMPATHETIC_S: f64 = 8.0;
const VAGAL_S: f64 = 1.2;

/// Arterial oxygen at which the chemoreflex begins in a patient who rests above it, and the fall below it at which it
/// is half spent [mmHg].
pub(crate) const CHEMOREFLEX_PO2_MMHG: f64 = 85.0;
const CHEMOREFLEX_HALF_MMHG: f64 = 22.0;

/// Rise of the heart rate with temperature [/min per Cel].
const FEVER_TACHYCARDIA_BPM_C: f64 = 8.5;

/// Fall of the heart rate and of the working pressure in sleep. With the trough of the daily rhythm heart rate is then
/// some 12 % lower and pressure 10 to 15 % ("dipping": O'Brien et al., J Hypertens 2013;31:1731).
const SLEEP_BRADYCARDIA: f64 = 0.07;
const SLEEP_DIP: f64 = 0.06;

/// Limits of the heart rate: the slowest escape, and what an ectopic drive may reach [/min].
const SLOWEST_BPM: f64 = 20.0;
const FASTEST_DRIVEN_BPM: f64 = 250.0;

/// Part of the sinus node's response to sympathetic drive that full sepsis takes: beta receptors no longer answer (Silverman
/// et al., Crit Care Med 1993;21:31). Calibrated: an untreated septic shock then races at some 150 /min.
const SEPTIC_BLUNTING: f64 = 0.25;

/// Saturation below which the sinus node fails: in apnoea the heart slows the more, the deeper the desaturation
/// (Zwillich et al., J Clin Invest 1982;69:1286).
const NODAL_SATURATION: f64 = 0.55;
/// Saturation below which the myocardium fails.
const MYOCARDIAL_SATURATION: f64 = 0.55;
/// Mean arterial pressure below which coronary perfusion fails [mmHg].
const CORONARY_MMHG: f64 = 45.0;
/// Rate above which the ventricle has too little time to fill [/min]. Tachycardias of the heart's own fill the less, the
/// faster they are, from the beginning: their ejection is stated at this rate.
const FILLING_LIMIT_BPM: f64 = 180.0;

/// A rate that the heart's own focus drives beyond what the sinus node asks for brings no more blood: filling shortens by as
/// much, and a little more. Pacing at rest leaves output as it was or lowers it (Ross, Linhart and Braunwald, Circulation
/// 1965;32:549, from memory), an irregular fast rhythm lowers it by a tenth (Clark et al., J Am Coll
/// Cardiol 1997;30:1039, from memory).
const DRIVEN_FILLING: f64 = 1.15;

/// Highest mean arterial pressure, and widest pulse pressure [mmHg]: crises of phaeochromocytoma reach some 300/160
/// (Riester et al., Endocrine 2015;50:8).
const HIGHEST_MAP_MMHG: f64 = 210.0;
const WIDEST_PULSE_MMHG: f64 = 150.0;

/// Share of the pulse pressure that lies above the mean.
pub(crate) const SYSTOLIC_SHARE: f64 = 0.62;

/// Lowest central venous pressure in the balance [mmHg].
const LOWEST_CVP_MMHG: f64 = -4.0;

/// Reflex outflow of this step, as the heart and the vessels receive it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Autonomic {
    /// Sympathetic drive above rest, 0 to 2, fading when volume loss exhausts it.
    pub(crate) drive: f64,
    /// Sympathetic drive below rest, -1 to 0.
    pub(crate) withdrawal: f64,
    /// Heart rate [/min].
    pub(crate) heart_rate_bpm: f64,
    /// Rate that the sinus node asks for [/min].
    pub(crate) sinus_bpm: f64,
}

/// The circulation in balance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) heart_rate_bpm: f64,
    pub(crate) cardiac_output_l_min: f64,
    pub(crate) stroke_volume_ml: f64,
    pub(crate) cvp_mmhg: f64,
    pub(crate) systemic_resistance: f64,
}

/// Advances baroreflex and autonomic outflow, and sets the heart rate.
pub(crate) fn advance_reflexes(situation: &Situation<'_>, state: &mut State) -> Autonomic {
    let Situation { inputs, rest, previous, .. } = *situation;
    state.baro_sensed_mmhg += (STEP_S / BARORECEPTOR_S) * (state.map_mmhg - state.baro_sensed_mmhg);
    state.baro_set_mmhg += (STEP_S / BARORECEPTOR_RESET_S) * (state.baro_sensed_mmhg - state.baro_set_mmhg);
    let chemoreflex = hill_cubed(rest.chemoreflex_po2_mmhg - previous.pao2_mmhg, CHEMOREFLEX_HALF_MMHG)
        * (1.0 - CHEMORECEPTORS_LOST * inputs.anaesthesia);
    let working_mmhg = state.baro_set_mmhg * (1.0 + 0.06 * inputs.circadian - SLEEP_DIP * inputs.sleep)
        + EFFORT_SHIFT_MMHG * state.exercise
        + CHEMOREFLEX_SHIFT_MMHG * chemoreflex;
    let reflex = (2.0 * logistic((working_mmhg - state.baro_sensed_mmhg) * (1.0 / BAROREFLEX_WIDTH_MMHG)) - 1.0)
        * (1.0 - inputs.baroreflex_loss);

    let sympathetic = 1.5 * reflex + 0.9 * chemoreflex + 0.10 * state.sepsis - 0.4 * inputs.opioid;
    let vagal = -reflex - 0.8 * chemoreflex - 0.3 * state.sepsis;
    state.sympathetic += (STEP_S / SYMPATHETIC_S) * (sympathetic.clamp(-1.0, 2.0) - state.sympathetic);
    state.vagal += (STEP_S / VAGAL_S) * (vagal.clamp(-1.0, 1.0) - state.vagal);

    // Beyond a loss of some 40 % the sympathetic drive no longer holds the vessels.
    let loss = 1.0 - state.blood_volume_l * rest.per_blood_volume;
    let (heart_rate_bpm, sinus_bpm) = heart_rates_bpm(situation, state, chemoreflex);
    Autonomic {
        drive: state.sympathetic.max(0.0) * (1.0 - 0.8 * exhaustion(loss)),
        withdrawal: state.sympathetic.min(0.0),
        heart_rate_bpm,
        sinus_bpm,
    }
}

/// Hill's function of the lost share of the blood with half its effect at 0.42 and an exponent of 12.
fn exhaustion(loss: f64) -> f64 {
    let square = loss.max(0.0) * (1.0 / 0.42) * (loss.max(0.0) * (1.0 / 0.42));
    let sixth = square * square * square;
    let twelfth = sixth * sixth;
    twelfth / (1.0 + twelfth)
}

/// Rate of the ventricles, and that which the sinus node asks for [/min].
fn heart_rates_bpm(situation: &Situation<'_>, state: &State, chemoreflex: f64) -> (f64, f64) {
    let Situation { inputs, parameters, previous, .. } = *situation;
    let excitation = state.sympathetic.max(0.0);
    let response = 0.52 * (1.0 - SEPTIC_BLUNTING * state.sepsis);
    let autonomic = 1.0 - 0.22 * state.vagal + response * excitation + 0.12 * state.sympathetic.min(0.0);
    let reserve_bpm = parameters.heart_rate_max_bpm - parameters.heart_rate_bpm;
    let mut rate_bpm =
        parameters.heart_rate_bpm * (1.0 + 0.05 * inputs.circadian - SLEEP_BRADYCARDIA * inputs.sleep) * autonomic
            + FEVER_TACHYCARDIA_BPM_C * (state.temperature_c - parameters.temperature_c)
            + reserve_bpm * 0.78 * state.exercise * (1.0 - 0.25 * excitation)
            - 8.0 * inputs.opioid
            + 16.0 * chemoreflex
            + inputs.chronotropy_bpm;
    if previous.sao2 < NODAL_SATURATION {
        rate_bpm *= (previous.sao2 / NODAL_SATURATION).max(0.25);
    }
    let sinus_bpm = rate_bpm.clamp(SLOWEST_BPM, parameters.heart_rate_max_bpm);
    if let Some(ventricular_bpm) = inputs.ventricular_rate_bpm {
        return (ventricular_bpm.clamp(0.0, FASTEST_DRIVEN_BPM), sinus_bpm);
    }
    let heart_rate_bpm = if inputs.heart_rate_drive_bpm == 0.0 {
        sinus_bpm
    } else {
        (sinus_bpm + inputs.heart_rate_drive_bpm).clamp(SLOWEST_BPM, FASTEST_DRIVEN_BPM)
    };
    (heart_rate_bpm, sinus_bpm)
}

/// Balances heart and vessels, and moves the arterial pressure towards the balance.
pub(crate) fn advance_flow(situation: &Situation<'_>, state: &mut State, autonomic: &Autonomic) -> Flow {
    let Situation { inputs, parameters, rest, wear, previous } = *situation;
    let Autonomic { drive, withdrawal, heart_rate_bpm, .. } = *autonomic;
    let dilation = 1.0 + 0.30 * (state.metabolism - 1.0);
    let systemic_resistance = rest.systemic_resistance
        * (1.0 + 0.72 * drive * (1.0 - 0.6 * state.sepsis) + 0.30 * withdrawal)
        * (1.0 - 0.80 * state.sepsis)
        * wear.tone
        * (1.0 + inputs.vasoconstriction)
        * (1.0 - 0.10 * inputs.opioid)
        / dilation;
    let recruited_l =
        0.55 * drive + 0.25 * withdrawal - 0.45 * state.sepsis - 0.50 * inputs.tilt + inputs.venoconstriction_l;
    let unstressed_l = rest.unstressed_volume_l - rest.vessel_size * recruited_l;
    let filling_mmhg = ((state.blood_volume_l - unstressed_l) * rest.per_venous_compliance).max(0.3);
    let venous_conductance = rest.venous_conductance * power(dilation, 0.85) / (1.0 - 0.25 * state.sepsis);

    let afterload = power(parameters.map_mmhg / state.map_mmhg.max(40.0), 0.15).min(1.05);
    let pumping_l_min =
        heart_rate_bpm * rest.greatest_stroke_l * contractility(situation, state, autonomic) * afterload;
    let cvp_mmhg = balance_cvp(pumping_l_min, filling_mmhg, venous_conductance, previous.cvp_mmhg);
    let cardiac_output_l_min = ((filling_mmhg - cvp_mmhg) * venous_conductance).max(0.05);

    let runoff_s = (0.06 * systemic_resistance * parameters.arterial_compliance_ml_mmhg).max(0.5);
    state.map_mmhg += STEP_S * (cvp_mmhg + cardiac_output_l_min * systemic_resistance - state.map_mmhg) / runoff_s;
    // Beyond this the ventricle fails or a vessel gives way; pressors in excess would otherwise know no end.
    state.map_mmhg = state.map_mmhg.min(HIGHEST_MAP_MMHG);
    Flow {
        heart_rate_bpm,
        cardiac_output_l_min,
        stroke_volume_ml: if heart_rate_bpm > 0.0 { 1_000.0 * cardiac_output_l_min / heart_rate_bpm } else { 0.0 },
        cvp_mmhg,
        systemic_resistance,
    }
}

/// Strength of the ventricle relative to rest.
fn contractility(situation: &Situation<'_>, state: &State, autonomic: &Autonomic) -> f64 {
    let Situation { inputs, wear, previous, .. } = *situation;
    let heart_rate_bpm = autonomic.heart_rate_bpm;
    let mut strength = (1.0 + 0.30 * autonomic.drive)
        * (1.0 - 0.55 * (state.sepsis - 0.4).max(0.0))
        * (1.0 - 0.05 * inputs.opioid)
        * (1.0 + 0.35 * state.exercise)
        * (1.0 + inputs.contractility)
        * wear.strength
        * inputs.ejection;
    if previous.sao2 < MYOCARDIAL_SATURATION {
        let oxygenation = previous.sao2.max(0.05) / MYOCARDIAL_SATURATION;
        strength *= oxygenation * libm::sqrt(oxygenation);
    }
    if heart_rate_bpm > FILLING_LIMIT_BPM {
        strength *= FILLING_LIMIT_BPM / heart_rate_bpm;
    }
    if inputs.heart_rate_drive_bpm > 0.0 && inputs.ventricular_rate_bpm.is_none() {
        strength *= power(autonomic.sinus_bpm / heart_rate_bpm, DRIVEN_FILLING);
    }
    if inputs.ejection < 1.0 && heart_rate_bpm > SLOWEST_BPM {
        strength *= (FILLING_LIMIT_BPM / heart_rate_bpm).min(2.0);
    }
    if state.map_mmhg < CORONARY_MMHG {
        strength *= state.map_mmhg / CORONARY_MMHG;
    }
    strength
}

/// Steps that end the search [mmHg]. Newton's converge quadratically: the error left after one of 2e-5 mmHg is below
/// 1e-9 mmHg, while bisection leaves as much as its last step.
const LAST_NEWTON_MMHG: f64 = 2e-5;
const LAST_BISECTION_MMHG: f64 = 1e-9;

/// Central venous pressure [mmHg] at which the heart pumps what the veins return.
///
/// Newton's method from the previous step's pressure, inside a bracket: the difference of the rising cardiac function
/// curve and the falling venous return curve has exactly one zero. The sigmoid is flat on either side, where Newton's
/// steps may swing to and fro; a step that does not halve the one before is replaced by a bisection.
fn balance_cvp(pumping_l_min: f64, filling_mmhg: f64, conductance: f64, previous_mmhg: f64) -> f64 {
    let (mut low, mut high) = (LOWEST_CVP_MMHG, filling_mmhg);
    let mut cvp = previous_mmhg.clamp(low, high);
    let mut step_before = high - low;
    for _ in 0..100 {
        let filled = logistic((cvp - HALF_FILLING_MMHG) * (1.0 / FILLING_WIDTH_MMHG));
        let excess = pumping_l_min * filled - (filling_mmhg - cvp) * conductance;
        if excess < 0.0 {
            low = cvp;
        } else {
            high = cvp;
        }
        let slope = pumping_l_min * filled * (1.0 - filled) * (1.0 / FILLING_WIDTH_MMHG) + conductance;
        let mut next = cvp - excess / slope;
        let mut last_mmhg = LAST_NEWTON_MMHG;
        if next < low || next > high || (next - cvp).abs() > 0.5 * step_before {
            next = 0.5 * (low + high);
            last_mmhg = LAST_BISECTION_MMHG;
        }
        step_before = (next - cvp).abs();
        cvp = next;
        if step_before < last_mmhg {
            break;
        }
    }
    cvp
}

/// Systolic and diastolic pressure around a mean [mmHg], from the stroke volume [mL].
///
/// Arteries stiffen as they stretch, hence the factor that grows with the mean pressure.
pub(crate) fn pulse_pressures(parameters: &Parameters, map_mmhg: f64, stroke_volume_ml: f64) -> (f64, f64) {
    let stiffening = (1.0 + 0.008 * (map_mmhg - 90.0)).max(0.5);
    let pulse_mmhg = (stroke_volume_ml / parameters.arterial_compliance_ml_mmhg * stiffening).min(WIDEST_PULSE_MMHG);
    (map_mmhg + SYSTOLIC_SHARE * pulse_mmhg, map_mmhg - (1.0 - SYSTOLIC_SHARE) * pulse_mmhg)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        /// The balance is a zero of the two curves' difference, from any starting point.
        #[test]
        fn heart_and_veins_agree(
            pumping in 0.1_f64..60.0,
            filling in 0.3_f64..30.0,
            resistance in 0.05_f64..3.0,
            previous in -4.0_f64..30.0,
        ) {
            let cvp = balance_cvp(pumping, filling, 1.0 / resistance, previous);
            let pumped = pumping * logistic((cvp - HALF_FILLING_MMHG) / FILLING_WIDTH_MMHG);
            let returned = (filling - cvp) / resistance;
            // Only a heart stronger than any drains the veins to the lowest pressure of the bracket.
            let drained = cvp < LOWEST_CVP_MMHG + 1e-6 && pumped > returned;
            prop_assert!(drained || (pumped - returned).abs() < 1e-6, "{pumped} {returned}");
        }
    }
}
