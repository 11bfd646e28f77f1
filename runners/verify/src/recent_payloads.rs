//! The newest payloads, so that what was said can be shown beside what was seen.

use std::collections::{HashMap, VecDeque};

use sim_core::RouteId;

/// Most bytes of payloads that are kept.
const MOST_BYTES: usize = 16 << 20;

/// Payloads by route and sequence number.
#[derive(Debug, Default)]
pub(crate) struct RecentPayloads {
    kept: HashMap<(RouteId, u64), Box<[u8]>>,
    /// The oldest first.
    order: VecDeque<(RouteId, u64)>,
    bytes: usize,
}

impl RecentPayloads {
    /// Keeps a payload, and gives up the oldest beyond so many bytes. Of a message that several gateways have put into
    /// words the first words are kept.
    pub(crate) fn keep(&mut self, route: RouteId, sequence: u64, payload: &[u8]) {
        let name = (route, sequence);
        if self.kept.contains_key(&name) {
            return;
        }
        self.bytes += payload.len();
        self.kept.insert(name, payload.into());
        self.order.push_back(name);
        while self.bytes > MOST_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.kept.remove(&oldest).map_or(0, |payload| payload.len());
        }
    }

    /// What was said in a message, if it is still known.
    pub(crate) fn of(&self, route: RouteId, sequence: u64) -> Option<&[u8]> {
        self.kept.get(&(route, sequence)).map(|payload| &**payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_given_up() {
        let mut payloads = RecentPayloads::default();
        let large = vec![b'x'; MOST_BYTES / 2];
        payloads.keep(RouteId(0), 0, b"first");
        payloads.keep(RouteId(0), 0, b"another gateway's");
        assert_eq!(payloads.of(RouteId(0), 0), Some(&b"first"[..]));
        payloads.keep(RouteId(1), 0, &large);
        payloads.keep(RouteId(1), 1, &large);
        assert_eq!((payloads.of(RouteId(0), 0), payloads.of(RouteId(1), 0)), (None, Some(&large[..])));
    }
}
