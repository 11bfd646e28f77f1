//! The cryptographic toolbox of the Security Manager (Core Specification 5.4, volume 3, part H, section 2.2).
//!
//! All values are little-endian, as they travel; the specification writes them most significant octet first.

use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{ProjectivePoint, PublicKey, SecretKey};

use crate::address::{Address, AddressKind};
use crate::cipher::{Block, cmac, encrypt, reversed};

fn xor(a: Block, b: Block) -> Block {
    std::array::from_fn(|index| a[index] ^ b[index])
}

/// Confirm value of legacy pairing. `request` and `response` are the seven octets of the PDUs.
pub fn c1(
    key: Block,
    random: Block,
    request: [u8; 7],
    response: [u8; 7],
    initiator: Address,
    responder: Address,
) -> Block {
    let mut p1 = [0; 16];
    p1[0] = u8::from(initiator.kind == AddressKind::Random);
    p1[1] = u8::from(responder.kind == AddressKind::Random);
    p1[2..9].copy_from_slice(&request);
    p1[9..].copy_from_slice(&response);
    let mut p2 = [0; 16];
    p2[..6].copy_from_slice(&responder.octets);
    p2[6..12].copy_from_slice(&initiator.octets);
    encrypt(key, xor(encrypt(key, xor(random, p1)), p2))
}

/// Short-term key of legacy pairing, from the responder's and the initiator's random.
pub fn s1(key: Block, responder_random: Block, initiator_random: Block) -> Block {
    let mut joined = [0; 16];
    joined[..8].copy_from_slice(&initiator_random[..8]);
    joined[8..].copy_from_slice(&responder_random[..8]);
    encrypt(key, joined)
}

/// Confirm value of Secure Connections.
pub fn f4(u: [u8; 32], v: [u8; 32], x: Block, z: u8) -> Block {
    cmac(x, &[&reversed(u), &reversed(v), &[z]])
}

fn typed(address: Address) -> [u8; 7] {
    let mut octets = [0; 7];
    octets[0] = u8::from(address.kind == AddressKind::Random);
    octets[1..].copy_from_slice(&reversed(address.octets));
    octets
}

/// MAC key and long-term key of Secure Connections.
pub fn f5(w: [u8; 32], initiator_nonce: Block, responder_nonce: Block, a1: Address, a2: Address) -> (Block, Block) {
    const SALT: Block = reversed_salt();
    let key = cmac(SALT, &[&reversed(w)]);
    let derive = |counter: u8| {
        let (n1, n2) = (reversed(initiator_nonce), reversed(responder_nonce));
        cmac(key, &[&[counter], b"btle", &n1, &n2, &typed(a1), &typed(a2), &[0x01, 0x00]])
    };
    (derive(0), derive(1))
}

/// The salt of f5 is 6C888391AAF5A53860370BDB5A6083BE.
const fn reversed_salt() -> Block {
    0x6C88_8391_AAF5_A538_6037_0BDB_5A60_83BE_u128.to_le_bytes()
}

/// Check value of Secure Connections. `capabilities` are the IO capability, OOB flag and authentication octets of a PDU.
pub fn f6(w: Block, n1: Block, n2: Block, r: Block, capabilities: [u8; 3], a1: Address, a2: Address) -> Block {
    cmac(w, &[&reversed(n1), &reversed(n2), &reversed(r), &reversed(capabilities), &typed(a1), &typed(a2)])
}

