//! The ledger against a simple model, and the fine points of what an observation means.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use scenarios::ProbePlan;
use sim_core::{RouteId, SimTime};

use super::hosts::Lost;
use crate::sample_run::{STREAMS, lag, payload, plan, registry};
use crate::{Counts, Ledger, LedgerLimits};

const VITALS: RouteId = RouteId(0);

fn ledger() -> Ledger {
    Ledger::new(Arc::new(plan(2)), &registry(), LedgerLimits::default())
}

fn say(ledger: &mut Ledger, sequence: u64) {
    let at = sequence.cast_signed();
    ledger.generated(VITALS, sequence, SimTime::from_nanos(at), at, &payload(0, "vitals", sequence)).unwrap();
}

fn see(ledger: &mut Ledger, sequence: u64) {
    ledger.observed(0, "ward/1/mon/vitals", &payload(0, "vitals", sequence), 100, false);
}

fn counts(ledger: Ledger) -> Counts {
    let counts = ledger.finish(&lag(1, 1)).totals.counts;
    assert_eq!(
        counts.generated,
        counts.delivered + counts.altered + counts.lost + counts.unjudged + counts.dropped_declared + counts.pending,
        "{counts:?}"
    );
    counts
}

/// One event of the model, for route and sequence numbers small enough to collide.
#[derive(Debug, Clone, Copy)]
enum Event {
    Say(u32),
    Send(u32, u64),
    Ack(u32, u64),
    Refuse(u32, u64),
    Drop(u32, u64),
    See(u32, u64),
    SeeCorrupted(u32, u64),
    SeeElsewhere(u32, u64),
}

fn event() -> impl Strategy<Value = Event> {
    let route = 0_u32..4;
    let sequence = 0_u64..12;
    prop_oneof![
        4 => route.clone().prop_map(Event::Say),
        4 => (route.clone(), sequence.clone()).prop_map(|(route, sequence)| Event::Send(route, sequence)),
        3 => (route.clone(), sequence.clone()).prop_map(|(route, sequence)| Event::Ack(route, sequence)),
        1 => (route.clone(), sequence.clone()).prop_map(|(route, sequence)| Event::Refuse(route, sequence)),
        1 => (route.clone(), sequence.clone()).prop_map(|(route, sequence)| Event::Drop(route, sequence)),
        5 => (route.clone(), sequence.clone()).prop_map(|(route, sequence)| Event::See(route, sequence)),
        1 => (route.clone(), sequence.clone()).prop_map(|(route, sequence)| Event::SeeCorrupted(route, sequence)),
        1 => (route, sequence).prop_map(|(route, sequence)| Event::SeeElsewhere(route, sequence)),
    ]
}

/// What a plain list of facts says about one message.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the model is deliberately nothing but independent facts")]
struct Facts {
    sent: bool,
    acked: bool,
    refused: bool,
    dropped: bool,
    seen: bool,
    altered: bool,
}

impl Facts {
    /// Nothing more can be learnt: events that come later belong to another story (a real fleet sends none).
    fn closed(self, wants_ack: bool) -> bool {
        let answered = self.acked || self.refused || self.dropped || !wants_ack;
        self.sent && self.seen && answered || !self.sent && self.dropped && !self.seen
    }
}

#[derive(Debug, Default)]
struct Model {
    next: BTreeMap<u32, u64>,
    messages: BTreeMap<(u32, u64), Facts>,
    counts: Counts,
    highest: BTreeMap<u32, u64>,
}

impl Model {
    fn see(&mut self, route: u32, sequence: u64, wants_ack: bool) {
        let Some(facts) = self.messages.get_mut(&(route, sequence)) else {
            self.counts.invented += 1;
            return;
        };
        if facts.closed(wants_ack) && !facts.seen {
            self.counts.invented += 1;
        } else if facts.seen {
            self.counts.duplicates += 1;
        } else {
            facts.seen = true;
            let highest = self.highest.entry(route).or_default();
            self.counts.out_of_order += u64::from(sequence < *highest);
            *highest = (*highest).max(sequence + 1);
        }
    }

