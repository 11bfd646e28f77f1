//! The actions that act on links, each with what it makes of a link.

use sim_core::{ActionSpec, DurationRule, Executor, Level, ParameterKind, ParameterSpec, Registry};

use super::link_rule::LinkAction;
use super::net_cut::NetCut;

/// Name of the action that lets a gateway die: its connection ends as that of a process that is killed.
const GATEWAY_CRASH: &str = "gw.crash";
/// Name of the action that takes the network from a gateway.
const UPLINK_DOWN: &str = "gw.uplink_down";

/// Adds the actions, and what those of gateways do to links.
pub(crate) fn register(registry: &mut Registry) {
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
