//! The Bluetooth sides of devices.

use sim_core::{Registry, Row, Span};

use crate::site::Place;

/// The Bluetooth side of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct RadioPlan {
    /// Its site, among [`crate::AirPlan::sites`].
    pub site: usize,
    /// Where it is.
    pub place: Place,
    /// Transmit power [dBm].
    pub power_dbm: f64,
    /// Advertising interval.
    pub advertising: Span,
    /// Most links at a time.
    pub links: u32,
    /// What it demands before it tells anything.
    pub security: RadioSecurity,
    /// Whether it can pair with LE Secure Connections; otherwise only with legacy pairing.
    pub secure_connections: bool,
}

/// What a peripheral demands before it tells anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RadioSecurity {
    /// Nothing.
    Open,
    /// An encrypted link, paired without a check.
    JustWorks,
    /// An encrypted link, paired by typing these six digits at the host.
    Passkey(u32),
}

/// A kind of device that speaks Bluetooth; whoever carries the radio out adds it beside what the kind says there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BluetoothKind(pub &'static str);

impl Row for BluetoothKind {
    const NOUN: &'static str = "Bluetooth side of a device kind";

    fn name(&self) -> &str {
        self.0
    }
}

impl BluetoothKind {
    /// The kinds of a registry; while there is none nobody is asked.
    pub fn names(registry: &Registry) -> Vec<&'static str> {
        registry.all::<Self>().iter().map(|kind| kind.0).collect()
    }
}
