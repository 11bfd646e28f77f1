//! Parameters of one person in the S2008 model.
//!
//! Symbols in brackets are those of Dalla Man, Rizza and Cobelli, IEEE Trans Biomed Eng 2007;54:1740.

use super::dose::UnitsPerHour;

/// Picomoles in a unit of insulin.
pub(super) const PMOL_PER_UNIT: f64 = 6_000.0;

/// Renal threshold [mg/kg] and excretion above it [1/min] (`ke2`, `ke1`), fixed in the population.
const RENAL_THRESHOLD_MG_KG: f64 = 339.0;
const RENAL_EXCRETION_PER_MIN: f64 = 0.000_5;

/// One person. Rates are per minute, amounts per kilogram of body weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// Body weight [kg] (`BW`).
    pub weight_kg: f64,
    /// Basal plasma glucose [mg/dL] (`Gb`).
    pub basal_glucose_mg_dl: f64,
    /// Basal plasma insulin [pmol/L] (`Ib`).
    pub basal_insulin_pmol_l: f64,
    /// Absorption from the gut [1/min] (`kabs`).
    pub gut_absorption_per_min: f64,
    /// Fastest emptying of the stomach, and its grinding [1/min] (`kmax`).
    pub fastest_emptying_per_min: f64,
    /// Slowest emptying of the stomach [1/min] (`kmin`).
    pub slowest_emptying_per_min: f64,
    /// Part of a meal at which emptying has slowed half-way (`b`).
    pub slowing_part: f64,
    /// Part of a meal at which emptying has recovered half-way (`d`).
    pub recovery_part: f64,
    /// Part of the carbohydrate that reaches the blood (`f`).
    pub absorbed_part: f64,
    /// Distribution volume of glucose [dL/kg] (`Vg`).
    pub glucose_volume_dl_kg: f64,
    /// Exchange of plasma with slowly equilibrating tissue [1/min] (`k1`).
    pub plasma_to_tissue_per_min: f64,
    /// Exchange of that tissue with plasma [1/min] (`k2`).
    pub tissue_to_plasma_per_min: f64,
    /// Glucose uptake of the brain and red cells [mg/kg/min] (`Fsnc`).
    pub brain_uptake_mg_kg_min: f64,
    /// Insulin-dependent uptake without insulin action [mg/kg/min] (`Vm0`).
    pub uptake_mg_kg_min: f64,
    /// Gain of insulin action on it [mg/kg/min per pmol/L] (`Vmx`).
    pub uptake_gain: f64,
    /// Tissue glucose at half the greatest uptake [mg/kg] (`Km0`).
    pub half_uptake_mg_kg: f64,
    /// Renal excretion [1/min] (`ke1`).
    pub renal_excretion_per_min: f64,
    /// Renal threshold [mg/kg] (`ke2`).
    pub renal_threshold_mg_kg: f64,
    /// Glucose production at zero glucose and insulin [mg/kg/min] (`kp1`).
    pub production_mg_kg_min: f64,
    /// Effect of glucose on production [1/min] (`kp2`).
    pub production_glucose_per_min: f64,
    /// Effect of insulin on production [mg/kg/min per pmol/L] (`kp3`).
    pub production_insulin_gain: f64,
    /// Distribution volume of insulin [L/kg] (`Vi`).
    pub insulin_volume_l_kg: f64,
    /// Liver to plasma [1/min] (`m1`).
    pub liver_to_plasma_per_min: f64,
    /// Plasma to liver [1/min] (`m2`).
    pub plasma_to_liver_per_min: f64,
    /// Hepatic degradation of insulin [1/min] (`m30`).
    pub hepatic_degradation_per_min: f64,
    /// Peripheral degradation of insulin [1/min] (`m4`).
    pub peripheral_degradation_per_min: f64,
    /// Onset of insulin action on uptake [1/min] (`p2u`).
    pub uptake_action_per_min: f64,
    /// Delay of insulin action on production [1/min] (`ki`).
    pub production_action_per_min: f64,
    /// Dissociation of injected insulin [1/min] (`kd`).
    pub dissociation_per_min: f64,
    /// Absorption of injected insulin before dissociation [1/min] (`ka1`).
    pub slow_absorption_per_min: f64,
    /// Absorption of injected insulin after dissociation [1/min] (`ka2`).
    pub absorption_per_min: f64,
    /// Exchange of plasma with interstitial glucose [1/min] (`ksc`).
    pub interstitium_per_min: f64,
}

