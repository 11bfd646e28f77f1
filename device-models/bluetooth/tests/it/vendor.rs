//! A profile with both directions, a format of gateways and an action on the radio, all registered from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use bluetooth::ble::Fault;
use bluetooth::ble::gatt::{Characteristic, Properties, Service};
use bluetooth::ble::pdu::att::Uuid;
use bluetooth::{
    Bluetooth, Effect, Manner, Part, Profile, Radio, RadioAction, RadioError, Received, Reception, Sender,
};
use bytes::{BufMut as _, BytesMut};
use formats::vendor_json::VendorJson;
use radio_plan::{AirPlan, BluetoothKind, GatewayFormatSpec, GatewayPlan, RadioPlan, RadioSecurity, SitePlan};
use sim_core::{
    ActionSpec, Arguments, Cadence, DevicePlan, DurationRule, Executor, FormatSpec, Level, Occurrence, OccurrenceId,
    Outbound, PatientPlan, Plugin, Registry, Roster, Route, RouteId, SimId, SimTime, Span, StreamPlan, Subject,
};
use vocabulary::{DeviceIdentity, Heard, Message, Origin, OwnedMessage, PatientIdentity, Reading, Value, metrics};

const SERVICE: Uuid = Uuid::Short(0xFFF0);
const STEPS: Uuid = Uuid::Short(0xFFF1);

struct Acme;

impl Plugin for Acme {
    fn name(&self) -> &'static str {
        "acme"
    }

    fn register(&self, registry: &mut Registry) {
        registry.add(Profile {
            kind: "acme_pedometer",
            appearance: 0x0440,
            service: SERVICE,
            history: 0,
            equip: |_| {
                let steps = Characteristic::new(STEPS, Properties::NOTIFY);
                Service { uuid: SERVICE, characteristics: vec![steps] }.into()
            },
            parts,
            read,
        });
        registry.add(GatewayFormatSpec {
            name: "acme-line",
            about: "one line of text",
            encode,
            reader: Arc::new(VendorJson),
        });
        registry.add(ActionSpec {
            name: "acme.hush",
            about: "values are lost inside the device",
            level: Level::Link,
            executor: Executor::new(RadioAction::Device {
                begin: |_| vec![Effect::Fault(Fault::Mute(true))],
                heal: || vec![Effect::Fault(Fault::Mute(false))],
            }),
            parameters: Vec::new(),
            duration: DurationRule::Required,
            evidence: &["values_muted"],
            heal: "values flow again",
            stack_should: "notice",
        });
    }
}

fn parts(message: &OwnedMessage, _: &mut Sender<'_>) -> Vec<Part> {
    let steps = message.number(metrics::STEPS).map(|steps| (steps as u16).to_le_bytes().to_vec());
    let part = |value| Part { service: SERVICE, characteristic: STEPS, value, manner: Manner::Notified };
    steps.into_iter().map(part).collect()
}

fn read(received: &Received<'_>) -> Option<Reception> {
    let octets = received.only(STEPS)?.try_into().ok()?;
    Some(vec![Reading::number(metrics::STEPS, f64::from(u16::from_le_bytes(octets)))].into())
}

fn encode(heard: &Heard<'_>, out: &mut BytesMut) {
    let [Reading { value: Value::Number(steps), .. }] = heard.message.readings else { return };
    out.put_slice(format!("{} {} {steps}", heard.message.device_serial, heard.message.sequence).as_bytes());
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.add_plugin(&Bluetooth).add_plugin(&Acme);
    registry
}

