//! `run.json`: the report as a file, to be read back for other reports and for comparisons.

use serde::Serialize;

use crate::RunReport;
use crate::json_lines::Lines;

/// Format and version of the document; fields are only added within a version.
pub const FORMAT: &str = "run/1";

/// JSON Schema (2020-12) of the document.
pub const SCHEMA: &str = include_str!("../schemas/run.schema.json");

/// A `run.json` could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RunJsonError {
    /// Not the document it should be.
    #[error("not a run report: {source}")]
    Unreadable {
        /// Where and why.
        #[from]
        source: serde_json::Error,
    },
    /// Another version.
    #[error("the run report has format `{found}`, this version reads `{FORMAT}`")]
    OtherFormat {
        /// Its format.
        found: String,
    },
}

impl RunReport {
    /// The document, indented, with a line feed at the end; an array of numbers stands in one line, for a machine reads
    /// those, and so does each window of the series.
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        let mut writer = serde_json::Serializer::with_formatter(&mut text, Lines::default());
        self.serialize(&mut writer).expect("a report has text keys and finite numbers only");
        text.push(b'\n');
        String::from_utf8(text).expect("JSON is UTF-8")
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`RunJsonError`] when it is not JSON, lacks a field or has another format.
    pub fn from_json(text: &str) -> Result<Self, RunJsonError> {
        let report: Self = serde_json::from_str(text)?;
        if report.format == FORMAT { Ok(report) } else { Err(RunJsonError::OtherFormat { found: report.format }) }
    }
}
