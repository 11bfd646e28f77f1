//! Blocks of the minimal lower layer protocol (HL7 Transport Specification: MLLP, release 2): 0x0B, content, 0x1C 0x0D.

use bytes::{BufMut, Bytes, BytesMut};

const START: u8 = 0x0B;
const END: [u8; 2] = [0x1C, 0x0D];

/// Largest block that is taken [bytes]; a message of an analyser with a report inside has a few hundred kilobytes.
const LARGEST: usize = 16 * 1024 * 1024;

/// A block around some bytes; `None` when they hold what would end it.
pub fn mllp_block(content: &[u8]) -> Option<Bytes> {
    if content.windows(END.len()).any(|pair| pair == END) {
        return None;
    }
    let mut block = BytesMut::with_capacity(content.len() + 3);
    block.put_u8(START);
    block.put_slice(content);
    block.put_slice(&END);
    Some(block.freeze())
}

/// Finds blocks in what arrives.
#[derive(Debug, Default)]
pub struct Deframer {
    arrived: BytesMut,
    /// So many of the bytes have been looked at.
    seen: usize,
    /// Whether something other than the end of a line stood outside of blocks.
    has_skipped: bool,
}

/// A block is larger than anything that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a block of more than {LARGEST} bytes")]
pub struct TooLarge;

impl Deframer {
    /// Bytes have arrived.
    pub fn put(&mut self, bytes: &[u8]) {
        self.arrived.extend_from_slice(bytes);
    }

    /// The content of the next whole block. What stands between blocks is none, and skipped.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn next_block(&mut self) -> Result<Option<Bytes>, TooLarge> {
        if self.seen == 0 {
            let start = self.arrived.iter().position(|byte| *byte == START);
            let skipped = self.arrived.split_to(start.unwrap_or(self.arrived.len()));
            self.has_skipped |= skipped.iter().any(|byte| !matches!(byte, b'\r' | b'\n'));
        }
        let end = self.arrived[self.seen..].windows(END.len()).position(|pair| pair == END);
        match end {
            Some(end) => {
                let mut block = self.arrived.split_to(self.seen + end + END.len());
                self.seen = 0;
                drop(block.split_to(1));
                block.truncate(block.len() - END.len());
                Ok(Some(block.freeze()))
            }
            None if self.arrived.len() > LARGEST => Err(TooLarge),
            None => {
                self.seen = self.arrived.len().saturating_sub(END.len() - 1);
                Ok(None)
            }
        }
    }

    /// Whether something other than the end of a line stood outside of blocks.
    pub fn has_skipped(&self) -> bool {
        self.has_skipped
    }

    /// Forgets what has arrived.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn blocks(deframer: &mut Deframer) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| deframer.next_block().expect("small")).map(|block| block.to_vec()).collect()
    }

    #[test]
    fn noise_between_blocks_is_skipped() {
        let mut deframer = Deframer::default();
        deframer.put(b"noise\x1C\x0D\x0Bone\x1C\x0D\r\n\x0Btwo\x1Cand\x0D");
        assert_eq!(blocks(&mut deframer), [b"one".to_vec()]);
        deframer.put(b"\x1C");
        assert_eq!(blocks(&mut deframer), Vec::<Vec<u8>>::new());
        deframer.put(b"\x0D");
        assert_eq!(blocks(&mut deframer), [b"two\x1Cand\x0D".to_vec()]);
        assert!(deframer.has_skipped());
        assert_eq!(mllp_block(b"a\x1C\x0Db"), None);
    }

    #[test]
    fn a_block_without_end_is_not_kept_for_ever() {
        let mut deframer = Deframer::default();
        deframer.put(&[START]);
        deframer.put(&vec![b'x'; LARGEST]);
        assert_eq!(deframer.next_block(), Err(TooLarge));
    }

    proptest! {
        #[test]
        fn blocks_come_out_as_they_went_in_however_they_are_cut(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..5),
            cut in 1..7_usize,
        ) {
            let framed: Vec<(Vec<u8>, Bytes)> = contents
                .into_iter()
                .filter_map(|content| mllp_block(&content).map(|block| (content, block)))
                .collect();
            let mut deframer = Deframer::default();
            let mut found = Vec::new();
            for piece in framed.iter().flat_map(|(_, block)| block.to_vec()).collect::<Vec<_>>().chunks(cut) {
                deframer.put(piece);
                found.extend(blocks(&mut deframer));
            }
            let expected: Vec<Vec<u8>> = framed.into_iter().map(|(content, _)| content).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
