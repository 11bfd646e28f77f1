//! The user's stack: what carriers lead to, and places where Bluetooth hosts attach.

use radio_plan::{Place, SitePlan};
use serde_json::Value;
use sim_core::Arguments;

use super::arguments::arguments;
use super::fields::{Fields, View};
use super::link::{AuthPlan, TokenPlan};

/// One component of the user's stack.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetPlan {
    /// Target id.
    pub id: String,
    /// Name of the carrier that leads to it; empty for a place for Bluetooth hosts.
    pub carrier: String,
    /// An address as its carrier has them, such as `embedded` or a URL; of a place for Bluetooth hosts, where it listens.
    pub url: String,
    /// The carrier's own parameters, checked.
    pub arguments: Arguments,
    /// Name and password of those who are no devices.
    pub auth: Option<AuthPlan>,
    /// How they make their password for themselves; that of `auth` is empty then.
    pub token: Option<TokenPlan>,
}

/// Where a real Bluetooth host can attach to the radio of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct HostPlan {
    /// Index of its target.
    pub target: usize,
    /// Where it listens: `tcp://127.0.0.1:6402` (port 0 picks a free one) or `unix:/path`.
    pub listen: String,
    /// Index of its site in the plan of the air.
    pub site: usize,
    /// Where its antenna is.
    pub place: Place,
}

pub(super) fn tell_target(target: &TargetPlan, view: View) -> Value {
    // Its links tell the carrier.
    let TargetPlan { id, carrier: _, url, arguments: with, auth, token: _ } = target;
    let fields = Fields::new(view).field("id", id.clone()).shown("url", url.clone());
    // Where the stack is and how it is reached is not what is tested.
    let fields = if with.0.is_empty() { fields } else { fields.shown("with", arguments(with)) };
    match auth {
        Some(AuthPlan { user, password: _ }) => fields.shown("user", user.clone()).done(),
        None => fields.done(),
    }
}

/// One place where a host can attach.
pub(super) fn tell_host(targets: &[TargetPlan], sites: &[SitePlan], host: &HostPlan, view: View) -> Value {
    let HostPlan { target, listen, site, place } = host;
    Fields::new(view)
        .field("target", targets[*target].id.clone())
        .shown("listen", listen.clone())
        .field("site", sites[*site].id.clone())
        .field("place_m", *place)
        .done()
}
