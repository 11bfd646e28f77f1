//! What a peripheral demands of those who pair with it.

use crate::cipher::Block;

/// How a peripheral proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Association {
    /// It refuses to pair.
    None,
    /// It pairs with anyone (no input, no output).
    JustWorks,
    /// It shows these six digits, which have to be typed on the other side; it refuses to pair without.
    Passkey(u32),
}

/// Which kind of pairing a peripheral does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecureConnections {
    /// Legacy pairing only.
    Unsupported,
    /// Secure Connections when the other side can.
    Preferred,
    /// Secure Connections only.
    Required,
}

/// What a peripheral demands and offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecurityPolicy {
    /// How it proves itself.
    pub association: Association,
    /// Which kind of pairing it does.
    pub secure_connections: SecureConnections,
    /// Whether it keeps the key.
    pub bonding: bool,
    /// Whether it asks for security as soon as it is connected.
    pub requests_security: bool,
}

impl Default for SecurityPolicy {
    fn default() -> Self {
        Self {
            association: Association::JustWorks,
            secure_connections: SecureConnections::Preferred,
            bonding: true,
            requests_security: false,
        }
    }
}

/// A passkey as a temporary key.
pub(super) fn passkey_block(passkey: u32) -> Block {
    u128::from(passkey).to_le_bytes()
}
