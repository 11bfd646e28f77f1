//! Where scenario files come from.

use std::collections::BTreeMap;

/// A file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read `{file}`: {reason}")]
pub struct SourceError {
    /// File as it was asked for.
    pub file: String,
    /// Why not.
    pub reason: String,
}

/// Gives the text of scenario files.
pub trait Source {
    /// The whole text of a file; `file` is relative to wherever the first file's name is.
    ///
    /// # Errors
    /// [`SourceError`] when there is no such file or it is not UTF-8.
    fn read(&self, file: &str) -> Result<String, SourceError>;
}

/// Files of the file system; `-` is the standard input.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

/// The name that stands for the standard input.
const STANDARD_INPUT: &str = "-";

impl Source for Files {
    fn read(&self, file: &str) -> Result<String, SourceError> {
        let text = if file == STANDARD_INPUT {
            std::io::read_to_string(std::io::stdin())
        } else {
            std::fs::read_to_string(file)
        };
        text.map_err(|error| SourceError { file: file.to_owned(), reason: error.to_string() })
    }
}

/// Files held in memory, by name: the built-in library, tests, fuzzing.
#[derive(Debug, Clone, Default)]
pub struct Texts(pub BTreeMap<String, String>);

impl Source for Texts {
    fn read(&self, file: &str) -> Result<String, SourceError> {
        self.0
            .get(file)
            .cloned()
            .ok_or_else(|| SourceError { file: file.to_owned(), reason: "there is no such file".to_owned() })
    }
}
