//! From a message of a device to the air: values are sent, kept or stored as the device's services want it.

use std::collections::BTreeSet;

use ble::Delivery;
use ble::records::Record;
use ble::services::battery;
use sim_core::Outbound;
use vocabulary::OwnedMessage;

use crate::profile::{Manner, Part, Sampling, Sender, charge_percent};
use crate::radio_device::{Kept, PART_LIMIT, Parcel, Tag};
use crate::radio_message;
use crate::report::Reason;
use crate::site::Site;

impl Site {
    /// Lets a device send what it has to say now.
    pub(crate) fn transmit(&mut self, outbound: &Outbound) {
        let Some(&index) = self.by_device.get(&outbound.device) else { return };
        let Ok(message) = radio_message::decode(&outbound.payload) else {
            self.give_up(outbound.route, outbound.sequence, Reason::Malformed);
            return;
        };
        if self.devices[index].power_faults > 0 {
            self.devices[index].counters.values_unsaid += 1;
            self.give_up(outbound.route, outbound.sequence, Reason::PoweredOff);
            return;
        }
        let parts = self.put_together(index, outbound, &message);
        if parts.is_empty() || parts.len() > PART_LIMIT {
            self.give_up(outbound.route, outbound.sequence, Reason::NotCarried);
            return;
        }
        let parcel = self.open_parcel(index, outbound, &message, parts.len());
        for (position, part) in parts.into_iter().enumerate() {
            self.send_part(index, Tag { parcel, part: position, is_record: false }, part);
        }
        self.settle(index, parcel);
    }

    fn put_together(&mut self, index: usize, outbound: &Outbound, message: &OwnedMessage) -> Vec<Part> {
        let device = &mut self.devices[index];
        if let Some(charge_percent) = charge_percent(message) {
            self.air.set_value(device.peripheral, battery::SERVICE, battery::LEVEL, &[charge_percent]);
        }
        if device.clock_error_ms != 0 {
            device.counters.values_restamped += 1;
        }
        let mut sender = Sender {
            room: self.air.room(device.peripheral),
            clock_ms: message.device_time_ms + device.clock_error_ms,
            since_start_ms: (outbound.intended.nanos() / 1_000_000).max(0) as u64,
            packets: &mut device.packets,
        };
        device.profile.send(message, &mut sender)
    }

    fn open_parcel(&mut self, index: usize, outbound: &Outbound, message: &OwnedMessage, parts: usize) -> u64 {
        let device = &mut self.devices[index];
        let number = device.next_parcel;
        device.next_parcel += 1;
        let patient = message.patient_id.as_deref().map(|patient_id| device.patient_number(patient_id));
        let parcel = Parcel {
            route: outbound.route,
            sequence: outbound.sequence,
            intended: outbound.intended,
            device_time_ms: message.device_time_ms + device.clock_error_ms,
            patient,
            parts,
            copies: 0,
            is_kept: false,
            is_late: false,
            forwarded: 0,
            loss: Reason::NoSubscriber,
            sampling: message.waves.first().map(|wave| Sampling {
                first_ms: wave.first_ms + device.clock_error_ms,
                rate_mhz: wave.rate_mhz,
                gain: wave.gain,
                offset: wave.offset,
            }),
            collected: Vec::new(),
            taken: BTreeSet::new(),
            to_confirm: None,
        };
        device.parcels.insert(number, parcel);
        number
    }

    fn send_part(&mut self, index: usize, tag: Tag, part: Part) {
        match part.manner {
            Manner::Notified => self.notify(index, tag, &part),
            Manner::Confirmed => self.keep(index, tag, part),
            // Records are told apart by their keys: a sensor files one measurement a minute.
            Manner::Recorded { key, live } if self.has_recorded(index, key, tag.parcel) => {
                if let Some(parcel) = self.devices[index].parcels.get_mut(&tag.parcel) {
                    parcel.loss = Reason::SameRecord;
                }
                if live && self.air.is_wanted(self.devices[index].peripheral, part.service, part.characteristic) {
                    self.notify(index, tag, &part);
                }
            }
            Manner::Recorded { key, live } => {
                self.devices[index].newest_record = Some((key, tag.parcel));
                let Part { service, characteristic, value, .. } = part.clone();
                let name = Tag { is_record: true, ..tag };
                let record = Record { key, parts: vec![(characteristic, value)], tag: name.bits() };
                self.air.store_record(self.devices[index].peripheral, service, record);
                self.remember_record(index, tag.parcel);
                if live {
                    self.notify(index, tag, &part);
                }
            }
        }
    }

