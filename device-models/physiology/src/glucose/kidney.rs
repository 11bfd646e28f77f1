//! The kidneys against very high glucose: what is filtered beyond what the tubules can take back leaves with the urine.
//!
//! S2008 describes the first of it (0.0005 /min above 183 mg/dL), as meals bring it about. Beyond some 300 mg/dL all that is
//! filtered more is lost: the tubules take back at most 375 mg/min of a filtrate of 125 mL/min (Smith, "The Kidney", 1951), of
//! an adult of 70 kg. Water goes with it.

/// Glucose at which the tubules take back all they can [mg/dL].
const SATURATED_MG_DL: f64 = 300.0;
/// Filtrate [dL/kg/min].
const FILTRATE_DL_KG_MIN: f64 = 0.018;

/// What is lost beyond the excretion of S2008 at a plasma glucose [mg/dL], per kilogram and minute [mg].
pub(super) fn overflow_mg_kg_min(glucose_mg_dl: f64) -> f64 {
    FILTRATE_DL_KG_MIN * (glucose_mg_dl - SATURATED_MG_DL).max(0.0)
}

/// Sugar in a litre of the urine of an osmotic diuresis [mg/mL].
const URINE_MG_ML: f64 = 50.0;

/// Glucose at which sugar appears in the urine [mg/dL], and what is lost above it [mg/kg/min per mg/dL]: the excretion of S2008
/// (0.0005 /min above 339 mg/kg in 1.88 dL/kg), which kidneys of people make of 180 mg/dL and more.
const THRESHOLD_MG_DL: f64 = 180.0;
const EXCRETION_DL_KG_MIN: f64 = 0.0005 * 1.88;

/// Water that goes with all sugar that is lost [mL/kg/h].
pub fn osmotic_loss_ml_kg_h(glucose_mg_dl: f64) -> f64 {
    let first_mg_kg_min = EXCRETION_DL_KG_MIN * (glucose_mg_dl - THRESHOLD_MG_DL).max(0.0);
    60.0 * (first_mg_kg_min + overflow_mg_kg_min(glucose_mg_dl)) / URINE_MG_ML
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_where_tubules_are_saturated() {
        assert_eq!(overflow_mg_kg_min(290.0), 0.0);
        assert!((5.0..6.0).contains(&overflow_mg_kg_min(600.0)));
        assert_eq!(osmotic_loss_ml_kg_h(175.0), 0.0);
        // A litre or two a day more at 350 mg/dL in an adult.
        let day_ml = 70.0 * 24.0 * osmotic_loss_ml_kg_h(350.0);
        assert!((1_000.0..2_600.0).contains(&day_ml), "{day_ml} mL");
    }
}
