//! One run of a scenario, from the plan to the verdict, as a library.
//!
//! ```no_run
//! let mut registry = session::standard_registry();
//! let outcome = session::Run::load("scenarios/library/quickstart.toml", &mut registry)?.run()?;
//! println!("{}", outcome.summary(&[], session::Look::default()));
//! # Ok::<(), session::Error>(())
//! ```
//!
//! Nothing is printed here: what a person should know goes to an [`Observer`].

mod airwaves;
mod command_step;
mod commander;
mod connection_check;
mod driver;
mod error;
mod events;
mod fingerprint;
mod for_hosts;
mod inbox;
mod judge;
mod observer;
mod offline;
mod orchestrator;
mod outside;
mod partition;
mod publication;
mod recording;
mod recordings;
mod report_folder;
mod run;
mod timeline;
mod truth_record;
mod usage;
mod vitals;

pub use connection_check::{Attempt, TargetCheck, check_targets};
pub use error::{Diagnostics, Error};
pub use fingerprint::fingerprint;
pub use judge::Consumer;
pub use observer::{Interrupt, Note, Observer, Progress, Silent};
pub use offline::{Messages, Offline};
pub use partition::Partition;
pub use recording::Recording;
pub use recordings::load_recordings;
pub use report_folder::ReportFolder;
pub use reports::{Look, NoRun};
pub use run::{Outcome, Run};

use sim_core::Registry;

/// The registry with every built-in model, action, format and expectation metric.
pub fn standard_registry() -> Registry {
    let mut registry = Registry::new();
    device_models::register(&mut registry);
    registry.add_plugin(&carriers::Carriers);
    registry.add_plugin(&probes::Probes);
    verify::register(&mut registry);
    register(&mut registry);
    registry
}

/// Adds what a run itself contributes to scenarios: `cmd.send`.
pub fn register(registry: &mut Registry) {
    command_step::register(registry);
}
