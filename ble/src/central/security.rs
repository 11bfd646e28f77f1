//! How a gateway protects its links: it uses the key of a bond, or pairs.

use crate::pdu::hci::Opcode;
use crate::pdu::l2cap::SMP_CHANNEL;
use crate::pdu::smp::SmpPdu;
use sim_core::Key;

use super::controller::Controller;
use super::{Central, CentralEventKind, MTU};
use crate::address::Address;
use crate::pairing::{Association, Initiator, InitiatorStep, LongTermKey};

impl Central {
    /// Does what the device demands before anything is asked of it.
    pub(super) fn secure(&mut self, controller: &mut Controller<'_>, handle: u16) {
        let Some(client) = self.clients.get(&handle) else { return };
        let identity = client.identity;
        if self.association(identity) == Association::None {
            self.begin(controller, handle);
        } else if let Some(key) = self.options.memory.bonds.get(&identity).copied() {
            Self::encrypt(controller, handle, key);
        } else {
            self.pair(controller, handle);
        }
    }

    fn association(&self, identity: Address) -> Association {
        let known = self.options.allowed.iter().find(|known| known.address == identity);
        known.map_or(Association::None, |known| known.association)
    }

    /// Makes the first request, unless it has been made.
    fn begin(&mut self, controller: &mut Controller<'_>, handle: u16) {
        let Some(client) = self.clients.get_mut(&handle).filter(|client| !client.has_begun) else { return };
        let pdus = client.begin(MTU);
        Self::send(controller, handle, pdus);
    }

    fn pair(&mut self, controller: &mut Controller<'_>, handle: u16) {
        let Some(client) = self.clients.get(&handle) else { return };
        let (peripheral, identity) = (client.address, client.identity);
        let passkey = match self.association(identity) {
            Association::Passkey(passkey) => Some(passkey),
            Association::JustWorks | Association::None => None,
        };
        self.options.memory.pairings += 1;
        let Some((key, own)) = controller.key_and_address() else { return };
        let draws: Key = key;
        let mut pairing = Initiator::new(passkey, own, peripheral, draws, self.options.memory.pairings);
        let request = pairing.begin();
        if let Some(client) = self.clients.get_mut(&handle) {
            client.pairing = Some(pairing);
        }
        Self::send_smp(controller, handle, &request);
    }

    fn send_smp(controller: &mut Controller<'_>, handle: u16, pdu: &SmpPdu) {
        controller.send(handle, SMP_CHANNEL, pdu.to_bytes());
    }

    fn encrypt(controller: &mut Controller<'_>, handle: u16, key: LongTermKey) {
        let mut parameters = handle.to_le_bytes().to_vec();
        parameters.extend_from_slice(&key.random);
        parameters.extend_from_slice(&key.diversifier.to_le_bytes());
        parameters.extend_from_slice(&key.key);
        controller.command(Opcode::LE_ENABLE_ENCRYPTION, &parameters);
    }

    pub(super) fn take_smp(&mut self, controller: &mut Controller<'_>, handle: u16, octets: &[u8]) {
        let Ok(pdu) = SmpPdu::parse(octets) else { return };
        let Some(pairing) = self.clients.get_mut(&handle).and_then(|client| client.pairing.as_mut()) else { return };
        let mut out = Vec::new();
        let step = pairing.receive(pdu, &mut out);
        for pdu in out {
            Self::send_smp(controller, handle, &pdu);
        }
        if let Some(step) = step {
            self.take_pairing_step(controller, handle, step);
        }
    }

    /// The link is encrypted, or the device has lost the key and has to be paired with anew.
    pub(super) fn take_encryption(&mut self, controller: &mut Controller<'_>, handle: u16, is_on: bool) {
        let Some(client) = self.clients.get_mut(&handle) else { return };
        if !is_on {
            self.options.memory.bonds.remove(&client.identity);
            self.pair(controller, handle);
            return;
        }
        let Some(pairing) = &mut client.pairing else {
            self.begin(controller, handle);
            return;
        };
        if let Some(step) = pairing.encrypted() {
            self.take_pairing_step(controller, handle, step);
        }
    }

    fn take_pairing_step(&mut self, controller: &mut Controller<'_>, handle: u16, step: InitiatorStep) {
        let Some(client) = self.clients.get_mut(&handle) else { return };
        let identity = client.identity;
        match step {
            InitiatorStep::Encrypt(key) => Self::encrypt(controller, handle, key),
            InitiatorStep::Complete(kept) => {
                client.pairing = None;
                if let Some(key) = kept {
                    self.options.memory.bonds.insert(identity, key);
                }
                controller.note(identity, CentralEventKind::Paired);
                self.begin(controller, handle);
            }
            InitiatorStep::Failed(reason) => {
                client.pairing = None;
                controller.note(identity, CentralEventKind::PairingFailed { reason: reason.0 });
                self.leave(controller, handle);
            }
        }
    }
}
