//! Which message a payload is, read back out of what a template has written.

use std::borrow::Cow;
use std::fmt::Display;

use quick_xml::escape::unescape;
use regex::Regex;
use serde_json::Value;
use vocabulary::{FormatFlaw, KeyError, MessageKey, Telling};

use super::{KEY, PATTERN};
use crate::instant::read_instant;

/// Parts of a key.
const SERIAL: &str = "serial";
const STREAM: &str = "stream";
const SEQUENCE: &str = "sequence";
const TIME: &str = "time";
const PATIENT: &str = "patient";
const PARTS: [&str; 5] = [SERIAL, STREAM, SEQUENCE, TIME, PATIENT];

/// How a payload is read back.
#[derive(Debug)]
pub(super) enum KeyReader {
    /// It is not.
    Absent,
    /// By JSON pointers (RFC 6901), in the order of [`PARTS`].
    Pointers([Option<String>; 5]),
    /// By a regular expression with groups named as [`PARTS`], whose texts are escaped in XML.
    Pattern { regex: Box<Regex>, is_xml: bool },
}

impl KeyReader {
    /// Reads by JSON pointers, each with the name of its part.
    pub(super) fn pointers<'a>(
        named: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Self, Vec<FormatFlaw>> {
        let mut pointers: [Option<String>; 5] = Default::default();
        let mut flaws = Vec::new();
        for (name, pointer) in named {
            let index = PARTS.iter().position(|part| *part == name);
            match (index, pointer) {
                (None, _) => flaws.push(format!("`key` has no `{name}`; it has {}", PARTS.join(", "))),
                (Some(index), Some(pointer)) if pointer.starts_with('/') => pointers[index] = Some(pointer.to_owned()),
                (Some(_), pointer) => flaws.push(format!(
                    "`key.{name}` is a JSON pointer such as `\"/device/id\"`, got `{}`",
                    pointer.unwrap_or("something else")
                )),
            }
        }
        flaws.extend(missing(KEY, |part| {
            pointers[PARTS.iter().position(|known| *known == part).unwrap_or_default()].is_some()
        }));
        if flaws.is_empty() {
            return Ok(Self::Pointers(pointers));
        }
        Err(flaws.into_iter().map(|reason| FormatFlaw::of(KEY, reason)).collect())
    }

    /// Reads by a regular expression, from XML or from plain text.
    pub(super) fn pattern(pattern: &str, is_xml: bool) -> Result<Self, Vec<FormatFlaw>> {
        let regex = Regex::new(pattern).map_err(|error| {
            // The last line says what, the others draw where.
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            vec![FormatFlaw::of(PATTERN, format!("not a regular expression: {reason}"))]
        })?;
        let groups: Vec<&str> = regex.capture_names().flatten().collect();
        let unknown = groups.iter().filter(|group| !PARTS.contains(group));
        let mut flaws: Vec<String> = unknown
            .map(|group| format!("`pattern` has a group `{group}`; those that are read are {}", PARTS.join(", ")))
            .collect();
        flaws.extend(missing(PATTERN, |part| groups.contains(&part)));
        if flaws.is_empty() {
            return Ok(Self::Pattern { regex: Box::new(regex), is_xml });
        }
        Err(flaws.into_iter().map(|reason| FormatFlaw::of(PATTERN, reason)).collect())
    }

