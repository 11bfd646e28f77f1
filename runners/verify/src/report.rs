//! The content of `run.json`: everything a report of a run can say. All other reports are drawn from it.
//!
//! Times are seconds; `_s` fields on the simulated axis count from the scenario's start, those of [`SeriesReport`] are
//! wall-clock seconds since the run's origin. Fields are only ever added within one version of the format.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::RadioReport;
use crate::VitalStrip;
use crate::{Counts, Verdict};

/// A judged run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Format and version of this document.
    pub format: String,
    /// Name of the scenario.
    pub scenario: String,
    /// One line about it.
    pub about: String,
    /// File it came from.
    pub file: String,
    /// Seed of every draw.
    pub seed: u64,
    /// SHA-256 of the expanded plan, hexadecimal.
    pub plan_sha256: String,
    /// Version of the tool.
    pub tool: String,
    /// Identity of this run.
    pub run: String,
    /// Free labels of the scenario.
    pub labels: BTreeMap<String, String>,
    /// The command that repeats the run.
    pub reproduce: String,
    /// Outcome.
    pub verdict: Verdict,
    /// Exit code of the command line.
    pub exit_code: i32,
    /// The run was interrupted; everything covers what had happened by then.
    pub partial: bool,
    /// What proves harm whether or not an expectation speaks of it.
    #[serde(default)]
    pub harm: Vec<String>,
    /// Why the run is what it is, in order of weight; empty when it passed.
    pub reasons: Vec<String>,
    /// Messages the devices said.
    pub generated: u64,
    /// Unique messages written to a connection at least once.
    pub sent: u64,
    /// Unique messages acknowledged.
    pub acked: u64,
    /// Unique messages observed.
    pub delivered: u64,
    /// Observed, and never as they were said or where they belong.
    #[serde(default)]
    pub altered: u64,
    /// Sent and not observed by the end of the drain.
    pub lost: u64,
    /// Sent and not observed, but it could have been shown when the probe was blind.
    #[serde(default)]
    pub unjudged: u64,
    /// Acknowledged and not observed; part of `lost`.
    pub lost_acked: u64,
    /// Dropped by a device's outbox, as declared, and not observed.
    pub dropped_declared: u64,
    /// Not settled: never written, on a route no probe watches, or forgotten.
    pub pending: u64,
    /// Acknowledged with an error.
    pub refused: u64,
    /// Observations beyond the first.
    pub duplicates: u64,
    /// First observations after a later message of the same stream.
    pub out_of_order: u64,
    /// Observations with other bytes than were generated.
    pub corrupted: u64,
    /// Observations of messages that no device had said.
    pub invented: u64,
    /// Observations under another device's or another patient's name.
    pub identity_mismatch: u64,
    /// Observations of values that a target had kept from before the run.
    #[serde(default)]
    pub stale: u64,
    /// Observations of messages said so long ago that nobody can tell whether they are what was said.
    #[serde(default)]
    pub too_old: u64,
    /// Observations that are not ours.
    pub foreign: u64,
    /// Retained messages from before the run, and the empty messages that clear them.
    pub retained: u64,
    /// Last wills observed.
    pub wills: u64,
    /// Messages whose record was given up to stay within the memory bound.
    pub forgot: u64,
    /// What the judge remembers of settled messages.
    #[serde(default)]
    pub memory: MemoryReport,
    /// When and how long.
    pub window: WindowReport,
    /// The machine.
    pub host: HostReport,
    /// The user's stack.
    pub targets: Vec<TargetReport>,
    /// Where it was watched.
    pub probes: Vec<ProbeReport>,
    /// Whether the run can be judged at all.
    pub validity: Vec<ValidityCheck>,
    /// The expectations, in the order of the file.
    pub expect: Vec<ExpectReport>,
    /// What was done to the stack, in order of time.
    pub steps: Vec<StepReport>,
    /// Delays over the whole run.
    pub latency: LatencyReport,
    /// Counts by cohort, device and stream.
    pub streams: Vec<StreamReport>,
    /// Devices with the most messages that did not arrive as they were said, then the longest delays; at most ten.
    pub worst_devices: Vec<WorstDevice>,
    /// Connections of the devices.
    pub connections: ConnectionsReport,
    /// Commands to the devices.
    pub commands: CommandsReport,
    /// The Bluetooth side, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radio: Option<RadioReport>,
    /// Vital signs around steps and failures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vitals: Vec<VitalStrip>,
    /// The generator itself.
    pub generator: GeneratorReport,
    /// What happened when.
    pub series: SeriesReport,
}