    fn close(mut self) -> Counts {
        for facts in self.messages.values() {
            let counts = &mut self.counts;
            counts.generated += 1;
            counts.sent += u64::from(facts.sent);
            counts.acked += u64::from(facts.acked);
            counts.refused += u64::from(facts.refused);
            match facts {
                Facts { sent: true, seen: true, .. } => counts.delivered += 1,
                Facts { dropped: true, .. } => counts.dropped_declared += 1,
                Facts { sent: true, altered: true, .. } => counts.altered += 1,
                Facts { sent: true, acked, .. } => {
                    counts.lost += 1;
                    counts.lost_acked += u64::from(*acked);
                }
                Facts { .. } => counts.pending += 1,
            }
            counts.invented += u64::from(facts.seen && !facts.sent);
        }
        self.counts
    }
}

proptest! {
    #[test]
    fn the_ledger_agrees_with_a_list_of_facts(events in prop::collection::vec(event(), 0..200)) {
        let mut ledger = ledger();
        let mut model = Model::default();
        for (at, event) in events.into_iter().enumerate() {
            let at = at.cast_signed() as i64;
            let about = |route: u32| (route / 2, STREAMS[route as usize % 2].0, STREAMS[route as usize % 2].1 > 0);
            match event {
                Event::Say(route) => {
                    let next = model.next.entry(route).or_default();
                    let (device, stream, _) = about(route);
                    let bytes = payload(device, stream, *next);
                    ledger.generated(RouteId(route), *next, SimTime::from_nanos(at), at, &bytes).unwrap();
                    model.messages.insert((route, *next), Facts::default());
                    *next += 1;
                }
                Event::See(route, sequence) => {
                    let (device, stream, wants_ack) = about(route);
                    let topic = format!("ward/{}/mon/{stream}", device + 1);
                    ledger.observed(0, &topic, &payload(device, stream, sequence), at, false);
                    model.see(route, sequence, wants_ack);
                }
                Event::SeeCorrupted(route, sequence) => {
                    let (device, stream, wants_ack) = about(route);
                    let topic = format!("ward/{}/mon/{stream}", device + 1);
                    let mut bytes = payload(device, stream, sequence);
                    let last = bytes.len() - 3;
                    bytes[last] = b'9';
                    ledger.observed(0, &topic, &bytes, at, false);
                    match model.messages.get_mut(&(route, sequence)) {
                        // What was dropped before it was ever written is nowhere to be altered.
                        Some(facts) if facts.closed(wants_ack) && !facts.seen => model.counts.invented += 1,
                        Some(facts) => {
                            facts.altered |= !facts.closed(wants_ack);
                            model.counts.corrupted += 1;
                        }
                        None => model.counts.invented += 1,
                    }
                }
                Event::SeeElsewhere(route, sequence) => {
                    let (device, stream, wants_ack) = about(route);
                    if let Some(facts) = model.messages.get_mut(&(route, sequence)) {
                        facts.altered |= !facts.closed(wants_ack) && !facts.seen;
                    }
                    let topic = format!("ward/{}/mon/{stream}", 2 - device);
                    ledger.observed(0, &topic, &payload(device, stream, sequence), at, false);
                    model.counts.identity_mismatch += 1;
                }
                Event::Send(route, sequence) | Event::Ack(route, sequence) | Event::Refuse(route, sequence)
                | Event::Drop(route, sequence) => {
                    let wants_ack = about(route).2;
                    let id = RouteId(route);
                    match event {
                        Event::Send(..) => ledger.sent(id, sequence, at),
                        Event::Ack(..) => ledger.acked(id, sequence, at),
                        Event::Refuse(..) => ledger.refused(id, sequence),
                        _ => ledger.dropped(id, sequence, at),
                    }
                    if let Some(facts) = model.messages.get_mut(&(route, sequence)).filter(|facts| !facts.closed(wants_ack)) {
                        match event {
                            Event::Send(..) => facts.sent = true,
                            Event::Ack(..) => facts.acked = true,
                            Event::Refuse(..) => facts.refused = true,
                            _ => facts.dropped = true,
                        }
                    }
                }
            }
        }
        prop_assert_eq!(counts(ledger), model.close());
    }
}

#[test]
fn an_observation_may_overtake_the_report_of_the_write() {
    let mut ledger = ledger();
    say(&mut ledger, 0);
    see(&mut ledger, 0);
    assert_eq!(ledger.under_way(), 1);
    ledger.acked(VITALS, 0, 3);
    ledger.sent(VITALS, 0, 2);
    assert_eq!(ledger.under_way(), 0);
    let counts = counts(ledger);
    assert_eq!((counts.delivered, counts.invented, counts.acked), (1, 0, 1));
}

