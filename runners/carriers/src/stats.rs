//! Counts and distributions of a carrier's connections to a target.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use sim_core::Evidence;

use crate::mqtt::lane::short_lives::Suspicion;

/// Longest time a histogram tells apart: an hour [us].
const LONGEST_US: u64 = 3_600_000_000;

/// A snapshot of the connections to one target, or to several added up.
#[derive(Debug, Clone)]
pub struct CarrierStats {
    /// Connections by state, at the instant of the snapshot.
    pub connections: ConnectionCounts,
    /// Events so far.
    pub counts: Counts,
    /// Drops by reason.
    pub drops: BTreeMap<&'static str, u64>,
    /// Failed attempts to connect by reason.
    pub connect_failures: BTreeMap<String, u64>,
    /// Lost connections by reason.
    pub disconnects: BTreeMap<String, u64>,
    /// What the broker refused over a connection that stood, by reason.
    pub refusals: BTreeMap<String, u64>,
    /// Handling of a message minus its intended instant [us]: lateness of this program, not of the network.
    pub lag_us: Histogram<u64>,
    /// Start of an attempt to CONNACK [us].
    pub connect_us: Histogram<u64>,
    /// Link lost to the first message acknowledged (above `QoS` 0) or sent (`QoS` 0) afterwards [us].
    pub reconnect_us: Histogram<u64>,
    /// What cuts really changed: `links_cut`, `bytes_held`, `connects_blocked` per occurrence.
    pub evidence: Evidence,
}

impl Default for CarrierStats {
    fn default() -> Self {
        let histogram =
            |digits| Histogram::new_with_max(LONGEST_US, digits).expect("an hour at 2 or 3 digits is a range");
        Self {
            connections: ConnectionCounts::default(),
            counts: Counts::default(),
            drops: BTreeMap::new(),
            connect_failures: BTreeMap::new(),
            disconnects: BTreeMap::new(),
            refusals: BTreeMap::new(),
            lag_us: histogram(3),
            connect_us: histogram(2),
            reconnect_us: histogram(2),
            evidence: Evidence::default(),
        }
    }
}

/// Most client ids of rivals that are named.
const RIVALS_NAMED: usize = 5;

impl CarrierStats {
    /// The words for a connection that somebody else with its client id seems to have ended.
    pub(crate) fn words_of_rival(&self, suspicion: Suspicion, client_id: &str) -> String {
        let what = match suspicion {
            Suspicion::Told => "taken over by somebody else with the client id",
            Suspicion::Repeated => {
                "closed again and again soon after it was accepted, as when somebody else has the client id"
            }
        };
        let named = format!("{what} `{client_id}`");
        let known = self.disconnects.keys().filter(|words| words.starts_with(what)).count();
        if known < RIVALS_NAMED || self.disconnects.contains_key(&named) {
            named
        } else {
            format!("{what}, of other devices")
        }
    }

    /// Adds the counts and distributions of others.
    pub fn merge(&mut self, other: &Self) {
        self.connections.add(&other.connections);
        self.counts.add(&other.counts);
        for (reason, count) in &other.drops {
            *self.drops.entry(reason).or_default() += count;
        }
        for (reason, count) in &other.connect_failures {
            *self.connect_failures.entry(reason.clone()).or_default() += count;
        }
        for (reason, count) in &other.disconnects {
            *self.disconnects.entry(reason.clone()).or_default() += count;
        }
        for (reason, count) in &other.refusals {
            *self.refusals.entry(reason.clone()).or_default() += count;
        }
        for (mine, theirs) in [
            (&mut self.lag_us, &other.lag_us),
            (&mut self.connect_us, &other.connect_us),
            (&mut self.reconnect_us, &other.reconnect_us),
        ] {
            mine.add(theirs).expect("all histograms of a kind have one range");
        }
        self.evidence.merge(&other.evidence);
    }
}

/// Declares a struct of counters that can be added up.
macro_rules! counters {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$doc])* pub $field: u64,)*
        }

        impl $name {
            fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)*
            }
        }
    };
}

counters! {
    /// Connections by state.
    ConnectionCounts {
        /// Waiting before the next attempt, or for a place among the first connects.
        waiting,
        /// TCP connection in progress.
        connecting,
        /// Connected, CONNACK or SUBACK outstanding.
        greeting,
        /// Ready for messages.
        online,
        /// Closed for good.
        closed,
    }
}

counters! {
    /// What happened so far, in messages unless another unit is named. Answers to commands have counters of their own.
    Counts {
        /// Messages whose intended instant has come.
        handled,
        /// Messages of which a socket accepted the last byte for the first time.
        sent,
        /// Transmissions with the DUP flag set.
        resent,
        /// Messages acknowledged (above `QoS` 0).
        acked,
        /// Messages acknowledged with an error (above `QoS` 0, MQTT 5).
        refused,
        /// Messages given up by the device.
        dropped,
        /// Acknowledgements that match no message in flight.
        stray_acks,
        /// Commands received.
        commands,
        /// Command answers written for the first time.
        replies_sent,
        /// Command answers acknowledged.
        replies_acked,
        /// Command answers given up: too many waiting, refused, or no topic to answer on.
        replies_dropped,
        /// Bytes accepted by sockets.
        bytes_out,
        /// Bytes read from sockets.
        bytes_in,
        /// Sessions accepted by the broker.
        connects,
        /// Of them, sessions that the broker had kept.
        sessions_present,
        /// Attempts that failed.
        connect_failures,
        /// Sessions that lost their connection.
        disconnects,
        /// Messages of the session that a payload format keeps, such as births; not of telemetry.
        session_messages,
        /// PINGREQ packets.
        pings,
        /// Connections of which the broker said that somebody else with the same client id had taken them over (MQTT 5).
        taken_over,
        /// Subscriptions of a command topic that the broker refused.
        subscriptions_refused,
    }
}
