//! The cardio-respiratory core: eighteen states, one explicit Euler step per 100 ms.
//!
//! A lumped model of the circulation (Guyton's intersection of cardiac function and venous return), its reflexes,
//! the control of breathing, and the stores of oxygen, carbon dioxide and heat. Rest is a fixed point. Explicit
//! Euler at 100 ms agrees with 20 ms to better than 0.1 % in a fast haemorrhage.
//!
//! A lack of oxygen has consequences of its own: see `oxygen_debt.rs`.
//!
//! Known limits: a loss of 1 L lowers systolic pressure by 19 mmHg (textbooks: hardly at all), breathing in shock is
//! some ten breaths slower than the textbook's class III, the heart of late sepsis is fast (153 /min), there is no
//! hypoxic bradycardia above a saturation of 55 %, and breathing overshoots when an opioid is reversed.

use super::inputs::OwnInputs;
use super::oxygen_debt::{self, OxygenDebt, Shortage, Wear};
use super::parameters::Parameters;
use super::state::{Rest, Situation, State, Vitals};
use super::{circulation, gas_exchange, metabolism, respiratory_control};

/// One patient's core.
#[derive(Debug, Clone)]
pub struct Core {
    /// Causes acting from now on.
    pub inputs: OwnInputs,
    parameters: Parameters,
    rest: Rest,
    state: State,
    vitals: Vitals,
    /// Only of those who lack oxygen, or did.
    debt: Option<Box<OxygenDebt>>,
}

impl Core {
    /// A patient at rest.
    pub fn new(mut parameters: Parameters) -> Self {
        let inputs = OwnInputs::default();
        // A scenario may ask for a resting rate beyond what the age predicts as the greatest one.
        parameters.heart_rate_max_bpm = parameters.heart_rate_max_bpm.max(parameters.heart_rate_bpm);
        let alveolar_po2_mmhg = gas_exchange::resting_alveolar_po2(&parameters, inputs.fio2);
        let blood = gas_exchange::resting_arterial(&parameters, alveolar_po2_mmhg);
        let tidal_volume_l = parameters.tidal_volume_l();
        let chemoreceptor_po2_mmhg = blood.po2_mmhg.min(respiratory_control::CHEMORECEPTOR_PO2_MMHG);
        let rest = Rest {
            systemic_resistance: parameters.systemic_resistance(),
            venous_conductance: 1.0 / parameters.venous_resistance(),
            per_venous_compliance: 1.0 / parameters.venous_compliance_l_mmhg(),
            per_blood_volume: 1.0 / parameters.blood_volume_l,
            per_cardiac_output: 1.0 / parameters.cardiac_output_l_min,
            co2_conductance: gas_exchange::resting_conductance(&parameters),
            per_ventilation: 1.0 / (tidal_volume_l * parameters.respiratory_rate_bpm),
            unstressed_volume_l: parameters.unstressed_volume_l(),
            greatest_stroke_l: parameters.greatest_stroke_l(),
            tidal_volume_l,
            ventilation_l_min: tidal_volume_l * parameters.respiratory_rate_bpm,
            chemoreflex_po2_mmhg: blood.po2_mmhg.min(circulation::CHEMOREFLEX_PO2_MMHG),
            chemoreceptor_po2_mmhg,
            hypoxic_l_min: respiratory_control::hypoxic_l_min(chemoreceptor_po2_mmhg),
            obstruction: parameters.obstruction(),
            vessel_size: parameters.vessel_size(),
            store_size: parameters.store_size(),
            per_store_size: 1.0 / parameters.store_size(),
        };
        let state = State {
            blood_volume_l: parameters.blood_volume_l,
            interstitial_l: metabolism::INTERSTITIAL_L * rest.vessel_size,
            map_mmhg: parameters.map_mmhg,
            baro_sensed_mmhg: parameters.map_mmhg,
            baro_set_mmhg: parameters.map_mmhg,
            sympathetic: 0.0,
            vagal: 0.0,
            exercise: 0.0,
            metabolism: 1.0,
            alveolar_pco2_mmhg: parameters.paco2_mmhg,
            venous_pco2_mmhg: parameters.paco2_mmhg + gas_exchange::resting_venous_step_mmhg(&parameters),
            alveolar_po2_mmhg,
            central_drive_l_min: 0.0,
            peripheral_drive_l_min: 0.0,
            temperature_c: parameters.temperature_c,
            lactate_mmol_l: 1.0,
            sepsis: 0.0,
            haemoglobin_g_dl: parameters.haemoglobin_g_dl,
        };
        let stroke_volume_ml = 1_000.0 * parameters.cardiac_output_l_min / parameters.heart_rate_bpm;
        let (sbp_mmhg, dbp_mmhg) = circulation::pulse_pressures(&parameters, parameters.map_mmhg, stroke_volume_ml);
        let vitals = Vitals {
            heart_rate_bpm: parameters.heart_rate_bpm,
            sbp_mmhg,
            dbp_mmhg,
            map_mmhg: parameters.map_mmhg,
            cvp_mmhg: parameters.cvp_mmhg,
            stroke_volume_ml,
            cardiac_output_l_min: parameters.cardiac_output_l_min,
            systemic_resistance: rest.systemic_resistance,
            respiratory_rate_bpm: parameters.respiratory_rate_bpm,
            tidal_volume_l,
            minute_ventilation_l_min: rest.ventilation_l_min,
            dead_space_l: parameters.dead_space_l,
            paco2_mmhg: parameters.paco2_mmhg,
            pao2_mmhg: blood.po2_mmhg,
            sao2: blood.saturation,
            etco2_mmhg: gas_exchange::end_tidal_pco2(parameters.paco2_mmhg, 1.0),
            temperature_c: parameters.temperature_c,
            lactate_mmol_l: 1.0,
        };
        let mut core = Self { inputs, parameters, rest, state, vitals, debt: None };
        if parameters.sepsis > 0.0 || parameters.blood_loss > 0.0 {
            core.settle();
        }
        core
    }

