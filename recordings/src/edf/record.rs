//! A data record: the samples of every signal, then the annotations.

use bytes::{BufMut, BytesMut};

use super::{Annotations, EdfError, Header};

/// Appends data record `number`, counted from 0, with the counts of every signal of the header.
///
/// # Errors
/// [`EdfError::Samples`], with nothing appended, when a signal has not as many samples as the header states.
pub fn encode_record(
    header: &Header,
    number: u64,
    signals: &[&[i16]],
    annotations: &Annotations,
    out: &mut BytesMut,
) -> Result<(), EdfError> {
    for (position, signal) in header.signals.iter().enumerate() {
        let given = signals.get(position).map_or(0, |samples| samples.len());
        let wanted = signal.samples as usize;
        if given != wanted {
            return Err(EdfError::Samples { signal: position, given, wanted });
        }
    }
    for samples in &signals[..header.signals.len()] {
        for sample in *samples {
            out.put_i16_le(*sample);
        }
    }
    annotations.encode(number, out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Annotation, Signal, Start};
    use super::*;

    #[test]
    fn a_record_is_as_long_as_its_header_says() {
        let signal = |samples| Signal { label: "x".to_owned(), unit: String::new(), gain: 1.0, offset: 0.0, samples };
        let labels = [Annotation { onset_us: 0, duration_us: None, text: "N".to_owned() }];
        let annotations = Annotations::new(&labels, 1, 1, 0);
        let header = Header {
            patient: String::new(),
            equipment: String::new(),
            start: Start { year: 2026, month: 1, day: 1, hour: 0, minute: 0, second: 0 },
            records: 1,
            duration_s: 1,
            signals: vec![signal(2), signal(1)],
            annotation_bytes: annotations.bytes(),
        };
        let mut out = BytesMut::new();
        encode_record(&header, 0, &[&[1, -2], &[3]], &annotations, &mut out).expect("lengths agree");
        assert_eq!(out.len(), 6 + annotations.bytes());
        assert_eq!(out[..6], [1, 0, 0xfe, 0xff, 3, 0]);
        let before = out.len();
        let wrong = encode_record(&header, 0, &[&[1], &[3]], &annotations, &mut out);
        assert_eq!(wrong, Err(EdfError::Samples { signal: 0, given: 1, wanted: 2 }));
        assert_eq!(out.len(), before);
    }
}
