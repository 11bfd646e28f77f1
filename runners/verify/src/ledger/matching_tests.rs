//! Formats without a sequence number, and without any key, at the ledger.

use std::sync::Arc;

use bytes::BytesMut;
use radio_plan::{GatewayFormatSpec, GatewayPlan};
use scenarios::{Carrier, Comparison, Plan, ProbePlan};
use sim_core::{FormatSpec, Registry, RouteId, SimId, SimTime, Span};
use vocabulary::{Format, KeyError, Message, MessageKey, Sighting};

use crate::sample_run::{count, expect, lag, payload, plan, registry, sample_input};
use crate::{Judgement, Ledger, LedgerLimits, MESSAGE_PROPERTY, RunReport, Verdict};

const VITALS: RouteId = RouteId(0);
const TOPIC: &str = "ward/1/mon/vitals";

/// `serial stream time value`: no sequence number.
#[derive(Debug)]
struct Clocked;

/// A value and nothing else.
#[derive(Debug)]
struct Bare;

/// A number and a value; blanks mean nothing, and the topic tells the rest.
#[derive(Debug)]
struct Numbered;

impl Format for Numbered {
    fn encode(&self, _: &Message<'_>, _: &mut BytesMut) {}

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        let number = std::str::from_utf8(payload).ok().and_then(|text| text.split_whitespace().next()?.parse().ok());
        let sequence = Some(number.ok_or(KeyError::Unreadable { reason: "no number".to_owned() })?);
        Ok(MessageKey { device_serial: "".into(), patient_id: None, stream: "".into(), sequence, device_time_ms: None })
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }
}

impl Format for Clocked {
    fn encode(&self, _: &Message<'_>, _: &mut BytesMut) {}

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        let unreadable = || KeyError::Unreadable { reason: "not four words".to_owned() };
        let text = std::str::from_utf8(payload).map_err(|_| unreadable())?;
        let [serial, stream, time, _] = text.split(' ').collect::<Vec<_>>()[..] else { return Err(unreadable()) };
        Ok(MessageKey {
            device_serial: serial.into(),
            patient_id: None,
            stream: stream.into(),
            sequence: None,
            device_time_ms: Some(time.parse().map_err(|_| unreadable())?),
        })
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }
}

impl Format for Bare {
    fn encode(&self, _: &Message<'_>, _: &mut BytesMut) {}

    fn key<'p>(&self, _: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        Err(KeyError::Absent)
    }

    /// Blanks mean nothing.
    fn write_meaning(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        out.extend(payload.iter().filter(|octet| !octet.is_ascii_whitespace()));
        true
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }
}

fn with_formats() -> Registry {
    let mut registry = registry();
    let formats: [(&str, Arc<dyn Format>); 3] =
        [("clocked", Arc::new(Clocked)), ("bare", Arc::new(Bare)), ("numbered", Arc::new(Numbered))];
    registry.extend(formats.map(|(name, format)| FormatSpec::fixed(name, "for tests", format)));
    registry
}

/// One bed whose vitals have another format than the rest.
fn plan_of(format: &str) -> Plan {
    let mut plan = plan(1);
    Arc::make_mut(&mut plan.roster).routes[0].format = format.to_owned();
    plan
}

fn ledger_of(format: &str) -> Ledger {
    Ledger::new(Arc::new(plan_of(format)), &with_formats(), LedgerLimits::default())
}

/// Says a message and has it acknowledged.
fn say(ledger: &mut Ledger, sequence: u64, words: &str) {
    let at = sequence.cast_signed();
    ledger.generated(VITALS, sequence, SimTime::from_nanos(at), at, words.as_bytes()).unwrap();
    ledger.sent(VITALS, sequence, at);
    ledger.acked(VITALS, sequence, at);
}

fn see(ledger: &mut Ledger, words: &str) {
    ledger.observed(0, TOPIC, words.as_bytes(), 100, false);
}

fn matched_by(judgement: &Judgement) -> Vec<(&str, u64)> {
    judgement.probes[0].matched_by.iter().map(|(rule, times)| (rule.as_str(), *times)).collect()
}

