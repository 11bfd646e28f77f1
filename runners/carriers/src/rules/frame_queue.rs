//! Frames that rules let pass later, in their order.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// Frames on their way, each with the instant from which it may go on.
#[derive(Debug, Default)]
pub(crate) struct FrameQueue(VecDeque<(i64, Bytes)>);

impl FrameQueue {
    /// Adds a frame; it does not overtake those before it.
    pub(crate) fn push(&mut self, bytes: Bytes, not_before_ns: i64) {
        let after = self.0.back().map_or(i64::MIN, |(at_ns, _)| *at_ns);
        self.0.push_back((not_before_ns.max(after), bytes));
    }

    /// When the next frame may go on [ns]; `i64::MAX` is never.
    pub(crate) fn next_ns(&self) -> i64 {
        self.0.front().map_or(i64::MAX, |(at_ns, _)| *at_ns)
    }

    /// Bytes that may go on now.
    pub(crate) fn due(&self, now_ns: i64) -> Option<&[u8]> {
        self.0.front().filter(|(at_ns, _)| *at_ns <= now_ns).map(|(_, bytes)| bytes.as_ref())
    }

    /// So many of the bytes that were due have gone on.
    pub(crate) fn advance(&mut self, count: usize) {
        if let Some((_, bytes)) = self.0.front_mut() {
            bytes.advance(count);
            if bytes.is_empty() {
                self.0.pop_front();
            }
        }
    }

    /// The next frame that may go on now, whole.
    pub(crate) fn pop(&mut self, now_ns: i64) -> Option<Bytes> {
        self.due(now_ns)?;
        self.0.pop_front().map(|(_, bytes)| bytes)
    }

    /// Nothing keeps the frames any longer.
    pub(crate) fn release(&mut self) {
        for (at_ns, _) in &mut self.0 {
            *at_ns = i64::MIN;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_frame_does_not_overtake() {
        let mut queue = FrameQueue::default();
        queue.push(Bytes::from_static(b"first"), 50);
        queue.push(Bytes::from_static(b"second"), 20);
        assert_eq!((queue.next_ns(), queue.due(49)), (50, None));
        assert_eq!(queue.due(50), Some(&b"first"[..]));
        queue.advance(3);
        assert_eq!(queue.pop(50).as_deref(), Some(&b"st"[..]));
        assert_eq!(queue.pop(49), None);
        queue.release();
        assert_eq!(queue.pop(0).as_deref(), Some(&b"second"[..]));
        assert!(queue.is_empty());
    }
}
