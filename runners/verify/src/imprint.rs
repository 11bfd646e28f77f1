//! What is kept of the wording of a message, to compare with it whatever is seen of the message, however late.

use xxhash_rust::xxh3::xxh3_64;

/// Digests of one wording of a message, and the device's clock as the wording tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Imprint {
    /// XXH3 of the bytes.
    bytes: u64,
    /// XXH3 of what the bytes mean; of the bytes again, where the format knows no meaning beyond them.
    meaning: u64,
    /// [ms since the Unix epoch], or [`Imprint::UNTIMED`]; half the size of an `Option`.
    device_time_ms: i64,
}

impl Imprint {
    const UNTIMED: i64 = i64::MIN;

    /// Of a payload whose meaning, if its format knows one, and whose device time, if it tells one, are these.
    pub(crate) fn new(payload: &[u8], meaning: Option<&[u8]>, device_time_ms: Option<i64>) -> Self {
        let bytes = xxh3_64(payload);
        Self { bytes, meaning: meaning.map_or(bytes, xxh3_64), device_time_ms: device_time_ms.unwrap_or(Self::UNTIMED) }
    }

    /// Digest of what the wording means; of its bytes, where its format knows no meaning beyond them.
    pub(crate) fn meaning(&self) -> u64 {
        self.meaning
    }

    /// The device's clock [ms since the Unix epoch], if the wording tells it.
    pub(crate) fn device_time_ms(&self) -> Option<i64> {
        (self.device_time_ms != Self::UNTIMED).then_some(self.device_time_ms)
    }
}

/// A payload that was seen; what it means is only read when its bytes are not those that are expected.
pub(crate) struct SeenPayload<'p> {
    bytes: u64,
    meaning: &'p dyn Fn() -> Option<Vec<u8>>,
}

impl<'p> SeenPayload<'p> {
    pub(crate) fn new(payload: &[u8], meaning: &'p dyn Fn() -> Option<Vec<u8>>) -> Self {
        Self { bytes: xxh3_64(payload), meaning }
    }

    /// Whether it is, or still means, one of these wordings.
    pub(crate) fn is_one_of<'i>(&self, wordings: impl Iterator<Item = &'i Imprint> + Clone) -> bool {
        if wordings.clone().any(|wording| wording.bytes == self.bytes) {
            return true;
        }
        let mut wordings = wordings.peekable();
        if wordings.peek().is_none() {
            return false;
        }
        (self.meaning)().is_some_and(|meaning| {
            let meaning = xxh3_64(&meaning);
            wordings.any(|wording| wording.meaning == meaning)
        })
    }
}
