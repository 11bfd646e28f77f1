//! What doses do to an adult: the figures that the constants were calibrated to, and directions.

use super::*;
use crate::{Core, Inputs, Parameters, Sex, Ventilation, Vitals};

const MAN: Build = Build { weight_kg: 70.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };

/// A textbook adult with an intravenous line.
struct Patient {
    core: Core,
    drugs: Drugs,
    around: Inputs,
}

impl Patient {
    fn breathing() -> Self {
        Self { core: Core::new(Parameters::textbook()), drugs: Drugs::new(&MAN), around: Inputs::default() }
    }

    fn ventilated() -> Self {
        let ventilation = Ventilation::Ventilator { rate_bpm: 14.0, tidal_volume_l: 0.46 };
        Self { around: Inputs { ventilation, fio2: 0.5, ..Inputs::default() }, ..Self::breathing() }
    }

    fn second(&mut self, given_ug: &[(Drug, f64)]) {
        for step in 0..10 {
            for (drug, ug) in given_ug.iter().filter(|_| step == 0) {
                self.drugs.infuse(*drug, *ug);
            }
            self.drugs.advance_step();
        }
        *self.core.inputs = self.around;
        self.drugs.effect().add_to(&mut self.core.inputs);
        for _ in 0..10 {
            self.core.step();
        }
    }

    /// Gives a bolus [ug] over ten seconds, then waits; returns the vitals of every second.
    fn bolus(&mut self, drug: Drug, ug: f64, seconds: usize) -> Vec<Vitals> {
        (0..seconds)
            .map(|second| {
                self.second(&[(drug, if second < 10 { ug / 10.0 } else { 0.0 })]);
                *self.core.vitals()
            })
            .collect()
    }

    /// Holds an effect site at a concentration [ug/L] by giving whenever it is below; returns the vitals.
    fn hold(&mut self, drug: Drug, target_ug_l: f64, dose_ug_s: f64, seconds: usize) -> Vec<Vitals> {
        (0..seconds)
            .map(|_| {
                let below = self.drugs.effect_site_ug_l(drug) < target_ug_l;
                self.second(&[(drug, if below { dose_ug_s } else { 0.0 })]);
                *self.core.vitals()
            })
            .collect()
    }
}

/// Adults on remifentanil at 2 ug/L breathe half as often, and their saturation falls.
#[test]
fn remifentanil_halves_the_respiratory_rate() {
    let mut patient = Patient::breathing();
    let vitals = patient.hold(Drug::Remifentanil, 2.0, 0.3, 1_800);
    for minute in [5, 10, 20, 29] {
        let ratio = vitals[minute * 60].respiratory_rate_bpm / 14.0;
        assert!((0.42..0.60).contains(&ratio), "minute {minute}: {ratio} of the rate");
        assert!(vitals[minute * 60].sao2 < 0.92, "minute {minute}: {}", vitals[minute * 60].sao2);
        assert!(vitals[minute * 60].paco2_mmhg > 48.0);
    }
}

/// Resting ventilation at 1 ug/L: -27.7 % (Nieuwenhuijs 2003); propofol at 1 mg/L: -12.6 %.
#[test]
fn low_concentrations_depress_a_little() {
    let rest_l_min = Patient::breathing().core.vitals().minute_ventilation_l_min;
    let mut patient = Patient::breathing();
    let opioid = patient.hold(Drug::Remifentanil, 1.0, 0.15, 900)[899].minute_ventilation_l_min / rest_l_min;
    assert!((0.68..0.85).contains(&opioid), "{opioid}");
    let mut patient = Patient::breathing();
    let hypnotic = patient.hold(Drug::Propofol, 1_000.0, 400.0, 1_800)[1_799].minute_ventilation_l_min / rest_l_min;
    assert!((0.82..0.95).contains(&hypnotic), "{hypnotic}");
}

#[test]
fn a_bolus_of_induction_stops_breathing_and_sleep_follows() {
    let mut patient = Patient::breathing();
    let vitals = patient.bolus(Drug::Propofol, 140_000.0, 90);
    assert_eq!(vitals[60].respiratory_rate_bpm, 0.0);
    assert!(patient.drugs.bispectral_index() < 45.0, "{}", patient.drugs.bispectral_index());
    assert!(patient.drugs.wakefulness() < 0.05);
    patient.bolus(Drug::Propofol, 0.0, 1_200);
    assert!(patient.drugs.wakefulness() > 0.95, "{}", patient.drugs.wakefulness());
}

#[test]
fn propofol_lowers_the_pressure_of_a_ventilated_patient() {
    let mut patient = Patient::ventilated();
    let three = patient.hold(Drug::Propofol, 3_000.0, 1_200.0, 900)[899].map_mmhg / 90.0;
    let four = patient.hold(Drug::Propofol, 4_000.0, 1_200.0, 900)[899].map_mmhg / 90.0;
    assert!((0.74..0.86).contains(&three), "{three}");
    assert!((0.64..0.80).contains(&four), "{four}");
}

