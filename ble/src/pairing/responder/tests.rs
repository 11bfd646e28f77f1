//! The responder against an initiator that does what the specification says.

use crate::pdu::smp::{FailureReason, Features, SmpPdu};
use proptest::prelude::*;

use super::*;

const CENTRAL: Address = Address { kind: AddressKind::Random, octets: [1, 2, 3, 4, 5, 0xC6] };
const PERIPHERAL: Address = Address { kind: AddressKind::Random, octets: [9, 8, 7, 6, 5, 0xC4] };

fn responder(association: Association, secure_connections: SecureConnections) -> Pairing {
    let policy = SecurityPolicy { association, secure_connections, ..SecurityPolicy::default() };
    let identity = Identity { central: CENTRAL, peripheral: PERIPHERAL, identity: PERIPHERAL, identity_key: [3; 16] };
    Pairing::new(policy, identity, Key::new(1, "p"), 1)
}

fn offer(io_capability: u8, authentication: u8) -> Features {
    let (out_of_band, key_size) = (false, 16);
    Features { io_capability, out_of_band, authentication, key_size, initiator_keys: 3, responder_keys: 3 }
}

/// Sends one message; gives what came back.
fn send(pairing: &mut Pairing, pdu: SmpPdu) -> (Vec<SmpPdu>, Vec<PairingStep>) {
    let mut out = Vec::new();
    let steps = pairing.receive(pdu, &mut out);
    (out, steps)
}

fn octets7(pdu: &SmpPdu) -> [u8; 7] {
    pdu.to_bytes().try_into().expect("seven octets")
}

/// Legacy pairing with a temporary key; gives the short-term key, or the reason of the failure.
fn pair_legacy(pairing: &mut Pairing, io: u8, authentication: u8, passkey: u32) -> Result<Block, FailureReason> {
    let request = SmpPdu::PairingRequest(offer(io, authentication));
    let (out, _) = send(pairing, request.clone());
    let response = out.into_iter().next().expect("an answer");
    if let SmpPdu::Failed(reason) = response {
        return Err(reason);
    }
    let (temporary, nonce) = (passkey_block(passkey), [0x11; 16]);
    let confirm = |nonce| toolbox::c1(temporary, nonce, octets7(&request), octets7(&response), CENTRAL, PERIPHERAL);
    let (out, _) = send(pairing, SmpPdu::Confirm(confirm(nonce)));
    let [SmpPdu::Confirm(theirs)] = out[..] else { panic!("{out:?}") };
    let (out, _) = send(pairing, SmpPdu::Random(nonce));
    match out[..] {
        [SmpPdu::Random(their_nonce)] => {
            assert_eq!(confirm(their_nonce), theirs);
            Ok(toolbox::s1(temporary, their_nonce, nonce))
        }
        [SmpPdu::Failed(reason)] => Err(reason),
        _ => panic!("{out:?}"),
    }
}

