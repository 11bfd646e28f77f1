//! Gateways in the air.

use super::*;
use crate::host::HostOptions;
use crate::propagation::{Environment, Position};
use crate::services::{battery, blood_pressure, ecg_stream, heart_rate};
use crate::{Air, AirOptions, Centrals, Fault, HostId, PeripheralId, PeripheralOptions};

const SECOND_NS: u64 = 1_000_000_000;

/// An air with gateways in it.
struct Ward {
    air: Air,
    centrals: Centrals,
}

impl Ward {
    fn new(environment: Environment) -> Self {
        Self { air: Air::new(AirOptions { seed: 4, environment }), centrals: Centrals::default() }
    }

    fn ideal() -> Self {
        Self::new(Environment::ideal())
    }

    fn advance_to(&mut self, until_ns: u64) {
        self.centrals.advance_to(&mut self.air, until_ns);
    }

    fn events(&mut self, gateway: HostId) -> Vec<CentralEvent> {
        self.centrals.take_events_of(gateway)
    }
}

fn gateway(ward: &mut Ward, path: &str, options: CentralOptions) -> HostId {
    let host = HostOptions {
        path: path.to_owned(),
        address: Address::synthetic_public(9),
        position: Position::default(),
        capture_start_unix_us: None,
        strict: false,
    };
    ward.centrals.add(&mut ward.air, host, options)
}

fn advertise(
    air: &mut Air,
    name: &str,
    service: crate::pdu::att::Uuid,
    services: Vec<crate::gatt::Service>,
) -> PeripheralId {
    let mut options = PeripheralOptions::new(format!("ward/{name}"), name, services);
    options.position = Position { x_m: 2.0, y_m: 0.0, z_m: 0.0 };
    let data = crate::advertising::AdvertisingData::new().flags().services(&[service]).build().expect("fits");
    options.advertising.data = data;
    options.advertising.scan_response = crate::advertising::AdvertisingData::new().name(name).build().expect("fits");
    air.add_peripheral(options).expect("valid")
}

fn strap(air: &mut Air, name: &str) -> PeripheralId {
    let services = vec![heart_rate::service(heart_rate::BodySensorLocation::Chest, false), battery::service(80)];
    advertise(air, name, heart_rate::SERVICE, services)
}

fn hearts(slots: usize) -> CentralOptions {
    CentralOptions { slots, services: vec![heart_rate::SERVICE, battery::SERVICE], ..CentralOptions::default() }
}

fn is_value(event: &CentralEvent) -> bool {
    matches!(event.kind, CentralEventKind::Value { .. })
}

