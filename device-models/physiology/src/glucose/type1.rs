//! Type 1 diabetes: the S2008 model.
//!
//! Equations: Dalla Man, Rizza and Cobelli, IEEE Trans Biomed Eng 2007;54:1740, with subcutaneous insulin and
//! interstitial glucose as in Kovatchev, Breton, Dalla Man and Cobelli, J Diabetes Sci Technol 2009;3:44.
//! An amount that a step would carry below zero stops at zero.

use super::adrenaline::{self, adrenaline};
use super::conditions::{Conditions, Modifiers};
use super::counter_regulation::{
    BASAL_GLUCAGON_PG_ML, BASAL_SECRETION, Glucagon, autoregulation_mg_kg_min, insulin_amplification,
};
use super::dose::Units;
use super::kidney::overflow_mg_kg_min;
use super::meal::Plate;
use super::parameters::{PMOL_PER_UNIT, Parameters};

/// Length of a step [min]. Explicit Euler at this length is off by 4 mg/dL, the Runge-Kutta method by 0.003.
const STEP_MIN: f64 = 1.0;

/// Number of integrated quantities: the thirteen of S2008 and the three of glucagon.
const STATES: usize = 16;

/// The one state that may be negative: the action of insulin on uptake, relative to basal.
const UPTAKE_ACTION: usize = 6;

/// Where the interstitial glucose stands among the states.
const INTERSTITIUM: usize = 12;

/// One person with type 1 diabetes.
#[derive(Debug, Clone, PartialEq)]
pub struct Type1 {
    parameters: Parameters,
    /// Stomach solid, stomach liquid, gut [mg]; glucose in plasma and tissue [mg/kg]; insulin in plasma [pmol/kg];
    /// its action on uptake, its delay and its action on production [pmol/L]; insulin in the liver, under the skin
    /// undissociated and dissociated [pmol/kg]; interstitial glucose [mg/kg]; glucagon's secretion, concentration
    /// and action.
    states: [f64; STATES],
    plate: Plate,
    /// Glucose below which adrenaline comes [mg/dL]; nobody is defended without one.
    defended_below_mg_dl: Option<f64>,
}

/// What enters the body in one minute.
struct Intake {
    carbohydrate_mg_min: f64,
    insulin_pmol_kg_min: f64,
    meal_size_mg: f64,
}

impl Type1 {
    /// A person in the basal state, fed nothing and treated with [`Parameters::basal_rate`]; S2008 alone.
    pub fn new(parameters: Parameters) -> Self {
        let appearance = parameters.basal_appearance_pmol_kg_min();
        let undissociated = appearance / (parameters.slow_absorption_per_min + parameters.dissociation_per_min);
        let states = [
            0.0,
            0.0,
            0.0,
            parameters.basal_plasma_mg_kg(),
            parameters.basal_tissue_mg_kg(),
            parameters.basal_plasma_insulin_pmol_kg(),
            0.0,
            parameters.basal_insulin_pmol_l,
            parameters.basal_insulin_pmol_l,
            parameters.basal_liver_insulin_pmol_kg(),
            undissociated,
            undissociated * parameters.dissociation_per_min / parameters.absorption_per_min,
            parameters.basal_plasma_mg_kg(),
            BASAL_SECRETION,
            BASAL_GLUCAGON_PG_ML,
            0.0,
        ];
        Self { parameters, states, plate: Plate::default(), defended_below_mg_dl: None }
    }

    /// Adds the defences against low glucose: those of S2013, and adrenaline below this glucose [mg/dL].
    #[must_use]
    pub fn with_counter_regulation(mut self, adrenaline_below_mg_dl: f64) -> Self {
        self.defended_below_mg_dl = Some(adrenaline_below_mg_dl);
        self
    }

    /// Serves carbohydrate [g], eaten from the next minute on at 5 g/min.
    pub fn serve(&mut self, carbohydrate_g: f64) {
        self.plate.serve(carbohydrate_g);
    }

