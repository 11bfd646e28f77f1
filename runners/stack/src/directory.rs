//! The directory a broker writes to.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::BrokerError;

/// Only the owner may enter.
const OWNER_ONLY: u32 = 0o700;

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
            None => private("broker-").map(Self::Private),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Private(directory) => directory.path(),
        }
    }
}

/// A new directory that nobody else may enter, and that is removed with the value.
pub(crate) fn private(prefix: &str) -> Result<TempDir, BrokerError> {
    let made = tempfile::Builder::new().prefix(prefix).permissions(Permissions::from_mode(OWNER_ONLY)).tempdir();
    made.map_err(|source| BrokerError::Directory { path: std::env::temp_dir(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_broker_writes_is_nobody_elses() {
        let directory = BrokerDirectory::prepare(None).unwrap();
        assert_eq!(directory.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
