//! Replay device: plays a WFDB record through the same streams, faults and payloads as a simulated sensor.
//!
//! Playing begins at the record's first sample. At its end the record goes back from its last labelled R peak to its
//! first one, so that rhythm and waveform join without a step in time; a record without two of them is played from its
//! first to its last sample. At the record's own rate the samples are the counts of its converter, bit for bit; at any
//! other rate they pass [`Resampler`] and are rounded to counts. A sample that the record does not have stays missing,
//! and so does a resampled one that such a sample would have a part in.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy_ecs::prelude::*;
use recordings::{NO_SAMPLE, Recording, Resampler};
use sim_core::{
    Annotation, Cadence, Clock, Owner, ParameterKind, ParameterSpec, Phase, Registry, SimTime, SystemSpec, Truth,
    sample_instant,
};
use vocabulary::{Quality, Reading, metrics};

use crate::device::{Chunk, Device, DeviceKind, DeviceModel, Sampling, Saying, Spawning};
use crate::sensors::lead_off::{Contact, LeadsOff};

/// Name of the kind.
pub const KIND: &str = "replay";
/// Option that names the record.
pub const RECORD: &str = "record";

/// The records of a run, by the name the scenario gives them.
#[derive(Debug, Clone, Default, Resource)]
pub struct Recordings(pub BTreeMap<String, Arc<Recording>>);

impl Recordings {
    /// The record with this name.
    pub fn get(&self, name: &str) -> Option<Arc<Recording>> {
        self.0.get(name).cloned()
    }
}

/// Where a device stands in its record.
#[derive(Debug, Clone, Component)]
pub struct Replay {
    recording: Arc<Recording>,
    /// The part that is repeated: from the first to the last labelled R peak, or everything.
    loop_from: u64,
    loop_to: u64,
    /// `None` at the record's own rate.
    resampler: Option<Resampler>,
    /// Instant of the record's first sample.
    begin: SimTime,
    /// Next label to be noted, counted through all repetitions.
    next_label: u64,
    last_beat: Option<SimTime>,
    heart_rate_bpm: Option<f64>,
}

impl Replay {
    /// Record sample at a position of the endless playback.
    fn position(&self, played: u64) -> usize {
        if played < self.loop_to {
            played as usize
        } else {
            (self.loop_from + (played - self.loop_to) % (self.loop_to - self.loop_from)) as usize
        }
    }

    /// Instant of a position of the endless playback.
    fn instant(&self, played: u64) -> SimTime {
        sample_instant(self.begin, played, self.recording.rate_mhz)
    }

    /// Position of the endless playback, and code, of its label `index`.
    fn label(&self, index: u64) -> Option<(u64, char)> {
        let labels = &self.recording.labels;
        let before_end = labels.partition_point(|label| label.sample < self.loop_to) as u64;
        let before_loop = labels.partition_point(|label| label.sample < self.loop_from) as u64;
        if index < before_end {
            let label = &labels[index as usize];
            return Some((label.sample, label.code));
        }
        let in_loop = before_end - before_loop;
        if in_loop == 0 {
            return None;
        }
        let round = (index - before_end) / in_loop;
        let label = &labels[(before_loop + (index - before_end) % in_loop) as usize];
        let offset = label.sample - self.loop_from + round * (self.loop_to - self.loop_from);
        Some((self.loop_to + offset, label.code))
    }

    /// Appends the counts of one channel over a chunk.
    fn play(&self, channel: usize, chunk: &Chunk, out: &mut Vec<i16>) {
        let counts = &self.recording.channels[channel].counts;
        let first = chunk.first_index - chunk.stream_first;
        let Some(resampler) = &self.resampler else {
            out.extend((first..first + chunk.samples as u64).map(|played| counts[self.position(played)]));
            return;
        };
        let source = |played: i64| match counts[self.position(played.max(0).unsigned_abs())] {
            NO_SAMPLE => f64::NAN,
            count => f64::from(count),
        };
        out.extend((first..first + chunk.samples as u64).map(|index| {
            let value = libm::rint(resampler.sample(index, source));
            if value.is_nan() { NO_SAMPLE } else { value.clamp(f64::from(-i16::MAX), f64::from(i16::MAX)) as i16 }
        }));
    }
}

