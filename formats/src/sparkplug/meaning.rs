//! Which message a payload is, and what it means whatever session it belongs to.

use std::borrow::Cow;

use vocabulary::{KeyError, MessageKey};

use super::payload::{Metric, Payload, write_plain_octets};
use super::tag::{self, Tag};
use super::wire::{Fields, WireError};

/// Reads which message a payload is.
pub(super) fn key(octets: &[u8]) -> Result<MessageKey<'_>, KeyError> {
    let unreadable = |reason: String| KeyError::Unreadable { reason };
    let payload = Payload::read(octets).map_err(|error| unreadable(format!("no payload of Sparkplug: {error}")))?;
    let metric = |name: &str| Tag::named(name).and_then(|tag| payload.metric(tag));
    let missing = |name: &str| unreadable(format!("there is no metric `{name}` with a value"));
    let text = |name: &str| metric(name).and_then(Metric::text);
    let sequence = metric(tag::SEQUENCE);
    Ok(MessageKey {
        device_serial: Cow::Borrowed(text(tag::DEVICE).ok_or_else(|| missing(tag::DEVICE))?),
        patient_id: text(tag::PATIENT).map(Cow::Borrowed),
        stream: Cow::Borrowed(text(tag::STREAM).ok_or_else(|| missing(tag::STREAM))?),
        sequence: Some(sequence.and_then(Metric::long).ok_or_else(|| missing(tag::SEQUENCE))?),
        // The payload's own time is that of sending, which a message that waited for its connection has anew.
        device_time_ms: sequence.and_then(|metric| metric.timestamp_ms).map(u64::cast_signed),
    })
}

/// Appends what a payload means: each metric with its time, value and properties, in whatever order they stand, and whether
/// a name stands there or its number. What belongs to the session means nothing: the sequence number, and that a message
/// waited for its connection, which gives it another time of sending.
pub(super) fn write_meaning(octets: &[u8], out: &mut Vec<u8>) -> bool {
    let read = Payload::read(octets);
    let metrics = read.as_ref().map(|payload| payload.metrics.iter().map(meaning).collect::<Result<Vec<_>, _>>());
    let (Ok(payload), Ok(Ok(mut metrics))) = (&read, metrics) else { return false };
    let waited = payload.metrics.iter().any(|metric| metric.is_historical);
    // What has waited is sent at another time than it was said.
    let said_ms = || payload.metric(Tag::named(tag::SEQUENCE)?)?.timestamp_ms;
    write_optional(if waited { said_ms() } else { payload.timestamp_ms }, out);
    metrics.sort_unstable();
    out.extend((metrics.len() as u64).to_le_bytes());
    for metric in &metrics {
        write_plain_octets(metric, out);
    }
    for field in &payload.others {
        field.write_plainly(out);
    }
    true
}

fn meaning(metric: &Metric<'_>) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::with_capacity(64);
    let tag = metric.tag();
    match (tag, metric.name, metric.alias) {
        (Some(tag), ..) => write_plain_octets(tag.name().as_bytes(), &mut out),
        (None, Some(name), _) => write_plain_octets(name.as_bytes(), &mut out),
        (None, None, alias) => write_optional(alias, &mut out),
    }
    write_optional(metric.timestamp_ms, &mut out);
    // A birth has said it, so that data need not; one that is another's means something else.
    write_optional(metric.datatype.filter(|datatype| tag.map(Tag::datatype) != Some(*datatype)), &mut out);
    out.push(u8::from(metric.is_null));
    match metric.value {
        Some(value) => value.write_plainly(&mut out),
        None => out.push(0),
    }
    for (key, value) in metric.properties()? {
        write_plain_octets(key.as_bytes(), &mut out);
        let mut fields = Fields::of(value).collect::<Result<Vec<_>, _>>()?;
        fields.sort_by_key(|field| field.number);
        out.extend((fields.len() as u64).to_le_bytes());
        for field in &fields {
            field.write_plainly(&mut out);
        }
    }
    for field in &metric.others {
        field.write_plainly(&mut out);
    }
    Ok(out)
}

fn write_optional(number: Option<u64>, out: &mut Vec<u8>) {
    out.push(u8::from(number.is_some()));
    out.extend(number.unwrap_or_default().to_le_bytes());
}
