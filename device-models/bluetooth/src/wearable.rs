//! A device with its peripheral: what it has sent, what it still keeps, what is known of its way.

use std::collections::{BTreeMap, VecDeque};

use ble::pdu::att::Uuid;
use ble::{Address, PeripheralId};
use sim_core::{RouteId, SimId, SimTime};

use super::profiles::Profile;
use super::reception::Scale;
use super::report::Reason;

/// Parts that one message may have: their position is the lowest octet of a tag.
pub(super) const PART_LIMIT: usize = 256;

/// Marks the tags of values that come out of a history.
const RECORD: u64 = 1 << 63;

/// The name of a value in the air: message, part, and whether it comes out of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) parcel: u64,
    pub(super) part: usize,
    pub(super) is_record: bool,
}

impl Tag {
    /// From the number in the air; none for a value without a name.
    pub(super) fn from_bits(bits: u64) -> Option<Self> {
        let tag = Self { parcel: (bits & !RECORD) >> 8, part: (bits & 0xFF) as usize, is_record: bits & RECORD != 0 };
        (bits != 0).then_some(tag)
    }

    /// The number in the air.
    pub(super) fn bits(self) -> u64 {
        self.parcel << 8 | self.part as u64 & 0xFF | if self.is_record { RECORD } else { 0 }
    }
}

/// A message on its way.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) route: RouteId,
    pub(super) sequence: u64,
    pub(super) intended: SimTime,
    pub(super) device_time_ms: i64,
    /// Position of the patient's id among those the device has named.
    pub(super) patient: Option<u16>,
    pub(super) parts: usize,
    /// Copies of its parts that are in queues of links.
    pub(super) copies: i64,
    /// Whether the device still has it.
    pub(super) is_kept: bool,
    /// Whether it was not sent when it was said.
    pub(super) is_late: bool,
    /// How often a gateway has handed it on.
    pub(super) forwarded: u32,
    /// What happened to the last copy that was lost.
    pub(super) loss: Reason,
    /// What its samples mean, and when the first one was taken [ms since the Unix epoch].
    pub(super) scale: Option<(Scale, i64)>,
    /// Parts that gateways have, while they wait for the others.
    pub(super) collected: Vec<(usize, Vec<Option<Vec<u8>>>)>,
}

/// A value that is kept until somebody has confirmed it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) tag: Tag,
    pub(super) service: Uuid,
    pub(super) characteristic: Uuid,
    pub(super) value: Vec<u8>,
}

/// What the way of a device has seen, beyond what the air counts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WayCounters {
    pub(super) links_made: u64,
    pub(super) links_lost: u64,
    pub(super) links_changed: u64,
    pub(super) values_unknown: u64,
    pub(super) values_restamped: u64,
    pub(super) values_unsaid: u64,
}

/// A device with a Bluetooth side.
#[derive(Debug)]
pub(super) struct Wearable {
    pub(super) device: SimId,
    pub(super) peripheral: PeripheralId,
    pub(super) address: Address,
    pub(super) profile: &'static Profile,
    pub(super) parcels: BTreeMap<u64, Parcel>,
    pub(super) next_parcel: u64,
    /// Values to be confirmed, oldest first.
    pub(super) kept: VecDeque<Kept>,
    /// The message whose indication is under way.
    pub(super) in_flight: Option<u64>,
    /// Messages in the history, oldest first.
    pub(super) recorded: VecDeque<u64>,
    pub(super) packets: u16,
    /// What its clock is wrong by [ms].
    pub(super) clock_error_ms: i64,
    /// Faults that keep it without power.
    pub(super) power_faults: u32,
    /// Patient ids that it has named.
    pub(super) patients: Vec<String>,
    /// When its last link ended.
    pub(super) alone_since: Option<SimTime>,
    pub(super) counters: WayCounters,
}

impl Wearable {
    pub(super) fn new(device: SimId, peripheral: PeripheralId, address: Address, profile: &'static Profile) -> Self {
        Self {
            device,
            peripheral,
            address,
            profile,
            parcels: BTreeMap::new(),
            next_parcel: 1,
            kept: VecDeque::new(),
            in_flight: None,
            recorded: VecDeque::new(),
            packets: 0,
            clock_error_ms: 0,
            power_faults: 0,
            patients: Vec::new(),
            alone_since: None,
            counters: WayCounters::default(),
        }
    }

    /// The position of a patient's id.
    pub(super) fn patient_number(&mut self, patient_id: &str) -> u16 {
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
