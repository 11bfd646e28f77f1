//! Link cuts seen from the broker's side.

use std::io::ErrorKind;

use carriers::{CutKind, FleetEvent, LossReason};
use scenarios::Protocol;
use sim_core::{Evidence, OccurrenceId, SimId, SimTime};

use crate::device::{connection, events_until, message_now, routes, start};
use crate::scripted_broker::{ScriptedBroker, WELCOME};

const OUTAGE: OccurrenceId = OccurrenceId(7);

fn count(evidence: &Evidence, wanted: &str) -> u64 {
    evidence.iter().filter(|(occurrence, what, _)| *occurrence == OUTAGE && *what == wanted).map(|(_, _, n)| n).sum()
}

#[tokio::test]
async fn a_cut_closes_or_resets_and_refuses_until_it_heals() {
    for how in [CutKind::Fin, CutKind::Rst] {
        let broker = ScriptedBroker::bind().await;
        let devices = vec![connection(0, Protocol::V311), connection(1, Protocol::V311)];
        let (fleet, mut events, _) = start(broker.port(), devices, routes(2, 1));
        let mut peers = [broker.welcome(&WELCOME).await, broker.welcome(&WELCOME).await];
        peers.sort_by(|(_, one), (_, other)| one.cmp(other));
        // Unread bytes in the device's socket must not turn FIN into RST.
        peers[0].0.send(&[0xD0, 0]).await;
        fleet.cut(&[SimId(0)], how, OUTAGE, SimTime::ZERO).unwrap();
        let end = peers[0].0.end().await;
        match how {
            CutKind::Fin => assert!(end.is_ok(), "{end:?}"),
            _ => assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset),
        }
        events_until(&mut events, |event| {
            matches!(event, FleetEvent::ConnectFailed { device: SimId(0), reason: LossReason::LinkCut, .. })
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
    fleet.cut(&[SimId(0)], CutKind::Silent, OUTAGE, SimTime::ZERO).unwrap();
    fleet.submit(vec![message_now(0, 1), message_now(0, 2)]).await.unwrap();
    peer.send(&[0x40, 2, 0, 1]).await;
    assert!(peer.is_silent().await);
    let stats = fleet.stats().await.unwrap();
    assert_eq!((stats.counts.handled, stats.counts.sent, stats.counts.acked), (3, 1, 0));
    assert_eq!(stats.connections.online, 1, "nobody is told");
    fleet.heal(OUTAGE, SimTime::ZERO).unwrap();
    let held = b"\x32\x08\x00\x03w/0\x00\x021\x32\x08\x00\x03w/0\x00\x032";
    assert_eq!(peer.bytes(held.len()).await, held);
    events_until(&mut events, |event| matches!(event, FleetEvent::Acked { sequence: 0, .. })).await;
    let evidence = fleet.stats().await.unwrap().evidence;
    assert_eq!(count(&evidence, "links_cut"), 1);
    assert_eq!(count(&evidence, "bytes_held"), held.len() as u64);
}

#[tokio::test]
async fn connects_hang_in_a_silent_cut_and_go_through_when_it_heals() {
    let broker = ScriptedBroker::bind().await;
    let (fleet, mut events, _) = start(broker.port(), vec![connection(0, Protocol::V311)], routes(1, 1));
    let (peer, _) = broker.welcome(&WELCOME).await;
    fleet.cut(&[SimId(0)], CutKind::Fin, OccurrenceId(1), SimTime::ZERO).unwrap();
    events_until(&mut events, |event| matches!(event, FleetEvent::ConnectFailed { .. })).await;
    drop(peer);
    fleet.cut(&[SimId(0)], CutKind::Silent, OUTAGE, SimTime::ZERO).unwrap();
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