    /// Lets the patient's sepsis and blood loss act until reflexes, breathing and gases have settled.
    fn settle(&mut self) {
        /// A quarter of an hour: the tissues' carbon dioxide and the central chemoreceptors are the slowest of them.
        const STEPS: u32 = 9_000;
        let Parameters { sepsis, blood_loss, .. } = self.parameters;
        self.inputs.sepsis = sepsis;
        self.state.sepsis = sepsis;
        self.state.blood_volume_l *= 1.0 - blood_loss;
        self.state.temperature_c += metabolism::septic_fever_c(sepsis);
        self.state.lactate_mmol_l += metabolism::septic_lactate_mmol_l(sepsis);
        for _ in 0..STEPS {
            self.step();
        }
    }

    /// Advances by one grid step of 100 ms.
    ///
    /// The parts follow one another as cause and effect do: heat and fluids, reflexes, heart and vessels, breathing,
    /// gases. Each part sees the states that the parts before it have already advanced.
    pub fn step(&mut self) {
        let Self { inputs, parameters, rest, state, vitals, debt } = self;
        let wear = debt.as_deref().map_or(Wear::NONE, |debt| *debt.wear());
        let situation = Situation { inputs, parameters, rest, wear: &wear, previous: vitals };
        let q10 = metabolism::advance(&situation, state);
        let autonomic = circulation::advance_reflexes(&situation, state);
        let flow = circulation::advance_flow(&situation, state, &autonomic);
        let flow_ratio = flow.cardiac_output_l_min * rest.per_cardiac_output;
        let breaths = respiratory_control::advance(&situation, state, q10, autonomic.drive, flow_ratio);
        gas_exchange::advance_carbon_dioxide(&situation, state, &breaths, flow_ratio);
        let blood = gas_exchange::advance_oxygen(&situation, state, &breaths, flow.cardiac_output_l_min);
        let shortage = Shortage::of(&situation, state, &blood, flow.cardiac_output_l_min);
        metabolism::advance_lactate(state, &shortage);
        oxygen_debt::advance(debt, &situation, state, blood.saturation, &shortage);

        let (sbp_mmhg, dbp_mmhg) = circulation::pulse_pressures(parameters, state.map_mmhg, flow.stroke_volume_ml);
        let breathing = breaths.rate_bpm > 0.0;
        *vitals = Vitals {
            heart_rate_bpm: flow.heart_rate_bpm,
            sbp_mmhg,
            dbp_mmhg,
            map_mmhg: state.map_mmhg,
            cvp_mmhg: flow.cvp_mmhg,
            stroke_volume_ml: flow.stroke_volume_ml,
            cardiac_output_l_min: flow.cardiac_output_l_min,
            systemic_resistance: flow.systemic_resistance,
            respiratory_rate_bpm: breaths.rate_bpm,
            tidal_volume_l: breaths.tidal_volume_l,
            minute_ventilation_l_min: breaths.rate_bpm * breaths.tidal_volume_l,
            dead_space_l: breaths.dead_space_l,
            paco2_mmhg: state.alveolar_pco2_mmhg,
            pao2_mmhg: blood.po2_mmhg,
            sao2: blood.saturation,
            etco2_mmhg: if breathing {
                gas_exchange::end_tidal_pco2(state.alveolar_pco2_mmhg, flow_ratio)
            } else {
                0.0
            },
            temperature_c: state.temperature_c,
            lactate_mmol_l: state.lactate_mmol_l,
        };
    }

    /// Truth after the latest step.
    pub fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    /// Integrated quantities after the latest step.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the patient owes for oxygen that was lacking.
    pub fn oxygen_debt(&self) -> Option<&OxygenDebt> {
        self.debt.as_deref()
    }

    /// Who the patient is.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

#[cfg(test)]
mod tests;