/// A home with one pedometer and one telephone.
fn home() -> (Arc<Roster>, Arc<AirPlan>) {
    let device = |kind: &str| DevicePlan {
        path: format!("a/1/{kind}"),
        id: kind.to_owned(),
        patient: SimId(0),
        kind: kind.to_owned(),
        serial: format!("{kind}-1"),
        identity: DeviceIdentity::default(),
        options: Arguments::default(),
        link: 0,
        aligned: true,
        streams: Vec::new(),
    };
    let radio = RadioPlan {
        site: 0,
        place: [1.0, 0.0, 0.0],
        power_dbm: 0.0,
        advertising: Span::from_millis(500),
        links: 1,
        security: RadioSecurity::Open,
        secure_connections: true,
    };
    let mut pedometer = device("acme_pedometer");
    let cadence = Cadence::Periodic { period: Span::from_secs(1) };
    pedometer.streams.push(StreamPlan { id: "steps".to_owned(), kind_index: 0, cadence, route: RouteId(0) });
    let roster = Roster {
        seed: 7,
        patients: vec![PatientPlan {
            path: "a/1".to_owned(),
            cohort: "a".to_owned(),
            number: 1,
            patient_id: "P1".to_owned(),
            identity: PatientIdentity::default(),
            model: String::new(),
            arguments: Arguments::default(),
            zone: std::sync::Arc::new(sim_core::Zone::utc()),
            devices: 0..1,
        }],
        devices: vec![pedometer, device("gateway")],
        routes: vec![Route { device: SimId(0), stream: 0, format: "said".to_owned() }],
        ..Roster::default()
    };
    let air = AirPlan {
        sites: vec![SitePlan { id: "home".to_owned(), patients: 0..1, path_loss_exponent: 2.0, shadowing_db: 0.0 }],
        gateways: vec![GatewayPlan {
            device: SimId(1),
            site: 0,
            place: [0.0; 3],
            slots: 4,
            interval: Span::from_millis(50),
            format: "acme-line".to_owned(),
            devices: vec![SimId(0)],
        }],
        radios: BTreeMap::from([(SimId(0), radio)]),
    };
    (Arc::new(roster), Arc::new(air))
}

fn at(seconds: i64) -> SimTime {
    SimTime::ZERO + Span::from_secs(seconds)
}

#[test]
fn a_vendors_device_is_heard_and_hushed() {
    let registry = registry();
    let hush = Occurrence {
        step: "hush".to_owned(),
        repetition: 0,
        action: "acme.hush".to_owned(),
        start: at(30),
        end: Some(at(40)),
        arguments: Arguments::default(),
        subjects: vec![Subject::Device(SimId(0))],
    };
    let (roster, air) = home();
    let mut radio = Radio::new(&registry, &roster, &air, &Arc::new(vec![hush]), 0..1).expect("valid");
    let format = &registry.find::<FormatSpec>("said").and_then(FormatSpec::as_fixed).expect("the radio's own");
    for sequence in 0..60 {
        let readings = [Reading::number(metrics::STEPS, sequence as f64)];
        let message = Message {
            device_serial: "acme_pedometer-1",
            patient_id: None,
            stream: "steps",
            sequence,
            device_time_ms: 0,
            readings: &readings,
            waves: &[],
            origin: Origin::default(),
        };
        let mut payload = BytesMut::new();
        format.encode(&message, &mut payload);
        let (device, route, intended) = (SimId(0), RouteId(0), at(sequence as i64) + Span::from_millis(500));
        radio.say(Outbound { device, route, sequence, intended, payload: payload.freeze(), relay: None });
    }
    radio.advance_to(at(70));
    let handed_on = radio.take_forwarded();
    let lines: Vec<&str> =
        handed_on.iter().map(|message| std::str::from_utf8(&message.payload).expect("text")).collect();
    assert!(lines.contains(&"acme_pedometer-1 29 29") && lines.contains(&"acme_pedometer-1 59 59"), "{lines:?}");
    assert!(handed_on.iter().all(|message| !(30..40).contains(&message.sequence)), "{lines:?}");
    let muted: Vec<_> = radio.evidence().iter().collect();
    assert_eq!(muted, [(OccurrenceId(0), "values_muted", 10)]);
}

#[test]
fn the_checker_knows_the_kind_by_its_profile() {
    assert!(registry().find::<BluetoothKind>("acme_pedometer").is_some());
}

#[test]
fn a_profile_of_no_device_is_a_flaw() {
    let flaws = registry().check().expect_err("no device kinds are registered").to_string();
    let expected = "plugin `acme`: Bluetooth profile `acme_pedometer`: there is no device kind of that name";
    assert!(flaws.contains(expected), "{flaws}");
}

#[test]
fn evidence_that_is_not_counted_is_refused() {
    let mut registry = registry();
    for action in registry.all_mut::<ActionSpec>().iter_mut().filter(|action| action.name == "acme.hush") {
        action.evidence = &["silence"];
    }
    let step = Occurrence {
        step: "hush".to_owned(),
        repetition: 0,
        action: "acme.hush".to_owned(),
        start: at(1),
        end: None,
        arguments: Arguments::default(),
        subjects: Vec::new(),
    };
    let (roster, air) = home();
    let refused = Radio::new(&registry, &roster, &air, &Arc::new(vec![step]), 0..1).expect_err("no such counter");
    assert!(matches!(refused, RadioError::UnknownEvidence { name: "silence", .. }), "{refused}");
}
