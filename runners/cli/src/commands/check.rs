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
/// [`Failure::Session`] when `connect` is asked and the system gives no threads.
pub(crate) fn check(
    files: &[PathBuf],
    variables: &Variables,
    deny_warnings: bool,
    connect: bool,
    registry: &Registry,
) -> Result<u8, Failure> {
    let settings = scenario_file::settings(variables);
    let (mut valid, mut reachable) = (true, true);
    for file in files {
        match scenario_file::load(file, &settings, registry) {
            Ok((plan, warnings)) => {
                valid &= warnings.is_empty() || !deny_warnings;
                if !warnings.is_empty() {
                    output::note(Diagnostics(warnings));
                }
                if connect {
                    for target in session::check_targets(&plan, registry)? {
                        reachable &= target.is_sound();
                        output::note(target);
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
    Ok(match (valid, reachable) {
        (false, _) => exit_code::INVALID,
        (true, false) => exit_code::TARGET_UNREACHABLE,
        (true, true) => exit_code::PASS,
    })
}
