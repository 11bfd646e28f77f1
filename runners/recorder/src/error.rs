//! Why a recording cannot be written or read.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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
    /// The folder holds a recording already.
    #[error("{} already holds a recording; choose another folder or give --force", folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// A file that no recording has noted would be overwritten.
    #[error("{} is in the way and of no recording; choose another folder or give --force", file.display())]
    Foreign {
        /// The first such file.
        file: PathBuf,
    },
}

impl Error {
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
}
