//! What a client sends.

use thiserror::Error;

use super::error_code::ErrorCode;
use super::uuid::Uuid;

/// A request, command or confirmation of a client. Handles are as they came: a server checks the ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// 0x02: the client's receive MTU.
    ExchangeMtu {
        /// Octets.
        client_mtu: u16,
    },
    /// 0x04.
    FindInformation {
        /// First handle.
        start: u16,
        /// Last handle.
        end: u16,
    },
    /// 0x06.
    FindByTypeValue {
        /// First handle.
        start: u16,
        /// Last handle.
        end: u16,
        /// 16-bit attribute type.
        attribute_type: u16,
        /// Value to find.
        value: Vec<u8>,
    },
    /// 0x08.
    ReadByType {
        /// First handle.
        start: u16,
        /// Last handle.
        end: u16,
        /// Attribute type.
        attribute_type: Uuid,
    },
    /// 0x0A.
    Read {
        /// Attribute.
        handle: u16,
    },
    /// 0x0C.
    ReadBlob {
        /// Attribute.
        handle: u16,
        /// First octet wanted.
        offset: u16,
    },
    /// 0x0E, and 0x20 when `variable`.
    ReadMultiple {
        /// Attributes, two or more.
        handles: Vec<u16>,
        /// Whether each value is preceded by its length.
        variable: bool,
    },
    /// 0x10.
    ReadByGroupType {
        /// First handle.
        start: u16,
        /// Last handle.
        end: u16,
        /// Type of the group.
        group_type: Uuid,
    },
    /// 0x12, and 0x52 without a response.
    Write {
        /// Attribute.
        handle: u16,
        /// New value.
        value: Vec<u8>,
        /// Whether the client wants a response.
        acknowledged: bool,
    },
    /// 0x16.
    PrepareWrite {
        /// Attribute.
        handle: u16,
        /// Where the part belongs.
        offset: u16,
        /// The part.
        value: Vec<u8>,
    },
    /// 0x18.
    ExecuteWrite {
        /// Whether to write (otherwise the queue is dropped).
        write: bool,
    },
    /// 0x1E: an indication has arrived.
    Confirm,
}

/// Why octets are no request that this protocol knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RequestError {
    /// No octet at all.
    #[error("empty attribute PDU")]
    Empty,
    /// The opcode is unknown; `command` ones are ignored, the others are answered.
    #[error("unknown attribute opcode 0x{opcode:02x}")]
    Unknown {
        /// The opcode.
        opcode: u8,
        /// Whether it wants no answer.
        command: bool,
    },
    /// The parameters do not fit the opcode.
    #[error("attribute opcode 0x{opcode:02x} with {length} octets of parameters")]
    Malformed {
        /// The opcode.
        opcode: u8,
        /// Octets after it.
        length: usize,
    },
}

impl RequestError {
    /// The opcode and the code to answer with, or nothing where the protocol demands silence.
    pub const fn answer(self) -> Option<(u8, ErrorCode)> {
        match self {
            Self::Empty | Self::Unknown { command: true, .. } => None,
            Self::Unknown { opcode, command: false } => Some((opcode, ErrorCode::REQUEST_NOT_SUPPORTED)),
            Self::Malformed { opcode, .. } if opcode & 0x40 != 0 || opcode == 0x1E => None,
            Self::Malformed { opcode, .. } => Some((opcode, ErrorCode::INVALID_PDU)),
        }
    }
}