fn report_of(format: &str, judgement: &Judgement) -> RunReport {
    RunReport::new(&plan_of(format), &with_formats(), judgement, &sample_input())
}

#[test]
fn a_format_without_a_sequence_number_is_judged_by_time() {
    let mut ledger = ledger_of("clocked");
    for sequence in 0..5 {
        say(&mut ledger, sequence, &format!("SN-0000 vitals {} 6{sequence}", sequence * 1000));
    }
    see(&mut ledger, "SN-0000 vitals 1000 61");
    see(&mut ledger, "SN-0000 vitals 0 60");
    see(&mut ledger, "SN-0000 vitals 0 60");
    see(&mut ledger, "SN-0000 vitals 2000 99");
    see(&mut ledger, "SN-0000 vitals 2500 62");
    see(&mut ledger, "SN-9999 vitals 3000 63");
    ledger.observed(0, "ward/1/mon/ecg", b"SN-0000 vitals 3000 63", 100, false);
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.delivered, counts.lost, counts.lost_acked, counts.pending), (2, 1, 1, 0), "{counts:?}");
    assert_eq!((counts.altered, counts.duplicates, counts.out_of_order), (2, 1, 1), "{counts:?}");
    assert_eq!((counts.corrupted, counts.invented, counts.identity_mismatch), (2, 1, 1), "{counts:?}");
    assert_eq!(matched_by(&judgement), [("device time", 5)]);
    assert_eq!(judgement.unmatched, None);
}

#[test]
fn two_messages_of_one_instant_are_told_apart_by_what_was_seen() {
    let mut ledger = ledger_of("clocked");
    for sequence in 0..2 {
        say(&mut ledger, sequence, "SN-0000 vitals 7 60");
    }
    see(&mut ledger, "SN-0000 vitals 7 60");
    see(&mut ledger, "SN-0000 vitals 7 60");
    see(&mut ledger, "SN-0000 vitals 7 60");
    let counts = ledger.finish(&lag(1, 1)).totals.counts;
    assert_eq!((counts.delivered, counts.duplicates), (2, 1));
}

#[test]
fn a_format_without_a_key_is_judged_by_its_bytes() {
    let mut ledger = ledger_of("bare");
    for (sequence, words) in ["60", "61", "61", "62"].into_iter().enumerate() {
        say(&mut ledger, sequence as u64, words);
    }
    for words in ["60", "61", "61", "61"] {
        see(&mut ledger, words);
    }
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.delivered, counts.duplicates, counts.lost_acked), (3, 1, 1), "{counts:?}");
    assert_eq!(matched_by(&judgement), [("value", 4)]);
    let report = report_of("bare", &judgement);
    assert_eq!(report.reasons, Vec::<String>::new());
    assert_eq!(report.probes[0].rules_line().as_deref(), Some("matched 4 by value"));
}

#[test]
fn a_format_without_a_key_may_be_written_anew() {
    let mut ledger = ledger_of("bare");
    say(&mut ledger, 0, "6 0");
    see(&mut ledger, "6  0 ");
    see(&mut ledger, "60");
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.delivered, counts.duplicates, counts.lost, judgement.unmatched), (1, 1, 0, None), "{counts:?}");
}

/// Two beds whose vitals have this format, and a probe on topics of its own.
fn behind(format: &str) -> Ledger {
    let mut plan = plan(2);
    for route in [0, 2] {
        Arc::make_mut(&mut plan.roster).routes[route].format = format.to_owned();
    }
    let probe = ProbePlan { id: "clean".to_owned(), filters: vec!["clean/#".to_owned()], ..plan.probes[0].clone() };
    plan.probes = vec![probe];
    Ledger::new(Arc::new(plan), &with_formats(), LedgerLimits::default())
}

fn say_of(ledger: &mut Ledger, route: u32, sequence: u64, words: &str) {
    let at = sequence.cast_signed();
    ledger.generated(RouteId(route), sequence, SimTime::from_nanos(at), at, words.as_bytes()).unwrap();
    ledger.sent(RouteId(route), sequence, at);
    ledger.acked(RouteId(route), sequence, at);
}

