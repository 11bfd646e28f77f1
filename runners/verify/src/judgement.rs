//! What a closed ledger says.

use sim_core::SimTime;

use crate::delays::Delays;
use crate::report::{ExpectReport, LatencyReport, MemoryReport, ProbeReport, SeriesReport, StreamReport, WorstDevice};
use crate::totals::Totals;

/// What the run amounts to, before what only the runner knows is added.
#[derive(Debug)]
pub struct Judgement {
    /// Counts of the whole run.
    pub totals: Totals,
    /// The messages that were lost, one by one.
    pub lost: LostMessages,
    /// Where the books contradict themselves; anything here is a fault of the judge.
    pub(crate) contradictions: Vec<String>,
    pub(crate) unmatched: Option<Unmatched>,
    pub(crate) expect: Vec<ExpectReport>,
    pub(crate) latency: LatencyReport,
    pub(crate) streams: Vec<StreamReport>,
    pub(crate) worst_devices: Vec<WorstDevice>,
    pub(crate) probes: Vec<ProbeReport>,
    pub(crate) unwatched_routes: u64,
    pub(crate) memory: MemoryReport,
    pub(crate) peak_connections: u64,
    pub(crate) series: SeriesReport,
    pub(crate) lag: Delays,
}

/// Messages lost on the way to a probe, of each stream at each probe that watches it, in order of stream, probe and sequence;
/// cut at 100 000.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LostMessages {
    /// The first of them.
    pub rows: Vec<LostMessage>,
    /// How many there were.
    pub total: u64,
}

/// A message that was written and not observed by the end of the drain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostMessage {
    /// Path of the stream.
    pub path: String,
    /// Id of the probe that did not see it.
    pub probe: String,
    /// Sequence number within the stream.
    pub sequence: u64,
    /// When the device meant to say it.
    pub intended: SimTime,
    /// When it was first written [ns of wall clock since the run's origin].
    pub sent_at: i64,
    /// When it was acknowledged; `None` when it was not.
    pub acked_at: Option<i64>,
}

/// Sightings on topics of ours that no rule could match with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unmatched {
    /// How many.
    pub(crate) sightings: u64,
    /// Routes they may belong to, of which nobody can tell what was lost.
    pub(crate) routes: u64,
    /// Path of the first of these routes.
    pub(crate) first_path: String,
    /// Its format.
    pub(crate) format: String,
}