    /// Advances by one minute in which this insulin leaves pump or pen.
    pub fn advance_minute(&mut self, insulin: Units, conditions: &Conditions) {
        let bite_g = self.plate.eat_minute(self.states[0] + self.states[1]);
        let delivered = insulin.0 * conditions.site_delivery;
        let intake = Intake {
            carbohydrate_mg_min: 1_000.0 * bite_g,
            insulin_pmol_kg_min: delivered * PMOL_PER_UNIT / self.parameters.weight_kg,
            meal_size_mg: self.plate.meal_size_mg(),
        };
        let modifiers = conditions.modifiers();
        let first = self.rates(&self.states, &intake, &modifiers);
        let second = self.rates(&self.states_after(&first, 0.5 * STEP_MIN), &intake, &modifiers);
        let third = self.rates(&self.states_after(&second, 0.5 * STEP_MIN), &intake, &modifiers);
        let fourth = self.rates(&self.states_after(&third, STEP_MIN), &intake, &modifiers);
        for (index, state) in self.states.iter_mut().enumerate() {
            *state += STEP_MIN / 6.0 * (first[index] + 2.0 * second[index] + 2.0 * third[index] + fourth[index]);
            if index != UPTAKE_ACTION {
                *state = state.max(0.0);
            }
        }
    }

    fn states_after(&self, rates: &[f64; STATES], minutes: f64) -> [f64; STATES] {
        std::array::from_fn(|index| self.states[index] + minutes * rates[index])
    }

    /// Rates of change [per minute].
    fn rates(&self, states: &[f64; STATES], intake: &Intake, modifiers: &Modifiers) -> [f64; STATES] {
        let person = &self.parameters;
        let [solid, liquid, gut, plasma, tissue, insulin, uptake_action, delayed, production_action, liver, ..] =
            *states;
        let [undissociated, dissociated, interstitium, secretion, concentration, action] =
            [states[10], states[11], states[INTERSTITIUM], states[13], states[14], states[15]];
        let glucagon = Glucagon { secretion, concentration, action };
        let glucose_mg_dl = plasma / person.glucose_volume_dl_kg;
        let insulin_pmol_l = insulin / person.insulin_volume_l_kg;

        let emptying = self.emptying_per_min(solid + liquid, intake.meal_size_mg);
        let appearance = person.absorbed_part * person.gut_absorption_per_min * gut / person.weight_kg;
        let mut production = person.production_mg_kg_min * modifiers.production
            - person.production_glucose_per_min * plasma
            - person.production_insulin_gain * modifiers.production_action * production_action;
        let mut excretion = person.renal_excretion_per_min * (plasma - person.renal_threshold_mg_kg).max(0.0);
        let mut acting = uptake_action;
        let (mut uptake_left, mut brain_uptake_left, mut of_itself) = (1.0, 1.0, 0.0);
        if let Some(begins_mg_dl) = self.defended_below_mg_dl {
            let strength = adrenaline(glucose_mg_dl, begins_mg_dl);
            production += glucagon.production_mg_kg_min() + adrenaline::production_mg_kg_min(strength);
            excretion += overflow_mg_kg_min(glucose_mg_dl);
            uptake_left = adrenaline::uptake_left(strength);
            brain_uptake_left = adrenaline::brain_uptake_left(glucose_mg_dl);
            of_itself = autoregulation_mg_kg_min(glucose_mg_dl);
            if acting > 0.0 {
                acting *= insulin_amplification(glucose_mg_dl);
            }
        }
        // At most what there is in a minute: a large overdose asks for more, and the step would overshoot below zero.
        let tissue_left = tissue.max(0.0);
        let dependent_uptake = ((person.uptake_mg_kg_min + person.uptake_gain * modifiers.uptake_action * acting)
            .max(0.0)
            * modifiers.dependent_uptake
            * uptake_left
            * tissue_left
            / (person.half_uptake_mg_kg + tissue_left))
            .min(tissue_left);
        let to_tissue = person.plasma_to_tissue_per_min * plasma - person.tissue_to_plasma_per_min * tissue;
        let independent_uptake =
            person.brain_uptake_mg_kg_min * brain_uptake_left + modifiers.independent_uptake_mg_kg_min;
        let plasma_rate = production.max(0.0) + of_itself + appearance + modifiers.influx_mg_kg_min
            - independent_uptake
            - excretion
            - to_tissue;

        let glucagon_rates = if self.defended_below_mg_dl.is_some() {
            let slope_mg_dl_min = plasma_rate / person.glucose_volume_dl_kg;
            glucagon.rates(person, glucose_mg_dl, slope_mg_dl_min, insulin_pmol_l)
        } else {
            [0.0; 3]
        };
        [
            intake.carbohydrate_mg_min - person.fastest_emptying_per_min * solid,
            person.fastest_emptying_per_min * solid - emptying * liquid,
            emptying * liquid - person.gut_absorption_per_min * gut,
            plasma_rate,
            to_tissue - dependent_uptake,
            person.liver_to_plasma_per_min * liver
                + person.slow_absorption_per_min * undissociated
                + person.absorption_per_min * dissociated
                - (person.plasma_to_liver_per_min + person.peripheral_degradation_per_min) * insulin,
            person.uptake_action_per_min * (insulin_pmol_l - person.basal_insulin_pmol_l - uptake_action),
            person.production_action_per_min * (insulin_pmol_l - delayed),
            person.production_action_per_min * (delayed - production_action),
            person.plasma_to_liver_per_min * insulin
                - (person.liver_to_plasma_per_min + person.hepatic_degradation_per_min) * liver,
            intake.insulin_pmol_kg_min - (person.slow_absorption_per_min + person.dissociation_per_min) * undissociated,
            person.dissociation_per_min * undissociated - person.absorption_per_min * dissociated,
            person.interstitium_per_min * (plasma - interstitium),
            glucagon_rates[0],
            glucagon_rates[1],
            glucagon_rates[2],
        ]
    }

