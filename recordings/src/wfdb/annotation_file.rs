//! MIT annotation files (`.atr`): 16-bit words of a code and an interval, with words that refine them (annot(5)).

use bytes::{BufMut, BytesMut};
use thiserror::Error;

use super::{Annotation, AnnotationCode};

/// The upper six bits of a word are a code, the lower ten a number.
const NUMBER_BITS: u32 = 10;
const NUMBER_MASK: u16 = (1 << NUMBER_BITS) - 1;

/// Codes of words that are no annotations of their own.
const SKIP: u16 = 59;
const NUM: u16 = 60;
const SUB: u16 = 61;
const CHN: u16 = 62;
const AUX: u16 = 63;

/// Longest text [byte]: readers keep its length in one byte.
const AUX_LIMIT: usize = 255;

/// Why bytes are not an MIT annotation file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnnotationDecodeError {
    /// The file ends without its end mark, or within a word or text.
    #[error("byte {offset}: the file ends before {what}")]
    Truncated {
        /// Length of the readable part [byte].
        offset: usize,
        /// What should have come.
        what: &'static str,
    },
    /// A code that means nothing.
    #[error("byte {offset}: code {code} is not an annotation code")]
    UnknownCode {
        /// Where the word begins [byte].
        offset: usize,
        /// The code.
        code: u16,
    },
    /// A word that refines an annotation comes before any annotation.
    #[error("byte {offset}: code {code} refines an annotation, but none came before it")]
    NothingToRefine {
        /// Where the word begins [byte].
        offset: usize,
        /// The code.
        code: u16,
    },
    /// A text longer than readers can hold.
    #[error("byte {offset}: a text of {length} bytes is longer than {AUX_LIMIT}")]
    TextTooLong {
        /// Where the word begins [byte].
        offset: usize,
        /// Stated length [byte].
        length: usize,
    },
    /// The intervals lead before the start of the record, or beyond what a sample number can hold.
    #[error("byte {offset}: the intervals add up to {sample}, which is no sample of a record")]
    OutOfRange {
        /// Where the annotation begins [byte].
        offset: usize,
        /// The sum [samples].
        sample: i64,
    },
}

/// Why annotations cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnnotationEncodeError {
    /// Annotations are written in the order of their samples.
    #[error("annotation {index} at sample {sample} comes after one at sample {previous}")]
    OutOfOrder {
        /// Position in the list, from 0.
        index: usize,
        /// Its sample.
        sample: u64,
        /// Sample of the one before it.
        previous: u64,
    },
    /// A text longer than readers can hold.
    #[error("annotation {index} has a text of {length} bytes, more than {AUX_LIMIT}")]
    TextTooLong {
        /// Position in the list, from 0.
        index: usize,
        /// Its length [byte].
        length: usize,
    },
    /// A sample number that readers cannot hold.
    #[error("annotation {index} is at sample {sample}, beyond {}", i64::MAX)]
    OutOfRange {
        /// Position in the list, from 0.
        index: usize,
        /// Its sample.
        sample: u64,
    },
}

/// Reads an annotation file up to its end mark; what follows the mark is padding.
///
/// Labels out of order (a skip backwards) are read as they come. Subtype, channel and number are the low bytes of their
/// words, as the WFDB library reads them.
///
/// # Errors
/// [`AnnotationDecodeError`] names the byte.
pub fn decode_annotations(bytes: &[u8]) -> Result<Vec<Annotation>, AnnotationDecodeError> {
    let mut words = Words { bytes, offset: 0 };
    let mut annotations: Vec<Annotation> = Vec::new();
    let mut sample = 0_i64;
    // Channel and number carry over to the annotations after the one they stand at.
    let mut channel = 0;
    let mut number = 0;
    loop {
        let offset = words.offset;
        let word = words.next("its end mark")?;
        let (code, value) = (word >> NUMBER_BITS, word & NUMBER_MASK);
        let to_refine = annotations.last_mut().ok_or(AnnotationDecodeError::NothingToRefine { offset, code });
        match code {
            0 if value == 0 => return Ok(annotations),
            SKIP => sample = moved(offset, sample, i64::from(words.interval()?))?,
            NUM => {
                number = (value as u8).cast_signed();
                to_refine?.number = number;
            }
            SUB => to_refine?.subtype = (value as u8).cast_signed(),
            CHN => {
                channel = value as u8;
                to_refine?.channel = channel;
            }
            AUX => to_refine?.aux = words.text(offset, usize::from(value))?,
            _ => {
                let unknown = AnnotationDecodeError::UnknownCode { offset, code };
                let code = AnnotationCode::new(code as u8).ok_or(unknown)?;
                sample = moved(offset, sample, i64::from(value))?;
                let place = u64::try_from(sample).map_err(|_| AnnotationDecodeError::OutOfRange { offset, sample })?;
                annotations.push(Annotation { channel, number, ..Annotation::new(place, code) });
            }
        }
    }
}

