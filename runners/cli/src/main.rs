//! The program `iomt`: the built-in models behind the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    iomt::run_command_line(iomt::standard_registry())
}