    /// Whether the history's newest record is of this key, and of another message.
    fn has_recorded(&self, index: usize, key: u32, parcel: u64) -> bool {
        self.devices[index].newest_record.is_some_and(|(newest, of)| newest == key && of != parcel)
    }

    fn notify(&mut self, index: usize, tag: Tag, part: &Part) {
        let peripheral = self.devices[index].peripheral;
        let delivery = self.air.send_tagged(peripheral, part.service, part.characteristic, &part.value, tag.bits());
        if let Some(parcel) = self.devices[index].parcels.get_mut(&tag.parcel) {
            parcel.copies += delivery.queued as i64 + i64::from(delivery.held);
            parcel.loss = reason(delivery);
        }
    }

    /// Keeps a value until it is confirmed; the oldest makes room when there are too many.
    fn keep(&mut self, index: usize, tag: Tag, part: Part) {
        let device = &mut self.devices[index];
        let Part { service, characteristic, value, .. } = part;
        device.kept.push_back(Kept { tag, service, characteristic, value });
        if let Some(parcel) = device.parcels.get_mut(&tag.parcel) {
            parcel.is_kept = true;
        }
        if device.kept.len() > device.profile.history.max(1) {
            // The one that is under way may still be confirmed.
            let oldest = usize::from(device.in_flight.is_some());
            if let Some(dropped) = device.kept.remove(oldest) {
                self.let_go(index, dropped.tag.parcel, Reason::HistoryFull);
            }
        }
        self.send_kept(index);
        let device = &mut self.devices[index];
        let is_sent = device.in_flight == Some(tag.parcel);
        if let Some(parcel) = device.parcels.get_mut(&tag.parcel) {
            parcel.is_late = !is_sent;
        }
    }

    /// Sends the oldest value that is kept, unless one is under way or nobody listens.
    pub(crate) fn send_kept(&mut self, index: usize) {
        let device = &mut self.devices[index];
        if device.in_flight.is_some() || device.power_faults > 0 {
            return;
        }
        let Some(kept) = device.kept.front() else { return };
        let (tag, peripheral) = (kept.tag, device.peripheral);
        let delivery = self.air.send_tagged(peripheral, kept.service, kept.characteristic, &kept.value, tag.bits());
        if delivery.queued > 0 {
            device.in_flight = Some(tag.parcel);
            if let Some(parcel) = device.parcels.get_mut(&tag.parcel) {
                parcel.to_confirm = None;
            }
        } else if let Some(parcel) = device.parcels.get_mut(&tag.parcel) {
            parcel.is_late = true;
        }
    }

    /// Files a message in the history; the oldest makes room when it is full.
    fn remember_record(&mut self, index: usize, parcel: u64) {
        let device = &mut self.devices[index];
        device.recorded.push_back(parcel);
        if let Some(parcel) = device.parcels.get_mut(&parcel) {
            parcel.is_kept = true;
        }
        if device.recorded.len() > device.profile.history
            && let Some(oldest) = device.recorded.pop_front()
        {
            self.let_go(index, oldest, Reason::HistoryFull);
        }
    }

    /// The device does not have a message any more.
    pub(crate) fn let_go(&mut self, index: usize, parcel: u64, reason: Reason) {
        if let Some(parcel) = self.devices[index].parcels.get_mut(&parcel) {
            parcel.is_kept = false;
            parcel.loss = reason;
        }
        self.settle(index, parcel);
    }
}

/// Why nothing was queued, if nothing was.
fn reason(delivery: Delivery) -> Reason {
    if delivery.muted > 0 {
        Reason::Muted
    } else if delivery.dropped > 0 {
        Reason::QueueFull
    } else {
        Reason::NoSubscriber
    }
}
