//! A connection between a central and a peripheral, as the link layer keeps it.

use std::collections::{BTreeMap, VecDeque};

use crate::pdu::hci::ConnectionParameters;
use crate::pdu::l2cap::Reassembler;

use crate::address::Address;
use crate::gatt::{Security, Session};
use crate::ids::{HostId, PeripheralId};
use crate::pairing::Pairing;
use crate::propagation::Phy;

/// Unit of connection intervals \[ns\].
pub(crate) const INTERVAL_UNIT_NS: u64 = 1_250_000;
/// Unit of supervision timeouts \[ns\].
pub(crate) const TIMEOUT_UNIT_NS: u64 = 10_000_000;
/// Octets of link-layer payload before the data length is extended.
pub(crate) const SHORT_PAYLOAD: u16 = 27;
/// Longest link-layer payload \[octets\].
pub(crate) const LONG_PAYLOAD: u16 = 251;

/// What passed over a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkCounters {
    /// Connection events that were worked off (empty ones are skipped in closed form and not counted).
    pub events: u64,
    /// Packets exchanged with both directions understood.
    pub exchanges: u64,
    /// Exchanges of which one direction was lost.
    pub failures: u64,
    /// Octets of link-layer payload from the central.
    pub octets_from_central: u64,
    /// Octets of link-layer payload from the peripheral.
    pub octets_from_peripheral: u64,
    /// Notifications and indications queued.
    pub values_queued: u64,
    /// Notifications dropped because the queue was full.
    pub values_dropped: u64,
    /// Values cut because they did not fit the MTU.
    pub values_cut: u64,
    /// L2CAP frames that could not be put together or read.
    pub malformed: u64,
}

/// A look at a link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkState {
    /// The peripheral.
    pub peripheral: PeripheralId,
    /// The host, unless it has vanished.
    pub host: Option<HostId>,
    /// Interval \[us\].
    pub interval_us: u32,
    /// Octets of the longest attribute PDU.
    pub mtu: u16,
    /// Octets of the longest link-layer payload.
    pub payload: u16,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// What has passed.
    pub counters: LinkCounters,
}

/// A data packet of the host on its way to the peripheral.
#[derive(Debug)]
pub(crate) struct CentralPacket {
    pub(crate) data: Vec<u8>,
    pub(crate) first: bool,
    /// Octets acknowledged.
    pub(crate) sent: usize,
    /// Whether the fragment after `sent` has arrived already, its acknowledgement having been lost.
    pub(crate) arrived: bool,
}

/// An L2CAP frame of the peripheral on its way to the host.
#[derive(Debug)]
pub(crate) struct PeripheralFrame {
    pub(crate) octets: Vec<u8>,
    pub(crate) sent: usize,
    pub(crate) notification: bool,
    /// The name of the value it carries, if it carries one.
    pub(crate) tag: Option<u64>,
}

/// A link-layer procedure that takes effect later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Procedure {
    RemoteVersion,
    RemoteFeatures,
    DataLength {
        octets: u16,
    },
    Phy {
        two_megabit: bool,
    },
    Parameters(ConnectionParameters),
    Encrypt {
        key: [u8; 16],
        diversifier: u16,
        random: [u8; 8],
    },
    /// The central ends the link; the peripheral is told this reason.
    TerminateByCentral {
        reason: u8,
    },
    /// The peripheral ends the link.
    TerminateByPeripheral {
        reason: u8,
    },
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) peripheral: PeripheralId,
    /// None once the central has vanished without a word.
    pub(crate) host: Option<HostId>,
    pub(crate) handle: u16,
    pub(crate) central: Address,
    /// Number of the connection at the peripheral, which keys its draws.
    pub(crate) serial: u64,
    pub(crate) interval: u16,
    pub(crate) latency: u16,
    pub(crate) timeout: u16,
    pub(crate) anchor_ns: u64,
    pub(crate) scheduled_ns: Option<u64>,
    pub(crate) established: bool,
    pub(crate) failed_attempts: u8,
    pub(crate) last_heard_ns: u64,
    pub(crate) audited_ns: u64,
    pub(crate) burst_is_bad: bool,
    pub(crate) phy: Phy,
    pub(crate) payload: u16,
    pub(crate) from_central: VecDeque<CentralPacket>,
    pub(crate) from_peripheral: VecDeque<PeripheralFrame>,
    pub(crate) reassembler: Reassembler,
    pub(crate) session: Session,
    pub(crate) security: Security,
    pub(crate) pairing: Pairing,
    /// Counts what is awaited with a timeout of 30 s, so that an old timer finds out that it is old.
    pub(crate) pairing_serial: u32,
    pub(crate) indication_serial: u32,
    pub(crate) procedures: BTreeMap<u32, Procedure>,
    pub(crate) next_procedure: u32,
    pub(crate) signal_identifier: u8,
    pub(crate) counters: LinkCounters,
}

impl Link {
    pub(crate) fn interval_ns(&self) -> u64 {
        u64::from(self.interval) * INTERVAL_UNIT_NS
    }

    pub(crate) fn timeout_ns(&self) -> u64 {
        u64::from(self.timeout) * TIMEOUT_UNIT_NS
    }

    /// The first anchor point after `now_ns`, or the anchor itself before the first event.
    pub(crate) fn next_anchor(&self, now_ns: u64) -> u64 {
        if now_ns < self.anchor_ns {
            return self.anchor_ns;
        }
        let passed = (now_ns - self.anchor_ns) / self.interval_ns();
        self.anchor_ns + (passed + 1) * self.interval_ns()
    }

    /// The first anchor point after `now_ns` at which a peripheral that uses its latency listens.
    pub(crate) fn next_listening_anchor(&self, now_ns: u64) -> u64 {
        if self.latency == 0 || now_ns < self.anchor_ns {
            return self.next_anchor(now_ns);
        }
        let period = self.interval_ns() * (u64::from(self.latency) + 1);
        self.anchor_ns + ((now_ns - self.anchor_ns) / period + 1) * period
    }

    /// Length of the fragment that the central sends next.
    pub(crate) fn central_fragment(&self) -> usize {
        let pending = |packet: &CentralPacket| (packet.data.len() - packet.sent).min(usize::from(self.payload));
        self.from_central.front().map_or(0, pending)
    }

    /// Length of the fragment that the peripheral sends next.
    pub(crate) fn peripheral_fragment(&self) -> usize {
        let pending = |frame: &PeripheralFrame| (frame.octets.len() - frame.sent).min(usize::from(self.payload));
        self.from_peripheral.front().map_or(0, pending)
    }

    /// Notifications that wait.
    pub(crate) fn waiting_notifications(&self) -> usize {
        self.from_peripheral.iter().filter(|frame| frame.notification).count()
    }

    pub(crate) fn state(&self) -> LinkState {
        LinkState {
            peripheral: self.peripheral,
            host: self.host,
            interval_us: (self.interval_ns() / 1000) as u32,
            mtu: self.session.mtu,
            payload: self.payload,
            encrypted: self.security.encrypted,
            counters: self.counters,
        }
    }
}
