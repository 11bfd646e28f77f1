//! The model against simglucose's traces, and its directions.

use super::super::pack::Table;
use super::super::{BEGINS_IN_TYPE_1_MG_DL, circadian_sensitivity, reference_patients};
use super::*;

const OPEN_LOOP: &str = include_str!("../../../data/glucose/reference_open_adult_001.csv");
const CLOSED_LOOP: &str = include_str!("../../../data/glucose/reference_closed_adult_001.csv");

fn patient(name: &str) -> Type1 {
    let (_, parameters) = reference_patients().into_iter().find(|(known, _)| known == name).unwrap();
    Type1::new(parameters)
}

/// Advances with basal insulin and a bolus in the first minute; returns plasma glucose of every minute.
fn follow(person: &mut Type1, minutes: usize, bolus: Units, conditions: &Conditions) -> Vec<f64> {
    let basal = person.parameters().basal_rate().over_minutes(1.0);
    (0..minutes)
        .map(|minute| {
            person.advance_minute(if minute == 0 { basal + bolus } else { basal }, conditions);
            person.plasma_mg_dl()
        })
        .collect()
}

fn lowest(trace: &[f64]) -> f64 {
    trace.iter().copied().fold(f64::INFINITY, f64::min)
}

fn highest(trace: &[f64]) -> f64 {
    trace.iter().copied().fold(0.0, f64::max)
}

/// The same insulin and meals as simglucose in open loop: 24 h within 0.05 mg/dL (0.0005 measured).
#[test]
fn open_loop_day_agrees_with_simglucose() {
    let mut person = patient("adult#001");
    let table = Table::parse(OPEN_LOOP).unwrap();
    let mut greatest = 0.0_f64;
    let mut minutes = 0;
    for row in table.rows() {
        let interstitial = row.number("BG_sub_mgdl").unwrap();
        let plasma = row.number("Gplasma_mgdl").unwrap();
        greatest = greatest.max((person.interstitial_mg_dl() - interstitial).abs());
        greatest = greatest.max((person.plasma_mg_dl() - plasma).abs());
        person.serve(row.number("CHO_announced_g").unwrap());
        person.advance_minute(Units(row.number("insulin_U_per_min").unwrap()), &Conditions::default());
        minutes += 1;
    }
    assert_eq!(minutes, 1_440);
    assert!(greatest <= 0.05, "greatest deviation {greatest} mg/dL");
}

/// The closed loop samples every three minutes, reports the mean of the sample and the mean of the announced food.
#[test]
fn closed_loop_day_agrees_with_simglucose() {
    let mut person = patient("adult#001");
    let table = Table::parse(CLOSED_LOOP).unwrap();
    let mut reported = person.interstitial_mg_dl();
    let mut greatest = 0.0_f64;
    let mut samples = 0;
    for row in table.rows() {
        greatest = greatest.max((reported - row.number("BG").unwrap()).abs());
        samples += 1;
        let Ok(carbohydrate_g_min) = row.number("CHO") else {
            continue;
        };
        person.serve(3.0 * carbohydrate_g_min);
        let insulin = Units(row.number("insulin").unwrap());
        reported = (0..3)
            .map(|_| {
                person.advance_minute(insulin, &Conditions::default());
                person.interstitial_mg_dl()
            })
            .sum::<f64>()
            / 3.0;
    }
    assert_eq!(samples, 481);
    assert!(greatest <= 0.1, "greatest deviation {greatest} mg/dL");
}

#[test]
fn the_basal_state_of_all_thirty_is_a_fixed_point() {
    for (name, parameters) in reference_patients() {
        for mut person in
            [Type1::new(parameters), Type1::new(parameters).with_counter_regulation(BEGINS_IN_TYPE_1_MG_DL)]
        {
            let trace = follow(&mut person, 1_440, Units(0.0), &Conditions::default());
            let drift = highest(&trace) - lowest(&trace);
            assert!(drift < 1e-3 * parameters.basal_glucose_mg_dl, "{name}: {drift} mg/dL");
        }
    }
}

