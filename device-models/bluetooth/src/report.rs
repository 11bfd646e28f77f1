//! What the radio tells about its links, its gateways and what they lost.

use sim_core::{RouteId, SimId, SimTime, Span};

/// A message that can reach nobody any more: a declared drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenUp {
    /// Route of the device's message.
    pub route: RouteId,
    /// Its sequence number.
    pub sequence: u64,
    /// When it was given up.
    pub at: SimTime,
    /// Why.
    pub reason: Reason,
}

/// A message that an attached host has taken: a notification or a record that its controller has, an indication that it
/// has confirmed. What becomes of it is the host's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Route of the device's message.
    pub route: RouteId,
    /// Its sequence number.
    pub sequence: u64,
    /// The host.
    pub host: ble::HostId,
    /// When it was taken.
    pub at: SimTime,
}

/// Why a message is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No characteristic of the device carries it.
    NotCarried,
    /// No gateway was connected and listened, and the device keeps no history.
    NoSubscriber,
    /// It was lost inside the device.
    Muted,
    /// Too many others waited for the link.
    QueueFull,
    /// The link ended before it was sent.
    LinkLost,
    /// It came, and the gateway could not read it.
    Unreadable,
    /// The history has a record of the same number or minute already, and nobody listened.
    SameRecord,
    /// The history was full, and it was the oldest.
    HistoryFull,
    /// The device had no power.
    PoweredOff,
    /// The bytes handed to the radio are no message.
    Malformed,
}

impl Reason {
    /// Whether the message had been put on a link, from which it was lost; otherwise the device kept it to itself.
    pub const fn was_sent(self) -> bool {
        match self {
            Self::Muted | Self::QueueFull | Self::LinkLost | Self::Unreadable => true,
            Self::NotCarried
            | Self::NoSubscriber
            | Self::SameRecord
            | Self::HistoryFull
            | Self::PoweredOff
            | Self::Malformed => false,
        }
    }

    /// The words for it in reports.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotCarried => "not carried by Bluetooth",
            Self::NoSubscriber => "nobody listened",
            Self::Muted => "lost inside the device",
            Self::QueueFull => "queue full",
            Self::LinkLost => "link lost",
            Self::Unreadable => "unreadable",
            Self::SameRecord => "recorded already",
            Self::HistoryFull => "history full",
            Self::PoweredOff => "powered off",
            Self::Malformed => "malformed",
        }
    }
}

/// Something that happened to the link of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkEvent {
    /// When.
    pub at: SimTime,
    /// The device.
    pub device: SimId,
    /// The gateway; none for an attached host.
    pub gateway: Option<SimId>,
    /// What happened.
    pub change: LinkChange,
}

/// What happened to a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkChange {
    /// It has begun.
    Connected {
        /// Since the device's last link ended; none for its first.
        gap: Option<Span>,
    },
    /// The gateway has subscribed to all it wants.
    Subscribed,
    /// It has ended.
    Disconnected {
        /// Reason as the device sees it.
        reason: u8,
        /// Whether the device has no other link.
        alone: bool,
    },
    /// It is encrypted with a key that was just agreed on.
    Paired,
    /// A pairing has failed.
    PairingFailed {
        /// Reason (Core Specification 5.4, volume 3, part H, section 3.5.5).
        reason: u8,
    },
    /// Its signal strength was measured.
    Signal {
        /// [dBm]
        rssi_dbm: i8,
    },
}

/// What a gateway has done so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GatewayReport {
    /// The gateway.
    pub gateway: SimId,
    /// Messages handed on.
    pub forwarded: u64,
    /// Of those, messages that came later than they were measured: from a history, or kept by the device.
    pub backfilled: u64,
    /// Of those, messages that had been handed on before, by this or another gateway.
    pub duplicates: u64,
    /// Values that it could not read.
    pub unreadable: u64,
    /// Links that it has made.
    pub links: u64,
    /// Pairings that have failed.
    pub failed_pairings: u64,
    /// Mean of the measured signal strengths [dBm].
    pub rssi_mean_dbm: Option<f64>,
}

/// What somebody outside has to know of a device to connect to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeripheralReport {
    /// The device.
    pub device: SimId,
    /// Its identity address.
    pub address: ble::Address,
    /// The name it advertises.
    pub name: String,
    /// The digits that it shows, if it demands any.
    pub passkey: Option<u32>,
}
