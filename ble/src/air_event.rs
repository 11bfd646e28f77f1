//! What happens in an air, as those who own it are told.

use crate::address::Address;
use crate::gatt::Write;
use crate::ids::{HostId, LinkId, PeripheralId};

/// Something that happened to a peripheral, for the device behind it and for reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AirEvent {
    /// A central has connected.
    Connected {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// Address the central goes by.
        central: Address,
    },
    /// A link has ended.
    Disconnected {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// Reason as the peripheral sees it.
        reason: u8,
    },
    /// A client has written a value or a client configuration.
    Written {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// What was written.
        write: Write,
    },
    /// A client has confirmed an indication.
    Confirmed {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// The name of what was indicated; 0 for none.
        tag: u64,
    },
    /// The digits that have to be typed at the central.
    PasskeyShown {
        /// The peripheral.
        peripheral: PeripheralId,
        /// Six digits.
        passkey: u32,
    },
    /// A pairing has succeeded.
    Paired {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// Whether the key is kept.
        bonded: bool,
        /// Whether the key is authenticated.
        authenticated: bool,
    },
    /// A pairing has failed, on either side.
    PairingFailed {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// Reason (Core Specification 5.4, volume 3, part H, section 3.5.5).
        reason: u8,
    },
    /// The link is encrypted.
    Encrypted {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
    },
    /// A value with a name has been given to an attached host, from where on nothing is known of it.
    ValueTaken {
        /// The peripheral.
        peripheral: PeripheralId,
        /// The host.
        host: HostId,
        /// The name.
        tag: u64,
    },
    /// A value with a name is lost: one queued copy of it, or all when nobody wanted it.
    ValueLost {
        /// The peripheral.
        peripheral: PeripheralId,
        /// The name.
        tag: u64,
        /// Why.
        loss: ValueLoss,
    },
    /// The connection parameters have changed.
    ParametersChanged {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// Interval \[us\].
        interval_us: u32,
    },
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivery {
    /// Links it was queued for.
    pub queued: usize,
    /// Links whose client has not asked for it.
    pub unwanted: usize,
    /// Links on which it was lost: muted, or the queue was full.
    pub dropped: usize,
    /// How many of the dropped were lost inside the device.
    pub muted: usize,
    /// Whether it is held back until the next value has gone.
    pub held: bool,
}

/// Why a value that was named has not reached a central.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueLoss {
    /// No client has asked for it.
    Unwanted,
    /// It was lost inside the device.
    Muted,
    /// Too many others waited.
    QueueFull,
    /// The link ended before it was sent.
    LinkEnded,
}

/// What a resident host is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// Its controller has something to say ([`Air::take_output`](crate::Air::take_output)).
    Output {
        /// The host.
        host: HostId,
    },
    /// The instant has come that it asked for by [`Air::wake_at`](crate::Air::wake_at).
    Alarm {
        /// The host; it may be gone by now.
        host: HostId,
    },
}