#[test]
fn what_was_never_written_cannot_be_observed() {
    let mut ledger = ledger();
    say(&mut ledger, 0);
    see(&mut ledger, 0);
    see(&mut ledger, 1);
    let counts = counts(ledger);
    assert_eq!((counts.delivered, counts.pending, counts.invented), (0, 1, 2));
}

#[test]
fn a_message_on_another_devices_topic_is_a_mismatch_and_not_a_delivery() {
    let mut ledger = ledger();
    say(&mut ledger, 0);
    ledger.sent(VITALS, 0, 1);
    ledger.observed(0, "ward/2/mon/vitals", &payload(0, "vitals", 0), 2, false);
    ledger.observed(0, "ward/1/mon/ecg", &payload(0, "vitals", 0), 2, false);
    ledger.observed(0, "somewhere/else", &payload(0, "vitals", 0), 2, false);
    let foreign = ledger.totals().foreign;
    let counts = counts(ledger);
    assert_eq!((counts.identity_mismatch, counts.corrupted, foreign, counts.altered), (1, 1, 1, 1));
}

#[test]
fn strangers_on_our_topics_are_incidents_and_elsewhere_they_are_foreign() {
    let mut ledger = ledger();
    let serial_of_nobody = br#"{"v":1,"d":"SN-9999","st":"vitals","s":0,"t":0,"m":{}}"#;
    let stream_of_nobody = br#"{"v":1,"d":"SN-0000","st":"nothing","s":0,"t":0,"m":{}}"#;
    for topic in ["ward/1/mon/vitals", "ward/of/others"] {
        ledger.observed(0, topic, serial_of_nobody, 0, false);
        ledger.observed(0, topic, stream_of_nobody, 0, false);
        ledger.observed(0, topic, b"\xff{", 0, false);
    }
    assert_eq!(ledger.totals().foreign, 3);
    let counts = counts(ledger);
    assert_eq!((counts.identity_mismatch, counts.invented, counts.corrupted), (1, 1, 1));
}

#[test]
fn wills_retained_messages_and_commands_are_set_apart() {
    let mut ledger = ledger();
    ledger.observed(0, "ward/1/mon/vitals", b"offline", 0, false);
    ledger.observed(0, "ward/1/mon/vitals", &payload(0, "vitals", 7), -1, true);
    ledger.observed(0, "ward/1/mon/vitals", b"", 0, false);
    ledger.observed(0, "ward/1/mon/cmd", b"{}", 0, false);
    ledger.observed(0, "ward/1/mon/ack", b"{}", 0, false);
    let totals = *ledger.totals();
    assert_eq!((totals.wills, totals.retained, totals.command_traffic, totals.foreign), (1, 2, 2, 0));
    assert_eq!(totals.counts, Counts { stale: 1, ..Counts::default() });
}

#[test]
fn a_second_probe_does_not_make_duplicates() {
    let mut plan = plan(1);
    plan.probes.push(ProbePlan {
        id: "late".to_owned(),
        target: 0,
        kind: "subscribe".to_owned(),
        arguments: sim_core::Arguments::default(),
        is_filtered: true,
        filters: vec!["#".to_owned()],
        qos: 0,
        topics: None,
    });
    let mut ledger = Ledger::new(Arc::new(plan), &registry(), LedgerLimits::default());
    assert_eq!(ledger.probe_of(VITALS), Some(0));
    say(&mut ledger, 0);
    ledger.sent(VITALS, 0, 1);
    ledger.acked(VITALS, 0, 1);
    see(&mut ledger, 0);
    ledger.observed(1, "ward/1/mon/vitals", &payload(0, "vitals", 0), 2, false);
    assert_eq!(ledger.under_way(), 0);
    let judgement = ledger.finish(&lag(1, 1));
    assert_eq!(judgement.totals.counts.duplicates, 0);
    let of_probes: Vec<_> = judgement.probes.iter().map(|probe| (probe.routes, probe.counts.delivered)).collect();
    assert_eq!(of_probes, [(2, 1), (0, 1)]);
}

#[test]
fn a_route_that_nobody_watches_loses_nothing() {
    let mut plan = plan(1);
    plan.probes[0].filters = vec!["ward/+/mon/ecg".to_owned()];
    let mut ledger = Ledger::new(Arc::new(plan), &registry(), LedgerLimits::default());
    say(&mut ledger, 0);
    ledger.sent(VITALS, 0, 1);
    ledger.acked(VITALS, 0, 1);
    assert_eq!(ledger.under_way(), 0);
    let judgement = ledger.finish(&lag(1, 1));
    assert_eq!((judgement.totals.counts.pending, judgement.totals.counts.lost, judgement.unwatched_routes), (1, 0, 1));
}

