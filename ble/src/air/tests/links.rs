//! Links: from the request to the supervision timeout.

use crate::pdu::hci::{RawEvent, SUPPORTED_COMMANDS};

use super::host::TestHost;
use super::*;
use crate::Fault;
use crate::gatt::Access;
use crate::link::LinkState;
use crate::services::RecordAccess;
use crate::services::glucose;

const NOTIFY_ON: [u8; 2] = [1, 0];

fn state(air: &Air, peripheral: PeripheralId) -> LinkState {
    air.link_state(air.links_of(peripheral)[0]).expect("connected")
}

/// Handle of the value of a characteristic.
fn handle_of(air: &Air, peripheral: PeripheralId, service: crate::pdu::att::Uuid, uuid: crate::pdu::att::Uuid) -> u16 {
    air.peripheral(peripheral).server.database.find(service, uuid).expect("there").value_handle
}

fn write(host: &mut TestHost, air: &mut Air, link: u16, handle: u16, value: &[u8]) -> Vec<u8> {
    let [low, high] = handle.to_le_bytes();
    host.request(air, link, &[&[0x12, low, high][..], value].concat()).expect("a response")
}

#[test]
fn values_are_notified_to_those_who_asked() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, sensor);
    let measurement = handle_of(&air, sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT);
    let unwanted = air.send(sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &[0, 60]);
    assert_eq!((unwanted.queued, unwanted.unwanted), (0, 1));
    assert_eq!(write(&mut host, &mut air, link, measurement + 1, &NOTIFY_ON), [0x13]);
    host.frames.clear();
    let sent = air.send(sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &[0, 61]);
    assert_eq!(sent.queued, 1);
    air.advance_to(air.now_ns() + 100_000_000);
    host.poll(&mut air);
    let [low, high] = measurement.to_le_bytes();
    assert_eq!(host.frames[0].payload, [0x1B, low, high, 0, 61]);
    assert_eq!(host.credits, 16, "every credit comes back");
}

#[test]
fn each_side_sees_its_own_reason() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, sensor);
    let [low, high] = link.to_le_bytes();
    assert_eq!(host.command(&mut air, 0x0406, &[low, high, 0x16]), [0x12], "not a reason for hosts");
    assert_eq!(host.command(&mut air, 0x0406, &[low, high, 0x13]), [0x00]);
    air.advance_to(air.now_ns() + 200_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0x16]);
    let reasons: Vec<u8> = air
        .take_events()
        .into_iter()
        .filter_map(|(_, event)| if let AirEvent::Disconnected { reason, .. } = event { Some(reason) } else { None })
        .collect();
    assert_eq!(reasons, [0x13]);
    host.connect(&mut air, sensor);
}

#[test]
fn out_of_range_ends_with_the_supervision_timeout() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    host.connect(&mut air, sensor);
    air.advance_to(air.now_ns() + 20_000_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0_u8; 0], "an idle link lives");
    let gone_ns = air.now_ns();
    air.inflict(sensor, Fault::OutOfRange(true)).expect("possible");
    air.advance_to(gone_ns + 1_400_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0_u8; 0], "the timeout is 2 s, and the last look at most half a second old");
    air.advance_to(gone_ns + 2_600_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0x08]);
    air.inflict(sensor, Fault::OutOfRange(false)).expect("possible");
    host.connect(&mut air, sensor);
}

#[test]
fn a_link_that_never_begins_is_reported_as_such() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    assert_eq!(host.ask_for(&mut air, sensor), 0);
    while host.handles.is_empty() {
        let next_ns = air.next_event_at().expect("advertising");
        air.advance_to(next_ns);
        host.poll(&mut air);
    }
    air.inflict(sensor, Fault::OutOfRange(true)).expect("possible");
    air.advance_to(air.now_ns() + 1_000_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0x3E]);
}

#[test]
fn a_vanished_host_is_noticed_and_forgotten() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    host.connect(&mut air, sensor);
    air.detach_host(host.id);
    assert_eq!(air.links_of(sensor).len(), 1, "the peripheral does not know yet");
    air.advance_to(air.now_ns() + 3_000_000_000);
    assert_eq!(air.links_of(sensor).len(), 0);
    let mut other = TestHost::attach(&mut air);
    other.connect(&mut air, sensor);
}

#[test]
fn a_host_that_is_lost_by_reset_hears_nothing_of_it() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    host.connect(&mut air, sensor);
    assert_eq!(host.command(&mut air, 0x0C03, &[]), [0]);
    air.advance_to(air.now_ns() + 5_000_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0_u8; 0]);
    assert_eq!(air.links_of(sensor).len(), 0);
}

