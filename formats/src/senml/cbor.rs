//! SenML in CBOR (RFC 8428, section 6).

use bytes::{BufMut, BytesMut};
use ciborium::Value;
use ciborium_ll::{Encoder, Header};
use vocabulary::Message;

use super::fields::{Fields, PackError, Scalar};
use super::record::{Record, RecordValue, count, for_each};

/// Labels of the fields, by their names in JSON (RFC 8428, table 4).
const LABELS: [(i128, &str); 15] = [
    (-1, "bver"),
    (-2, "bn"),
    (-3, "bt"),
    (-4, "bu"),
    (-5, "bv"),
    (-6, "bs"),
    (0, "n"),
    (1, "u"),
    (2, "v"),
    (3, "vs"),
    (4, "vb"),
    (5, "s"),
    (6, "t"),
    (7, "ut"),
    (8, "vd"),
];
const BASE_TIME: u64 = 2;
const BASE_NAME: u64 = 1;
const NAME: u64 = 0;
const UNIT: u64 = 1;
const VALUE: u64 = 2;
const TEXT: u64 = 3;
const TIME: u64 = 6;

/// Deepest nesting that is looked into; a pack has two levels.
const DEEPEST: usize = 8;

/// Writes to memory, which never fails.
struct Writer<'o>(Encoder<bytes::buf::Writer<&'o mut BytesMut>>);

impl Writer<'_> {
    fn header(&mut self, header: Header) {
        self.0.push(header).expect("a growing buffer takes every write");
    }

    fn text(&mut self, text: &str) {
        self.0.text(text, None).expect("a growing buffer takes every write");
    }

    /// A number: whole ones are shorter so.
    fn number(&mut self, number: f64) {
        /// Whole numbers up to here are exact, and shorter than a float of eight octets.
        const LARGEST: f64 = 4_294_967_295.0;
        match number {
            whole if whole.fract() == 0.0 && (0.0..=LARGEST).contains(&whole) => {
                self.header(Header::Positive(whole as u64));
            }
            whole if whole.fract() == 0.0 && (-LARGEST..0.0).contains(&whole) => {
                self.header(Header::Negative((-1.0 - whole) as u64));
            }
            number => self.header(Header::Float(number)),
        }
    }
}

/// Appends a message as a pack.
pub(super) fn encode(message: &Message<'_>, out: &mut BytesMut) {
    let mut writer = Writer(Encoder::from(out.writer()));
    writer.header(Header::Array(Some(count(message))));
    let mut is_first = true;
    for_each(message, |record| {
        let Record { name, suffix, unit, value, time_s } = record;
        let base = if is_first { 2 } else { 0 };
        let optional = usize::from(unit.is_some()) + usize::from(time_s != 0.0);
        writer.header(Header::Map(Some(base + 2 + optional)));
        if is_first {
            writer.header(Header::Negative(BASE_NAME));
            writer.text(&format!("{}/{}/", message.device_serial, message.stream));
            writer.header(Header::Negative(BASE_TIME));
            writer.number(message.device_time_ms as f64 / 1e3);
            is_first = false;
        }
        writer.header(Header::Positive(NAME));
        if suffix.is_empty() {
            writer.text(name);
        } else {
            writer.text(&format!("{name}{suffix}"));
        }
        if let Some(unit) = unit {
            writer.header(Header::Positive(UNIT));
            writer.text(unit);
        }
        if time_s != 0.0 {
            writer.header(Header::Positive(TIME));
            writer.number(time_s);
        }
        match value {
            RecordValue::Number(number) => {
                writer.header(Header::Positive(VALUE));
                writer.number(number);
            }
            RecordValue::Text(text) => {
                writer.header(Header::Positive(TEXT));
                writer.text(text);
            }
        }
    });
}

/// Reads the records of a pack.
pub(super) fn read(payload: &[u8]) -> Result<Vec<Fields>, PackError> {
    let encoding = |reason: String| PackError::Encoding { reason };
    let mut rest = payload;
    let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEEPEST)
        .map_err(|error| encoding(format!("not CBOR: {error}")))?;
    if !rest.is_empty() {
        return Err(encoding(format!("{} octets follow the pack", rest.len())));
    }
    let Value::Array(records) = value else { return Err(encoding("a pack is an array".to_owned())) };
    let records = records.into_iter().enumerate().map(|(index, record)| {
        let refuse = |reason: String| PackError::Record { record: index + 1, reason };
        let Value::Map(entries) = record else { return Err(refuse("a record is a map".to_owned())) };
        let mut fields = Fields::default();
        for (label, value) in entries {
            let name = match &label {
                Value::Integer(number) => {
                    let number = i128::from(*number);
                    LABELS.iter().find(|(label, _)| *label == number).map_or("", |(_, name)| *name)
                }
                Value::Text(name) => name,
                _ => return Err(refuse("a label is a whole number or a text".to_owned())),
            };
            let scalar = match value {
                Value::Integer(number) => Some(Scalar::Number(i128::from(number) as f64)),
                Value::Float(number) => Some(Scalar::Number(number)),
                Value::Text(text) => Some(Scalar::Text(text)),
                Value::Bool(flag) => Some(Scalar::Flag(flag)),
                Value::Bytes(octets) => Some(Scalar::Octets(octets)),
                Value::Tag(4, parts) => decimal_fraction(&parts).map(Scalar::Number),
                _ => None,
            };
            let scalar = scalar.ok_or_else(|| refuse(format!("`{name}` has a value that is none of SenML")))?;
            fields.set(name, scalar).map_err(refuse)?;
        }
        Ok(fields)
    });
    records.collect()
}

/// `[exponent, mantissa]` (RFC 8949, section 3.4.4), which SenML allows for numbers.
fn decimal_fraction(parts: &Value) -> Option<f64> {
    let [Value::Integer(exponent), Value::Integer(mantissa)] = parts.as_array()?.as_slice() else { return None };
    let (exponent, mantissa) = (i128::from(*exponent), i128::from(*mantissa));
    // As a reader of the text would have it.
    format!("{mantissa}e{exponent}").parse().ok().filter(|number: &f64| number.is_finite())
}
