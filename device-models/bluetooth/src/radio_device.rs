//! A device with its peripheral: what it has sent, what it still keeps, what is known of its way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ble::pdu::att::Uuid;
use ble::{Address, HostId, PeripheralId};
use sim_core::{RouteId, SimId, SimTime};

use crate::evidence::WayCounters;
use crate::profile::{Profile, ReceivedValue, Sampling};
use crate::report::{Reason, Taken};

/// Parts that one message may have: their position is the lowest octet of a tag.
pub(crate) const PART_LIMIT: usize = 256;

/// Marks the tags of values that come out of a history.
const RECORD: u64 = 1 << 63;

/// The name of a value in the air: message, part, and whether it comes out of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) parcel: u64,
    pub(crate) part: usize,
    pub(crate) is_record: bool,
}

impl Tag {
    /// From the number in the air; none for a value without a name.
    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        let tag = Self { parcel: (bits & !RECORD) >> 8, part: (bits & 0xFF) as usize, is_record: bits & RECORD != 0 };
        (bits != 0).then_some(tag)
    }

    /// The number in the air.
    pub(crate) fn bits(self) -> u64 {
        self.parcel << 8 | self.part as u64 & 0xFF | if self.is_record { RECORD } else { 0 }
    }
}

/// Parts of a message by the gateway that has them, in their order.
pub(crate) type Collected = Vec<(usize, Vec<Option<ReceivedValue>>)>;

/// A message on its way.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) route: RouteId,
    pub(crate) sequence: u64,
    pub(crate) intended: SimTime,
    pub(crate) device_time_ms: i64,
    /// Position of the patient's id among those the device has named.
    pub(crate) patient: Option<u16>,
    pub(crate) parts: usize,
    /// Copies of its parts that are in queues of links.
    pub(crate) copies: i64,
    /// Whether the device still has it.
    pub(crate) is_kept: bool,
    /// Whether it was not sent when it was said.
    pub(crate) is_late: bool,
    /// How often a gateway has handed it on.
    pub(crate) forwarded: u32,
    /// What happened to the last copy that was lost.
    pub(crate) loss: Reason,
    /// What its samples mean.
    pub(crate) sampling: Option<Sampling>,
    /// Parts that gateways have, while they wait for the others.
    pub(crate) collected: Collected,
    /// Parts that attached hosts have, while they wait for the others.
    pub(crate) taken: BTreeSet<usize>,
    /// The attached host that has it and was asked to confirm it.
    pub(crate) to_confirm: Option<HostId>,
}

impl Parcel {
    /// A host has a part. A message of several parts is taken once all of them are; one that is fetched again is taken
    /// again with its last part.
    pub(crate) fn take(&mut self, host: HostId, part: usize, at: SimTime) -> Option<Taken> {
        let is_new = self.taken.insert(part);
        if self.taken.len() < self.parts || !is_new && part + 1 < self.parts {
            return None;
        }
        self.forwarded += 1;
        Some(Taken { route: self.route, sequence: self.sequence, host, at })
    }
}

/// A value that is kept until somebody has confirmed it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) tag: Tag,
    pub(crate) service: Uuid,
    pub(crate) characteristic: Uuid,
    pub(crate) value: Vec<u8>,
}

/// A device with a Bluetooth side.
#[derive(Debug)]
pub(crate) struct RadioDevice {
    pub(crate) id: SimId,
    pub(crate) peripheral: PeripheralId,
    pub(crate) address: Address,
    pub(crate) profile: Profile,
    pub(crate) parcels: BTreeMap<u64, Parcel>,
    pub(crate) next_parcel: u64,
    /// Values to be confirmed, oldest first.
    pub(crate) kept: VecDeque<Kept>,
    /// The message whose indication is under way.
    pub(crate) in_flight: Option<u64>,
    /// Messages in the history, oldest first.
    pub(crate) recorded: VecDeque<u64>,
    /// The key of the newest one, and its message.
    pub(crate) newest_record: Option<(u32, u64)>,
    pub(crate) packets: u16,
    /// What its clock is wrong by [ms].
    pub(crate) clock_error_ms: i64,
    /// Faults that keep it without power.
    pub(crate) power_faults: u32,
    /// Patient ids that it has named.
    pub(crate) patients: Vec<String>,
    /// When its last link ended.
    pub(crate) alone_since: Option<SimTime>,
    pub(crate) counters: WayCounters,
}

impl RadioDevice {
    pub(crate) fn new(id: SimId, peripheral: PeripheralId, address: Address, profile: Profile) -> Self {
        Self {
            id,
            peripheral,
            address,
            profile,
            parcels: BTreeMap::new(),
            next_parcel: 1,
            kept: VecDeque::new(),
            in_flight: None,
            recorded: VecDeque::new(),
            newest_record: None,
            packets: 0,
            clock_error_ms: 0,
            power_faults: 0,
            patients: Vec::new(),
            alone_since: None,
            counters: WayCounters::default(),
        }
    }

    /// The position of a patient's id.
    pub(crate) fn patient_number(&mut self, patient_id: &str) -> u16 {
        let known = self.patients.iter().position(|known| known == patient_id);
        known.unwrap_or_else(|| {
            self.patients.push(patient_id.to_owned());
            self.patients.len() - 1
        }) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_back() {
        let tag = Tag { parcel: 70_000, part: 254, is_record: true };
        assert_eq!(Tag::from_bits(tag.bits()), Some(tag));
        assert_eq!(Tag::from_bits(0), None);
    }
}
