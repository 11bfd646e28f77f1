//! Messages that wait in a lane for their intended instant.

use crate::mqtt::message::Message;

/// A message with its instant.
#[derive(Debug)]
pub(crate) struct DueMessage {
    pub(crate) slot: u32,
    /// When the device's schedule says it [ns on the wall].
    pub(crate) due_ns: i64,
    pub(crate) message: Message,
}

/// Batches, each sorted by instant. A simulation hands over one batch a tick, so there are rarely more than two.
#[derive(Debug, Default)]
pub(super) struct DueMessages {
    batches: Vec<std::vec::IntoIter<DueMessage>>,
}

impl DueMessages {
    /// Adds a batch; messages of one instant keep their order.
    pub(super) fn add(&mut self, mut batch: Vec<DueMessage>) {
        if !batch.is_sorted_by_key(|message| message.due_ns) {
            batch.sort_by_key(|message| message.due_ns);
        }
        if !batch.is_empty() {
            self.batches.push(batch.into_iter());
        }
    }

    /// The next instant [ns]; `i64::MAX` is never.
    pub(super) fn next_ns(&self) -> i64 {
        self.batches
            .iter()
            .filter_map(|batch| batch.as_slice().first())
            .map(|next| next.due_ns)
            .min()
            .unwrap_or(i64::MAX)
    }

    /// The next message whose instant has come: earlier batches first.
    pub(super) fn pop(&mut self, now_ns: i64) -> Option<DueMessage> {
        for (position, batch) in self.batches.iter_mut().enumerate() {
            if batch.as_slice().first().is_some_and(|next| next.due_ns <= now_ns) {
                let message = batch.next();
                if batch.as_slice().is_empty() {
                    self.batches.remove(position);
                }
                return message;
            }
        }
        None
    }

    /// Whatever is left, whether due or not.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = DueMessage> + '_ {
        self.batches.drain(..).flatten()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sim_core::RouteId;

    use super::*;
    use crate::mqtt::message::Content;

    fn due(due_ns: i64, sequence: u64) -> DueMessage {
        let content = Content::Telemetry { route: RouteId(0), sequence };
        DueMessage { slot: 0, due_ns, message: Message { content, payload: Bytes::new(), waited: false } }
    }

    #[test]
    fn messages_come_at_their_instant_and_in_order() {
        let mut waiting = DueMessages::default();
        waiting.add(vec![due(30, 2), due(10, 0), due(30, 3), due(20, 1)]);
        waiting.add(vec![due(25, 4)]);
        assert_eq!(waiting.next_ns(), 10);
        let mut order = Vec::new();
        for now_ns in [9, 20, 30] {
            while let Some(message) = waiting.pop(now_ns) {
                let Content::Telemetry { sequence, .. } = message.message.content else { continue };
                order.push((now_ns, sequence));
            }
        }
        assert_eq!(order, [(20, 0), (20, 1), (30, 2), (30, 3), (30, 4)]);
        assert!(waiting.is_empty());
    }
}
