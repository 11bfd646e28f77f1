//! Adrenaline: the last defence against low glucose, and what a person feels of it.
//!
//! Secretion begins at 68 mg/dL in health, symptoms at 58, confusion at 49 (Mitrakou et al., Am J Physiol 1991;260:E67). In type 1
//! diabetes it begins at a lower glucose and is weaker, most of all in those who do not feel their lows (Cryer, Diabetes
//! 2005;54:3592). It raises the liver's production and keeps muscles from taking up glucose (Rizza et al., J Clin Invest
//! 1979;64:62: where glucagon is missing, recovery depends on it); the sizes are set so that an untreated low of too much
//! insulin stays above 30 mg/dL in most people.

/// How far below its beginning the response is full [mg/dL].
const RANGE_MG_DL: f64 = 25.0;
/// Greatest gain of production [mg/kg/min], and part of insulin-dependent uptake that is kept back.
const PRODUCTION_MG_KG_MIN: f64 = 2.5;
const UPTAKE_LOSS: f64 = 0.75;
/// The brain takes up less where there is less than this [mg/dL].
const BRAIN_SATED_MG_DL: f64 = 45.0;

/// Glucose at which the response begins: health, type 1 diabetes, and type 1 diabetes with lows that are not felt [mg/dL].
pub const BEGINS_IN_HEALTH_MG_DL: f64 = 68.0;
/// As [`BEGINS_IN_HEALTH_MG_DL`].
pub const BEGINS_IN_TYPE_1_MG_DL: f64 = 64.0;
/// As [`BEGINS_IN_HEALTH_MG_DL`].
pub const BEGINS_UNAWARE_MG_DL: f64 = 50.0;

/// Strength of the response at a plasma glucose [mg/dL], 0 to 1.
pub fn adrenaline(glucose_mg_dl: f64, begins_mg_dl: f64) -> f64 {
    ((begins_mg_dl - glucose_mg_dl) / RANGE_MG_DL).clamp(0.0, 1.0)
}

/// What it adds to production [mg/kg/min].
pub(super) fn production_mg_kg_min(strength: f64) -> f64 {
    PRODUCTION_MG_KG_MIN * strength
}

/// What it leaves of insulin-dependent uptake.
pub(super) fn uptake_left(strength: f64) -> f64 {
    1.0 - UPTAKE_LOSS * strength
}

/// What low glucose leaves of the brain's uptake.
pub(super) fn brain_uptake_left(glucose_mg_dl: f64) -> f64 {
    (glucose_mg_dl / BRAIN_SATED_MG_DL).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_below_its_threshold_and_is_blunted_in_diabetes() {
        assert_eq!(adrenaline(90.0, BEGINS_IN_HEALTH_MG_DL), 0.0);
        assert_eq!(adrenaline(35.0, BEGINS_IN_HEALTH_MG_DL), 1.0);
        let at_55 = [BEGINS_IN_HEALTH_MG_DL, BEGINS_IN_TYPE_1_MG_DL, BEGINS_UNAWARE_MG_DL]
            .map(|begins| adrenaline(55.0, begins));
        assert!(at_55[0] > at_55[1] && at_55[1] > at_55[2] && at_55[2] == 0.0, "{at_55:?}");
    }
}
