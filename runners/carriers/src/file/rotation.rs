//! When a file is put aside for a new one, and under which name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sim_core::{Arguments, ParameterKind, ParameterSpec};
use vocabulary::Dimension;

const BYTES: &str = "rotate_bytes";
const EVERY: &str = "rotate_every";

/// When a file is put aside.
#[derive(Debug)]
pub(crate) struct Rotation {
    most_bytes: Option<u64>,
    every_ns: Option<i64>,
    length: u64,
    begun_ns: i64,
}

impl Rotation {
    /// As the checked parameters of a target say, for a file of so many bytes.
    pub(crate) fn of(with: &Arguments, length: u64, now_ns: i64) -> Self {
        Self {
            most_bytes: with.number(BYTES).map(|bytes| bytes as u64).filter(|bytes| *bytes > 0),
            every_ns: with.number(EVERY).map(|every_ns| every_ns as i64).filter(|every_ns| *every_ns > 0),
            length,
            begun_ns: now_ns,
        }
    }

    /// The rows.
    pub(crate) fn parameters() -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::optional(
                BYTES,
                ParameterKind::Count,
                "a file that has so many bytes is renamed to `PATH.1`, `PATH.2` and so on, and a new one begun; lines are \
                 never split",
            ),
            ParameterSpec::optional(
                EVERY,
                ParameterKind::Quantity(Dimension::Time),
                "the same for a file that was begun so long ago, when something is written",
            ),
        ]
    }

    /// So many more bytes are in the file.
    pub(crate) fn grown(&mut self, bytes: u64) {
        self.length += bytes;
    }

    /// Whether the file is to be put aside; an empty one never is.
    pub(crate) fn is_due(&self, now_ns: i64) -> bool {
        let is_full = self.most_bytes.is_some_and(|most| self.length >= most);
        let is_old = self.every_ns.is_some_and(|every_ns| now_ns.saturating_sub(self.begun_ns) >= every_ns);
        self.length > 0 && (is_full || is_old)
    }

    /// A new file is there.
    pub(crate) fn begun(&mut self, now_ns: i64) {
        (self.length, self.begun_ns) = (0, now_ns);
    }

    /// The first name behind those that are taken.
    pub(crate) fn free_name(path: &Path) -> PathBuf {
        let mut number = 1;
        while set_aside(path, number).exists() {
            number += 1;
        }
        set_aside(path, number)
    }
}

/// The name under which a file is put aside as the so many-th.
pub fn set_aside(path: &Path, number: u64) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use sim_core::Argument;

    use super::*;

    fn rotation(key: &str, value: f64) -> Rotation {
        Rotation::of(&Arguments([(key.to_owned(), Argument::Number(value))].into_iter().collect()), 0, 100)
    }

    #[test]
    fn a_file_is_put_aside_when_it_is_full_or_old() {
        let mut full = rotation(BYTES, 10.0);
        full.grown(9);
        assert!(!full.is_due(i64::MAX));
        full.grown(1);
        assert!(full.is_due(0));
        full.begun(0);
        assert!(!full.is_due(0));
        let mut old = rotation(EVERY, 50.0);
        assert!(!old.is_due(150), "it is empty");
        old.grown(1);
        assert!(!old.is_due(149));
        assert!(old.is_due(150));
    }

    #[test]
    fn no_file_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.jsonl");
        assert_eq!(Rotation::free_name(&path), folder.path().join("messages.jsonl.1"));
        std::fs::write(set_aside(&path, 1), "").unwrap();
        assert_eq!(Rotation::free_name(&path), folder.path().join("messages.jsonl.2"));
    }
}
