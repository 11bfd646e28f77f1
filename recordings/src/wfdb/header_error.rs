//! What can be wrong with a WFDB header.

use thiserror::Error;

use super::header::Format;

/// Longest line that the WFDB library reads [byte], its end included.
pub(super) const LINE_LIMIT: usize = 255;

/// Why a text is not a header that can be used, or a header cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// A line is not UTF-8.
    #[error("line {line} is not UTF-8 text")]
    NotText {
        /// Line, from 1.
        line: usize,
    },
    /// There are only comments and empty lines.
    #[error("no record line")]
    NoRecordLine,
    /// A line ends before a field that it must have.
    #[error("line {line}: {field} is missing")]
    Missing {
        /// Line, from 1.
        line: usize,
        /// The field.
        field: &'static str,
    },
    /// A field is not what it should be.
    #[error("line {line}: {field} is `{text}`, not {expected}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// The field.
        field: &'static str,
        /// The beginning of what was found.
        text: String,
        /// What would be accepted.
        expected: &'static str,
    },
    /// The header asks for something that is not read here.
    #[error("line {line}: {what} are not supported")]
    Unsupported {
        /// Line, from 1.
        line: usize,
        /// What it asks for.
        what: &'static str,
    },
    /// Samples stored in a way that is not read here.
    #[error("line {line}: sample format {format} is not supported; {} are", format_numbers())]
    UnknownFormat {
        /// Line, from 1.
        line: usize,
        /// Number of the format.
        format: u32,
    },
    /// More or fewer segments than the record line says.
    #[error("the record line says {stated} segments, but there are {found} segment lines")]
    SegmentCount {
        /// In the record line.
        stated: usize,
        /// Found.
        found: usize,
    },
    /// More or fewer signal lines than the record line says.
    #[error("the record line says {stated} signals, but there are {found} signal lines")]
    SignalCount {
        /// In the record line.
        stated: usize,
        /// Found.
        found: usize,
    },
    /// A signal contradicts the one before it in the same file.
    #[error("line {line}: {what} of `{file}` differs from that of the signals before it")]
    Inconsistent {
        /// Line, from 1.
        line: usize,
        /// The file they share.
        file: String,
        /// What differs.
        what: &'static str,
    },
    /// A line to be written is longer than readers take.
    #[error("line {line} would have {bytes} bytes, more than {LINE_LIMIT}")]
    LineTooLong {
        /// Line, from 1.
        line: usize,
        /// Its length with its end [byte].
        bytes: usize,
    },
    /// A value that the text cannot hold, such as a line break in a comment.
    #[error("the header would not read back as written; {part} cannot be written")]
    NotWritable {
        /// The first part that differs.
        part: &'static str,
    },
}

/// The numbers of the formats that are read, as an enumeration.
fn format_numbers() -> String {
    let numbers: Vec<String> = Format::ALL.iter().map(|format| format.number().to_string()).collect();
    let (last, others) = numbers.split_last().expect("formats are read");
    format!("{} and {last}", others.join(", "))
}
