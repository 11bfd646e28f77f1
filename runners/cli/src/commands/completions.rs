//! `iomt completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::CommandLine;
use crate::failure::Failure;
use crate::output;

/// Prints the script.
///
/// # Errors
/// [`Failure::Output`] when it cannot be printed.
pub(crate) fn print(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "iomt", &mut script);
    output::result(String::from_utf8_lossy(&script).trim_end())
}
