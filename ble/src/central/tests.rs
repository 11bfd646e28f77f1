//! Gateways in the air.

use super::*;
use crate::host::HostOptions;
use crate::propagation::{Environment, Position};
use crate::services::{battery, blood_pressure, ecg_stream, heart_rate};
use crate::{AirOptions, Fault, PeripheralId, PeripheralOptions};

const SECOND_NS: u64 = 1_000_000_000;

fn gateway(air: &mut Air, path: &str, options: CentralOptions) -> HostId {
    let host = HostOptions {
        path: path.to_owned(),
        address: Address::synthetic_public(9),
        position: Position::default(),
        capture_start_unix_us: None,
        strict: false,
    };
    air.add_central(host, options)
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

fn values(events: &[CentralEvent]) -> Vec<&[u8]> {
    events
        .iter()
        .filter_map(|event| match &event.kind {
            CentralEventKind::Value { value, .. } => Some(value.as_slice()),
            _ => None,
        })
        .collect()
}

fn air() -> Air {
    Air::new(AirOptions { seed: 4, environment: Environment::ideal() })
}

#[test]
fn a_device_is_found_connected_and_heard() {
    let mut air = air();
    let sensor = strap(&mut air, "hr");
    let gateway = gateway(&mut air, "gw/1", hearts(7));
    air.advance_to(10 * SECOND_NS);
    let events = air.take_central_events(gateway);
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
        air.send(sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &[0, rate]);
        air.advance_to(air.now_ns() + SECOND_NS);
    }
    let events = air.take_central_events(gateway);
    let expected: Vec<[u8; 2]> = (60..70).map(|rate| [0, rate]).collect();
    assert_eq!(values(&events), expected);
}

#[test]
fn indications_are_confirmed_one_by_one() {
    let mut air = air();
    let cuff = advertise(&mut air, "bp", blood_pressure::SERVICE, vec![blood_pressure::service(0)]);
    let options = CentralOptions { services: vec![blood_pressure::SERVICE], ..CentralOptions::default() };
    let gateway = gateway(&mut air, "gw/1", options);
    air.advance_to(10 * SECOND_NS);
    for number in 0..5 {
        air.send(cuff, blood_pressure::SERVICE, blood_pressure::MEASUREMENT, &[number; 30]);
    }
    air.advance_to(12 * SECOND_NS);
    let events = air.take_central_events(gateway);
    assert_eq!(values(&events), (0..5).map(|number| [number; 30]).collect::<Vec<_>>());
}

#[test]
fn slots_starve_the_rest() {
    let mut air = air();
    let sensors: Vec<PeripheralId> = (0..5).map(|number| strap(&mut air, &format!("hr{number}"))).collect();
    gateway(&mut air, "gw/1", hearts(3));
    air.advance_to(60 * SECOND_NS);
    let connected = sensors.iter().filter(|sensor| !air.links_of(**sensor).is_empty()).count();
    assert_eq!(connected, 3);
}

#[test]
fn a_lost_device_is_connected_again() {
    let mut air = air();
    let sensor = strap(&mut air, "hr");
    let gateway = gateway(&mut air, "gw/1", hearts(7));
    air.advance_to(10 * SECOND_NS);
    air.inflict(sensor, Fault::OutOfRange(true)).expect("possible");
    air.advance_to(20 * SECOND_NS);
    let lost = air.take_central_events(gateway);
    assert_eq!(lost.last().map(|event| event.kind.clone()), Some(CentralEventKind::Disconnected { reason: 0x08 }));
    air.inflict(sensor, Fault::OutOfRange(false)).expect("possible");
    air.advance_to(30 * SECOND_NS);
    let again = air.take_central_events(gateway);
    assert!(again.iter().any(|event| matches!(event.kind, CentralEventKind::Subscribed { .. })), "{again:?}");
}

#[test]
fn only_devices_of_the_list_are_taken() {
    let mut air = air();
    let (ours, theirs) = (strap(&mut air, "ours"), strap(&mut air, "theirs"));
    let allowed = vec![air.address_of(ours).into()];
    gateway(&mut air, "gw/1", CentralOptions { allowed, ..hearts(7) });
    air.advance_to(20 * SECOND_NS);
    assert_eq!((air.links_of(ours).len(), air.links_of(theirs).len()), (1, 0));
}

/// What a gateway hears does not depend on how the time is cut into steps.
#[test]
fn steps_do_not_matter() {
    let run = |step_ns: u64| {
        let mut air = Air::new(AirOptions { seed: 4, environment: Environment::default() });
        let sensors: Vec<PeripheralId> = (0..4).map(|number| strap(&mut air, &format!("hr{number}"))).collect();
        let ecg = ecg_stream::Information { rate_hz: 250, resolution_nv: 5000, leads: 2, gain: 1 };
        advertise(&mut air, "ecg", ecg_stream::SERVICE, vec![ecg_stream::service(ecg)]);
        let gateway = gateway(&mut air, "gw/1", hearts(7));
        for second in 1..20 {
            while air.now_ns() < second * SECOND_NS {
                let next_ns = (air.now_ns() + step_ns).min(second * SECOND_NS);
                air.advance_to(next_ns);
            }
            for sensor in &sensors {
                air.send(*sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &[0, second as u8]);
            }
        }
        air.take_central_events(gateway)
    };
    let coarse = run(SECOND_NS);
    assert!(values(&coarse).len() > 30, "{}", coarse.len());
    assert_eq!(coarse, run(7_000_000));
}

/// A device that takes two links goes on advertising when it has one: that is for hosts, not for a second gateway.
#[test]
fn gateways_do_not_take_each_others_devices() {
    let mut air = air();
    let mut options = PeripheralOptions::new(
        "ward/hr",
        "hr",
        vec![heart_rate::service(heart_rate::BodySensorLocation::Chest, false)],
    );
    options.advertising.data =
        crate::advertising::AdvertisingData::new().flags().services(&[heart_rate::SERVICE]).build().expect("fits");
    options.links.max_links = 2;
    let sensor = air.add_peripheral(options).expect("valid");
    let gateways: Vec<HostId> = ["gw/1", "gw/2"].iter().map(|path| gateway(&mut air, path, hearts(7))).collect();
    air.advance_to(20 * SECOND_NS);
    assert_eq!(air.links_of(sensor).len(), 1);
    let connected = |host: &HostId| {
        let events = air.take_central_events(*host);
        events.iter().filter(|event| event.kind == CentralEventKind::Connected).count()
    };
    let connects: Vec<usize> = gateways.iter().map(connected).collect();
    assert_eq!(connects.iter().sum::<usize>(), 1, "{connects:?}");
}
