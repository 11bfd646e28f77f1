//! The same devices in virtual time, over a network and to a broker in memory.

use bytes::Bytes;
use carriers::{CarrierEvent, LinkRule, MEMORY_LATENCY, NetCut, Pace, VirtualFleet};
use scenarios::{BackoffKind, Protocol};
use sim_core::{OccurrenceId, SimId, SimTime, Span};
use std::time::Instant;

use crate::device::{connection, message, routes};

const SECOND_NS: i64 = 1_000_000_000;

fn at(millis: i64) -> SimTime {
    SimTime::ZERO + Span::from_millis(millis)
}

fn fleet(protocol: Protocol, qos: u8) -> VirtualFleet {
    let pace = Pace::real(Instant::now());
    let devices = vec![connection(0, protocol), connection(1, protocol)];
    let mut fleet = VirtualFleet::new(devices, routes(2, qos), MEMORY_LATENCY, pace, -SECOND_NS).unwrap();
    fleet.listen(vec!["w/#".to_owned()]);
    fleet
}

/// What was heard, as topic and payload, and when [ms].
fn heard(fleet: &mut VirtualFleet) -> Vec<(String, i64)> {
    let heard = fleet.take_heard().into_iter();
    heard
        .map(|heard| (format!("{} {}", heard.topic, String::from_utf8_lossy(&heard.payload)), heard.at / 1_000_000))
        .collect()
}

fn say(device: u32, sequence: u64, millis: i64) -> sim_core::Outbound {
    message(device, sequence, at(millis), Bytes::from(sequence.to_string()))
}

#[test]
fn messages_take_two_latencies_to_a_listener_and_two_to_their_acknowledgement() {
    for protocol in [Protocol::V311, Protocol::V5] {
        let mut fleet = fleet(protocol, 1);
        fleet.submit(vec![say(0, 0, 10), say(1, 0, 20)]).unwrap();
        fleet.advance_to(SECOND_NS);
        assert_eq!(heard(&mut fleet), [("w/0 0".to_owned(), 12), ("w/1 0".to_owned(), 22)]);
        let acked: Vec<i64> = fleet
            .take_events()
            .iter()
            .filter_map(|event| match event {
                CarrierEvent::Acked { at, .. } => Some(at / 1_000_000),
                _ => None,
            })
            .collect();
        assert_eq!(acked, [12, 22]);
        let stats = fleet.shut_down(Span::from_secs(1));
        assert_eq!((stats.counts.sent, stats.counts.acked, stats.connections.closed), (2, 2, 2));
        assert_eq!(stats.lag_us.max(), 0, "nothing is late in virtual time");
    }
}

#[test]
fn a_silent_cut_holds_and_a_fin_resends_and_both_lose_nothing_that_is_acknowledged() {
    for (how, duplicates) in [(NetCut::Silent, 0), (NetCut::Fin, 1), (NetCut::Rst, 1)] {
        let mut fleet = fleet(Protocol::V311, 1);
        let rule: Box<dyn LinkRule> = Box::new(how);
        // The cut comes when the second message has reached the broker and its acknowledgement is on its way.
        fleet.begin(vec![(SimId(0), rule)], OccurrenceId(0), at(1_001)).unwrap();
        fleet.heal(OccurrenceId(0), at(3_000));
        fleet.submit((0..5).map(|second| say(0, second as u64, second * 1_000)).collect()).unwrap();
        fleet.advance_to(10 * SECOND_NS);
        let heard = heard(&mut fleet);
        let mut payloads: Vec<String> = heard.iter().map(|(what, _)| what.clone()).collect();
        assert_eq!(payloads.len(), 5 + duplicates, "{how:?}: {heard:?}");
        payloads.sort();
        payloads.dedup();
        assert_eq!(payloads.len(), 5, "{how:?}: {heard:?}");
        let held = heard.iter().find(|(what, _)| what == "w/0 2").map(|(_, at)| *at);
        assert!(held >= Some(3_000), "{how:?}: {heard:?}");
        let stats = fleet.shut_down(Span::from_secs(1));
        assert_eq!((stats.counts.acked, stats.counts.resent), (5, duplicates as u64), "{how:?}");
    }
}

/// Found by the search (seed 113): refused at once and trying again at once, it stood still at one instant for ever.
#[test]
fn a_device_that_does_not_back_off_comes_through_a_time_of_refusals() {
    let mut device = connection(0, Protocol::V311);
    device.session.backoff.kind = BackoffKind::None;
    let pace = Pace::real(Instant::now());
    let mut fleet = VirtualFleet::new(vec![device], routes(1, 1), MEMORY_LATENCY, pace, -SECOND_NS).unwrap();
    fleet.listen(vec!["w/#".to_owned()]);
    let rule: Box<dyn LinkRule> = Box::new(NetCut::Rst);
    fleet.begin(vec![(SimId(0), rule)], OccurrenceId(0), at(100)).unwrap();
    fleet.heal(OccurrenceId(0), at(1_100));
    fleet.submit(vec![say(0, 0, 500)]).unwrap();
    fleet.advance_to(2 * SECOND_NS);
    let heard = heard(&mut fleet);
    assert_eq!(heard.len(), 1);
    assert!((1_100..1_120).contains(&heard[0].1), "{heard:?}");
    let refused = fleet.shut_down(Span::from_secs(1)).counts.connect_failures;
    assert!((400..=500).contains(&refused), "{refused} attempts in a second, each a round trip of 2 ms");
}

#[test]
fn commands_reach_devices_and_equal_runs_are_equal() {
    let run = || {
        let mut device = connection(0, Protocol::V5);
        device.command_topic = Some("w/0/cmd".to_owned());
        device.reply_topic = Some("w/0/ack".to_owned());
        let pace = Pace::real(Instant::now());
        let mut fleet = VirtualFleet::new(vec![device], routes(1, 1), MEMORY_LATENCY, pace, -SECOND_NS).unwrap();
        fleet.listen(vec!["w/0/ack".to_owned()]);
        fleet.publish_at(5_000_000, "w/0/cmd".to_owned(), Bytes::from_static(b"{}"));
        fleet.advance_to(10_000_000);
        let arrived = fleet.take_commands();
        assert_eq!(arrived.len(), 1);
        fleet.reply(SimId(0), Bytes::from_static(b"done")).unwrap();
        fleet.advance_to(SECOND_NS);
        (arrived, heard(&mut fleet), fleet.take_events())
    };
    let first = run();
    assert_eq!((first.0[0].at, first.1.as_slice()), (6_000_000, &[("w/0/ack done".to_owned(), 12)][..]));
    assert_eq!(run(), first);
}