/// The degrees of freedom that a population table gives; everything else follows from the basal balance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Drawn {
    pub(super) weight_kg: f64,
    pub(super) basal_production_mg_kg_min: f64,
    pub(super) basal_glucose_mg_dl: f64,
    pub(super) basal_insulin_pmol_l: f64,
    pub(super) gut_absorption_per_min: f64,
    pub(super) fastest_emptying_per_min: f64,
    pub(super) slowest_emptying_per_min: f64,
    pub(super) slowing_part: f64,
    pub(super) recovery_part: f64,
    pub(super) glucose_volume_dl_kg: f64,
    pub(super) insulin_volume_l_kg: f64,
    pub(super) uptake_gain: f64,
    pub(super) half_uptake_mg_kg: f64,
    pub(super) plasma_to_tissue_per_min: f64,
    pub(super) tissue_to_plasma_per_min: f64,
    pub(super) uptake_action_per_min: f64,
    pub(super) liver_to_plasma_per_min: f64,
    pub(super) plasma_to_liver_per_min: f64,
    pub(super) production_action_per_min: f64,
    pub(super) production_glucose_per_min: f64,
    pub(super) production_insulin_gain: f64,
    pub(super) dissociation_per_min: f64,
    pub(super) slow_absorption_per_min: f64,
    pub(super) absorption_per_min: f64,
    pub(super) interstitium_per_min: f64,
}

impl Drawn {
    /// Completes a person so that basal glucose under basal insulin is a fixed point.
    ///
    /// The shares of hepatic and peripheral degradation follow from a hepatic extraction of 0.6 and hold for all
    /// thirty reference patients.
    pub(super) fn balanced(&self) -> Parameters {
        let brain_uptake_mg_kg_min = 1.0;
        let plasma_mg_kg = self.basal_glucose_mg_dl * self.glucose_volume_dl_kg;
        let net_production = self.basal_production_mg_kg_min - brain_uptake_mg_kg_min;
        let tissue_mg_kg =
            (self.plasma_to_tissue_per_min * plasma_mg_kg - net_production) / self.tissue_to_plasma_per_min;
        Parameters {
            weight_kg: self.weight_kg,
            basal_glucose_mg_dl: self.basal_glucose_mg_dl,
            basal_insulin_pmol_l: self.basal_insulin_pmol_l,
            gut_absorption_per_min: self.gut_absorption_per_min,
            fastest_emptying_per_min: self.fastest_emptying_per_min,
            slowest_emptying_per_min: self.slowest_emptying_per_min,
            slowing_part: self.slowing_part,
            recovery_part: self.recovery_part,
            absorbed_part: 0.9,
            glucose_volume_dl_kg: self.glucose_volume_dl_kg,
            plasma_to_tissue_per_min: self.plasma_to_tissue_per_min,
            tissue_to_plasma_per_min: self.tissue_to_plasma_per_min,
            brain_uptake_mg_kg_min,
            uptake_mg_kg_min: net_production * (self.half_uptake_mg_kg + tissue_mg_kg) / tissue_mg_kg,
            uptake_gain: self.uptake_gain,
            half_uptake_mg_kg: self.half_uptake_mg_kg,
            renal_excretion_per_min: RENAL_EXCRETION_PER_MIN,
            renal_threshold_mg_kg: RENAL_THRESHOLD_MG_KG,
            production_mg_kg_min: self.basal_production_mg_kg_min
                + self.production_glucose_per_min * plasma_mg_kg
                + self.production_insulin_gain * self.basal_insulin_pmol_l,
            production_glucose_per_min: self.production_glucose_per_min,
            production_insulin_gain: self.production_insulin_gain,
            insulin_volume_l_kg: self.insulin_volume_l_kg,
            liver_to_plasma_per_min: self.liver_to_plasma_per_min,
            plasma_to_liver_per_min: self.plasma_to_liver_per_min,
            hepatic_degradation_per_min: 1.5 * self.liver_to_plasma_per_min,
            peripheral_degradation_per_min: 0.4 * self.plasma_to_liver_per_min,
            uptake_action_per_min: self.uptake_action_per_min,
            production_action_per_min: self.production_action_per_min,
            dissociation_per_min: self.dissociation_per_min,
            slow_absorption_per_min: self.slow_absorption_per_min,
            absorption_per_min: self.absorption_per_min,
            interstitium_per_min: self.interstitium_per_min,
        }
    }
}

