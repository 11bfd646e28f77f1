//! People who secrete insulin: healthy, or with type 2 diabetes.
//!
//! Bergman's minimal model (Bergman, Phillips and Cobelli, J Clin Invest 1981;68:1456) with a pancreas that answers
//! the level of glucose with a delay and its rise at once (Breda, Cavaghan, Toffolo, Polonsky and Cobelli, Diabetes
//! 2001;50:150), a two-compartment gut and two-compartment subcutaneous insulin. The sensitivities are chosen so that
//! a 75 g glucose tolerance test gives the values by which health and type 2 diabetes are told apart.

use sim_core::{Key, Purpose};

use super::conditions::Conditions;
use super::dose::Units;
use super::meal::Plate;

/// Step of the integration [min]; the Runge-Kutta method at one minute.
const STEP_MIN: f64 = 1.0;
const STATES: usize = 9;

/// Time constant of each of the gut's two compartments [min], and the part of carbohydrate that is absorbed.
const GUT_MIN: f64 = 40.0;
const ABSORBED_PART: f64 = 0.8;
/// Time constant of each of the two compartments of injected insulin [min].
const INJECTED_MIN: f64 = 55.0;
/// Clearance of insulin [1/min] and its distribution volume [L/kg].
const INSULIN_CLEARANCE_PER_MIN: f64 = 0.09;
const INSULIN_VOLUME_L_KG: f64 = 0.12;
/// Distribution volume of glucose [dL/kg].
const GLUCOSE_VOLUME_DL_KG: f64 = 1.5;
/// Exchange of plasma with interstitial glucose [1/min], the mean of the reference patients.
const INTERSTITIUM_PER_MIN: f64 = 0.095;
/// Renal threshold [mg/dL] and excretion above it [1/min], those of S2008.
const RENAL_THRESHOLD_MG_DL: f64 = 180.0;
const RENAL_EXCRETION_PER_MIN: f64 = 0.000_5;
/// Picomoles per litre in a milliunit per litre.
const PMOL_PER_MILLIUNIT: f64 = 6.0;

/// One person of the minimal model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinimalParameters {
    /// Body weight [kg].
    pub weight_kg: f64,
    /// Fasting glucose [mg/dL].
    pub basal_glucose_mg_dl: f64,
    /// Fasting insulin [mU/L].
    pub basal_insulin_mu_l: f64,
    /// Glucose effectiveness [1/min] (`p1`).
    pub effectiveness_per_min: f64,
    /// Decay of insulin action [1/min] (`p2`).
    pub action_decay_per_min: f64,
    /// Onset of insulin action [1/min^2 per mU/L] (`p3`).
    pub action_gain: f64,
    /// Lag of secretion [1/min].
    pub secretion_lag_per_min: f64,
    /// Secretion in answer to the level of glucose [mU/L/min per mg/dL].
    pub level_secretion: f64,
    /// Secretion in answer to the rise of glucose [mU/L per mg/dL].
    pub rise_secretion: f64,
}

impl MinimalParameters {
    /// A healthy adult of this weight [kg].
    pub fn healthy(weight_kg: f64) -> Self {
        Self {
            weight_kg,
            basal_glucose_mg_dl: 88.0,
            basal_insulin_mu_l: 8.0,
            effectiveness_per_min: 0.025,
            action_decay_per_min: 0.05,
            action_gain: 4.0e-5,
            secretion_lag_per_min: 0.05,
            level_secretion: 0.08,
            rise_secretion: 1.5,
        }
    }

    /// An adult of this weight [kg] with type 2 diabetes: insulin acts less, and comes late.
    pub fn type2(weight_kg: f64) -> Self {
        Self {
            weight_kg,
            basal_glucose_mg_dl: 148.0,
            basal_insulin_mu_l: 13.0,
            effectiveness_per_min: 0.012,
            action_decay_per_min: 0.025,
            action_gain: 4.0e-6,
            secretion_lag_per_min: 0.013,
            level_secretion: 0.05,
            rise_secretion: 0.2,
        }
    }
}

/// Spread between persons: relative standard deviation of glucose, of insulin and secretion, and of sensitivities.
const GLUCOSE_SPREAD: f64 = 0.05;
const INSULIN_SPREAD: f64 = 0.25;
const SENSITIVITY_SPREAD: f64 = 0.20;

const GLUCOSE_DRAW: Purpose = Purpose::new("glucose.minimal.glucose");
const INSULIN_DRAW: Purpose = Purpose::new("glucose.minimal.insulin");
const EFFECTIVENESS_DRAW: Purpose = Purpose::new("glucose.minimal.effectiveness");
const ACTION_DRAW: Purpose = Purpose::new("glucose.minimal.action");
const SECRETION_DRAW: Purpose = Purpose::new("glucose.minimal.secretion");

