//! The folder of the reports: never overwritten silently.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// A folder that is this run's own. Dropped while nothing was written into it, it is taken away again.
#[derive(Debug)]
pub struct ReportFolder(PathBuf);

impl ReportFolder {
    /// Makes the folder. Without `force`, one that already holds something is left alone and the next free
    /// `folder-2`, `folder-3`, ... is taken.
    ///
    /// # Errors
    /// [`Error::Write`] when it cannot be made.
    pub fn claim(wanted: &Path, force: bool) -> Result<Self, Error> {
        claim(wanted, force).map(Self)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ReportFolder {
    fn drop(&mut self) {
        // A folder that holds something stays, and that is the only reason to fail that matters.
        let _ = fs::remove_dir(&self.0);
    }
}

fn claim(wanted: &Path, force: bool) -> Result<PathBuf, Error> {
    let folder = if force || is_free(wanted) {
        wanted.to_owned()
    } else {
        let numbered = |number: u32| {
            let mut name = wanted.file_name().unwrap_or_default().to_owned();
            name.push(format!("-{number}"));
            wanted.with_file_name(name)
        };
        let mut number = 2;
        while !is_free(&numbered(number)) {
            number += 1;
        }
        numbered(number)
    };
    fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
    Ok(folder)
}

fn is_free(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(!folder.exists(), |mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_reports_is_taken_away() {
        let root = tempfile::tempdir().expect("temporary folder");
        let wanted = root.path().join("out");
        drop(ReportFolder::claim(&wanted, false).expect("free"));
        assert!(!wanted.exists());
        let folder = ReportFolder::claim(&wanted, false).expect("free");
        fs::write(folder.path().join("run.json"), "{}").expect("writable");
        drop(folder);
        assert!(wanted.exists());
    }

    #[test]
    fn a_used_folder_is_left_alone() {
        let root = tempfile::tempdir().expect("temporary folder");
        let wanted = root.path().join("out");
        assert_eq!(claim(&wanted, false).expect("free"), wanted);
        assert_eq!(claim(&wanted, false).expect("empty is free"), wanted);
        fs::write(wanted.join("run.json"), "{}").expect("writable");
        assert_eq!(claim(&wanted, false).expect("numbered"), root.path().join("out-2"));
        assert_eq!(claim(&wanted, true).expect("forced"), wanted);
    }
}