fn values(events: &[CentralEvent]) -> Vec<&[u8]> {
    events
        .iter()
        .filter_map(|event| match &event.kind {
            CentralEventKind::Value { value, .. } => Some(value.as_slice()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_device_is_found_connected_and_heard() {
    let mut ward = Ward::ideal();
    let sensor = strap(&mut ward.air, "hr");
    let gateway = gateway(&mut ward, "gw/1", hearts(7));
    ward.advance_to(10 * SECOND_NS);
    let events = ward.events(gateway);
    let kinds: Vec<&CentralEventKind> = events.iter().map(|event| &event.kind).collect();
    let [
        CentralEventKind::Connecting | CentralEventKind::Discovered { .. },
        ..,
        CentralEventKind::Subscribed { characteristics },
    ] = kinds[..]
    else {
        panic!("{kinds:?}")
    };
    assert_eq!(characteristics, &[heart_rate::MEASUREMENT, battery::LEVEL]);
    for rate in 60..70 {
        ward.air.send(sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &[0, rate]);
        ward.advance_to(ward.air.now_ns() + SECOND_NS);
    }
    let events = ward.events(gateway);
    let expected: Vec<[u8; 2]> = (60..70).map(|rate| [0, rate]).collect();
    assert_eq!(values(&events), expected);
}

#[test]
fn indications_are_confirmed_one_by_one() {
    let mut ward = Ward::ideal();
    let cuff = advertise(&mut ward.air, "bp", blood_pressure::SERVICE, vec![blood_pressure::service(0)]);
    let options = CentralOptions { services: vec![blood_pressure::SERVICE], ..CentralOptions::default() };
    let gateway = gateway(&mut ward, "gw/1", options);
    ward.advance_to(10 * SECOND_NS);
    for number in 0..5 {
        ward.air.send(cuff, blood_pressure::SERVICE, blood_pressure::MEASUREMENT, &[number; 30]);
    }
    ward.advance_to(12 * SECOND_NS);
    let events = ward.events(gateway);
    assert_eq!(values(&events), (0..5).map(|number| [number; 30]).collect::<Vec<_>>());
    // The confirmation of one takes an event of the connection, and the next indication the event after.
    let interval_ns = u64::from(CentralOptions::default().interval) * 1_250_000;
    let came: Vec<u64> = events.iter().filter(|event| is_value(event)).map(|event| event.at_ns).collect();
    assert!(came.windows(2).all(|pair| pair[1] - pair[0] >= interval_ns), "{came:?}");
}

#[test]
fn slots_starve_the_rest() {
    let mut ward = Ward::ideal();
    let sensors: Vec<PeripheralId> = (0..5).map(|number| strap(&mut ward.air, &format!("hr{number}"))).collect();
    gateway(&mut ward, "gw/1", hearts(3));
    ward.advance_to(60 * SECOND_NS);
    let connected = sensors.iter().filter(|sensor| !ward.air.links_of(**sensor).is_empty()).count();
    assert_eq!(connected, 3);
}

#[test]
fn a_lost_device_is_connected_again() {
    let mut ward = Ward::ideal();
    let sensor = strap(&mut ward.air, "hr");
    let gateway = gateway(&mut ward, "gw/1", hearts(7));
    ward.advance_to(10 * SECOND_NS);
    ward.air.inflict(sensor, Fault::OutOfRange(true)).expect("possible");
    ward.advance_to(20 * SECOND_NS);
    let lost = ward.events(gateway);
    assert_eq!(lost.last().map(|event| event.kind.clone()), Some(CentralEventKind::Disconnected { reason: 0x08 }));
    ward.air.inflict(sensor, Fault::OutOfRange(false)).expect("possible");
    ward.advance_to(30 * SECOND_NS);
    let again = ward.events(gateway);
    assert!(again.iter().any(|event| matches!(event.kind, CentralEventKind::Subscribed { .. })), "{again:?}");
}

#[test]
fn only_devices_of_the_list_are_taken() {
    let mut ward = Ward::ideal();
    let (ours, theirs) = (strap(&mut ward.air, "ours"), strap(&mut ward.air, "theirs"));
    let allowed = vec![ward.air.address_of(ours).into()];
    gateway(&mut ward, "gw/1", CentralOptions { allowed, ..hearts(7) });
    ward.advance_to(20 * SECOND_NS);
    assert_eq!((ward.air.links_of(ours).len(), ward.air.links_of(theirs).len()), (1, 0));
}

/// What a gateway hears does not depend on how the time is cut into steps.
#[test]
fn steps_do_not_matter() {
    let run = |step_ns: u64| {
        let mut ward = Ward::new(Environment::default());
        let sensors: Vec<PeripheralId> = (0..4).map(|number| strap(&mut ward.air, &format!("hr{number}"))).collect();
        let ecg = ecg_stream::Information { rate_hz: 250, resolution_nv: 5000, leads: 2, gain: 1 };
        advertise(&mut ward.air, "ecg", ecg_stream::SERVICE, vec![ecg_stream::service(ecg)]);
        let gateway = gateway(&mut ward, "gw/1", hearts(7));
        for second in 1..20 {
            while ward.air.now_ns() < second * SECOND_NS {
                let next_ns = (ward.air.now_ns() + step_ns).min(second * SECOND_NS);
                ward.advance_to(next_ns);
            }
            for sensor in &sensors {
                ward.air.send(*sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &[0, second as u8]);
            }
        }
        ward.events(gateway)
    };
    let coarse = run(SECOND_NS);
    assert!(values(&coarse).len() > 30, "{}", coarse.len());
    assert_eq!(coarse, run(7_000_000));
}

/// A device that takes two links goes on advertising when it has one: that is for hosts, not for a second gateway.
#[test]
fn gateways_do_not_take_each_others_devices() {
    let mut ward = Ward::ideal();
    let mut options = PeripheralOptions::new(
        "ward/hr",
        "hr",
        vec![heart_rate::service(heart_rate::BodySensorLocation::Chest, false)],
    );
    options.advertising.data =
        crate::advertising::AdvertisingData::new().flags().services(&[heart_rate::SERVICE]).build().expect("fits");
    options.links.max_links = 2;
    let sensor = ward.air.add_peripheral(options).expect("valid");
    let gateways: Vec<HostId> = ["gw/1", "gw/2"].iter().map(|path| gateway(&mut ward, path, hearts(7))).collect();
    ward.advance_to(20 * SECOND_NS);
    assert_eq!(ward.air.links_of(sensor).len(), 1);
    let connected = |host: &HostId| {
        let events = ward.events(*host);
        events.iter().filter(|event| event.kind == CentralEventKind::Connected).count()
    };
    let connects: Vec<usize> = gateways.iter().map(connected).collect();
    assert_eq!(connects.iter().sum::<usize>(), 1, "{connects:?}");
}