impl MinimalParameters {
    /// The person of this key around these means.
    #[must_use]
    pub fn sample(&self, key: Key) -> Self {
        let spread = |purpose, sigma: f64| libm::exp(sigma * key.normal(purpose, 0).clamp(-2.0, 2.0));
        let secretion = spread(SECRETION_DRAW, INSULIN_SPREAD);
        Self {
            basal_glucose_mg_dl: self.basal_glucose_mg_dl * spread(GLUCOSE_DRAW, GLUCOSE_SPREAD),
            basal_insulin_mu_l: self.basal_insulin_mu_l * spread(INSULIN_DRAW, INSULIN_SPREAD),
            effectiveness_per_min: self.effectiveness_per_min * spread(EFFECTIVENESS_DRAW, SENSITIVITY_SPREAD),
            action_gain: self.action_gain * spread(ACTION_DRAW, SENSITIVITY_SPREAD),
            level_secretion: self.level_secretion * secretion,
            rise_secretion: self.rise_secretion * secretion,
            ..*self
        }
    }
}

/// A person who secretes insulin.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimal {
    parameters: MinimalParameters,
    /// Stomach, gut [mg/kg]; glucose [mg/dL]; insulin action [1/min]; insulin [mU/L]; delayed secretion [mU/L/min];
    /// injected insulin in two compartments [mU/kg]; interstitial glucose [mg/dL].
    states: [f64; STATES],
    plate: Plate,
}

impl Minimal {
    /// A person who has fasted overnight.
    pub fn new(parameters: MinimalParameters) -> Self {
        let glucose = parameters.basal_glucose_mg_dl;
        let states = [0.0, 0.0, glucose, 0.0, parameters.basal_insulin_mu_l, 0.0, 0.0, 0.0, glucose];
        Self { parameters, states, plate: Plate::default() }
    }

    /// Serves carbohydrate [g], eaten from the next minute on at 5 g/min.
    pub fn serve(&mut self, carbohydrate_g: f64) {
        self.plate.serve(carbohydrate_g);
    }

    /// Advances by one minute in which this insulin is injected.
    pub fn advance_minute(&mut self, insulin: Units, conditions: &Conditions) {
        let bite_mg_kg = 1_000.0 * self.plate.eat_minute(0.0) / self.parameters.weight_kg;
        let injected_mu_kg = 1_000.0 * insulin.0 * conditions.site_delivery / self.parameters.weight_kg;
        let slope = |states: &[f64; STATES]| self.rates(states, bite_mg_kg, injected_mu_kg, conditions);
        let after = |rates: &[f64; STATES], minutes: f64| -> [f64; STATES] {
            std::array::from_fn(|index| self.states[index] + minutes * rates[index])
        };
        let first = slope(&self.states);
        let second = slope(&after(&first, 0.5 * STEP_MIN));
        let third = slope(&after(&second, 0.5 * STEP_MIN));
        let fourth = slope(&after(&third, STEP_MIN));
        self.states = std::array::from_fn(|index| {
            let step = first[index] + 2.0 * second[index] + 2.0 * third[index] + fourth[index];
            self.states[index] + STEP_MIN / 6.0 * step
        });
        self.states[2] = self.states[2].max(1.0);
        self.states[4] = self.states[4].max(0.0);
    }

    /// Rates of change [per minute].
    fn rates(
        &self,
        states: &[f64; STATES],
        bite_mg_kg: f64,
        injected_mu_kg: f64,
        conditions: &Conditions,
    ) -> [f64; STATES] {
        let person = &self.parameters;
        let [stomach, gut, glucose, action, insulin, secretion, depot, near_plasma, interstitium] = *states;
        let modifiers = conditions.modifiers();
        let appearance = ABSORBED_PART * gut / GUT_MIN / GLUCOSE_VOLUME_DL_KG;
        let production = person.effectiveness_per_min * person.basal_glucose_mg_dl * modifiers.production;
        let influx = modifiers.influx_mg_kg_min / GLUCOSE_VOLUME_DL_KG;
        let effort_uptake = modifiers.independent_uptake_mg_kg_min / GLUCOSE_VOLUME_DL_KG;
        let excretion = RENAL_EXCRETION_PER_MIN * (glucose - RENAL_THRESHOLD_MG_DL).max(0.0);
        let glucose_rate = production + appearance
            - (person.effectiveness_per_min + action * modifiers.dependent_uptake) * glucose
            + influx
            - effort_uptake * glucose / person.basal_glucose_mg_dl
            - excretion;
        let wanted = person.level_secretion * (glucose - person.basal_glucose_mg_dl);
        let basal_secretion = INSULIN_CLEARANCE_PER_MIN * person.basal_insulin_mu_l;
        let rise =
            if glucose > person.basal_glucose_mg_dl { person.rise_secretion * glucose_rate.max(0.0) } else { 0.0 };
        let secreted = (basal_secretion + secretion).max(0.0) + rise;
        [
            bite_mg_kg - stomach / GUT_MIN,
            (stomach - gut) / GUT_MIN,
            glucose_rate,
            person.action_gain * modifiers.uptake_action * (insulin - person.basal_insulin_mu_l)
                - person.action_decay_per_min * action,
            secreted + near_plasma / INJECTED_MIN / INSULIN_VOLUME_L_KG - INSULIN_CLEARANCE_PER_MIN * insulin,
            person.secretion_lag_per_min * (wanted - secretion),
            injected_mu_kg - depot / INJECTED_MIN,
            (depot - near_plasma) / INJECTED_MIN,
            INTERSTITIUM_PER_MIN * (glucose - interstitium),
        ]
    }

