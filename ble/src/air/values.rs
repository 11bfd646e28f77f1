//! Values of a device: into its attribute table, and to those who want to be told.

use std::any::Any;

use crate::pdu::att::{Response, Uuid};

use super::{Air, Timer};
use crate::air_event::{AirEvent, Delivery, ValueLoss};
use crate::gatt::{ControlPoint, Properties};
use crate::ids::{LinkId, PeripheralId};
use crate::peripheral::NotificationOverflow;
use crate::records::{Record, RecordStore};

/// A server waits so long for a confirmation (Core Specification 5.4, volume 3, part F, section 3.3.3) \[ns\].
const CONFIRMATION_TIMEOUT_NS: u64 = 30_000_000_000;

impl Air {
    /// Replaces the value that clients read. Gives whether there is such a characteristic.
    pub fn set_value(&mut self, peripheral: PeripheralId, service: Uuid, characteristic: Uuid, value: &[u8]) -> bool {
        let database = &mut self.peripheral_mut(peripheral).server.database;
        let Some(handle) = database.find(service, characteristic).map(|entry| entry.value_handle) else {
            return false;
        };
        database.set_value(handle, value);
        true
    }

    /// The value that clients read.
    pub fn value(&self, peripheral: PeripheralId, service: Uuid, characteristic: Uuid) -> Option<&[u8]> {
        let database = &self.peripheral(peripheral).server.database;
        database.value(database.find(service, characteristic)?.value_handle)
    }

    /// Gives a service a history that overwrites its oldest record when it has `capacity` of them.
    pub fn keep_records(&mut self, peripheral: PeripheralId, service: Uuid, capacity: usize) {
        self.peripheral_mut(peripheral).server.records.insert(service, RecordStore::with_capacity(capacity));
    }

    /// Stores a measurement in the history of a service.
    pub fn store_record(&mut self, peripheral: PeripheralId, service: Uuid, record: Record) {
        self.peripheral_mut(peripheral).server.records.entry(service).or_default().push(record);
    }

    /// The behaviour of a service, if it is a `T`.
    pub fn control_point<T: ControlPoint>(&mut self, peripheral: PeripheralId, service: Uuid) -> Option<&mut T> {
        let object = self.peripheral_mut(peripheral).server.control_points.get_mut(&service)?;
        let object: &mut dyn Any = &mut **object;
        object.downcast_mut()
    }

    /// The history of a service.
    pub fn records(&self, peripheral: PeripheralId, service: Uuid) -> Option<&RecordStore> {
        self.peripheral(peripheral).server.records.get(&service)
    }

    /// Octets that a value may have so that every connected client gets all of it.
    pub fn room(&self, peripheral: PeripheralId) -> usize {
        let links = self.peripheral(peripheral).links.iter().filter_map(|link| self.links.get(link));
        links.map(|link| link.session.room()).min().unwrap_or(usize::from(crate::pdu::att::DEFAULT_MTU) - 3)
    }

    /// Whether any connected client wants to be told about a characteristic.
    pub fn is_wanted(&self, peripheral: PeripheralId, service: Uuid, characteristic: Uuid) -> bool {
        let device = self.peripheral(peripheral);
        let configuration =
            device.server.database.find(service, characteristic).and_then(|entry| entry.configuration_handle);
        let links = || device.links.iter().filter_map(|link| self.links.get(link));
        configuration
            .is_some_and(|handle| links().any(|link| link.session.notifies(handle) || link.session.indicates(handle)))
    }

    /// Notifies or indicates a value to every connected client that has asked for it, as it has asked.
    pub fn send(&mut self, peripheral: PeripheralId, service: Uuid, characteristic: Uuid, value: &[u8]) -> Delivery {
        self.send_tagged(peripheral, service, characteristic, value, 0)
    }

    /// The same for a value with a name other than 0: gateways give the name with the value, and
    /// [`AirEvent::ValueLost`] tells of each queued copy that is lost later.
    pub fn send_tagged(
        &mut self,
        peripheral: PeripheralId,
        service: Uuid,
        characteristic: Uuid,
        value: &[u8],
        tag: u64,
    ) -> Delivery {
        let device = self.peripheral_mut(peripheral);
        let faults = device.faults;
        let is_notified = |entry: &crate::gatt::CharacteristicEntry| entry.properties.has(Properties::NOTIFY);
        // Indications wait for each other and cannot overtake.
        if faults.reorder && device.server.database.find(service, characteristic).is_some_and(is_notified) {
            // Of each pair the first one is held back until the second has gone.
            let held = device.held_back.replace((service, characteristic, value.to_vec(), tag));
            let Some(held) = held else { return Delivery { held: true, ..Delivery::default() } };
            device.held_back = None;
            device.fault_counters.values_swapped += 2;
            let delivery = self.send_faulty(peripheral, service, characteristic, value, tag);
            if self.send_faulty(peripheral, held.0, held.1, &held.2, held.3).queued == 0 {
                self.note_loss(peripheral, held.3, ValueLoss::Muted);
            }
            return delivery;
        }
        let first = self.send_faulty(peripheral, service, characteristic, value, tag);
        if !faults.duplicate {
            return first;
        }
        let second = self.send_faulty(peripheral, service, characteristic, value, tag);
        self.peripheral_mut(peripheral).fault_counters.values_doubled += second.queued as u64;
        Delivery { queued: first.queued + second.queued, dropped: first.dropped + second.dropped, ..first }
    }

