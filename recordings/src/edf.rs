//! EDF+, the European Data Format: what clinical programs read beside WFDB. Written only.
//!
//! A file is a header of 256 bytes, 256 more a signal, and data records of the same length each; the last signal holds
//! the annotations as time-stamped lists. Sources: Kemp et al., "A simple format for exchange of digitized polygraphic
//! recordings", Electroencephalogr Clin Neurophysiol 1992;82:391-3; Kemp and Olivan, "European data format 'plus'
//! (EDF+)", Clin Neurophysiol 2003;114:1755-61.

mod annotation;
mod header;
mod record;

pub use annotation::{Annotation, Annotations};
pub use header::{Header, Signal, Start};
pub use record::encode_record;

/// Why a file cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EdfError {
    /// A text does not fit its field.
    #[error("`{text}` does not fit the field `{field}` of {bytes} bytes")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// What should stand there.
        text: String,
        /// Room.
        bytes: usize,
    },
    /// Fields hold printable ASCII only.
    #[error("`{text}` of the field `{field}` is not printable ASCII")]
    Ascii {
        /// Name of the field.
        field: &'static str,
        /// What should stand there.
        text: String,
    },
    /// A data record lacks samples or has too many.
    #[error("signal {signal} has {given} samples in a record that holds {wanted}")]
    Samples {
        /// Position of the signal.
        signal: usize,
        /// Samples given.
        given: usize,
        /// Samples that the header states.
        wanted: usize,
    },
    /// The format begins in 1985.
    #[error("EDF+ holds recordings that began in 1985 or later, not in {year}")]
    Year {
        /// When the recording began.
        year: u16,
    },
    /// The header says that there are no records, or records of no duration.
    #[error("an EDF+ file of {records} records of {duration_s} s cannot be")]
    Empty {
        /// Records.
        records: u64,
        /// Duration of one [s].
        duration_s: u32,
    },
}
