//! `iomt fingerprint`: one JSON line over everything the devices say.

use session::Partition;
use sim_core::Registry;

use crate::arguments::Scenario;
use crate::failure::Failure;
use crate::{output, scenario_file};

/// What is asked.
#[derive(Debug)]
pub(crate) struct Request {
    /// Simulated length instead of the scenario's.
    pub(crate) length: Option<String>,
    /// Threads that simulate.
    pub(crate) threads: usize,
    /// Simulated time between two exchanges.
    pub(crate) tick: String,
    /// Only one part of the patients.
    pub(crate) partition: Option<Partition>,
}

/// Prints `{"sha256":..,"messages":..,"bytes":..}`.
///
/// # Errors
/// [`Failure`] when the scenario or an argument is invalid.
pub(crate) fn fingerprint(scenario: &Scenario, request: &Request, registry: &mut Registry) -> Result<(), Failure> {
    let plan = scenario_file::plan(scenario, registry)?;
    session::load_recordings(&plan, registry)?;
    let length = match &request.length {
        Some(text) => scenario_file::span("length", text)?,
        None => plan.time.length,
    };
    let tick = scenario_file::span("tick", &request.tick)?;
    let fingerprint = session::fingerprint(&plan, registry, length, request.threads, tick, request.partition)?;
    let (sha256, messages, bytes) = (fingerprint.hex(), fingerprint.messages, fingerprint.bytes);
    output::result(format_args!(r#"{{"sha256":"{sha256}","messages":{messages},"bytes":{bytes}}}"#))
}
