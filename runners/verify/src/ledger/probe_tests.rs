//! What each probe sees, however late, is judged for itself; what it could not see proves nothing.

use std::sync::Arc;

use scenarios::{Comparison, ExpectPlan, Plan, ProbePlan, ProbeTopics, TargetPlan};
use sim_core::{RouteId, SimId, SimTime};
use vocabulary::Sighting;

use crate::sample_run::{SECOND, count, expect, lag, payload, percentile, plan, registry};
use crate::{Event, ExpectReport, Judgement, Ledger, LedgerLimits, Verdict};

const VITALS: RouteId = RouteId(0);
const TOPIC: &str = "ward/1/mon/vitals";

/// A plan of two beds and these expectations.
fn expecting(conditions: &[(&str, Option<usize>)]) -> Plan {
    let mut plan = plan(2);
    let expects: Vec<ExpectPlan> = conditions
        .iter()
        .map(|(metric, probe)| {
            let condition = count(metric, Comparison::Equal, 0.0);
            ExpectPlan { probe: *probe, ..expect(&plan, metric, metric, condition) }
        })
        .collect();
    plan.expects = expects;
    plan
}

fn ledger_of(plan: Plan) -> Ledger {
    Ledger::new(Arc::new(plan), &registry(), LedgerLimits::default())
}

/// Says a message of the first bed and has it acknowledged, a second after the one before.
fn say(ledger: &mut Ledger, sequence: u64) {
    say_as(ledger, sequence, &payload(0, "vitals", sequence));
}

fn say_as(ledger: &mut Ledger, sequence: u64, words: &[u8]) {
    let at = sequence.cast_signed() * SECOND;
    ledger.generated(VITALS, sequence, SimTime::from_nanos(at), at, words).unwrap();
    ledger.sent(VITALS, sequence, at);
    ledger.acked(VITALS, sequence, at);
}

/// A probe sees a message a millisecond after it was said.
fn see(ledger: &mut Ledger, probe: usize, sequence: u64) {
    let at = sequence.cast_signed() * SECOND + 1_000_000;
    ledger.observed(probe, TOPIC, &payload(0, "vitals", sequence), at, false);
}

fn altered(sequence: u64) -> Vec<u8> {
    let mut bytes = payload(0, "vitals", sequence);
    let last = bytes.len() - 3;
    bytes[last] = b'9';
    bytes
}

/// What devices of a patient say: with the patient in it.
fn of_patient(serial: &str, patient: &str, sequence: u64, time_ms: i64) -> Vec<u8> {
    format!(r#"{{"v":1,"d":"{serial}","p":"{patient}","st":"vitals","s":{sequence},"t":{time_ms},"m":{{"hr":61}}}}"#)
        .into_bytes()
}

fn verdict<'j>(judgement: &'j Judgement, id: &str) -> &'j ExpectReport {
    judgement.expect.iter().find(|expect| expect.id == id).expect("an expectation of this name")
}

#[test]
fn an_altered_copy_of_a_settled_message_is_corrupted() {
    let mut ledger = ledger_of(expecting(&[("corrupted", None), ("duplicates", None)]));
    for sequence in 0..3 {
        say(&mut ledger, sequence);
        see(&mut ledger, 0, sequence);
    }
    assert_eq!(ledger.under_way(), 0);
    ledger.observed(0, TOPIC, &altered(1), 9 * SECOND, false);
    see(&mut ledger, 0, 2);
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.corrupted, counts.duplicates, counts.delivered), (1, 1, 3));
    let corrupted = verdict(&judgement, "corrupted");
    assert_eq!(corrupted.verdict, Verdict::Fail);
    assert_eq!(
        corrupted.counterexamples[0].line(),
        "icu/1/mon/vitals #1: observed with other bytes than were generated: \"hr\":69 instead of \"hr\":61"
    );
}

