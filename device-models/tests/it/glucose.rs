//! A child with diabetes, its pump and its monitor: independence of the tick, and the truth that is noted.

use std::sync::Arc;

use sim_core::{
    Argument, Arguments, Cadence, Command, DevicePlan, Observer, PatientPlan, Registry, Roster, Route, RouteId, Said,
    Sim, SimId, SimTime, Span, StreamPlan,
};
use vocabulary::{DeviceIdentity, Message, PatientIdentity};

/// A child with heart and lungs, a pump and a monitor; a bolus by command after half a minute.
fn child() -> (Registry, Arc<Roster>) {
    let mut registry = Registry::new();
    device_models::register(&mut registry);
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
        identity: DeviceIdentity::default(),
        options: Arguments::default(),
        link: 0,
        aligned: false,
        streams,
    };
    let route = |device, stream| Route { device: SimId(device), stream, format: "vendor-json".to_owned() };
    let patient = PatientPlan {
        path: "home/1".to_owned(),
        cohort: "home".to_owned(),
        number: 1,
        patient_id: "home-0001".to_owned(),
        identity: PatientIdentity::default(),
        model: "t1d_child".to_owned(),
        arguments: Arguments([("age".to_owned(), Argument::Number(9.0))].into_iter().collect()),
        zone: std::sync::Arc::new(sim_core::Zone::utc()),
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
        assert_eq!((columns[0], columns[columns.len() - 9]), ("heart_rate", "plasma_glucose"));
    }
    let alone = states(false);
    let minutes: Vec<f64> = alone.iter().map(|state| state.at.seconds()).collect();
    assert_eq!(minutes, [0.0, 60.0, 120.0]);
    assert_eq!(alone[2].values[0], both[120].values[both[120].values.len() - 9]);
}

/// Adults with pumps who live as people do, as a registry and a roster.
fn pump_wearers(seed: u64, people: u32) -> (Registry, Arc<Roster>) {
    let (registry, one) = child();
    let mut roster = Roster { seed, ..Roster::clone(&one) };
    let (patient, pump) = (roster.patients[0].clone(), roster.devices[0].clone());
    (roster.patients, roster.devices, roster.routes) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..people {
        let path = format!("home/{number}");
        roster.devices.push(DevicePlan {
            path: format!("{path}/pump"),
            patient: SimId(number),
            streams: Vec::new(),
            ..pump.clone()
        });
        let arguments = Arguments([("circulation".to_owned(), Argument::Flag(false))].into_iter().collect());
        let devices = number as usize..number as usize + 1;
        let model = "t1d_adult".to_owned();
        roster.patients.push(PatientPlan { path, number, model, arguments, devices, ..patient.clone() });
    }
    (registry, Arc::new(roster))
}

/// 20 to 30 person-years of real adults on pumps see one ketoacidosis (sources in `patients/src/glycaemia/reservoir.rs`); reservoirs
/// run empty all the same, and it is labelled when they do.
#[test]
fn empty_pumps_are_refilled_and_ketoacidosis_is_rare() {
    let (mut acidoses, mut empties) = (0, 0);
    for seed in [11, 12] {
        let (registry, roster) = pump_wearers(seed, 30);
        let mut sim = Sim::new(&registry, &roster, &Arc::new(Vec::new()), 0..30).unwrap();
        sim.observe(Box::new(Nobody));
        let mut ill = [false; 30];
        for day in 1..=30 {
            sim.advance_to(SimTime::ZERO + Span::from_secs(86_400 * day));
            let truth = sim.take_truth();
            for state in &truth.states {
                ill[state.patient.index()] |= state.values[6] > 3.0 && state.values[7] < 18.0;
            }
            empties += truth.labels.iter().filter(|edge| edge.label == "person.empty_pump" && edge.begins).count();
        }
        acidoses += ill.iter().filter(|ill| **ill).count();
    }
    assert!(acidoses <= 1, "{acidoses} ketoacidoses in 60 person-months");
    assert!((3..300).contains(&empties), "{empties} empty reservoirs");
}
