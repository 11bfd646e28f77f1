//! The Attribute Protocol: UUIDs, error codes, and PDUs (Core Specification 5.4, volume 3, part F).

mod error_code;
mod request;
mod response;
mod uuid;

pub use error_code::ErrorCode;
pub use request::{Request, RequestError};
pub use response::Response;
pub use uuid::Uuid;

/// Smallest and initial MTU of LE \[octets\].
pub const DEFAULT_MTU: u16 = 23;

/// Longest attribute value \[octets\].
pub const VALUE_LIMIT: usize = 512;
