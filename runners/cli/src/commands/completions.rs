//! `iomt completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::CommandLine;
use crate::output;

/// Prints the script.
pub(crate) fn print(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "iomt", &mut script);
    output::result(String::from_utf8_lossy(&script).trim_end());
}