#[test]
fn what_comes_altered_comes_in_time_and_what_comes_elsewhere_does_not() {
    let mut plan = expecting(&[("corrupted", None)]);
    let slow = percentile("latency.e2e", 1.0, 0.1);
    plan.expects.push(expect(&plan, "latency", "latency.e2e p100 <= 100ms", slow));
    let judged = |last_topic: &str| {
        let mut ledger = ledger_of(plan.clone());
        for sequence in 0..3 {
            say(&mut ledger, sequence);
        }
        see(&mut ledger, 0, 0);
        ledger.observed(0, TOPIC, &altered(1), SECOND + 20_000_000, false);
        ledger.observed(0, last_topic, &payload(0, "vitals", 2), 2 * SECOND + 1_000_000, false);
        ledger.finish(&lag(1, 1))
    };
    let judgement = judged(TOPIC);
    assert_eq!((judgement.totals.counts.delivered, judgement.totals.counts.altered), (2, 1));
    assert_eq!(verdict(&judgement, "corrupted").verdict, Verdict::Fail, "it is still not what was said");
    let latency = verdict(&judgement, "latency");
    assert_eq!((latency.verdict, latency.value), (Verdict::Pass, Some(0.02)), "{}", latency.reads);
    assert_eq!(judgement.worst_devices[0].latency_max_s, Some(0.02));
    let judgement = judged("ward/2/mon/vitals");
    let latency = verdict(&judgement, "latency");
    assert_eq!((latency.verdict, latency.never_arrived), (Verdict::Fail, 1), "{}", latency.reads);
}

#[test]
fn a_stream_that_comes_altered_is_not_silent() {
    let mut plan = expecting(&[]);
    let silence = percentile("pause", 1.0, 1.5);
    plan.expects.push(expect(&plan, "pause", "pause p100 <= 1.5s", silence));
    plan.expects[0].routes = vec![VITALS.0];
    let mut ledger = ledger_of(plan);
    for sequence in 0..4 {
        say(&mut ledger, sequence);
        let at = sequence.cast_signed() * SECOND + 1_000_000;
        ledger.observed(0, TOPIC, &altered(sequence), at, false);
    }
    let judgement = ledger.finish(&lag(1, 1));
    let pause = verdict(&judgement, "pause");
    assert_eq!((pause.verdict, pause.value), (Verdict::Pass, Some(1.0)), "{}", pause.reads);
}

#[test]
fn a_copy_that_means_the_same_is_a_duplicate() {
    let mut ledger = ledger_of(plan(2));
    say(&mut ledger, 0);
    let rewritten = br#"{ "s": 0, "st": "vitals", "d": "SN-0000", "m": {"hr": 61.0}, "t": 0, "v": 1 }"#;
    ledger.observed(0, TOPIC, rewritten, 1, false);
    ledger.observed(0, TOPIC, rewritten, 2, false);
    see(&mut ledger, 0, 0);
    let counts = ledger.finish(&lag(1, 1)).totals.counts;
    assert_eq!((counts.delivered, counts.duplicates, counts.corrupted), (1, 2, 0));
}

#[test]
fn a_sighting_without_a_topic_is_judged_by_its_key() {
    let mut ledger = ledger_of(plan(2));
    say(&mut ledger, 0);
    ledger.observed(0, "", &payload(0, "vitals", 0), 1, false);
    ledger.observed(0, "", &altered(0), 2, false);
    let totals = ledger.finish(&lag(1, 1)).totals;
    assert_eq!((totals.counts.delivered, totals.counts.corrupted, totals.foreign), (1, 1, 0));
}

#[test]
fn a_late_copy_of_another_time_names_how_far_it_is_off() {
    let mut ledger = ledger_of(expecting(&[("corrupted", None)]));
    for sequence in 0..5 {
        say(&mut ledger, sequence);
        see(&mut ledger, 0, sequence);
    }
    // The words of the fourth under the number of the second.
    let stale = String::from_utf8(payload(0, "vitals", 4)).unwrap().replace("\"s\":4", "\"s\":1");
    ledger.observed(0, TOPIC, stale.as_bytes(), 9 * SECOND, false);
    let judgement = ledger.finish(&lag(1, 1));
    assert_eq!(
        verdict(&judgement, "corrupted").counterexamples[0].line(),
        "icu/1/mon/vitals #1: observed with a device time 3s later than was said"
    );
}

