//! The seam in the air: what a step does to the radio of a device, its links and values, or to a gateway.

use ble::Fault;
use sim_core::{Arguments, Reach, Seam, Span};

/// Evidence of a gateway that stops.
pub const LINKS_CUT: &str = "links_cut";
/// Evidence of a gateway that stays down.
pub const SECONDS_DOWN: &str = "seconds_down";

/// The code of an action on the radio. What it brings about is told as effects, which the site of the subject carries
/// out; the evidence that the action's row names is counted there ([`evidence`](crate::evidence)).
#[derive(Debug, Clone, Copy)]
pub enum RadioAction {
    /// On the radio of a device (`Level::Link`).
    Device {
        /// What happens when it begins.
        begin: fn(&Arguments) -> Vec<Effect>,
        /// What happens when it is over. An action without is over at once when it has no end.
        heal: fn() -> Vec<Effect>,
    },
    /// On a gateway (`Level::Gateway`).
    Gateway {
        /// What happens when it begins.
        begin: fn(&Arguments) -> Vec<GatewayEffect>,
    },
}

impl Seam for RadioAction {
    const WORD: &'static str = "radio";
    const REACH: Reach = Reach::Radio;
}

/// What a step does to a device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// Something the air knows how to do.
    Fault(Fault),
    /// Takes the power away, or gives it back; several steps may take it.
    Power(bool),
    /// Lets the clock begin anew, or sets it right.
    Clock {
        /// Whether it begins anew.
        is_reset: bool,
    },
    /// So many foreign advertisers disturb the site while the step is in force; one step counts once.
    Crowd(u32),
    /// Takes a new address, now and then again while the step is in force.
    Rotate {
        /// Time between addresses.
        every: Span,
    },
    /// Sends again what waits for a listener.
    Resend,
}

impl Effect {
    /// Whether it brings about a state, which another step of the same action may still want when one is over.
    pub(crate) fn lasts(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.lasts(),
            Self::Clock { is_reset } => *is_reset,
            Self::Power(_) | Self::Crowd(_) | Self::Rotate { .. } | Self::Resend => false,
        }
    }
}

/// What a step does to a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayEffect {
    /// It stops at once, and comes back after a time; it remembers bonds and how far it had read histories.
    Stop {
        /// After this time; never without.
        restart: Option<Span>,
    },
}