/// The six digits that numeric comparison shows.
pub fn g2(u: [u8; 32], v: [u8; 32], x: Block, y: Block) -> u32 {
    let hash = cmac(x, &[&reversed(u), &reversed(v), &reversed(y)]);
    u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// A pair of keys on P-256.
#[derive(Debug, Clone)]
pub struct KeyPair {
    secret: SecretKey,
    /// Coordinate X of the public key.
    pub x: [u8; 32],
    /// Coordinate Y of the public key.
    pub y: [u8; 32],
}

impl KeyPair {
    /// From a secret scalar, unless it is zero or not below the order of the curve.
    pub fn from_secret(scalar: [u8; 32]) -> Option<Self> {
        let secret = SecretKey::from_slice(&reversed(scalar)).ok()?;
        let (x, y) = coordinates(&secret.public_key())?;
        Some(Self { secret, x, y })
    }

    /// The shared secret with the other side's public key, unless that is not a point of the curve.
    pub fn shared_secret(&self, x: [u8; 32], y: [u8; 32]) -> Option<[u8; 32]> {
        let mut encoded = [0x04; 65];
        encoded[1..33].copy_from_slice(&reversed(x));
        encoded[33..].copy_from_slice(&reversed(y));
        let theirs = PublicKey::from_sec1_bytes(&encoded).ok()?;
        let product = ProjectivePoint::from(*theirs.as_affine()) * *self.secret.to_nonzero_scalar();
        let (shared, _) = coordinates(&PublicKey::from_affine(product.to_affine()).ok()?)?;
        Some(shared)
    }
}

fn coordinates(key: &PublicKey) -> Option<([u8; 32], [u8; 32])> {
    let point = key.as_affine().to_sec1_point(false);
    let bytes = point.as_bytes();
    let x: [u8; 32] = bytes.get(1..33)?.try_into().ok()?;
    let y: [u8; 32] = bytes.get(33..65)?.try_into().ok()?;
    Some((reversed(x), reversed(y)))
}

#[cfg(test)]
mod tests {
    //! Sample data of the Core Specification (volume 3, part H, appendix D, and section 2.2).
    use super::*;

    fn hex<const N: usize>(digits: &str) -> [u8; N] {
        let digits: String = digits.split_whitespace().collect();
        assert_eq!(digits.len(), 2 * N);
        reversed(std::array::from_fn(|index| u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).expect("hex")))
    }

    const U: &str = "20b003d2f297be2c5e2c83a7e9f9a5b9eff49111acf4fddbcc0301480e359de6";
    const V: &str = "55188b3d32f6bb9a900afcfbeed4e72a59cb9ac2f19d7cfb6b4fdd49f47fc5fd";
    const X: &str = "d5cb8454d177733effffb2ec712baeab";
    const Y: &str = "a6e8e7cc25a75f6e216583f7ff3dc4cf";
    const W: &str = "ec0234a357c8ad05341010a60a397d9b99796b13b4f866f1868d34f373bfa698";

    fn address(kind: AddressKind, digits: &str) -> Address {
        Address { kind, octets: hex(digits) }
    }

    #[test]
    fn confirm_value_of_legacy_pairing() {
        let confirm = c1(
            [0; 16],
            hex("5783D52156AD6F0E6388274EC6702EE0"),
            hex("07071000000101"),
            hex("05000800000302"),
            address(AddressKind::Random, "A1A2A3A4A5A6"),
            address(AddressKind::Public, "B1B2B3B4B5B6"),
        );
        assert_eq!(confirm, hex("1e1e3fef878988ead2a74dc5bef13b86"));
    }

    #[test]
    fn short_term_key() {
        let responder = hex("000F0E0D0C0B0A091122334455667788");
        let initiator = hex("010203040506070899AABBCCDDEEFF00");
        assert_eq!(s1([0; 16], responder, initiator), hex("9a1fe1f0e8b0f49b5b4216ae796da062"));
    }

    #[test]
    fn confirm_value_of_secure_connections() {
        assert_eq!(f4(hex(U), hex(V), hex(X), 0), hex("f2c916f107a9bd1cf1eda1bea974872d"));
    }

    #[test]
    fn keys_and_check_of_secure_connections() {
        let a1 = address(AddressKind::Public, "56123737bfce");
        let a2 = address(AddressKind::Public, "a713702dcfc1");
        let (mac_key, long_term_key) = f5(hex(W), hex(X), hex(Y), a1, a2);
        assert_eq!(mac_key, hex("2965f176a1084a02fd3f6a20ce636e20"));
        assert_eq!(long_term_key, hex("6986791169d7cd23980522b594750a38"));
        let r = hex("12a3343bb453bb5408da42d20c2d0fc8");
        let check = f6(mac_key, hex(X), hex(Y), r, hex("010102"), a1, a2);
        assert_eq!(check, hex("e3c473989cd0e8c5d26c0b09da958f61"));
    }

    #[test]
    fn digits_of_numeric_comparison() {
        assert_eq!(g2(hex(U), hex(V), hex(X), hex(Y)), 0x2f9e_d5ba);
    }

    /// Sample data set 1 of the P-256 keys (volume 2, part G, section 7.1.2.1).
    #[test]
    fn shared_secret_of_the_sample_keys() {
        let a =
            KeyPair::from_secret(hex("3f49f6d4a3c55f3874c9b3e3d2103f504aff607beb40b7995899b8a6cd3c1abd")).expect("key");
        let b =
            KeyPair::from_secret(hex("55188b3d32f6bb9a900afcfbeed4e72a59cb9ac2f19d7cfb6b4fdd49f47fc5fd")).expect("key");
        assert_eq!(a.x, hex(U));
        assert_eq!(a.shared_secret(b.x, b.y), Some(hex(W)));
        assert_eq!(b.shared_secret(a.x, a.y), Some(hex(W)));
        assert_eq!(a.shared_secret(b.x, a.y), None, "not a point of the curve");
    }
}
