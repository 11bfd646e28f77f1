//! The ciphers on which addresses, pairing and the hash of an attribute table stand (Core Specification 5.4, volume 3,
//! part H, sections 2.2.1, 2.2.2 and 2.2.5).
//!
//! Values are little-endian, as they travel; the specification writes them most significant octet first.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use cmac::{Cmac, Mac};

/// 128 bits, little-endian.
pub(crate) type Block = [u8; 16];

/// The same octets in the other order.
pub(crate) fn reversed<const N: usize>(mut value: [u8; N]) -> [u8; N] {
    value.reverse();
    value
}

/// The security function e: AES-128.
pub(crate) fn encrypt(key: Block, plaintext: Block) -> Block {
    let mut block = Array(reversed(plaintext));
    Aes128::new(&Array(reversed(key))).encrypt_block(&mut block);
    reversed(block.0)
}

/// AES-CMAC; key and result little-endian, the message in the order of the specification.
pub(crate) fn cmac(key: Block, message: &[&[u8]]) -> Block {
    let mut mac = <Cmac<Aes128> as KeyInit>::new(&Array(reversed(key)));
    for part in message {
        mac.update(part);
    }
    reversed(mac.finalize().into_bytes().0)
}

/// Hash of a resolvable private address.
pub(crate) fn ah(key: Block, random: [u8; 3]) -> [u8; 3] {
    let mut padded = [0; 16];
    padded[..3].copy_from_slice(&random);
    let hash = encrypt(key, padded);
    [hash[0], hash[1], hash[2]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sample data of the Core Specification (volume 3, part H, appendix D.7).
    #[test]
    fn hash_of_a_private_address() {
        let key = 0xEC02_34A3_57C8_AD05_3410_10A6_0A39_7D9B_u128;
        assert_eq!(ah(key.to_le_bytes(), [0x94, 0x81, 0x70]), [0xAA, 0xFB, 0x0D]);
    }
}