    /// The parameter that says how.
    pub(super) const fn parameter(&self) -> Option<&'static str> {
        match self {
            Self::Absent => None,
            Self::Pointers(_) => Some(KEY),
            Self::Pattern { .. } => Some(PATTERN),
        }
    }

    /// How much of the name of a message it reads.
    pub(super) fn tells(&self) -> Telling {
        let (serial, stream) = match self {
            Self::Absent => return Telling::Nothing,
            Self::Pointers([serial, stream, ..]) => (serial.is_some(), stream.is_some()),
            Self::Pattern { regex, .. } => {
                let has = |part: &str| regex.capture_names().flatten().any(|group| group == part);
                (has(SERIAL), has(STREAM))
            }
        };
        if serial && stream { Telling::Message } else { Telling::MessageOfTopic }
    }

    /// Reads a payload.
    pub(super) fn read<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        match self {
            Self::Absent => Err(KeyError::Absent),
            Self::Pointers([serial, stream, sequence, time, patient]) => {
                let value: Value = serde_json::from_slice(payload).map_err(unreadable)?;
                let part =
                    |pointer: &Option<String>| pointer.as_deref().map(|pointer| pointed(&value, pointer)).transpose();
                // A device that nobody has been assigned to says `null`, or nothing.
                let patient =
                    patient.as_ref().filter(|pointer| value.pointer(pointer).is_some_and(|found| !found.is_null()));
                let patient = patient.map(|pointer| pointed(&value, pointer)).transpose()?;
                let named = [(SERIAL, part(serial)?), (STREAM, part(stream)?)];
                if let Some((name, _)) =
                    named.iter().find(|(_, found)| found.as_ref().is_some_and(|found| found.is_empty()))
                {
                    return Err(unreadable(format_args!("it has no {name}")));
                }
                let [(_, serial), (_, stream)] = named;
                key(serial, stream, part(sequence)?, part(time)?, patient)
            }
            Self::Pattern { regex, is_xml } => {
                let text = std::str::from_utf8(payload).map_err(unreadable)?;
                let captures = regex.captures(text).ok_or_else(|| unreadable("`pattern` does not match it"))?;
                let part = |name: &str| captures.name(name).map(|found| meant(found.as_str(), *is_xml));
                let patient = part(PATIENT).filter(|patient| !patient.is_empty());
                let silent = [SERIAL, STREAM].into_iter().find(|name| {
                    regex.capture_names().flatten().any(|group| group == *name)
                        && part(name).is_none_or(|found| found.is_empty())
                });
                match silent {
                    Some(name) => Err(unreadable(format_args!("it has no {name}"))),
                    None => key(part(SERIAL), part(STREAM), part(SEQUENCE), part(TIME), patient),
                }
            }
        }
    }
}

/// What a key lacks to name a message of its topic.
fn missing(parameter: &str, has: impl Fn(&str) -> bool) -> Option<String> {
    let complete = has(SEQUENCE) || has(TIME);
    (!complete).then(|| {
        format!(
            "`{parameter}` needs `{SEQUENCE}` or `{TIME}`, and `{SERIAL}` and `{STREAM}` unless the topic tells them"
        )
    })
}

fn unreadable(reason: impl Display) -> KeyError {
    KeyError::Unreadable { reason: reason.to_string() }
}

/// What a text of XML or plain text means. What only looks like an entity means itself.
fn meant(text: &str, is_xml: bool) -> Cow<'_, str> {
    if is_xml { unescape(text).unwrap_or(Cow::Borrowed(text)) } else { Cow::Borrowed(text) }
}

/// The plain value that a pointer leads to, as text.
fn pointed(value: &Value, pointer: &str) -> Result<Cow<'static, str>, KeyError> {
    match value.pointer(pointer) {
        Some(Value::String(text)) => Ok(Cow::Owned(text.clone())),
        Some(Value::Number(number)) => Ok(Cow::Owned(number.to_string())),
        Some(_) => Err(unreadable(format_args!("`{pointer}` is no text and no number"))),
        None => Err(unreadable(format_args!("there is no `{pointer}`"))),
    }
}

fn key<'p>(
    serial: Option<Cow<'p, str>>,
    stream: Option<Cow<'p, str>>,
    sequence: Option<Cow<'p, str>>,
    time: Option<Cow<'p, str>>,
    patient_id: Option<Cow<'p, str>>,
) -> Result<MessageKey<'p>, KeyError> {
    let sequence = sequence.map(|text| read_sequence(&text)).transpose()?;
    let device_time_ms =
        time.map(|text| read_instant(&text).ok_or_else(|| unreadable(format_args!("`{text}` is no instant"))));
    Ok(MessageKey {
        device_serial: serial.unwrap_or_default(),
        patient_id,
        stream: stream.unwrap_or_default(),
        sequence,
        device_time_ms: device_time_ms.transpose()?,
    })
}

/// A sequence number as a template, or whoever has written the payload anew, may write it: `17`, `17.0`, `17i`.
fn read_sequence(text: &str) -> Result<u64, KeyError> {
    let digits = text.trim().trim_end_matches('i');
    let digits = digits
        .split_once('.')
        .filter(|(_, rest)| rest.bytes().all(|octet| octet == b'0'))
        .map_or(digits, |(whole, _)| whole);
    digits.parse().map_err(|_| unreadable(format_args!("`{text}` is no sequence number")))
}