#[test]
fn what_is_forgotten_is_counted() {
    let mut ledger = Ledger::new(
        Arc::new(plan(1)),
        &registry(),
        LedgerLimits { per_route: 3, total: 100, ..LedgerLimits::default() },
    );
    for sequence in 0..5 {
        say(&mut ledger, sequence);
        ledger.sent(VITALS, sequence, 1);
    }
    see(&mut ledger, 0);
    see(&mut ledger, 4);
    assert_eq!((ledger.totals().forgot, ledger.under_way()), (2, 3));
    let counts = counts(ledger);
    assert_eq!((counts.pending, counts.lost, counts.delivered, counts.duplicates), (2, 2, 1, 0));
    assert_eq!(counts.too_old, 1, "what was forgotten may be anything");
}

#[test]
fn impossible_events_are_refused() {
    let mut ledger = ledger();
    say(&mut ledger, 4);
    let again = ledger.generated(VITALS, 4, SimTime::ZERO, 0, b"").unwrap_err();
    assert_eq!(again.to_string(), "route 0: sequence 4 was generated after sequence 4");
    let nowhere = ledger.generated(RouteId(9), 0, SimTime::ZERO, 0, b"").unwrap_err();
    assert_eq!(nowhere.to_string(), "route 9 does not exist: the plan has 4 routes");
}

/// What two gateways make of a message of the first device.
fn wording(gateway: u32, sequence: u64) -> Vec<u8> {
    let mut words = payload(0, "vitals", sequence);
    words.extend_from_slice(" ".repeat(gateway as usize + 1).as_bytes());
    words
}

#[test]
fn a_message_handed_on_twice_is_delivered_once() {
    let mut ledger = ledger();
    let see = |ledger: &mut Ledger, gateway: u32| {
        ledger.observed(0, "ward/1/mon/vitals", &wording(gateway, 0), 100, false);
    };
    ledger.said(VITALS, 0, SimTime::ZERO, 0).unwrap();
    ledger.handed_on(VITALS, 0, &wording(0, 0));
    ledger.handed_on(VITALS, 0, &wording(1, 0));
    ledger.sent(VITALS, 0, 1);
    see(&mut ledger, 1);
    see(&mut ledger, 0);
    ledger.acked(VITALS, 0, 2);
    see(&mut ledger, 0);
    let counts = counts(ledger);
    assert_eq!((counts.generated, counts.delivered, counts.duplicates, counts.corrupted), (1, 1, 2, 0));
}

#[test]
fn words_that_no_gateway_has_used_are_corrupted() {
    let mut ledger = ledger();
    ledger.said(VITALS, 0, SimTime::ZERO, 0).unwrap();
    ledger.handed_on(VITALS, 0, &wording(0, 0));
    ledger.sent(VITALS, 0, 1);
    let altered = String::from_utf8(wording(1, 0)).unwrap().replace("61", "62");
    ledger.observed(0, "ward/1/mon/vitals", altered.as_bytes(), 100, false);
    assert_eq!(counts(ledger).corrupted, 1);
}

#[test]
fn a_copy_that_one_gateway_drops_may_come_from_another() {
    let mut ledger = ledger();
    ledger.said(VITALS, 0, SimTime::ZERO, 0).unwrap();
    ledger.handed_on(VITALS, 0, &wording(0, 0));
    ledger.dropped(VITALS, 0, 1);
    ledger.handed_on(VITALS, 0, &wording(1, 0));
    ledger.sent(VITALS, 0, 2);
    ledger.observed(0, "ward/1/mon/vitals", &wording(1, 0), 100, false);
    let counts = counts(ledger);
    assert_eq!((counts.delivered, counts.dropped_declared, counts.invented), (1, 0, 0));
}

#[test]
fn a_value_that_the_air_gives_up_is_a_declared_drop_and_settled() {
    let mut ledger = ledger();
    ledger.said(VITALS, 0, SimTime::ZERO, 0).unwrap();
    ledger.given_up(VITALS, 0, 1, Lost::FromLink);
    assert_eq!(ledger.under_way(), 0);
    assert_eq!(counts(ledger).dropped_declared, 1);
}
