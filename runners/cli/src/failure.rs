//! Why a command could not do what was asked, and the exit code that says so.

use std::io;
use std::path::PathBuf;

use session::Error;

use crate::exit_code;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What plugins have registered has flaws.
    #[error("what this program is made of has flaws:\n{0}")]
    Registry(sim_core::Flaws),
    /// A run, or what it needs, failed.
    #[error(transparent)]
    Session(#[from] Error),
    /// An argument has a value that cannot be.
    #[error("--{flag}: {reason}")]
    Argument {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Nothing has the name that was asked for.
    #[error("{0}")]
    Unknown(String),
    /// A recording cannot be written or read.
    #[error(transparent)]
    Recorder(#[from] recorder::Error),
    /// A file could not be written.
    #[error("cannot write {}: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was asked for could not be printed.
    #[error("cannot write to standard output: {source}")]
    Output {
        /// Why.
        source: io::Error,
    },
    /// The run has a verdict, and its reports could not be written.
    #[error("the reports are not whole: {0}")]
    Reports(Error),
}

impl Failure {
    /// A file that could not be written.
    pub(crate) fn write(file: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let file = file.into();
        move |source| Self::Write { file, source }
    }

    /// The exit code for it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Output { .. } | Self::Reports(_) => exit_code::UNWRITTEN,
            Self::Session(Error::Unreachable { .. }) => exit_code::TARGET_UNREACHABLE,
            Self::Registry(_) | Self::Session(Error::Panicked(_)) => exit_code::SOFTWARE,
            Self::Session(_) | Self::Unknown(_) | Self::Argument { .. } | Self::Recorder(_) | Self::Write { .. } => {
                exit_code::INVALID
            }
        }
    }
}
