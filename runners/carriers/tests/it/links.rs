//! Link cuts seen from the broker's side.

use std::io::ErrorKind;

use bytes::Bytes;
use carriers::{CarrierEvent, Closing, Direction, Fleet, LinkRule, LossReason, NetCut, Tally, Verdict};
use scenarios::Protocol;
use sim_core::{Evidence, OccurrenceId, SimId, SimTime};

use crate::device::{connection, events_until, message_now, routes, start};
use crate::scripted_broker::{ScriptedBroker, WELCOME};

const OUTAGE: OccurrenceId = OccurrenceId(7);

fn cut(fleet: &Fleet, how: NetCut, occurrence: OccurrenceId) {
    let rule: Box<dyn LinkRule> = Box::new(how);
    fleet.begin(vec![(SimId(0), rule)], occurrence, SimTime::ZERO).unwrap();
}

fn count(evidence: &Evidence, wanted: &str) -> u64 {
    evidence.iter().filter(|(occurrence, what, _)| *occurrence == OUTAGE && *what == wanted).map(|(_, _, n)| n).sum()
}

#[tokio::test]
async fn a_cut_closes_or_resets_and_refuses_until_it_heals() {
    for how in [NetCut::Fin, NetCut::Rst] {
        let broker = ScriptedBroker::bind().await;
        let devices = vec![connection(0, Protocol::V311), connection(1, Protocol::V311)];
        let (fleet, mut events, _) = start(broker.port(), devices, routes(2, 1));
        let mut peers = [broker.welcome(&WELCOME).await, broker.welcome(&WELCOME).await];
        peers.sort_by(|(_, one), (_, other)| one.cmp(other));
        // Unread bytes in the device's socket must not turn FIN into RST.
        peers[0].0.send(&[0xD0, 0]).await;
        cut(&fleet, how, OUTAGE);
        let end = peers[0].0.end().await;
        match how {
            NetCut::Fin => assert!(end.is_ok(), "{end:?}"),
            _ => assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset),
        }
        events_until(&mut events, |event| {
            matches!(event, CarrierEvent::ConnectFailed { device: SimId(0), reason: LossReason::LinkCut, .. })
        })
        .await;
        assert!(broker.nobody_waits().await, "a cut link lets no connection through");
        fleet.submit(vec![message_now(0, 0), message_now(1, 0)]).await.unwrap();
        assert_eq!(peers[1].0.publish().await.2, "0", "the other device is not concerned");
        fleet.heal(OUTAGE, SimTime::ZERO).unwrap();
        let (mut back, client_id) = broker.welcome(&WELCOME).await;
        assert_eq!(client_id, "device-0");
        assert_eq!(back.publish().await, (1, false, "0".to_owned()));
        let evidence = fleet.stats().await.unwrap().evidence;
        assert_eq!(count(&evidence, "links_cut"), 1);
        assert!(count(&evidence, "connects_blocked") >= 1);
        assert_eq!(count(&evidence, "bytes_held"), 0);
    }
}

#[tokio::test]
async fn a_silent_cut_stalls_both_directions_and_loses_no_byte() {
    let broker = ScriptedBroker::bind().await;
    let (fleet, mut events, _) = start(broker.port(), vec![connection(0, Protocol::V311)], routes(1, 1));
    let (mut peer, _) = broker.welcome(&WELCOME).await;
    fleet.submit(vec![message_now(0, 0)]).await.unwrap();
    peer.publish().await;
    cut(&fleet, NetCut::Silent, OUTAGE);
    fleet.submit(vec![message_now(0, 1), message_now(0, 2)]).await.unwrap();
    peer.send(&[0x40, 2, 0, 1]).await;
    assert!(peer.is_silent().await);
    let stats = fleet.stats().await.unwrap();
    assert_eq!((stats.counts.handled, stats.counts.sent, stats.counts.acked), (3, 1, 0));
    assert_eq!(stats.connections.online, 1, "nobody is told");
    fleet.heal(OUTAGE, SimTime::ZERO).unwrap();
    let held = b"\x32\x08\x00\x03w/0\x00\x021\x32\x08\x00\x03w/0\x00\x032";
    assert_eq!(peer.bytes(held.len()).await, held);
    events_until(&mut events, |event| matches!(event, CarrierEvent::Acked { sequence: 0, .. })).await;
    let evidence = fleet.stats().await.unwrap().evidence;
    assert_eq!(count(&evidence, "links_cut"), 1);
    assert_eq!(count(&evidence, "bytes_held"), held.len() as u64);
}

