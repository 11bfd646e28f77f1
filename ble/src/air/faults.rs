//! Faults, as a scenario asks for them.

use wire::att::Uuid;
use wire::hci::Status;

use super::{Air, LinkId, PeripheralError, PeripheralId, ValueLoss};
use crate::fault::Fault;
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
            Fault::DropLinks { reason } => {
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
                        link.session.configurations.clear();
                    }
                }
            }
            Fault::ForgetBonds => {
                peripheral.bonds.clear();
                for link in self.links_of(id).to_vec() {
                    if let Some(link) = self.links.get_mut(&link) {
                        link.security.bonded = false;
                    }
                }
            }
            Fault::IntegrityFailure => faults.fail_integrity = true,
            Fault::RotateAddress => peripheral.rotate_address(),
            Fault::PowerOff(state) => {
                faults.power_off = state;
                self.begin_advertising(id);
            }
            Fault::LimitMtu(octets) => peripheral.server.max_mtu = octets.clamp(23, 517),
            Fault::ShiftHandles { by, announced } => self.shift_handles(id, by, announced)?,
        }
        Ok(())
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
            self.queue_value(id, handle, vec![0x01, 0x00, 0xFF, 0xFF], true, 0);
            self.wake(id);
        }
    }

    /// Ends the links of a host as a controller's reset does: without a word to the host.
    pub(super) fn reset_host(&mut self, host: super::HostId) {
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
