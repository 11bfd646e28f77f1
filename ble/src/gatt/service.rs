//! A service as data: nothing here knows what a service is for.

use crate::pdu::att::{Uuid, VALUE_LIMIT};
use thiserror::Error;

/// What a client may do with a characteristic (the bits of its declaration).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Properties(pub u8);

impl Properties {
    /// It can be read.
    pub const READ: Self = Self(0x02);
    /// It can be written without a response.
    pub const WRITE_COMMAND: Self = Self(0x04);
    /// It can be written.
    pub const WRITE: Self = Self(0x08);
    /// It can be notified.
    pub const NOTIFY: Self = Self(0x10);
    /// It can be indicated.
    pub const INDICATE: Self = Self(0x20);

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a client can subscribe.
    pub const fn subscribable(self) -> bool {
        self.0 & (Self::NOTIFY.0 | Self::INDICATE.0) != 0
    }
}

impl std::ops::BitOr for Properties {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What the link must be like before a characteristic can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Anything.
    Open,
    /// Encrypted.
    Encrypted,
    /// Encrypted with a key that nobody in the middle can know.
    Authenticated,
}

/// Lengths that a written value may have \[octets\], both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueLength {
    /// Shortest.
    pub min: usize,
    /// Longest.
    pub max: usize,
}

impl ValueLength {
    /// Exactly this many octets.
    pub const fn exactly(length: usize) -> Self {
        Self { min: length, max: length }
    }

    /// Anything an attribute can hold.
    pub const ANY: Self = Self { min: 0, max: VALUE_LIMIT };
}

/// A descriptor beyond the client's configuration, which is made by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Type.
    pub uuid: Uuid,
    /// Constant value.
    pub value: Vec<u8>,
}

/// A characteristic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Characteristic {
    /// Type.
    pub uuid: Uuid,
    /// What a client may do.
    pub properties: Properties,
    /// What the link must be like.
    pub access: Access,
    /// First value.
    pub value: Vec<u8>,
    /// Lengths that a client may write.
    pub accepts: ValueLength,
    /// Descriptors.
    pub descriptors: Vec<Descriptor>,
}

impl Characteristic {
    /// A characteristic without restrictions and with an empty value.
    pub const fn new(uuid: Uuid, properties: Properties) -> Self {
        Self {
            uuid,
            properties,
            access: Access::Open,
            value: Vec::new(),
            accepts: ValueLength::ANY,
            descriptors: Vec::new(),
        }
    }

    /// With this first value.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<Vec<u8>>) -> Self {
        self.value = value.into();
        self
    }

    /// Taking only written values of these lengths.
    #[must_use]
    pub const fn accepting(mut self, accepts: ValueLength) -> Self {
        self.accepts = accepts;
        self
    }

    /// With a descriptor.
    #[must_use]
    pub fn with_descriptor(mut self, uuid: u16, value: impl Into<Vec<u8>>) -> Self {
        self.descriptors.push(Descriptor { uuid: Uuid::Short(uuid), value: value.into() });
        self
    }
}

/// A primary service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Type.
    pub uuid: Uuid,
    /// In the order of their handles.
    pub characteristics: Vec<Characteristic>,
}

/// Why services give no attribute table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServiceError {
    /// Longer than an attribute can hold.
    #[error("value of {length} octets for characteristic {uuid}, {VALUE_LIMIT} fit")]
    ValueTooLong {
        /// The characteristic or descriptor.
        uuid: Uuid,
        /// Octets of its value.
        length: usize,
    },
    /// More attributes than handles.
    #[error("{attributes} attributes from handle {first} on do not fit below 65536")]
    TooManyAttributes {
        /// Attributes there would be.
        attributes: usize,
        /// First handle.
        first: u16,
    },
}

impl Service {
    /// Demands at least this access for every characteristic.
    #[must_use]
    pub fn protected(mut self, access: Access) -> Self {
        for characteristic in &mut self.characteristics {
            characteristic.access = characteristic.access.max(access);
        }
        self
    }

    /// The characteristic of this type, to change its first value.
    pub fn characteristic_mut(&mut self, uuid: Uuid) -> Option<&mut Characteristic> {
        self.characteristics.iter_mut().find(|characteristic| characteristic.uuid == uuid)
    }
}
