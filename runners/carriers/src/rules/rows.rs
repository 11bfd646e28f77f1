//! What steps can do to links.

use sim_core::{
    ActionSpec, Argument, DurationRule, Executor, Level, Occurrence, ParameterKind, ParameterSpec, Reach, Registry,
    Seam,
};

use crate::rules::net_cut::CutKind;

/// The seam between a connection and its socket.
#[derive(Debug, Clone, Copy)]
pub struct LinkAction;

impl Seam for LinkAction {
    const WORD: &'static str = "link";
    const REACH: Reach = Reach::Connection;
}

/// Name of the action that cuts links.
pub const NET_CUT: &str = "net.cut";
/// Name of the action that lets a gateway die: its connection ends as that of a process that is killed.
const GATEWAY_CRASH: &str = "gw.crash";
/// Name of the action that takes the network from a gateway.
pub const UPLINK_DOWN: &str = "gw.uplink_down";

impl CutKind {
    /// The kind that an occurrence asks for; `None` for actions that cut nothing.
    pub fn of(occurrence: &Occurrence) -> Option<Self> {
        match occurrence.action.as_str() {
            NET_CUT => {}
            GATEWAY_CRASH => return Some(Self::Fin),
            UPLINK_DOWN => return Some(Self::Silent),
            _ => return None,
        }
        Some(match occurrence.arguments.0.get("how") {
            Some(Argument::Text(how)) if how == "fin" => Self::Fin,
            Some(Argument::Text(how)) if how == "rst" => Self::Rst,
            _ => Self::Silent,
        })
    }
}

/// Adds the actions.
pub fn register(registry: &mut Registry) {
    registry.add(ActionSpec {
        name: NET_CUT,
        about: "cuts the connection: closed (fin), reset (rst), or nothing passes and nobody is told (silent)",
        level: Level::Link,
        executor: Executor::new(LinkAction),
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
}
