//! The expanded scenario: a pure function of file, variables and seed, with every choice made.

mod arguments;
mod delivery;
pub(crate) mod document;
mod endpoint;
mod expect;
mod fields;
pub(crate) mod identity;
pub(crate) mod json;
mod link;
mod payload;
mod probe;
mod report;
mod target;
pub(crate) mod text;
mod time;

use std::sync::Arc;

use radio_plan::AirPlan;
use sim_core::{Occurrence, Roster, SimId};

pub use delivery::Delivery;
pub use endpoint::{CertificatePlan, Endpoint, Will};
pub use expect::{Comparison, Condition, ExpectPlan, Severity, Statistic};
pub use link::{
    Algorithm, AuthPlan, Backoff, BackoffKind, Carrier, LinkAuth, LinkPlan, Mqtt5Plan, OutboxFull, OutboxPlan,
    Protocol, SessionPlan, TokenKind, TokenPlan,
};
pub use probe::{ProbePlan, ProbeTopics};
pub use report::ReportPlan;
pub use target::{HostPlan, TargetPlan};
pub use time::{TimeMode, TimePlan};

/// Everything a run needs to know.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Name of the scenario.
    pub scenario: String,
    /// One line about it.
    pub about: String,
    /// File it came from, as given.
    pub file: String,
    /// Seed of every draw.
    pub seed: u64,
    /// How time passes.
    pub time: TimePlan,
    /// The user's stack.
    pub targets: Vec<TargetPlan>,
    /// How devices reach it.
    pub links: Vec<LinkPlan>,
    /// Where real Bluetooth hosts can attach.
    pub hosts: Vec<HostPlan>,
    /// Patients, devices, streams and routes.
    pub roster: Arc<Roster>,
    /// Sites, gateways, and the Bluetooth sides of devices.
    pub air: Arc<AirPlan>,
    /// How each device connects; same order as [`Roster::devices`].
    pub endpoints: Vec<Endpoint>,
    /// How the messages of each route are published; same order as [`Roster::routes`].
    pub deliveries: Vec<Delivery>,
    /// Steps, expanded; sorted by start, then by order in the file.
    pub occurrences: Arc<Vec<Occurrence>>,
    /// Where the stack is watched.
    pub probes: Vec<ProbePlan>,
    /// What must hold.
    pub expects: Vec<ExpectPlan>,
    /// What is written at the end.
    pub report: ReportPlan,
}

impl Plan {
    /// Sets what payload timestamps say at the start of the run [ns since the Unix epoch], for a plan whose file says
    /// `now`; until then the roster holds [`crate::VIRTUAL_EPOCH_NS`]. A plan with a fixed start stays as it is.
    pub fn start_at(&mut self, wall_clock_epoch_ns: i64) {
        if self.time.start_epoch_ns.is_none() {
            Arc::make_mut(&mut self.roster).start_epoch_ns = wall_clock_epoch_ns;
        }
    }

    /// Passwords, and keys that tokens are signed with.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let of_devices = self.endpoints.iter().filter_map(|endpoint| endpoint.auth.as_ref());
        let of_targets = self.targets.iter().filter_map(|target| target.auth.as_ref());
        let passwords = of_devices.chain(of_targets).map(|auth| auth.password.as_str());
        let tokens = self.endpoints.iter().filter_map(|endpoint| endpoint.token.as_ref());
        passwords.chain(tokens.map(|token| token.key.as_str()))
    }

    /// Path of a route's stream: `cohort/patient/device/stream`.
    pub fn route_path(&self, route: usize) -> String {
        let route = &self.roster.routes[route];
        let device = &self.roster.devices[route.device.index()];
        format!("{}/{}", device.path, device.streams[usize::from(route.stream)].id)
    }

    /// The place for Bluetooth hosts that a target is; `None` for a broker.
    pub fn host_of(&self, target: usize) -> Option<&HostPlan> {
        self.hosts.iter().find(|host| host.target == target)
    }

    /// The link of a device.
    pub fn link_of(&self, device: SimId) -> &LinkPlan {
        &self.links[self.roster.devices[device.index()].link]
    }
}