#[test]
fn on_topics_of_nobody_a_message_without_a_key_is_known_by_what_it_says() {
    let mut ledger = behind("bare");
    say_of(&mut ledger, 0, 0, "60");
    say_of(&mut ledger, 2, 0, "71");
    say_of(&mut ledger, 2, 1, "72");
    ledger.observed(0, "clean/a", b"6 0", 100, false);
    ledger.observed(0, "clean/b", b"71", 100, false);
    let counts = ledger.finish(&lag(1, 1)).totals.counts;
    assert_eq!((counts.delivered, counts.lost, counts.unjudged), (2, 1, 0), "{counts:?}");
}

#[test]
fn what_two_have_said_on_topics_of_nobody_is_unjudged_and_not_lost() {
    let mut ledger = behind("bare");
    say_of(&mut ledger, 0, 0, "60");
    say_of(&mut ledger, 2, 0, "60");
    say_of(&mut ledger, 2, 1, "72");
    ledger.observed(0, "clean/a", b"60", 100, false);
    let counts = ledger.finish(&lag(1, 1)).totals.counts;
    assert_eq!((counts.delivered, counts.lost, counts.unjudged), (0, 0, 3), "{counts:?}");
}

#[test]
fn beside_any_topic_what_nobody_can_tell_leaves_the_rest_unjudged() {
    let mut ledger = ledger_of("bare");
    say(&mut ledger, 0, "60");
    say(&mut ledger, 1, "61");
    ledger.observed(0, "", b"60", 100, false);
    ledger.observed(0, "", b"99", 100, false);
    let counts = ledger.finish(&lag(1, 1)).totals.counts;
    assert_eq!((counts.delivered, counts.lost, counts.unjudged), (1, 0, 1), "{counts:?}");
}

#[test]
fn what_a_payload_leaves_to_its_topic_the_topic_tells() {
    let mut ledger = ledger_of("numbered");
    for sequence in 0..3 {
        say(&mut ledger, sequence, &format!("{sequence} 60"));
    }
    see(&mut ledger, "1 60");
    see(&mut ledger, "0 99");
    see(&mut ledger, "7 60");
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.delivered, counts.altered, counts.lost_acked), (1, 1, 1), "{counts:?}");
    assert_eq!((counts.corrupted, counts.invented), (1, 1), "{counts:?}");
    assert_eq!(matched_by(&judgement), [("key", 3)]);
}

#[test]
fn what_no_rule_can_match_is_inconclusive_and_never_corrupted() {
    let mut ledger = ledger_of("bare");
    for (sequence, words) in ["60", "61", "62"].into_iter().enumerate() {
        say(&mut ledger, sequence as u64, words);
    }
    see(&mut ledger, "60");
    see(&mut ledger, "16");
    ledger.observed(0, "ward/of/others", b"61", 100, false);
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.corrupted, counts.invented, counts.lost), (0, 0, 0), "{counts:?}");
    // What is on a topic of nobody is on the wrong one.
    assert_eq!((counts.altered, counts.unjudged, counts.pending), (1, 1, 0), "{counts:?}");
    assert_eq!((counts.delivered, judgement.totals.foreign), (1, 1));
    let report = report_of("bare", &judgement);
    assert_eq!((report.verdict, report.exit_code), (Verdict::Inconclusive, 4));
    assert_eq!(
        report.reasons,
        ["not so: every sighting finds its message: 1 sightings match no message of 1 streams, such as \
             icu/1/mon/vitals: its format `bare` does not say which message a payload is, and no other rule applies"]
    );
}

