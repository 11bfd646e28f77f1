//! The target's side of MLLP in virtual time: it takes every message, and acknowledges it with AA.

use std::collections::VecDeque;

use bytes::Bytes;

use super::framing::{Deframer, mllp_block};
use super::hl7::acknowledge;
use crate::exchange::dialogue::Answering;

/// One connection.
#[derive(Debug, Default)]
pub(crate) struct Server {
    deframer: Deframer,
    heard: Vec<(String, Bytes)>,
    answers: VecDeque<Bytes>,
}

impl Answering for Server {
    fn hear(&mut self, bytes: &[u8]) {
        self.deframer.put(bytes);
        // No device of a run writes a block that is too large.
        while let Ok(Some(block)) = self.deframer.next_block() {
            self.answers.extend(mllp_block(&acknowledge(&block, "AA")));
            self.heard.push((String::new(), block));
        }
    }

    fn take_heard(&mut self) -> Vec<(String, Bytes)> {
        std::mem::take(&mut self.heard)
    }

    fn next_bytes(&mut self) -> Option<Bytes> {
        self.answers.pop_front()
    }
}
