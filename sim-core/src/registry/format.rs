//! Payload formats of devices and of gateways.

use std::sync::Arc;

use bytes::BytesMut;
use vocabulary::{Format, Heard};

use super::Row;

/// A payload format.
#[derive(Debug, Clone)]
pub struct FormatSpec {
    /// Name, such as `vendor-json`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Whether a scenario may name it; one that may not is a way inside the program.
    pub is_public: bool,
    /// Writes messages and reads back which message some bytes are.
    pub format: Arc<dyn Format>,
}

impl Row for FormatSpec {
    const NOUN: &'static str = "payload format";

    fn name(&self) -> &str {
        self.name
    }
}

/// What a gateway makes of what it hears, before it hands it on.
#[derive(Debug, Clone)]
pub struct GatewayFormatSpec {
    /// Name, such as `gateway-json`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Appends what is handed on to `out`.
    pub encode: fn(heard: &Heard<'_>, out: &mut BytesMut),
    /// The format that reads back which message a payload is, and whether it still means the same.
    pub reader: Arc<dyn Format>,
}

impl Row for GatewayFormatSpec {
    const NOUN: &'static str = "payload format of gateways";

    fn name(&self) -> &str {
        self.name
    }
}

/// A kind of device that speaks Bluetooth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BluetoothKind(pub &'static str);

impl Row for BluetoothKind {
    const NOUN: &'static str = "Bluetooth side of a device kind";

    fn name(&self) -> &str {
        self.0
    }
}