#[test]
fn data_of_one_patient_under_the_serial_of_another_are_a_mismatch() {
    let mut ledger = ledger_of(expecting(&[("identity.mismatch", None)]));
    say_as(&mut ledger, 0, &of_patient("SN-0000", "icu-0001", 0, 0));
    ledger.observed(0, TOPIC, &of_patient("SN-0000", "icu-0001", 0, 0), 1, false);
    // Serial and topic are the first bed's, the patient is the second's: settled, never said, and said again.
    for sequence in [0, 7] {
        ledger.observed(0, TOPIC, &of_patient("SN-0000", "icu-0002", sequence, 0), 2, false);
    }
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.identity_mismatch, counts.duplicates, counts.invented, counts.corrupted), (2, 0, 0, 0));
    assert_eq!(
        verdict(&judgement, "identity.mismatch").counterexamples[0].line(),
        "icu/1/mon/vitals #0: observed as data of patient `icu-0002`, and `icu-0001` wears the device"
    );
}

#[test]
fn beyond_what_is_remembered_nobody_can_tell() {
    let limits = LedgerLimits { remembered_per_route: 4, ..LedgerLimits::default() };
    let mut ledger = Ledger::new(
        Arc::new(expecting(&[("corrupted", None), ("duplicates", None), ("lost", None)])),
        &registry(),
        limits,
    );
    for sequence in 0..10 {
        say(&mut ledger, sequence);
        see(&mut ledger, 0, sequence);
    }
    for copied in [0, 9] {
        ledger.observed(0, TOPIC, &altered(copied), 20 * SECOND, false);
    }
    see(&mut ledger, 0, 1);
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.too_old, counts.corrupted, counts.duplicates), (2, 1, 0));
    assert_eq!(verdict(&judgement, "corrupted").verdict, Verdict::Fail);
    let duplicates = verdict(&judgement, "duplicates");
    assert_eq!(duplicates.verdict, Verdict::Inconclusive);
    assert_eq!(duplicates.reason, "2 sightings came too late to be compared with what was said");
    assert_eq!(verdict(&judgement, "lost").verdict, Verdict::Pass);
    assert_eq!(judgement.memory.remembered_per_stream, 4);
}

#[test]
fn a_retain_flag_hides_no_alteration() {
    let mut ledger = ledger_of(plan(2));
    say(&mut ledger, 0);
    see(&mut ledger, 0, 0);
    ledger.observed(0, TOPIC, &altered(0), 9 * SECOND, true);
    ledger.observed(0, TOPIC, b"{", 9 * SECOND, true);
    ledger.observed(0, TOPIC, &payload(0, "vitals", 0), 9 * SECOND, true);
    // What was there before the probe had come.
    ledger.observed(0, TOPIC, &altered(0), -SECOND, true);
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.corrupted, counts.duplicates, judgement.totals.retained), (2, 1, 1));
}

#[test]
fn a_message_of_the_warmup_that_is_replayed_counts_where_it_is_seen() {
    let replayed = |said: u64, seen_at_s: i64| {
        let mut plan = expecting(&[("duplicates", None)]);
        // The warm-up of ten seconds is not judged.
        plan.expects[0].from = SimTime::from_nanos(10 * SECOND);
        let mut ledger = ledger_of(plan);
        for sequence in 0..30 {
            say(&mut ledger, sequence);
            see(&mut ledger, 0, sequence);
        }
        ledger.observed(0, TOPIC, &payload(0, "vitals", said), seen_at_s * SECOND, false);
        verdict(&ledger.finish(&lag(30, 1)), "duplicates").value
    };
    assert_eq!((replayed(3, 9), replayed(3, 29)), (Some(0.0), Some(1.0)));
    assert_eq!((replayed(3, 200), replayed(20, 29)), (Some(1.0), Some(1.0)), "in the drain, and of the judged time");
}

#[test]
fn an_empty_message_clears_only_what_may_be_kept() {
    let empty = |retain: bool, was_kept: bool| {
        let mut plan = plan(2);
        plan.deliveries[0].retain = retain;
        let mut ledger = ledger_of(plan);
        say(&mut ledger, 0);
        if was_kept {
            ledger.observed(0, TOPIC, &payload(0, "vitals", 7), -SECOND, true);
        }
        ledger.observed(0, TOPIC, b"", SECOND, false);
        ledger.finish(&lag(1, 1)).totals.counts.corrupted
    };
    assert_eq!((empty(true, false), empty(false, true), empty(false, false)), (0, 0, 1));
}

#[test]
fn what_was_retained_before_comes_again_to_whoever_subscribes_anew() {
    let mut ledger = ledger_of(plan(2));
    say(&mut ledger, 0);
    see(&mut ledger, 0, 0);
    ledger.blind(0, 2 * SECOND, None, None, "cut");
    ledger.sees(0, 3 * SECOND, false);
    ledger.observed(0, TOPIC, &payload(0, "vitals", 7), 3 * SECOND, true);
    let judgement = ledger.finish(&lag(1, 1));
    assert_eq!((judgement.totals.counts.invented, judgement.totals.retained), (0, 1));
}

