//! What is left of a pairing.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::cipher::Block;

/// A key with the numbers by which a central names it; both are zero for Secure Connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongTermKey {
    /// The key, little-endian.
    pub key: Block,
    /// Encrypted diversifier.
    pub diversifier: u16,
    /// Random number.
    pub random: [u8; 8],
    /// Whether the pairing protected against a man in the middle.
    pub authenticated: bool,
}

/// A central that a peripheral remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bond {
    /// Its identity address, or the one it used.
    pub peer: Address,
    /// The address it used when it paired; some centrals do not use the identity address they give.
    pub paired_as: Address,
    /// Its identity resolving key, if it gave one.
    pub peer_identity_key: Option<Block>,
    /// The key of the link.
    pub key: LongTermKey,
    /// Client configurations by handle, to be restored.
    pub configurations: BTreeMap<u16, u16>,
}

impl Bond {
    /// Whether a central with this address is the bonded one.
    pub fn matches(&self, address: Address) -> bool {
        self.peer == address
            || self.paired_as == address
            || self.peer_identity_key.is_some_and(|key| address.resolves_with(key))
    }
}
