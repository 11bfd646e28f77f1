//! The metrics an expectation can speak about here, as registry rows, and what each takes from a message.

use scenarios::Condition;
use sim_core::{ExpectMetricSpec, MetricShape, Registry};
use vocabulary::Dimension;

use crate::fate::{Delay, End, Fate, Incident};

const ROWS: [ExpectMetricSpec; 19] = [
    count("sent", "messages written to a connection at least once; re-sent copies do not count"),
    count("acked", "messages the target acknowledged (QoS 1 and 2), each once"),
    count("delivered", "messages the probe of their route observed with the right bytes, each once"),
    ExpectMetricSpec {
        name: "lost",
        about: "messages written to a connection and not observed by the end of the drain; lost(acked): those of them \
                that the target had acknowledged",
        shape: MetricShape::Count,
        arguments: &["acked"],
    },
    count("duplicates", "observations of a message beyond the first, at the probe of its route"),
    count("out_of_order", "messages first observed after a later one of the same stream"),
    share("delivered.ratio", "messages delivered / messages sent"),
    share(
        "completeness",
        "messages delivered / messages said, declared drops and values lost in the air among the latter",
    ),
    count("link.losses", "Bluetooth links that ended, at gateways"),
    ExpectMetricSpec {
        name: "link.rssi",
        about: "signal strength at which a gateway heard each value that it handed on",
        shape: MetricShape::Distribution(Dimension::PowerLevel),
        arguments: &[],
    },
    time(
        "link.reconnect",
        "from the end of a Bluetooth link to the device's next one, at whichever gateway; 0 when it had another already, \
         infinite when none came",
    ),
    count(
        "dropped.declared",
        "messages that a full outbox dropped, as the device declares, or that the air lost for good, and that were not \
         observed",
    ),
    time(
        "latency.e2e",
        "observed - intended instant of every message said; one that was not observed by the end of the drain (lost, \
         dropped or never written) counts as infinite",
    ),
    time(
        "latency.send",
        "first written - intended instant of every message said; one that was never written counts as infinite",
    ),
    time(
        "latency.ack",
        "acknowledged - first written, of written messages that ask for an acknowledgement; one that got none by the \
         end of the drain counts as infinite",
    ),
    time(
        "generator.lag",
        "moment the generator handled a message - its intended instant, over the whole run and all devices; p99 <= \
         50ms guards every run",
    ),
    count(
        "corrupted",
        "observations of a message with other bytes than were generated (or than a gateway made of what it heard), on another stream's topic of its device, or \
         unreadable on a topic of ours",
    ),
    count(
        "invented",
        "observations with the serial and stream of one of our devices and a sequence number that the device had not \
         said, or not written",
    ),
    count("identity.mismatch", "observations of one device's message on a topic of another device"),
];

/// Adds the rows of this crate's metrics.
pub fn register(registry: &mut Registry) {
    registry.extend(ROWS);
}

const fn count(name: &'static str, about: &'static str) -> ExpectMetricSpec {
    ExpectMetricSpec { name, about, shape: MetricShape::Count, arguments: &[] }
}

const fn share(name: &'static str, about: &'static str) -> ExpectMetricSpec {
    ExpectMetricSpec { name, about, shape: MetricShape::Share, arguments: &[] }
}

const fn time(name: &'static str, about: &'static str) -> ExpectMetricSpec {
    ExpectMetricSpec { name, about, shape: MetricShape::Distribution(Dimension::Time), arguments: &[] }
}

/// A metric, as the evaluators use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    Sent,
    Acked,
    Delivered,
    Lost,
    LostAcked,
    DeliveredRatio,
    Completeness,
    LinkLosses,
    LinkReconnect,
    LinkRssi,
    DroppedDeclared,
    EndToEnd,
    ToSent,
    ToAcked,
    GeneratorLag,
    Seen(Incident),
}

/// What one message adds to a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contribution {
    /// It is no sample.
    Nothing,
    /// A sample that counts (`true`) or does not.
    Event(bool),
    /// A sample of a distribution.
    Delay(Delay),
}

