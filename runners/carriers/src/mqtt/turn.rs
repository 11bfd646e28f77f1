//! What every step of a lane works with: the instant, the routes, and where events and counts go.

use std::time::Duration;

use bytes::Bytes;
use sim_core::SimId;

use crate::event::{CarrierEvent, CommandArrival, DropReason};
use crate::mqtt::config::RouteConfig;
use crate::mqtt::message::Content;
use crate::mqtt::outgoing::SpareOutput;
use crate::mqtt::reason_code::reason_word;
use crate::stats::CarrierStats;
use crate::transport::Destination;

/// What is said of messages at `QoS` 2 that were answered like those of `QoS` 1.
const DOWNGRADED: &str = "QoS 2: the broker answers as at QoS 1 (PUBACK) and promises no more";

/// Time limits of a fleet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Longest wait for the TCP connection, and again for CONNACK and SUBACK [ns].
    pub(crate) connect_ns: i64,
    /// Longest wait for PINGRESP [keep-alive intervals].
    pub(crate) ping_grace: f64,
}

impl Limits {
    pub(crate) fn new(connect: Duration, ping_grace: f64) -> Self {
        Self { connect_ns: i64::try_from(connect.as_nanos()).unwrap_or(i64::MAX), ping_grace }
    }
}

/// One wake-up of a lane; the clock is read once for all of it.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    /// Wall clock [ns since the origin].
    pub(crate) now_ns: i64,
    pub(crate) limits: Limits,
    pub(crate) routes: &'a [RouteConfig],
    pub(crate) destination: &'a Destination,
    pub(crate) stats: &'a mut CarrierStats,
    pub(crate) events: &'a mut Vec<CarrierEvent>,
    pub(crate) commands: &'a mut Vec<CommandArrival>,
    pub(crate) spare: &'a mut SpareOutput,
}

impl Turn<'_> {
    /// Declares that a message is given up.
    pub(crate) fn drop_message(&mut self, content: Content, reason: DropReason) {
        match content {
            Content::Telemetry { route, sequence } => {
                self.stats.counts.dropped += 1;
                *self.stats.drops.entry(reason.words()).or_default() += 1;
                self.events.push(CarrierEvent::Dropped { route, sequence, reason, at: self.now_ns });
            }
            Content::Reply => self.stats.counts.replies_dropped += 1,
        }
    }

    /// Declares that the last byte of a message left.
    pub(crate) fn sent(&mut self, content: Content, attempt: u32) {
        if attempt > 1 {
            self.stats.counts.resent += 1;
        }
        match content {
            Content::Telemetry { route, sequence } => {
                self.stats.counts.sent += u64::from(attempt == 1);
                self.events.push(CarrierEvent::Sent { route, sequence, at: self.now_ns, attempt });
            }
            Content::Reply => self.stats.counts.replies_sent += u64::from(attempt == 1),
        }
    }

    /// Declares that the broker answered for a message; a code of 0x80 or above means that it did not take it.
    pub(crate) fn answered(&mut self, device: SimId, content: Content, code: u8) {
        let refused = code >= 0x80;
        match content {
            Content::Telemetry { route, sequence } if refused => {
                self.stats.counts.refused += 1;
                self.refused(device, "message", code);
                self.events.push(CarrierEvent::Refused { route, sequence, code: u16::from(code), at: self.now_ns });
            }
            Content::Telemetry { route, sequence } => {
                self.stats.counts.acked += 1;
                self.events.push(CarrierEvent::Acked { route, sequence, at: self.now_ns });
            }
            Content::Reply if refused => {
                self.stats.counts.replies_dropped += 1;
                self.refused(device, "answer to a command", code);
            }
            Content::Reply => self.stats.counts.replies_acked += 1,
        }
    }

    /// Tells that the broker takes `QoS` 2 for 1, as some do.
    pub(crate) fn downgraded(&mut self, device: SimId) {
        self.stats.refused(device, DOWNGRADED.to_owned());
    }

    /// A command arrived: the device gets it, and the judge hears of it.
    pub(crate) fn command(&mut self, device: SimId, payload: Bytes) {
        let at = self.now_ns;
        self.stats.counts.commands += 1;
        self.events.push(CarrierEvent::Command { device, payload: payload.clone(), at });
        self.commands.push(CommandArrival { device, payload, at });
    }

    /// Counts what was refused, by what it was and the reason.
    fn refused(&mut self, device: SimId, what: &str, code: u8) {
        self.stats.refused(device, format!("{what}: {code:#04x} ({})", reason_word(code)));
    }

    /// Declares that the broker refused the command subscription.
    pub(crate) fn subscription_refused(&mut self, device: SimId, code: u8) {
        self.stats.counts.subscriptions_refused += 1;
        self.refused(device, "subscription to commands", code);
        self.events.push(CarrierEvent::SubscriptionRefused { device, code, at: self.now_ns });
    }
}