/// 300 ug of fentanyl bring a concentration near 6 ug/L, at which Mildh's volunteers had reached their limits.
#[test]
fn fentanyl_depresses_and_wears_off() {
    let mut patient = Patient::breathing();
    let vitals = patient.bolus(Drug::Fentanyl, 300.0, 3_600);
    let lowest = vitals.iter().map(|now| now.respiratory_rate_bpm).fold(f64::INFINITY, f64::min);
    assert!((2.5..7.0).contains(&lowest), "{lowest} /min");
    assert!(vitals[3_599].respiratory_rate_bpm > 12.5, "{}", vitals[3_599].respiratory_rate_bpm);
    let mut patient = Patient::breathing();
    let held = patient.hold(Drug::Fentanyl, 5.1, 5.0, 1_800)[1_799].respiratory_rate_bpm / 14.0;
    assert!((0.5..0.68).contains(&held), "{held}: -41 % in Mildh 2001");
}

#[test]
fn morphine_lasts_for_hours() {
    let mut patient = Patient::breathing();
    let vitals = patient.bolus(Drug::Morphine, 10_000.0, 3 * 3_600);
    let rest_l_min = 6.41;
    for second in [1_200, 3_600] {
        let ratio = vitals[second].minute_ventilation_l_min / rest_l_min;
        assert!((0.75..0.92).contains(&ratio), "{second} s: {ratio}");
    }
    assert!(vitals[3 * 3_600 - 1].minute_ventilation_l_min < 0.97 * rest_l_min);
}

#[test]
fn midazolam_deepens_an_opioid() {
    let lowest = |midazolam_ug: f64| {
        let mut patient = Patient::breathing();
        patient.bolus(Drug::Midazolam, midazolam_ug, 120);
        let vitals = patient.bolus(Drug::Fentanyl, 100.0, 600);
        vitals.iter().map(|now| now.respiratory_rate_bpm).fold(f64::INFINITY, f64::min)
    };
    assert!(lowest(5_000.0) < lowest(0.0) - 1.0, "{} and {}", lowest(5_000.0), lowest(0.0));
}

/// Naloxone 0.4 mg reverses an overdose of fentanyl within three minutes; saturation returns.
#[test]
fn naloxone_reverses_within_three_minutes() {
    let mut patient = Patient::breathing();
    let before = patient.bolus(Drug::Fentanyl, 600.0, 360)[359];
    assert!(before.respiratory_rate_bpm < 7.0 && before.sao2 < 0.8, "{before:?}");
    let after = patient.bolus(Drug::Naloxone, 400.0, 180)[179];
    assert!(after.respiratory_rate_bpm > 12.0 && after.sao2 > 0.95, "{after:?}");
}

/// Naloxone leaves before morphine does: the depression comes back.
#[test]
fn a_long_opioid_outlasts_naloxone() {
    let mut patient = Patient::breathing();
    patient.bolus(Drug::Morphine, 30_000.0, 1_800);
    let deep = patient.drugs.effect().respiratory_depression;
    patient.bolus(Drug::Naloxone, 400.0, 300);
    assert!(patient.drugs.effect().respiratory_depression < 0.1);
    patient.bolus(Drug::Naloxone, 0.0, 5_400);
    assert!(patient.drugs.effect().respiratory_depression > 0.3 * deep);
}

/// 1 mg against remifentanil at 1.3 ug/L acts within 4 min; 0.51 ug/L are left when it ends after 118 min
/// (Skulberg 2018).
#[test]
fn naloxone_lasts_two_hours_against_remifentanil() {
    let mut patient = Patient::breathing();
    patient.bolus(Drug::Naloxone, 1_000.0, 118 * 60);
    let left_ug_l = patient.drugs.plasma_ug_l(Drug::Naloxone);
    assert!((0.3..0.9).contains(&left_ug_l), "{left_ug_l} ug/L");
}

/// Stratton 1985: 25, 50 and 100 ng/kg/min for 14 min.
#[test]
fn epinephrine_dilates_and_drives() {
    let rest = *Patient::breathing().core.vitals();
    for (ng_kg_min, heart_bpm, stroke, resistance) in
        [(25.0, 8.0, 0.26, -0.31), (50.0, 12.0, 0.31, -0.42), (100.0, 17.0, 0.40, -0.48)]
    {
        let mut patient = Patient::breathing();
        for _ in 0..840 {
            patient.second(&[(Drug::Epinephrine, ng_kg_min * 70.0 / 1_000.0 / 60.0)]);
        }
        let vitals = patient.core.vitals();
        let label = format!("{ng_kg_min} ng/kg/min: {vitals:?}");
        assert!((vitals.heart_rate_bpm - rest.heart_rate_bpm - heart_bpm).abs() < 5.0, "{label}");
        assert!((vitals.stroke_volume_ml / rest.stroke_volume_ml - 1.0 - stroke).abs() < 0.12, "{label}");
        assert!((vitals.systemic_resistance / rest.systemic_resistance - 1.0 - resistance).abs() < 0.08, "{label}");
        assert!(vitals.sbp_mmhg > rest.sbp_mmhg + 5.0 && vitals.dbp_mmhg < rest.dbp_mmhg, "{label}");
    }
}

