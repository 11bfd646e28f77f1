//! Messages being put together within one grid step, in arenas that are reused from step to step.

use std::ops::Range;

use bevy_ecs::prelude::*;
use smallvec::SmallVec;
use vocabulary::{Message, MetricId, Origin, Quality, Reading, Wave};

use crate::{SimId, SimTime};

/// Messages of this grid step, before encoding.
#[derive(Debug, Default, Resource)]
pub struct Assembly {
    messages: Vec<Assembled>,
    readings: Vec<Reading>,
    waves: Vec<AssembledWave>,
    samples: Vec<i16>,
}

/// Which message is being put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageHead {
    /// Who says it.
    pub device: SimId,
    /// Position of the stream within the device.
    pub stream: u16,
    /// Sequence number within device and stream.
    pub sequence: u64,
    /// When the device's schedule says it.
    pub intended: SimTime,
    /// What the device's own clock shows then [ms since the Unix epoch].
    pub device_time_ms: i64,
}

/// Whose a message is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MessageNames<'names> {
    pub(crate) device_serial: &'names str,
    pub(crate) patient_id: Option<&'names str>,
    pub(crate) stream: &'names str,
    pub(crate) origin: Origin<'names>,
}

/// Description of a waveform chunk; its samples are appended by a closure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WaveHead {
    /// Channel.
    pub metric: MetricId,
    /// Device time of the first sample [ms since the Unix epoch].
    pub first_ms: i64,
    /// Sampling rate [mHz].
    pub rate_mhz: u32,
    /// Physical value of one count.
    pub gain: f64,
    /// Physical value of zero counts.
    pub offset: f64,
    /// How far to trust the chunk.
    pub quality: Quality,
}

#[derive(Debug, Clone)]
struct Assembled {
    head: MessageHead,
    readings: Range<usize>,
    waves: Range<usize>,
}

#[derive(Debug, Clone)]
struct AssembledWave {
    head: WaveHead,
    samples: Range<usize>,
}

impl Assembly {
    /// Begins a message; readings and waves added next belong to it.
    pub fn message(&mut self, head: MessageHead) -> MessageBuilder<'_> {
        self.messages.push(Assembled {
            head,
            readings: self.readings.len()..self.readings.len(),
            waves: self.waves.len()..self.waves.len(),
        });
        MessageBuilder { assembly: self }
    }

    /// Whether nothing was said in this step.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Lets `alter` change every message of this step before it is encoded.
    pub fn alter(&mut self, mut alter: impl FnMut(Draft<'_>)) {
        for assembled in &mut self.messages {
            alter(Draft {
                head: &mut assembled.head,
                readings: &mut self.readings[assembled.readings.clone()],
                waves: DraftWaves { waves: &mut self.waves[assembled.waves.clone()], samples: &mut self.samples },
            });
        }
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.readings.clear();
        self.waves.clear();
        self.samples.clear();
    }

    /// Calls `visit` with every message; `names` tells whose each is.
    pub(crate) fn for_each<'names>(
        &self,
        names: impl Fn(&MessageHead) -> MessageNames<'names>,
        mut visit: impl FnMut(&MessageHead, &Message<'_>),
    ) {
        for assembled in &self.messages {
            let head = &assembled.head;
            let MessageNames { device_serial, patient_id, stream, origin } = names(head);
            let waves: SmallVec<[Wave<'_>; 4]> = self.waves[assembled.waves.clone()]
                .iter()
                .map(|wave| Wave {
                    metric: wave.head.metric,
                    first_ms: wave.head.first_ms,
                    rate_mhz: wave.head.rate_mhz,
                    gain: wave.head.gain,
                    offset: wave.head.offset,
                    samples: &self.samples[wave.samples.clone()],
                    quality: wave.head.quality,
                })
                .collect();
            visit(
                head,
                &Message {
                    device_serial,
                    patient_id,
                    stream,
                    sequence: head.sequence,
                    device_time_ms: head.device_time_ms,
                    readings: &self.readings[assembled.readings.clone()],
                    waves: &waves,
                    origin,
                },
            );
        }
    }
}

/// A message that may still be changed.
#[derive(Debug)]
pub struct Draft<'a> {
    /// Who says it, and when; the device's own time may be changed.
    pub head: &'a mut MessageHead,
    /// Its readings.
    pub readings: &'a mut [Reading],
    /// Its waves.
    pub waves: DraftWaves<'a>,
}

/// The waves of a [`Draft`].
#[derive(Debug)]
pub struct DraftWaves<'a> {
    waves: &'a mut [AssembledWave],
    samples: &'a mut [i16],
}

/// What becomes of the samples of a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleFate {
    /// They are said.
    Kept,
    /// They are lost; the wave only tells its quality.
    Lost,
}

impl DraftWaves<'_> {
    /// Lets `alter` change the description and the samples of every wave.
    pub fn for_each(&mut self, mut alter: impl FnMut(&mut WaveHead, &mut [i16]) -> SampleFate) {
        for wave in &mut *self.waves {
            if alter(&mut wave.head, &mut self.samples[wave.samples.clone()]) == SampleFate::Lost {
                wave.samples.end = wave.samples.start;
            }
        }
    }
}

/// Adds content to the message begun last.
#[derive(Debug)]
pub struct MessageBuilder<'a> {
    assembly: &'a mut Assembly,
}

impl MessageBuilder<'_> {
    /// Adds a reading.
    pub fn reading(&mut self, reading: Reading) -> &mut Self {
        self.assembly.readings.push(reading);
        if let Some(message) = self.assembly.messages.last_mut() {
            message.readings.end = self.assembly.readings.len();
        }
        self
    }

    /// Adds a waveform chunk: `append` writes its samples to the end of the vector and may lower its quality.
    pub fn wave(&mut self, mut head: WaveHead, append: impl FnOnce(&mut Vec<i16>, &mut Quality)) -> &mut Self {
        let start = self.assembly.samples.len();
        append(&mut self.assembly.samples, &mut head.quality);
        let samples = start..self.assembly.samples.len();
        self.assembly.waves.push(AssembledWave { head, samples });
        if let Some(message) = self.assembly.messages.last_mut() {
            message.waves.end = self.assembly.waves.len();
        }
        self
    }
}
