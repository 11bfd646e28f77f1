//! What stands at the other end of connections, as far as the run itself speaks with it.

use bytes::Bytes;

/// What a listener was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Which listener, in the order in which they were added.
    pub listener: usize,
    /// Topic.
    pub topic: String,
    /// Payload.
    pub payload: Bytes,
    /// When [ns].
    pub at: i64,
}

/// The other end of connections to a target that stands in this process, such as the broker of virtual time.
pub trait OtherEnd {
    /// Shows what comes on topics that a filter takes in, from now on; returns the listener's number, counted from 0.
    fn listen(&mut self, filters: Vec<String>) -> usize;

    /// What listeners have been shown since the last call.
    fn take_heard(&mut self) -> Vec<Heard>;

    /// Publishes at an instant [ns] in the name of somebody who is no device. Instants ascend.
    fn publish_at(&mut self, at_ns: i64, topic: String, payload: Bytes);
}
