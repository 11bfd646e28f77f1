//! Truth and judgement: what every device said, what was seen of it, and whether that is as it must be.
//!
//! The [`Ledger`] is told of every message (generated, written, acknowledged, dropped, observed) and keeps a bounded
//! record per route. Expectations of the plan are evaluated while messages settle. [`Ledger::finish`] gives a
//! [`Judgement`]; together with what only the runner knows ([`ReportInput`]) it becomes a [`RunReport`], the content of
//! `run.json`, from which every report is drawn.
//!
//! There are no sockets and no clock here: the runner feeds events with their instants.

mod connection_times;
mod delay_buckets;
mod delays;
mod difference;
mod entry;
mod event;
mod expectation;
mod eyesight;
mod fate;
pub mod figures;
mod imprint;
mod json_lines;
mod judgement;
mod ledger;
mod matcher;
mod matchers;
mod measure;
mod metrics;
mod names;
mod planned_outages;
mod radio_report;
mod recent_payloads;
mod report;
mod report_input;
mod report_lines;
#[cfg(test)]
mod report_tests;
mod route_formats;
mod route_record;
mod run_json;
mod run_report;
#[cfg(test)]
mod sample_run;
mod series;
mod sessions;
mod settled_wordings;
mod topics;
mod totals;
mod unread;
mod verdict;
mod vital_sign;
mod vital_strip;

use sim_core::{Plugin, Registry};

pub use event::{Event, MessageName, RadioLinkChange};
pub use fate::{Delay, End, Fate, Incident, LinkFate};
pub use judgement::{Judgement, LostMessage, LostMessages};
pub use ledger::{LEAST_REMEMBERED, Ledger, LedgerLimits};
pub use matcher::{Claim, Finding, Known, Matcher, MatcherSpec, Recall};
pub use matchers::MESSAGE_PROPERTY;
pub use measure::{Contribution, Measure, Measuring, RunDistributions, listens_to_the_end};
pub use planned_outages::OutsideSteps;
pub use radio_report::{GatewayReport, HostStreamReport, RadioDeviceReport, RadioEndpointReport, RadioReport};
pub use report::{
    BlindTime, CommandsReport, ConnectionsReport, Counterexample, DelayReport, ExpectReport, GeneratorReport,
    HostReport, LatencyReport, MemoryReport, ProbeReport, RunReport, SeriesReport, SeriesWindow, StepReport,
    StreamReport, TargetReport, ValidityCheck, WindowReport, Worst, WorstDevice,
};
pub use report_input::{CommandCounts, ConnectionCounts, ReportInput};
pub use route_record::LedgerError;
pub use run_json::{FORMAT, RunJsonError, SCHEMA};
pub use totals::{Counts, Totals};
pub use verdict::{ExitCode, Verdict};
pub use vital_sign::{VITAL_SIGNS, VitalSign, VitalSignRow};
pub use vital_strip::{KeptCurve, KeptVitals, VitalCurve, VitalPanel, VitalStrip};

/// Adds what judging knows by itself.
pub fn register(registry: &mut Registry) {
    registry.add_plugin(&Judging);
}

/// The built-in expectation metrics and rules of matching.
#[derive(Debug, Clone, Copy)]
pub struct Judging;

impl Plugin for Judging {
    fn name(&self) -> &'static str {
        "judging"
    }

    fn register(&self, registry: &mut Registry) {
        metrics::register(registry);
        matchers::register(registry);
    }
}
