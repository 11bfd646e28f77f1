//! Fields of a value, taken off from the front.

use crate::pdu::float11073::{Float, Sfloat};

use super::DateTime;

/// The octets that are left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Octets<'a>(pub(super) &'a [u8]);

impl Octets<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take().map(|[octet]| octet)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn i16(&mut self) -> Option<i16> {
        self.take().map(i16::from_le_bytes)
    }

    pub(super) fn u24(&mut self) -> Option<u32> {
        self.take().map(|[low, middle, high]| u32::from_le_bytes([low, middle, high, 0]))
    }

    /// An SFLOAT; NaN when it is no number.
    pub(super) fn sfloat(&mut self) -> Option<f64> {
        self.u16().map(|bits| Sfloat::from_bits(bits).value())
    }

    /// A FLOAT; NaN when it is no number.
    pub(super) fn float(&mut self) -> Option<f64> {
        self.take().map(|octets| Float::from_bits(u32::from_le_bytes(octets)).value())
    }

    pub(super) fn date_time(&mut self) -> Option<DateTime> {
        DateTime::from_bytes(self.take()?)
    }

    /// A field that is there only if a flag says so.
    #[expect(
        clippy::option_option,
        reason = "the outer one says whether it could be read, the inner one whether it is there"
    )]
    pub(super) fn when<T>(&mut self, is_there: bool, field: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if is_there { field(self).map(Some) } else { Some(None) }
    }

    /// The value, if nothing is left.
    pub(super) fn end<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}