#[test]
fn losses_cost_time_but_no_data() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, sensor);
    let measurement = handle_of(&air, sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT);
    write(&mut host, &mut air, link, measurement + 1, &NOTIFY_ON);
    air.inflict(sensor, Fault::Loss(0.2)).expect("possible");
    host.frames.clear();
    for number in 0..200_u8 {
        air.send(sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &[0, number]);
        air.advance_to(air.now_ns() + 100_000_000);
    }
    air.advance_to(air.now_ns() + 1_000_000_000);
    host.poll(&mut air);
    let values: Vec<u8> = host.frames.iter().map(|frame| frame.payload[4]).collect();
    assert_eq!(values, (0..200).collect::<Vec<u8>>());
    let counters = state(&air, sensor).counters;
    let share = counters.failures as f64 / (counters.failures + counters.exchanges) as f64;
    // One direction or the other is lost in 36 % of the exchanges.
    assert!((share - 0.36).abs() < 0.1, "{counters:?}");
}

#[test]
fn the_length_of_packets_bounds_the_throughput() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, sensor);
    air.advance_to(air.now_ns() + 500_000_000);
    assert_eq!(state(&air, sensor).payload, 251);
    let mtu = host.request(&mut air, link, &[0x02, 0xF7, 0x00]);
    assert_eq!(mtu, Some(vec![0x03, 0xF7, 0x00]));
    let measurement = handle_of(&air, sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT);
    write(&mut host, &mut air, link, measurement + 1, &NOTIFY_ON);
    let before = state(&air, sensor).counters;
    for _ in 0..1000 {
        for _ in 0..8 {
            air.send(sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &[7; 244]);
        }
        air.advance_to(air.now_ns() + 30_000_000);
        host.poll(&mut air);
    }
    let octets = state(&air, sensor).counters.octets_from_peripheral - before.octets_from_peripheral;
    // Six packets of 251 octets fit the peripheral's own limit in each event of 30 ms.
    let expected = 1000 * 6 * 251;
    assert!((octets as f64 / f64::from(expected) - 1.0).abs() < 0.02, "{octets}");
}

#[test]
fn stored_records_are_read_out_in_order() {
    let mut air = Air::new(AirOptions { seed: 1, environment: Environment::ideal() });
    let mut options = PeripheralOptions::new("meter", "meter", vec![glucose::service(0)]);
    options.control_points.push((glucose::SERVICE, Box::new(RecordAccess)));
    let meter = air.add_peripheral(options).expect("valid");
    for key in 0..50_u32 {
        let value = vec![0, key as u8, 0];
        air.store_record(
            meter,
            glucose::SERVICE,
            crate::records::Record { key, parts: vec![(glucose::MEASUREMENT, value)], tag: 0 },
        );
    }
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, meter);
    let measurement = handle_of(&air, meter, glucose::SERVICE, glucose::MEASUREMENT);
    let control = handle_of(&air, meter, glucose::SERVICE, glucose::RECORD_ACCESS_CONTROL_POINT);
    let early = write(&mut host, &mut air, link, control, &[1, 1]);
    assert_eq!(early[4], 0xFD, "not before the client has subscribed");
    write(&mut host, &mut air, link, control + 1, &[2, 0]);
    assert_eq!(write(&mut host, &mut air, link, control, &[1, 1])[4], 0xFD, "nor before it wants the records");
    write(&mut host, &mut air, link, measurement + 1, &NOTIFY_ON);
    host.frames.clear();
    assert_eq!(write(&mut host, &mut air, link, control, &[1, 1]), [0x13]);
    air.advance_to(air.now_ns() + 3_000_000_000);
    host.poll(&mut air);
    let notified = host.frames.iter().filter(|frame| frame.payload[0] == 0x1B).map(|frame| frame.payload[4]);
    assert_eq!(notified.collect::<Vec<u8>>(), (0..50).collect::<Vec<u8>>());
    assert_eq!(host.frames.last().map(|frame| frame.payload[3..].to_vec()), Some(vec![6, 0, 1, 1]));
}

#[test]
fn an_unconfirmed_indication_ends_the_link() {
    let mut air = Air::new(AirOptions { seed: 1, environment: Environment::ideal() });
    let service = crate::services::blood_pressure::service(0);
    let cuff = air.add_peripheral(PeripheralOptions::new("cuff", "cuff", vec![service])).expect("valid");
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, cuff);
    let (service, uuid) = (crate::services::blood_pressure::SERVICE, crate::services::blood_pressure::MEASUREMENT);
    let handle = handle_of(&air, cuff, service, uuid);
    write(&mut host, &mut air, link, handle + 1, &[2, 0]);
    air.send(cuff, service, uuid, &[1]);
    air.send(cuff, service, uuid, &[2]);
    host.frames.clear();
    air.advance_to(air.now_ns() + 1_000_000_000);
    host.poll(&mut air);
    assert_eq!(host.frames.len(), 1, "the second one waits for the confirmation of the first");
    host.send_frame(&mut air, link, 4, &[0x1E]);
    air.advance_to(air.now_ns() + 1_000_000_000);
    host.poll(&mut air);
    assert_eq!(host.frames.len(), 2);
    air.advance_to(air.now_ns() + 31_000_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0x13]);
}

