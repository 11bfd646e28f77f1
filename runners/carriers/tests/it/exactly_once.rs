//! `QoS` 2 while the connection is cut at each frame of the handshake, in both directions and both versions.

use std::time::Instant;

use bytes::Bytes;
use carriers::{Closing, Direction, LinkRule, MEMORY_LATENCY, Pace, Tally, Verdict, VirtualFleet};
use scenarios::Protocol;
use sim_core::{OccurrenceId, SimId, SimTime, Span};

use crate::device::{connection, message, routes};

const SECOND_NS: i64 = 1_000_000_000;

/// Cuts the connection instead of letting every `nth` frame pass.
#[derive(Debug)]
struct Shears {
    every: u32,
    passed: u32,
}

impl LinkRule for Shears {
    fn sees_frames(&self) -> bool {
        true
    }

    fn on_frame(&mut self, _: Direction, _: &[u8], _: i64, tally: &mut Tally<'_>) -> Verdict {
        self.passed += 1;
        if self.passed.is_multiple_of(self.every) {
            tally.add("frames", 1);
            return Verdict::Cut(Closing::Rst);
        }
        Verdict::Pass
    }
}

/// Messages heard and commands taken by a device whose connection is cut at every frame of that number.
fn outcome(protocol: Protocol, qos: u8, every: u32) -> (Vec<String>, usize, u64) {
    let mut device = connection(0, protocol);
    device.session.clean = false;
    device.session.expiry = Span::from_secs(3_600);
    device.command_topic = Some("w/0/cmd".to_owned());
    device.command_qos = qos;
    let pace = Pace::real(Instant::now());
    let mut fleet = VirtualFleet::new(vec![device], routes(1, qos), MEMORY_LATENCY, pace, -SECOND_NS).unwrap();
    fleet.listen(vec!["w/0".to_owned()]);
    fleet.advance_to(-SECOND_NS / 2);
    let rule: Box<dyn LinkRule> = Box::new(Shears { every, passed: 0 });
    fleet.begin(vec![(SimId(0), rule)], OccurrenceId(0), SimTime::ZERO).unwrap();
    fleet.heal(OccurrenceId(0), SimTime::ZERO + Span::from_secs(8));
    let say = |n: i64| message(0, n as u64, SimTime::ZERO + Span::from_millis(400 * n), Bytes::from(n.to_string()));
    fleet.submit((1..16).map(say).collect()).unwrap();
    for n in 1..16 {
        fleet.publish_at(n * 400_000_000 + 3_000_000, "w/0/cmd".to_owned(), Bytes::from(n.to_string()));
    }
    fleet.advance_to(12 * SECOND_NS);
    let mut heard: Vec<String> =
        fleet.take_heard().iter().map(|heard| String::from_utf8_lossy(&heard.payload).into_owned()).collect();
    heard.sort_by_key(|text| text.parse::<u32>().unwrap());
    let commands = fleet.take_commands().len();
    let counts = fleet.shut_down(Span::from_secs(1)).counts;
    assert_eq!(counts.acked, 15, "cut at every frame {every}: {counts:?}");
    (heard, commands, counts.resent)
}

#[test]
fn at_qos_2_everything_arrives_once_wherever_the_connection_is_cut() {
    let once: Vec<String> = (1..16).map(|n| n.to_string()).collect();
    let mut resent = 0;
    for protocol in [Protocol::V311, Protocol::V5] {
        // CONNECT, CONNACK, SUBSCRIBE and SUBACK must pass for anything to come through.
        for every in 5..24 {
            let (heard, commands, again) = outcome(protocol, 2, every);
            assert_eq!((heard, commands), (once.clone(), 15), "{protocol:?}, cut at every frame {every}");
            resent += again;
        }
    }
    assert!(resent > 0, "the cuts made nothing be sent again");
}

#[test]
fn at_qos_1_the_same_cuts_double_messages() {
    let doubled = (5..24).any(|every| outcome(Protocol::V311, 1, every).0.len() > 15);
    assert!(doubled, "the cuts would not tell QoS 2 from 1");
}