/// Secure Connections with an optional passkey; gives the long-term key, or the reason of the failure.
fn pair_secure(
    pairing: &mut Pairing,
    io: u8,
    authentication: u8,
    passkey: Option<u32>,
) -> Result<Block, FailureReason> {
    let request = SmpPdu::PairingRequest(offer(io, authentication));
    let (out, _) = send(pairing, request.clone());
    let response = out.into_iter().next().expect("an answer");
    if let SmpPdu::Failed(reason) = response {
        return Err(reason);
    }
    let own = KeyPair::from_secret([0x21; 32]).expect("below the order");
    let (out, _) = send(pairing, SmpPdu::PublicKey { x: own.x, y: own.y });
    let Some(&SmpPdu::PublicKey { x, y }) = out.first() else { panic!("{out:?}") };
    let shared = own.shared_secret(x, y).expect("on the curve");
    let (mut nonce, mut their_nonce) = ([0; 16], [0; 16]);
    if let Some(passkey) = passkey {
        for round in 0..20 {
            nonce = [round + 1; 16];
            let bit = 0x80 | (passkey >> round & 1) as u8;
            let (out, _) = send(pairing, SmpPdu::Confirm(toolbox::f4(own.x, x, nonce, bit)));
            let [SmpPdu::Confirm(theirs)] = out[..] else { panic!("{out:?}") };
            let (out, _) = send(pairing, SmpPdu::Random(nonce));
            match out[..] {
                [SmpPdu::Random(opened)] => their_nonce = opened,
                [SmpPdu::Failed(reason)] => return Err(reason),
                _ => panic!("{out:?}"),
            }
            assert_eq!(toolbox::f4(x, own.x, their_nonce, bit), theirs);
        }
    } else {
        let Some(&SmpPdu::Confirm(theirs)) = out.get(1) else { panic!("{out:?}") };
        nonce = [0x31; 16];
        let (out, _) = send(pairing, SmpPdu::Random(nonce));
        let [SmpPdu::Random(opened)] = out[..] else { panic!("{out:?}") };
        their_nonce = opened;
        assert_eq!(toolbox::f4(x, own.x, their_nonce, 0), theirs);
    }
    let (mac_key, key) = toolbox::f5(shared, nonce, their_nonce, CENTRAL, PERIPHERAL);
    let r = passkey_block(passkey.unwrap_or_default());
    let capabilities = |pdu: &SmpPdu| {
        let octets = octets7(pdu);
        [octets[1], octets[2], octets[3]]
    };
    let check = toolbox::f6(mac_key, nonce, their_nonce, r, capabilities(&request), CENTRAL, PERIPHERAL);
    let (out, _) = send(pairing, SmpPdu::DhKeyCheck(check));
    match out[..] {
        [SmpPdu::DhKeyCheck(theirs)] => {
            let expected = toolbox::f6(mac_key, their_nonce, nonce, r, capabilities(&response), PERIPHERAL, CENTRAL);
            assert_eq!(theirs, expected);
            Ok(key)
        }
        [SmpPdu::Failed(reason)] => Err(reason),
        _ => panic!("{out:?}"),
    }
}

fn agreed(pairing: &Pairing) -> Block {
    pairing.agreed_key().expect("a key").key
}

#[test]
fn just_works_both_ways() {
    let mut pairing = responder(Association::JustWorks, SecureConnections::Preferred);
    let key = pair_secure(&mut pairing, IO_NONE, 0x09, None).expect("paired");
    assert_eq!(agreed(&pairing), key);
    let mut pairing = responder(Association::JustWorks, SecureConnections::Preferred);
    let key = pair_legacy(&mut pairing, IO_NONE, 0x01, 0).expect("paired");
    assert_eq!(agreed(&pairing), key);
    assert!(!pairing.agreed_key().expect("a key").authenticated);
}

#[test]
fn a_passkey_has_to_be_the_right_one() {
    let display = Association::Passkey(123_456);
    let mut pairing = responder(display, SecureConnections::Required);
    let key = pair_secure(&mut pairing, IO_KEYBOARD_ONLY, 0x0D, Some(123_456)).expect("paired");
    assert_eq!(agreed(&pairing), key);
    assert!(pairing.agreed_key().expect("a key").authenticated);
    let mut pairing = responder(display, SecureConnections::Required);
    let failed = pair_secure(&mut pairing, IO_KEYBOARD_ONLY, 0x0D, Some(123_457));
    assert_eq!(failed, Err(FailureReason::CONFIRM_VALUE_FAILED));
    let mut pairing = responder(display, SecureConnections::Unsupported);
    assert!(pair_legacy(&mut pairing, IO_KEYBOARD_DISPLAY, 0x05, 123_456).is_ok());
    let mut pairing = responder(display, SecureConnections::Unsupported);
    let failed = pair_legacy(&mut pairing, IO_KEYBOARD_DISPLAY, 0x05, 1);
    assert_eq!(failed, Err(FailureReason::CONFIRM_VALUE_FAILED));
}

