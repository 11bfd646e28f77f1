//! What is said over one connection, without I/O: requests go in, frames come out, bytes go in, answers come out.

use bytes::Bytes;
use sim_core::RouteId;

use crate::event::LossReason;

/// A message that a device wants taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Running number within its line; it is the same whenever the message is sent again.
    pub(crate) ticket: u64,
    pub(crate) route: RouteId,
    pub(crate) sequence: u64,
    pub(crate) payload: Bytes,
    /// How often a socket has taken all of it.
    pub(crate) attempts: u32,
}

/// What the target says of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has it.
    Taken,
    /// It will not take it, however often it is sent.
    Refused {
        /// The target's code.
        code: u16,
        /// The same in words of a report, equal for equal causes.
        words: String,
    },
    /// It may take it later.
    Later {
        /// Why, in words of a report.
        words: String,
        /// How long the target asks to be left alone [ns].
        after_ns: Option<i64>,
    },
}

/// Bytes that belong together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    /// The request that is out with its last byte.
    pub(crate) completes: Option<u64>,
}

/// The device's side of the connections of one line, one after the other.
pub(crate) trait Dialogue: Send {
    /// A new connection begins.
    fn open(&mut self);

    /// Whether another request may be made now.
    fn has_room(&self) -> bool;

    /// Makes a request.
    fn ask(&mut self, request: &Request);

    /// The next bytes to be written.
    fn next_frame(&mut self) -> Option<Frame>;

    /// Bytes arrived. An error ends the connection.
    fn hear(&mut self, bytes: &[u8]) -> Result<(), LossReason>;

    /// The other side has ended its direction.
    fn hear_end(&mut self) {}

    /// The next answer that has arrived, with the ticket of its request; `None` as ticket is one to nothing that is open.
    fn next_answer(&mut self) -> Option<(Option<u64>, Answer)>;

    /// What did not come when an answer is overdue, with what came instead.
    fn missing(&self) -> &'static str {
        "answer"
    }

    /// Whether nothing more can be asked over this connection.
    fn is_over(&self) -> bool {
        false
    }

    /// The connection is gone, and what was open with it.
    fn close(&mut self);
}

/// The target's side of one connection, where it stands in this process.
pub(crate) trait Answering: Send {
    /// Bytes arrived; what they bring is taken.
    fn hear(&mut self, bytes: &[u8]);

    /// What has been taken since the last call: topic, empty where none travels, and payload.
    fn take_heard(&mut self) -> Vec<(String, Bytes)>;

    /// The next bytes to be written.
    fn next_bytes(&mut self) -> Option<Bytes>;
}

/// Makes the target's side of a new connection.
pub(crate) type MakeAnswering = Box<dyn Fn() -> Box<dyn Answering> + Send>;
