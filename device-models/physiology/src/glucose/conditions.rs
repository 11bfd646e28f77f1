//! What besides food and insulin acts on glucose: time of day, effort, illness.
//!
//! None of this is part of S2008, and the sizes are round figures. Their directions: insulin acts least in the morning
//! (Hinshaw et al., Diabetes 2013;62:2223); muscles at work take up glucose without insulin and answer it more; acute
//! illness brings insulin resistance and raises glucose production ("Stress-induced hyperglycemia", Crit Care Clin
//! 2001;17:107).

/// Circumstances of one minute. The default changes nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Factor on the action of insulin, 1 for the person's own mean (see [`circadian_sensitivity`]).
    pub insulin_sensitivity: f64,
    /// Effort, 0 to 1 of twelve times the resting oxygen uptake.
    pub effort: f64,
    /// Severity of sepsis or of another metabolic stress, 0 to 1.
    pub stress: f64,
    /// Factor on the liver's production of glucose, below 1 after alcohol.
    pub production: f64,
    /// Glucose that enters the plasma besides food and the liver, negative for what leaves it [mg/kg/min]
    /// (see [`super::GlucoseDrive`]).
    pub influx_mg_kg_min: f64,
    /// Part of the insulin leaving the pump that reaches the tissue, 0 to 1; a failing infusion site has 0 to 0.5.
    pub site_delivery: f64,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            insulin_sensitivity: 1.0,
            effort: 0.0,
            stress: 0.0,
            production: 1.0,
            influx_mg_kg_min: 0.0,
            site_delivery: 1.0,
        }
    }
}

/// Uptake that effort adds without insulin [mg/kg/min], and the factor by which it speeds insulin's own.
const EFFORT_UPTAKE_MG_KG_MIN: f64 = 2.0;
const EFFORT_INSULIN_GAIN: f64 = 2.0;

/// Part of insulin-dependent uptake that full stress takes, and the part it adds to glucose production.
const STRESS_RESISTANCE: f64 = 0.4;
const STRESS_PRODUCTION: f64 = 0.3;

/// Factors and additions on the flows of the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Modifiers {
    /// On the insulin action on uptake.
    pub(super) uptake_action: f64,
    /// On the insulin action on production.
    pub(super) production_action: f64,
    /// On the whole of insulin-dependent uptake.
    pub(super) dependent_uptake: f64,
    /// Added to insulin-independent uptake [mg/kg/min].
    pub(super) independent_uptake_mg_kg_min: f64,
    /// Added to the plasma [mg/kg/min].
    pub(super) influx_mg_kg_min: f64,
    /// On glucose production at zero glucose and insulin.
    pub(super) production: f64,
}

impl Conditions {
    pub(super) fn modifiers(&self) -> Modifiers {
        Modifiers {
            uptake_action: self.insulin_sensitivity * (1.0 - STRESS_RESISTANCE * self.stress),
            production_action: self.insulin_sensitivity,
            dependent_uptake: 1.0 + EFFORT_INSULIN_GAIN * self.effort,
            independent_uptake_mg_kg_min: EFFORT_UPTAKE_MG_KG_MIN * self.effort,
            influx_mg_kg_min: self.influx_mg_kg_min,
            production: self.production * (1.0 + STRESS_PRODUCTION * self.stress),
        }
    }
}

/// Sensitivity to insulin at a local hour [h, 0 to 24]: lowest at 6, highest at 18, with this relative amplitude
/// (usually 0.2).
pub fn circadian_sensitivity(hour: f64, amplitude: f64) -> f64 {
    1.0 - amplitude * libm::cos(std::f64::consts::TAU * (hour - 6.0) / 24.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_conditions_change_nothing() {
        let modifiers = Conditions::default().modifiers();
        assert_eq!(modifiers.uptake_action, 1.0);
        assert_eq!(modifiers.production_action, 1.0);
        assert_eq!(modifiers.dependent_uptake, 1.0);
        assert_eq!(modifiers.independent_uptake_mg_kg_min, 0.0);
        assert_eq!(modifiers.influx_mg_kg_min, 0.0);
        assert_eq!(modifiers.production, 1.0);
    }

    #[test]
    fn insulin_acts_least_in_the_morning() {
        assert!((circadian_sensitivity(6.0, 0.2) - 0.8).abs() < 1e-12);
        assert!((circadian_sensitivity(18.0, 0.2) - 1.2).abs() < 1e-12);
        assert_eq!(circadian_sensitivity(9.0, 0.0), 1.0);
    }
}