#[test]
fn what_cannot_be_met_is_refused() {
    let mut pairing = responder(Association::Passkey(1), SecureConnections::Preferred);
    let failed = pair_secure(&mut pairing, IO_NONE, 0x0D, None);
    assert_eq!(failed, Err(FailureReason::AUTHENTICATION_REQUIREMENTS));
    let mut pairing = responder(Association::JustWorks, SecureConnections::Required);
    assert_eq!(pair_legacy(&mut pairing, IO_NONE, 0x01, 0), Err(FailureReason::AUTHENTICATION_REQUIREMENTS));
    let mut pairing = responder(Association::None, SecureConnections::Preferred);
    assert_eq!(pair_legacy(&mut pairing, IO_NONE, 0x01, 0), Err(FailureReason::PAIRING_NOT_SUPPORTED));
    let mut pairing = responder(Association::JustWorks, SecureConnections::Preferred);
    let short = Features { key_size: 7, ..offer(IO_NONE, 0x01) };
    let (out, _) = send(&mut pairing, SmpPdu::PairingRequest(short));
    assert_eq!(out, [SmpPdu::Failed(FailureReason::ENCRYPTION_KEY_SIZE)]);
}

#[test]
fn keys_are_exchanged_after_encryption() {
    let mut pairing = responder(Association::JustWorks, SecureConnections::Preferred);
    pair_legacy(&mut pairing, IO_NONE, 0x01, 0).expect("paired");
    let mut out = Vec::new();
    assert_eq!(pairing.encrypted(&mut out), []);
    let [
        SmpPdu::EncryptionInformation(key),
        SmpPdu::CentralIdentification { diversifier, random },
        SmpPdu::IdentityInformation(_),
        SmpPdu::IdentityAddress { .. },
    ] = out[..]
    else {
        panic!("{out:?}")
    };
    let mut steps = Vec::new();
    for pdu in [
        SmpPdu::EncryptionInformation([1; 16]),
        SmpPdu::CentralIdentification { diversifier: 1, random: [1; 8] },
        SmpPdu::IdentityInformation([4; 16]),
        SmpPdu::IdentityAddress { random: false, address: [7; 6] },
    ] {
        assert_eq!(steps, [], "complete too early");
        steps = send(&mut pairing, pdu).1;
    }
    let [PairingStep::Complete(Some(bond))] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!(bond.key, LongTermKey { key, diversifier, random, authenticated: false });
    assert!(bond.matches(CENTRAL), "the address it paired with");
    assert!(bond.matches(Address { kind: AddressKind::Public, octets: [7; 6] }), "its identity");
    assert!(bond.matches(Address::resolvable([4; 16], 5)), "a private address of its identity");
    assert!(!bond.matches(Address::random_static(1)));
}

#[test]
fn a_key_off_the_curve_is_refused() {
    let mut pairing = responder(Association::JustWorks, SecureConnections::Preferred);
    send(&mut pairing, SmpPdu::PairingRequest(offer(IO_NONE, 0x09)));
    let (out, _) = send(&mut pairing, SmpPdu::PublicKey { x: [1; 32], y: [2; 32] });
    assert_eq!(out, [SmpPdu::Failed(FailureReason::INVALID_PARAMETERS)]);
}

proptest! {
    /// No sequence of messages leads to a key without the proofs before it.
    #[test]
    fn no_key_without_proof(pdus in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..66), 1..30), start: bool) {
        let mut pairing = responder(Association::Passkey(5), SecureConnections::Preferred);
        if start {
            send(&mut pairing, SmpPdu::PairingRequest(offer(IO_KEYBOARD_ONLY, 0x05)));
        }
        for mut octets in pdus {
            octets[0] %= 16;
            if let Ok(pdu) = SmpPdu::parse(&octets) {
                send(&mut pairing, pdu);
            }
            prop_assert_eq!(pairing.agreed_key(), None);
        }
    }
}
