//! Published kinetic sets, one function each.
//!
//! Checked against the figures at hand: peak times and concentrations for propofol and remifentanil, the clearances
//! and steady-state volumes that the abstracts give for midazolam, morphine and naloxone.

use super::lean_body_mass::lean_body_mass_kg;
use super::mammillary::Kinetics;
use crate::{Build, Sex};

/// Propofol in adults [mg]: Schnider et al., Anesthesiology 1998;88:1170 and 1999;90:1502.
pub fn propofol_schnider(build: &Build) -> Kinetics {
    let lean_kg = lean_body_mass_kg(build);
    let aged = build.age_years - 53.0;
    Kinetics {
        central_l: 4.27,
        peripheral_l: [(18.9 - 0.391 * aged).max(1.0), 238.0],
        clearance_l_min: 1.89 + 0.0456 * (build.weight_kg - 77.0) - 0.0681 * (lean_kg - 59.0)
            + 0.0264 * (build.height_cm - 177.0),
        exchange_l_min: [(1.29 - 0.024 * aged).max(0.1), 0.836],
        effect_site_per_min: 0.456,
    }
}

/// Propofol [mg]: Marsh, White, Morton and Kenny, Br J Anaesth 1991;67:41, with an effect site of this rate [1/min]:
/// 0.26, or 1.2 for the modified model (Struys et al., Anesthesiology 2000;92:399).
pub fn propofol_marsh(build: &Build, effect_site_per_min: f64) -> Kinetics {
    let volumes = [0.228, 0.463, 2.893].map(|litres_kg| litres_kg * build.weight_kg);
    let [k10, k12, k13, k21, k31] = [0.119, 0.112, 0.0419, 0.055, 0.0033];
    Kinetics::from_rate_constants(volumes[0], [k10, k12, k13, k21, k31], effect_site_per_min)
}

/// Remifentanil in adults [ug]: Minto et al., Anesthesiology 1997;86:10.
pub fn remifentanil_minto(build: &Build) -> Kinetics {
    let lean_kg = lean_body_mass_kg(build);
    let aged = build.age_years - 40.0;
    let larger = lean_kg - 55.0;
    Kinetics {
        central_l: 5.1 - 0.0201 * aged + 0.072 * larger,
        peripheral_l: [9.82 - 0.0811 * aged + 0.108 * larger, 5.42],
        clearance_l_min: 2.6 - 0.0162 * aged + 0.0191 * larger,
        exchange_l_min: [2.05 - 0.0301 * aged, (0.076 - 0.001_13 * aged).max(0.005)],
        effect_site_per_min: 0.595 - 0.007 * aged,
    }
}

/// Fentanyl in adults of 40 to 90 kg [ug]: Shafer, Varvel, Aziz and Scott, Anesthesiology 1990;73:1091; effect site
/// (half-time 4.7 min) as in Shafer and Varvel, Anesthesiology 1991;74:53.
pub fn fentanyl_shafer() -> Kinetics {
    Kinetics::from_rate_constants(6.09, [0.0827, 0.471, 0.225, 0.102, 0.006], 0.147)
}

/// Morphine in adults [ug]: Sarton et al., Anesthesiology 2000;93:1245 (effect site of pain tolerance).
pub fn morphine_sarton(build: &Build) -> Kinetics {
    let effect_site_per_min = match build.sex {
        Sex::Male => 0.0073,
        Sex::Female => 0.0024,
    };
    Kinetics::from_rate_constants(0.075 * build.weight_kg, [0.3, 0.183, 0.29, 0.087, 0.013], effect_site_per_min)
}

/// Midazolam in adults [ug]: Albrecht et al., Clin Pharmacol Ther 1999;65:630, young or from 65 years on.
pub fn midazolam_albrecht(build: &Build) -> Kinetics {
    if build.age_years < 65.0 {
        Kinetics::from_rate_constants(7.9, [0.399 / 7.9, 0.19, 0.065, 0.06, 0.0083], 0.11)
    } else {
        Kinetics::from_rate_constants(8.5, [0.388 / 8.5, 0.10, 0.066, 0.051, 0.0069], 0.08)
    }
}