#[test]
fn no_expectation_passes_beside_what_nobody_can_tell() {
    let mut plan = plan_of("bare");
    let metrics = ["corrupted", "invented", "identity.mismatch", "lost"];
    let expects = metrics.map(|metric| expect(&plan, metric, metric, count(metric, Comparison::Equal, 0.0)));
    plan.expects = expects.to_vec();
    let mut ledger = Ledger::new(Arc::new(plan), &with_formats(), LedgerLimits::default());
    for (sequence, words) in ["60", "61", "62"].into_iter().enumerate() {
        say(&mut ledger, sequence as u64, words);
    }
    for words in ["60", "61", "99"] {
        see(&mut ledger, words);
    }
    let judgement = ledger.finish(&lag(1, 1));
    for judged in &judgement.expect {
        assert_eq!(judged.verdict, Verdict::Inconclusive, "{}: {}", judged.id, judged.reads);
        assert!(judged.reason.contains("without a name"), "{}: {}", judged.id, judged.reason);
    }
}

#[test]
fn a_user_property_tells_the_message_of_a_format_without_a_key() {
    let mut ledger = ledger_of("bare");
    for sequence in 0..2 {
        say(&mut ledger, sequence, "60");
    }
    let seen = |value: &str, raw: &str| Sighting {
        properties: vec![("other".to_owned(), "1".to_owned()), (MESSAGE_PROPERTY.to_owned(), value.to_owned())],
        ..Sighting::publication(TOPIC, raw.as_bytes().to_vec(), 100)
    };
    ledger.sighted(0, &seen("1/vitals/SN-0000", "60"));
    ledger.sighted(0, &seen("0/vitals/SN-0000", "61"));
    let judgement = ledger.finish(&lag(1, 1));
    let counts = judgement.totals.counts;
    assert_eq!((counts.delivered, counts.altered, counts.corrupted), (1, 1, 1), "{counts:?}");
    assert_eq!(matched_by(&judgement), [("user property", 2)]);
}

#[test]
fn what_the_probe_knows_needs_no_payload() {
    let mut ledger = ledger_of("bare");
    say(&mut ledger, 0, "60");
    ledger.sighted(
        0,
        &Sighting {
            who: Some("SN-0000".to_owned()),
            stream: Some("vitals".to_owned()),
            sequence: Some(0),
            ..Sighting::publication(TOPIC, "60", 100)
        },
    );
    let judgement = ledger.finish(&lag(1, 1));
    assert_eq!((judgement.totals.counts.delivered, matched_by(&judgement)), (1, vec![("key", 1)]));
}

#[test]
fn a_message_of_a_known_format_on_the_topic_of_another_is_told() {
    let mut ledger = ledger_of("bare");
    let words = payload(0, "ecg", 0);
    ledger.generated(RouteId(1), 0, SimTime::ZERO, 0, &words).unwrap();
    ledger.sent(RouteId(1), 0, 1);
    ledger.observed(0, TOPIC, &words, 100, false);
    let judgement = ledger.finish(&lag(1, 1));
    assert_eq!((judgement.totals.counts.corrupted, judgement.unmatched), (1, None));
}

#[test]
fn what_a_gateway_hands_on_is_read_as_the_gateways_format_says() {
    let mut plan = plan_of("bare");
    plan.links[0].carrier = Carrier::Gateway;
    Arc::make_mut(&mut plan.air).gateways.push(GatewayPlan {
        device: SimId(0),
        site: 0,
        place: [0.0; 3],
        slots: 1,
        interval: Span::ZERO,
        format: "clocked by gateway".to_owned(),
        devices: vec![SimId(0)],
    });
    let mut registry = with_formats();
    registry.add(GatewayFormatSpec {
        name: "clocked by gateway",
        about: "for tests",
        encode: |_, _| {},
        reader: Arc::new(Clocked),
    });
    let mut ledger = Ledger::new(Arc::new(plan), &registry, LedgerLimits::default());
    ledger.said(VITALS, 0, SimTime::ZERO, 0).unwrap();
    ledger.handed_on(VITALS, 0, b"SN-0000 vitals 0 60");
    ledger.sent(VITALS, 0, 1);
    see(&mut ledger, "SN-0000 vitals 0 60");
    let judgement = ledger.finish(&lag(1, 1));
    assert_eq!((judgement.totals.counts.delivered, matched_by(&judgement)), (1, vec![("device time", 1)]));
}
