//! PDUs of the Security Manager (Core Specification 5.4, volume 3, part H). Keys, confirms and randoms are little-endian.

use thiserror::Error;

/// The features one side offers for pairing: the six octets after the code of a request or a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// 0 display only, 1 display and yes/no, 2 keyboard only, 3 nothing, 4 keyboard and display.
    pub io_capability: u8,
    /// Whether out-of-band data is there.
    pub out_of_band: bool,
    /// Bits: 0-1 bonding, 2 protection against a man in the middle, 3 Secure Connections, 4 keypress, 5 CT2.
    pub authentication: u8,
    /// Most octets of a key: 7 to 16.
    pub key_size: u8,
    /// Keys the initiator gives: bit 0 encryption, 1 identity, 2 signing, 3 link.
    pub initiator_keys: u8,
    /// Keys the responder gives, same bits.
    pub responder_keys: u8,
}

impl Features {
    /// The octets after the code.
    pub const fn to_bytes(self) -> [u8; 6] {
        [
            self.io_capability,
            self.out_of_band as u8,
            self.authentication,
            self.key_size,
            self.initiator_keys,
            self.responder_keys,
        ]
    }
}

/// Why a pairing ends without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureReason(pub u8);

impl FailureReason {
    /// The pairing requirements cannot be met.
    pub const AUTHENTICATION_REQUIREMENTS: Self = Self(0x03);
    /// The confirm value does not match.
    pub const CONFIRM_VALUE_FAILED: Self = Self(0x04);
    /// This side does not pair.
    pub const PAIRING_NOT_SUPPORTED: Self = Self(0x05);
    /// The key would be too short.
    pub const ENCRYPTION_KEY_SIZE: Self = Self(0x06);
    /// Unknown code.
    pub const COMMAND_NOT_SUPPORTED: Self = Self(0x07);
    /// Out of order or anything else.
    pub const UNSPECIFIED: Self = Self(0x08);
    /// Malformed parameters, or a public key that is not on the curve.
    pub const INVALID_PARAMETERS: Self = Self(0x0A);
    /// The check of the Diffie-Hellman key does not match.
    pub const DHKEY_CHECK_FAILED: Self = Self(0x0B);
}

/// A message of the Security Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmpPdu {
    /// 0x01.
    PairingRequest(Features),
    /// 0x02.
    PairingResponse(Features),
    /// 0x03.
    Confirm([u8; 16]),
    /// 0x04.
    Random([u8; 16]),
    /// 0x05.
    Failed(FailureReason),
    /// 0x06: long-term key of legacy pairing.
    EncryptionInformation([u8; 16]),
    /// 0x07: names the key of 0x06.
    CentralIdentification {
        /// Encrypted diversifier.
        diversifier: u16,
        /// Random number.
        random: [u8; 8],
    },
    /// 0x08: identity resolving key.
    IdentityInformation([u8; 16]),
    /// 0x09.
    IdentityAddress {
        /// Whether it is a static random address (otherwise public).
        random: bool,
        /// The address, little-endian.
        address: [u8; 6],
    },
    /// 0x0A: connection signature resolving key.
    SigningInformation([u8; 16]),
    /// 0x0B: the peripheral asks for security; the bits of [`Features::authentication`].
    SecurityRequest(u8),
    /// 0x0C: coordinates on P-256, little-endian.
    PublicKey {
        /// X.
        x: [u8; 32],
        /// Y.
        y: [u8; 32],
    },
    /// 0x0D.
    DhKeyCheck([u8; 16]),
    /// 0x0E.
    KeypressNotification(u8),
}

/// Why octets are no message of the Security Manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SmpError {
    /// No octet at all.
    #[error("empty security manager PDU")]
    Empty,
    /// The code is unknown.
    #[error("unknown security manager code 0x{code:02x}")]
    Unknown {
        /// The code.
        code: u8,
    },
    /// The parameters do not fit the code.
    #[error("security manager code 0x{code:02x} with {length} octets of parameters")]
    Malformed {
        /// The code.
        code: u8,
        /// Octets after it.
        length: usize,
    },
}

