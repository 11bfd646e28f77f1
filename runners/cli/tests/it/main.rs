//! The program as a user runs it.

mod command_line;
mod determinism;
mod documents;
mod foresight;
mod guides;
mod mutations;
mod profiles;
mod templates;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `iomt` in the root of the repository.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iomt"));
    command.args(arguments).current_dir(root()).env("NO_COLOR", "1");
    command
}

/// Runs it to the end.
fn iomt(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

/// Standard output of a successful run.
fn result(arguments: &[&str]) -> String {
    let output = iomt(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output is text")
}
