//! Minutes of living patients: meals, doses, lows, and independence of the tick.

use sim_core::{Arguments, Key, OccurrenceId, PatientPlan};
use vocabulary::PatientIdentity;

use super::*;
use physiology::glucose::{Counting, Minimal, MinimalParameters, Type1, reference_patients};

fn adult(list: &str) -> Glycaemia {
    let (_, parameters) = reference_patients().into_iter().find(|(name, _)| name == "adult#001").unwrap();
    let key = Key::new(1, "home/1");
    let mut meals = MealPlan::listed(key, list).unwrap();
    (meals.counting, meals.missed_share) = (Counting::Exact, 0.0);
    Glycaemia::new(Metabolism::Type1(Box::new(Type1::new(parameters))), 102.3, meals, 10.0, 0.0)
}

fn minute(index: i64) -> LocalMinute {
    Minute { index }.by(&sim_core::LocalClock::utc(0))
}

/// Lives from one minute of the run to another and returns the plasma glucose of each.
fn live(person: &mut Glycaemia, minutes: std::ops::Range<i64>) -> Vec<f64> {
    let mut evidence = Evidence::default();
    minutes
        .map(|index| {
            if index > 0 {
                person.end_minute(&minute(index), None, 0.0, &mut evidence);
            }
            person.begin_minute(&minute(index), &mut evidence);
            person.metabolism().plasma_mg_dl()
        })
        .collect()
}

#[test]
fn a_pen_holds_the_basal_glucose_and_covers_meals() {
    let mut person = adult("07:00 50 g");
    let fasting = live(&mut person, 0..421);
    assert!(fasting.iter().all(|glucose| (glucose - 138.56).abs() < 0.01));
    let before = person.delivered();
    live(&mut person, 421..422);
    let dose = person.delivered().0 - before.0 - person.programmed_basal().over_minutes(1.0).0;
    assert!((dose - 5.0).abs() < 1e-9, "{dose} U for 50 g");
    assert!(person.metabolism().gut_carbohydrate_g() > 4.9);
}

#[test]
fn a_pump_is_asked_for_the_bolus_and_the_pen_stays_away() {
    let mut person = adult("07:00 50 g");
    person.attach_pump();
    live(&mut person, 0..420);
    assert_eq!(person.take_wanted_bolus(), Units(0.0));
    live(&mut person, 420..421);
    assert_eq!(person.take_wanted_bolus(), Units(5.0));
    assert_eq!(person.delivered(), Units(0.0));
}

#[test]
fn a_late_bolus_comes_late_even_after_midnight() {
    let mut person = adult("23:50 50 g");
    person.attach_pump();
    person.plan_bolus(1_450, 30.0, &mut Evidence::default());
    let asked: Vec<i64> = (1_430..1_460)
        .filter(|index| {
            live(&mut person, *index..index + 1);
            person.take_wanted_bolus() > Units(0.0)
        })
        .collect();
    assert_eq!(asked, [1_430, 1_450]);
}

#[test]
fn a_low_is_treated_unless_nobody_looks() {
    let overdosed = |counting| {
        let mut person = adult("23:00 1 g");
        person.meals.counting = counting;
        person.receive(Units(20.0));
        live(&mut person, 0..1_200).into_iter().fold(f64::INFINITY, f64::min)
    };
    let (treated, untreated) = (overdosed(Counting::Exact), overdosed(Counting::Never));
    assert!(untreated < 50.0, "{untreated}");
    assert!(treated > untreated + 8.0, "{treated} {untreated}");
}

#[test]
fn people_with_insulin_of_their_own_take_none() {
    let key = Key::new(1, "home/1");
    let metabolism = Metabolism::Secreting(Box::new(Minimal::new(MinimalParameters::type2(90.0))));
    let mut person = Glycaemia::new(metabolism, 90.0, MealPlan::usual(key, 90.0), f64::INFINITY, 0.2);
    let day = live(&mut person, 0..1_440);
    assert_eq!(person.delivered(), Units(0.0));
    assert!(day.iter().any(|glucose| *glucose > 200.0));
}

#[test]
fn illness_raises_and_effort_lowers() {
    let after_hours = |effort, stress| {
        let mut person = adult("23:00 1 g");
        let mut evidence = Evidence::default();
        for index in 1..181 {
            person.begin_minute(&minute(index - 1), &mut evidence);
            person.end_minute(&minute(index), Some(effort), stress, &mut evidence);
        }
        person.metabolism().plasma_mg_dl()
    };
    let rest = after_hours(0.0, 0.0);
    assert!(after_hours(0.0, 1.0) > rest + 15.0);
    assert!(after_hours(0.2, 0.0) < rest - 15.0);
}

/// Shares of time in 70 to 180 mg/dL and below 70, the mean of the persons' variation [%], and the highest glucose.
struct Cohort {
    in_range_percent: f64,
    low_percent: f64,
    variation_percent: f64,
    highest_mg_dl: f64,
}

