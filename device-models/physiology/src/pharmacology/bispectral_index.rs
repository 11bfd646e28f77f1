//! Bispectral index: how deep a hypnotic and an opioid together let a patient sleep.

use crate::elementary::power;

/// Index without drugs.
const AWAKE: f64 = 97.4;
/// Concentrations of half the effect, each alone [mg/L of propofol, ug/L of remifentanil], and the steepness.
const PROPOFOL_HALF_MG_L: f64 = 4.47;
const REMIFENTANIL_HALF_UG_L: f64 = 19.3;
const STEEPNESS: f64 = 1.43;

/// Bispectral index, 97.4 awake, 40 to 60 in general anaesthesia, from effect-site concentrations.
///
/// Additive response surface of Bouillon et al., Anesthesiology 2004;100:1353.
pub fn bispectral_index(propofol_mg_l: f64, remifentanil_ug_l: f64) -> f64 {
    let combined = propofol_mg_l / PROPOFOL_HALF_MG_L + remifentanil_ug_l / REMIFENTANIL_HALF_UG_L;
    if combined <= 0.0 {
        return AWAKE;
    }
    AWAKE / (1.0 + power(combined, STEEPNESS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_falls_from_awake_to_half() {
        assert_eq!(bispectral_index(0.0, 0.0), 97.4);
        assert!((bispectral_index(4.47, 0.0) - 48.7).abs() < 1e-9);
        assert!(bispectral_index(3.0, 6.0) < bispectral_index(3.0, 0.0));
        assert!(bispectral_index(0.0, 4.0) > 80.0);
    }
}