    /// Plasma glucose [mg/dL].
    pub fn plasma_mg_dl(&self) -> f64 {
        self.states[2]
    }

    /// Interstitial glucose [mg/dL].
    pub fn interstitial_mg_dl(&self) -> f64 {
        self.states[8]
    }

    /// Plasma insulin [pmol/L].
    pub fn insulin_pmol_l(&self) -> f64 {
        PMOL_PER_MILLIUNIT * self.states[4]
    }

    /// Injected insulin that has not yet reached the plasma [U].
    pub fn insulin_on_board(&self) -> Units {
        Units((self.states[6] + self.states[7]) * self.parameters.weight_kg / 1_000.0)
    }

    /// Carbohydrate in stomach and gut [g].
    pub fn gut_carbohydrate_g(&self) -> f64 {
        (self.states[0] + self.states[1]) * self.parameters.weight_kg / 1_000.0
    }

    /// Who it is.
    pub fn parameters(&self) -> &MinimalParameters {
        &self.parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Glucose of every minute of a 75 g tolerance test.
    fn tolerance_test(parameters: MinimalParameters) -> Vec<f64> {
        let mut person = Minimal::new(parameters);
        person.serve(75.0);
        (0..300)
            .map(|_| {
                person.advance_minute(Units(0.0), &Conditions::default());
                person.plasma_mg_dl()
            })
            .collect()
    }

    fn peak(trace: &[f64]) -> f64 {
        trace.iter().copied().fold(0.0, f64::max)
    }

    /// Criteria of the World Health Organization (2006): health is fasting below 110 and below 140 mg/dL after two
    /// hours, diabetes fasting from 126 or from 200 after two hours.
    #[test]
    fn tolerance_tests_tell_health_from_diabetes() {
        let healthy = tolerance_test(MinimalParameters::healthy(75.0));
        assert!(healthy[119] < 140.0, "{}", healthy[119]);
        assert!((125.0..160.0).contains(&peak(&healthy)), "{}", peak(&healthy));
        assert!((75.0..100.0).contains(&healthy[299]), "{}", healthy[299]);
        let diabetic = tolerance_test(MinimalParameters::type2(90.0));
        assert!(diabetic[119] > 200.0, "{}", diabetic[119]);
        assert!((220.0..400.0).contains(&peak(&diabetic)), "{}", peak(&diabetic));
    }

    /// Everyone drawn keeps the diagnosis of their group.
    #[test]
    fn persons_keep_their_diagnosis() {
        for seed in 0..100 {
            let key = Key::new(seed, "home/1");
            let healthy = MinimalParameters::healthy(75.0).sample(key);
            assert!(healthy.basal_glucose_mg_dl < 110.0 && tolerance_test(healthy)[119] < 140.0, "seed {seed}");
            let diabetic = MinimalParameters::type2(90.0).sample(key);
            let fasting = diabetic.basal_glucose_mg_dl;
            assert!(fasting >= 126.0 || tolerance_test(diabetic)[119] >= 200.0, "seed {seed}: {fasting}");
        }
        let means = MinimalParameters::healthy(75.0);
        assert_ne!(means.sample(Key::new(1, "home/1")), means.sample(Key::new(1, "home/2")));
    }

    #[test]
    fn fasting_is_a_fixed_point() {
        for parameters in [MinimalParameters::healthy(70.0), MinimalParameters::type2(95.0)] {
            let mut person = Minimal::new(parameters);
            for _ in 0..1_440 {
                person.advance_minute(Units(0.0), &Conditions::default());
            }
            assert!((person.plasma_mg_dl() - parameters.basal_glucose_mg_dl).abs() < 1e-6);
            assert!((person.insulin_pmol_l() - 6.0 * parameters.basal_insulin_mu_l).abs() < 1e-6);
        }
    }

    #[test]
    fn injected_insulin_lowers_glucose_in_type_2() {
        let mut person = Minimal::new(MinimalParameters::type2(90.0));
        person.advance_minute(Units(10.0), &Conditions::default());
        for _ in 0..240 {
            person.advance_minute(Units(0.0), &Conditions::default());
        }
        assert!((60.0..135.0).contains(&person.plasma_mg_dl()), "{}", person.plasma_mg_dl());
    }

    #[test]
    fn effort_lowers_and_stress_raises() {
        // A healthy liver makes up for what muscles take.
        for (parameters, fall) in [(MinimalParameters::healthy(70.0), 0.5), (MinimalParameters::type2(95.0), 5.0)] {
            let follow = |conditions: Conditions| {
                let mut person = Minimal::new(parameters);
                for _ in 0..180 {
                    person.advance_minute(Units(0.0), &conditions);
                }
                person.plasma_mg_dl() - parameters.basal_glucose_mg_dl
            };
            let effort = follow(Conditions { effort: 0.4, ..Conditions::default() });
            let stress = follow(Conditions { stress: 1.0, ..Conditions::default() });
            assert!(effort < -fall, "{effort}");
            assert!(stress > 4.0, "{stress}");
        }
    }
}
