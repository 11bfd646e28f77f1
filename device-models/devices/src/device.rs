//! What every device has: its number, its key for draws, whom it is attached to, and when its streams speak.

mod kind;
mod moment;
mod service;

pub use kind::{Carry, DeviceKind, DeviceModel, EventStream, Sampling, Say, SayWave, Watch, When};
pub use moment::{Order, PartsOf, PatientOf, Saying, Spawning, Watching};

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Cadence, Clock, DevicePlan, Key, MessageBuilder, MessageHead, Participants, Purpose, Rest, SimId,
    SimTime, Span, WaveHead, sample_instant,
};
use vocabulary::{MetricId, Quality};

use physiology::SampleGrid;

const PHASE: Purpose = Purpose::new("device.phase");

/// A device of any kind.
#[derive(Debug, Clone, Component)]
pub struct Device {
    /// Its number.
    pub id: SimId,
    /// Key of its draws.
    pub key: Key,
    /// The entity of the patient it is attached to.
    pub patient: Entity,
    streams: Vec<StreamState>,
    next_due: SimTime,
}

/// Where one stream stands.
#[derive(Debug, Clone)]
struct StreamState {
    kind_index: usize,
    cadence: Cadence,
    /// Instant of the first message of a periodic stream.
    first: SimTime,
    /// Index of the first sample that a sampled stream sends. Samples lie on one grid from the scenario's start, so
    /// that all channels of a recording share it; only the boundaries of the messages are staggered.
    skipped: u64,
    /// Messages said so far; also the next sequence number.
    said: u64,
}

/// A message that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Position of the stream within the device.
    pub stream: u16,
    /// Position of the stream in the list of its kind.
    pub kind_index: usize,
    /// Sequence number.
    pub sequence: u64,
    /// When the device says it.
    pub intended: SimTime,
    /// The samples it carries, for a sampled stream.
    pub chunk: Option<Chunk>,
}

/// The samples of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Index of the first sample of the chunk; sample 0 lies at the scenario's start.
    pub first_index: u64,
    /// Index of the first sample the stream ever sent.
    pub stream_first: u64,
    /// How many samples.
    pub samples: usize,
    /// Sampling rate [mHz].
    pub rate_mhz: u32,
}

impl Chunk {
    /// The grid that its samples lie on.
    pub fn grid(&self) -> SampleGrid {
        SampleGrid { origin: SimTime::ZERO, rate_mhz: self.rate_mhz }
    }

    /// Instant of the first sample.
    pub fn first(&self) -> SimTime {
        self.instant(0)
    }

    /// Instant of the sample at `offset` within the chunk.
    pub fn instant(&self, offset: usize) -> SimTime {
        self.grid().instant(self.first_index + offset as u64)
    }

    /// Instant of the first sample after the chunk.
    pub fn end(&self) -> SimTime {
        self.instant(self.samples)
    }

    /// Describes the chunk for a message.
    pub fn head(&self, clock: &Clock, metric: MetricId, gain: f64, offset: f64, quality: Quality) -> WaveHead {
        WaveHead { metric, first_ms: clock.epoch_ms(self.first()), rate_mhz: self.rate_mhz, gain, offset, quality }
    }
}

/// Until when no device of a kind speaks on its own, so that its system need not look at each of them in every grid
/// step. Events are not counted.
#[derive(Debug, Default)]
struct Quiet(Option<SimTime>);

impl Quiet {
    /// Whether nothing is due in this grid step. Otherwise [`Quiet::until`] is to be called for every device.
    fn holds(&mut self, clock: &Clock) -> bool {
        if self.0.is_some_and(|until| clock.end <= until) {
            return true;
        }
        self.0 = Some(SimTime::from_nanos(i64::MAX));
        false
    }

    /// Tells how long the kind is quiet.
    fn tell(&self, rest: &mut Rest) {
        if let Some(until) = self.0 {
            rest.until_at_most(until);
        }
    }

    /// Takes into account when this device speaks next.
    fn until(&mut self, device: &Device) {
        self.0 = self.0.min(Some(device.next_due));
    }
}

