//! Protocol Buffers as far as Sparkplug needs them: fields, their order and their lengths (protobuf.dev, "Encoding").

use bytes::{BufMut, BytesMut};
use thiserror::Error;

/// Why bytes are no Protocol Buffers of this shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum WireError {
    /// They end within a field.
    #[error("it ends within a field")]
    Truncated,
    /// A number takes more than 64 bits.
    #[error("a number has more than 64 bits")]
    Overlong,
    /// A kind of field that nobody uses any more, or never did.
    #[error("field {field} is of kind {kind}, which there is not")]
    Kind {
        /// Which field.
        field: u64,
        /// Which kind.
        kind: u64,
    },
    /// A field of another kind than the schema says.
    #[error("field {field} is of another kind than the schema says")]
    Mismatch {
        /// Which field.
        field: u64,
    },
    /// A text that is not UTF-8.
    #[error("field {field} is a text and not UTF-8")]
    Text {
        /// Which field.
        field: u64,
    },
}

/// The value of a field, before the schema says what it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Raw<'p> {
    Varint(u64),
    Fixed64(u64),
    Octets(&'p [u8]),
    Fixed32(u32),
}

/// A field: its number, and its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Field<'p> {
    pub(super) number: u64,
    pub(super) raw: Raw<'p>,
}

impl<'p> Field<'p> {
    pub(super) fn number(self) -> Result<u64, WireError> {
        match self.raw {
            Raw::Varint(value) => Ok(value),
            _ => Err(WireError::Mismatch { field: self.number }),
        }
    }

    pub(super) fn double(self) -> Result<f64, WireError> {
        match self.raw {
            Raw::Fixed64(bits) => Ok(f64::from_bits(bits)),
            _ => Err(WireError::Mismatch { field: self.number }),
        }
    }

    pub(super) fn float(self) -> Result<f32, WireError> {
        match self.raw {
            Raw::Fixed32(bits) => Ok(f32::from_bits(bits)),
            _ => Err(WireError::Mismatch { field: self.number }),
        }
    }

    pub(super) fn octets(self) -> Result<&'p [u8], WireError> {
        match self.raw {
            Raw::Octets(octets) => Ok(octets),
            _ => Err(WireError::Mismatch { field: self.number }),
        }
    }

    pub(super) fn text(self) -> Result<&'p str, WireError> {
        std::str::from_utf8(self.octets()?).map_err(|_| WireError::Text { field: self.number })
    }
}

/// The fields of a message, in their order.
#[derive(Debug, Clone)]
pub(super) struct Fields<'p> {
    rest: &'p [u8],
}

impl<'p> Fields<'p> {
    pub(super) const fn of(message: &'p [u8]) -> Self {
        Self { rest: message }
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for (index, octet) in self.rest.iter().enumerate() {
            let low = u64::from(octet & 0x7F);
            // Nine octets have 63 bits, so that a tenth has room for one.
            if index > 9 || index == 9 && *octet > 1 {
                return Err(WireError::Overlong);
            }
            value |= low << (7 * index);
            if octet & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(WireError::Truncated)
    }

    fn take(&mut self, count: u64) -> Result<&'p [u8], WireError> {
        let count = usize::try_from(count).ok().filter(|count| *count <= self.rest.len());
        let (taken, rest) = self.rest.split_at(count.ok_or(WireError::Truncated)?);
        self.rest = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<Field<'p>, WireError> {
        let tag = self.varint()?;
        let (number, kind) = (tag >> 3, tag & 7);
        let fixed = |octets: &[u8]| octets.iter().rev().fold(0_u64, |value, octet| value << 8 | u64::from(*octet));
        let raw = match kind {
            0 => Raw::Varint(self.varint()?),
            1 => Raw::Fixed64(fixed(self.take(8)?)),
            2 => {
                let length = self.varint()?;
                Raw::Octets(self.take(length)?)
            }
            5 => Raw::Fixed32(fixed(self.take(4)?) as u32),
            _ => return Err(WireError::Kind { field: number, kind }),
        };
        Ok(Field { number, raw })
    }
}

