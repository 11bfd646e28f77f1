//! ORU^R40 (IHE PCD-04): an alarm begins or ends.

use bytes::BytesMut;
use vocabulary::{Message, Metric, MetricId, Reading, Value, metrics};

use super::containment::{Term, device};
use super::equipment::{eui64, identifier};
use super::header::{ALERTS, LOCAL};
use super::observation::{MDC, NO_RESULT, Observations, RAW, begin, request};
use crate::instant::hl7;

/// Events and attributes of alerts (IEEE 11073-10101, partitions 3 and 1; IHE PCD TF volume 2, PCD-04).
const ALARM: Term = Term { code: 196_616, refid: "MDC_EVT_ALARM" };
const HIGH: Term = Term { code: 196_648, refid: "MDC_EVT_HI" };
const LOW: Term = Term { code: 196_670, refid: "MDC_EVT_LO" };
const SOURCE: Term = Term { code: 68_480, refid: "MDC_ATTR_ALERT_SOURCE" };
const PHASE: Term = Term { code: 68_481, refid: "MDC_ATTR_EVENT_PHASE" };
const STATE: Term = Term { code: 68_482, refid: "MDC_ATTR_ALARM_STATE" };
const INACTIVATION: Term = Term { code: 68_483, refid: "MDC_ATTR_ALARM_INACTIVATION_STATE" };
const PRIORITY: Term = Term { code: 68_484, refid: "MDC_ATTR_ALARM_PRIORITY" };
const TYPE: Term = Term { code: 68_485, refid: "MDC_ATTR_ALERT_TYPE" };

/// Conditions of devices and not of patients.
const TECHNICAL: [&str; 10] = [
    "lead_off",
    "occlusion",
    "reservoir_empty",
    "reservoir_low",
    "signal_loss",
    "disconnection",
    "infusion_complete",
    "loss_of_capture",
    "battery_eri",
    "battery_low",
];

/// Whether a message is of an alarm.
pub(super) fn is_alert(message: &Message<'_>) -> bool {
    message.readings.iter().any(|reading| reading.metric == metrics::ALARM)
}

/// Appends a message.
pub(super) fn write(message: &Message<'_>, out: &mut BytesMut) {
    let eui = eui64(message.device_serial);
    begin(message, &eui, ["ORU", "R40", "ORU_R40"], &ALERTS, out);
    request(message, &[&ALARM.code.to_string(), ALARM.refid, MDC], message.device_time_ms, None, out);
    let condition = word(message.readings, metrics::ALARM);
    let phase = word(message.readings, metrics::ALARM_PHASE);
    let priority = priority(word(message.readings, metrics::ALARM_PRIORITY));
    let kind = if TECHNICAL.contains(&condition) { "ST" } else { "SP" };
    let (event, limit) = event(condition);
    let mut observations = Observations { out, count: 0 };

    let at = hl7(message.device_time_ms);
    let local = if condition.is_empty() { "" } else { LOCAL };
    let code = [&event.code.to_string(), event.refid, MDC, condition, "", local];
    let (value_type, status) = if condition.is_empty() { ("", NO_RESULT) } else { ("ST", RAW) };
    observations
        .begin(value_type, &code, "1.0.0.0.1")
        .put(5, &[condition])
        .put_all(8, &[&[limit], &[priority], &[kind]])
        .put(11, &[status])
        .put(14, &[&at])
        .put(18, &identifier(message, &eui))
        .end();

    let source = device(message.origin.device_kind);
    let source = [&source.code.to_string(), source.refid, MDC];
    let state = match phase {
        "start" => "active",
        "end" => "inactive",
        _ => "",
    };
    let facets: [(Term, &str, &[&str]); 6] = [
        (SOURCE, "CWE", &source),
        (PHASE, "ST", &[phase]),
        (STATE, "ST", &[state]),
        (INACTIVATION, "ST", &["enabled"]),
        (PRIORITY, "ST", &[priority]),
        (TYPE, "ST", &[kind]),
    ];
    for (number, (term, value_type, value)) in (2..).zip(facets) {
        let code = [&term.code.to_string(), term.refid, MDC];
        let (value_type, status) = if value[0].is_empty() { ("", NO_RESULT) } else { (value_type, RAW) };
        let mut segment = observations.begin(value_type, &code, &format!("1.0.0.0.{number}"));
        segment.put(5, value).put(11, &[status]).put(14, &[&at]).end();
    }
    observations.metrics(message, is_no_facet);
}

/// What a device says besides of its alarm.
fn is_no_facet(metric: &Metric) -> bool {
    [metrics::ALARM, metrics::ALARM_PHASE, metrics::ALARM_PRIORITY].iter().all(|facet| facet.metric().id != metric.id)
}

fn word(readings: &[Reading], metric: MetricId) -> &'static str {
    let reading = readings.iter().find(|reading| reading.metric == metric);
    match reading.map(|reading| reading.value) {
        Some(Value::Code(word)) => word,
        _ => "",
    }
}

/// The event of a condition, and which limit was crossed (HL7 table 0078).
fn event(condition: &str) -> (Term, &'static str) {
    match condition {
        _ if condition.ends_with("_high") => (HIGH, "H"),
        _ if condition.ends_with("_low") => (LOW, "L"),
        _ => (ALARM, ""),
    }
}

/// Priorities of IEC 60601-1-8 as PCD-04 writes them.
fn priority(word: &str) -> &'static str {
    match word {
        "high" => "PH",
        "medium" => "PM",
        "low" => "PL",
        "" => "",
        _ => "PN",
    }
}