/// When and how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowReport {
    /// Start of the run, RFC 3339.
    pub started_at: String,
    /// `real`, `scaled` or `virtual`.
    pub mode: String,
    /// Simulated seconds per wall-clock second; 1 in virtual mode, where wall-clock time is simulated.
    pub speed: f64,
    /// Sent and not judged [s, simulated].
    pub warmup_s: f64,
    /// Planned length, warm-up included [s, simulated].
    pub length_s: f64,
    /// Length that was reached [s, simulated].
    pub reached_s: f64,
    /// Waiting for stragglers [s, wall clock].
    pub drain_s: f64,
    /// Whole duration, drain included [s, wall clock].
    pub wall_s: f64,
}

/// The machine the run was driven from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostReport {
    /// Processors available.
    pub cpu: u32,
}

/// One component of the user's stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetReport {
    /// Target id.
    pub id: String,
    /// As in the scenario: `embedded`, `mosquitto` or a URL.
    pub url: String,
    /// What answered there, such as `mosquitto 2.0.11`; empty when nobody can tell.
    pub identity: String,
}

/// What the judge remembers of settled messages, to compare late copies with what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MemoryReport {
    /// Newest settled messages remembered of each stream, at each probe that watches it.
    pub remembered_per_stream: u64,
    /// Most bytes that all of them can take.
    pub most_bytes: u64,
}

/// A time in which a probe could not see [s, wall clock since the run's origin].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlindTime {
    /// The last instant at which it is known to have seen.
    pub from_s: f64,
    /// When it saw again; `null` when it did not.
    pub to_s: Option<f64>,
    /// Why.
    pub reason: String,
}

/// One place where the stack was watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// Probe id.
    pub id: String,
    /// Its topic filters.
    pub filters: Vec<String>,
    /// Messages it saw.
    pub observed: u64,
    /// How many of them found their message by which rule.
    #[serde(default)]
    pub matched_by: BTreeMap<String, u64>,
    /// Streams of which the totals, and expectations that name no probe, count what it saw.
    pub routes: u64,
    /// Streams it watches.
    #[serde(default)]
    pub watched: u64,
    /// What it saw of them.
    #[serde(default)]
    pub counts: Counts,
    /// From the intended instants of what devices said to its observations.
    #[serde(default)]
    pub latency: DelayReport,
    /// Messages of the sessions that payload formats keep, such as births, by kind; they are no telemetry.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub session_messages: BTreeMap<String, u64>,
    /// What broke the rules of such sessions, and how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub session_flaws: BTreeMap<String, u64>,
    /// Copies brought to it again because it had been away.
    #[serde(default)]
    pub redelivered: u64,
    /// When it could not see.
    #[serde(default)]
    pub blind: Vec<BlindTime>,
}

/// One precondition of judging the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidityCheck {
    /// What must be so.
    pub name: String,
    /// Whether it is.
    pub holds: bool,
    /// The evidence.
    pub detail: String,
}