/// Appends an annotation file with its end mark.
///
/// # Errors
/// [`AnnotationEncodeError`], with nothing appended, when the annotations are not in the order of their samples or one
/// has a text beyond 255 bytes.
pub fn encode_annotations(annotations: &[Annotation], out: &mut BytesMut) -> Result<(), AnnotationEncodeError> {
    check(annotations)?;
    let mut previous = Annotation::new(0, AnnotationCode::NORMAL);
    for annotation in annotations {
        put_place(annotation.code, annotation.sample - previous.sample, out);
        if annotation.subtype != 0 {
            // Sign-extended to ten bits, as the WFDB library writes it.
            put_word(SUB, annotation.subtype as u16 & NUMBER_MASK, out);
        }
        if annotation.channel != previous.channel {
            put_word(CHN, u16::from(annotation.channel), out);
        }
        if annotation.number != previous.number {
            put_word(NUM, annotation.number as u16 & NUMBER_MASK, out);
        }
        if !annotation.aux.is_empty() {
            put_word(AUX, annotation.aux.len() as u16, out);
            out.put_slice(&annotation.aux);
            out.put_bytes(0, annotation.aux.len() % 2);
        }
        previous = Annotation { aux: Vec::new(), ..*annotation };
    }
    put_word(0, 0, out);
    Ok(())
}

fn check(annotations: &[Annotation]) -> Result<(), AnnotationEncodeError> {
    let mut previous = 0;
    for (index, annotation) in annotations.iter().enumerate() {
        let sample = annotation.sample;
        if i64::try_from(sample).is_err() {
            return Err(AnnotationEncodeError::OutOfRange { index, sample });
        }
        if sample < previous {
            return Err(AnnotationEncodeError::OutOfOrder { index, sample, previous });
        }
        if annotation.aux.len() > AUX_LIMIT {
            return Err(AnnotationEncodeError::TextTooLong { index, length: annotation.aux.len() });
        }
        previous = sample;
    }
    Ok(())
}

/// Writes the word of an annotation, after as many skips as its interval needs.
fn put_place(code: AnnotationCode, interval: u64, out: &mut BytesMut) {
    const LONGEST_SKIP: u64 = i32::MAX as u64;
    let mut rest = interval;
    while rest > u64::from(NUMBER_MASK) {
        let skip = rest.min(LONGEST_SKIP) as u32;
        put_word(SKIP, 0, out);
        // A PDP-11 long: the high half first, each half low byte first.
        out.put_u16_le((skip >> 16) as u16);
        out.put_u16_le(skip as u16);
        rest -= u64::from(skip);
    }
    put_word(u16::from(code.number()), rest as u16, out);
}

fn put_word(code: u16, number: u16, out: &mut BytesMut) {
    out.put_u16_le(code << NUMBER_BITS | number);
}

fn moved(offset: usize, sample: i64, interval: i64) -> Result<i64, AnnotationDecodeError> {
    sample.checked_add(interval).ok_or(AnnotationDecodeError::OutOfRange { offset, sample })
}

