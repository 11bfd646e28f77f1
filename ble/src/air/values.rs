//! Values of a device: into its attribute table, and to those who want to be told.

use std::any::Any;

use wire::att::{Response, Uuid};
use wire::l2cap::ATT_CHANNEL;

use super::{Air, LinkId, PeripheralId, Timer};
use crate::gatt::ControlPoint;
use crate::peripheral::NotificationOverflow;
use crate::records::{Record, RecordStore};

/// A server waits so long for a confirmation (Core Specification 5.4, volume 3, part F, section 3.3.3) \[ns\].
const CONFIRMATION_TIMEOUT_NS: u64 = 30_000_000_000;

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivery {
    /// Links it was queued for.
    pub queued: usize,
    /// Links whose client has not asked for it.
    pub unwanted: usize,
    /// Links on which it was lost: muted, or the queue was full.
    pub dropped: usize,
}

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
        links.map(|link| link.session.room()).min().unwrap_or(usize::from(wire::att::DEFAULT_MTU) - 3)
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
        let device = self.peripheral_mut(peripheral);
        let faults = device.faults;
        if faults.reorder {
            // Of each pair the first one is held back until the second has gone.
            let held = device.held_back.replace((service, characteristic, value.to_vec()));
            let Some(held) = held else { return Delivery::default() };
            device.held_back = None;
            let delivery = self.send_faulty(peripheral, service, characteristic, value);
            self.send_faulty(peripheral, held.0, held.1, &held.2);
            return delivery;
        }
        if faults.duplicate {
            self.send_faulty(peripheral, service, characteristic, value);
        }
        self.send_faulty(peripheral, service, characteristic, value)
    }

    fn send_faulty(&mut self, peripheral: PeripheralId, service: Uuid, characteristic: Uuid, value: &[u8]) -> Delivery {
        let mut delivery = Delivery::default();
        let device = self.peripheral(peripheral);
        let faults = device.faults;
        let Some(entry) = device.server.database.find(service, characteristic) else { return delivery };
        let Some(configuration) = entry.configuration_handle else { return delivery };
        let handle = entry.value_handle;
        let mut value = value.to_vec();
        if let Some(length) = faults.truncate {
            value.truncate(length);
        }
        if let Some(last) = value.last_mut().filter(|_| faults.damage) {
            *last ^= 0x55;
        }
        for id in device.links.clone() {
            let Some(link) = self.links.get(&id) else { continue };
            let (notifies, indicates) = (link.session.notifies(configuration), link.session.indicates(configuration));
            if !notifies && !indicates {
                delivery.unwanted += 1;
            } else if !faults.mute && self.queue_value(id, handle, value.clone(), !notifies) {
                delivery.queued += 1;
                self.wake(id);
            } else {
                delivery.dropped += 1;
            }
        }
        delivery
    }

    /// Queues a notification or indication on a link. Gives whether it will be sent.
    pub(super) fn queue_value(&mut self, id: LinkId, handle: u16, mut value: Vec<u8>, confirmed: bool) -> bool {
        let Some(link) = self.links.get_mut(&id) else { return false };
        if value.len() > link.session.room() {
            value.truncate(link.session.room());
            link.counters.values_cut += 1;
        }
        link.counters.values_queued += 1;
        if confirmed {
            self.indicate(id, handle, value);
            return true;
        }
        let policy = self.peripherals[link.peripheral.0 as usize].policy;
        if link.waiting_notifications() >= policy.notification_queue {
            link.counters.values_dropped += 1;
            let oldest = link.from_peripheral.iter().position(|frame| frame.notification && frame.sent == 0);
            match (policy.overflow, oldest) {
                (NotificationOverflow::DropOldest, Some(oldest)) => {
                    link.from_peripheral.remove(oldest);
                }
                _ => return false,
            }
        }
        self.push_frame(id, ATT_CHANNEL, Response::Notify { handle, value }.to_bytes(), true);
        true
    }

    /// Sends an indication, or queues it behind the one that is not confirmed yet.
    pub(super) fn indicate(&mut self, id: LinkId, handle: u16, value: Vec<u8>) {
        let now_ns = self.now_ns;
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some((handle, value)) = link.session.indicate(handle, value) else { return };
        link.indication_serial += 1;
        let timer = Timer::IndicationTimeout { link: id, serial: link.indication_serial };
        self.timers.insert(now_ns + CONFIRMATION_TIMEOUT_NS, timer);
        self.push_frame(id, ATT_CHANNEL, Response::Indicate { handle, value }.to_bytes(), false);
    }
}
