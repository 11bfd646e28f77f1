//! What a probe saw.

use bytes::Bytes;

/// One message seen by a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Topic.
    pub topic: String,
    /// Payload.
    pub payload: Bytes,
    /// When [ns of wall clock since the origin].
    pub at: i64,
    /// Whether the broker sent it from its store of retained messages.
    pub retained: bool,
}
