//! Faults of peripherals, as a host sees them.

use crate::pdu::att::Uuid;

use super::host::TestHost;
use super::*;
use crate::{Fault, HostOptions};

const MEASUREMENT: (Uuid, Uuid) = (heart_rate::SERVICE, heart_rate::MEASUREMENT);

/// A subscribed host.
fn subscribed() -> (Air, PeripheralId, TestHost) {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, sensor);
    let database = &air.peripheral(sensor).server.database;
    let handle = database.find(MEASUREMENT.0, MEASUREMENT.1).expect("there").value_handle;
    let [low, high] = (handle + 1).to_le_bytes();
    assert_eq!(host.request(&mut air, link, &[0x12, low, high, 1, 0]), Some(vec![0x13]));
    host.frames.clear();
    (air, sensor, host)
}

/// The values that arrive when four are sent under a fault.
fn values_under(fault: Fault) -> Vec<Vec<u8>> {
    let (mut air, sensor, mut host) = subscribed();
    air.inflict(sensor, fault).expect("possible");
    for number in 0..4 {
        air.send(sensor, MEASUREMENT.0, MEASUREMENT.1, &[0, number, 9]);
    }
    air.advance_to(air.now_ns() + 500_000_000);
    host.poll(&mut air);
    host.frames.iter().map(|frame| frame.payload[3..].to_vec()).collect()
}

#[test]
fn values_are_mistreated_as_asked() {
    let whole = |numbers: &[u8]| numbers.iter().map(|number| vec![0, *number, 9]).collect::<Vec<_>>();
    assert_eq!(values_under(Fault::Mute(false)), whole(&[0, 1, 2, 3]));
    assert_eq!(values_under(Fault::Mute(true)), whole(&[]));
    assert_eq!(values_under(Fault::Duplicate(true)), whole(&[0, 0, 1, 1, 2, 2, 3, 3]));
    assert_eq!(values_under(Fault::Reorder(true)), whole(&[1, 0, 3, 2]));
    assert_eq!(values_under(Fault::TruncateValues(Some(1))), vec![vec![0]; 4]);
    assert_eq!(values_under(Fault::DamageValues(true))[0], [0, 0, 9 ^ 0x55]);
    assert_eq!(values_under(Fault::ResetConfigurations), whole(&[]));
}

#[test]
fn links_end_for_the_reason_that_was_asked_for() {
    let (mut air, sensor, mut host) = subscribed();
    air.inflict(sensor, Fault::DropLinks { reason: 0x15 }).expect("possible");
    air.advance_to(air.now_ns() + 500_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0x15]);
}

#[test]
fn a_dead_battery_is_silence() {
    let (mut air, sensor, mut host) = subscribed();
    air.inflict(sensor, Fault::PowerOff(true)).expect("possible");
    air.advance_to(air.now_ns() + 5_000_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0x08]);
    host.scan(&mut air, false);
    air.advance_to(air.now_ns() + 5_000_000_000);
    host.poll(&mut air);
    assert_eq!(host.reports.len(), 0);
    air.inflict(sensor, Fault::PowerOff(false)).expect("possible");
    air.advance_to(air.now_ns() + 5_000_000_000);
    host.poll(&mut air);
    assert!(host.reports.len() >= 4);
}

#[test]
fn requests_can_be_left_without_an_answer() {
    let (mut air, sensor, mut host) = subscribed();
    let link = *host.handles.first().expect("connected");
    air.inflict(sensor, Fault::StallRequests(true)).expect("possible");
    assert_eq!(host.request(&mut air, link, &[0x0A, 3, 0]), None);
    air.inflict(sensor, Fault::StallRequests(false)).expect("possible");
    assert!(host.request(&mut air, link, &[0x0A, 3, 0]).is_some());
}

#[test]
fn a_rotated_address_is_a_new_one_of_the_same_identity() {
    let (mut air, sensor) = site();
    let before = air.address_of(sensor);
    air.inflict(sensor, Fault::RotateAddress).expect("possible");
    let first = air.address_of(sensor);
    air.inflict(sensor, Fault::RotateAddress).expect("possible");
    let second = air.address_of(sensor);
    assert!(before != first && first != second);
    let key = air.peripheral(sensor).identity_key;
    assert!(first.resolves_with(key) && second.resolves_with(key) && !before.resolves_with(key));
    let mut host = TestHost::attach(&mut air);
    host.connect(&mut air, sensor);
}

#[test]
fn the_mtu_is_limited() {
    let (mut air, sensor) = site();
    air.inflict(sensor, Fault::LimitMtu(23)).expect("possible");
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, sensor);
    assert_eq!(host.request(&mut air, link, &[0x02, 0xF7, 0x00]), Some(vec![0x03, 23, 0]));
}

/// A host that asks for flow control gets no more packets than it has buffers.
#[test]
fn data_waits_for_the_buffers_of_the_host() {
    let (mut air, sensor, mut host) = subscribed();
    let link = *host.handles.first().expect("connected");
    let [low, high] = link.to_le_bytes();
    assert_eq!(host.command(&mut air, 0x0C33, &[251, 0, 0, 2, 0, 0, 0]), [0]);
    assert_eq!(host.command(&mut air, 0x0C31, &[1]), [0]);
    for number in 0..5 {
        air.send(sensor, MEASUREMENT.0, MEASUREMENT.1, &[0, number]);
    }
    air.advance_to(air.now_ns() + 500_000_000);
    host.poll(&mut air);
    assert_eq!(host.frames.len(), 2);
    air.host_sent(host.id, &[0x01, 0x35, 0x0C, 5, 1, low, high, 2, 0]).expect("framed");
    air.advance_to(air.now_ns() + 500_000_000);
    host.poll(&mut air);
    assert_eq!(host.frames.len(), 4);
}

#[test]
fn a_strict_controller_refuses_to_mix_generations() {
    let (mut air, _) = site();
    let id = air.attach_host(HostOptions {
        path: "hci/strict".to_owned(),
        address: Address::synthetic_public(2),
        position: Position::default(),
        capture_start_unix_us: None,
        strict: true,
    });
    air.host_sent(id, &[1, 0x0C, 0x20, 2, 0, 0]).expect("framed");
    air.host_sent(id, &[1, 0x42, 0x20, 6, 0, 0, 0, 0, 0, 0]).expect("framed");
    let answers = air.take_output(id, usize::MAX);
    assert_eq!(answers, [[4, 0x0E, 4, 1, 0x0C, 0x20, 0x00], [4, 0x0E, 4, 1, 0x42, 0x20, 0x0C]].concat());
}
