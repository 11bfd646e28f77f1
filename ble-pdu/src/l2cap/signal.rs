//! Messages of the LE signalling channel.

use thiserror::Error;

const COMMAND_REJECT: u8 = 0x01;
const PARAMETER_UPDATE_REQUEST: u8 = 0x12;
const PARAMETER_UPDATE_RESPONSE: u8 = 0x13;
const CREDIT_CONNECTION_REQUEST: u8 = 0x14;
const CREDIT_CONNECTION_RESPONSE: u8 = 0x15;
const ENHANCED_CONNECTION_REQUEST: u8 = 0x17;
const ENHANCED_CONNECTION_RESPONSE: u8 = 0x18;

/// Result "all connections refused: SPSM not supported".
const PSM_NOT_SUPPORTED: u16 = 0x0002;

/// A message of the signalling channel. `identifier` joins a response to its request and is never zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// "Command not understood".
    CommandReject {
        /// Of the rejected message.
        identifier: u8,
    },
    /// The peripheral asks for other connection parameters.
    ParameterUpdateRequest {
        /// Of this message.
        identifier: u8,
        /// Smallest interval \[1.25 ms\].
        interval_min: u16,
        /// Largest interval \[1.25 ms\].
        interval_max: u16,
        /// Connection events the peripheral may skip.
        latency: u16,
        /// Supervision timeout \[10 ms\].
        timeout: u16,
    },
    /// The central's answer to a parameter request.
    ParameterUpdateResponse {
        /// Of the request.
        identifier: u8,
        /// Whether the parameters will be used.
        accepted: bool,
    },
    /// A request for a credit-based channel (a classic LE one or an enhanced one).
    ChannelRequest {
        /// Of this message.
        identifier: u8,
        /// Whether it is the enhanced form.
        enhanced: bool,
    },
    /// Refusal of a credit-based channel.
    ChannelRefusal {
        /// Of the request.
        identifier: u8,
        /// Whether it is the enhanced form.
        enhanced: bool,
    },
    /// Something this side does not know.
    Unknown {
        /// Code of the message.
        code: u8,
        /// Of this message.
        identifier: u8,
    },
}

/// Why octets are no signalling message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignalError {
    /// Shorter than its header or its announced length.
    #[error("signalling message of {length} octets is cut short")]
    Short {
        /// Octets there are.
        length: usize,
    },
    /// The length does not fit the code.
    #[error("signalling message 0x{code:02x} with {length} octets of data")]
    WrongLength {
        /// Code of the message.
        code: u8,
        /// Octets of data.
        length: usize,
    },
}

impl Signal {
    /// Reads one message.
    ///
    /// # Errors
    /// When the octets are fewer than announced or do not fit the code.
    pub fn parse(bytes: &[u8]) -> Result<Self, SignalError> {
        let short = SignalError::Short { length: bytes.len() };
        let [code, identifier, low, high, data @ ..] = bytes else { return Err(short) };
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let (code, identifier) = (*code, *identifier);
        let Some(data) = data.get(..length) else { return Err(short) };
        match (code, data) {
            (COMMAND_REJECT, _) => Ok(Self::CommandReject { identifier }),
            (PARAMETER_UPDATE_REQUEST, [a, b, c, d, e, f, g, h]) => Ok(Self::ParameterUpdateRequest {
                identifier,
                interval_min: u16::from_le_bytes([*a, *b]),
                interval_max: u16::from_le_bytes([*c, *d]),
                latency: u16::from_le_bytes([*e, *f]),
                timeout: u16::from_le_bytes([*g, *h]),
            }),
            (PARAMETER_UPDATE_RESPONSE, [low, high]) => {
                Ok(Self::ParameterUpdateResponse { identifier, accepted: u16::from_le_bytes([*low, *high]) == 0 })
            }
            (PARAMETER_UPDATE_REQUEST | PARAMETER_UPDATE_RESPONSE, _) => Err(SignalError::WrongLength { code, length }),
            (CREDIT_CONNECTION_REQUEST, _) => Ok(Self::ChannelRequest { identifier, enhanced: false }),
            (ENHANCED_CONNECTION_REQUEST, _) => Ok(Self::ChannelRequest { identifier, enhanced: true }),
            (CREDIT_CONNECTION_RESPONSE, _) => Ok(Self::ChannelRefusal { identifier, enhanced: false }),
            (ENHANCED_CONNECTION_RESPONSE, _) => Ok(Self::ChannelRefusal { identifier, enhanced: true }),
            _ => Ok(Self::Unknown { code, identifier }),
        }
    }

    /// The octets of the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (code, identifier, data): (u8, u8, Vec<u8>) = match *self {
            // Reason 0x0000: command not understood.
            Self::CommandReject { identifier } => (COMMAND_REJECT, identifier, vec![0, 0]),
            Self::ParameterUpdateRequest { identifier, interval_min, interval_max, latency, timeout } => (
                PARAMETER_UPDATE_REQUEST,
                identifier,
                [interval_min, interval_max, latency, timeout].into_iter().flat_map(u16::to_le_bytes).collect(),
            ),
            Self::ParameterUpdateResponse { identifier, accepted } => {
                (PARAMETER_UPDATE_RESPONSE, identifier, vec![u8::from(!accepted), 0])
            }
            Self::ChannelRequest { identifier, enhanced } => {
                (if enhanced { ENHANCED_CONNECTION_REQUEST } else { CREDIT_CONNECTION_REQUEST }, identifier, Vec::new())
            }
            Self::ChannelRefusal { identifier, enhanced } => {
                let mut data = vec![0; 8];
                data.extend_from_slice(&PSM_NOT_SUPPORTED.to_le_bytes());
                if enhanced {
                    data.drain(..2);
                    (ENHANCED_CONNECTION_RESPONSE, identifier, data)
                } else {
                    (CREDIT_CONNECTION_RESPONSE, identifier, data)
                }
            }
            Self::Unknown { code, identifier } => (code, identifier, Vec::new()),
        };
        let mut bytes = vec![code, identifier];
        bytes.extend_from_slice(&(data.len() as u16).to_le_bytes());
        bytes.extend_from_slice(&data);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameter_request_octets() {
        let request = Signal::ParameterUpdateRequest {
            identifier: 1,
            interval_min: 24,
            interval_max: 40,
            latency: 4,
            timeout: 600,
        };
        assert_eq!(request.to_bytes(), [0x12, 1, 8, 0, 24, 0, 40, 0, 4, 0, 0x58, 2]);
        assert_eq!(Signal::parse(&request.to_bytes()), Ok(request));
    }

    #[test]
    fn refusals_have_the_length_of_their_form() {
        assert_eq!(Signal::ChannelRefusal { identifier: 3, enhanced: false }.to_bytes().len(), 4 + 10);
        assert_eq!(Signal::ChannelRefusal { identifier: 3, enhanced: true }.to_bytes().len(), 4 + 8);
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(signal) = Signal::parse(&bytes) {
                prop_assert_eq!(signal.to_bytes()[0], bytes[0]);
            } else {
                prop_assert!(bytes.len() < 4 || bytes[0] == 0x12 || bytes[0] == 0x13 || bytes.len() - 4 < usize::from(u16::from_le_bytes([bytes[2], bytes[3]])));
            }
        }
    }
}