/// A second target, at which a probe stands that sees what an ingester makes of it all.
fn with_ingester(mut plan: Plan, filter: &str) -> Plan {
    let second = TargetPlan { id: "ingested".to_owned(), ..plan.targets[0].clone() };
    plan.targets.push(second);
    let probe =
        ProbePlan { id: "behind".to_owned(), target: 1, filters: vec![filter.to_owned()], ..plan.probes[0].clone() };
    plan.probes.push(probe);
    plan
}

#[test]
fn a_probe_behind_an_ingester_is_a_checkpoint_of_its_own() {
    let metrics = ["lost", "corrupted", "duplicates", "identity.mismatch"];
    let names: Vec<(&str, Option<usize>)> = metrics.iter().map(|metric| (*metric, Some(1))).collect();
    let mut plan = with_ingester(expecting(&names), "clean/#");
    plan.expects.push(expect(&plan, "first", "lost == 0", count("lost", Comparison::Equal, 0.0)));
    let mut ledger = ledger_of(plan);
    for sequence in 0..6 {
        say_as(&mut ledger, sequence, &of_patient("SN-0000", "icu-0001", sequence, 0));
        ledger.observed(0, TOPIC, &of_patient("SN-0000", "icu-0001", sequence, 0), SECOND, false);
    }
    let behind = |ledger: &mut Ledger, words: &[u8]| ledger.observed(1, "clean/1", words, 2 * SECOND, false);
    for sequence in [0, 0, 1] {
        behind(&mut ledger, &of_patient("SN-0000", "icu-0001", sequence, 0));
    }
    behind(&mut ledger, &of_patient("SN-0000", "icu-0002", 2, 0));
    behind(&mut ledger, &of_patient("SN-0000", "icu-0001", 3, 0).replace_once(b"61", b"62"));
    assert_eq!(ledger.under_way(), 4, "the probe behind still waits");
    let judgement = ledger.finish(&lag(1, 1));
    assert_eq!(judgement.totals.counts.delivered, 6);
    assert_eq!(judgement.totals.counts.duplicates, 0);
    let behind = judgement.probes[1].counts;
    assert_eq!((behind.delivered, behind.altered, behind.lost, behind.duplicates), (2, 2, 2, 1));
    assert_eq!((behind.corrupted, behind.identity_mismatch), (1, 1));
    for metric in metrics {
        assert_eq!(verdict(&judgement, metric).verdict, Verdict::Fail, "{metric}");
    }
    assert_eq!(verdict(&judgement, "first").verdict, Verdict::Pass);
}

trait ReplaceOnce {
    fn replace_once(self, from: &[u8], to: &[u8]) -> Self;
}

impl ReplaceOnce for Vec<u8> {
    fn replace_once(mut self, from: &[u8], to: &[u8]) -> Self {
        let at = self.windows(from.len()).position(|window| window == from).expect("it is there");
        self.splice(at..at + from.len(), to.iter().copied());
        self
    }
}

#[test]
fn each_probe_has_delays_of_its_own() {
    let mut ledger = ledger_of(with_ingester(expecting(&[("lost", None)]), "clean/#"));
    for sequence in 0..4 {
        say(&mut ledger, sequence);
        see(&mut ledger, 0, sequence);
        let at = sequence.cast_signed() * SECOND + 250_000_000;
        if sequence < 3 {
            ledger.observed(1, "clean/1", &payload(0, "vitals", sequence), at, false);
        }
    }
    let judgement = ledger.finish(&lag(1, 1));
    let [wire, behind] = judgement.probes.as_slice() else { panic!("two probes") };
    assert_eq!((wire.latency.samples, wire.latency.max_s, wire.latency.never_arrived), (4, Some(0.001), 0));
    assert_eq!((behind.latency.samples, behind.latency.p50_s, behind.latency.never_arrived), (4, Some(0.25), 1));
    assert_eq!(judgement.latency.e2e, wire.latency);
    let lines: Vec<String> = behind.lines().collect();
    assert!(lines[1].starts_with("intended to observed here: p50 250ms"), "{lines:?}");
    assert!(!wire.lines().any(|line| line.contains("intended to observed")), "the summary speaks of it");
}