#[test]
fn a_meal_without_insulin_raises_and_a_bolus_lowers() {
    let mut person = patient("adult#001");
    person.serve(60.0);
    let missed = follow(&mut person, 360, Units(0.0), &Conditions::default());
    let mut person = patient("adult#001");
    person.serve(60.0);
    let covered = follow(&mut person, 360, Units(6.0), &Conditions::default());
    assert!(highest(&missed) > highest(&covered) + 20.0);
    let mut person = patient("adult#001");
    let alone = follow(&mut person, 360, Units(6.0), &Conditions::default());
    assert!(lowest(&alone) < 100.0, "{}", lowest(&alone));
    assert!(person.insulin_on_board().0 < 6.0);
}

#[test]
fn a_failing_site_acts_like_a_smaller_bolus() {
    let conditions = Conditions { site_delivery: 0.0, ..Conditions::default() };
    let mut person = patient("adult#005");
    let trace = follow(&mut person, 480, Units(4.0), &conditions);
    assert!(trace[479] > 170.0, "{}", trace[479]);
}

#[test]
fn effort_lowers_and_stress_raises() {
    for (name, _) in reference_patients() {
        let rest = follow(&mut patient(&name), 60, Units(0.0), &Conditions::default())[59];
        let effort = Conditions { effort: 0.4, ..Conditions::default() };
        let walked = follow(&mut patient(&name), 60, Units(0.0), &effort)[59];
        let stress = Conditions { stress: 1.0, ..Conditions::default() };
        let ill = follow(&mut patient(&name), 360, Units(0.0), &stress)[359];
        assert!(walked < rest - 10.0, "{name}: {walked} after effort");
        assert!(ill > rest + 15.0, "{name}: {ill} in illness");
    }
}

#[test]
fn the_dawn_raises_glucose() {
    let mut person = patient("adult#003");
    let basal = person.parameters().basal_rate().over_minutes(1.0);
    let mut at_hour = [0.0; 24];
    for minute in 0..2_880_usize {
        let hour = (minute % 1_440) as f64 / 60.0;
        let conditions = Conditions { insulin_sensitivity: circadian_sensitivity(hour, 0.2), ..Conditions::default() };
        person.advance_minute(basal, &conditions);
        at_hour[(minute / 60) % 24] = person.plasma_mg_dl();
    }
    assert!(at_hour[9] > at_hour[0] + 5.0, "{at_hour:?}");
    assert!(at_hour[9] > at_hour[21] + 10.0, "{at_hour:?}");
}

#[test]
fn low_glucose_calls_glucagon() {
    let mut person = patient("adult#001").with_counter_regulation(BEGINS_IN_TYPE_1_MG_DL);
    let trace = follow(&mut person, 240, Units(8.0), &Conditions::default());
    assert!(lowest(&trace) < 70.0, "{}", lowest(&trace));
    assert!(person.glucagon_pg_ml() > 60.5, "{}", person.glucagon_pg_ml());
    assert!(lowest(&trace) > 10.0, "{}", lowest(&trace));
}

/// Whatever insulin there is, the liver keeps plasma from being empty.
#[test]
fn plasma_is_never_empty() {
    for (name, parameters) in reference_patients() {
        let mut person = Type1::new(parameters).with_counter_regulation(BEGINS_IN_TYPE_1_MG_DL);
        let overdose = Units(0.6 * parameters.weight_kg);
        let trace = follow(&mut person, 600, overdose, &Conditions::default());
        assert!((10.0..45.0).contains(&lowest(&trace)), "{name}: {} mg/dL", lowest(&trace));
    }
}

/// Values never become negative or undefined, whatever is eaten and injected.
#[test]
fn gross_overdose_stays_defined() {
    let mut person = patient("child#003");
    person.serve(500.0);
    for minute in 0..2_880 {
        let insulin = if minute % 600 == 0 { Units(30.0) } else { Units(0.0) };
        person.advance_minute(insulin, &Conditions::default());
        assert!((0.0..2_000.0).contains(&person.plasma_mg_dl()), "minute {minute}: {}", person.plasma_mg_dl());
    }
}
