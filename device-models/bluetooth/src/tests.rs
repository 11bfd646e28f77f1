//! Wards made by hand: devices that say, gateways that hear.

mod faults;
mod values;
mod ward;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::radio_message;
use bytes::BytesMut;
use formats::vendor_json;
use radio_plan::{AirPlan, GatewayPlan, RadioPlan, RadioSecurity, SitePlan};
use sim_core::{
    Argument, Arguments, Cadence, DevicePlan, Occurrence, Outbound, PatientPlan, Registry, Roster, Route, RouteId,
    SimId, SimTime, Span, StreamPlan, Subject,
};
use vocabulary::{DeviceIdentity, Message, MetricId, Origin, PatientIdentity, Reading, Wave, metrics};

use super::{Bluetooth, GivenUp, Radio};

const EPOCH_MS: i64 = 1_767_225_600_000;

/// A roster and its air that grow by hand: one site.
#[derive(Debug)]
struct Ward {
    roster: Roster,
    air: AirPlan,
    occurrences: Vec<Occurrence>,
    said: BTreeMap<RouteId, u64>,
}

impl Ward {
    fn new(patients: u32) -> Self {
        let patient = |number: u32| PatientPlan {
            path: format!("a/{number}"),
            cohort: "a".to_owned(),
            number,
            patient_id: format!("P{number}"),
            identity: PatientIdentity::default(),
            model: String::new(),
            arguments: Arguments::default(),
            zone: std::sync::Arc::new(sim_core::Zone::utc()),
            devices: 0..0,
        };
        let site = SitePlan {
            id: "ward".to_owned(),
            patients: 0..patients as usize,
            path_loss_exponent: 2.7,
            shadowing_db: 4.0,
        };
        let roster = Roster {
            seed: 7,
            start_epoch_ns: EPOCH_MS * 1_000_000,
            patients: (1..=patients).map(patient).collect(),
            ..Roster::default()
        };
        let air = AirPlan { sites: vec![site], ..AirPlan::default() };
        Self { roster, air, occurrences: Vec::new(), said: BTreeMap::new() }
    }

    /// Adds a device to the last patient that has devices, or to the next one; patients get theirs in order.
    fn device(&mut self, patient: usize, kind: &str, place: [f64; 3], radio: impl FnOnce(&mut RadioPlan)) -> SimId {
        let id = SimId(self.roster.devices.len() as u32);
        let route = RouteId(self.roster.routes.len() as u32);
        let path = format!("a/{}/{kind}", patient + 1);
        let mut plan = RadioPlan {
            site: 0,
            place,
            power_dbm: 0.0,
            advertising: Span::from_millis(500),
            links: 1,
            security: RadioSecurity::Open,
            secure_connections: true,
        };
        radio(&mut plan);
        self.roster.routes.push(Route { device: id, stream: 0, format: "said".to_owned() });
        let cadence = Cadence::Periodic { period: Span::from_secs(1) };
        self.roster.devices.push(DevicePlan {
            path,
            id: kind.to_owned(),
            patient: SimId(patient as u32),
            kind: kind.to_owned(),
            serial: format!("{kind}-{}", patient + 1),
            identity: DeviceIdentity::default(),
            options: Arguments::default(),
            link: 0,
            aligned: true,
            streams: vec![StreamPlan { id: "values".to_owned(), kind_index: 0, cadence, route }],
        });
        self.air.radios.insert(id, plan);
        let devices = &mut self.roster.patients[patient].devices;
        *devices =
            if devices.start == devices.end { id.index()..id.index() + 1 } else { devices.start..id.index() + 1 };
        id
    }

    /// Adds a gateway; all devices must be there.
    fn gateway(&mut self, place: [f64; 3], slots: u32) -> SimId {
        let id = SimId(self.roster.devices.len() as u32);
        let devices = self.air.radios.keys().copied().collect();
        let number = self.air.gateways.len() + 1;
        self.roster.devices.push(DevicePlan {
            path: format!("gw/ward/{number}"),
            id: "ward".to_owned(),
            patient: SimId(0),
            kind: "gateway".to_owned(),
            serial: format!("GW-{number}"),
            identity: DeviceIdentity::default(),
            options: Arguments::default(),
            link: 0,
            aligned: true,
            streams: Vec::new(),
        });
        self.air.gateways.push(GatewayPlan {
            device: id,
            site: 0,
            place,
            slots,
            interval: Span::from_millis(50),
            format: "gateway-json".to_owned(),
            devices,
        });
        id
    }

