//! The actions that act on links, each with what it makes of a link.

use std::collections::BTreeMap;

use sim_core::{ActionSpec, DurationRule, Level, ParameterKind, ParameterSpec, Registry, Seam};

use super::link_rule::{LinkRule, LinkRuleOrder, MakeLinkRule};
use super::net_cut::NetCut;

/// Name of the action that cuts links.
const NET_CUT: &str = "net.cut";
/// Name of the action that lets a gateway die: its connection ends as that of a process that is killed.
const GATEWAY_CRASH: &str = "gw.crash";
/// Name of the action that takes the network from a gateway.
const UPLINK_DOWN: &str = "gw.uplink_down";

/// Which action puts which rule on a link.
#[derive(Debug, Clone)]
pub struct LinkRules(BTreeMap<&'static str, MakeLinkRule>);

impl Default for LinkRules {
    /// The built-in rules.
    fn default() -> Self {
        Self(BTreeMap::from([
            (NET_CUT, NetCut::make as MakeLinkRule),
            (GATEWAY_CRASH, |_| Box::new(NetCut::Fin)),
            (UPLINK_DOWN, |_| Box::new(NetCut::Silent)),
        ]))
    }
}

impl LinkRules {
    /// Adds the rule of an action, or puts it in the place of another one.
    pub fn add(&mut self, action: &'static str, make: MakeLinkRule) {
        self.0.insert(action, make);
    }

    /// The rule that an occurrence puts on a device's link; `None` for actions that do nothing to links.
    pub fn make(&self, order: &LinkRuleOrder<'_>) -> Option<Box<dyn LinkRule>> {
        self.0.get(order.occurrence.action.as_str()).map(|make| make(order))
    }

    /// Whether an action does something to links.
    pub fn knows(&self, action: &str) -> bool {
        self.0.contains_key(action)
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
