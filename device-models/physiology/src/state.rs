//! What the core of a body is made of: its states, what follows from them, and what its parts look at.

use super::inputs::Inputs;
use super::oxygen_debt::Wear;
use super::parameters::Parameters;

/// Length of a step [s]: the simulation's grid.
pub(crate) const STEP_S: f64 = 0.1;

/// The eighteen integrated quantities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// Blood volume [L].
    pub blood_volume_l: f64,
    /// Interstitial volume [L].
    pub interstitial_l: f64,
    /// Mean arterial pressure [mmHg].
    pub map_mmhg: f64,
    /// Pressure as the baroreceptors sense it [mmHg].
    pub baro_sensed_mmhg: f64,
    /// Pressure at which the baroreflex is silent; it follows the pressure with a half-time of 16 h [mmHg].
    pub baro_set_mmhg: f64,
    /// Sympathetic activity, -1 to 2, 0 at rest.
    pub sympathetic: f64,
    /// Vagal activity, -1 to 1, 0 at rest.
    pub vagal: f64,
    /// Effort as the circulation follows it, 0 to 1.
    pub exercise: f64,
    /// Metabolic rate relative to rest.
    pub metabolism: f64,
    /// Alveolar carbon dioxide [mmHg].
    pub alveolar_pco2_mmhg: f64,
    /// Mixed venous carbon dioxide [mmHg].
    pub venous_pco2_mmhg: f64,
    /// Alveolar oxygen [mmHg].
    pub alveolar_po2_mmhg: f64,
    /// Ventilation asked for by the central chemoreceptors [L/min].
    pub central_drive_l_min: f64,
    /// Ventilation asked for by the peripheral chemoreceptors [L/min].
    pub peripheral_drive_l_min: f64,
    /// Core temperature [Cel].
    pub temperature_c: f64,
    /// Lactate [mmol/L].
    pub lactate_mmol_l: f64,
    /// Severity of sepsis reached, 0 to 1.
    pub sepsis: f64,
    /// Haemoglobin [g/dL], which plasma dilutes.
    pub haemoglobin_g_dl: f64,
}

/// What a perfect instrument would show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vitals {
    /// Heart rate [/min].
    pub heart_rate_bpm: f64,
    /// Systolic arterial pressure [mmHg].
    pub sbp_mmhg: f64,
    /// Diastolic arterial pressure [mmHg].
    pub dbp_mmhg: f64,
    /// Mean arterial pressure [mmHg].
    pub map_mmhg: f64,
    /// Central venous pressure [mmHg].
    pub cvp_mmhg: f64,
    /// Stroke volume [mL].
    pub stroke_volume_ml: f64,
    /// Cardiac output [L/min].
    pub cardiac_output_l_min: f64,
    /// Systemic vascular resistance [mmHg min/L].
    pub systemic_resistance: f64,
    /// Respiratory rate [/min], 0 in apnoea.
    pub respiratory_rate_bpm: f64,
    /// Tidal volume [L].
    pub tidal_volume_l: f64,
    /// Minute ventilation [L/min].
    pub minute_ventilation_l_min: f64,
    /// Physiological dead space [L].
    pub dead_space_l: f64,
    /// Arterial carbon dioxide [mmHg].
    pub paco2_mmhg: f64,
    /// Arterial oxygen [mmHg].
    pub pao2_mmhg: f64,
    /// Arterial oxygen saturation, 0 to 1.
    pub sao2: f64,
    /// End-tidal carbon dioxide [mmHg], 0 in apnoea.
    pub etco2_mmhg: f64,
    /// Core temperature [Cel].
    pub temperature_c: f64,
    /// Lactate [mmol/L].
    pub lactate_mmol_l: f64,
}

/// What the parts of the core look at while they advance the states.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub(crate) inputs: &'a Inputs,
    pub(crate) parameters: &'a Parameters,
    pub(crate) rest: &'a Rest,
    /// What a lack of oxygen has taken.
    pub(crate) wear: &'a Wear,
    /// Truth after the previous step.
    pub(crate) previous: &'a Vitals,
}

/// Values that follow from the parameters, computed once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rest {
    pub(crate) systemic_resistance: f64,
    /// Conductance of venous return [L/min per mmHg].
    pub(crate) venous_conductance: f64,
    /// One over the compliance of the veins [mmHg/L], over the blood volume [1/L], over the cardiac output [min/L].
    pub(crate) per_venous_compliance: f64,
    pub(crate) per_blood_volume: f64,
    pub(crate) per_cardiac_output: f64,
    /// Conductance of carbon dioxide from tissue to lung [mL/min per mmHg].
    pub(crate) co2_conductance: f64,
    pub(crate) per_ventilation: f64,
    pub(crate) unstressed_volume_l: f64,
    pub(crate) greatest_stroke_l: f64,
    pub(crate) tidal_volume_l: f64,
    pub(crate) ventilation_l_min: f64,
    /// Arterial oxygen below which the heart and the vessels answer [mmHg].
    pub(crate) chemoreflex_po2_mmhg: f64,
    /// Arterial oxygen below which the peripheral chemoreceptors add drive [mmHg].
    pub(crate) chemoreceptor_po2_mmhg: f64,
    /// Hypoxic drive at that pressure [L/min].
    pub(crate) hypoxic_l_min: f64,
    /// How obstructed the airways are, 0 to 1.
    pub(crate) obstruction: f64,
    pub(crate) vessel_size: f64,
    pub(crate) store_size: f64,
    pub(crate) per_store_size: f64,
}
