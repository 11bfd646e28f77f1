//! The responder's state machine.

use crate::pdu::smp::{FailureReason, Features, SmpPdu};
use sim_core::{Key, Purpose};

use super::bond::{Bond, LongTermKey};
use super::policy::{Association, SecureConnections, SecurityPolicy, passkey_block};
use super::toolbox::{self, KeyPair};
use crate::address::{Address, AddressKind};
use crate::cipher::Block;

const KEYS: Purpose = Purpose::new("ble.smp.key");
const NONCES: Purpose = Purpose::new("ble.smp.nonce");

const IO_DISPLAY_ONLY: u8 = 0;
const IO_KEYBOARD_ONLY: u8 = 2;
const IO_NONE: u8 = 3;
const IO_KEYBOARD_DISPLAY: u8 = 4;

const AUTH_BONDING: u8 = 0x01;
const AUTH_MITM: u8 = 0x04;
const AUTH_SECURE_CONNECTIONS: u8 = 0x08;

const KEY_ENCRYPTION: u8 = 0x01;
const KEY_IDENTITY: u8 = 0x02;

/// Digits of a passkey are compared one bit a round.
const PASSKEY_ROUNDS: u8 = 20;

/// Who pairs.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// Address of the central as the link was made.
    pub central: Address,
    /// Address of the peripheral as the link was made.
    pub peripheral: Address,
    /// Identity address of the peripheral.
    pub identity: Address,
    /// Identity resolving key of the peripheral.
    pub identity_key: Block,
}

/// What happened on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairingStep {
    /// The digits that the user has to type on the other side.
    ShowPasskey(u32),
    /// There is a key; the central may encrypt with it now.
    KeyReady(LongTermKey),
    /// The pairing is over, with a bond if both sides wanted one.
    Complete(Option<Bond>),
    /// The pairing has failed.
    Failed(FailureReason),
}

#[derive(Debug, Clone)]
enum State {
    Idle,
    /// Legacy: the central's confirm comes next.
    LegacyConfirm,
    /// Legacy: the central's random comes next, which opens this confirm.
    LegacyRandom {
        central_confirm: Block,
        nonce: Block,
    },
    /// Secure Connections: the central's public key comes next.
    PublicKey,
    /// Just Works: the central's nonce comes next.
    SecureRandom {
        nonce: Block,
    },
    /// Passkey: the central's confirm of this round comes next.
    RoundConfirm {
        round: u8,
    },
    /// Passkey: the central's nonce of this round comes next.
    RoundRandom {
        round: u8,
        central_confirm: Block,
        nonce: Block,
    },
    /// The central's check comes next.
    Check {
        central_nonce: Block,
        nonce: Block,
    },
    /// The central encrypts next.
    Encrypt {
        key: LongTermKey,
    },
    /// The central's keys come next.
    Keys {
        key: LongTermKey,
        awaited: u8,
        peer_identity_key: Option<Block>,
        peer: Option<Address>,
    },
}

/// One link's security manager.
#[derive(Debug, Clone)]
pub struct Pairing {
    policy: SecurityPolicy,
    identity: Identity,
    draws: Key,
    /// Number of the attempt, which keys its draws.
    attempt: u64,
    nonces: u64,
    state: State,
    request: [u8; 7],
    response: [u8; 7],
    passkey: Option<u32>,
    secure: bool,
    bonding: bool,
    initiator_keys: u8,
    responder_keys: u8,
    pair: Option<KeyPair>,
    central_key: ([u8; 32], [u8; 32]),
    shared: [u8; 32],
}

impl Pairing {
    /// A manager for a new link. `attempts` numbers the pairings of the peripheral, so that none repeats the keys of
    /// another.
    pub fn new(policy: SecurityPolicy, identity: Identity, draws: Key, attempts: u64) -> Self {
        Self {
            policy,
            identity,
            draws,
            attempt: attempts << 16,
            nonces: 0,
            state: State::Idle,
            request: [0; 7],
            response: [0; 7],
            passkey: None,
            secure: false,
            bonding: false,
            initiator_keys: 0,
            responder_keys: 0,
            pair: None,
            central_key: ([0; 32], [0; 32]),
            shared: [0; 32],
        }
    }

    /// The key that the central may encrypt with, once pairing has agreed on one.
    pub fn agreed_key(&self) -> Option<LongTermKey> {
        match &self.state {
            State::Encrypt { key } | State::Keys { key, .. } => Some(*key),
            _ => None,
        }
    }