/// One expectation, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectReport {
    /// Its id.
    pub id: String,
    /// The expression as written.
    pub that: String,
    /// The probe of which it speaks, if it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
    /// `file:line`.
    pub location: String,
    /// `fail` or `info`: whether a failure fails the run.
    pub severity: String,
    /// Whether it speaks about safety, so that counted events outrank any doubt about the run.
    pub safety: bool,
    /// Outcome.
    pub verdict: Verdict,
    /// The number measured, in `unit`; `null` when there is none, or when it is infinite.
    pub value: Option<f64>,
    /// The number it was compared with, in `unit`.
    pub bound: f64,
    /// `s` for delays, `1` for counts and shares (0..1), else the unit of the metric, such as `dBm`.
    pub unit: String,
    /// The value for people: `1.84s`, `99.98%`, `never (1.5% did not arrive)`.
    pub reads: String,
    /// Messages that were looked at.
    pub samples: u64,
    /// Of them, how many never arrived; only for delays.
    pub never_arrived: u64,
    /// Begin of the window of intended instants [s, simulated].
    pub from_s: f64,
    /// End of the window [s, simulated].
    pub to_s: f64,
    /// Why it is inconclusive; empty otherwise.
    pub reason: String,
    /// The devices that did worst, worst first; at most ten.
    pub worst: Vec<Worst>,
    /// Single messages that speak against it; at most ten.
    pub counterexamples: Vec<Counterexample>,
    /// How many more there are.
    #[serde(default)]
    pub more: u64,
}

/// A device that did badly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// Its path.
    pub path: String,
    /// Its value in the expectation's unit (largest delay, count, or share); `null` when infinite.
    pub value: Option<f64>,
    /// The value for people.
    pub reads: String,
}

/// A message that speaks against an expectation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counterexample {
    /// Path of the stream.
    pub path: String,
    /// Its sequence number; `null` when the message could not be read.
    pub sequence: Option<u64>,
    /// When the device meant to say it [s, simulated]; `null` when that is not known any more.
    pub intended_s: Option<f64>,
    /// What happened.
    pub what: String,
}

/// One occurrence of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Step id.
    pub id: String,
    /// Which repetition, from 0.
    pub repetition: u32,
    /// Action.
    #[serde(rename = "do")]
    pub action: String,
    /// How many it acted on.
    pub picked_count: u64,
    /// Whom it acted on; at most a hundred paths.
    pub picked: Vec<String>,
    /// Begin [s, simulated].
    pub start_s: f64,
    /// Heal [s, simulated]; `null` for an action without duration.
    pub end_s: Option<f64>,
    /// Whether the run got there.
    pub reached: bool,
    /// What it really changed.
    pub evidence: BTreeMap<String, u64>,
    /// Whether any of the action's own evidence is above zero.
    pub effective: bool,
}

/// Delays over the whole run and all streams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencyReport {
    /// Observed - intended.
    pub e2e: DelayReport,
    /// Written - intended.
    pub send: DelayReport,
    /// Acknowledged - written.
    pub ack: DelayReport,
}

/// A distribution of delays. A percentile is `null` when it falls among the messages that never arrived, or when
/// there are no samples.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DelayReport {
    /// Delays, infinite ones included.
    pub samples: u64,
    /// Delays that never ended.
    pub never_arrived: u64,
    /// Median [s].
    pub p50_s: Option<f64>,
    /// 90th percentile [s].
    pub p90_s: Option<f64>,
    /// 99th percentile [s].
    pub p99_s: Option<f64>,
    /// 99.9th percentile [s].
    pub p99_9_s: Option<f64>,
    /// Largest [s].
    pub max_s: Option<f64>,
}

/// Counts of one stream of one device kind over all patients of a cohort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamReport {
    /// `cohort/*/device/stream`.
    pub path: String,
    /// Streams counted.
    pub routes: u64,
    /// Their counts.
    pub counts: Counts,
}

/// A device that did badly over the whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorstDevice {
    /// Its path.
    pub path: String,
    /// Messages said.
    pub generated: u64,
    /// Messages that were observed, and never as they were said or where they belong.
    #[serde(default)]
    pub altered: u64,
    /// Messages lost.
    pub lost: u64,
    /// Messages of which nobody can tell whether they were lost.
    #[serde(default)]
    pub unjudged: u64,
    /// Messages dropped by its outbox.
    pub dropped_declared: u64,
    /// Messages not settled.
    pub pending: u64,
    /// Longest delay of a delivered message [s].
    pub latency_max_s: Option<f64>,
}