/// The probe behind the ingester is to see each stream below `clean/`, under the serial of its device.
fn with_topics(mut plan: Plan) -> Plan {
    let of_routes = plan.roster.routes.iter().map(|route| {
        let device = &plan.roster.devices[route.device.index()];
        format!("clean/{}/{}", device.serial, device.streams[usize::from(route.stream)].id)
    });
    let topics =
        ProbeTopics { template: "clean/${device.serial}/${stream}".to_owned(), of_routes: of_routes.collect() };
    plan.probes[1].topics = Some(topics);
    plan
}

#[test]
fn behind_an_ingester_a_topic_tells_whose_data_are_seen() {
    let plan = with_topics(with_ingester(expecting(&[("identity.mismatch", Some(1)), ("lost", Some(1))]), "clean/#"));
    let mut ledger = ledger_of(plan);
    for sequence in 0..4 {
        say(&mut ledger, sequence);
        see(&mut ledger, 0, sequence);
    }
    for (sequence, topic) in [
        (0, "clean/SN-0000/vitals"),
        // Of the second bed, of nobody, and as the device itself publishes it.
        (1, "clean/SN-0001/vitals"),
        (2, "clean/SN-0009/vitals"),
        (3, TOPIC),
    ] {
        ledger.observed(1, topic, &payload(0, "vitals", sequence), 5 * SECOND, false);
    }
    let judgement = ledger.finish(&lag(1, 1));
    let behind = judgement.probes[1].counts;
    assert_eq!((behind.delivered, behind.altered, behind.lost, behind.identity_mismatch), (1, 2, 1, 2));
    assert_eq!((judgement.totals.elsewhere, judgement.totals.foreign), (1, 0));
    let mismatch = verdict(&judgement, "identity.mismatch");
    assert_eq!(mismatch.verdict, Verdict::Fail);
    let lines: Vec<String> = mismatch.counterexamples.iter().map(crate::Counterexample::line).collect();
    assert_eq!(
        lines,
        [
            "icu/1/mon/vitals #1: observed on the topic of icu/2/mon/vitals",
            "icu/1/mon/vitals #2: observed on `clean/SN-0009/vitals`, which is the topic of nobody here",
        ]
    );
}

#[test]
fn on_topics_of_a_probes_own_what_no_device_has_said_is_found() {
    let plan = with_topics(with_ingester(expecting(&[("invented", Some(1))]), "clean/#"));
    let mut ledger = ledger_of(plan);
    say(&mut ledger, 0);
    ledger.observed(1, "clean/SN-0000/vitals", &payload(0, "vitals", 7), SECOND, false);
    ledger.observed(1, "clean/SN-0000/vitals", &payload(9, "vitals", 0), SECOND, false);
    ledger.observed(1, "clean/SN-0000/vitals", b"{", SECOND, false);
    let behind = ledger.finish(&lag(1, 1)).probes[1].counts;
    assert_eq!((behind.invented, behind.identity_mismatch, behind.corrupted), (1, 1, 1));
}

#[test]
fn a_probe_on_topics_of_its_own_at_the_same_broker_is_a_checkpoint_too() {
    let mut plan = plan(2);
    plan.probes.push(ProbePlan {
        id: "clean".to_owned(),
        filters: vec!["clean/#".to_owned()],
        ..plan.probes[0].clone()
    });
    // One that watches commands only waits for nothing.
    let commands =
        ProbePlan { id: "cmd".to_owned(), filters: vec!["ward/+/mon/cmd".to_owned()], ..plan.probes[0].clone() };
    plan.probes.push(commands);
    let mut ledger = ledger_of(plan);
    for sequence in 0..2 {
        say(&mut ledger, sequence);
        see(&mut ledger, 0, sequence);
    }
    ledger.observed(1, "clean/1", &payload(0, "vitals", 0), 2 * SECOND, false);
    let judgement = ledger.finish(&lag(1, 1));
    let watched: Vec<_> = judgement.probes.iter().map(|probe| (probe.watched, probe.counts.delivered)).collect();
    assert_eq!(watched, [(4, 2), (4, 1), (0, 0)]);
}