    /// Whether a pairing is under way.
    pub fn is_active(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    /// The request by which a peripheral asks for security.
    pub fn security_request(&self) -> SmpPdu {
        SmpPdu::SecurityRequest(self.authentication())
    }

    /// Gives up, after 30 s of silence or when a message cannot be read.
    pub fn fail(&mut self, reason: FailureReason, out: &mut Vec<SmpPdu>) -> PairingStep {
        self.state = State::Idle;
        out.push(SmpPdu::Failed(reason));
        PairingStep::Failed(reason)
    }

    /// Forgets a pairing that the other side has given up by silence.
    pub fn abandon(&mut self) {
        self.state = State::Idle;
    }

    fn authentication(&self) -> u8 {
        let mut bits = 0;
        if self.policy.bonding {
            bits |= AUTH_BONDING;
        }
        if matches!(self.policy.association, Association::Passkey(_)) {
            bits |= AUTH_MITM;
        }
        if self.policy.secure_connections != SecureConnections::Unsupported {
            bits |= AUTH_SECURE_CONNECTIONS;
        }
        bits
    }

    fn draw(&mut self, purpose: Purpose) -> Block {
        let counter = self.attempt | self.nonces;
        self.nonces += 1;
        let words = self.draws.block(purpose, counter);
        let mut block = [0; 16];
        for (octets, word) in block.chunks_exact_mut(4).zip(words) {
            octets.copy_from_slice(&word.to_le_bytes());
        }
        block
    }

    /// Takes a message of the central; appends what is answered.
    pub fn receive(&mut self, pdu: SmpPdu, out: &mut Vec<SmpPdu>) -> Vec<PairingStep> {
        let state = std::mem::replace(&mut self.state, State::Idle);
        match (state, pdu) {
            (_, SmpPdu::Failed(reason)) => vec![PairingStep::Failed(reason)],
            (State::Idle, SmpPdu::PairingRequest(features)) => self.begin(features, out),
            (State::LegacyConfirm, SmpPdu::Confirm(central_confirm)) => {
                let nonce = self.draw(NONCES);
                out.push(SmpPdu::Confirm(self.legacy_confirm(nonce)));
                self.state = State::LegacyRandom { central_confirm, nonce };
                Vec::new()
            }
            (State::LegacyRandom { central_confirm, nonce }, SmpPdu::Random(central_nonce)) => {
                if self.legacy_confirm(central_nonce) != central_confirm {
                    return vec![self.fail(FailureReason::CONFIRM_VALUE_FAILED, out)];
                }
                out.push(SmpPdu::Random(nonce));
                let key = toolbox::s1(self.temporary_key(), nonce, central_nonce);
                self.key_ready(key)
            }
            (State::PublicKey, SmpPdu::PublicKey { x, y }) => self.take_public_key(x, y, out),
            (State::SecureRandom { nonce }, SmpPdu::Random(central_nonce)) => {
                out.push(SmpPdu::Random(nonce));
                self.state = State::Check { central_nonce, nonce };
                Vec::new()
            }
            (State::RoundConfirm { round }, SmpPdu::Confirm(central_confirm)) => {
                let nonce = self.draw(NONCES);
                out.push(SmpPdu::Confirm(self.round_confirm(round, nonce, true)));
                self.state = State::RoundRandom { round, central_confirm, nonce };
                Vec::new()
            }
            (State::RoundRandom { round, central_confirm, nonce }, SmpPdu::Random(central_nonce)) => {
                if self.round_confirm(round, central_nonce, false) != central_confirm {
                    return vec![self.fail(FailureReason::CONFIRM_VALUE_FAILED, out)];
                }
                out.push(SmpPdu::Random(nonce));
                self.state = if round + 1 == PASSKEY_ROUNDS {
                    State::Check { central_nonce, nonce }
                } else {
                    State::RoundConfirm { round: round + 1 }
                };
                Vec::new()
            }
            (State::Check { central_nonce, nonce }, SmpPdu::DhKeyCheck(check)) => {
                self.check(central_nonce, nonce, check, out)
            }
            (State::Keys { key, awaited, peer_identity_key, peer }, pdu) => {
                self.take_keys(key, awaited, peer_identity_key, peer, &pdu, out)
            }
            // Key presses are for the eyes of a user.
            (state, SmpPdu::KeypressNotification(_)) => {
                self.state = state;
                Vec::new()
            }
            _ => vec![self.fail(FailureReason::UNSPECIFIED, out)],
        }
    }

    fn begin(&mut self, theirs: Features, out: &mut Vec<SmpPdu>) -> Vec<PairingStep> {
        let passkey = match self.policy.association {
            Association::None => return vec![self.fail(FailureReason::PAIRING_NOT_SUPPORTED, out)],
            Association::JustWorks => None,
            Association::Passkey(passkey) => Some(passkey),
        };
        if !(7..=16).contains(&theirs.key_size) {
            return vec![self.fail(FailureReason::INVALID_PARAMETERS, out)];
        }
        if theirs.key_size < 16 {
            return vec![self.fail(FailureReason::ENCRYPTION_KEY_SIZE, out)];
        }
        let can_type = matches!(theirs.io_capability, IO_KEYBOARD_ONLY | IO_KEYBOARD_DISPLAY);
        self.secure = theirs.authentication & self.authentication() & AUTH_SECURE_CONNECTIONS != 0;
        let refused = self.policy.secure_connections == SecureConnections::Required && !self.secure;
        if refused || passkey.is_some() && !can_type {
            return vec![self.fail(FailureReason::AUTHENTICATION_REQUIREMENTS, out)];
        }
        self.passkey = passkey;
        self.bonding = theirs.authentication & self.authentication() & AUTH_BONDING != 0;
        let wanted = if self.bonding { KEY_ENCRYPTION | KEY_IDENTITY } else { 0 };
        self.initiator_keys = theirs.initiator_keys & wanted;
        self.responder_keys = theirs.responder_keys & wanted;
        let mine = Features {
            io_capability: if passkey.is_some() { IO_DISPLAY_ONLY } else { IO_NONE },
            out_of_band: false,
            authentication: self.authentication(),
            key_size: 16,
            initiator_keys: self.initiator_keys,
            responder_keys: self.responder_keys,
        };
        self.request = pdu_octets(0x01, theirs);
        self.response = pdu_octets(0x02, mine);
        // The specification wants reserved bits ignored but the octets of the confirm as they were sent.
        self.attempt += 1 << 8;
        self.nonces = 0;
        out.push(SmpPdu::PairingResponse(mine));
        self.state = if self.secure { State::PublicKey } else { State::LegacyConfirm };
        passkey.map(PairingStep::ShowPasskey).into_iter().collect()
    }

    fn temporary_key(&self) -> Block {
        passkey_block(self.passkey.unwrap_or_default())
    }

    fn legacy_confirm(&self, nonce: Block) -> Block {
        let Identity { central, peripheral, .. } = self.identity;
        toolbox::c1(self.temporary_key(), nonce, self.request, self.response, central, peripheral)
    }

    fn take_public_key(&mut self, x: [u8; 32], y: [u8; 32], out: &mut Vec<SmpPdu>) -> Vec<PairingStep> {
        let pair = loop {
            let (low, high) = (self.draw(KEYS), self.draw(KEYS));
            let mut scalar = [0; 32];
            scalar[..16].copy_from_slice(&low);
            scalar[16..].copy_from_slice(&high);
            // All but one in 2^32 draws are below the order of the curve.
            if let Some(pair) = KeyPair::from_secret(scalar) {
                break pair;
            }
        };
        // A key equal to one's own, or off the curve, is an attack (CVE-2020-26558, CVE-2018-5383).
        let Some(shared) = pair.shared_secret(x, y).filter(|_| x != pair.x) else {
            return vec![self.fail(FailureReason::INVALID_PARAMETERS, out)];
        };
        self.shared = shared;
        self.central_key = (x, y);
        out.push(SmpPdu::PublicKey { x: pair.x, y: pair.y });
        self.pair = Some(pair);
        if self.passkey.is_some() {
            self.state = State::RoundConfirm { round: 0 };
        } else {
            let nonce = self.draw(NONCES);
            out.push(SmpPdu::Confirm(toolbox::f4(self.own_x(), x, nonce, 0)));
            self.state = State::SecureRandom { nonce };
        }
        Vec::new()
    }

    fn own_x(&self) -> [u8; 32] {
        self.pair.as_ref().map_or([0; 32], |pair| pair.x)
    }

    fn round_confirm(&self, round: u8, nonce: Block, own: bool) -> Block {
        let bit = self.passkey.unwrap_or_default() >> round & 1;
        let (own_x, central_x) = (self.own_x(), self.central_key.0);
        let (u, v) = if own { (own_x, central_x) } else { (central_x, own_x) };
        toolbox::f4(u, v, nonce, 0x80 | bit as u8)
    }

    fn check(&mut self, central_nonce: Block, nonce: Block, check: Block, out: &mut Vec<SmpPdu>) -> Vec<PairingStep> {
        let Identity { central, peripheral, .. } = self.identity;
        let (mac_key, key) = toolbox::f5(self.shared, central_nonce, nonce, central, peripheral);
        let r = self.temporary_key();
        let capabilities = |pdu: [u8; 7]| [pdu[1], pdu[2], pdu[3]];
        let expected = toolbox::f6(mac_key, central_nonce, nonce, r, capabilities(self.request), central, peripheral);
        if check != expected {
            return vec![self.fail(FailureReason::DHKEY_CHECK_FAILED, out)];
        }
        let own = toolbox::f6(mac_key, nonce, central_nonce, r, capabilities(self.response), peripheral, central);
        out.push(SmpPdu::DhKeyCheck(own));
        self.key_ready(key)
    }

    fn key_ready(&mut self, key: Block) -> Vec<PairingStep> {
        let key = LongTermKey { key, diversifier: 0, random: [0; 8], authenticated: self.passkey.is_some() };
        self.state = State::Encrypt { key };
        vec![PairingStep::KeyReady(key)]
    }

    /// The link is encrypted with the agreed key: gives the peripheral's keys, which come before the central's.
    pub fn encrypted(&mut self, out: &mut Vec<SmpPdu>) -> Vec<PairingStep> {
        let State::Encrypt { mut key } = std::mem::replace(&mut self.state, State::Idle) else { return Vec::new() };
        if !self.secure && self.responder_keys & KEY_ENCRYPTION != 0 {
            let name = self.draw(KEYS);
            key.key = self.draw(KEYS);
            key.diversifier = u16::from_le_bytes([name[8], name[9]]) | 1;
            key.random.copy_from_slice(&name[..8]);
            out.push(SmpPdu::EncryptionInformation(key.key));
            out.push(SmpPdu::CentralIdentification { diversifier: key.diversifier, random: key.random });
        }
        if self.responder_keys & KEY_IDENTITY != 0 {
            let Identity { identity, identity_key, .. } = self.identity;
            out.push(SmpPdu::IdentityInformation(identity_key));
            out.push(SmpPdu::IdentityAddress {
                random: identity.kind == AddressKind::Random,
                address: identity.octets,
            });
        }
        let mut awaited = 0;
        if !self.secure && self.initiator_keys & KEY_ENCRYPTION != 0 {
            awaited += 2;
        }
        if self.initiator_keys & KEY_IDENTITY != 0 {
            awaited += 2;
        }
        self.await_keys(key, awaited, None, None)
    }

    fn await_keys(
        &mut self,
        key: LongTermKey,
        awaited: u8,
        peer_identity_key: Option<Block>,
        peer: Option<Address>,
    ) -> Vec<PairingStep> {
        if awaited > 0 {
            self.state = State::Keys { key, awaited, peer_identity_key, peer };
            return Vec::new();
        }
        // A short-term key is good for this link only.
        let kept = self.bonding && (self.secure || key.diversifier != 0);
        let bond = kept.then(|| Bond {
            peer: peer.unwrap_or(self.identity.central),
            paired_as: self.identity.central,
            peer_identity_key,
            key,
            configurations: std::collections::BTreeMap::new(),
        });
        vec![PairingStep::Complete(bond)]
    }

    fn take_keys(
        &mut self,
        key: LongTermKey,
        awaited: u8,
        mut peer_identity_key: Option<Block>,
        mut peer: Option<Address>,
        pdu: &SmpPdu,
        out: &mut Vec<SmpPdu>,
    ) -> Vec<PairingStep> {
        match *pdu {
            SmpPdu::EncryptionInformation(_) | SmpPdu::CentralIdentification { .. } => {}
            SmpPdu::IdentityInformation(identity_key) => peer_identity_key = Some(identity_key),
            SmpPdu::IdentityAddress { random, address } => {
                let kind = if random { AddressKind::Random } else { AddressKind::Public };
                peer = Some(Address { kind, octets: address });
            }
            _ => return vec![self.fail(FailureReason::UNSPECIFIED, out)],
        }
        self.await_keys(key, awaited - 1, peer_identity_key.filter(|key| *key != [0; 16]), peer)
    }
}

fn pdu_octets(code: u8, features: Features) -> [u8; 7] {
    let mut octets = [code; 7];
    octets[1..].copy_from_slice(&features.to_bytes());
    // Confirm values are computed least significant octet first, the code being the least significant.
    octets
}

#[cfg(test)]
mod tests;
