//! The few fields of events that a host needs, for tests and captures.

use thiserror::Error;

use super::opcode::Opcode;
use super::status::Status;

/// An event as a host first looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawEvent {
    /// 0x0E: outcome and return parameters (status first).
    CommandComplete {
        /// Of the command.
        opcode: Opcode,
        /// Return parameters.
        returned: Vec<u8>,
    },
    /// 0x0F.
    CommandStatus {
        /// Of the command.
        opcode: Opcode,
        /// Outcome.
        status: Status,
    },
    /// 0x3E.
    Le {
        /// Subevent code.
        subevent: u8,
        /// Parameters after it.
        parameters: Vec<u8>,
    },
    /// Any other.
    Other {
        /// Event code.
        code: u8,
        /// Parameters.
        parameters: Vec<u8>,
    },
}

/// Why parameters are no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("event 0x{code:02x} with only {length} octets of parameters")]
pub struct RawEventError {
    /// Event code.
    pub code: u8,
    /// Octets of parameters.
    pub length: usize,
}

impl RawEvent {
    /// Reads the parameters of an event.
    ///
    /// # Errors
    /// When there are too few of them.
    pub fn parse(code: u8, parameters: &[u8]) -> Result<Self, RawEventError> {
        let short = RawEventError { code, length: parameters.len() };
        match (code, parameters) {
            (0x0E, [_, low, high, returned @ ..]) => Ok(Self::CommandComplete {
                opcode: Opcode(u16::from_le_bytes([*low, *high])),
                returned: returned.to_vec(),
            }),
            (0x0F, [status, _, low, high]) => {
                Ok(Self::CommandStatus { opcode: Opcode(u16::from_le_bytes([*low, *high])), status: Status(*status) })
            }
            (0x3E, [subevent, parameters @ ..]) => {
                Ok(Self::Le { subevent: *subevent, parameters: parameters.to_vec() })
            }
            (0x0E | 0x0F | 0x3E, _) => Err(short),
            _ => Ok(Self::Other { code, parameters: parameters.to_vec() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(code: u8, parameters in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Err(error) = RawEvent::parse(code, &parameters) {
                prop_assert_eq!(error, RawEventError { code, length: parameters.len() });
                prop_assert!(matches!(code, 0x0E | 0x0F | 0x3E));
            }
        }
    }
}
