//! Owned copies of messages, taken inside the shards before encoding.

use std::sync::{Arc, Mutex};

use sim_core::{Observer, Said, SimId, SimTime};
use vocabulary::{Message, MetricId, Reading};

/// One message.
#[derive(Debug, Clone)]
pub(crate) struct Captured {
    /// Who said it.
    pub(crate) device: SimId,
    /// On which stream, by route.
    pub(crate) stream: u32,
    /// Its id.
    pub(crate) stream_id: String,
    /// Number of the message in the stream.
    pub(crate) sequence: u64,
    /// When.
    pub(crate) intended: SimTime,
    /// Values.
    pub(crate) readings: Vec<Reading>,
    /// Waveform chunks.
    pub(crate) waves: Vec<CapturedWave>,
}

/// One waveform chunk.
#[derive(Debug, Clone)]
pub(crate) struct CapturedWave {
    /// Stream id.
    pub(crate) stream_id: String,
    /// Channel.
    pub(crate) metric: MetricId,
    /// Sampling rate [mHz].
    pub(crate) rate_mhz: u32,
    /// Physical value of one count.
    pub(crate) gain: f64,
    /// Physical value of zero counts.
    pub(crate) offset: f64,
    /// Counts.
    pub(crate) samples: Vec<i16>,
}

/// Copies every message of a shard.
#[derive(Debug)]
pub(crate) struct Capture(Arc<Mutex<Vec<Captured>>>);

impl Capture {
    /// Appends to `store`, which all shards share; what belongs to one device comes from one shard, in order.
    pub(crate) fn new(store: Arc<Mutex<Vec<Captured>>>) -> Self {
        Self(store)
    }
}

impl Observer for Capture {
    fn observe(&mut self, said: &Said<'_>, message: &Message<'_>) {
        let waves = message
            .waves
            .iter()
            .map(|wave| CapturedWave {
                stream_id: said.stream.id.clone(),
                metric: wave.metric,
                rate_mhz: wave.rate_mhz,
                gain: wave.gain,
                offset: wave.offset,
                samples: wave.samples.to_vec(),
            })
            .collect();
        let captured = Captured {
            device: said.device,
            stream: said.stream.route.0,
            stream_id: said.stream.id.clone(),
            sequence: message.sequence,
            intended: said.intended,
            readings: message.readings.to_vec(),
            waves,
        };
        if let Ok(mut store) = self.0.lock() {
            store.push(captured);
        }
    }
}
