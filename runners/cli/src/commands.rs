//! The subcommands.

mod check;
mod completions;
mod fingerprint;
mod lists;
mod plan;
mod plot;
mod record;
mod run;
mod templates;

use sim_core::Registry;

use crate::arguments::Command;
use crate::failure::Failure;
use crate::{exit_code, output};

/// Does what the command line asks and returns the exit code.
///
/// # Errors
/// [`Failure`] when it cannot be done.
pub(crate) fn execute(command: Command, mut registry: Registry) -> Result<u8, Failure> {
    match command {
        Command::Check { files, variables, deny_warnings, connect } => {
            return check::check(&files, &variables, deny_warnings, connect, &registry);
        }
        Command::Plan { scenario, json } => plan::plan(&scenario, json, &registry)?,
        Command::Run { scenario, out, force, threads, partition, truth, keep, quiet } => {
            let threads = usize::from(threads);
            let request = run::Request { out, force, threads, partition, keep, truth, quiet };
            return run::run(&scenario, &request, &mut registry);
        }
        Command::Record { scenario, out, length, edf, force, threads } => {
            let request = record::Request { out, length, edf, force, threads: usize::from(threads) };
            return record::record(&scenario, &request, &mut registry);
        }
        Command::Plot { scenario, on, from, to, length, out, layout, show, title } => {
            let request = plot::Request { on, from, to, length, out, layout, show, title };
            plot::plot(&scenario, &request, &mut registry)?;
        }
        Command::Fingerprint { scenario, length, threads, tick, partition } => {
            let request = fingerprint::Request { length, threads: usize::from(threads), tick, partition };
            fingerprint::fingerprint(&scenario, &request, &mut registry)?;
        }
        Command::Actions { prefix } => lists::actions(&registry, prefix.as_deref().unwrap_or_default())?,
        Command::Devices { prefix } => lists::devices(&registry, prefix.as_deref().unwrap_or_default())?,
        Command::Metrics { prefix } => lists::metrics(&registry, prefix.as_deref().unwrap_or_default())?,
        Command::Patients { prefix } => lists::patients(&registry, prefix.as_deref().unwrap_or_default())?,
        Command::Schema { format: None } => output::result(format_args!("{:#}", scenarios::json_schema(&registry)))?,
        Command::Schema { format: Some(format) } => lists::format_schema(&registry, &format)?,
        Command::Templates { preset: Some(preset), file: Some(file), variables, out: Some(out) } => {
            templates::write(&preset, &file, &variables, &out, &registry)?;
        }
        Command::Templates { .. } => templates::list()?,
        Command::Reference => output::result(scenarios::reference(&registry).trim_end())?,
        Command::Completions { shell } => completions::print(shell)?,
    }
    Ok(exit_code::PASS)
}
