//! What a probe saw, whatever kind of probe it is.

use crate::OwnedReading;
use bytes::Bytes;

/// One thing seen at the user's stack. A probe fills in what it knows beside the payload; what it leaves open the judge
/// reads in the payload, as far as the format of the route goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// Serial number of the device that it is said to come from.
    pub who: Option<String>,
    /// Stream id.
    pub stream: Option<String>,
    /// Sequence number within device and stream.
    pub sequence: Option<u64>,
    /// Device time [ms since the Unix epoch].
    pub device_time_ms: Option<i64>,
    /// The values, where the probe sees them one by one instead of in a payload.
    pub values: Vec<OwnedReading>,
    /// Further names and values that travel with it, such as the user properties of MQTT 5.
    pub properties: Vec<(String, String)>,
    /// Its bytes.
    pub raw: Bytes,
    /// Where it was published.
    pub topic: String,
    /// When it was seen [ns of wall clock since the run's origin, in virtual time simulated ns].
    pub observed_at: i64,
    /// Whether it came from a store of the past, such as a broker's retained messages.
    pub retained: bool,
    /// Whether whoever brought it says that it may have brought it before, as MQTT's DUP flag does.
    pub redelivered: bool,
}

impl Sighting {
    /// Bytes published on a topic, and nothing more.
    pub fn publication(topic: impl Into<String>, raw: impl Into<Bytes>, observed_at: i64) -> Self {
        Self {
            who: None,
            stream: None,
            sequence: None,
            device_time_ms: None,
            values: Vec::new(),
            properties: Vec::new(),
            raw: raw.into(),
            topic: topic.into(),
            observed_at,
            retained: false,
            redelivered: false,
        }
    }

    /// The same, from a store of the past if `retained`.
    #[must_use]
    pub fn retained(self, retained: bool) -> Self {
        Self { retained, ..self }
    }

    /// The same, brought perhaps not for the first time if `redelivered`.
    #[must_use]
    pub fn redelivered(self, redelivered: bool) -> Self {
        Self { redelivered, ..self }
    }
}
