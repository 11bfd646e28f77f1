//! What a server sends.

use super::error_code::ErrorCode;

/// A response, notification or indication of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// 0x01.
    Error {
        /// Opcode of the request.
        request: u8,
        /// Attribute in question, or zero.
        handle: u16,
        /// Why.
        code: ErrorCode,
    },
    /// 0x03.
    Mtu {
        /// The server's receive MTU.
        server_mtu: u16,
    },
    /// Any response whose parameters the server has put together already.
    Data {
        /// Opcode of the response.
        opcode: u8,
        /// Parameters.
        parameters: Vec<u8>,
    },
    /// 0x1B.
    Notify {
        /// Attribute.
        handle: u16,
        /// Its value.
        value: Vec<u8>,
    },
    /// 0x1D.
    Indicate {
        /// Attribute.
        handle: u16,
        /// Its value.
        value: Vec<u8>,
    },
}

impl Response {
    /// The octets of the PDU.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Error { request, handle, code } => {
                let [low, high] = handle.to_le_bytes();
                vec![0x01, *request, low, high, code.0]
            }
            Self::Mtu { server_mtu } => {
                let [low, high] = server_mtu.to_le_bytes();
                vec![0x03, low, high]
            }
            Self::Data { opcode, parameters } => with_prefix(&[*opcode], parameters),
            Self::Notify { handle, value } => with_prefix(&prefix(0x1B, *handle), value),
            Self::Indicate { handle, value } => with_prefix(&prefix(0x1D, *handle), value),
        }
    }
}

fn prefix(opcode: u8, handle: u16) -> [u8; 3] {
    let [low, high] = handle.to_le_bytes();
    [opcode, low, high]
}

fn with_prefix(prefix: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(prefix.len() + rest.len());
    bytes.extend_from_slice(prefix);
    bytes.extend_from_slice(rest);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_octets() {
        let error = Response::Error { request: 0x0A, handle: 0x0102, code: ErrorCode::READ_NOT_PERMITTED };
        assert_eq!(error.to_bytes(), [0x01, 0x0A, 0x02, 0x01, 0x02]);
        assert_eq!(Response::Notify { handle: 3, value: vec![9] }.to_bytes(), [0x1B, 3, 0, 9]);
        assert_eq!(Response::Indicate { handle: 3, value: vec![9] }.to_bytes(), [0x1D, 3, 0, 9]);
        assert_eq!(Response::Mtu { server_mtu: 247 }.to_bytes(), [0x03, 0xF7, 0x00]);
    }
}