#[test]
fn what_could_have_been_shown_to_a_blind_probe_is_unjudged() {
    let mut ledger = ledger_of(expecting(&[("lost(acked)", None), ("lost", None), ("delivered", None)]));
    for sequence in 0..20 {
        say(&mut ledger, sequence);
        if !(5..8).contains(&sequence) {
            see(&mut ledger, 0, sequence);
        }
    }
    ledger.blind(0, 4 * SECOND + 500_000_000, None, None, "the connection was closed");
    ledger.sees(0, 7 * SECOND + 500_000_000, false);
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.delivered, counts.unjudged, counts.lost, counts.lost_acked), (17, 3, 0, 0));
    assert_eq!(judgement.lost.total, 0);
    for metric in ["lost(acked)", "lost"] {
        let report = verdict(&judgement, metric);
        assert_eq!(report.verdict, Verdict::Inconclusive, "{metric}");
        assert_eq!(report.reason, "3 messages may have been shown when the probe was blind");
    }
    assert_eq!(verdict(&judgement, "delivered").verdict, Verdict::Fail, "17 are there in any case");
    assert_eq!(judgement.probes[0].blind.len(), 1);
}

#[test]
fn what_was_lost_before_the_probe_was_blind_is_proven() {
    let mut ledger = ledger_of(expecting(&[("lost(acked)", None)]));
    for sequence in 0..20 {
        say(&mut ledger, sequence);
        if sequence != 2 && sequence != 10 {
            see(&mut ledger, 0, sequence);
        }
    }
    ledger.blind(0, 10 * SECOND, None, None, "the connection was closed");
    ledger.sees(0, 11 * SECOND, false);
    let judgement = ledger.finish(&lag(1, 1));
    assert_eq!((judgement.totals.counts.lost_acked, judgement.totals.counts.unjudged), (1, 1));
    assert_eq!(verdict(&judgement, "lost(acked)").verdict, Verdict::Fail);
    assert_eq!(judgement.lost.rows[0].sequence, 2);
}

/// The probe's connection ends with a word after four messages, of which it saw two, and the broker has forgotten it.
fn forgotten(ended_owing: Option<i64>, is_behind: bool) -> (u64, u64) {
    let mut plan = plan(2);
    if is_behind {
        let behind =
            ProbePlan { id: "clean".to_owned(), filters: vec!["clean/#".to_owned()], ..plan.probes[0].clone() };
        plan.probes = vec![behind];
    }
    let mut ledger = ledger_of(plan);
    ledger.take(&Event::Connected { device: SimId(0), at: -SECOND, resumed: false }).unwrap();
    for sequence in 0..4 {
        say(&mut ledger, sequence);
        if sequence < 2 {
            let topic = if is_behind { "clean/1" } else { TOPIC };
            let at = sequence.cast_signed() * SECOND + 1_000_000;
            ledger.observed(0, topic, &payload(0, "vitals", sequence), at, false);
        }
    }
    ledger.blind(0, SECOND + 1_000_000, None, ended_owing, "the connection was closed");
    ledger.sees(0, 9 * SECOND, false);
    let counts = ledger.finish(&lag(1, 1)).totals.counts;
    (counts.lost_acked, counts.unjudged)
}

#[test]
fn what_the_broker_owed_the_probe_and_forgot_is_lost() {
    assert_eq!(forgotten(Some(3 * SECOND + SECOND / 2), false), (2, 0));
    assert_eq!(forgotten(Some(2 * SECOND + SECOND / 2), false), (1, 1), "one of them came after the end");
    assert_eq!(forgotten(None, false), (0, 2), "it only fell silent");
    assert_eq!(forgotten(Some(3 * SECOND + SECOND / 2), true), (0, 2), "another broker has promised it");
}

#[test]
fn another_patients_data_do_not_hide_a_loss() {
    let mut ledger = ledger_of(plan(2));
    for sequence in 0..2 {
        say_as(&mut ledger, sequence, &of_patient("SN-0000", "icu-0001", sequence, 1_000));
    }
    // The first under another patient; the second not at all, but another device's words under its name.
    ledger.observed(0, TOPIC, &of_patient("SN-0000", "icu-0002", 0, 1_000), SECOND, false);
    ledger.observed(0, TOPIC, &of_patient("SN-0000", "icu-0002", 1, 1_300), SECOND, false);
    let counts = ledger.finish(&lag(1, 1)).totals.counts;
    assert_eq!((counts.identity_mismatch, counts.altered, counts.lost), (2, 1, 1));
}

