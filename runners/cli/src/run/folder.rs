//! The folder of the reports: never overwritten silently.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Makes the folder. Without `force`, one that already holds something is left alone and the next free
/// `folder-2`, `folder-3`, ... is taken.
///
/// # Errors
/// [`Failure::Write`] when it cannot be made.
pub(crate) fn claim(wanted: &Path, force: bool) -> Result<PathBuf, Failure> {
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
    fs::create_dir_all(&folder).map_err(Failure::write(&folder))?;
    Ok(folder)
}

/// Takes a claimed folder away again if nothing was written into it.
pub(crate) fn release(folder: &Path) {
    // A folder that holds something stays, and that is the only reason to fail that matters.
    let _ = fs::remove_dir(folder);
}

fn is_free(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(!folder.exists(), |mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

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
