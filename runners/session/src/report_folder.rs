//! The folder of the reports: never overwritten silently.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// File that says whose a folder is while nothing else stands in it.
const MARK: &str = ".claimed";

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

    /// Says why a run came to no verdict, for whoever looks for its report here. What cannot be written is left out: the
    /// program ends with an error anyway.
    pub fn leave(&self, run: &reports::NoRun) -> Vec<PathBuf> {
        reports::write_no_run(&self.0, run).unwrap_or_default()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ReportFolder {
    fn drop(&mut self) {
        // With `force` there is no mark; a folder that holds something stays.
        let _ = fs::remove_file(self.0.join(MARK));
        let _ = fs::remove_dir(&self.0);
    }
}

fn claim(wanted: &Path, force: bool) -> Result<PathBuf, Error> {
    if force {
        fs::create_dir_all(wanted).map_err(Error::write(wanted))?;
        return Ok(wanted.to_owned());
    }
    let mut number = 1;
    loop {
        let folder = if number == 1 { wanted.to_owned() } else { numbered(wanted, number) };
        if is_free(&folder) && take(&folder).map_err(Error::write(&folder))? {
            return Ok(folder);
        }
        number += 1;
    }
}

/// Marks a folder as taken; false when another run was faster.
fn take(folder: &Path) -> io::Result<bool> {
    fs::create_dir_all(folder)?;
    match fs::OpenOptions::new().write(true).create_new(true).open(folder.join(MARK)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn numbered(wanted: &Path, number: u32) -> PathBuf {
    let mut name = wanted.file_name().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    wanted.with_file_name(name)
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
        fs::create_dir(&wanted).expect("writable");
        drop(ReportFolder(claim(&wanted, false).expect("empty is free")));
        assert_eq!(claim(&wanted, false).expect("free"), wanted);
        fs::write(wanted.join("run.json"), "{}").expect("writable");
        assert_eq!(claim(&wanted, false).expect("numbered"), root.path().join("out-2"));
        assert_eq!(claim(&wanted, true).expect("forced"), wanted);
    }

    #[test]
    fn runs_that_begin_together_get_a_folder_each() {
        let root = tempfile::tempdir().expect("temporary folder");
        let wanted = root.path().join("out");
        let claimed: std::collections::BTreeSet<PathBuf> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..16).map(|_| scope.spawn(|| claim(&wanted, false).expect("some are free"))).collect();
            runs.into_iter().map(|run| run.join().expect("no panic")).collect()
        });
        assert_eq!(claimed.len(), 16);
    }
}