impl Device {
    /// The device a plan describes.
    ///
    /// Each stream begins at a phase drawn within its period, so that devices do not speak in one instant, unless the
    /// plan aligns them.
    pub fn from_plan(world: &World, id: SimId, plan: &DevicePlan, patient: Entity) -> Self {
        let Participants(roster) = world.resource::<Participants>();
        let seed = roster.seed;
        let key = Key::new(seed, &plan.path);
        let streams = plan
            .streams
            .iter()
            .map(|stream| {
                let own_key = Key::new(seed, &format!("{}/{}", plan.path, stream.id));
                let is_wave = matches!(stream.cadence, Cadence::Sampled { .. });
                let phase =
                    if plan.aligned || (is_wave && roster.whole_waveforms) { 0.0 } else { own_key.uniform(PHASE, 0) };
                StreamState::new(stream.kind_index, stream.cadence, phase)
            })
            .collect();
        let mut device = Self { id, key, patient, streams, next_due: SimTime::ZERO };
        device.find_next_due();
        device
    }

    /// Index of the first sample that its first sampled stream sends.
    pub fn first_sample(&self) -> Option<u64> {
        let is_sampled = |stream: &&StreamState| matches!(stream.cadence, Cadence::Sampled { .. });
        self.streams.iter().find(is_sampled).map(|stream| stream.skipped)
    }

    /// Whether any periodic or sampled stream speaks in this grid step.
    pub fn is_due(&self, clock: &Clock) -> bool {
        self.next_due < clock.end
    }

    /// Instant and sequence number of the next message of a periodic or sampled stream, if it has one.
    pub fn next_message(&self) -> Option<(SimTime, u64)> {
        self.due_stream().map(|stream| (self.next_due, stream.said))
    }

    /// Takes the next message that is due in this grid step.
    pub fn take_due(&mut self, clock: &Clock) -> Option<Due> {
        if !self.is_due(clock) {
            return None;
        }
        let position = self.streams.iter().position(|stream| stream.due().is_some_and(|due| due == self.next_due))?;
        let stream = &mut self.streams[position];
        let chunk = match stream.cadence {
            Cadence::Sampled { rate_mhz, samples } => Some(Chunk {
                first_index: stream.skipped + stream.said * u64::from(samples),
                stream_first: stream.skipped,
                samples: samples as usize,
                rate_mhz,
            }),
            Cadence::Periodic { .. } | Cadence::OnEvent => None,
        };
        let due = Due {
            stream: position as u16,
            kind_index: stream.kind_index,
            sequence: stream.said,
            intended: self.next_due,
            chunk,
        };
        stream.said += 1;
        self.find_next_due();
        Some(due)
    }

    /// Speaks on the event stream at `kind_index` of the kind's list, if the scenario has it.
    pub fn event(&mut self, kind_index: usize, at: SimTime) -> Option<Due> {
        let position = self
            .streams
            .iter()
            .position(|stream| stream.kind_index == kind_index && stream.cadence == Cadence::OnEvent)?;
        let stream = &mut self.streams[position];
        let sequence = stream.said;
        stream.said += 1;
        Some(Due { stream: position as u16, kind_index, sequence, intended: at, chunk: None })
    }

    /// Begins the message of `due`.
    pub fn say<'a>(&self, due: &Due, clock: &Clock, assembly: &'a mut Assembly) -> MessageBuilder<'a> {
        assembly.message(MessageHead {
            device: self.id,
            stream: due.stream,
            sequence: due.sequence,
            intended: due.intended,
            device_time_ms: clock.epoch_ms(due.intended),
        })
    }

    /// The stream that speaks next.
    fn due_stream(&self) -> Option<&StreamState> {
        self.streams.iter().find(|stream| stream.due().is_some_and(|due| due == self.next_due))
    }

    fn find_next_due(&mut self) {
        self.next_due = self.streams.iter().filter_map(StreamState::due).min().unwrap_or(SimTime::from_nanos(i64::MAX));
    }
}

impl StreamState {
    /// A stream that begins at `phase` (0..1) of its period.
    fn new(kind_index: usize, cadence: Cadence, phase: f64) -> Self {
        let (first, skipped) = match cadence {
            Cadence::Periodic { period } => (SimTime::from_nanos((phase * period.nanos() as f64) as i64), 0),
            Cadence::Sampled { samples, .. } => (SimTime::ZERO, (phase * f64::from(samples)) as u64),
            Cadence::OnEvent => (SimTime::ZERO, 0),
        };
        Self { kind_index, cadence, first, skipped, said: 0 }
    }

    fn due(&self) -> Option<SimTime> {
        match self.cadence {
            Cadence::Periodic { period } => Some(self.first + Span::from_nanos(period.nanos() * self.said as i64)),
            Cadence::Sampled { rate_mhz, samples } => {
                let end_index = self.skipped + (self.said + 1) * u64::from(samples);
                Some(sample_instant(SimTime::ZERO, end_index, rate_mhz))
            }
            Cadence::OnEvent => None,
        }
    }
}

#[cfg(test)]
mod tests;
