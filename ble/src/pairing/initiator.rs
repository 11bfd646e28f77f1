//! The initiator's state machine: how a gateway pairs with a peripheral that demands it.
//!
//! It asks for Secure Connections and falls back to legacy pairing when the peripheral cannot; it types the passkey it
//! was told, and gives no keys of its own.

use crate::pdu::smp::{FailureReason, Features, SmpPdu};
use sim_core::{Key, Purpose};

use super::bond::LongTermKey;
use super::policy::passkey_block;
use super::toolbox::{self, KeyPair};
use crate::address::Address;
use crate::cipher::Block;

const KEYS: Purpose = Purpose::new("ble.smp.initiator.key");
const NONCES: Purpose = Purpose::new("ble.smp.initiator.nonce");

const IO_NONE: u8 = 3;
const IO_KEYBOARD_DISPLAY: u8 = 4;

const AUTH_BONDING: u8 = 0x01;
const AUTH_MITM: u8 = 0x04;
const AUTH_SECURE_CONNECTIONS: u8 = 0x08;

const KEY_ENCRYPTION: u8 = 0x01;
const KEY_IDENTITY: u8 = 0x02;

/// Digits of a passkey are compared one bit a round.
const PASSKEY_ROUNDS: u8 = 20;

/// What has to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitiatorStep {
    /// Encrypt the link with this key.
    Encrypt(LongTermKey),
    /// The pairing is over; the key to keep, if both sides keep one.
    Complete(Option<LongTermKey>),
    /// The pairing has failed.
    Failed(FailureReason),
}

#[derive(Debug, Clone)]
enum State {
    Idle,
    /// The peripheral's features come next.
    Response,
    /// Legacy: the peripheral's confirm comes next.
    LegacyConfirm {
        nonce: Block,
    },
    /// Legacy: the peripheral's random comes next, which opens this confirm.
    LegacyRandom {
        nonce: Block,
        confirm: Block,
    },
    /// Secure Connections: the peripheral's public key comes next.
    PublicKey,
    /// Just Works: the peripheral's commitment comes next.
    SecureConfirm,
    /// Just Works: the peripheral's nonce comes next.
    SecureRandom {
        nonce: Block,
        confirm: Block,
    },
    /// Passkey: the peripheral's confirm of this round comes next.
    RoundConfirm {
        round: u8,
        nonce: Block,
    },
    /// Passkey: the peripheral's nonce of this round comes next.
    RoundRandom {
        round: u8,
        nonce: Block,
        confirm: Block,
    },
    /// The peripheral's check comes next.
    Check {
        key: Block,
        expected: Block,
    },
    /// The link is being encrypted.
    Encrypt {
        key: LongTermKey,
    },
    /// The peripheral's keys come next.
    Keys {
        key: LongTermKey,
        awaited: u8,
    },
}

/// One pairing as the central sees it.
#[derive(Debug, Clone)]
pub struct Initiator {
    passkey: Option<u32>,
    central: Address,
    peripheral: Address,
    draws: Key,
    counter: u64,
    state: State,
    request: [u8; 7],
    response: [u8; 7],
    pair: Option<KeyPair>,
    peripheral_x: [u8; 32],
    shared: [u8; 32],
    is_secure: bool,
    responder_keys: u8,
}

impl Initiator {
    /// A pairing of these two addresses, as the link was made with them. `number` tells the pairings of the central
    /// apart.
    pub fn new(passkey: Option<u32>, central: Address, peripheral: Address, draws: Key, number: u64) -> Self {
        Self {
            passkey,
            central,
            peripheral,
            draws,
            counter: number << 16,
            state: State::Idle,
            request: [0; 7],
            response: [0; 7],
            pair: None,
            peripheral_x: [0; 32],
            shared: [0; 32],
            is_secure: false,
            responder_keys: 0,
        }
    }

    /// The request that begins the pairing.
    pub fn begin(&mut self) -> SmpPdu {
        let features = Features {
            io_capability: if self.passkey.is_some() { IO_KEYBOARD_DISPLAY } else { IO_NONE },
            out_of_band: false,
            authentication: AUTH_BONDING | AUTH_SECURE_CONNECTIONS | if self.passkey.is_some() { AUTH_MITM } else { 0 },
            key_size: 16,
            initiator_keys: 0,
            responder_keys: KEY_ENCRYPTION | KEY_IDENTITY,
        };
        self.request = octets(0x01, features);
        self.state = State::Response;
        SmpPdu::PairingRequest(features)
    }