/// Moves every replay on: notes the labels it passes.
fn follow_labels(clock: Res<Clock>, mut devices: Query<(&Device, &mut Replay)>, mut truth: ResMut<Truth>) {
    for (device, mut replay) in &mut devices {
        while let Some((played, code)) = replay.label(replay.next_label) {
            let at = replay.instant(played);
            if at >= clock.end {
                break;
            }
            replay.next_label += 1;
            if let Some(last) = replay.last_beat {
                replay.heart_rate_bpm = Some(60.0 / (at - last).seconds());
            }
            replay.last_beat = Some(at);
            if truth.wanted {
                truth.annotations.push(Annotation { owner: Owner::Device(device.id), at, code, aux: None });
            }
        }
    }
}

impl DeviceModel for Replay {
    type Patient = ();
    type Parts = &'static LeadsOff;
    type Room = ();
}

impl Replay {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<(Self, LeadsOff), String> {
        let name = spawning.plan.options.text(RECORD).unwrap_or_default();
        let recording = spawning
            .world
            .get_resource::<Recordings>()
            .and_then(|recordings| recordings.get(name))
            .ok_or_else(|| format!("recording `{name}` is not loaded"))?;
        let rate_mhz = spawning.plan.streams.iter().find_map(|stream| match stream.cadence {
            Cadence::Sampled { rate_mhz, .. } => Some(rate_mhz),
            Cadence::Periodic { .. } | Cadence::OnEvent => None,
        });
        let resampler = match rate_mhz {
            Some(rate_mhz) if rate_mhz != recording.rate_mhz => {
                Some(Resampler::new(recording.rate_mhz, rate_mhz).map_err(|error| error.to_string())?)
            }
            _ => None,
        };
        let samples = recording.channels.first().map_or(0, |channel| channel.counts.len() as u64);
        if samples == 0 {
            return Err(format!("recording `{name}` has no samples"));
        }
        let (loop_from, loop_to) = match (recording.labels.first(), recording.labels.last()) {
            (Some(first), Some(last)) if first.sample < last.sample => (first.sample, last.sample),
            _ => (0, samples),
        };
        let first_sample = spawning.device.first_sample().zip(rate_mhz);
        let begin =
            first_sample.map_or(SimTime::ZERO, |(index, rate_mhz)| sample_instant(SimTime::ZERO, index, rate_mhz));
        let replay = Self {
            loop_from,
            loop_to,
            recording,
            resampler,
            begin,
            next_label: 0,
            last_beat: None,
            heart_rate_bpm: None,
        };
        Ok((replay, LeadsOff::default()))
    }

    fn say_signals(&mut self, chunk: &Chunk, saying: Saying<'_, Self>) {
        let Saying { clock, parts: leads_off, mut message, evidence, .. } = saying;
        for (index, channel) in self.recording.channels.iter().enumerate() {
            let (gain, offset) = (channel.gain, channel.offset);
            let head = chunk.head(clock, channel.metric, gain, offset, Quality::Ok);
            message.wave(head, |samples, quality| {
                let start = samples.len();
                self.play(index, chunk, samples);
                *quality = leads_off.rail(channel.metric, chunk, gain, offset, &mut samples[start..], evidence);
            });
        }
    }

    /// The heart rate from the labelled beats, as far as the electrodes let the device see them.
    fn say_heart_rate(&mut self, mut saying: Saying<'_, Self>) {
        let lead = self.recording.channels.first().map_or(metrics::HR, |channel| channel.metric);
        saying.message.reading(match self.heart_rate_bpm {
            Some(heart_rate_bpm) if saying.parts.contact(lead, saying.due.intended) != Contact::KnownOff => {
                Reading::number(metrics::HR, heart_rate_bpm)
            }
            _ => Reading::missing(metrics::HR, Quality::NotAvailable),
        });
    }
}

/// Adds the replay device.
pub fn register(registry: &mut Registry) {
    let about = "plays a WFDB record, looped at an R peak if beats are labelled";
    let signals_about =
        "all signals of the record; bit-exact at the record's own rate, else resampled (kaiser-sinc-24)";
    let sampling = Sampling { rate_mhz: 360_000, samples: 360, highest_mhz: 1_000_000 };
    let record_about = "`mitdb_100`, or the path of a `.hea` file from the scenario's folder";
    registry.schedule(SystemSpec::new(Phase::Treatment, follow_labels).of::<Replay>());
    DeviceKind::new(KIND, about, Replay::spawn)
        .option(ParameterSpec::required(RECORD, ParameterKind::Text, record_about))
        .samples("ecg", signals_about, sampling, &[metrics::ECG_II, metrics::ECG_V5], Replay::say_signals)
        .values("hr", "heart rate from the labelled beats", 1_000, &[metrics::HR], Replay::say_heart_rate)
        .register(registry);
}