impl Request {
    /// Reads what a client sent.
    ///
    /// # Errors
    /// When the opcode is unknown or its parameters do not fit.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let [opcode, parameters @ ..] = bytes else { return Err(RequestError::Empty) };
        let opcode = *opcode;
        let malformed = RequestError::Malformed { opcode, length: parameters.len() };
        let word = |at: usize| -> Result<u16, RequestError> {
            match parameters.get(at..at + 2) {
                Some(pair) => Ok(u16::from_le_bytes([pair[0], pair[1]])),
                None => Err(malformed),
            }
        };
        let exact = |length: usize| if parameters.len() == length { Ok(()) } else { Err(malformed) };
        match opcode {
            0x02 => {
                exact(2)?;
                Ok(Self::ExchangeMtu { client_mtu: word(0)? })
            }
            0x04 => {
                exact(4)?;
                Ok(Self::FindInformation { start: word(0)?, end: word(2)? })
            }
            0x06 => Ok(Self::FindByTypeValue {
                start: word(0)?,
                end: word(2)?,
                attribute_type: word(4)?,
                value: parameters[6..].to_vec(),
            }),
            0x08 => Ok(Self::ReadByType {
                start: word(0)?,
                end: word(2)?,
                attribute_type: Uuid::from_le_bytes(&parameters[4..]).ok_or(malformed)?,
            }),
            0x0A => {
                exact(2)?;
                Ok(Self::Read { handle: word(0)? })
            }
            0x0C => {
                exact(4)?;
                Ok(Self::ReadBlob { handle: word(0)?, offset: word(2)? })
            }
            0x0E | 0x20 => {
                if parameters.len() < 4 || !parameters.len().is_multiple_of(2) {
                    return Err(malformed);
                }
                let handles = parameters.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                Ok(Self::ReadMultiple { handles, variable: opcode == 0x20 })
            }
            0x10 => Ok(Self::ReadByGroupType {
                start: word(0)?,
                end: word(2)?,
                group_type: Uuid::from_le_bytes(&parameters[4..]).ok_or(malformed)?,
            }),
            0x12 | 0x52 => {
                Ok(Self::Write { handle: word(0)?, value: parameters[2..].to_vec(), acknowledged: opcode == 0x12 })
            }
            0x16 => Ok(Self::PrepareWrite { handle: word(0)?, offset: word(2)?, value: parameters[4..].to_vec() }),
            0x18 => match parameters {
                [flag @ (0 | 1)] => Ok(Self::ExecuteWrite { write: *flag == 1 }),
                _ => Err(malformed),
            },
            0x1E => {
                exact(0)?;
                Ok(Self::Confirm)
            }
            _ => Err(RequestError::Unknown { opcode, command: opcode & 0x40 != 0 }),
        }
    }

    /// The opcode, as error responses quote it.
    pub const fn opcode(&self) -> u8 {
        match self {
            Self::ExchangeMtu { .. } => 0x02,
            Self::FindInformation { .. } => 0x04,
            Self::FindByTypeValue { .. } => 0x06,
            Self::ReadByType { .. } => 0x08,
            Self::Read { .. } => 0x0A,
            Self::ReadBlob { .. } => 0x0C,
            Self::ReadMultiple { variable: false, .. } => 0x0E,
            Self::ReadMultiple { variable: true, .. } => 0x20,
            Self::ReadByGroupType { .. } => 0x10,
            Self::Write { acknowledged: true, .. } => 0x12,
            Self::Write { acknowledged: false, .. } => 0x52,
            Self::PrepareWrite { .. } => 0x16,
            Self::ExecuteWrite { .. } => 0x18,
            Self::Confirm => 0x1E,
        }
    }

    /// The octets of the request.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.opcode()];
        let mut word = |value: u16| bytes.extend_from_slice(&value.to_le_bytes());
        match self {
            Self::ExchangeMtu { client_mtu } => word(*client_mtu),
            Self::FindInformation { start, end } => {
                word(*start);
                word(*end);
            }
            Self::FindByTypeValue { start, end, attribute_type, value } => {
                word(*start);
                word(*end);
                word(*attribute_type);
                bytes.extend_from_slice(value);
            }
            Self::ReadByType { start, end, attribute_type: uuid }
            | Self::ReadByGroupType { start, end, group_type: uuid } => {
                word(*start);
                word(*end);
                uuid.write_to(&mut bytes);
            }
            Self::Read { handle } => word(*handle),
            Self::ReadBlob { handle, offset } => {
                word(*handle);
                word(*offset);
            }
            Self::ReadMultiple { handles, .. } => handles.iter().for_each(|handle| word(*handle)),
            Self::Write { handle, value, .. } => {
                word(*handle);
                bytes.extend_from_slice(value);
            }
            Self::PrepareWrite { handle, offset, value } => {
                word(*handle);
                word(*offset);
                bytes.extend_from_slice(value);
            }
            Self::ExecuteWrite { write } => bytes.push(u8::from(*write)),
            Self::Confirm => {}
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_octets() {
        assert_eq!(
            Request::parse(&[0x10, 1, 0, 0xFF, 0xFF, 0x00, 0x28]),
            Ok(Request::ReadByGroupType { start: 1, end: 0xFFFF, group_type: Uuid::Short(0x2800) })
        );
        assert_eq!(
            Request::parse(&[0x12, 0x0A, 0x00, 0x01, 0x00]),
            Ok(Request::Write { handle: 10, value: vec![1, 0], acknowledged: true })
        );
    }

    #[test]
    fn what_is_answered_and_what_is_not() {
        let answer = |bytes: &[u8]| Request::parse(bytes).map_err(RequestError::answer);
        assert_eq!(answer(&[0x3F]), Err(Some((0x3F, ErrorCode::REQUEST_NOT_SUPPORTED))));
        assert_eq!(answer(&[0xD2, 1, 2]), Err(None));
        assert_eq!(answer(&[0x0A, 1]), Err(Some((0x0A, ErrorCode::INVALID_PDU))));
        assert_eq!(answer(&[0x52, 1]), Err(None));
        assert_eq!(answer(&[]), Err(None));
    }

    proptest! {
        /// Whatever is read is written again with the same octets (a short UUID may have come in its long form).
        #[test]
        fn any_octets_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(request) = Request::parse(&bytes) {
                prop_assert_eq!(Request::parse(&request.to_bytes()), Ok(request.clone()));
                if !matches!(request, Request::ReadByType { .. } | Request::ReadByGroupType { .. }) {
                    prop_assert_eq!(request.to_bytes(), bytes);
                }
            }
        }
    }
}