    fn draw(&mut self, purpose: Purpose) -> Block {
        let words = self.draws.block(purpose, self.counter);
        self.counter += 1;
        let mut block = [0; 16];
        for (octets, word) in block.chunks_exact_mut(4).zip(words) {
            octets.copy_from_slice(&word.to_le_bytes());
        }
        block
    }

    fn fail(&mut self, reason: FailureReason, out: &mut Vec<SmpPdu>) -> InitiatorStep {
        self.state = State::Idle;
        out.push(SmpPdu::Failed(reason));
        InitiatorStep::Failed(reason)
    }

    /// Takes a message of the peripheral; appends what is answered.
    pub fn receive(&mut self, pdu: SmpPdu, out: &mut Vec<SmpPdu>) -> Option<InitiatorStep> {
        let state = std::mem::replace(&mut self.state, State::Idle);
        match (state, pdu) {
            (_, SmpPdu::Failed(reason)) => Some(InitiatorStep::Failed(reason)),
            // A wish for security is met by the pairing that is under way.
            (state, SmpPdu::SecurityRequest(_) | SmpPdu::KeypressNotification(_)) => {
                self.state = state;
                None
            }
            (State::Response, SmpPdu::PairingResponse(features)) => self.take_features(features, out),
            (State::LegacyConfirm { nonce }, SmpPdu::Confirm(confirm)) => {
                out.push(SmpPdu::Random(nonce));
                self.state = State::LegacyRandom { nonce, confirm };
                None
            }
            (State::LegacyRandom { nonce, confirm }, SmpPdu::Random(theirs)) => {
                if self.legacy_confirm(theirs) != confirm {
                    return Some(self.fail(FailureReason::CONFIRM_VALUE_FAILED, out));
                }
                let key = toolbox::s1(self.temporary_key(), theirs, nonce);
                Some(self.encrypt(key))
            }
            (State::PublicKey, SmpPdu::PublicKey { x, y }) => self.take_public_key(x, y, out),
            (State::SecureConfirm, SmpPdu::Confirm(confirm)) => {
                let nonce = self.draw(NONCES);
                out.push(SmpPdu::Random(nonce));
                self.state = State::SecureRandom { nonce, confirm };
                None
            }
            (State::SecureRandom { nonce, confirm }, SmpPdu::Random(theirs)) => {
                if toolbox::f4(self.peripheral_x, self.own_x(), theirs, 0) != confirm {
                    return Some(self.fail(FailureReason::CONFIRM_VALUE_FAILED, out));
                }
                self.send_check(nonce, theirs, out);
                None
            }
            (State::RoundConfirm { round, nonce }, SmpPdu::Confirm(confirm)) => {
                out.push(SmpPdu::Random(nonce));
                self.state = State::RoundRandom { round, nonce, confirm };
                None
            }
            (State::RoundRandom { round, nonce, confirm }, SmpPdu::Random(theirs)) => {
                if toolbox::f4(self.peripheral_x, self.own_x(), theirs, self.bit(round)) != confirm {
                    return Some(self.fail(FailureReason::CONFIRM_VALUE_FAILED, out));
                }
                if round + 1 == PASSKEY_ROUNDS {
                    self.send_check(nonce, theirs, out);
                } else {
                    self.begin_round(round + 1, out);
                }
                None
            }
            (State::Check { key, expected }, SmpPdu::DhKeyCheck(check)) => {
                if check != expected {
                    return Some(self.fail(FailureReason::DHKEY_CHECK_FAILED, out));
                }
                Some(self.encrypt(key))
            }
            (State::Keys { key, awaited }, pdu) => self.take_keys(key, awaited, &pdu, out),
            _ => Some(self.fail(FailureReason::UNSPECIFIED, out)),
        }
    }

    fn take_features(&mut self, theirs: Features, out: &mut Vec<SmpPdu>) -> Option<InitiatorStep> {
        if theirs.key_size < 16 {
            return Some(self.fail(FailureReason::ENCRYPTION_KEY_SIZE, out));
        }
        self.response = octets(0x02, theirs);
        self.is_secure = theirs.authentication & AUTH_SECURE_CONNECTIONS != 0;
        self.responder_keys = theirs.responder_keys & (KEY_ENCRYPTION | KEY_IDENTITY);
        if theirs.authentication & AUTH_BONDING == 0 {
            self.responder_keys = 0;
        }
        if self.is_secure {
            let pair = loop {
                let mut scalar = [0; 32];
                scalar[..16].copy_from_slice(&self.draw(KEYS));
                scalar[16..].copy_from_slice(&self.draw(KEYS));
                // All but one in 2^32 draws are below the order of the curve.
                if let Some(pair) = KeyPair::from_secret(scalar) {
                    break pair;
                }
            };
            out.push(SmpPdu::PublicKey { x: pair.x, y: pair.y });
            self.pair = Some(pair);
            self.state = State::PublicKey;
        } else {
            let nonce = self.draw(NONCES);
            out.push(SmpPdu::Confirm(self.legacy_confirm(nonce)));
            self.state = State::LegacyConfirm { nonce };
        }
        None
    }

