//! One annotation of a recording.

use std::borrow::Cow;

use super::AnnotationCode;

/// A label at one sample of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Where, in samples from the start of the record.
    pub sample: u64,
    /// What.
    pub code: AnnotationCode,
    /// Refinement of the code; the noise bits of a signal quality change.
    pub subtype: i8,
    /// Signal to which the label belongs, from 0.
    pub channel: u8,
    /// Free number; it carries over from one annotation to the next in the file.
    pub number: i8,
    /// Text that goes with the label, at most 255 bytes: a rhythm such as `(AFIB`, a note, a link. Many files end it
    /// with a NUL.
    pub aux: Vec<u8>,
}

impl Annotation {
    /// A plain label on channel 0.
    pub const fn new(sample: u64, code: AnnotationCode) -> Self {
        Self { sample, code, subtype: 0, channel: 0, number: 0, aux: Vec::new() }
    }

    /// The same label with a text.
    #[must_use]
    pub fn with_text(self, text: &str) -> Self {
        Self { aux: text.as_bytes().to_vec(), ..self }
    }

    /// A change of rhythm, such as `(AFIB` or `(N`.
    pub fn rhythm(sample: u64, rhythm: &str) -> Self {
        Self::new(sample, AnnotationCode::RHYTHM).with_text(rhythm)
    }

    /// The text without the NUL that may end it; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> Cow<'_, str> {
        let end = self.aux.iter().position(|byte| *byte == 0).unwrap_or(self.aux.len());
        String::from_utf8_lossy(&self.aux[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_before_its_nul() {
        let annotation = Annotation::rhythm(18, "(AFIB\0");
        assert_eq!(annotation.text(), "(AFIB");
        assert_eq!(annotation.aux.len(), 6);
        assert_eq!(Annotation::new(0, AnnotationCode::NORMAL).text(), "");
    }
}
