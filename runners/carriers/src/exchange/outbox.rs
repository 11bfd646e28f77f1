//! Messages that a device still has to send: those that it has to send again, and behind them those that wait.

use std::collections::{BTreeMap, VecDeque};

use scenarios::{OutboxFull, OutboxPlan};

use super::dialogue::Request;
use crate::event::DropReason;

/// Store and forward of one line.
#[derive(Debug)]
pub(crate) struct Outbox {
    plan: OutboxPlan,
    /// By ticket, which is their order.
    again: BTreeMap<u64, Request>,
    waiting: VecDeque<Request>,
}

impl Outbox {
    pub(crate) fn new(plan: OutboxPlan) -> Self {
        Self { plan, again: BTreeMap::new(), waiting: VecDeque::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.again.is_empty() && self.waiting.is_empty()
    }

    /// Adds a message, whatever the plan says, for one that is about to be taken out again.
    pub(crate) fn push(&mut self, request: Request) {
        self.waiting.push_back(request);
    }

    /// Holds what waits to the plan; gives back what has no room.
    pub(crate) fn overflow(&mut self) -> Option<(Request, DropReason)> {
        if self.waiting.len() <= self.plan.messages as usize {
            return None;
        }
        match self.plan.full {
            OutboxFull::DropOldest => {
                self.waiting.pop_front().map(|request| (request, DropReason::OutboxDroppedOldest))
            }
            OutboxFull::DropNewest => self.waiting.pop_back().map(|request| (request, DropReason::OutboxDroppedNewest)),
        }
    }

    /// Takes back one that has been under way.
    pub(crate) fn put_back(&mut self, request: Request) {
        self.again.insert(request.ticket, request);
    }

    /// The next to be sent.
    pub(crate) fn next(&mut self) -> Option<Request> {
        self.again.pop_first().map(|(_, request)| request).or_else(|| self.waiting.pop_front())
    }

    /// Everything, in its order.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Request> + '_ {
        std::mem::take(&mut self.again).into_values().chain(self.waiting.drain(..))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sim_core::RouteId;

    use super::*;

    fn request(ticket: u64) -> Request {
        Request { ticket, route: RouteId(0), sequence: ticket, payload: Bytes::new(), attempts: 0 }
    }

    #[test]
    fn what_was_under_way_goes_first_and_is_never_dropped() {
        for (full, dropped, left) in
            [(OutboxFull::DropOldest, 2, [0, 1, 3, 4]), (OutboxFull::DropNewest, 4, [0, 1, 2, 3])]
        {
            let mut outbox = Outbox::new(OutboxPlan { messages: 2, full });
            (0..5).for_each(|ticket| outbox.push(request(ticket)));
            let (first, second) = (outbox.next().expect("five"), outbox.next().expect("four"));
            outbox.put_back(second);
            outbox.put_back(first);
            assert_eq!(outbox.overflow().map(|(request, _)| request.ticket), Some(dropped));
            assert_eq!(outbox.overflow(), None);
            assert_eq!(outbox.drain().map(|request| request.ticket).collect::<Vec<_>>(), left);
            assert!(outbox.is_empty());
        }
    }
}