    fn take_public_key(&mut self, x: [u8; 32], y: [u8; 32], out: &mut Vec<SmpPdu>) -> Option<InitiatorStep> {
        let shared = self.pair.as_ref().filter(|pair| pair.x != x).and_then(|pair| pair.shared_secret(x, y));
        let Some(shared) = shared else {
            return Some(self.fail(FailureReason::INVALID_PARAMETERS, out));
        };
        self.shared = shared;
        self.peripheral_x = x;
        if self.passkey.is_some() {
            self.begin_round(0, out);
        } else {
            self.state = State::SecureConfirm;
        }
        None
    }

    fn begin_round(&mut self, round: u8, out: &mut Vec<SmpPdu>) {
        let nonce = self.draw(NONCES);
        out.push(SmpPdu::Confirm(toolbox::f4(self.own_x(), self.peripheral_x, nonce, self.bit(round))));
        self.state = State::RoundConfirm { round, nonce };
    }

    fn send_check(&mut self, nonce: Block, theirs: Block, out: &mut Vec<SmpPdu>) {
        let (mac_key, key) = toolbox::f5(self.shared, nonce, theirs, self.central, self.peripheral);
        let digits = self.temporary_key();
        let capabilities = |octets: [u8; 7]| [octets[1], octets[2], octets[3]];
        let (ours, other) = (capabilities(self.request), capabilities(self.response));
        out.push(SmpPdu::DhKeyCheck(toolbox::f6(mac_key, nonce, theirs, digits, ours, self.central, self.peripheral)));
        let expected = toolbox::f6(mac_key, theirs, nonce, digits, other, self.peripheral, self.central);
        self.state = State::Check { key, expected };
    }

    fn encrypt(&mut self, key: Block) -> InitiatorStep {
        let key = LongTermKey { key, diversifier: 0, random: [0; 8], authenticated: self.passkey.is_some() };
        self.state = State::Encrypt { key };
        InitiatorStep::Encrypt(key)
    }

    /// The link is encrypted with the agreed key: the peripheral's keys come now, if there are any.
    pub fn encrypted(&mut self) -> Option<InitiatorStep> {
        let State::Encrypt { key } = std::mem::replace(&mut self.state, State::Idle) else { return None };
        let mut awaited = 0;
        if !self.is_secure && self.responder_keys & KEY_ENCRYPTION != 0 {
            awaited += 2;
        }
        if self.responder_keys & KEY_IDENTITY != 0 {
            awaited += 2;
        }
        self.await_keys(key, awaited)
    }

    fn await_keys(&mut self, key: LongTermKey, awaited: u8) -> Option<InitiatorStep> {
        if awaited > 0 {
            self.state = State::Keys { key, awaited };
            return None;
        }
        // A short-term key is good for this link only.
        let is_kept = self.responder_keys != 0 && (self.is_secure || key.diversifier != 0);
        Some(InitiatorStep::Complete(is_kept.then_some(key)))
    }

    fn take_keys(
        &mut self,
        mut key: LongTermKey,
        awaited: u8,
        pdu: &SmpPdu,
        out: &mut Vec<SmpPdu>,
    ) -> Option<InitiatorStep> {
        match *pdu {
            SmpPdu::EncryptionInformation(block) => key.key = block,
            SmpPdu::CentralIdentification { diversifier, random } => {
                key.diversifier = diversifier;
                key.random = random;
            }
            SmpPdu::IdentityInformation(_) | SmpPdu::IdentityAddress { .. } => {}
            _ => return Some(self.fail(FailureReason::UNSPECIFIED, out)),
        }
        self.await_keys(key, awaited - 1)
    }

    fn own_x(&self) -> [u8; 32] {
        self.pair.as_ref().map_or([0; 32], |pair| pair.x)
    }

    fn temporary_key(&self) -> Block {
        passkey_block(self.passkey.unwrap_or_default())
    }

    /// What a round commits to: one bit of the digits.
    fn bit(&self, round: u8) -> u8 {
        0x80 | (self.passkey.unwrap_or_default() >> round & 1) as u8
    }

