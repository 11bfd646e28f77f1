//! Which connections of a lane have something to do: one waker each, one shared list.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The list that wakers write and the lane reads.
#[derive(Debug, Default)]
pub(crate) struct ReadyList {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    slots: Vec<Arc<ConnectionWaker>>,
    lane: Option<Waker>,
}

impl ReadyList {
    /// A waker that puts `slot` on the list.
    pub(crate) fn waker(self: &Arc<Self>, slot: u32) -> Waker {
        Arc::new(ConnectionWaker { list: Arc::clone(self), slot, listed: AtomicBool::new(false) }).into()
    }

    /// Who is woken when the list stops being empty.
    pub(crate) fn watch(&self, lane: &Waker) {
        let mut inner = self.lock();
        if !inner.lane.as_ref().is_some_and(|known| known.will_wake(lane)) {
            inner.lane = Some(lane.clone());
        }
    }

    /// Moves the listed slots to `slots`.
    pub(crate) fn take(&self, slots: &mut Vec<u32>) {
        let mut inner = self.lock();
        for ready in inner.slots.drain(..) {
            // Cleared before the connection is polled, so that a wake during the poll is not lost.
            ready.listed.store(false, Ordering::Release);
            slots.push(ready.slot);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().slots.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct ConnectionWaker {
    list: Arc<ReadyList>,
    slot: u32,
    listed: AtomicBool,
}

impl Wake for ConnectionWaker {
    fn wake(self: Arc<Self>) {
        if self.listed.swap(true, Ordering::AcqRel) {
            return;
        }
        let list = Arc::clone(&self.list);
        let lane = {
            let mut inner = list.lock();
            inner.slots.push(self);
            if inner.slots.len() == 1 { inner.lane.clone() } else { None }
        };
        if let Some(lane) = lane {
            lane.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_listed_once_until_it_is_taken() {
        let list = Arc::new(ReadyList::default());
        let waker = list.waker(7);
        waker.wake_by_ref();
        waker.wake_by_ref();
        let mut slots = Vec::new();
        list.take(&mut slots);
        assert_eq!(slots, [7]);
        assert!(list.is_empty());
        waker.wake_by_ref();
        list.take(&mut slots);
        assert_eq!(slots, [7, 7]);
    }
}