#[test]
fn encryption_needs_a_key() {
    let mut air = Air::new(AirOptions { seed: 1, environment: Environment::ideal() });
    let services = vec![battery::service(50).protected(Access::Encrypted)];
    let tag = air.add_peripheral(PeripheralOptions::new("tag", "tag", services)).expect("valid");
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, tag);
    let [low, high] = link.to_le_bytes();
    let parameters = [&[low, high][..], &[0; 26]].concat();
    assert_eq!(host.command(&mut air, 0x2019, &parameters), [0]);
    air.advance_to(air.now_ns() + 500_000_000);
    host.poll(&mut air);
    let missing = RawEvent::Other { code: 0x08, parameters: vec![0x06, low, high, 0] };
    assert!(host.others.contains(&missing), "{:?}", host.others);
    let level = handle_of(&air, tag, battery::SERVICE, battery::LEVEL);
    assert_eq!(host.request(&mut air, link, &[0x0A, level as u8, 0]).map(|answer| answer[4]), Some(0x05));
}

#[test]
fn a_burst_of_losses_is_survived_or_not_by_its_length() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    host.connect(&mut air, sensor);
    let short = crate::Burst { good_to_bad: 0.2, bad_to_good: 0.5 };
    air.inflict(sensor, Fault::Bursts(Some(short))).expect("possible");
    air.advance_to(air.now_ns() + 30_000_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0_u8; 0]);
    let endless = crate::Burst { good_to_bad: 1.0, bad_to_good: 0.0 };
    air.inflict(sensor, Fault::Bursts(Some(endless))).expect("possible");
    air.advance_to(air.now_ns() + 3_000_000_000);
    host.poll(&mut air);
    assert_eq!(host.disconnections, [0x08]);
}

#[test]
fn a_named_value_is_taken_or_lost() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, sensor);
    let value = handle_of(&air, sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT);
    write(&mut host, &mut air, link, value + 1, &[1, 0]);
    air.take_events();
    air.send_tagged(sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &[0, 60], 8);
    air.advance_to(air.now_ns() + 500_000_000);
    let events: Vec<AirEvent> = air.take_events().into_iter().map(|(_, event)| event).collect();
    assert_eq!(events, [AirEvent::ValueTaken { peripheral: sensor, host: host.id, tag: 8 }]);
    air.inflict(sensor, Fault::OutOfRange(true)).expect("possible");
    air.send_tagged(sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &[0, 61], 9);
    air.advance_to(air.now_ns() + 30_000_000_000);
    let lost = AirEvent::ValueLost { peripheral: sensor, tag: 9, loss: crate::ValueLoss::LinkEnded };
    assert!(air.take_events().iter().any(|(_, event)| *event == lost));
}

#[test]
fn handles_move_and_the_client_is_told() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    let link = host.connect(&mut air, sensor);
    let generic = (crate::pdu::att::Uuid::Short(0x1801), crate::pdu::att::Uuid::Short(0x2A05));
    let changed = handle_of(&air, sensor, generic.0, generic.1);
    write(&mut host, &mut air, link, changed + 1, &[2, 0]);
    let hash = air.value(sensor, generic.0, crate::pdu::att::Uuid::Short(0x2B2A)).expect("there").to_vec();
    host.frames.clear();
    air.inflict(sensor, Fault::ShiftHandles { by: 2, announced: true }).expect("possible");
    air.advance_to(air.now_ns() + 200_000_000);
    host.poll(&mut air);
    // By the handle that the client knows.
    let [low, high] = changed.to_le_bytes();
    assert_eq!(host.frames[0].payload, [0x1D, low, high, 0x01, 0x00, 0xFF, 0xFF]);
    assert_ne!(air.value(sensor, generic.0, crate::pdu::att::Uuid::Short(0x2B2A)), Some(&hash[..]));
    assert_eq!(air.value(sensor, battery::SERVICE, battery::LEVEL), Some(&[87][..]));
}

/// The table of supported commands tells the truth: none of them is unknown.
#[test]
fn every_supported_command_is_executed() {
    let (mut air, sensor) = site();
    let mut host = TestHost::attach(&mut air);
    host.connect(&mut air, sensor);
    for &(opcode, _, _) in SUPPORTED_COMMANDS {
        // Host Number Of Completed Packets is never answered.
        if opcode.0 == 0x0C35 {
            continue;
        }
        let answers: Vec<Vec<u8>> = [0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 25, 26, 28, 32]
            .map(|length| host.command(&mut air, opcode.0, &vec![1; length]))
            .to_vec();
        assert!(answers.iter().all(|answer| answer[0] != 0x01), "{opcode:?}: {answers:?}");
        air.advance_to(air.now_ns() + 300_000_000);
    }
}

#[test]
fn unknown_commands_are_answered() {
    let (mut air, _) = site();
    let mut host = TestHost::attach(&mut air);
    assert_eq!(host.command(&mut air, 0xFC01, &[1, 2, 3]), [0x01]);
    assert_eq!(host.command(&mut air, 0x2001, &[1, 2, 3]), [0x12]);
}