impl Measure {
    /// The measure a condition speaks about; `None` for a metric that is not measured here.
    pub(crate) fn of(condition: &Condition) -> Option<Self> {
        Some(match (condition.metric.as_str(), condition.argument.as_deref()) {
            ("lost", Some("acked")) => Self::LostAcked,

            ("sent", None) => Self::Sent,
            ("acked", None) => Self::Acked,
            ("delivered", None) => Self::Delivered,
            ("lost", None) => Self::Lost,
            ("delivered.ratio", None) => Self::DeliveredRatio,
            ("completeness", None) => Self::Completeness,
            ("link.losses", None) => Self::LinkLosses,
            ("link.rssi", None) => Self::LinkRssi,
            ("link.reconnect", None) => Self::LinkReconnect,
            ("dropped.declared", None) => Self::DroppedDeclared,
            ("latency.e2e", None) => Self::EndToEnd,
            ("latency.send", None) => Self::ToSent,
            ("latency.ack", None) => Self::ToAcked,
            ("generator.lag", None) => Self::GeneratorLag,
            ("duplicates", None) => Self::Seen(Incident::Duplicate),
            ("out_of_order", None) => Self::Seen(Incident::OutOfOrder),
            ("corrupted", None) => Self::Seen(Incident::Corrupted),
            ("invented", None) => Self::Seen(Incident::Invented),
            ("identity.mismatch", None) => Self::Seen(Incident::IdentityMismatch),
            _ => return None,
        })
    }

    /// Whether one counted event proves harm that no doubt about the run can explain away.
    pub(crate) fn is_safety(self) -> bool {
        match self {
            Self::LostAcked => true,
            Self::Seen(incident) => {
                matches!(incident, Incident::Corrupted | Incident::Invented | Incident::IdentityMismatch)
            }
            _ => false,
        }
    }

    /// What a settled message adds. Incidents are counted when they happen; here a delivered message is one sample in
    /// which they could have.
    pub(crate) fn contribution(self, fate: &Fate) -> Contribution {
        let written = fate.sent_at.is_some();
        let acked = fate.acked_at.is_some();
        let lost = fate.end == End::Lost;
        let watched = fate.end != End::Unwatched;
        let event_among = |sample: bool, hit: bool| {
            if sample { Contribution::Event(hit) } else { Contribution::Nothing }
        };
        match self {
            Self::Sent => Contribution::Event(written),
            Self::Acked => Contribution::Event(acked),
            Self::Delivered | Self::Completeness => event_among(watched, fate.end == End::Delivered),
            Self::DroppedDeclared => Contribution::Event(fate.end == End::Dropped),
            Self::Lost => event_among(written && watched, lost),
            Self::LostAcked => event_among(acked && watched, lost),
            // Links are told of by themselves; a message is only a sample of a time in which one could end.
            Self::LinkLosses => Contribution::Event(false),
            Self::DeliveredRatio => event_among(written && watched, fate.end == End::Delivered),
            Self::EndToEnd if watched => Contribution::Delay(fate.end_to_end()),
            Self::EndToEnd | Self::GeneratorLag | Self::LinkReconnect | Self::LinkRssi => Contribution::Nothing,
            Self::ToSent => Contribution::Delay(fate.until_sent()),
            Self::ToAcked => fate.until_acked().map_or(Contribution::Nothing, Contribution::Delay),
            Self::Seen(_) => event_among(fate.end == End::Delivered, false),
        }
    }

    /// The words of a counterexample for a message that counted (`hit`) or should have and did not.
    pub(crate) fn words(self, hit: bool, fate: &Fate) -> &'static str {
        match (self, hit) {
            (Self::LostAcked, true) => "acknowledged, never observed",
            (Self::Lost, true) => "written, never observed",
            (Self::Sent, true) => "written",
            (Self::Sent, false) => "never written",
            (Self::Acked, true) => "acknowledged",
            (Self::Acked, false) => "never acknowledged",
            (Self::Delivered | Self::DeliveredRatio | Self::Completeness, true) => "observed",
            (Self::DroppedDeclared, true) => "dropped, as declared",
            _ => match fate.end {
                End::Delivered => "observed",
                End::Lost => "written, never observed",
                End::Dropped => "dropped, as declared",
                End::Pending => "never written",
                End::Unwatched => "watched by no probe",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use scenarios::Comparison;

    use super::*;

    #[test]
    fn every_row_is_measured() {
        for row in ROWS {
            for argument in std::iter::once(None).chain(row.arguments.iter().map(|word| Some((*word).to_owned()))) {
                let condition = Condition {
                    statistic: None,
                    metric: row.name.to_owned(),
                    argument,
                    shape: row.shape,
                    comparison: Comparison::Equal,
                    bound: 0.0,
                };
                assert!(Measure::of(&condition).is_some(), "{condition:?}");
            }
        }
    }
}
