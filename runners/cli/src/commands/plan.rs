//! `iomt plan`: the expanded, seeded timeline.

use sim_core::Registry;

use crate::arguments::Scenario;
use crate::failure::Failure;
use crate::{output, scenario_file};

/// Prints the plan as text or JSON.
///
/// # Errors
/// [`Failure`] when the scenario is invalid.
pub(crate) fn plan(scenario: &Scenario, json: bool, registry: &Registry) -> Result<(), Failure> {
    let plan = scenario_file::plan(scenario, registry)?;
    if json {
        output::result(format_args!("{:#}", scenarios::plan_json(&plan)))
    } else {
        output::result(scenarios::plan_text(&plan).trim_end())
    }
}
