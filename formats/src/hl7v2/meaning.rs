//! One spelling for all messages that mean the same.

use bytes::BytesMut;

use super::structure::{Field, Segment, Structure};
use super::text::write_escaped;
use crate::decimal::write_exact;
use crate::instant::read_instant;

/// Fields of MSH that whoever passes a message on writes anew: receiver, when it was sent, and under which number.
const OF_THE_WAY: [usize; 4] = [5, 6, 7, 10];
/// Fields that are instants.
const INSTANTS: [(&str, usize); 3] = [("OBR", 7), ("OBR", 8), ("OBX", 14)];

/// Appends what a message means.
pub(super) fn write(structure: &Structure<'_>, out: &mut Vec<u8>) {
    let mut text = BytesMut::new();
    for segment in structure.segments() {
        text.extend_from_slice(segment.name().as_bytes());
        let begin = text.len();
        for (number, field) in segment.fields() {
            text.extend_from_slice(b"|");
            if segment.name() != "MSH" || !OF_THE_WAY.contains(&number) {
                write_field(segment, number, &field, &mut text);
            }
        }
        trim(begin, b'|', &mut text);
        text.extend_from_slice(b"\r");
    }
    out.extend_from_slice(&text);
}

fn write_field(segment: &Segment<'_>, number: usize, field: &Field<'_>, out: &mut BytesMut) {
    let is_number = segment.name() == "OBX" && number == 5 && matches!(segment.field(2).raw(), "NM" | "NA");
    let is_instant = INSTANTS.contains(&(segment.name(), number));
    let begin = out.len();
    for (index, repetition) in field.repetitions().enumerate() {
        if index > 0 {
            out.extend_from_slice(b"~");
        }
        let begin = out.len();
        for (index, component) in repetition.components().enumerate() {
            if index > 0 {
                out.extend_from_slice(b"^");
            }
            let begin = out.len();
            for (index, part) in component.enumerate() {
                if index > 0 {
                    out.extend_from_slice(b"&");
                }
                match (is_number.then(|| number_of(&part)).flatten(), is_instant.then(|| instant_of(&part)).flatten()) {
                    (Some(number), _) => write_exact(number, out),
                    (_, Some(ms)) => out.extend_from_slice(itoa::Buffer::new().format(ms).as_bytes()),
                    _ => write_escaped(&part, out),
                }
            }
            trim(begin, b'&', out);
        }
        trim(begin, b'^', out);
    }
    trim(begin, b'~', out);
}

fn number_of(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// An instant with a zone; one without is another instant wherever it is read.
fn instant_of(text: &str) -> Option<i64> {
    let zoned = text.get(14..).is_some_and(|behind| behind.contains(['+', '-']));
    if zoned { read_instant(text) } else { None }
}

/// Takes delimiters from the end that nothing follows. Those within texts are escaped, so they stay.
fn trim(begin: usize, delimiter: u8, out: &mut BytesMut) {
    while out.len() > begin && out.last() == Some(&delimiter) {
        out.truncate(out.len() - 1);
    }
}
