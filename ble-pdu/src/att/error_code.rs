//! Error codes of the Attribute Protocol.

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ErrorCode(pub u8);

impl ErrorCode {
    /// No attribute has this handle.
    pub const INVALID_HANDLE: Self = Self(0x01);
    /// The attribute cannot be read.
    pub const READ_NOT_PERMITTED: Self = Self(0x02);
    /// The attribute cannot be written.
    pub const WRITE_NOT_PERMITTED: Self = Self(0x03);
    /// The request is malformed.
    pub const INVALID_PDU: Self = Self(0x04);
    /// The link has no (sufficiently authenticated) key.
    pub const INSUFFICIENT_AUTHENTICATION: Self = Self(0x05);
    /// The server does not know the request.
    pub const REQUEST_NOT_SUPPORTED: Self = Self(0x06);
    /// The offset is past the end of the value.
    pub const INVALID_OFFSET: Self = Self(0x07);
    /// Too many prepared writes.
    pub const PREPARE_QUEUE_FULL: Self = Self(0x09);
    /// Nothing of that kind in the range.
    pub const ATTRIBUTE_NOT_FOUND: Self = Self(0x0A);
    /// The value has a length the attribute cannot take.
    pub const INVALID_VALUE_LENGTH: Self = Self(0x0D);
    /// Something unlikely went wrong.
    pub const UNLIKELY: Self = Self(0x0E);
    /// There is a key but the link is not encrypted.
    pub const INSUFFICIENT_ENCRYPTION: Self = Self(0x0F);
    /// The type groups nothing.
    pub const UNSUPPORTED_GROUP_TYPE: Self = Self(0x10);
    /// The value is not allowed.
    pub const VALUE_NOT_ALLOWED: Self = Self(0x13);
    /// First error of applications; its meaning depends on the service.
    pub const APPLICATION_0: Self = Self(0x80);
    /// Second error of applications.
    pub const APPLICATION_1: Self = Self(0x81);
    /// The client characteristic configuration does not allow the procedure (Core Specification Supplement).
    pub const CCCD_IMPROPER: Self = Self(0xFD);
    /// A procedure runs already.
    pub const PROCEDURE_IN_PROGRESS: Self = Self(0xFE);
    /// The value is out of range.
    pub const OUT_OF_RANGE: Self = Self(0xFF);
}
