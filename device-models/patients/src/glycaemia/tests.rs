//! Minutes of living patients: meals, doses, lows, and independence of the tick.

use std::sync::Arc;

use sim_core::{
    Argument, Arguments, Cadence, Command, DevicePlan, Key, Observer, PatientPlan, Roster, Route, RouteId, Said, Sim,
    SimId, SimTime, Span, StreamPlan,
};
use vocabulary::Message;

use super::*;
use physiology::glucose::{Counting, Minimal, MinimalParameters, Type1, reference_patients};

fn adult(list: &str) -> Glycaemia {
    let (_, parameters) = reference_patients().into_iter().find(|(name, _)| name == "adult#001").unwrap();
    let key = Key::new(1, "home/1");
    let mut meals = MealPlan::listed(key, list).unwrap();
    (meals.counting, meals.missed_share) = (Counting::Exact, 0.0);
    Glycaemia::new(Metabolism::Type1(Box::new(Type1::new(parameters))), 102.3, meals, 10.0, 0.0)
}

fn minute(index: i64) -> Minute {
    Minute { index, day: (index / 1_440) as u64, of_day: (index % 1_440) as u32 }
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

/// A child with heart and lungs, a pump and a monitor; a bolus by command after half a minute.
fn child() -> (Registry, Arc<Roster>) {
    let mut registry = Registry::new();
    crate::register(&mut registry);
    let stream = |id: &str, kind_index, route| StreamPlan {
        id: id.to_owned(),
        kind_index,
        cadence: Cadence::Periodic { period: Span::from_secs(60) },
        route: RouteId(route),
    };
    let device = |kind: &str, streams| DevicePlan {
        path: format!("home/1/{kind}"),
        id: kind.to_owned(),
        patient: SimId(0),
        kind: kind.to_owned(),
        serial: kind.to_owned(),
        options: Arguments::default(),
        link: 0,
        aligned: false,
        streams,
        radio: None,
    };
    let route = |device, stream| Route {
        device: SimId(device),
        stream,
        topic: String::new(),
        qos: 0,
        retain: false,
        format: "vendor-json".to_owned(),
    };
    let patient = PatientPlan {
        path: "home/1".to_owned(),
        cohort: "home".to_owned(),
        number: 1,
        patient_id: "home-0001".to_owned(),
        model: "t1d_child".to_owned(),
        arguments: Arguments([("age".to_owned(), Argument::Number(9.0))].into_iter().collect()),
        devices: 0..2,
    };
    let roster = Roster {
        seed: 3,
        patients: vec![patient],
        devices: vec![
            device("insulin_pump", vec![stream("delivery", 0, 0)]),
            device("cgm", vec![stream("glucose", 0, 1)]),
        ],
        routes: vec![route(0, 0), route(1, 0)],
        ..Roster::default()
    };
    (registry, Arc::new(roster))
}

#[test]
fn the_minute_does_not_depend_on_the_tick() {
    let payloads = |tick: Span| {
        let (registry, roster) = child();
        let mut sim = Sim::new(&registry, &roster, &Arc::new(Vec::new()), 0..1).unwrap();
        let half_a_minute = SimTime::ZERO + Span::from_secs(30);
        sim.advance_to(half_a_minute);
        let arguments = Arguments([("amount_u".to_owned(), Argument::Number(2.0))].into_iter().collect());
        sim.inject(Command { device: SimId(0), id: "1".to_owned(), op: "bolus".to_owned(), arguments });
        let mut now = half_a_minute;
        let mut said = Vec::new();
        while now < SimTime::ZERO + Span::from_secs(1_200) {
            now += tick;
            sim.advance_to(now);
            said.extend(sim.take_outbound().into_iter().map(|message| message.payload));
        }
        assert_eq!(sim.take_replies()[0].reason, None);
        said
    };
    let said = payloads(Span::from_millis(100));
    assert_eq!(said.len(), 40);
    assert_eq!(said, payloads(Span::from_secs(30)));
    let bolus: f64 = said
        .iter()
        .filter_map(|payload| {
            formats::vendor_json::decode(payload).unwrap().numbers.get("ins_bolus").copied().flatten()
        })
        .sum();
    assert!((bolus - 2.0).abs() < 0.01, "{bolus} U told");
}

struct Nobody;

impl Observer for Nobody {
    fn observe(&mut self, _: &Said<'_>, _: &Message<'_>) {}
}

#[test]
fn glucose_joins_the_truth_of_the_circulation_or_stands_alone() {
    let states = |circulation: bool| {
        let (registry, roster) = child();
        let mut roster = Roster::clone(&roster);
        roster.patients[0].arguments.0.insert("circulation".to_owned(), Argument::Flag(circulation));
        let mut sim = Sim::new(&registry, &Arc::new(roster), &Arc::new(Vec::new()), 0..1).unwrap();
        sim.observe(Box::new(Nobody));
        sim.advance_to(SimTime::ZERO + Span::from_secs(121));
        sim.take_truth().states
    };
    let both = states(true);
    assert_eq!(both.len(), 121);
    for state in &both {
        let columns: Vec<&str> = state.columns.iter().copied().flatten().map(|column| column.name).collect();
        assert_eq!(columns.len(), state.values.len());
        assert_eq!((columns[0], columns[columns.len() - 6]), ("heart_rate", "plasma_glucose"));
    }
    let alone = states(false);
    let minutes: Vec<f64> = alone.iter().map(|state| state.at.seconds()).collect();
    assert_eq!(minutes, [0.0, 60.0, 120.0]);
    assert_eq!(alone[2].values[0], both[120].values[both[120].values.len() - 6]);
}
