//! The link is cut: closed, reset, or silent.

use sim_core::Argument;

use super::link_rule::{Closing, Dial, Direction, LinkRule, LinkRuleOrder, LinkState, Onset, Tally};

/// How a link is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetCut {
    /// The connection is closed without DISCONNECT (the broker publishes the will); new connections are refused.
    Fin,
    /// The connection is reset; new connections are refused.
    Rst,
    /// Nothing passes and nobody is told: bytes wait until the link heals, new connections hang. Bytes are never lost
    /// inside a connection: on TCP, loss is a stall.
    Silent,
}

impl NetCut {
    /// As the step's `how` says.
    pub(super) fn make(order: &LinkRuleOrder<'_>) -> Box<dyn LinkRule> {
        Box::new(match order.occurrence.arguments.0.get("how") {
            Some(Argument::Text(how)) if how == "fin" => Self::Fin,
            Some(Argument::Text(how)) if how == "rst" => Self::Rst,
            _ => Self::Silent,
        })
    }
}

impl LinkRule for NetCut {
    fn begin(&mut self, state: LinkState, tally: &mut Tally<'_>) -> Onset {
        if state == LinkState::Open {
            tally.add("links_cut", 1);
        }
        match self {
            Self::Fin => Onset::Cut(Closing::Fin),
            Self::Rst => Onset::Cut(Closing::Rst),
            Self::Silent => Onset::Stays,
        }
    }

    fn on_connect(&mut self, _: i64, tally: &mut Tally<'_>) -> Dial {
        tally.add("connects_blocked", 1);
        if *self == Self::Silent { Dial::Hang } else { Dial::Refuse }
    }

    fn holds(&self, _: Direction) -> bool {
        *self == Self::Silent
    }

    fn held(&mut self, bytes: u64, tally: &mut Tally<'_>) {
        tally.add("bytes_held", bytes);
    }
}