#[test]
fn one_messages_words_under_the_name_of_another_do_not_hide_its_loss() {
    let mut ledger = ledger_of(plan(2));
    for sequence in 0..4 {
        say_as(&mut ledger, sequence, &of_patient("SN-0000", "icu-0001", sequence, 1_000 + sequence.cast_signed()));
    }
    ledger.observed(0, TOPIC, &of_patient("SN-0000", "icu-0001", 0, 1_000), SECOND, false);
    // The words of the fourth under the number of the second; the third with a clock that nobody's is.
    ledger.observed(0, TOPIC, &of_patient("SN-0000", "icu-0001", 1, 1_003), SECOND, false);
    ledger.observed(0, TOPIC, &of_patient("SN-0000", "icu-0001", 2, 7_000), SECOND, false);
    let counts = ledger.finish(&lag(1, 1)).totals.counts;
    assert_eq!((counts.corrupted, counts.delivered, counts.altered, counts.lost), (2, 1, 1, 2));
}

#[test]
fn a_message_moved_whole_to_a_neighbour_does_not_hide_what_the_neighbour_lost() {
    let counts = |is_first_seen: bool| {
        let mut ledger = ledger_of(plan(2));
        // The second bed's clock says one millisecond more.
        for (bed, time) in [(0, 1_000), (1, 1_001)] {
            let route = RouteId(2 * bed);
            let words = of_patient(&format!("SN-000{bed}"), &format!("icu-000{}", bed + 1), 0, time);
            ledger.generated(route, 0, SimTime::ZERO, 0, &words).unwrap();
            ledger.sent(route, 0, 0);
            ledger.acked(route, 0, 0);
        }
        if is_first_seen {
            ledger.observed(0, TOPIC, &of_patient("SN-0000", "icu-0001", 0, 1_000), 1, false);
        }
        ledger.observed(0, "ward/2/mon/vitals", &of_patient("SN-0001", "icu-0002", 0, 1_000), 2, false);
        let counts = ledger.finish(&lag(1, 1)).totals.counts;
        (counts.corrupted, counts.delivered, counts.altered, counts.lost)
    };
    assert_eq!(counts(false), (1, 0, 0, 2), "moved: nothing was seen of either");
    assert_eq!(counts(true), (1, 1, 1, 0), "the first is there, so the second was altered");
}

#[test]
fn what_nobody_can_read_behind_an_ingester_is_a_doubt() {
    let mut plan = with_ingester(expecting(&[("lost", Some(1))]), "clean/#");
    plan.expects.push(expect(&plan, "first", "lost == 0", count("lost", Comparison::Equal, 0.0)));
    let mut ledger = ledger_of(plan);
    for sequence in 0..2 {
        say(&mut ledger, sequence);
        see(&mut ledger, 0, sequence);
    }
    ledger.observed(1, "clean/1", &payload(0, "vitals", 0), 2 * SECOND, false);
    ledger.observed(1, "clean/1", b"<hr>61</hr>", 2 * SECOND, false);
    let judgement = ledger.finish(&lag(1, 1));
    assert_eq!((judgement.probes[1].counts.lost, judgement.probes[1].counts.unjudged), (0, 1));
    assert_eq!(verdict(&judgement, "lost").verdict, Verdict::Inconclusive);
    assert_eq!(verdict(&judgement, "lost").reason, "1 messages may have been shown in a shape that no format reads");
    assert_eq!(verdict(&judgement, "first").verdict, Verdict::Pass);
}

#[test]
fn what_was_written_after_it_or_comes_elsewhere_is_not_what_nobody_can_read() {
    let judged = |unread_topic: &str, unread_at: i64| {
        let mut ledger = ledger_of(with_ingester(expecting(&[("lost", Some(1))]), "clean/#"));
        for sequence in 0..4 {
            say(&mut ledger, sequence);
            see(&mut ledger, 0, sequence);
        }
        ledger.generated(RouteId(2), 0, SimTime::ZERO, 0, &payload(1, "vitals", 0)).unwrap();
        ledger.sent(RouteId(2), 0, 0);
        ledger.observed(1, "clean/1", &payload(0, "vitals", 0), SECOND, false);
        ledger.observed(1, "clean/2", &payload(1, "vitals", 0), SECOND, false);
        ledger.observed(1, unread_topic, b"<hr>61</hr>", unread_at, false);
        let counts = ledger.finish(&lag(1, 1)).probes[1].counts;
        (counts.lost, counts.unjudged)
    };
    assert_eq!(judged("clean/status", 9 * SECOND), (0, 3));
    assert_eq!(judged("clean/status", 2 * SECOND + 1), (1, 2), "the last one was written later");
    assert_eq!(judged("clean/1", 9 * SECOND), (0, 3));
    assert_eq!(judged("clean/2", 9 * SECOND), (3, 0), "there the other bed's messages come");
}