/// Connections of the devices.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ConnectionsReport {
    /// Devices that are to connect.
    pub planned: u64,
    /// Most that were online at a time.
    pub peak: u64,
    /// Connections made, first ones and later ones.
    pub made: u64,
    /// Of them, with the session still there.
    pub session_present: u64,
    /// Failed attempts by reason.
    pub failed: BTreeMap<String, u64>,
    /// Ended connections by reason.
    pub ended: BTreeMap<String, u64>,
    /// What targets refused over connections that stood (subscriptions, messages) by reason.
    #[serde(default)]
    pub refused: BTreeMap<String, u64>,
    /// Paths of the first few devices to which each of these happened, by reason.
    #[serde(default)]
    pub whom: BTreeMap<String, Vec<String>>,
    /// Messages that devices gave up by reason.
    #[serde(default)]
    pub given_up: BTreeMap<String, u64>,
    /// From the attempt to the accepted connection.
    pub connect: DelayReport,
    /// From the lost link to the first message that got through again.
    pub reconnect: DelayReport,
    /// Messages sent again with the duplicate flag.
    pub resent: u64,
    /// Handshakes of TLS that came about.
    #[serde(default)]
    pub handshakes: u64,
    /// Of them, those that resumed a session.
    #[serde(default)]
    pub handshakes_resumed: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Bytes read.
    pub bytes_in: u64,
}

/// Commands to the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommandsReport {
    /// Messages on command topics that reached a device.
    pub received: u64,
    /// Applied.
    pub applied: u64,
    /// Understood and refused.
    pub refused: u64,
    /// Unreadable.
    pub malformed: u64,
    /// Answers given.
    pub answered: u64,
    /// Commands that reached a device which had had them already; they are carried out once.
    #[serde(default)]
    pub repeated: u64,
    /// Answers that were heard and that no device gave, or not there; any fails the run.
    #[serde(default)]
    pub forged: u64,
    /// Commands and answers that the probes saw.
    pub observed: u64,
}

/// The generator itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GeneratorReport {
    /// Median lag behind the intended instants [s]; `null` when nothing was measured.
    pub lag_p50_s: Option<f64>,
    /// 99th percentile [s].
    pub lag_p99_s: Option<f64>,
    /// Largest [s].
    pub lag_max_s: Option<f64>,
    /// Resident memory of the process [byte]; `null` when the system does not tell.
    pub rss_bytes: Option<u64>,
    /// Resident memory above what the process had before the devices, per device [byte].
    pub rss_per_device: Option<u64>,
}

/// What happened when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesReport {
    /// Width of a window [s, wall clock since the run's origin].
    pub window_s: f64,
    /// The windows, from the origin on.
    pub windows: Vec<SeriesWindow>,
}

/// One window. Counts are by the instant of the event, delays by the intended instant of the message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesWindow {
    /// Messages intended.
    pub generated: u64,
    /// Messages first written.
    pub sent: u64,
    /// Messages acknowledged.
    pub acked: u64,
    /// Messages first observed.
    pub delivered: u64,
    /// Messages dropped by outboxes.
    pub dropped: u64,
    /// Devices online at the end of the window; `null` before the first sample.
    pub connections: Option<u64>,
    /// Median end-to-end delay [s]; `null` when infinite or without a sample.
    pub latency_p50_s: Option<f64>,
    /// 99th percentile [s].
    pub latency_p99_s: Option<f64>,
    /// Largest finite delay [s].
    pub latency_max_s: Option<f64>,
    /// Messages intended in this window that never arrived.
    pub never_arrived: u64,
    /// The finite delays, mergeable: upper end of a bucket [ns] and count, ascending.
    pub latency_ns_counts: Vec<(i64, u32)>,
}
