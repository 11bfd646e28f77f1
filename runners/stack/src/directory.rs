//! The directory a broker writes to.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::BrokerError;

/// A directory given by the caller, who keeps it, or a private one (mode 0700) that is removed with this value.
#[derive(Debug)]
pub(crate) enum BrokerDirectory {
    Given(PathBuf),
    Private(TempDir),
}

impl BrokerDirectory {
    pub(crate) fn prepare(given: Option<&Path>) -> Result<Self, BrokerError> {
        match given {
            Some(path) => fs::create_dir_all(path)
                .and_then(|()| path.canonicalize())
                .map(Self::Given)
                .map_err(|source| BrokerError::Directory { path: path.to_owned(), source }),
            None => tempfile::Builder::new()
                .prefix("broker-")
                .tempdir()
                .map(Self::Private)
                .map_err(|source| BrokerError::Directory { path: std::env::temp_dir(), source }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Private(directory) => directory.path(),
        }
    }
}
