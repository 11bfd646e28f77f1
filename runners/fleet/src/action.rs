//! What steps can do to links.

use sim_core::{ActionSpec, Argument, DurationRule, Level, Occurrence, ParameterKind, ParameterSpec, Registry, Seam};

use crate::link_cut::CutKind;

/// Name of the action that cuts links.
pub const NET_CUT: &str = "net.cut";

impl CutKind {
    /// The kind that an occurrence of [`NET_CUT`] asks for; `None` for other actions.
    pub fn of(occurrence: &Occurrence) -> Option<Self> {
        if occurrence.action != NET_CUT {
            return None;
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
    registry.actions.push(ActionSpec {
        name: NET_CUT,
        about: "cuts the connection: closed (fin), reset (rst), or nothing passes and nobody is told (silent)",
        level: Level::Link,
        seam: Seam::Link,
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
