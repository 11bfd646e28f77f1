//! What stands between a session and its transport while rules are in force.

use bytes::{Bytes, BytesMut};

use crate::mqtt::frame;
use crate::mqtt::turn::Turn;
use crate::rules::frame_queue::FrameQueue;
use crate::rules::link_rule::{Closing, Direction};
use crate::rules::rule_set::{Passage, RuleSet};
use crate::transport::Transport;

/// Rules of a link and what they hold.
#[derive(Debug, Default)]
pub(super) struct Ruled {
    pub(super) rules: RuleSet,
    /// Transports that the device gave up while rules held its bytes: the other side must not notice before they heal.
    pub(super) parked: Vec<Transport>,
    /// Frames that the rules let pass, now or later.
    pub(super) outgoing: FrameQueue,
    pub(super) incoming: FrameQueue,
    /// The transport takes no more at the moment.
    pub(super) blocked: bool,
    /// Start of an arriving frame whose rest has not come.
    partial: BytesMut,
}

impl Ruled {
    /// Whether frames have to go through here.
    pub(super) fn takes_frames(&self) -> bool {
        self.rules.sees_frames() || !self.outgoing.is_empty() || !self.incoming.is_empty()
    }

    /// When frames are let go [ns]; `i64::MAX` is never.
    pub(super) fn next_ns(&self) -> i64 {
        let waits = |direction| self.rules.holds(direction);
        let outgoing_ns = if self.blocked || waits(Direction::Outgoing) { i64::MAX } else { self.outgoing.next_ns() };
        let incoming_ns = if waits(Direction::Incoming) { i64::MAX } else { self.incoming.next_ns() };
        outgoing_ns.min(incoming_ns)
    }

    /// A frame goes in; how the connection ends if a rule ends it.
    pub(super) fn take(&mut self, direction: Direction, frame: Bytes, turn: &mut Turn<'_>) -> Option<Closing> {
        match self.rules.judge(direction, frame, turn.now_ns, &mut turn.stats.evidence) {
            Passage::Passes { bytes, not_before_ns } => {
                let queue = match direction {
                    Direction::Outgoing => &mut self.outgoing,
                    Direction::Incoming => &mut self.incoming,
                };
                queue.push(bytes, not_before_ns);
                None
            }
            Passage::Vanishes => None,
            Passage::Cut(closing) => Some(closing),
        }
    }

    /// Bytes have arrived; how the connection ends if a rule ends it. What is not MQTT passes for the session to judge.
    pub(super) fn arrive(&mut self, bytes: &[u8], turn: &mut Turn<'_>) -> Option<Closing> {
        self.partial.extend_from_slice(bytes);
        loop {
            let length = match frame::packet_length(&self.partial) {
                Ok(Some(length)) => length,
                Ok(None) => return None,
                Err(_) => self.partial.len(),
            };
            let frame = self.partial.split_to(length).freeze();
            if let Some(closing) = self.take(Direction::Incoming, frame, turn) {
                return Some(closing);
            }
        }
    }

    /// The start of a frame that arrived before.
    pub(super) fn continue_from(&mut self, partial: &[u8]) {
        self.partial.extend_from_slice(partial);
    }

    /// The connection is gone and with it what was on its way.
    pub(super) fn forget(&mut self) {
        self.rules.forget_held();
        self.outgoing = FrameQueue::default();
        self.incoming = FrameQueue::default();
        self.partial = BytesMut::new();
        self.blocked = false;
    }

    /// Nobody needs it any more; gives back the start of a frame.
    pub(super) fn retire(&mut self) -> Option<BytesMut> {
        let done =
            self.rules.is_empty() && self.parked.is_empty() && self.outgoing.is_empty() && self.incoming.is_empty();
        done.then(|| std::mem::take(&mut self.partial))
    }
}