    fn step(&mut self, action: &str, on: SimId, from_s: i64, to_s: Option<i64>, arguments: &[(&str, f64)]) {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), Argument::Number(*value))).collect();
        self.occurrences.push(Occurrence {
            step: action.to_owned(),
            repetition: 0,
            action: action.to_owned(),
            start: seconds(from_s),
            end: to_s.map(seconds),
            arguments: Arguments(arguments),
            subjects: vec![Subject::Device(on)],
        });
    }

    fn radio(&self) -> Radio {
        let patients = self.roster.patients.len();
        let mut registry = Registry::new();
        registry.add_plugin(&formats::Formats).add_plugin(&Bluetooth);
        let (roster, air) = (Arc::new(self.roster.clone()), Arc::new(self.air.clone()));
        Radio::new(&registry, &roster, &air, &Arc::new(self.occurrences.clone()), 0..patients).expect("valid")
    }

    /// The next message of a device, at this instant.
    fn message(&mut self, device: SimId, at: SimTime, readings: &[Reading], waves: &[Wave<'_>]) -> Outbound {
        let plan = &self.roster.devices[device.index()];
        let route = plan.streams[0].route;
        let sequence = self.said.entry(route).or_default();
        let message = Message {
            device_serial: &plan.serial,
            patient_id: Some(&self.roster.patients[plan.patient.index()].patient_id),
            stream: &plan.streams[0].id,
            sequence: *sequence,
            device_time_ms: EPOCH_MS + at.nanos() / 1_000_000,
            readings,
            waves,
            origin: Origin::default(),
        };
        let mut payload = BytesMut::new();
        radio_message::encode(&message, &mut payload);
        *sequence += 1;
        Outbound { device, route, sequence: *sequence - 1, intended: at, payload: payload.freeze(), relay: None }
    }
}

fn seconds(seconds: i64) -> SimTime {
    SimTime::from_nanos(seconds * 1_000_000_000)
}

fn number(metric: MetricId, value: f64) -> Reading {
    Reading::number(metric, value)
}

fn text(message: &Outbound) -> &str {
    std::str::from_utf8(&message.payload).expect("text")
}

/// What came out of a run.
#[derive(Debug, PartialEq)]
struct Heard {
    forwarded: Vec<Outbound>,
    given_up: Vec<GivenUp>,
}

/// Lets a radio hear everything that is said, in steps of `step_ms`.
fn run(radio: &mut Radio, said: &[Outbound], until: SimTime, step_ms: i64) -> Heard {
    let mut heard = Heard { forwarded: Vec::new(), given_up: Vec::new() };
    let (mut now, mut next) = (SimTime::ZERO, 0);
    while now < until {
        now = (now + Span::from_millis(step_ms)).min(until);
        while let Some(outbound) = said.get(next).filter(|outbound| outbound.intended < now) {
            radio.say(outbound.clone());
            next += 1;
        }
        radio.advance_to(now);
        heard.forwarded.extend(radio.take_forwarded());
        heard.given_up.extend(radio.take_given_up());
    }
    heard
}

/// One device of a kind beside a gateway, and what the gateway hands on of one message said after 20 s.
fn handed_on(kind: &str, readings: &[Reading], waves: &[Wave<'_>]) -> Vec<Outbound> {
    let mut ward = Ward::new(1);
    let device = ward.device(0, kind, [1.0, 0.0, 0.0], |_| {});
    ward.gateway([0.0; 3], 4);
    let said = vec![ward.message(device, seconds(20), readings, waves)];
    let mut radio = ward.radio();
    let heard = run(&mut radio, &said, seconds(100), 200);
    assert_eq!(heard.given_up, [], "{kind}");
    assert!(radio.pending().is_empty(), "{kind}");
    heard.forwarded
}

fn only(forwarded: &[Outbound]) -> String {
    let [message] = forwarded else { panic!("{forwarded:?}") };
    let key = vendor_json::peek(&message.payload).expect("a key");
    assert_eq!((&*key.stream, key.sequence), ("values", Some(0)));
    assert!(message.relay.expect("handed on").at >= seconds(20));
    text(message).to_owned()
}

/// What a device of a kind says goes through the air, and the gateway's payload holds this of it.
pub(crate) fn assert_read_back(kind: &str, readings: &[Reading], expected: &str) {
    let payload = only(&handed_on(kind, readings, &[]));
    assert!(payload.contains(expected), "{kind}: {payload}");
    let clock = format!(r#""d":"{kind}-1","p":"P1","st":"values","s":0,"t":{}"#, EPOCH_MS + 20_000);
    assert!(payload.contains(&clock), "{kind}: {payload}");
}