    /// How fast the stomach empties [1/min] with this much left [mg] of a meal of this size [mg].
    fn emptying_per_min(&self, stomach_mg: f64, meal_size_mg: f64) -> f64 {
        let person = &self.parameters;
        if meal_size_mg <= 0.0 {
            return person.fastest_emptying_per_min;
        }
        let slowing = 5.0 / (2.0 * meal_size_mg * (1.0 - person.slowing_part));
        let recovery = 5.0 / (2.0 * meal_size_mg * person.recovery_part);
        let half_range = (person.fastest_emptying_per_min - person.slowest_emptying_per_min) / 2.0;
        person.slowest_emptying_per_min
            + half_range
                * (libm::tanh(slowing * (stomach_mg - person.slowing_part * meal_size_mg))
                    - libm::tanh(recovery * (stomach_mg - person.recovery_part * meal_size_mg))
                    + 2.0)
    }

    /// Plasma glucose [mg/dL].
    pub fn plasma_mg_dl(&self) -> f64 {
        self.states[3] / self.parameters.glucose_volume_dl_kg
    }

    /// Interstitial glucose, what a sensor under the skin meets [mg/dL].
    pub fn interstitial_mg_dl(&self) -> f64 {
        self.states[INTERSTITIUM] / self.parameters.glucose_volume_dl_kg
    }

    /// Plasma insulin [pmol/L].
    pub fn insulin_pmol_l(&self) -> f64 {
        self.states[5] / self.parameters.insulin_volume_l_kg
    }

    /// Injected insulin that has not yet reached the plasma [U].
    pub fn insulin_on_board(&self) -> Units {
        Units((self.states[10] + self.states[11]) * self.parameters.weight_kg / PMOL_PER_UNIT)
    }

    /// Carbohydrate in stomach and gut [g].
    pub fn gut_carbohydrate_g(&self) -> f64 {
        (self.states[0] + self.states[1] + self.states[2]) / 1_000.0
    }

    /// Plasma glucagon [pg/mL]; basal without counter-regulation.
    pub fn glucagon_pg_ml(&self) -> f64 {
        self.states[14]
    }

    /// Who it is.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

#[cfg(test)]
mod tests;
