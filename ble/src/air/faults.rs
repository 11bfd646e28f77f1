//! Faults, as a scenario asks for them.

use crate::pdu::att::Uuid;
use crate::pdu::hci::{ConnectionParameters, Status};

use super::{Air, PeripheralError};
use crate::air_event::ValueLoss;
use crate::fault::{Fault, FaultCounters};
use crate::ids::{HostId, LinkId, PeripheralId};
use crate::link::Procedure;

const GENERIC_ATTRIBUTE: Uuid = Uuid::Short(0x1801);
const SERVICE_CHANGED: Uuid = Uuid::Short(0x2A05);

impl Air {
    /// Does something to a peripheral.
    ///
    /// # Errors
    /// When handles are shifted past the last one.
    pub fn inflict(&mut self, id: PeripheralId, fault: Fault) -> Result<(), PeripheralError> {
        let peripheral = self.peripheral_mut(id);
        let faults = &mut peripheral.faults;
        let counters = &mut peripheral.fault_counters;
        match fault {
            Fault::OutOfRange(state) => faults.out_of_range = state,
            Fault::Fade(db) => faults.fade_db = db,
            Fault::Loss(probability) => faults.loss = probability.clamp(0.0, 1.0),
            Fault::Bursts(bursts) => {
                faults.bursts = bursts;
                self.wake_links(id);
            }
            Fault::Silent(state) => {
                faults.silent = state;
                self.begin_advertising(id);
            }
            Fault::Flood(state) => {
                faults.flood = state;
                self.begin_advertising(id);
            }
            Fault::Interval(interval) => self.ask_for_interval(id, interval),
            Fault::DropLinks { reason } => {
                counters.links_ended += peripheral.links.len() as u64;
                for link in self.links_of(id).to_vec() {
                    self.begin_procedure(link, Procedure::TerminateByPeripheral { reason }, 0);
                }
            }
            Fault::Mute(state) => faults.mute = state,
            Fault::StallRequests(state) => faults.stall_requests = state,
            Fault::TruncateValues(length) => faults.truncate = length,
            Fault::DamageValues(state) => faults.damage = state,
            Fault::Duplicate(state) => faults.duplicate = state,
            Fault::Reorder(state) => {
                faults.reorder = state;
                if let Some((_, _, _, tag)) = peripheral.held_back.take() {
                    self.note_loss(id, tag, ValueLoss::Muted);
                }
            }
            Fault::ResetConfigurations => {
                for link in self.links_of(id).to_vec() {
                    if let Some(link) = self.links.get_mut(&link) {
                        let configurations = std::mem::take(&mut link.session.configurations);
                        self.peripherals[id.0 as usize].fault_counters.configurations_reset +=
                            configurations.len() as u64;
                    }
                }
            }
            Fault::ForgetBonds => {
                counters.bonds_forgotten += peripheral.bonds.len() as u64;
                peripheral.bonds.clear();
                for link in self.links_of(id).to_vec() {
                    if let Some(link) = self.links.get_mut(&link) {
                        link.security.bonded = false;
                    }
                }
            }
            Fault::IntegrityFailure => faults.fail_integrity = true,
            Fault::RotateAddress => {
                counters.addresses_changed += 1;
                peripheral.rotate_address();
            }
            Fault::PowerOff(state) => {
                faults.power_off = state;
                self.begin_advertising(id);
            }
            Fault::LimitMtu(octets) => peripheral.server.max_mtu = octets.clamp(23, 517),
            Fault::ShiftHandles { by, announced } => self.shift_handles(id, by, announced)?,
        }
        Ok(())
    }

    /// What faults have changed at a peripheral so far.
    pub fn fault_counters(&self, id: PeripheralId) -> FaultCounters {
        self.peripheral(id).fault_counters
    }

    /// Lets a peripheral ask for a connection interval \[1.25 ms\] on every link, or for the one that it had before.
    fn ask_for_interval(&mut self, id: PeripheralId, interval: Option<u16>) {
        let links = self.links_of(id).to_vec();
        let in_force = links.first().and_then(|link| self.links.get(link)).map(|link| link.interval);
        let peripheral = self.peripheral_mut(id);
        let wanted = if let Some(interval) = interval {
            peripheral.faults.interval_before = peripheral.faults.interval_before.or(in_force);
            interval
        } else {
            let Some(before) = peripheral.faults.interval_before.take() else { return };
            before
        };
        // Six lost events in a row do not end the link, nor do less than 4 s.
        let timeout = (u32::from(wanted) * 6 / 8).clamp(400, 3200) as u16;
        let parameters = ConnectionParameters { interval_min: wanted, interval_max: wanted, latency: 0, timeout };
        peripheral.policy.preferred = Some(parameters);
        for link in links {
            self.ask_for_parameters(link);
        }
        if interval.is_none() {
            self.peripheral_mut(id).policy.preferred = None;
        }
    }

    fn wake_links(&mut self, id: PeripheralId) {
        for link in self.links_of(id).to_vec() {
            self.wake(link);
        }
    }

    fn shift_handles(&mut self, id: PeripheralId, by: u16, announced: bool) -> Result<(), PeripheralError> {
        let peripheral = self.peripheral_mut(id);
        peripheral
            .shift_handles(by)
            .map_err(|source| PeripheralError::Services { path: peripheral.path.clone(), source })?;
        peripheral.fault_counters.handles_shifted += 1;
        for bond in &mut peripheral.bonds {
            let old = std::mem::take(&mut bond.configurations);
            bond.configurations = old.into_iter().map(|(handle, bits)| (handle.saturating_add(by), bits)).collect();
        }
        for link in self.links_of(id).to_vec() {
            self.shift_session(link, id, by, announced);
        }
        Ok(())
    }

    /// A client that asked for it is told that all handles are void; its other configurations are lost.
    fn shift_session(&mut self, id: LinkId, peripheral: PeripheralId, by: u16, announced: bool) {
        let database = &self.peripheral(peripheral).server.database;
        let entry = database.find(GENERIC_ATTRIBUTE, SERVICE_CHANGED);
        let Some((handle, configuration)) =
            entry.and_then(|entry| Some((entry.value_handle, entry.configuration_handle?)))
        else {
            return;
        };
        let Some(link) = self.links.get_mut(&id) else { return };
        let asked = configuration.checked_sub(by).is_some_and(|old| link.session.indicates(old));
        link.session.configurations.clear();
        if announced && asked {
            link.session.configurations.insert(configuration, 2);
            // The client knows the characteristic by the handle that it had: it does not move for those who have asked
            // (Core Specification 5.4, volume 3, part G, section 7.1).
            self.queue_value(id, handle.saturating_sub(by), vec![0x01, 0x00, 0xFF, 0xFF], true, 0);
            self.wake(id);
        }
    }

    /// Ends the links of a host as a controller's reset does: without a word to the host.
    pub(super) fn reset_host(&mut self, host: HostId) {
        self.abandon_links(host);
        if let Some(host) = self.host_mut(host) {
            host.reset();
        }
    }

    /// A host ends a link.
    pub(super) fn end_by_host(&mut self, link: LinkId, reason: Status) {
        self.begin_procedure(link, Procedure::TerminateByCentral { reason: reason.0 }, 0);
    }
}
