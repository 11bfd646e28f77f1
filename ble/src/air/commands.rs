//! Commands of a host: what each one does and returns (Core Specification 5.4, volume 4, part E, section 7).

mod connecting;
mod informational;
mod scanning;

use crate::pdu::hci::{Command, Opcode, Status};

use super::Air;
use crate::host::CommandFamily;
use crate::ids::{HostId, LinkId};
use crate::link::Procedure;

impl Air {
    pub(super) fn execute(&mut self, id: HostId, opcode: Opcode, command: Command) {
        if !self.family_is_allowed(id, &command) {
            self.refuse(id, opcode, &command);
            return;
        }
        match command {
            Command::Reset => {
                self.reset_host(id);
                self.complete(id, opcode, &[Status::SUCCESS.0]);
            }
            Command::Disconnect { handle, reason } => self.disconnect(id, opcode, handle, Status(reason)),
            Command::ReadRemoteVersion { handle } => {
                self.start_on_link(
                    id,
                    opcode,
                    handle,
                    Procedure::RemoteVersion,
                    super::link_procedures::EXCHANGE_EVENTS,
                );
            }
            Command::LeReadRemoteFeatures { handle } => {
                self.start_on_link(
                    id,
                    opcode,
                    handle,
                    Procedure::RemoteFeatures,
                    super::link_procedures::EXCHANGE_EVENTS,
                );
            }
            Command::LeConnectionUpdate { handle, parameters } => {
                if parameters.are_valid() {
                    let events = super::link_procedures::INSTANT_EVENTS;
                    self.start_on_link(id, opcode, handle, Procedure::Parameters(parameters), events);
                } else {
                    self.status(id, opcode, Status::INVALID_PARAMETERS);
                }
            }
            Command::LeSetPhy { handle, all, transmit, receive } => {
                let two_megabit = all & 3 != 3 && (transmit | receive) & 2 != 0;
                let events = super::link_procedures::INSTANT_EVENTS;
                self.start_on_link(id, opcode, handle, Procedure::Phy { two_megabit }, events);
            }
            Command::LeEnableEncryption { handle, random, diversifier, key } => {
                let procedure = Procedure::Encrypt { key, diversifier, random };
                self.start_on_link(id, opcode, handle, procedure, super::link_procedures::ENCRYPTION_EVENTS);
            }
            Command::HostCompletedPackets(entries) => self.return_credits(id, &entries),
            Command::LeSetScanParameters(_)
            | Command::LeSetScanEnable { .. }
            | Command::LeSetExtendedScanParameters { .. }
            | Command::LeSetExtendedScanEnable { .. }
            | Command::LeReadAcceptListSize
            | Command::LeClearAcceptList
            | Command::LeAddToAcceptList(_)
            | Command::LeRemoveFromAcceptList(_) => self.execute_scanning(id, opcode, command),
            Command::LeCreateConnection(_)
            | Command::LeCreateConnectionCancel
            | Command::LeSetDataLength { .. }
            | Command::LeReadPhy { .. }
            | Command::LeReadChannelMap { .. }
            | Command::ReadRssi { .. }
            | Command::ReadTransmitPowerLevel { .. }
            | Command::LeParameterRequestReply { .. }
            | Command::LeParameterRequestRefusal { .. }
            | Command::ReadAuthenticatedPayloadTimeout { .. }
            | Command::WriteAuthenticatedPayloadTimeout { .. } => self.execute_connecting(id, opcode, command),
            _ => self.execute_informational(id, opcode, command),
        }
    }

    /// Whether a strict controller takes this command: legacy and extended ones may not be mixed (section 3.1.1).
    fn family_is_allowed(&mut self, id: HostId, command: &Command) -> bool {
        let Some(host) = self.host_mut(id) else { return false };
        let family = match command {
            Command::LeSetScanParameters(_) | Command::LeSetScanEnable { .. } => CommandFamily::Legacy,
            Command::LeCreateConnection(wish) if !wish.extended => CommandFamily::Legacy,
            Command::LeSetExtendedScanParameters { .. }
            | Command::LeSetExtendedScanEnable { .. }
            | Command::LeCreateConnection(_) => CommandFamily::Extended,
            _ => return true,
        };
        let settled = *host.family.get_or_insert(family);
        !host.options.strict || settled == family
    }

    fn refuse(&mut self, id: HostId, opcode: Opcode, command: &Command) {
        if matches!(command, Command::LeCreateConnection(_)) {
            self.status(id, opcode, Status::COMMAND_DISALLOWED);
        } else {
            self.complete(id, opcode, &[Status::COMMAND_DISALLOWED.0]);
        }
    }

    fn complete(&mut self, id: HostId, opcode: Opcode, returned: &[u8]) {
        let now_ns = self.now_ns;
        if let Some(host) = self.host_mut(id) {
            host.complete(opcode, returned, now_ns);
        }
    }

    fn status(&mut self, id: HostId, opcode: Opcode, status: Status) {
        let now_ns = self.now_ns;
        if let Some(host) = self.host_mut(id) {
            host.status(opcode, status, now_ns);
        }
    }

    fn link_of(&mut self, id: HostId, handle: u16) -> Option<LinkId> {
        self.host_mut(id)?.handles.get(&handle).copied()
    }

    /// Answers with a Command Status and lets a procedure run on the link.
    fn start_on_link(&mut self, id: HostId, opcode: Opcode, handle: u16, procedure: Procedure, events: u64) {
        if let Some(link) = self.link_of(id, handle) {
            self.status(id, opcode, Status::SUCCESS);
            self.begin_procedure(link, procedure, events);
        } else {
            self.status(id, opcode, Status::UNKNOWN_CONNECTION);
        }
    }

    fn disconnect(&mut self, id: HostId, opcode: Opcode, handle: u16, reason: Status) {
        let Some(link) = self.link_of(id, handle) else {
            self.status(id, opcode, Status::UNKNOWN_CONNECTION);
            return;
        };
        if !reason.may_end_a_connection() {
            self.status(id, opcode, Status::INVALID_PARAMETERS);
            return;
        }
        self.status(id, opcode, Status::SUCCESS);
        self.end_by_host(link, reason);
    }

    fn return_credits(&mut self, id: HostId, entries: &[(u16, u16)]) {
        let Some(host) = self.host_mut(id) else { return };
        let was_congested = host.is_congested();
        if let Some(credits) = &mut host.data_credits {
            let returned: u32 = entries.iter().map(|(_, count)| u32::from(*count)).sum();
            *credits = credits.saturating_add(returned).min(u32::from(host.data_buffers));
        }
        if was_congested && !host.is_congested() {
            self.wake_links_of(id);
        }
    }
}
