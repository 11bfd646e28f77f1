//! One WFDB record: all waveform channels of one device at one rate, format 16, with its beat annotations.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use device_models::physiology::SampleGrid;
use recordings::wfdb::{AnnotationCode, Date, Header, SampleSummary, Signal, encode_annotations, encode_signals};
use sim_core::{Annotation, Cadence, DevicePlan, SimTime};

use crate::capture::CapturedWave;
use crate::error::Error;
use crate::start;
use crate::table::append;

/// How the header of a record says that a person's recording was played, and not a model.
pub const REPLAYED: &str = "replayed recording";

/// Frames gathered before they are written.
const BATCH_FRAMES: usize = 16_384;

/// A record being written.
#[derive(Debug)]
pub(crate) struct Waveforms {
    folder: PathBuf,
    name: String,
    rate_mhz: u32,
    /// Whether a model or a person made the signals.
    origin: &'static str,
    /// Streams of the device at this rate; frames are written once each has spoken.
    expected_streams: usize,
    signals: Vec<Channel>,
    frames: u64,
}

#[derive(Debug)]
struct Channel {
    stream: u32,
    stream_id: String,
    metric_id: String,
    units: String,
    gain: f64,
    offset: f64,
    waiting: VecDeque<i16>,
    received: u64,
    summary: SampleSummary,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct WrittenRecord {
    /// Record name.
    pub(crate) name: String,
    /// Signal names with their units.
    pub(crate) signals: Vec<(String, String)>,
    /// Frames.
    pub(crate) frames: u64,
    /// Beat annotations.
    pub(crate) annotations: u64,
}

impl Waveforms {
    /// The record of `device` at `rate_mhz`, in `folder`.
    pub(crate) fn new(device: &DevicePlan, rate_mhz: u32, folder: &Path) -> Self {
        let expected_streams = device
            .streams
            .iter()
            .filter(|stream| matches!(stream.cadence, Cadence::Sampled { rate_mhz: rate, .. } if rate == rate_mhz))
            .count();
        Self {
            folder: folder.to_owned(),
            name: record_name(rate_mhz),
            rate_mhz,
            origin: if device.kind == device_models::REPLAY_KIND { REPLAYED } else { "synthetic" },
            expected_streams,
            signals: Vec::new(),
            frames: 0,
        }
    }

    /// Takes one chunk of one channel; it ends at `intended`.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn take(&mut self, stream: u32, intended: SimTime, wave: CapturedWave) -> Result<(), Error> {
        let metric = wave.metric.metric();
        let position = self
            .signals
            .iter()
            .position(|channel| channel.stream == stream && channel.metric_id == metric.id)
            .unwrap_or_else(|| {
                self.signals.push(Channel {
                    stream,
                    stream_id: wave.stream_id.clone(),
                    metric_id: metric.id.to_owned(),
                    units: units(metric.ucum),
                    gain: wave.gain,
                    offset: wave.offset,
                    waiting: VecDeque::new(),
                    received: 0,
                    summary: SampleSummary::default(),
                });
                self.signals.len() - 1
            });
        let channel = &mut self.signals[position];
        let end_index = grid(self.rate_mhz).samples_before(intended);
        let first_index = end_index - wave.samples.len() as u64;
        // A stream that paused leaves a gap; WFDB marks it with the lowest count.
        for _ in channel.received..first_index {
            channel.waiting.push_back(i16::MIN);
        }
        channel.waiting.extend(&wave.samples);
        channel.received = end_index;
        self.write(BATCH_FRAMES)
    }

    /// Writes the frames that every channel has, if they are at least `least`.
    fn write(&mut self, least: usize) -> Result<(), Error> {
        let mut streams: Vec<u32> = self.signals.iter().map(|channel| channel.stream).collect();
        streams.dedup();
        let frames = self.signals.iter().map(|channel| channel.waiting.len()).min().unwrap_or(0);
        if streams.len() < self.expected_streams || frames == 0 || frames < least {
            return Ok(());
        }
        let batches: Vec<Vec<i16>> =
            self.signals.iter_mut().map(|channel| channel.waiting.drain(..frames).collect()).collect();
        for (channel, batch) in self.signals.iter_mut().zip(&batches) {
            channel.summary.add(batch);
        }
        let file = self.folder.join(format!("{}.dat", self.name));
        let mut bytes = BytesMut::new();
        let views: Vec<&[i16]> = batches.iter().map(Vec::as_slice).collect();
        encode_signals(&views, &mut bytes).map_err(|error| Error::write(&file)(std::io::Error::other(error)))?;
        append(&file, &bytes, self.frames == 0)?;
        self.frames += frames as u64;
        Ok(())
    }

