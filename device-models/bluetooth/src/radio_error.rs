//! Why the radio of a run cannot be built.

use ble::PeripheralError;
use thiserror::Error;

/// Why a radio cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RadioError {
    /// The kind of a device has no Bluetooth services.
    #[error("{path}: devices of kind {kind} have no Bluetooth side")]
    NoProfile {
        /// Path of the device.
        path: String,
        /// Its kind.
        kind: String,
    },
    /// A gateway is to hand on in a format that does not exist.
    #[error("{path}: gateways have no payload format {format}")]
    UnknownFormat {
        /// Path of the gateway.
        path: String,
        /// The format.
        format: String,
    },
    /// A gateway is to connect to a device of another site, or to one without Bluetooth.
    #[error("{path}: device number {device} is not on the air of its site")]
    ForeignDevice {
        /// Path of the gateway.
        path: String,
        /// Number of the device.
        device: u32,
    },
    /// An action on the radio names evidence that the radio does not count.
    #[error("the action {action} names `{name}` as its evidence, which the radio does not count")]
    UnknownEvidence {
        /// The action.
        action: &'static str,
        /// The evidence.
        name: &'static str,
    },
    /// A device cannot be put on the air.
    #[error(transparent)]
    Peripheral(#[from] PeripheralError),
}