#[test]
fn much_epinephrine_constricts() {
    let mut patient = Patient::breathing();
    for _ in 0..600 {
        patient.second(&[(Drug::Epinephrine, 0.5 * 70.0 / 60.0)]);
    }
    assert!(patient.core.vitals().map_mmhg > 100.0, "{:?}", patient.core.vitals());
}

/// 1 mg into a vein: pressure and rate rise.
#[test]
fn a_bolus_of_epinephrine_races() {
    let mut patient = Patient::breathing();
    let vitals = patient.bolus(Drug::Epinephrine, 1_000.0, 90);
    let fastest_bpm = vitals.iter().map(|vitals| vitals.heart_rate_bpm).fold(0.0, f64::max);
    assert!(fastest_bpm > 100.0, "{fastest_bpm}");
    assert!(vitals.iter().any(|vitals| vitals.sbp_mmhg > 180.0));
}

/// The usual dose leaves patients awake, twice as much makes them drowsy, a milligram of fentanyl unconscious.
#[test]
fn opioids_sedate_and_naloxone_wakes() {
    let least = |drug: Drug, ug: f64| {
        let mut patient = Patient::breathing();
        let mut least = 1.0_f64;
        for second in 0..2_400 {
            patient.second(&[(drug, if second < 10 { ug / 10.0 } else { 0.0 })]);
            least = least.min(patient.drugs.wakefulness());
        }
        (least, patient)
    };
    assert!(least(Drug::Morphine, 10_000.0).0 > 0.9);
    let (drowsy, mut patient) = least(Drug::Morphine, 20_000.0);
    assert!((0.3..0.9).contains(&drowsy), "{drowsy}");
    patient.bolus(Drug::Naloxone, 400.0, 300);
    assert!(patient.drugs.wakefulness() > 0.95, "{}", patient.drugs.wakefulness());
    assert!(least(Drug::Fentanyl, 1_000.0).0 < 0.05);
}

#[test]
fn nothing_given_changes_nothing() {
    let mut patient = Patient::breathing();
    patient.second(&[]);
    assert_eq!(patient.drugs.in_use().next(), None);
    assert_eq!(patient.drugs.effect(), DrugEffect::default());
    assert_eq!(*patient.core.inputs, Inputs::default());
    assert_eq!(patient.drugs.bispectral_index(), 97.4);
    assert_eq!(patient.drugs.wakefulness(), 1.0);
    for drug in Drug::ALL {
        assert_eq!(patient.drugs.plasma_ug_l(drug), 0.0);
    }
}

/// Boluses by hand into the plasma of a man of 70 kg, 175 cm and 40 years: the figures of an independent matrix
/// exponential, through the whole of [`Drugs`].
#[test]
fn hand_given_boluses_peak_when_they_should() {
    for (drug, model, dose_ug, minutes, ug_l) in [
        (Drug::Propofol, PropofolModel::Schnider, 1_000.0, 1.52, 57.1),
        (Drug::Propofol, PropofolModel::Marsh, 1_000.0, 3.92, 22.9),
        (Drug::Propofol, PropofolModel::ModifiedMarsh, 1_000.0, 1.62, 40.7),
        (Drug::Remifentanil, PropofolModel::Schnider, 1.0, 1.43, 0.0579),
    ] {
        let mut drugs = Drugs::new(&MAN);
        drugs.choose_propofol_model(model);
        drugs.bolus(drug, dose_ug);
        let mut peak = (0.0, 0.0);
        for step in 1..=6_000 {
            drugs.advance_step();
            if drugs.effect_site_ug_l(drug) > peak.1 {
                peak = (f64::from(step) / 600.0, drugs.effect_site_ug_l(drug));
            }
        }
        assert!((peak.0 / minutes - 1.0).abs() < 0.01, "{drug:?} {model:?}: {} min", peak.0);
        assert!((peak.1 / ug_l - 1.0).abs() < 0.01, "{drug:?} {model:?}: {} ug/L", peak.1);
    }
}

/// Norepinephrine through [`Drugs`] is norepinephrine alone, and boluses of catecholamines arrive at once.
#[test]
fn catecholamines_stay_in_the_plasma() {
    let mut drugs = Drugs::new(&MAN);
    let mut alone = Norepinephrine::new();
    for _ in 0..600 {
        drugs.infuse(Drug::Norepinephrine, 0.7);
        drugs.advance_step();
        alone.advance(0.7, 0.1);
    }
    assert_eq!(drugs.plasma_ug_l(Drug::Norepinephrine), alone.concentration_ug_l());
    assert_eq!(drugs.pressor_effect(0.3), alone.effect(0.3));
    drugs.bolus(Drug::Epinephrine, 7.9);
    assert!((drugs.plasma_ug_l(Drug::Epinephrine) - 1.0).abs() < 1e-12);
}
