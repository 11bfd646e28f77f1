//! Status and reason codes (Core Specification 5.4, volume 1, part F).

/// An outcome, or the reason of a disconnection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Status(pub u8);

impl Status {
    /// No error.
    pub const SUCCESS: Self = Self(0x00);
    /// The controller does not know the command.
    pub const UNKNOWN_COMMAND: Self = Self(0x01);
    /// No connection has this handle.
    pub const UNKNOWN_CONNECTION: Self = Self(0x02);
    /// Pairing or encryption failed with a key error.
    pub const AUTHENTICATION_FAILURE: Self = Self(0x05);
    /// The peer has no key.
    pub const KEY_MISSING: Self = Self(0x06);
    /// Nothing was heard for the supervision timeout.
    pub const CONNECTION_TIMEOUT: Self = Self(0x08);
    /// No room for another connection.
    pub const CONNECTION_LIMIT: Self = Self(0x09);
    /// There is a connection to that device.
    pub const ALREADY_CONNECTED: Self = Self(0x0B);
    /// Not in this state.
    pub const COMMAND_DISALLOWED: Self = Self(0x0C);
    /// Not supported.
    pub const UNSUPPORTED: Self = Self(0x11);
    /// A parameter is out of its range.
    pub const INVALID_PARAMETERS: Self = Self(0x12);
    /// The user of the other side ended the connection.
    pub const REMOTE_USER_TERMINATED: Self = Self(0x13);
    /// The other side is out of resources.
    pub const REMOTE_LOW_RESOURCES: Self = Self(0x14);
    /// The other side switches off.
    pub const REMOTE_POWER_OFF: Self = Self(0x15);
    /// This side ended the connection.
    pub const LOCAL_HOST_TERMINATED: Self = Self(0x16);
    /// The peer does not support it.
    pub const UNSUPPORTED_REMOTE_FEATURE: Self = Self(0x1A);
    /// Pairing with a unit key, or parameters that are not acceptable.
    pub const UNACCEPTABLE_PARAMETERS: Self = Self(0x3B);
    /// A message integrity check failed.
    pub const MIC_FAILURE: Self = Self(0x3D);
    /// The connection was never established.
    pub const FAILED_TO_ESTABLISH: Self = Self(0x3E);

    /// Whether a host may give this as the reason of a disconnection.
    pub const fn may_end_a_connection(self) -> bool {
        matches!(self.0, 0x05 | 0x13 | 0x14 | 0x15 | 0x1A | 0x29 | 0x3B)
    }
}
