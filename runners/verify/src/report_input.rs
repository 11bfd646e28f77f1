//! What only the runner knows about a run: everything a report needs beside the plan and the ledger.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use sim_core::{Evidence, SimId, SimTime};

use crate::KeptVitals;
use crate::RadioReport;
use crate::TargetReport;

/// Facts the runner gives when the run is over. Histograms hold nanoseconds and are empty when nothing was measured.
#[derive(Debug, Clone)]
pub struct ReportInput {
    /// Version of the tool, such as `iomt 0.1.0`.
    pub tool: String,
    /// Identity of this run.
    pub run: String,
    /// The command that repeats it, such as `iomt run icu.toml --seed 42`.
    pub reproduce: String,
    /// SHA-256 of the expanded plan, hexadecimal.
    pub plan_sha256: String,
    /// Start of the run [ns since the Unix epoch].
    pub started_epoch_ns: i64,
    /// Duration of the run, drain included [ns of wall clock].
    pub wall_ns: i64,
    /// How much of that was waiting for stragglers [ns of wall clock].
    pub drain_ns: i64,
    /// How far simulated time came.
    pub reached: SimTime,
    /// Whether somebody stopped the run before its end.
    pub interrupted: bool,
    /// Processors available to the process.
    pub cpu: u32,
    /// What answered at each target, in the order of the plan.
    pub targets: Vec<TargetReport>,
    /// What the steps changed: the simulation's evidence merged with that of links and actors.
    pub evidence: Evidence,
    /// Connections of the devices.
    pub connections: ConnectionCounts,
    /// Commands to the devices.
    pub commands: CommandCounts,
    /// The Bluetooth side, if there is one.
    pub radio: Option<RadioReport>,
    /// Vital signs that were kept.
    pub vitals: Vec<KeptVitals>,
    /// Resident memory of the process at the end of the run, before the reports are made [byte].
    pub rss_bytes: Option<u64>,
    /// Resident memory before the devices were made [byte].
    pub rss_before_bytes: Option<u64>,
    /// Further reasons not to trust the run, each a short sentence; any makes the run inconclusive.
    pub doubts: Vec<String>,
    /// What proves harm whether or not an expectation speaks of it, each a short sentence; any fails the run.
    pub harm: Vec<String>,
}

/// What the fleet counted about connections.
#[derive(Debug, Clone)]
pub struct ConnectionCounts {
    /// Devices that are to connect.
    pub planned: u64,
    /// Connections accepted.
    pub made: u64,
    /// Of them, with the session still there.
    pub session_present: u64,
    /// Connections that somebody else with the same client id took over, as targets say.
    pub taken_over: u64,
    /// Connections that ended as when somebody else takes them over again and again, without a word of the target.
    pub contested: u64,
    /// Handshakes of TLS that came about.
    pub handshakes: u64,
    /// Of them, those that resumed a session.
    pub handshakes_resumed: u64,
    /// Failed attempts by reason.
    pub failed: BTreeMap<String, u64>,
    /// Ended connections by reason.
    pub ended: BTreeMap<String, u64>,
    /// What targets refused over connections that stood by reason.
    pub refused: BTreeMap<String, u64>,
    /// The first few devices of the plan to which each of these happened, by reason.
    pub whom: BTreeMap<String, Vec<SimId>>,
    /// Messages that devices gave up by reason.
    pub given_up: BTreeMap<String, u64>,
    /// From the attempt to the accepted connection [ns].
    pub connect_time: Histogram<u64>,
    /// From the lost link to the first message that got through again [ns].
    pub reconnect_time: Histogram<u64>,
    /// Messages sent again with the duplicate flag.
    pub resent: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Bytes read.
    pub bytes_in: u64,
}

impl Default for ConnectionCounts {
    fn default() -> Self {
        let empty = || Histogram::new(3).expect("three significant digits are within 0..=5");
        Self {
            planned: 0,
            made: 0,
            session_present: 0,
            taken_over: 0,
            contested: 0,
            handshakes: 0,
            handshakes_resumed: 0,
            failed: BTreeMap::new(),
            ended: BTreeMap::new(),
            refused: BTreeMap::new(),
            whom: BTreeMap::new(),
            given_up: BTreeMap::new(),
            connect_time: empty(),
            reconnect_time: empty(),
            resent: 0,
            bytes_out: 0,
            bytes_in: 0,
        }
    }
}

/// What became of the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommandCounts {
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
    pub repeated: u64,
    /// Answers that were heard and that no device gave, or not there.
    pub forged: u64,
}
