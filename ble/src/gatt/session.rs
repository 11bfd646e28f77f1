//! What a server remembers about one client while it is connected.

use std::collections::{BTreeMap, VecDeque};

use crate::pdu::att::DEFAULT_MTU;

use super::control_point::Outgoing;

/// Most prepared writes of a client.
pub(super) const PREPARED_LIMIT: usize = 32;

/// The state of one link's attribute server.
#[derive(Debug, Clone)]
pub struct Session {
    /// Octets of the longest PDU.
    pub mtu: u16,
    pub(super) mtu_exchanged: bool,
    /// Client configurations by their handle; bit 0 notify, bit 1 indicate.
    pub configurations: BTreeMap<u16, u16>,
    pub(super) prepared: Vec<(u16, u16, Vec<u8>)>,
    /// The value that a sequence of blob reads is served from, so that it does not tear.
    pub(super) snapshot: Option<(u16, Vec<u8>)>,
    /// What procedures still have to send: value handle, value, whether confirmed, and the control point's handle.
    pub(super) procedure: VecDeque<(u16, u16, Outgoing)>,
    /// Indications that wait for the confirmation of the one before.
    pub(crate) indications: VecDeque<(u16, Vec<u8>, u64)>,
    /// The name of the indication that is unconfirmed.
    pub(crate) indicated: u64,
    /// Whether an indication is unconfirmed.
    pub(super) unconfirmed: bool,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            mtu: DEFAULT_MTU,
            mtu_exchanged: false,
            configurations: BTreeMap::new(),
            prepared: Vec::new(),
            snapshot: None,
            procedure: VecDeque::new(),
            indications: VecDeque::new(),
            indicated: 0,
            unconfirmed: false,
        }
    }
}

impl Session {
    /// Whether the client has configured this handle for notifications.
    pub fn notifies(&self, configuration: u16) -> bool {
        self.configurations.get(&configuration).is_some_and(|bits| bits & 1 != 0)
    }

    /// Whether the client has configured this handle for indications.
    pub fn indicates(&self, configuration: u16) -> bool {
        self.configurations.get(&configuration).is_some_and(|bits| bits & 2 != 0)
    }

    /// Octets that a notification or indication may have.
    pub fn room(&self) -> usize {
        usize::from(self.mtu) - 3
    }

    /// Queues an indication; gives it back when it can go now.
    pub fn indicate(&mut self, handle: u16, value: Vec<u8>, tag: u64) -> Option<(u16, Vec<u8>, u64)> {
        if self.unconfirmed {
            self.indications.push_back((handle, value, tag));
            return None;
        }
        self.unconfirmed = true;
        self.indicated = tag;
        Some((handle, value, tag))
    }

    /// Whether an indication waits for its confirmation.
    pub fn is_unconfirmed(&self) -> bool {
        self.unconfirmed
    }

    /// Whether nothing waits to be sent by a procedure.
    pub fn procedure_is_idle(&self) -> bool {
        self.procedure.is_empty()
    }

    /// The next value that a procedure sends: handle, value, whether confirmed. A confirmed one waits for its turn.
    pub fn next_of_procedure(&mut self) -> Option<(u16, Outgoing)> {
        if self.procedure.front().is_some_and(|(_, _, outgoing)| outgoing.confirmed) && self.unconfirmed {
            return None;
        }
        self.procedure.pop_front().map(|(handle, _, outgoing)| (handle, outgoing))
    }
}
