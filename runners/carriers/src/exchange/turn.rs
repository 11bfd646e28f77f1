//! What every step of a lane works with: the instant, the way out, and where events and counts go.

use sim_core::{RouteId, SimId};

use super::dialogue::Request;
use crate::event::{CarrierEvent, DropReason, LossReason};
use crate::stats::CarrierStats;
use crate::transport::Destination;

/// One wake-up of a lane; the clock is read once for all of it.
pub(crate) struct Turn<'a> {
    /// The instant [ns].
    pub(crate) now_ns: i64,
    /// Longest attempt to connect [ns].
    pub(crate) connect_ns: i64,
    pub(crate) destination: &'a Destination,
    pub(crate) stats: &'a mut CarrierStats,
    pub(crate) events: &'a mut Vec<CarrierEvent>,
    /// Memory for what is read.
    pub(crate) buffer: &'a mut [u8],
}

impl Turn<'_> {
    /// Declares that the last byte of a message left.
    pub(crate) fn sent(&mut self, route: RouteId, sequence: u64, attempt: u32) {
        self.stats.counts.sent += u64::from(attempt == 1);
        self.stats.counts.resent += u64::from(attempt > 1);
        self.events.push(CarrierEvent::Sent { route, sequence, at: self.now_ns, attempt });
    }

    /// Declares that the target has a message.
    pub(crate) fn taken(&mut self, request: &Request) {
        self.stats.counts.acked += 1;
        let Request { route, sequence, .. } = *request;
        self.events.push(CarrierEvent::Acked { route, sequence, at: self.now_ns });
    }

    /// Declares that the target will not take a message.
    pub(crate) fn refused(&mut self, device: SimId, request: &Request, code: u16, words: String) {
        self.stats.counts.refused += 1;
        self.told(device, words);
        let Request { route, sequence, .. } = *request;
        self.events.push(CarrierEvent::Refused { route, sequence, code, at: self.now_ns });
    }

    /// Counts what the target said to a message that it did not take.
    pub(crate) fn told(&mut self, device: SimId, words: String) {
        self.stats.refused(device, words);
    }

    /// Declares that a message is given up.
    pub(crate) fn dropped(&mut self, request: &Request, reason: DropReason) {
        self.stats.counts.dropped += 1;
        *self.stats.drops.entry(reason.words()).or_default() += 1;
        let Request { route, sequence, .. } = *request;
        self.events.push(CarrierEvent::Dropped { route, sequence, reason, at: self.now_ns });
    }

    /// Declares that a device is connected; the attempt began at `since_ns`.
    pub(crate) fn connected(&mut self, device: SimId, since_ns: i64) {
        let took = self.now_ns - since_ns;
        self.stats.counts.connects += 1;
        self.stats.connect_us.saturating_record((took / 1_000).max(0).unsigned_abs());
        self.events.push(CarrierEvent::Connected { device, at: self.now_ns, took, session_present: false });
    }

    /// Declares that a device lost its connection.
    pub(crate) fn disconnected(&mut self, device: SimId, reason: LossReason) {
        self.stats.disconnected(device, reason.words());
        self.events.push(CarrierEvent::Disconnected { device, at: self.now_ns, reason });
    }

    /// Declares that a device could not connect.
    pub(crate) fn connect_failed(&mut self, device: SimId, reason: LossReason) {
        self.stats.connect_failed(device, reason.words());
        self.events.push(CarrierEvent::ConnectFailed { device, at: self.now_ns, reason });
    }
}
