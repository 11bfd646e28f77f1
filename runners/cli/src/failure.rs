//! Why a command could not do what was asked, and the exit code that says so.

use std::fmt;
use std::io;
use std::path::PathBuf;

use scenarios::Diagnostic;

use crate::exit_code;

/// A list of diagnostics, one a line.
#[derive(Debug)]
pub(crate) struct Diagnostics(pub(crate) Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(formatter)?;
            }
            write!(formatter, "{diagnostic}")?;
        }
        Ok(())
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What plugins have registered has flaws.
    #[error("what this program is made of has flaws:\n{0}")]
    Registry(sim_core::Flaws),
    /// The scenario has mistakes.
    #[error("{0}")]
    Diagnostics(Diagnostics),
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
    /// A recording named in the scenario cannot be used.
    #[error("recording `{record}`: {reason}")]
    Recording {
        /// Name or path as written.
        record: String,
        /// What is wrong.
        reason: String,
    },
    /// The simulation could not be built.
    #[error(transparent)]
    Build(#[from] sim_core::BuildError),
    /// The Bluetooth side could not be built.
    #[error(transparent)]
    Radio(#[from] device_models::bluetooth::RadioError),
    /// The output folder is in the way.
    #[error("{} already exists; choose another folder or give --force", folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be read, or is not what it should be.
    #[error("cannot read {}: {reason}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// A target could not be reached.
    #[error("target `{target}`: {reason}")]
    Unreachable {
        /// Target id.
        target: String,
        /// What happened.
        reason: String,
    },
    /// A target's URL cannot be used.
    #[error("target `{target}`: {reason}")]
    Target {
        /// Target id.
        target: String,
        /// What is wrong.
        reason: String,
    },
    /// The machine does not give what the run needs.
    #[error("{0}")]
    Resources(String),
}

impl Failure {
    /// A file that could not be written.
    pub(crate) fn write(file: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let file = file.into();
        move |source| Self::Write { file, source }
    }

    /// A file that could not be read.
    pub(crate) fn read<E: fmt::Display>(file: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        let file = file.into();
        move |reason| Self::Read { file, reason: reason.to_string() }
    }

    /// The exit code for it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable { .. } => exit_code::TARGET_UNREACHABLE,
            Self::Registry(_) => exit_code::SOFTWARE,
            Self::Diagnostics(_)
            | Self::Unknown(_)
            | Self::Argument { .. }
            | Self::Recording { .. }
            | Self::Build(_)
            | Self::Radio(_)
            | Self::Exists { .. }
            | Self::Write { .. }
            | Self::Read { .. }
            | Self::Target { .. }
            | Self::Resources(_) => exit_code::INVALID,
        }
    }
}
