//! Counts of messages: per route, per group of routes, and over the whole run.

use serde::{Deserialize, Serialize};

/// Counts of one route or of many.
///
/// `generated = delivered + altered + lost + unjudged + dropped_declared + pending` holds once the ledger is finished;
/// before that, messages under way are in none of the six.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Messages the devices said.
    pub generated: u64,
    /// Unique messages written to a connection at least once.
    pub sent: u64,
    /// Unique messages acknowledged.
    pub acked: u64,
    /// Unique messages observed.
    pub delivered: u64,
    /// Observed, and never as they were said or where they belong.
    #[serde(default)]
    pub altered: u64,
    /// Sent and not observed by the end of the drain.
    pub lost: u64,
    /// Acknowledged and not observed by the end of the drain; part of `lost`.
    pub lost_acked: u64,
    /// Sent and not observed, but it could have been shown when the probe was blind: nobody can tell whether it was lost.
    #[serde(default)]
    pub unjudged: u64,
    /// Dropped by a device's full outbox, which said so, and not observed.
    pub dropped_declared: u64,
    /// Not settled: never written, on a route no probe watches, or forgotten.
    pub pending: u64,
    /// Acknowledged with an error by the target.
    pub refused: u64,
    /// Observations beyond the first.
    pub duplicates: u64,
    /// First observations after a later message of the same stream.
    pub out_of_order: u64,
    /// Observations whose bytes differ from what was generated.
    pub corrupted: u64,
    /// Observations of messages that no device had said.
    pub invented: u64,
    /// Observations under another device's or another patient's name.
    pub identity_mismatch: u64,
    /// Observations of values that the target had kept from before the run.
    #[serde(default)]
    pub stale: u64,
    /// Observations of messages that were said so long ago that nobody can tell whether they are what was said.
    #[serde(default)]
    pub too_old: u64,
}

impl Counts {
    /// Adds the counts of other routes.
    pub fn add(&mut self, other: &Self) {
        self.generated += other.generated;
        self.sent += other.sent;
        self.acked += other.acked;
        self.delivered += other.delivered;
        self.altered += other.altered;
        self.lost += other.lost;
        self.lost_acked += other.lost_acked;
        self.unjudged += other.unjudged;
        self.dropped_declared += other.dropped_declared;
        self.pending += other.pending;
        self.refused += other.refused;
        self.duplicates += other.duplicates;
        self.out_of_order += other.out_of_order;
        self.corrupted += other.corrupted;
        self.invented += other.invented;
        self.identity_mismatch += other.identity_mismatch;
        self.stale += other.stale;
        self.too_old += other.too_old;
    }
}

/// Counts of the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Over all routes.
    pub counts: Counts,
    /// Observations that are not ours.
    pub foreign: u64,
    /// Retained messages from before the run, and the empty messages that clear them.
    pub retained: u64,
    /// Last wills of our devices.
    pub wills: u64,
    /// Observations on command and answer topics.
    pub command_traffic: u64,
    /// Observations by a probe that does not watch the route.
    pub elsewhere: u64,
    /// Observations under a name of ours with a device time, or a sequence number, with which our device has said nothing: as
    /// somebody else says them who has its name.
    pub unfamiliar: u64,
    /// Messages whose record had to be given up to stay within the memory bound.
    pub forgot: u64,
}