impl SmpPdu {
    /// Reads one message.
    ///
    /// # Errors
    /// When the code is unknown or its parameters have another length.
    pub fn parse(bytes: &[u8]) -> Result<Self, SmpError> {
        let [code, parameters @ ..] = bytes else { return Err(SmpError::Empty) };
        let code = *code;
        let malformed = SmpError::Malformed { code, length: parameters.len() };
        let key = || <[u8; 16]>::try_from(parameters).map_err(|_| malformed);
        Ok(match (code, parameters) {
            (0x01 | 0x02, [io_capability, out_of_band, authentication, key_size, initiator_keys, responder_keys]) => {
                let features = Features {
                    io_capability: *io_capability,
                    out_of_band: *out_of_band != 0,
                    authentication: *authentication,
                    key_size: *key_size,
                    initiator_keys: *initiator_keys,
                    responder_keys: *responder_keys,
                };
                if code == 0x01 { Self::PairingRequest(features) } else { Self::PairingResponse(features) }
            }
            (0x03, _) => Self::Confirm(key()?),
            (0x04, _) => Self::Random(key()?),
            (0x05, [reason]) => Self::Failed(FailureReason(*reason)),
            (0x06, _) => Self::EncryptionInformation(key()?),
            (0x07, [low, high, random @ ..]) => Self::CentralIdentification {
                diversifier: u16::from_le_bytes([*low, *high]),
                random: random.try_into().map_err(|_| malformed)?,
            },
            (0x08, _) => Self::IdentityInformation(key()?),
            (0x09, [kind, address @ ..]) => {
                Self::IdentityAddress { random: *kind != 0, address: address.try_into().map_err(|_| malformed)? }
            }
            (0x0A, _) => Self::SigningInformation(key()?),
            (0x0B, [authentication]) => Self::SecurityRequest(*authentication),
            (0x0C, _) if parameters.len() == 64 => {
                let (mut x, mut y) = ([0; 32], [0; 32]);
                x.copy_from_slice(&parameters[..32]);
                y.copy_from_slice(&parameters[32..]);
                Self::PublicKey { x, y }
            }
            (0x0D, _) => Self::DhKeyCheck(key()?),
            (0x0E, [kind]) => Self::KeypressNotification(*kind),
            (0x01..=0x0E, _) => return Err(malformed),
            _ => return Err(SmpError::Unknown { code }),
        })
    }

    /// The octets of the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (code, parameters): (u8, Vec<u8>) = match self {
            Self::PairingRequest(features) => (0x01, features.to_bytes().to_vec()),
            Self::PairingResponse(features) => (0x02, features.to_bytes().to_vec()),
            Self::Confirm(value) => (0x03, value.to_vec()),
            Self::Random(value) => (0x04, value.to_vec()),
            Self::Failed(reason) => (0x05, vec![reason.0]),
            Self::EncryptionInformation(key) => (0x06, key.to_vec()),
            Self::CentralIdentification { diversifier, random } => {
                (0x07, [&diversifier.to_le_bytes()[..], random].concat())
            }
            Self::IdentityInformation(key) => (0x08, key.to_vec()),
            Self::IdentityAddress { random, address } => (0x09, [&[u8::from(*random)][..], address].concat()),
            Self::SigningInformation(key) => (0x0A, key.to_vec()),
            Self::SecurityRequest(authentication) => (0x0B, vec![*authentication]),
            Self::PublicKey { x, y } => (0x0C, [&x[..], y].concat()),
            Self::DhKeyCheck(value) => (0x0D, value.to_vec()),
            Self::KeypressNotification(kind) => (0x0E, vec![*kind]),
        };
        let mut bytes = vec![code];
        bytes.extend_from_slice(&parameters);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_of_seven_octets() {
        let request = SmpPdu::parse(&[0x01, 0x04, 0x00, 0x2D, 0x10, 0x0F, 0x0F]).expect("well formed");
        let SmpPdu::PairingRequest(features) = &request else { panic!("{request:?}") };
        assert_eq!((features.io_capability, features.authentication, features.key_size), (4, 0x2D, 16));
        assert_eq!(request.to_bytes(), [0x01, 0x04, 0x00, 0x2D, 0x10, 0x0F, 0x0F]);
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(SmpPdu::parse(&[]), Err(SmpError::Empty));
        assert_eq!(SmpPdu::parse(&[0x0C, 1]), Err(SmpError::Malformed { code: 0x0C, length: 1 }));
        assert_eq!(SmpPdu::parse(&[0x0F, 1]), Err(SmpError::Unknown { code: 0x0F }));
    }

    proptest! {
        /// Whatever is read is written again with the same octets; flags that are not 0 or 1 become 1.
        #[test]
        fn any_octets_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..70), code in 0_u8..16) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() {
                *first = code;
            }
            if let Ok(pdu) = SmpPdu::parse(&bytes) {
                prop_assert_eq!(SmpPdu::parse(&pdu.to_bytes()), Ok(pdu.clone()));
                if !matches!(pdu, SmpPdu::PairingRequest(_) | SmpPdu::PairingResponse(_) | SmpPdu::IdentityAddress { .. }) {
                    prop_assert_eq!(pdu.to_bytes(), bytes);
                }
            }
        }
    }
}