#[test]
fn a_share_is_judged_where_the_unjudged_change_nothing() {
    let share = |bound: f64| {
        let mut plan = plan(2);
        let condition = scenarios::Condition {
            shape: sim_core::MetricShape::Share,
            ..count("delivered.ratio", Comparison::AtLeast, bound)
        };
        plan.expects = vec![expect(&plan, "share", "share", condition)];
        let mut ledger = ledger_of(plan);
        for sequence in 0..10 {
            say(&mut ledger, sequence);
            if sequence < 8 {
                see(&mut ledger, 0, sequence);
            }
        }
        // One of the two that are missing may have been shown when nobody looked.
        ledger.blind(0, 9 * SECOND, None, None, "cut");
        verdict(&ledger.finish(&lag(1, 1)), "share").verdict
    };
    assert_eq!((share(0.8), share(0.9), share(0.95)), (Verdict::Pass, Verdict::Inconclusive, Verdict::Fail));
}

#[test]
fn a_delay_that_may_be_the_probes_own_proves_nothing() {
    let judged = |was_away: bool| {
        let mut plan = plan(2);
        plan.expects = vec![expect(&plan, "fast", "fast", percentile("latency.e2e", 1.0, 0.5))];
        let mut ledger = ledger_of(plan);
        for sequence in 0..5 {
            say(&mut ledger, sequence);
            if was_away && sequence == 4 {
                ledger.blind(0, 4 * SECOND, None, None, "cut");
                ledger.sees(0, 6 * SECOND, false);
            }
            let late = if sequence == 4 { 2 * SECOND } else { 0 };
            let at = sequence.cast_signed() * SECOND + late;
            ledger.observed(0, TOPIC, &payload(0, "vitals", sequence), at, false);
        }
        verdict(&ledger.finish(&lag(5, 1)), "fast").verdict
    };
    assert_eq!((judged(false), judged(true)), (Verdict::Fail, Verdict::Inconclusive));
}

#[test]
fn what_is_brought_again_because_the_probe_was_away_is_no_duplicate() {
    let again = |was_away: bool, redelivered: bool| {
        let mut ledger = ledger_of(plan(2));
        say(&mut ledger, 0);
        see(&mut ledger, 0, 0);
        if was_away {
            ledger.blind(0, SECOND, None, None, "cut");
            ledger.sees(0, 2 * SECOND, false);
        }
        let copy = Sighting::publication(TOPIC, payload(0, "vitals", 0), 2 * SECOND).redelivered(redelivered);
        ledger.sighted(0, &copy);
        let judgement = ledger.finish(&lag(1, 1));
        (judgement.totals.counts.duplicates, judgement.probes[0].redelivered)
    };
    assert_eq!(again(true, true), (0, 1));
    assert_eq!((again(false, true), again(true, false)), ((1, 0), (1, 0)));
}

#[test]
fn what_devices_of_another_part_say_is_another_runs() {
    let mut ledger = ledger_of(plan(2)).of_part(&[SimId(0)]);
    say(&mut ledger, 0);
    see(&mut ledger, 0, 0);
    for words in [&payload(1, "vitals", 3)[..], b"{", b"offline"] {
        ledger.observed(0, "ward/2/mon/vitals", words, 2, false);
    }
    assert_eq!(ledger.totals().foreign, 3);
    // Between the parts something can still go wrong.
    ledger.observed(0, "ward/2/mon/vitals", &payload(0, "vitals", 0), 2, false);
    ledger.observed(0, TOPIC, &payload(1, "vitals", 3), 2, false);
    let counts = ledger.finish(&lag(1, 1)).totals.counts;
    assert_eq!((counts.delivered, counts.invented, counts.corrupted, counts.identity_mismatch), (1, 0, 0, 2));
}