    fn send_faulty(
        &mut self,
        peripheral: PeripheralId,
        service: Uuid,
        characteristic: Uuid,
        value: &[u8],
        tag: u64,
    ) -> Delivery {
        let mut delivery = Delivery::default();
        let device = self.peripheral(peripheral);
        let faults = device.faults;
        let Some(entry) = device.server.database.find(service, characteristic) else { return delivery };
        let Some(configuration) = entry.configuration_handle else { return delivery };
        let handle = entry.value_handle;
        let mut value = value.to_vec();
        let cut = faults.truncate.is_some_and(|length| length < value.len());
        if let Some(length) = faults.truncate {
            value.truncate(length);
        }
        let damaged = faults.damage && !value.is_empty();
        if let Some(last) = value.last_mut().filter(|_| damaged) {
            *last ^= 0x55;
        }
        for id in device.links.clone() {
            let Some(link) = self.links.get(&id) else { continue };
            let (notifies, indicates) = (link.session.notifies(configuration), link.session.indicates(configuration));
            if !notifies && !indicates {
                delivery.unwanted += 1;
            } else if faults.mute {
                delivery.dropped += 1;
                delivery.muted += 1;
                self.peripheral_mut(peripheral).fault_counters.values_muted += 1;
            } else if self.queue_value(id, handle, value.clone(), !notifies, tag) {
                delivery.queued += 1;
                self.wake(id);
            } else {
                delivery.dropped += 1;
            }
        }
        let counters = &mut self.peripheral_mut(peripheral).fault_counters;
        counters.values_cut += u64::from(cut) * delivery.queued as u64;
        counters.values_damaged += u64::from(damaged) * delivery.queued as u64;
        delivery
    }

    /// Queues a notification or indication on a link. Gives whether it will be sent.
    pub(super) fn queue_value(
        &mut self,
        id: LinkId,
        handle: u16,
        mut value: Vec<u8>,
        confirmed: bool,
        tag: u64,
    ) -> bool {
        let Some(link) = self.links.get_mut(&id) else { return false };
        if value.len() > link.session.room() {
            value.truncate(link.session.room());
            link.counters.values_cut += 1;
        }
        link.counters.values_queued += 1;
        if confirmed {
            self.indicate(id, handle, value, tag);
            return true;
        }
        let peripheral = link.peripheral;
        let policy = self.peripherals[peripheral.0 as usize].policy;
        if link.waiting_notifications() >= policy.notification_queue {
            link.counters.values_dropped += 1;
            let oldest = link.from_peripheral.iter().position(|frame| frame.notification && frame.sent == 0);
            match (policy.overflow, oldest) {
                (NotificationOverflow::DropOldest, Some(oldest)) => {
                    let dropped = link.from_peripheral.remove(oldest).and_then(|frame| frame.tag);
                    self.note_loss(peripheral, dropped.unwrap_or_default(), ValueLoss::QueueFull);
                }
                _ => return false,
            }
        }
        self.push_value(id, Response::Notify { handle, value }.to_bytes(), true, tag);
        true
    }

    /// Sends an indication, or queues it behind the one that is not confirmed yet.
    pub(super) fn indicate(&mut self, id: LinkId, handle: u16, value: Vec<u8>, tag: u64) {
        let now_ns = self.now_ns;
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some((handle, value, tag)) = link.session.indicate(handle, value, tag) else { return };
        link.indication_serial += 1;
        let timer = Timer::IndicationTimeout { link: id, serial: link.indication_serial };
        self.timers.insert(now_ns + CONFIRMATION_TIMEOUT_NS, timer);
        self.push_value(id, Response::Indicate { handle, value }.to_bytes(), false, tag);
    }

    /// Tells of the loss of a value that has a name.
    pub(super) fn note_loss(&mut self, peripheral: PeripheralId, tag: u64, loss: ValueLoss) {
        if tag != 0 {
            self.note(AirEvent::ValueLost { peripheral, tag, loss });
        }
    }
}
