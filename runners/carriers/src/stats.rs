//! Counts and distributions of a carrier's connections to a target.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use sim_core::{Evidence, SimId};

use crate::mqtt::lane::short_lives::Suspicion;
use crate::transport::Transport;
use crate::transport::socket::Handshake;

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
    /// The first few devices of the plan to which each of these happened, by reason.
    pub whom: BTreeMap<String, Vec<SimId>>,
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
            whom: BTreeMap::new(),
            lag_us: histogram(3),
            connect_us: histogram(2),
            reconnect_us: histogram(2),
            evidence: Evidence::default(),
        }
    }
}

/// Most client ids of rivals that are named.
const RIVALS_NAMED: usize = 5;

/// Most devices that are named for each reason.
const DEVICES_NAMED: usize = 3;

impl CarrierStats {
    /// An attempt of a device to connect has failed.
    pub(crate) fn connect_failed(&mut self, device: SimId, reason: String) {
        self.counts.connect_failures += 1;
        self.name(&reason, device);
        *self.connect_failures.entry(reason).or_default() += 1;
    }

    /// A device has lost its connection.
    pub(crate) fn disconnected(&mut self, device: SimId, reason: String) {
        self.counts.disconnects += 1;
        self.name(&reason, device);
        *self.disconnects.entry(reason).or_default() += 1;
    }

    /// A target has refused a device something over a connection that stands.
    pub(crate) fn refused(&mut self, device: SimId, reason: String) {
        self.name(&reason, device);
        *self.refusals.entry(reason).or_default() += 1;
    }

    /// A connection stands, over TLS or not.
    pub(crate) fn opened(&mut self, transport: &Transport) {
        let handshake = transport.handshake();
        self.counts.handshakes += u64::from(handshake.is_some());
        self.counts.handshakes_resumed += u64::from(handshake == Some(Handshake::Resumed));
    }

    fn name(&mut self, reason: &str, device: SimId) {
        // Most reasons come again and again, so the text is copied for the first only.
        if !self.whom.contains_key(reason) {
            self.whom.insert(reason.to_owned(), Vec::new());
        }
        if let Some(devices) = self.whom.get_mut(reason) {
            add_first(devices, device);
        }
    }

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
        for (reason, devices) in &other.whom {
            let mine = self.whom.entry(reason.clone()).or_default();
            for device in devices {
                add_first(mine, *device);
            }
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

/// Keeps the first devices of the plan, whatever the order in which they come.
fn add_first(devices: &mut Vec<SimId>, device: SimId) {
    if let Err(place) = devices.binary_search(&device)
        && place < DEVICES_NAMED
    {
        devices.insert(place, device);
        devices.truncate(DEVICES_NAMED);
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
        /// Connections that ended as when somebody else takes them over again and again, without a word of the broker.
        contested,
        /// Handshakes of TLS that came about.
        handshakes,
        /// Of them, those that resumed a session.
        handshakes_resumed,
        /// Subscriptions of a command topic that the broker refused.
        subscriptions_refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_devices_of_the_plan_are_named_whoever_comes_first() {
        let refused = |devices: &[u32]| {
            let mut stats = CarrierStats::default();
            for device in devices {
                stats.connect_failed(SimId(*device), "refused".to_owned());
            }
            stats
        };
        let mut stats = refused(&[7, 3, 9, 3, 5]);
        assert_eq!(stats.whom["refused"], [SimId(3), SimId(5), SimId(7)]);
        stats.merge(&refused(&[8, 4]));
        assert_eq!(stats.whom["refused"], [SimId(3), SimId(4), SimId(5)]);
        assert_eq!((stats.connect_failures["refused"], stats.counts.connect_failures), (7, 7));
    }
}