/// Naloxone in adults [ug]: Dowling, Isbister, Kirkpatrick, Naidoo and Graudins, Ther Drug Monit 2008;30:490; effect
/// site of Yassen et al., Clin Pharmacokinet 2007;46:965 (half-time 6.5 min).
///
/// The set over-predicts concentrations after hundreds of milligrams (Papathanasiou et al., Br J Anaesth 2019); doses
/// here are of milligrams.
pub fn naloxone_dowling() -> Kinetics {
    Kinetics {
        central_l: 2.87,
        peripheral_l: [1.49, 33.6],
        clearance_l_min: 91.0 / 60.0,
        exchange_l_min: [5.66 / 60.0, 29.8 / 60.0],
        effect_site_per_min: std::f64::consts::LN_2 / 6.5,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mammillary;
    use super::*;

    const MAN: Build = Build { weight_kg: 70.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };

    /// Time [min] and concentration of the peak at the effect site after a bolus of 1.
    fn peak(kinetics: Kinetics) -> (f64, f64) {
        let mut drug = Mammillary::new(kinetics);
        drug.bolus(1.0);
        let mut best = (0.0, 0.0);
        for second in 1..=3 * 3_600 {
            drug.advance_second(0.0);
            if drug.effect_site() > best.1 {
                best = (f64::from(second) / 60.0, drug.effect_site());
            }
        }
        best
    }

    /// Half-time of the last phase [min], between six and nine hours after a bolus.
    fn last_half_time_min(kinetics: Kinetics) -> f64 {
        let mut drug = Mammillary::new(kinetics);
        drug.bolus(1.0);
        let mut at_six = 0.0;
        for second in 1..=9 * 3_600 {
            drug.advance_second(0.0);
            if second == 6 * 3_600 {
                at_six = drug.plasma();
            }
        }
        180.0 * std::f64::consts::LN_2 / libm::log(at_six / drug.plasma())
    }

    fn within(value: f64, expected: f64, part: f64) {
        assert!((value / expected - 1.0).abs() <= part, "{value} not within {part} of {expected}");
    }

    /// A man of 70 kg, 175 cm and 40 years, as computed with an independent matrix exponential.
    #[test]
    fn peaks_at_the_effect_site() {
        for (kinetics, minutes, concentration) in [
            (propofol_schnider(&MAN), 1.52, 0.0571),
            (remifentanil_minto(&MAN), 1.43, 0.0579),
            (propofol_marsh(&MAN, 0.26), 3.92, 0.0229),
            (propofol_marsh(&MAN, 1.2), 1.62, 0.0407),
        ] {
            let (peak_min, peak_concentration) = peak(kinetics);
            within(peak_min, minutes, 0.01);
            within(peak_concentration, concentration, 0.01);
        }
    }

    /// Fentanyl peaks after three to four minutes (3.6 with another set, Shafer and Varvel, Anesthesiology 1991;74:53),
    /// morphine after half an hour and more.
    #[test]
    fn opioids_peak_when_they_should() {
        let (fentanyl_min, _) = peak(fentanyl_shafer());
        assert!((3.0..4.0).contains(&fentanyl_min), "{fentanyl_min} min");
        let (morphine_min, _) = peak(morphine_sarton(&MAN));
        assert!((20.0..120.0).contains(&morphine_min), "{morphine_min} min");
    }

    /// Albrecht 1999: 399 and 388 mL/min, 85 (SD 22) and 104 (SD 11) L.
    #[test]
    fn midazolam_has_the_published_volumes() {
        let young = midazolam_albrecht(&MAN);
        within(young.clearance_l_min, 0.399, 1e-9);
        within(young.steady_state_volume_l(), 85.0, 22.0 / 85.0);
        let old = midazolam_albrecht(&Build { age_years: 75.0, ..MAN });
        within(old.clearance_l_min, 0.388, 1e-9);
        within(old.steady_state_volume_l(), 104.0, 11.0 / 104.0);
    }

    /// Clearance 82 to 89 L/h and a half-life near 2.5 h (volunteers, PMC2014461).
    #[test]
    fn morphine_has_the_usual_clearance_and_half_life() {
        let set = morphine_sarton(&MAN);
        within(set.clearance_l_min * 60.0, 88.0, 0.1);
        within(last_half_time_min(set), 150.0, 0.35);
    }

    /// Summaries of product characteristics: plasma half-life of naloxone 1 to 1.5 h.
    #[test]
    fn naloxone_leaves_within_hours() {
        let half_time_min = last_half_time_min(naloxone_dowling());
        assert!((30.0..100.0).contains(&half_time_min), "{half_time_min} min");
    }

    /// No build of the supported range gives a rate that is zero or negative.
    #[test]
    fn sets_are_defined_for_every_build() {
        for sex in [Sex::Female, Sex::Male] {
            for weight_kg in [35.0, 70.0, 120.0, 200.0] {
                for height_cm in [130.0, 175.0, 220.0] {
                    for age_years in [18.0, 60.0, 100.0] {
                        let build = Build { weight_kg, height_cm, age_years, sex };
                        for set in [
                            propofol_schnider(&build),
                            propofol_marsh(&build, 0.26),
                            remifentanil_minto(&build),
                            morphine_sarton(&build),
                            midazolam_albrecht(&build),
                        ] {
                            let lowest = set.exchange_l_min.iter().chain(&set.peripheral_l).copied();
                            let lowest = lowest.fold(set.clearance_l_min.min(set.central_l), f64::min);
                            assert!(lowest > 0.0 && set.effect_site_per_min > 0.0, "{build:?} {set:?}");
                        }
                    }
                }
            }
        }
    }
}
