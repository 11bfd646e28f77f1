//! The Bluetooth side of a link as declared.

use sim_core::Span;

/// The Bluetooth side of a link as declared.
#[derive(Debug, Clone)]
pub(crate) struct RadioDraft {
    pub(crate) to: Peer,
    pub(crate) advertising: Span,
    pub(crate) power_dbm: f64,
    pub(crate) links: u32,
    pub(crate) security: Security,
    pub(crate) secure_connections: bool,
}

/// Who hears the devices of a Bluetooth link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Gateways, by position.
    Gateway(usize),
    /// Only real hosts, by position of the target.
    Host(usize),
}

/// What devices demand, before passkeys are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    Open,
    JustWorks,
    /// `None` is drawn for each device.
    Passkey(Option<u32>),
}
