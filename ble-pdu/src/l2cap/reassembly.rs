//! Fragments back to frames.

use thiserror::Error;

use super::{Frame, HEADER_LENGTH};

/// Why fragments give no frame; the partial frame is discarded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FragmentError {
    /// A continuation came without a start.
    #[error("continuation fragment of {length} octets without a start")]
    Orphan {
        /// Octets of the fragment.
        length: usize,
    },
    /// A start came while a frame was incomplete.
    #[error("new frame after {received} of {expected} octets")]
    Interrupted {
        /// Octets received so far.
        received: usize,
        /// Octets that the header announced.
        expected: usize,
    },
    /// More octets than the header announced.
    #[error("{received} octets where the header announced {expected}")]
    TooLong {
        /// Octets received.
        received: usize,
        /// Octets that the header announced.
        expected: usize,
    },
    /// The announced length is above the limit of the receiver.
    #[error("frame of {announced} octets above the limit of {limit}")]
    AboveLimit {
        /// Octets of payload that the header announces.
        announced: usize,
        /// Most octets of payload the receiver takes.
        limit: usize,
    },
}

/// Collects the fragments of one direction of one connection.
#[derive(Debug, Clone)]
pub struct Reassembler {
    buffer: Vec<u8>,
    limit: usize,
}

impl Reassembler {
    /// A reassembler that refuses payloads above `limit` octets.
    pub fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), limit }
    }

    /// Takes the first fragment of a frame; gives the frame when it is whole.
    ///
    /// # Errors
    /// When an older frame was incomplete (it is dropped and this one begins), or when the announced length is exceeded
    /// or above the limit.
    pub fn start(&mut self, fragment: &[u8]) -> Result<Option<Frame>, FragmentError> {
        let interrupted = (!self.buffer.is_empty())
            .then(|| FragmentError::Interrupted { received: self.buffer.len(), expected: self.expected() });
        self.buffer.clear();
        self.buffer.extend_from_slice(fragment);
        let complete = self.complete();
        match (interrupted, complete) {
            (Some(error), Ok(None)) => Err(error),
            (_, complete) => complete,
        }
    }

    /// Takes a continuation fragment; gives the frame when it is whole.
    ///
    /// # Errors
    /// When no frame had begun, or when the announced length is exceeded or above the limit.
    pub fn proceed(&mut self, fragment: &[u8]) -> Result<Option<Frame>, FragmentError> {
        if self.buffer.is_empty() {
            return Err(FragmentError::Orphan { length: fragment.len() });
        }
        self.buffer.extend_from_slice(fragment);
        self.complete()
    }

    fn expected(&self) -> usize {
        match self.buffer.get(..2) {
            Some(length) => HEADER_LENGTH + usize::from(u16::from_le_bytes([length[0], length[1]])),
            None => HEADER_LENGTH,
        }
    }

    fn complete(&mut self) -> Result<Option<Frame>, FragmentError> {
        let expected = self.expected();
        if expected - HEADER_LENGTH > self.limit {
            self.buffer.clear();
            return Err(FragmentError::AboveLimit { announced: expected - HEADER_LENGTH, limit: self.limit });
        }
        let received = self.buffer.len();
        if received < expected {
            return Ok(None);
        }
        if received > expected {
            self.buffer.clear();
            return Err(FragmentError::TooLong { received, expected });
        }
        let channel = u16::from_le_bytes([self.buffer[2], self.buffer[3]]);
        let payload = self.buffer[HEADER_LENGTH..].to_vec();
        self.buffer.clear();
        Ok(Some(Frame { channel, payload }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_frame_in_one_piece() {
        let mut reassembler = Reassembler::new(64);
        let frame = reassembler.start(&[3, 0, 4, 0, 0x0A, 0x03, 0x00]).expect("whole frame");
        assert_eq!(frame, Some(Frame { channel: 4, payload: vec![0x0A, 3, 0] }));
    }

    #[test]
    fn faults_are_named() {
        let mut reassembler = Reassembler::new(8);
        assert_eq!(reassembler.proceed(&[1]), Err(FragmentError::Orphan { length: 1 }));
        assert_eq!(reassembler.start(&[9, 0, 4, 0]), Err(FragmentError::AboveLimit { announced: 9, limit: 8 }));
        assert_eq!(reassembler.start(&[1, 0, 4, 0, 1, 2]), Err(FragmentError::TooLong { received: 6, expected: 5 }));
        assert_eq!(reassembler.start(&[2, 0, 4, 0, 1]), Ok(None));
        assert_eq!(reassembler.start(&[2, 0, 4, 0]), Err(FragmentError::Interrupted { received: 5, expected: 6 }));
        assert_eq!(reassembler.proceed(&[7, 8]), Ok(Some(Frame { channel: 4, payload: vec![7, 8] })));
    }

    proptest! {
        /// Any cut of a frame into fragments gives the frame back.
        #[test]
        fn cuts_do_not_matter(channel: u16, payload in prop::collection::vec(any::<u8>(), 0..300), piece in 1_usize..40) {
            let frame = Frame { channel, payload };
            let bytes = frame.to_bytes();
            let mut reassembler = Reassembler::new(300);
            let mut found = None;
            for (index, fragment) in bytes.chunks(piece).enumerate() {
                prop_assert!(found.is_none());
                found = if index == 0 { reassembler.start(fragment) } else { reassembler.proceed(fragment) }.expect("well formed");
            }
            prop_assert_eq!(found, Some(frame));
        }

        #[test]
        fn any_fragments_are_survived(fragments in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)), 0..40)) {
            let mut reassembler = Reassembler::new(64);
            for (start, fragment) in fragments {
                if let Ok(Some(frame)) = if start { reassembler.start(&fragment) } else { reassembler.proceed(&fragment) } {
                    prop_assert!(frame.payload.len() <= 64);
                }
            }
        }
    }
}
