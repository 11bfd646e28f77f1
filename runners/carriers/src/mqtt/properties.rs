//! What MQTT 5 says of a message beside its payload.

use std::fmt::Write;

use scenarios::Mqtt5Plan;
use sim_core::{Key, Purpose, Span};

/// Property identifiers (MQTT 5, section 2.2.2.2).
const MESSAGE_EXPIRY: u8 = 0x02;
const TOPIC_ALIAS: u8 = 0x23;
const USER_PROPERTY: u8 = 0x26;

/// The user property that tells which message a payload is, `SEQUENCE/STREAM/SERIAL`: the judge reads it.
const MESSAGE: &str = "iomt-message";
/// The user property of W3C Trace Context (section 3.2), as its binding to MQTT names it.
const TRACEPARENT: &str = "traceparent";

const TRACE: Purpose = Purpose::new("mqtt.trace");
const PARENT: Purpose = Purpose::new("mqtt.trace.parent");

/// What the messages of one stream say beside their payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteProperties {
    /// What every message says, encoded.
    fixed: Vec<u8>,
    /// What follows the sequence number where a message names itself.
    name: Option<String>,
    /// Draws the identities of traces.
    trace: Option<Key>,
}

impl RouteProperties {
    /// The properties of a stream of the device with this serial number; `None` if there are none. `trace` draws.
    pub(crate) fn of(plan: &Mqtt5Plan, stream: &str, serial: &str, trace: Key) -> Option<Self> {
        let mut fixed = Vec::new();
        if plan.message_expiry > Span::ZERO {
            fixed.push(MESSAGE_EXPIRY);
            let seconds = u32::try_from(plan.message_expiry.nanos() / 1_000_000_000).unwrap_or(u32::MAX);
            fixed.extend_from_slice(&seconds.to_be_bytes());
        }
        for (name, value) in &plan.user_properties {
            write_user_property(name, value, &mut fixed);
        }
        let name = plan.message_property.then(|| format!("/{stream}/{serial}"));
        let trace = plan.traceparent.then_some(trace);
        (!fixed.is_empty() || name.is_some() || trace.is_some()).then_some(Self { fixed, name, trace })
    }

    /// Appends the properties of a message.
    pub(crate) fn write(&self, sequence: u64, output: &mut Vec<u8>) {
        output.extend_from_slice(&self.fixed);
        if let Some(name) = &self.name {
            write_user_property(MESSAGE, &format!("{sequence}{name}"), output);
        }
        if let Some(key) = self.trace {
            write_user_property(TRACEPARENT, &traceparent(key, sequence), output);
        }
    }
}

/// A sampled trace of its own for each message.
fn traceparent(key: Key, sequence: u64) -> String {
    let mut text = String::from("00-");
    for word in key.block(TRACE, sequence) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{word:08x}");
    }
    // An identity of zeros is none.
    let parent = key.bits(PARENT, sequence).max(1);
    let _ = write!(text, "-{parent:016x}-01");
    text
}

/// Appends the number that stands for the topic.
pub(crate) fn write_topic_alias(alias: u16, output: &mut Vec<u8>) {
    output.push(TOPIC_ALIAS);
    output.extend_from_slice(&alias.to_be_bytes());
}

/// Appends a name and its value; neither is longer than 65 535 bytes.
pub(crate) fn write_user_property(name: &str, value: &str, output: &mut Vec<u8>) {
    output.push(USER_PROPERTY);
    for text in [name, value] {
        output.extend_from_slice(&(text.len() as u16).to_be_bytes());
        output.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_the_shape_of_the_recommendation_and_is_not_shared() {
        let key = Key::new(1, "run/icu/1/mon/vitals");
        let one = traceparent(key, 7);
        let parts: Vec<&str> = one.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 32, 16, 2], "{one}");
        assert!(parts.iter().all(|part| part.bytes().all(|byte| b"0123456789abcdef".contains(&byte))), "{one}");
        assert_ne!(parts[1], traceparent(key, 8).split('-').nth(1).unwrap());
    }

    #[test]
    fn nothing_is_said_where_nothing_was_asked_for() {
        let key = Key::new(1, "");
        assert_eq!(RouteProperties::of(&Mqtt5Plan::default(), "vitals", "SN", key), None);
    }
}