impl<'p> Iterator for Fields<'p> {
    type Item = Result<Field<'p>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const OCTETS: u64 = 2;

pub(super) fn write_varint(mut value: u64, out: &mut BytesMut) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

pub(super) fn write_number(field: u64, value: u64, out: &mut BytesMut) {
    write_varint(field << 3 | VARINT, out);
    write_varint(value, out);
}

pub(super) fn write_double(field: u64, value: f64, out: &mut BytesMut) {
    write_varint(field << 3 | FIXED_64, out);
    out.put_f64_le(value);
}

pub(super) fn write_octets(field: u64, octets: &[u8], out: &mut BytesMut) {
    write_varint(field << 3 | OCTETS, out);
    write_varint(octets.len() as u64, out);
    out.extend_from_slice(octets);
}

/// Writes a field as it was read.
pub(super) fn write_field(field: Field<'_>, out: &mut BytesMut) {
    match field.raw {
        Raw::Varint(value) => write_number(field.number, value, out),
        Raw::Fixed64(bits) => write_double(field.number, f64::from_bits(bits), out),
        Raw::Octets(octets) => write_octets(field.number, octets, out),
        Raw::Fixed32(bits) => {
            const FIXED_32: u64 = 5;
            write_varint(field.number << 3 | FIXED_32, out);
            out.put_u32_le(bits);
        }
    }
}

/// Writes a message within a message. Its length stands before it and is known after it, so the room of one octet is left,
/// and more made where it does not do.
pub(super) fn write_message(field: u64, out: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    write_varint(field << 3 | OCTETS, out);
    let at = out.len();
    out.put_u8(0);
    write(out);
    let length = out.len() - at - 1;
    if length < 0x80 {
        out[at] = length as u8;
        return;
    }
    let mut prefix = BytesMut::with_capacity(10);
    write_varint(length as u64, &mut prefix);
    out.put_bytes(0, prefix.len() - 1);
    out.copy_within(at + 1..at + 1 + length, at + prefix.len());
    out[at..at + prefix.len()].copy_from_slice(&prefix);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_message_says_why() {
        let told = |octets: &[u8]| Fields::of(octets).collect::<Result<Vec<_>, _>>().expect_err("no message");
        assert_eq!(told(&[0x08]), WireError::Truncated);
        assert_eq!(told(&[0x12, 0x05, 0x00]), WireError::Truncated);
        assert_eq!(told(&[0x0B]), WireError::Kind { field: 1, kind: 3 });
        assert_eq!(told(&[0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02]), WireError::Overlong);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            number in any::<u64>(), double in any::<f64>(), octets in proptest::collection::vec(any::<u8>(), 0..40_000),
        ) {
            let mut out = BytesMut::new();
            write_number(3, number, &mut out);
            write_message(2, &mut out, |out| {
                write_octets(900, &octets, out);
                write_double(13, double, out);
            });
            let fields: Vec<_> = Fields::of(&out).collect::<Result<_, _>>().expect("a message");
            prop_assert_eq!(fields[0], Field { number: 3, raw: Raw::Varint(number) });
            let inner: Vec<_> = Fields::of(fields[1].octets().expect("octets")).collect::<Result<_, _>>().expect("a message");
            prop_assert_eq!(inner[0].octets(), Ok(&octets[..]));
            prop_assert_eq!(inner[1].raw, Raw::Fixed64(double.to_bits()));
            let mut again = BytesMut::new();
            for field in &fields {
                write_field(*field, &mut again);
            }
            prop_assert_eq!(again, out);
        }

        #[test]
        fn any_bytes_are_answered(octets in any::<Vec<u8>>()) {
            let _ = Fields::of(&octets).collect::<Result<Vec<_>, _>>();
        }
    }
}
