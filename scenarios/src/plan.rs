//! The expanded scenario: a pure function of file, variables and seed, with every choice made.

pub(crate) mod document;
pub(crate) mod identity;
pub(crate) mod json;
pub(crate) mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::{Arguments, MetricShape, Occurrence, Roster, SimId, SimTime, Span};

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
    /// How each device connects; same order as [`Roster::devices`].
    pub endpoints: Vec<Endpoint>,
    /// Steps, expanded; sorted by start, then by order in the file.
    pub occurrences: Arc<Vec<Occurrence>>,
    /// Where the stack is watched.
    pub probes: Vec<ProbePlan>,
    /// What must hold.
    pub expects: Vec<ExpectPlan>,
    /// What is written at the end.
    pub report: ReportPlan,
}

/// How time passes.
#[derive(Debug, Clone, PartialEq)]
pub struct TimePlan {
    /// Pacing.
    pub mode: TimeMode,
    /// What payload timestamps say at simulated time zero; `None` is the wall clock at the start of the run.
    pub start_epoch_ns: Option<i64>,
    /// Sent, not judged.
    pub warmup: Span,
    /// Whole simulated length, warm-up included.
    pub length: Span,
    /// How long to wait for stragglers afterwards, in wall-clock time.
    pub drain: Span,
}

/// Pacing of simulated against wall-clock time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeMode {
    /// One to one.
    Real,
    /// `speed` simulated seconds a second.
    Scaled {
        /// Simulated seconds per wall-clock second.
        speed: f64,
    },
    /// As fast as possible, no network; a perfect sink in the process stands for the stack.
    Virtual,
}

/// One component of the user's stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPlan {
    /// Target id.
    pub id: String,
    /// `embedded`, `mosquitto` or a URL; of a place for Bluetooth hosts, where it listens.
    pub url: String,
}

/// Where a real Bluetooth host can attach to the radio of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct HostPlan {
    /// Index of its target.
    pub target: usize,
    /// Where it listens: `tcp://127.0.0.1:6402` (port 0 picks a free one) or `unix:/path`.
    pub listen: String,
    /// Index of its site in the roster.
    pub site: usize,
    /// Where its antenna is.
    pub place: sim_core::Place,
}

/// What a link runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// The device's own connection.
    Mqtt,
    /// Bluetooth to a gateway: target, format and all that belongs to the connection are those of the gateway's link.
    Gateway,
    /// Bluetooth to real hosts only; nothing is judged at a broker.
    Host,
}

/// How a device reaches a target.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkPlan {
    /// Link id.
    pub id: String,
    /// What it runs over.
    pub carrier: Carrier,
    /// Index of its target.
    pub target: usize,
    /// Payload format.
    pub format: String,
    /// Delivery level, 0 to 2.
    pub qos: u8,
    /// Protocol version.
    pub protocol: Protocol,
    /// Session behaviour.
    pub session: SessionPlan,
    /// Store and forward.
    pub outbox: OutboxPlan,
    /// Name and password.
    pub auth: Option<AuthPlan>,
}

/// MQTT protocol version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// 3.1.1.
    V311,
    /// 5.
    V5,
}

/// Session behaviour of a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionPlan {
    /// Start from nothing on each connect (clean session, clean start).
    pub clean: bool,
    /// How long the broker keeps the session after a disconnect (MQTT 5).
    pub expiry: Span,
    /// Keep-alive interval.
    pub keep_alive: Span,
    /// Waiting between connection attempts.
    pub backoff: Backoff,
    /// Most messages sent and not acknowledged at a time, at delivery levels 1 and 2.
    pub inflight: u16,
}

/// Waiting between connection attempts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// Rule.
    pub kind: BackoffKind,
    /// First wait.
    pub initial: Span,
    /// Longest wait.
    pub longest: Span,
}

