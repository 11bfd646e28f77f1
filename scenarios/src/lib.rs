//! The scenario language: from a file to a checked, fully expanded [`Plan`].
//!
//! [`load`] reads a scenario with its includes, finds every error at once (`file:line:column: error: ...`), and expands
//! it into a plan that is a pure function of file, variables and seed. Names of actions, devices, patient models,
//! payload formats and metrics come from the [`sim_core::Registry`] alone.

mod events;
mod foresight;
mod json_schema;
mod judgement;
mod language;
mod load;
mod network;
mod people;
mod plan;
mod reference;

pub use events::clock::VIRTUAL_EPOCH_NS;
pub use json_schema::json_schema;
pub use language::diagnostic::{Diagnostic, DiagnosticSeverity};
pub use language::pem::{check_certificate, check_private_key};
pub use language::preset::{PRESETS, Preset};
pub use language::settings::Settings;
pub use language::source::{Files, Source, SourceError, Texts};
pub use language::suggestion::closest;
pub use load::{Loaded, load};
pub use network::topic_filter::topic_matches;
pub use people::profile_list::{Described, conditions, profiles};
pub use plan::identity::plan_sha256;
pub use plan::json::plan_json;
pub use plan::text::plan_text;
pub use plan::{
    Algorithm, AuthPlan, Backoff, BackoffKind, Carrier, CertificatePlan, Comparison, Condition, Delivery, Endpoint,
    ExpectPlan, HostPlan, LinkAuth, LinkPlan, Mqtt5Plan, OutboxFull, OutboxPlan, Plan, ProbePlan, ProbeTopics,
    Protocol, ReportPlan, SessionPlan, Severity, Statistic, TargetPlan, TimeMode, TimePlan, TokenKind, TokenPlan, Will,
};
pub use reference::reference;
