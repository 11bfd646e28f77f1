//! Why a run could not take place.

use std::fmt;
use std::io;
use std::path::PathBuf;

use scenarios::Diagnostic;
use sim_core::ExecutionError;

/// A list of diagnostics, one a line.
#[derive(Debug)]
pub struct Diagnostics(pub Vec<Diagnostic>);

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

/// Why a run could not take place.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The scenario has mistakes.
    #[error("{0}")]
    Diagnostics(Diagnostics),
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
    Radio(#[from] bluetooth::RadioError),
    /// A recording could not be written.
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
    /// A model panicked: the simulation cannot go on, and nothing it said so far can be judged.
    #[error(transparent)]
    Panicked(#[from] ExecutionError),
    /// The machine does not give what the run needs.
    #[error("{0}")]
    Resources(String),
}

impl Error {
    /// A file that could not be written.
    pub(crate) fn write(file: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let file = file.into();
        move |source| Self::Write { file, source }
    }
}
