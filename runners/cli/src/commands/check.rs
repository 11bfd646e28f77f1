//! `iomt check`: every mistake of every file at once.

use std::path::PathBuf;

use session::{Diagnostics, Error};
use sim_core::Registry;

use crate::arguments::Variables;
use crate::failure::Failure;
use crate::{exit_code, output, scenario_file};

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
    let settings = scenario_file::settings(variables);
    let mut valid = true;
    for file in files {
        match scenario_file::load(file, &settings, registry) {
            Ok((plan, warnings)) => {
                valid &= warnings.is_empty() || !deny_warnings;
                if !warnings.is_empty() {
                    output::note(Diagnostics(warnings));
                }
                if connect {
                    for (target, address) in session::check_targets(&plan, registry)? {
                        output::note(format_args!("target `{target}`: {address} answers"));
                    }
                }
                output::result(format_args!(
                    "{}: ok ({} patients, {} devices, {} steps, {} expectations)",
                    file.display(),
                    plan.roster.patients.len(),
                    plan.roster.devices.len() - plan.air.gateways.len(),
                    plan.occurrences.len(),
                    plan.expects.len()
                ))?;
            }
            Err(Error::Diagnostics(diagnostics)) => {
                valid = false;
                output::note(diagnostics);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(if valid { exit_code::PASS } else { exit_code::INVALID })
}
