//! WFDB, the file format of `PhysioNet`'s recordings: a text header, sample files, annotation files.
//!
//! Read: headers of records of one and of several segments, signals in the formats of [`Format`], MIT annotations.
//! Written: headers, signals in format 16, MIT annotations. Sources: WFDB Applications Guide, header(5), signal(5),
//! annot(5), and the code table of `ecgcodes.h` there.
//!
//! [`Header::parse`] gives the signals and the files they are in, [`Header::decode`] the samples of one file, checked
//! against the header's initial values and checksums. [`SampleSummary`] makes those for a new recording, whose chunks
//! [`encode_signals`] appends one after the other.

mod annotation;
mod annotation_code;
mod annotation_file;
mod header;
mod header_error;
mod header_fields;
mod header_text;
mod segments;
mod signals;

pub use annotation::Annotation;
pub use annotation_code::AnnotationCode;
pub use annotation_file::{AnnotationDecodeError, AnnotationEncodeError, decode_annotations, encode_annotations};
pub use header::{Counter, Date, Format, Header, Signal};
pub use header_error::HeaderError;
pub use segments::{Layout, Segment, SegmentedHeader};
pub use signals::{SampleSummary, SignalError, encode_signals};
