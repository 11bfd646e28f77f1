//! Minutes of living patients: meals, doses, lows, and independence of the tick.

use sim_core::Key;

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
                person.end_minute(&minute(index), 0.0, 0.0, &mut evidence);
            }
            person.begin_minute(&minute(index));
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
    let dose = person.delivered().0 - before.0 - person.basal_need().over_minutes(1.0).0;
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
    person.plan_bolus(1_450, 30.0);
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
            person.begin_minute(&minute(index - 1));
            person.end_minute(&minute(index), effort, stress, &mut evidence);
        }
        person.metabolism().plasma_mg_dl()
    };
    let rest = after_hours(0.0, 0.0);
    assert!(after_hours(0.0, 1.0) > rest + 15.0);
    assert!(after_hours(0.2, 0.0) < rest - 15.0);
}