/// The file as a sequence of words.
struct Words<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self, what: &'static str) -> Result<u16, AnnotationDecodeError> {
        let word = self.take(2, what)?;
        Ok(u16::from_le_bytes([word[0], word[1]]))
    }

    /// A PDP-11 long.
    fn interval(&mut self) -> Result<i32, AnnotationDecodeError> {
        let high = self.next("the interval of a skip")?;
        let low = self.next("the interval of a skip")?;
        Ok((i32::from(high.cast_signed()) << 16) | i32::from(low))
    }

    /// A text, padded to whole words.
    fn text(&mut self, offset: usize, length: usize) -> Result<Vec<u8>, AnnotationDecodeError> {
        if length > AUX_LIMIT {
            return Err(AnnotationDecodeError::TextTooLong { offset, length });
        }
        let text = self.take(length + length % 2, "the end of a text")?;
        Ok(text[..length].to_vec())
    }

    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], AnnotationDecodeError> {
        let taken = self
            .bytes
            .get(self.offset..self.offset + length)
            .ok_or(AnnotationDecodeError::Truncated { offset: self.bytes.len(), what })?;
        self.offset += length;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn encoded(annotations: &[Annotation]) -> BytesMut {
        let mut out = BytesMut::new();
        encode_annotations(annotations, &mut out).expect("in order, with short texts");
        out
    }

    fn annotation() -> impl Strategy<Value = (u64, Annotation)> {
        let interval = prop_oneof![4 => 0_u64..2000, 1 => any::<u32>().prop_map(u64::from), 1 => 0..1_u64 << 40];
        let aux = prop_oneof![3 => Just(Vec::new()), 1 => vec(any::<u8>(), 0..=AUX_LIMIT)];
        (interval, 1_u8..=49, any::<i8>(), 0_u8..3, -1_i8..2, aux).prop_map(
            |(interval, code, subtype, channel, number, aux)| {
                let code = AnnotationCode::new(code).expect("1 to 49");
                (interval, Annotation { sample: 0, code, subtype, channel, number, aux })
            },
        )
    }

    fn in_order() -> impl Strategy<Value = Vec<Annotation>> {
        vec(annotation(), 0..40).prop_map(|parts| {
            let mut sample = 0;
            let place = |(interval, annotation)| {
                sample += interval;
                Annotation { sample, ..annotation }
            };
            parts.into_iter().map(place).collect()
        })
    }

    #[test]
    fn the_beginning_of_a_known_file() {
        // Record 100 of the MIT-BIH Arrhythmia Database begins like this.
        let bytes = [0x12, 0x70, 0x03, 0xfc, b'(', b'N', 0, 0, 0x3b, 0x04, 0x25, 0x05, 0, 0];
        let annotations = vec![
            Annotation::rhythm(18, "(N\0"),
            Annotation::new(77, AnnotationCode::NORMAL),
            Annotation::new(370, AnnotationCode::NORMAL),
        ];
        assert_eq!(decode_annotations(&bytes).expect("an annotation file"), annotations);
        assert_eq!(encoded(&annotations), bytes.as_slice());
    }

    #[test]
    fn long_intervals_are_pdp_11_longs() {
        let annotations = [Annotation::new(0x0001_0203, AnnotationCode::NORMAL)];
        let bytes = [0, 59 << 2, 0x01, 0x00, 0x03, 0x02, 0, 1 << 2, 0, 0];
        assert_eq!(encoded(&annotations), bytes.as_slice());
    }

    #[test]
    fn channel_and_number_carry_over_and_subtype_does_not() {
        let bytes = [
            [5, 1 << 2],
            [0xff, 61 << 2],
            [2, 62 << 2],
            [3, 60 << 2],
            [1, 5 << 2],
            [0, 59 << 2],
            [0xff, 0xff],
            [0xfe, 0xff],
            [0, 1 << 2],
            [0, 0],
        ];
        let read = decode_annotations(bytes.as_flattened()).expect("an annotation file");
        let first = Annotation { subtype: -1, channel: 2, number: 3, ..Annotation::new(5, AnnotationCode::NORMAL) };
        let second = Annotation { subtype: 0, sample: 6, code: AnnotationCode::VENTRICULAR_PREMATURE, ..first.clone() };
        let third = Annotation { subtype: 0, sample: 4, ..first.clone() };
        assert_eq!(read, [first, second, third]);
    }

    #[test]
    fn damage_is_found_where_it_is() {
        let message = |bytes: &[u8]| decode_annotations(bytes).expect_err("damaged").to_string();
        assert_eq!(message(&[]), "byte 0: the file ends before its end mark");
        assert_eq!(message(&[5, 4, 0]), "byte 3: the file ends before its end mark");
        assert_eq!(message(&[0, 59 << 2, 1, 0]), "byte 4: the file ends before the interval of a skip");
        assert_eq!(message(&[5, 4, 3, 0xfc, b'(']), "byte 5: the file ends before the end of a text");
        assert_eq!(message(&[5, 4, 5, 50 << 2]), "byte 2: code 50 is not an annotation code");
        assert_eq!(message(&[1, 0]), "byte 0: code 0 is not an annotation code");
        assert_eq!(message(&[1, 0xfc, b'x', 0]), "byte 0: code 63 refines an annotation, but none came before it");
        assert_eq!(message(&[5, 4, 0, 0xfd]), "byte 2: a text of 256 bytes is longer than 255");
        assert_eq!(
            message(&[0, 59 << 2, 0xff, 0xff, 0xff, 0xff, 0, 4]),
            "byte 6: the intervals add up to -1, which is no sample of a record"
        );
    }

    #[test]
    fn what_has_no_place_in_a_file_is_not_written() {
        let beat = |sample| Annotation::new(sample, AnnotationCode::NORMAL);
        let message = |annotations: &[Annotation]| {
            let mut out = BytesMut::new();
            let error = encode_annotations(annotations, &mut out).expect_err("not writable");
            assert!(out.is_empty());
            error.to_string()
        };
        assert_eq!(message(&[beat(7), beat(5)]), "annotation 1 at sample 5 comes after one at sample 7");
        let long = beat(0).with_text(&"x".repeat(256));
        assert_eq!(message(&[long]), "annotation 0 has a text of 256 bytes, more than 255");
        assert_eq!(
            message(&[beat(u64::MAX)]),
            "annotation 0 is at sample 18446744073709551615, beyond 9223372036854775807"
        );
    }

    proptest! {
        #[test]
        fn written_annotations_read_back(annotations in in_order()) {
            prop_assert_eq!(decode_annotations(&encoded(&annotations)), Ok(annotations));
        }

        #[test]
        fn a_cut_file_is_refused(annotations in in_order(), cut in any::<prop::sample::Index>()) {
            let bytes = encoded(&annotations);
            prop_assert!(decode_annotations(&bytes[..cut.index(bytes.len())]).is_err());
        }

        #[test]
        fn any_bytes_are_answered(bytes in any::<Vec<u8>>()) {
            let _ = decode_annotations(&bytes);
        }
    }
}
