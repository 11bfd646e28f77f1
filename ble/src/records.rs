//! Stored measurements: the history of a device, as its record access control point gives it out.

use std::collections::VecDeque;

use crate::pdu::att::Uuid;

/// One stored measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Sequence number or time offset: what filters compare. Ascends from record to record.
    pub key: u32,
    /// What is sent for it: characteristics and values, in order.
    pub parts: Vec<(Uuid, Vec<u8>)>,
    /// The name that the device gave it, as in [`crate::Air::send_tagged`]; 0 for none.
    pub tag: u64,
}

/// The records of one service, oldest first.
#[derive(Debug, Clone)]
pub struct RecordStore {
    records: VecDeque<Record>,
    capacity: usize,
    /// Records that had to make room.
    pub overwritten: u64,
}

impl Default for RecordStore {
    fn default() -> Self {
        Self::with_capacity(1000)
    }
}

impl RecordStore {
    /// A store that overwrites its oldest record when it has `capacity` of them.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { records: VecDeque::new(), capacity: capacity.max(1), overwritten: 0 }
    }

    /// Stores a measurement.
    pub fn push(&mut self, record: Record) {
        if self.records.len() == self.capacity {
            self.records.pop_front();
            self.overwritten += 1;
        }
        self.records.push_back(record);
    }

    /// All records, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> + ExactSizeIterator {
        self.records.iter()
    }

    /// Forgets the records for which `drop` holds; gives how many they were.
    pub fn remove(&mut self, drop: impl Fn(&Record) -> bool) -> usize {
        let before = self.records.len();
        self.records.retain(|record| !drop(record));
        before - self.records.len()
    }

    /// Records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}