    /// Writes what is left, the header with the instant of sample 0 [ns since the Unix epoch], and the annotations.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn finish(mut self, labels: &[Annotation], start_epoch_ns: i64) -> Result<WrittenRecord, Error> {
        self.expected_streams = 0;
        self.write(1)?;
        let data_file = format!("{}.dat", self.name);
        let names = self.signal_names();
        let signals = self
            .signals
            .iter()
            .zip(&names)
            .map(|(channel, name)| {
                Signal::recorded(&data_file, name, &channel.units, channel.gain, channel.offset)
                    .with_summary(&channel.summary)
            })
            .collect();
        let start = start::civil(start_epoch_ns);
        let header = Header {
            record: self.name.clone(),
            frame_rate_hz: f64::from(self.rate_mhz) / 1e3,
            counter: None,
            frames: Some(self.frames),
            start_time_us: Some(start_time_us(start)),
            start_date: u16::try_from(start.year()).ok().map(|year| Date {
                year,
                month: start.month().unsigned_abs(),
                day: start.day().unsigned_abs(),
            }),
            signals,
            comments: vec![format!("{}, written by iomt; sample 0 is the start of the scenario", self.origin)],
        };
        let header_file = self.folder.join(format!("{}.hea", self.name));
        let text = header.encode().map_err(|error| Error::write(&header_file)(std::io::Error::other(error)))?;
        fs::write(&header_file, text).map_err(Error::write(&header_file))?;

        let annotations: Vec<recordings::wfdb::Annotation> = labels
            .iter()
            .filter_map(|label| {
                let sample = nearest_index(label.at, self.rate_mhz);
                let code = AnnotationCode::from_symbol(label.code)?;
                let annotation =
                    recordings::wfdb::Annotation::new(sample, code).with_text(label.aux.unwrap_or_default());
                (sample < self.frames).then_some(annotation)
            })
            .collect();
        if !annotations.is_empty() {
            let file = self.folder.join(format!("{}.atr", self.name));
            let mut bytes = BytesMut::new();
            encode_annotations(&annotations, &mut bytes)
                .map_err(|error| Error::write(&file)(std::io::Error::other(error)))?;
            fs::write(&file, &bytes).map_err(Error::write(&file))?;
        }
        let units = self.signals.iter().map(|channel| channel.units.clone());
        Ok(WrittenRecord {
            name: self.name,
            signals: names.into_iter().zip(units).collect(),
            frames: self.frames,
            annotations: annotations.len() as u64,
        })
    }

    /// The stream's id for a stream of one channel, the channel's metric for one of several.
    fn signal_names(&self) -> Vec<String> {
        self.signals
            .iter()
            .map(|channel| {
                let channels = self.signals.iter().filter(|other| other.stream == channel.stream).count();
                if channels == 1 { channel.stream_id.clone() } else { channel.metric_id.clone() }
            })
            .collect()
    }
}

/// Time of day [us since midnight].
fn start_time_us(start: jiff::civil::DateTime) -> u64 {
    let seconds = (i64::from(start.hour()) * 60 + i64::from(start.minute())) * 60 + i64::from(start.second());
    (seconds * 1_000_000 + i64::from(start.subsec_nanosecond()) / 1_000).unsigned_abs()
}

/// `250hz`, `62p5hz`: WFDB record names carry no dot.
fn record_name(rate_mhz: u32) -> String {
    format!("{}hz", f64::from(rate_mhz) / 1e3).replace('.', "p")
}

/// A UCUM unit as WFDB readers expect it: no blanks or brackets, `NU` for none.
fn units(ucum: Option<&str>) -> String {
    match ucum {
        None | Some("" | "1") => "NU".to_owned(),
        Some("mm[Hg]") => "mmHg".to_owned(),
        Some(other) => other.replace(['[', ']', ' '], ""),
    }
}

/// The channel's samples: sample 0 lies at the scenario's start.
fn grid(rate_mhz: u32) -> SampleGrid {
    SampleGrid { origin: SimTime::ZERO, rate_mhz }
}

/// Index of the sample nearest to an instant.
fn nearest_index(at: SimTime, rate_mhz: u32) -> u64 {
    let scaled = i128::from(at.nanos().max(0)) * i128::from(rate_mhz);
    ((scaled + 500_000_000_000) / 1_000_000_000_000) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_no_dot() {
        assert_eq!(record_name(250_000), "250hz");
        assert_eq!(record_name(62_500), "62p5hz");
    }

    #[test]
    fn a_chunk_ends_where_its_index_says() {
        for rate_mhz in [62_500, 250_000, 360_000] {
            for index in [1_u64, 7, 360, 90_001] {
                assert_eq!(grid(rate_mhz).samples_before(grid(rate_mhz).instant(index)), index);
            }
        }
        assert_eq!(nearest_index(SimTime::from_nanos(5_999_999), 250_000), 1);
        assert_eq!(nearest_index(SimTime::from_nanos(6_000_000), 250_000), 2);
    }
}