impl Parameters {
    /// The same glucose from so many times the insulin: less of it acts in tissue and liver, and more is there.
    #[must_use]
    pub fn resisting(self, times: f64) -> Self {
        Self {
            basal_insulin_pmol_l: self.basal_insulin_pmol_l * times,
            uptake_gain: self.uptake_gain / times,
            production_insulin_gain: self.production_insulin_gain / times,
            ..self
        }
    }

    /// Basal glucose in plasma [mg/kg] (`Gpb`).
    pub(super) fn basal_plasma_mg_kg(&self) -> f64 {
        self.basal_glucose_mg_dl * self.glucose_volume_dl_kg
    }

    /// Basal glucose in tissue [mg/kg] (`Gtb`), at which insulin-dependent uptake balances the exchange with plasma.
    ///
    /// The positive root of a quadratic: `Vm0 Gt / (Km0 + Gt) = k1 Gp - k2 Gt`.
    pub(super) fn basal_tissue_mg_kg(&self) -> f64 {
        let inflow = self.plasma_to_tissue_per_min * self.basal_plasma_mg_kg();
        let outflow = self.tissue_to_plasma_per_min;
        let linear = self.uptake_mg_kg_min + outflow * self.half_uptake_mg_kg - inflow;
        let constant = inflow * self.half_uptake_mg_kg;
        (libm::sqrt(linear * linear + 4.0 * outflow * constant) - linear) / (2.0 * outflow)
    }

    /// Basal insulin in plasma [pmol/kg] (`Ipb`).
    pub(super) fn basal_plasma_insulin_pmol_kg(&self) -> f64 {
        self.basal_insulin_pmol_l * self.insulin_volume_l_kg
    }

    /// Basal insulin in the liver [pmol/kg] (`Ilb`).
    pub(super) fn basal_liver_insulin_pmol_kg(&self) -> f64 {
        self.plasma_to_liver_per_min * self.basal_plasma_insulin_pmol_kg()
            / (self.liver_to_plasma_per_min + self.hepatic_degradation_per_min)
    }

    /// Insulin that must reach the plasma to hold the basal state [pmol/kg/min] (`u2ss`).
    pub(super) fn basal_appearance_pmol_kg_min(&self) -> f64 {
        (self.plasma_to_liver_per_min + self.peripheral_degradation_per_min) * self.basal_plasma_insulin_pmol_kg()
            - self.liver_to_plasma_per_min * self.basal_liver_insulin_pmol_kg()
    }

    /// Rate of insulin that holds the basal glucose [U/h].
    pub fn basal_rate(&self) -> UnitsPerHour {
        UnitsPerHour(self.basal_appearance_pmol_kg_min() * self.weight_kg * 60.0 / PMOL_PER_UNIT)
    }
}