/// Rule by which waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackoffKind {
    /// No wait.
    None,
    /// Always the first wait.
    Fixed,
    /// Doubling.
    Exponential,
    /// Doubling, each wait drawn uniformly between half and the whole of it.
    ExponentialJitter,
}

/// The device's own store and forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxPlan {
    /// Most messages kept.
    pub messages: u32,
    /// What is dropped when it is full; each drop is declared.
    pub full: OutboxFull,
}

/// What a full outbox drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxFull {
    /// The oldest message.
    DropOldest,
    /// The message that just came.
    DropNewest,
}

/// Name and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthPlan {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

/// How one device connects, rendered from its link's templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// MQTT client id, unique among all that have a connection; may contain `${run}`, which the runner fills in.
    pub client_id: String,
    /// Where it listens for commands: `<prefix>/cmd`.
    pub command_topic: String,
    /// Where it answers: `<prefix>/ack`.
    pub reply_topic: String,
    /// Last will.
    pub will: Option<Will>,
}

/// A last will, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// Topic.
    pub topic: String,
    /// Payload.
    pub body: String,
    /// Delivery level, 0 to 2.
    pub qos: u8,
    /// Whether the broker keeps it.
    pub retain: bool,
}

/// Where the stack is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbePlan {
    /// Probe id.
    pub id: String,
    /// Index of its target.
    pub target: usize,
    /// Kind, as registered.
    pub kind: String,
    /// Parameters of the kind, checked.
    pub arguments: Arguments,
    /// Topic filters it subscribes to; `#` for a kind that has none.
    pub filters: Vec<String>,
    /// Delivery level asked for, 0 to 2.
    pub qos: u8,
}

/// Something that must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectPlan {
    /// Name in reports.
    pub id: String,
    /// The expression as written.
    pub that: String,
    /// Parsed expression.
    pub condition: Condition,
    /// Devices and streams it speaks about: indices into [`Roster::routes`], ascending.
    pub routes: Vec<u32>,
    /// Messages intended in `from..to` count.
    pub from: SimTime,
    /// End of the window.
    pub to: SimTime,
    /// A safety condition: holds over the whole run, faults and warm-up included.
    pub always: bool,
    /// Fewer samples than this is inconclusive.
    pub min_samples: u64,
    /// Whether a failure fails the run.
    pub severity: Severity,
    /// `file:line` of the expectation.
    pub location: String,
}

/// `statistic(metric(argument)) comparison bound`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// How a distribution is reduced; `None` for counts and shares.
    pub statistic: Option<Statistic>,
    /// Metric name.
    pub metric: String,
    /// Word in parentheses.
    pub argument: Option<String>,
    /// Kind of number.
    pub shape: MetricShape,
    /// Comparison.
    pub comparison: Comparison,
    /// Right-hand side in the canonical unit (durations in ns, shares as 0..1).
    pub bound: f64,
}

/// How a distribution is reduced to one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Value below which this share (0..1) of samples lies.
    Percentile(f64),
    /// Largest.
    Max,
    /// Smallest.
    Min,
    /// Arithmetic mean.
    Mean,
    /// Sum.
    Sum,
}

/// Comparison of a value with a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    Greater,
}

/// Whether a failed expectation fails the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It does.
    Fail,
    /// It is told, no more.
    Info,
}

/// What is written at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPlan {
    /// Folder, unless the command line says otherwise.
    pub dir: String,
    /// Free labels copied into the reports.
    pub labels: BTreeMap<String, String>,
}

impl Plan {
    /// Sets what payload timestamps say at the start of the run [ns since the Unix epoch], for a plan whose file says
    /// `now`; until then the roster holds [`crate::VIRTUAL_EPOCH_NS`]. A plan with a fixed start stays as it is.
    pub fn start_at(&mut self, wall_clock_epoch_ns: i64) {
        if self.time.start_epoch_ns.is_none() {
            Arc::make_mut(&mut self.roster).start_epoch_ns = wall_clock_epoch_ns;
        }
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
