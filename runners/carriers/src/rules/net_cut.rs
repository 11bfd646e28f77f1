//! The link is cut: closed, reset, or silent.

use sim_core::{ActionSpec, Argument, DurationRule, Executor, Level, ParameterKind, ParameterSpec, Registry};

use super::link_rule::{Closing, Dial, Direction, LinkAction, LinkRule, LinkRuleOrder, LinkState, Onset, Tally};

/// Name of the action that lets a gateway die: its connection ends as that of a process that is killed.
const GATEWAY_CRASH: &str = "gw.crash";
/// Name of the action that takes the network from a gateway.
const UPLINK_DOWN: &str = "gw.uplink_down";

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
    fn make(order: &LinkRuleOrder<'_>) -> Box<dyn LinkRule> {
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

/// Adds `net.cut`, and what the actions on gateways do to their links.
pub(super) fn register(registry: &mut Registry) {
    registry.add(ActionSpec {
        name: "net.cut",
        about: "cuts the connection: closed (fin), reset (rst), or nothing passes and nobody is told (silent)",
        level: Level::Link,
        executor: Executor::new(LinkAction(NetCut::make)),
        parameters: vec![
            ParameterSpec::optional(
                "how",
                ParameterKind::Choice(&["fin", "rst", "silent"]),
                "fin and rst end the connection and refuse new ones; silent holds every byte until the link heals",
            )
            .default("silent"),
        ],
        duration: DurationRule::Required,
        evidence: &["links_cut", "bytes_held", "connects_blocked"],
        heal: "bytes flow again; the device reconnects by its own backoff",
        stack_should: "publish the will, keep the session, take the backlog in order",
    });
    registry.extend_action(GATEWAY_CRASH, LinkAction(|_| Box::new(NetCut::Fin)));
    registry.extend_action(UPLINK_DOWN, LinkAction(|_| Box::new(NetCut::Silent)));
}
