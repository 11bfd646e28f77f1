//! What a gateway looks for, and what it remembers when it is switched off.

use std::collections::BTreeMap;

use crate::pdu::att::Uuid;

use crate::address::Address;
use crate::pairing::{Association, LongTermKey};

/// A device that a gateway has been told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownDevice {
    /// Its identity address.
    pub address: Address,
    /// Its identity resolving key, by which it is known under private addresses.
    pub identity_key: Option<[u8; 16]>,
    /// How the gateway pairs with it before it asks for anything.
    pub association: Association,
}

impl From<Address> for KnownDevice {
    /// A device that keeps its address and demands nothing.
    fn from(address: Address) -> Self {
        Self { address, identity_key: None, association: Association::None }
    }
}

/// What a gateway looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CentralOptions {
    /// Most links at a time.
    pub slots: usize,
    /// Services of devices that it connects to; every characteristic of them that can be subscribed is.
    pub services: Vec<Uuid>,
    /// Devices that it connects to; all when empty.
    pub allowed: Vec<KnownDevice>,
    /// Connection interval \[1.25 ms\].
    pub interval: u16,
    /// Supervision timeout \[10 ms\].
    pub timeout: u16,
    /// A connection that has not begun after this time is given up \[ns\].
    pub connect_timeout_ns: u64,
    /// After a link has ended, the device is left alone for this time \[ns\].
    pub backoff_ns: u64,
    /// How long it lets others go first for each decibel that it hears a device weaker than -50 dBm \[ns/dB\].
    pub courtesy_ns_per_db: u64,
    /// Below this signal strength it lets a device go, so that another gateway can take it \[dBm\].
    pub leave_below_dbm: Option<i8>,
    /// How often it measures the signal strength of its links, and at every twelfth time asks for stored records \[ns\];
    /// 0 for never.
    pub poll_ns: u64,
    /// What it remembers from before.
    pub memory: CentralMemory,
}

impl Default for CentralOptions {
    fn default() -> Self {
        Self {
            slots: 7,
            services: Vec::new(),
            allowed: Vec::new(),
            interval: 24,
            timeout: 400,
            connect_timeout_ns: 10_000_000_000,
            backoff_ns: 1_000_000_000,
            courtesy_ns_per_db: 0,
            leave_below_dbm: None,
            poll_ns: 0,
            memory: CentralMemory::default(),
        }
    }
}

/// What a gateway keeps in its flash memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CentralMemory {
    /// The key up to which it has the records of a service of a device.
    pub(super) marks: BTreeMap<(Address, Uuid), u32>,
    /// Keys of the devices it is bonded with.
    pub(super) bonds: BTreeMap<Address, LongTermKey>,
    /// Pairings so far.
    pub(super) pairings: u64,
}
