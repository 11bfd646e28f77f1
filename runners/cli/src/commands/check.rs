//! `iomt check`: every mistake of every file at once.

use std::path::PathBuf;
use std::time::Duration;

use broker::BrokerChoice;
use scenarios::Plan;
use sim_core::Registry;

use crate::arguments::Variables;
use crate::failure::{Diagnostics, Failure};
use crate::{exit_code, load, output};

/// How long `--connect` waits for each target.
const PATIENCE: Duration = Duration::from_secs(3);

/// Checks the files and returns the exit code.
///
/// # Errors
/// [`Failure::Unreachable`] when `connect` is asked and a target does not answer.
pub(crate) fn check(
    files: &[PathBuf],
    variables: &Variables,
    deny_warnings: bool,
    connect: bool,
    registry: &Registry,
) -> Result<u8, Failure> {
    let settings = load::settings(variables);
    let mut valid = true;
    for file in files {
        match load::load(file, &settings, registry) {
            Ok((plan, warnings)) => {
                valid &= warnings.is_empty() || !deny_warnings;
                if !warnings.is_empty() {
                    output::note(Diagnostics(warnings));
                }
                if connect {
                    reach(&plan)?;
                }
                output::result(format_args!(
                    "{}: ok ({} patients, {} devices, {} steps, {} expectations)",
                    file.display(),
                    plan.roster.patients.len(),
                    plan.roster.devices.len() - plan.roster.gateways.len(),
                    plan.occurrences.len(),
                    plan.expects.len()
                ));
            }
            Err(Failure::Diagnostics(diagnostics)) => {
                valid = false;
                output::note(diagnostics);
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(if valid { exit_code::PASS } else { exit_code::INVALID })
}

/// Tries the targets that are somebody else's.
fn reach(plan: &Plan) -> Result<(), Failure> {
    for (index, target) in plan.targets.iter().enumerate() {
        if plan.host_of(index).is_some() {
            continue;
        }
        let choice = BrokerChoice::parse(&target.url)
            .map_err(|error| Failure::Target { target: target.id.clone(), reason: error.to_string() })?;
        if let BrokerChoice::External(address) = choice {
            fleet::check_reachable(&address.host, address.port, PATIENCE)
                .map_err(|error| Failure::Unreachable { target: target.id.clone(), reason: error.to_string() })?;
            output::note(format_args!("target `{}`: {address} answers", target.id));
        }
    }
    Ok(())
}
