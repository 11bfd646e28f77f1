//! What a metric of Sparkplug is called, which number stands for its name, and of which type it is.
//!
//! A device says its metrics by their ids, and four more that tell which message it is. The number that stands for a name
//! follows from the metric and from its owner's place below the node, so that it is unique within the node as the
//! specification demands (tck-id-payloads-alias-uniqueness), and whoever judges finds the name without a birth.

use vocabulary::{Metric, MetricId, MetricKind};

/// Types (Sparkplug 3.0, section 6.4.1; `DataType` of the schema).
pub(super) const INT_32: u64 = 3;
pub(super) const INT_64: u64 = 4;
pub(super) const UINT_64: u64 = 8;
pub(super) const DOUBLE: u64 = 10;
pub(super) const BOOLEAN: u64 = 11;
pub(super) const STRING: u64 = 12;
pub(super) const INT_16_ARRAY: u64 = 23;

/// Names of the metrics that tell which message it is.
pub(super) const DEVICE: &str = "Message/Device";
pub(super) const STREAM: &str = "Message/Stream";
pub(super) const SEQUENCE: &str = "Message/Sequence";
pub(super) const PATIENT: &str = "Message/Patient";

/// In the order of their numbers, from 1.
const OF_MESSAGE: [&str; 4] = [DEVICE, STREAM, SEQUENCE, PATIENT];

/// Number of the first metric of the table.
const FIRST: u64 = 16;
/// Numbers of each owner below a node: more than there can be metrics.
const OWNER: u64 = 4_096;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tag {
    /// Of the message, by its place among them.
    OfMessage(u8),
    /// A metric of the table.
    Of(MetricId),
}

impl Tag {
    pub(super) fn of_message() -> impl Iterator<Item = Self> {
        (0..OF_MESSAGE.len() as u8).map(Self::OfMessage)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        let of_message = OF_MESSAGE.iter().position(|known| *known == name);
        of_message.map(|place| Self::OfMessage(place as u8)).or_else(|| MetricId::find(name).map(Self::Of))
    }

    /// What a number stands for, whoever below the node it belongs to.
    pub(super) fn numbered(alias: u64) -> Option<Self> {
        let number = alias % OWNER;
        if number >= FIRST {
            return MetricId::at((number - FIRST) as usize).map(Self::Of);
        }
        number.checked_sub(1).filter(|place| *place < OF_MESSAGE.len() as u64).map(|place| Self::OfMessage(place as u8))
    }

    /// The number that stands for its name, for the owner at a place below the node; the node itself is at 0.
    pub(super) const fn alias(self, owner: u64) -> u64 {
        owner * OWNER
            + match self {
                Self::OfMessage(place) => place as u64 + 1,
                Self::Of(metric) => FIRST + metric.index() as u64,
            }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::OfMessage(place) => OF_MESSAGE[usize::from(place)],
            Self::Of(metric) => metric.metric().id,
        }
    }

    pub(super) fn metric(self) -> Option<&'static Metric> {
        match self {
            Self::OfMessage(_) => None,
            Self::Of(metric) => Some(metric.metric()),
        }
    }

    pub(super) fn datatype(self) -> u64 {
        match self.metric().map(|metric| metric.kind) {
            None if self.name() == SEQUENCE => UINT_64,
            None | Some(MetricKind::Coded) => STRING,
            Some(MetricKind::Numeric) => DOUBLE,
            Some(MetricKind::Waveform) => INT_16_ARRAY,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_are_unique_below_a_node_and_tell_the_name() {
        let tags = || Tag::of_message().chain(MetricId::all().map(Tag::Of));
        let mut seen = BTreeSet::new();
        for owner in 0..3 {
            for tag in tags() {
                assert!(seen.insert(tag.alias(owner)), "{}", tag.name());
                assert_eq!(Tag::numbered(tag.alias(owner)), Some(tag));
                assert_eq!(Tag::named(tag.name()), Some(tag));
            }
        }
        assert_eq!((Tag::numbered(0), Tag::numbered(5), Tag::numbered(4_095)), (None, None, None));
    }
}
