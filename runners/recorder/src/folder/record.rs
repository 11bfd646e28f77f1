//! One WFDB record with its annotations.

use std::fs;
use std::path::{Path, PathBuf};

use recordings::wfdb::{Annotation, Header, decode_annotations};

use crate::error::Error;

/// A record in memory.
#[derive(Debug)]
pub struct Record {
    /// The header.
    pub header: Header,
    /// Counts of every signal of the header, in its order.
    pub counts: Vec<Vec<i16>>,
    /// Labels; none when the record has no annotation file.
    pub annotations: Vec<Annotation>,
}

impl Record {
    /// Reads a record by its header file.
    ///
    /// # Errors
    /// [`Error::Read`] names the file that is missing or damaged.
    pub fn read(header_file: &Path) -> Result<Self, Error> {
        let bytes = fs::read(header_file).map_err(Error::read(header_file))?;
        let header = Header::parse(&bytes).map_err(Error::read(header_file))?;
        let folder = header_file.parent().unwrap_or(Path::new(""));
        let mut counts = Vec::new();
        for (name, _) in header.files() {
            let file: PathBuf = folder.join(name);
            let bytes = fs::read(&file).map_err(Error::read(&file))?;
            for signal in header.decode(name, &bytes).map_err(Error::read(&file))? {
                // What `iomt record` writes is in format 16.
                let narrow = signal.into_iter().map(i16::try_from).collect::<Result<_, _>>();
                counts.push(narrow.map_err(Error::read(&file))?);
            }
        }
        let labels = header_file.with_extension("atr");
        let annotations = if labels.is_file() {
            let bytes = fs::read(&labels).map_err(Error::read(&labels))?;
            decode_annotations(&bytes).map_err(Error::read(&labels))?
        } else {
            Vec::new()
        };
        Ok(Self { header, counts, annotations })
    }
}