    fn legacy_confirm(&self, nonce: Block) -> Block {
        toolbox::c1(self.temporary_key(), nonce, self.request, self.response, self.central, self.peripheral)
    }
}

fn octets(code: u8, features: Features) -> [u8; 7] {
    let mut octets = [code; 7];
    octets[1..].copy_from_slice(&features.to_bytes());
    octets
}

#[cfg(test)]
mod tests {
    //! Against the responder, whose cryptography is tested with the vectors of the specification.
    use super::*;
    use crate::address::AddressKind;
    use crate::pairing::{Association, Identity, Pairing, PairingStep, SecureConnections, SecurityPolicy};

    const CENTRAL: Address = Address { kind: AddressKind::Public, octets: [1, 2, 3, 4, 5, 6] };
    const PERIPHERAL: Address = Address { kind: AddressKind::Random, octets: [9, 8, 7, 6, 5, 0xC4] };

    /// Lets both sides talk until nobody says anything; gives what each of them ended with.
    fn pair(
        association: Association,
        secure_connections: SecureConnections,
        typed: Option<u32>,
    ) -> Result<(LongTermKey, LongTermKey), FailureReason> {
        let policy = SecurityPolicy { association, secure_connections, ..SecurityPolicy::default() };
        let identity =
            Identity { central: CENTRAL, peripheral: PERIPHERAL, identity: PERIPHERAL, identity_key: [3; 16] };
        let mut responder = Pairing::new(policy, identity, Key::new(1, "p"), 1);
        let mut initiator = Initiator::new(typed, CENTRAL, PERIPHERAL, Key::new(1, "c"), 1);
        let mut to_responder = vec![initiator.begin()];
        let (mut kept, mut bond) = (None, None);
        while !to_responder.is_empty() {
            let mut to_initiator = Vec::new();
            for pdu in std::mem::take(&mut to_responder) {
                responder.receive(pdu, &mut to_initiator);
            }
            while !to_initiator.is_empty() {
                let mut more = Vec::new();
                for pdu in std::mem::take(&mut to_initiator) {
                    match initiator.receive(pdu, &mut to_responder) {
                        Some(InitiatorStep::Encrypt(key)) => {
                            assert_eq!(responder.agreed_key().map(|agreed| agreed.key), Some(key.key));
                            assert_eq!(initiator.encrypted(), None, "the peripheral's keys come first");
                            for step in responder.encrypted(&mut more) {
                                let PairingStep::Complete(Some(made)) = step else { panic!("{step:?}") };
                                bond = Some(made.key);
                            }
                        }
                        Some(InitiatorStep::Complete(key)) => kept = key,
                        Some(InitiatorStep::Failed(reason)) => return Err(reason),
                        None => {}
                    }
                }
                to_initiator = more;
            }
        }
        Ok((kept.expect("a bond"), bond.expect("a bond of the peripheral")))
    }

    #[test]
    fn both_sides_keep_the_same_key() {
        for secure in [SecureConnections::Required, SecureConnections::Unsupported] {
            let (ours, theirs) = pair(Association::JustWorks, secure, None).expect("paired");
            assert_eq!(ours, theirs, "{secure:?}");
            assert!(!ours.authenticated);
            let (ours, theirs) = pair(Association::Passkey(123_456), secure, Some(123_456)).expect("paired");
            assert_eq!(ours, theirs, "{secure:?}");
            assert!(ours.authenticated);
        }
    }

    #[test]
    fn wrong_digits_are_found_out() {
        for secure in [SecureConnections::Required, SecureConnections::Unsupported] {
            let failed = pair(Association::Passkey(123_456), secure, Some(123_457));
            assert_eq!(failed, Err(FailureReason::CONFIRM_VALUE_FAILED), "{secure:?}");
        }
        let refused = pair(Association::None, SecureConnections::Preferred, None);
        assert_eq!(refused, Err(FailureReason::PAIRING_NOT_SUPPORTED));
    }

    #[test]
    fn what_comes_out_of_order_ends_the_pairing() {
        let mut initiator = Initiator::new(None, CENTRAL, PERIPHERAL, Key::new(1, "c"), 1);
        initiator.begin();
        let mut out = Vec::new();
        let step = initiator.receive(SmpPdu::Confirm([0; 16]), &mut out);
        assert_eq!(step, Some(InitiatorStep::Failed(FailureReason::UNSPECIFIED)));
        assert_eq!(out, [SmpPdu::Failed(FailureReason::UNSPECIFIED)]);
    }
}
