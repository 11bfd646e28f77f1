//! The body's defence against low glucose, as S2013 added it: glucagon, and a steeper action of insulin.
//!
//! Dalla Man et al., "The UVA/PADOVA type 1 diabetes simulator: new features", J Diabetes Sci Technol 2014;8:26
//! (equations A6, A10, A12, A18 to A20). The paper leaves values to its patients; these are the means that open
//! implementations use. The glucagon response is that of type 1 diabetes: blunted by injected insulin.

use super::parameters::Parameters;

/// Basal glucagon [pg/mL], its clearance and the delay of its action [1/min].
pub(super) const BASAL_GLUCAGON_PG_ML: f64 = 60.0;
const CLEARANCE_PER_MIN: f64 = 0.2;
const ACTION_PER_MIN: f64 = 0.2;
/// Glucose produced per glucagon above basal [mg/kg/min per pg/mL].
const PRODUCTION_GAIN: f64 = 0.01;
/// Lag of the secretion [1/min], and its gains on the level [pg/mL/min per mg/dL] and on the fall of glucose
/// [pg/mL per mg/dL].
const SECRETION_PER_MIN: f64 = 0.5;
const LEVEL_GAIN: f64 = 0.2;
const FALL_GAIN: f64 = 0.1;

/// Kovatchev's symmetrising exponent and offset of the glucose scale, zero near 112.5 mg/dL (J Theor Med 2000;3:1).
const RISK_EXPONENT: f64 = 1.084;
const RISK_OFFSET: f64 = 5.381;
/// Gain of the risk on the action of insulin.
const RISK_GAIN: f64 = 1.509;
/// Below this glucose the risk grows no further [mg/dL].
const RISK_FLOOR_MG_DL: f64 = 60.0;

/// Glucose below which the liver gives more by itself, whatever hormones say, and how far below this is all [mg/dL]; and how much
/// that is [mg/kg/min]. With every hormone held, production rises when glucose falls to some 30 (Bolli et al., J Clin Invest
/// 1985;75:1623, from memory). Nobody's plasma is ever empty.
const AUTOREGULATION_MG_DL: (f64, f64) = (43.0, 25.0);
const AUTOREGULATION_MG_KG_MIN: f64 = 3.0;

/// Basal secretion of glucagon [pg/mL/min].
pub(super) const BASAL_SECRETION: f64 = BASAL_GLUCAGON_PG_ML * CLEARANCE_PER_MIN;

/// Glucagon: its secretion [pg/mL/min], its concentration [pg/mL] and its delayed action [pg/mL].
#[derive(Debug, Clone, Copy)]
pub(super) struct Glucagon {
    pub(super) secretion: f64,
    pub(super) concentration: f64,
    pub(super) action: f64,
}

impl Glucagon {
    /// Glucose production that it adds [mg/kg/min].
    pub(super) fn production_mg_kg_min(&self) -> f64 {
        PRODUCTION_GAIN * self.action
    }

    /// Rates of change of secretion, concentration and action at this glucose [mg/dL], its slope [mg/dL/min] and
    /// insulin [pmol/L].
    pub(super) fn rates(
        &self,
        parameters: &Parameters,
        glucose_mg_dl: f64,
        slope_mg_dl_min: f64,
        insulin_pmol_l: f64,
    ) -> [f64; 3] {
        let excess_insulin = (insulin_pmol_l - parameters.basal_insulin_pmol_l).max(0.0);
        let lack_mg_dl = parameters.basal_glucose_mg_dl - glucose_mg_dl;
        let wanted = (LEVEL_GAIN / (1.0 + excess_insulin) * lack_mg_dl + BASAL_SECRETION).max(0.0);
        let secretion = self.secretion + FALL_GAIN * (-slope_mg_dl_min).max(0.0);
        [
            SECRETION_PER_MIN * (wanted - self.secretion),
            secretion - CLEARANCE_PER_MIN * self.concentration,
            ACTION_PER_MIN * ((self.concentration - BASAL_GLUCAGON_PG_ML).max(0.0) - self.action),
        ]
    }
}

/// Production of glucose that the liver adds by itself at this plasma glucose [mg/kg/min], against insulin.
pub(super) fn autoregulation_mg_kg_min(glucose_mg_dl: f64) -> f64 {
    let (begins_mg_dl, range_mg_dl) = AUTOREGULATION_MG_DL;
    AUTOREGULATION_MG_KG_MIN * ((begins_mg_dl - glucose_mg_dl) / range_mg_dl).clamp(0.0, 1.0)
}

/// Factor on an excess action of insulin at this plasma glucose [mg/dL]: 1 above 112.5, 10 at and below 60.
///
/// The low branch of the risk function alone, so that the factor has no step where glucose crosses its basal value.
pub(super) fn insulin_amplification(glucose_mg_dl: f64) -> f64 {
    let symmetric = libm::pow(libm::log(glucose_mg_dl.max(RISK_FLOOR_MG_DL)), RISK_EXPONENT) - RISK_OFFSET;
    if symmetric < 0.0 { 1.0 + RISK_GAIN * 10.0 * symmetric * symmetric } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_amplification_is_continuous_and_bounded() {
        assert_eq!(insulin_amplification(140.0), 1.0);
        assert!((insulin_amplification(112.0) - 1.0).abs() < 1e-3);
        assert!((9.0..11.0).contains(&insulin_amplification(60.0)));
        assert_eq!(insulin_amplification(30.0), insulin_amplification(60.0));
        for glucose in 60..200 {
            let step = insulin_amplification(f64::from(glucose)) - insulin_amplification(f64::from(glucose) + 1.0);
            assert!((0.0..0.5).contains(&step), "{glucose}");
        }
    }
}