/// People of a model who live as people do for some days, after one to get into it.
fn cohort(model: &str, people: u64, days: i64) -> Cohort {
    let (mut minutes, mut in_range, mut low, mut variation, mut highest) = (0.0, 0.0, 0.0, 0.0, 0.0_f64);
    for number in 0..people {
        let path = format!("t1d/{number}");
        let plan = PatientPlan {
            path: path.clone(),
            cohort: "t1d".to_owned(),
            number: number as u32,
            patient_id: path.clone(),
            identity: PatientIdentity::default(),
            zone: std::sync::Arc::new(sim_core::Zone::utc()),
            model: model.to_owned(),
            arguments: Arguments::default(),
            devices: 0..0,
        };
        let mut person = of_plan(&plan, Key::new(20_260_322, &path)).unwrap().unwrap();
        live(&mut person, 0..1_440);
        let glucose = live(&mut person, 1_440..1_440 * (days + 1));
        let count = |holds: fn(f64) -> bool| glucose.iter().filter(|glucose| holds(**glucose)).count() as f64;
        in_range += count(|glucose| (70.0..=180.0).contains(&glucose));
        low += count(|glucose| glucose < 70.0);
        let number_of_minutes = glucose.len() as f64;
        let mean = glucose.iter().sum::<f64>() / number_of_minutes;
        let variance =
            glucose.iter().map(|glucose| (glucose - mean) * (glucose - mean)).sum::<f64>() / number_of_minutes;
        variation += 100.0 * libm::sqrt(variance) / mean / people as f64;
        highest = glucose.into_iter().fold(highest, f64::max);
        minutes += number_of_minutes;
    }
    Cohort {
        in_range_percent: 100.0 * in_range / minutes,
        low_percent: 100.0 * low / minutes,
        variation_percent: variation,
        highest_mg_dl: highest,
    }
}

/// What cohorts show, over weeks (sources in `physiology/data/glucose/LICENCES.md`): adults between those with meters (46 % of the
/// time in range) and those with sensors, a variation of 33 to 42 %.
#[test]
fn adults_live_as_cohorts_do() {
    let adults = cohort("t1d_adult", 100, 30);
    assert!((50.0..65.0).contains(&adults.in_range_percent), "{} %", adults.in_range_percent);
    assert!((3.0..6.0).contains(&adults.low_percent), "{} %", adults.low_percent);
    assert!((33.0..42.0).contains(&adults.variation_percent), "{} %", adults.variation_percent);
    assert!(adults.highest_mg_dl < 600.0, "{} mg/dL", adults.highest_mg_dl);
}

/// The young vary more and are less in range: 38 % (14 to 24 years), some 40 to 45 % (2 to 8 years).
#[test]
fn the_young_are_less_in_range() {
    for model in ["t1d_adolescent", "t1d_child"] {
        let young = cohort(model, 50, 20);
        assert!((40.0..50.0).contains(&young.in_range_percent), "{model}: {} %", young.in_range_percent);
        assert!((3.0..6.0).contains(&young.low_percent), "{model}: {} %", young.low_percent);
        assert!((34.0..44.0).contains(&young.variation_percent), "{model}: {} %", young.variation_percent);
        assert!(young.highest_mg_dl < 700.0, "{model}: {} mg/dL", young.highest_mg_dl);
    }
}

#[test]
fn forgotten_boluses_raise_and_miscounted_ones_lower() {
    let after_lunch = |prepare: fn(&mut Glycaemia)| {
        let mut person = adult("12:00 80 g");
        prepare(&mut person);
        live(&mut person, 0..960).into_iter().skip(720).sum::<f64>() / 240.0
    };
    let covered = after_lunch(|_| ());
    let forgotten = after_lunch(|person| person.conduct.miss_from(OccurrenceId(1)));
    let doubled = after_lunch(|person| person.conduct.misjudge_from(OccurrenceId(1), 2.0));
    assert!(forgotten > covered + 20.0, "{forgotten} {covered}");
    assert!(doubled < covered - 10.0, "{doubled} {covered}");
}

#[test]
fn a_stopped_pump_makes_ketones_and_insulin_ends_them() {
    let mut person = adult("23:00 1 g");
    person.attach_pump();
    live(&mut person, 0..840);
    let without = person.ketones().blood_mmol_l();
    assert!((1.5..4.0).contains(&without), "{without} mmol/L after 14 h");
    assert!(person.ketones().bicarbonate_mmol_l() < 23.0);
    person.supply = Supply::Pen;
    person.receive(Units(12.0));
    live(&mut person, 840..1_200);
    assert!(person.ketones().blood_mmol_l() < 0.5 * without, "{}", person.ketones().blood_mmol_l());
}
