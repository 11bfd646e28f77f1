//! Pairing over a link.

use crate::pdu::l2cap::SMP_CHANNEL;
use crate::pdu::smp::{FailureReason, SmpError, SmpPdu};

use super::{Air, Timer};
use crate::air_event::AirEvent;
use crate::ids::LinkId;
use crate::pairing::PairingStep;

/// A pairing that is silent for so long has failed (Core Specification 5.4, volume 3, part H, section 3.4) \[ns\].
const TIMEOUT_NS: u64 = 30_000_000_000;

impl Air {
    pub(super) fn receive_smp(&mut self, id: LinkId, octets: &[u8]) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let mut out = Vec::new();
        let steps = match SmpPdu::parse(octets) {
            Ok(pdu) => link.pairing.receive(pdu, &mut out),
            Err(SmpError::Empty) => Vec::new(),
            Err(SmpError::Unknown { .. }) => {
                vec![link.pairing.fail(FailureReason::COMMAND_NOT_SUPPORTED, &mut out)]
            }
            Err(SmpError::Malformed { .. }) => {
                vec![link.pairing.fail(FailureReason::INVALID_PARAMETERS, &mut out)]
            }
        };
        self.continue_pairing(id, out, steps);
    }

    pub(super) fn request_security(&mut self, id: LinkId) {
        let Some(link) = self.links.get(&id) else { return };
        let request = link.pairing.security_request();
        self.push_frame(id, SMP_CHANNEL, request.to_bytes());
    }

    /// The link has been encrypted with a key that was just agreed on.
    pub(super) fn distribute_keys(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let mut out = Vec::new();
        let steps = link.pairing.encrypted(&mut out);
        self.continue_pairing(id, out, steps);
    }

    fn continue_pairing(&mut self, id: LinkId, out: Vec<SmpPdu>, steps: Vec<PairingStep>) {
        for pdu in out {
            self.push_frame(id, SMP_CHANNEL, pdu.to_bytes());
        }
        for step in steps {
            self.take_step(id, step);
        }
        let now_ns = self.now_ns;
        if let Some(link) = self.links.get_mut(&id) {
            link.pairing_serial += 1;
            if link.pairing.is_active() {
                let timer = Timer::PairingTimeout { link: id, serial: link.pairing_serial };
                self.timers.insert(now_ns + TIMEOUT_NS, timer);
            }
        }
        self.wake(id);
    }

    fn take_step(&mut self, id: LinkId, step: PairingStep) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let peripheral_id = link.peripheral;
        let peripheral = &mut self.peripherals[peripheral_id.0 as usize];
        match step {
            PairingStep::ShowPasskey(passkey) => {
                self.note(AirEvent::PasskeyShown { peripheral: peripheral_id, passkey });
            }
            PairingStep::KeyReady(_) => {}
            PairingStep::Complete(bond) => {
                let (bonded, authenticated) = (bond.is_some(), link.security.authenticated);
                link.security.bonded |= bonded;
                if let Some(bond) = bond {
                    peripheral.bonds.retain(|old| old.peer != bond.peer && old.paired_as != bond.paired_as);
                    peripheral.bonds.push(bond);
                }
                self.note(AirEvent::Paired { link: id, peripheral: peripheral_id, bonded, authenticated });
            }
            PairingStep::Failed(reason) => {
                self.note(AirEvent::PairingFailed { link: id, peripheral: peripheral_id, reason: reason.0 });
            }
        }
    }

    pub(super) fn end_silent_pairing(&mut self, id: LinkId, serial: u32) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.pairing_serial == serial && link.pairing.is_active() {
            link.pairing.abandon();
            let peripheral = link.peripheral;
            // No code exists for it: nothing is sent after a timeout.
            self.note(AirEvent::PairingFailed { link: id, peripheral, reason: 0 });
        }
    }
}
