//! The scenario language: from a file to a checked, fully expanded [`Plan`].
//!
//! [`load`] reads a scenario with its includes, finds every error at once (`file:line:column: error: ...`), and expands
//! it into a plan that is a pure function of file, variables and seed. Names of actions, devices, patient models,
//! payload formats and metrics come from the [`sim_core::Registry`] alone.

mod air;
mod cadence;
mod canonical;
mod clock;
mod cohort;
mod command;
mod condition;
mod diagnostic;
mod document;
mod expectation;
mod foresight;
mod gateway;
mod grammar;
mod host;
mod include;
mod json_schema;
mod link;
mod load;
mod names;
mod parameter;
mod path;
mod patient;
mod patient_condition;
mod placement;
mod plan;
mod plan_json;
mod plan_text;
mod population;
mod probe;
mod profile;
mod profile_list;
mod radio_link;
mod reader;
mod reference;
mod schema;
mod site;
mod source;
mod step;
mod suggestion;
mod template;
mod timeline;
mod toml_edition;
mod variables;

pub use canonical::plan_sha256;
pub use clock::VIRTUAL_EPOCH_NS;
pub use diagnostic::{Diagnostic, DiagnosticSeverity};
pub use json_schema::json_schema;
pub use load::{Loaded, Settings, load};
pub use plan::{
    AuthPlan, Backoff, BackoffKind, Carrier, Comparison, Condition, Endpoint, ExpectPlan, HostPlan, LinkPlan,
    OutboxFull, OutboxPlan, Plan, ProbePlan, Protocol, ReportPlan, SessionPlan, Severity, Statistic, TargetPlan,
    TimeMode, TimePlan, Will,
};
pub use plan_json::plan_json;
pub use plan_text::plan_text;
pub use profile_list::{Described, conditions, profiles};
pub use reference::reference;
pub use source::{Files, Source, SourceError, Texts};
