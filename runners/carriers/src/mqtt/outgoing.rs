//! What a connection has written and its socket has not accepted yet.

use std::collections::VecDeque;

use super::message::{Content, Message, Ticket};

/// Above this many unaccepted bytes [bytes] messages wait in the outbox, so that a stalled socket cannot take memory
/// without bound. One packet may exceed it.
const ROOM: usize = 64 * 1024;

/// A message among the unaccepted bytes.
#[derive(Debug)]
pub(crate) enum Written {
    /// `QoS` 0: nothing else remembers it.
    AtMostOnce(Message),
    /// Above: the backlog remembers it under its ticket.
    Kept { ticket: Ticket, content: Content, attempt: u32 },
}

/// Unaccepted bytes of one connection; holds no memory when there are none.
#[derive(Debug, Default)]
pub(crate) struct Outgoing(Option<Box<Unaccepted>>);

#[derive(Debug, Default)]
struct Unaccepted {
    bytes: Vec<u8>,
    /// How many of `bytes` the socket accepted.
    accepted: usize,
    /// Messages in order, each with the length of `bytes` right after it.
    marks: VecDeque<(usize, Written)>,
}

impl Outgoing {
    /// Bytes for the socket.
    pub(crate) fn unflushed(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |unaccepted| &unaccepted.bytes[unaccepted.accepted..])
    }

    /// Whether another message may be written.
    pub(crate) fn has_room(&self) -> bool {
        self.unflushed().len() < ROOM
    }

    /// Whether no message waits for the socket.
    pub(crate) fn is_settled(&self) -> bool {
        self.0.as_ref().is_none_or(|unaccepted| unaccepted.marks.is_empty())
    }

    /// Where packets are appended.
    pub(crate) fn buffer(&mut self, spare: &mut SpareOutput) -> &mut Vec<u8> {
        &mut self.0.get_or_insert_with(|| spare.0.pop().unwrap_or_default()).bytes
    }

    /// Notes that the bytes just appended are this message.
    pub(crate) fn mark(&mut self, written: Written) {
        if let Some(unaccepted) = &mut self.0 {
            unaccepted.marks.push_back((unaccepted.bytes.len(), written));
        }
    }

    /// The socket accepted `count` more bytes.
    pub(crate) fn accept(&mut self, count: usize) {
        if let Some(unaccepted) = &mut self.0 {
            unaccepted.accepted += count;
        }
    }

    /// The next message whose last byte was accepted.
    pub(crate) fn next_accepted(&mut self) -> Option<Written> {
        let unaccepted = self.0.as_mut()?;
        let (end, _) = unaccepted.marks.front()?;
        if *end > unaccepted.accepted {
            return None;
        }
        unaccepted.marks.pop_front().map(|(_, written)| written)
    }

    /// Lets go of the memory of accepted bytes.
    pub(crate) fn release(&mut self, spare: &mut SpareOutput) {
        let Some(unaccepted) = &mut self.0 else { return };
        if unaccepted.accepted == unaccepted.bytes.len() {
            if let Some(unaccepted) = self.0.take() {
                spare.give(unaccepted);
            }
        } else if unaccepted.accepted >= ROOM {
            let accepted = std::mem::take(&mut unaccepted.accepted);
            unaccepted.bytes.drain(..accepted);
            for (end, _) in &mut unaccepted.marks {
                *end -= accepted;
            }
        }
    }

    /// The connection is gone: forgets the bytes and gives back the messages that were not accepted, oldest first.
    pub(crate) fn reset(&mut self, spare: &mut SpareOutput) -> VecDeque<Written> {
        let Some(mut unaccepted) = self.0.take() else { return VecDeque::new() };
        let written = unaccepted.marks.drain(..).map(|(_, written)| written).collect();
        spare.give(unaccepted);
        written
    }
}

/// Output memory that no connection needs at the moment.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "the boxes themselves move between the pool and the connections")]
pub(crate) struct SpareOutput(Vec<Box<Unaccepted>>);

impl SpareOutput {
    /// Most outputs kept.
    const MOST: usize = 256;
    /// Largest output kept [bytes].
    const LARGEST: usize = 16 * 1024;

    fn give(&mut self, mut unaccepted: Box<Unaccepted>) {
        if self.0.len() < Self::MOST && unaccepted.bytes.capacity() <= Self::LARGEST {
            unaccepted.bytes.clear();
            unaccepted.marks.clear();
            unaccepted.accepted = 0;
            self.0.push(unaccepted);
        }
    }
}
