//! Truth and judgement: what every device said, what was seen of it, whether that is as it must be, and the reports.
//!
//! The [`Ledger`] is told of every message (generated, written, acknowledged, dropped, observed) and keeps a bounded
//! record per route. Expectations of the plan are evaluated while messages settle. [`Ledger::finish`] gives a
//! [`Judgement`]; together with what only the runner knows ([`ReportInput`]) it becomes a [`RunReport`], the content of
//! `run.json`, from which every other report is drawn.
//!
//! There are no sockets and no clock here: the runner feeds events with their instants.

mod assembly;
mod book;
mod delay_buckets;
mod delays;
mod event;
mod expectation;
mod fate;
mod figures;
mod html;
mod junit;
mod ledger;
mod lost_csv;
mod metrics;
mod radio_report;
mod report;
mod report_files;
mod report_input;
#[cfg(test)]
mod report_tests;
mod run_json;
#[cfg(test)]
mod sample_run;
mod series;
mod terminal;
mod topic_filter;
mod topics;
mod totals;
mod verdict;

pub use book::LedgerError;
pub use event::{Event, MessageName, RadioLinkChange};
pub use junit::JunitError;
pub use ledger::{Judgement, Ledger, Limits, LostMessage, LostMessages};
pub use metrics::register;
pub use radio_report::{GatewayReport, RadioDeviceReport, RadioEndpointReport, RadioReport};
pub use report::{
    CommandsReport, ConnectionsReport, Counterexample, DelayReport, ExpectReport, GeneratorReport, HostReport,
    LatencyReport, ProbeReport, RunReport, SeriesReport, SeriesWindow, StepReport, StreamReport, TargetReport,
    ValidityCheck, WindowReport, Worst, WorstDevice,
};
pub use report_files::{ReportFileError, write_reports};
pub use report_input::{CommandCounts, ConnectionCounts, ReportInput};
pub use run_json::{FORMAT, RunJsonError, SCHEMA};
pub use totals::{Counts, Totals};
pub use verdict::{ExitCode, Verdict};
