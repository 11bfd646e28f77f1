//! The command line of the testbed, as a library, so that a vendor's own program is a few lines: a [`Program`] with
//! own plugins. Whatever a plugin needs of the testbed is re-exported here.

mod arguments;
mod commands;
pub mod exit_code;
mod failure;
mod interruption;
mod output;
mod program;
mod progress;
mod scenario_file;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use sim_core::Registry;

use crate::arguments::CommandLine;
use crate::failure::Failure;

/// The entity-component system of the kernel, in the version that it uses.
pub use bevy_ecs;
pub use program::Program;
pub use session::standard_registry;
/// Everything that a vendor's crate needs besides, so that it needs no other dependency on the testbed.
pub use {carriers, device_models, formats, probes, radio_plan, scenarios, session, sim_core, verify, vocabulary};

/// Parses the process's arguments, does what they say and returns the exit code. A registry with flaws ends at once,
/// whatever the arguments: each flaw is told with the plugin it came from.
pub fn run_command_line(registry: Registry) -> ExitCode {
    if let Err(flaws) = registry.check() {
        let failure = Failure::Registry(flaws);
        output::failure(&failure);
        return ExitCode::from(failure.exit_code());
    }
    let program = registry.program();
    let command = CommandLine::command().name(program.name).bin_name(program.name).version(program.long_version());
    let parsed = command.try_get_matches().and_then(|matches| CommandLine::from_arg_matches(&matches));
    let command_line = match parsed {
        Ok(command_line) => command_line,
        Err(error) => {
            // Help and version are not errors for the caller; everything else is an invalid argument.
            let code = if error.use_stderr() { exit_code::INVALID } else { exit_code::PASS };
            // Nothing is left to do when the terminal is gone.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match commands::execute(command_line.command, registry) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            output::failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
