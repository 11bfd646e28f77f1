//! Where and why a JSON text was refused.

use serde_json::error::Category;
use thiserror::Error;

/// Longest reason kept [characters]: a reason can quote the sender's text, and an answer carries the reason back.
const REASON_LIMIT: usize = 200;

/// Why a JSON text is not what it should be. Lines and columns count from 1 (column 0: before the first byte of the
/// line).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonError {
    /// The bytes are not JSON, or end too early.
    #[error("not JSON at line {line} column {column}: {reason}")]
    NotJson {
        /// Line of the offending byte.
        line: usize,
        /// Column of the offending byte.
        column: usize,
        /// What was wrong there.
        reason: String,
    },
    /// JSON, but not of the expected form.
    #[error("line {line} column {column}: {reason}")]
    Unexpected {
        /// Line of the offending value.
        line: usize,
        /// Column where the offending value ends.
        column: usize,
        /// What was found and what is expected.
        reason: String,
    },
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let reason = bare_reason(&error);
        match error.classify() {
            Category::Data => Self::Unexpected { line, column, reason },
            Category::Syntax | Category::Eof | Category::Io => Self::NotJson { line, column, reason },
        }
    }
}

/// The message without the position that `serde_json` appends, cut to [`REASON_LIMIT`].
fn bare_reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let reason = message.strip_suffix(&position).unwrap_or(&message);
    match reason.char_indices().nth(REASON_LIMIT) {
        Some((end, _)) => format!("{}...", &reason[..end]),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_and_form_are_told_apart() {
        let syntax: JsonError = serde_json::from_str::<[u8; 2]>("[1,\n ;]").expect_err("not JSON").into();
        let form: JsonError = serde_json::from_str::<u8>("\"seven\"").expect_err("not a number").into();
        assert_eq!(syntax, JsonError::NotJson { line: 2, column: 2, reason: "expected value".into() });
        assert_eq!(
            form,
            JsonError::Unexpected { line: 1, column: 7, reason: "invalid type: string \"seven\", expected u8".into() }
        );
        let cut: JsonError = serde_json::from_str::<u8>("1 2").expect_err("two values").into();
        assert_eq!(cut.to_string(), "not JSON at line 1 column 3: trailing characters");
    }

    #[test]
    fn quoted_text_is_cut() {
        let long = format!("\"{}\"", "x".repeat(10_000));
        let error: JsonError = serde_json::from_str::<u8>(&long).expect_err("not a number").into();
        assert!(error.to_string().len() < 260, "{error}");
    }
}