#[tokio::test]
async fn connects_hang_in_a_silent_cut_and_go_through_when_it_heals() {
    let broker = ScriptedBroker::bind().await;
    let (fleet, mut events, _) = start(broker.port(), vec![connection(0, Protocol::V311)], routes(1, 1));
    let (peer, _) = broker.welcome(&WELCOME).await;
    cut(&fleet, NetCut::Fin, OccurrenceId(1));
    events_until(&mut events, |event| matches!(event, CarrierEvent::ConnectFailed { .. })).await;
    drop(peer);
    cut(&fleet, NetCut::Silent, OUTAGE);
    fleet.heal(OccurrenceId(1), SimTime::ZERO).unwrap();
    while count(&fleet.stats().await.unwrap().evidence, "connects_blocked") == 0
        || fleet.stats().await.unwrap().connections.connecting == 0
    {
        tokio::task::yield_now().await;
    }
    assert!(broker.nobody_waits().await);
    fleet.heal(OUTAGE, SimTime::ZERO).unwrap();
    broker.welcome(&WELCOME).await;
}

/// Delays what the device publishes, drops its every third message, and tells the broker's acknowledgements apart.
#[derive(Debug, Default)]
struct Slow {
    publishes: u64,
}

impl LinkRule for Slow {
    fn sees_frames(&self) -> bool {
        true
    }

    fn on_frame(&mut self, direction: Direction, frame: &[u8], now_ns: i64, tally: &mut Tally<'_>) -> Verdict {
        match (direction, frame[0] >> 4) {
            (Direction::Outgoing, 3) => {
                self.publishes += 1;
                tally.add("frames", 1);
                match self.publishes {
                    2 => Verdict::Drop,
                    3 => Verdict::Alter(Bytes::from_static(b"\x32\x08\x00\x03w/0\x00\x03X")),
                    4 => Verdict::Cut(Closing::Rst),
                    _ => Verdict::Delay { until_ns: now_ns + 50_000_000 },
                }
            }
            _ => Verdict::Pass,
        }
    }
}

#[tokio::test]
async fn a_rule_from_outside_delays_drops_alters_and_cuts_frames() {
    let broker = ScriptedBroker::bind().await;
    let (fleet, mut events, pace) = start(broker.port(), vec![connection(0, Protocol::V311)], routes(1, 1));
    let (mut peer, _) = broker.welcome(&WELCOME).await;
    let rule: Box<dyn LinkRule> = Box::new(Slow::default());
    fleet.begin(vec![(SimId(0), rule)], OUTAGE, SimTime::ZERO).unwrap();
    let begun_ns = pace.now_ns();
    fleet.submit(vec![message_now(0, 0), message_now(0, 1), message_now(0, 2)]).await.unwrap();
    assert_eq!(peer.publish().await, (1, false, "0".to_owned()));
    assert!(pace.now_ns() - begun_ns >= 50_000_000, "the first message is late");
    assert_eq!(peer.publish().await, (3, false, "X".to_owned()), "the second vanished, the third was altered");
    fleet.submit(vec![message_now(0, 3)]).await.unwrap();
    events_until(&mut events, |event| matches!(event, CarrierEvent::Disconnected { reason: LossReason::LinkCut, .. }))
        .await;
    fleet.heal(OUTAGE, SimTime::ZERO).unwrap();
    let (mut peer, _) = broker.welcome(&WELCOME).await;
    for sequence in 0..4_u16 {
        let again = sequence < 3;
        assert_eq!(peer.publish().await, (sequence + 1, again, sequence.to_string()));
    }
    let evidence = fleet.stats().await.unwrap().evidence;
    assert_eq!(count(&evidence, "frames"), 4);
}
