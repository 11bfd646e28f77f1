//! Samples of WFDB signal files: formats 16 and 212 read, format 16 written (signal(5)).

use bytes::{BufMut, BytesMut};
use thiserror::Error;

use super::header::{Format, Header, Signal};

/// Why samples cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignalError {
    /// The record has no signal in this file.
    #[error("record `{record}` has no signal in `{file}`")]
    UnknownFile {
        /// Name of the record.
        record: String,
        /// Name of the file.
        file: String,
    },
    /// The file ends before the last frame.
    #[error("`{file}` has {samples} samples from byte {offset} to its end at byte {bytes}, not {expected}")]
    TooShort {
        /// Name of the file.
        file: String,
        /// Where the samples begin [byte].
        offset: u64,
        /// Length of the file [byte].
        bytes: usize,
        /// Whole samples found.
        samples: u64,
        /// Samples that the header promises.
        expected: u64,
    },
    /// The first sample is not the one that the header states.
    #[error("signal {signal} of `{file}` begins with {found}, but its header says {stated}")]
    Initial {
        /// Name of the file.
        file: String,
        /// Position among the signals of the file, from 0.
        signal: usize,
        /// In the header [counts].
        stated: i32,
        /// In the file [counts].
        found: i16,
    },
    /// The samples do not add up to the checksum of the header.
    #[error("signal {signal} of `{file}` adds up to {found}, but its header says {stated}")]
    Checksum {
        /// Name of the file.
        file: String,
        /// Position among the signals of the file, from 0.
        signal: usize,
        /// In the header.
        stated: i16,
        /// Of the samples.
        found: i16,
    },
    /// Signals to be interleaved do not have the same number of samples.
    #[error("signal {signal} has {found} samples, but signal 0 has {expected}")]
    UnequalLengths {
        /// Position of the signal, from 0.
        signal: usize,
        /// Its samples.
        found: usize,
        /// Samples of signal 0.
        expected: usize,
    },
}

/// What a header states of a signal's samples, gathered chunk by chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SampleSummary {
    initial: Option<i16>,
    checksum: i16,
    count: u64,
}

impl SampleSummary {
    /// Takes in the next samples.
    pub fn add(&mut self, samples: &[i16]) {
        self.initial = self.initial.or(samples.first().copied());
        self.checksum = samples.iter().fold(self.checksum, |sum, sample| sum.wrapping_add(*sample));
        self.count += samples.len() as u64;
    }

    /// The first sample [counts].
    pub const fn initial(&self) -> Option<i16> {
        self.initial
    }

    /// Sum of all samples modulo 2^16.
    pub const fn checksum(&self) -> i16 {
        self.checksum
    }

    /// Samples taken in.
    pub const fn count(&self) -> u64 {
        self.count
    }
}

impl Header {
    /// The samples of every signal in `file` [counts], in the order of [`Header::files`].
    ///
    /// A skewed signal is moved into place; the frames that the file then lacks at its end hold
    /// [`Format::invalid_count`]. Bytes after the last frame are not read: some files are padded to whole blocks.
    ///
    /// # Errors
    /// [`SignalError`] when the file is too short, or a signal contradicts the initial value or, if the header states
    /// the number of frames, the checksum of its header.
    pub fn decode(&self, file: &str, bytes: &[u8]) -> Result<Vec<Vec<i16>>, SignalError> {
        let Some((_, group)) = self.files().find(|(name, _)| *name == file) else {
            return Err(SignalError::UnknownFile { record: self.record.clone(), file: file.to_owned() });
        };
        let mut channels = deinterleave(group, self.frames, bytes)?;
        for (index, (signal, samples)) in group.iter().zip(&channels).enumerate() {
            verify(index, signal, samples, self.frames.is_some())?;
        }
        for (signal, samples) in group.iter().zip(&mut channels) {
            remove_skew(signal, samples);
        }
        Ok(channels)
    }
}

/// Appends the samples of `signals` frame by frame in format 16, one sample of each signal a frame. Chunks appended
/// one after the other make one file.
///
/// # Errors
/// [`SignalError::UnequalLengths`], with nothing appended.
pub fn encode_signals(signals: &[&[i16]], out: &mut BytesMut) -> Result<(), SignalError> {
    let frames = signals.first().map_or(0, |samples| samples.len());
    for (signal, samples) in signals.iter().enumerate() {
        if samples.len() != frames {
            return Err(SignalError::UnequalLengths { signal, found: samples.len(), expected: frames });
        }
    }
    out.reserve(2 * frames * signals.len());
    for frame in 0..frames {
        for samples in signals {
            out.put_i16_le(samples[frame]);
        }
    }
    Ok(())
}

fn deinterleave(group: &[Signal], frames: Option<u64>, bytes: &[u8]) -> Result<Vec<Vec<i16>>, SignalError> {
    let format = group[0].format;
    let offset = group[0].byte_offset;
    let data = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
    let available = format.samples_in(data.len());
    let frame_length: u64 = group.iter().map(|signal| u64::from(signal.samples_per_frame.get())).sum();
    let frames = frames.unwrap_or(available / frame_length);
    let expected = frames.saturating_mul(frame_length);
    if expected > available {
        let file = group[0].file.clone();
        return Err(SignalError::TooShort { file, offset, bytes: bytes.len(), samples: available, expected });
    }
    let capacity = |signal: &Signal| (frames * u64::from(signal.samples_per_frame.get())) as usize;
    let mut channels: Vec<_> = group.iter().map(|signal| Vec::with_capacity(capacity(signal))).collect();
    let mut index = 0;
    for _ in 0..frames {
        for (signal, samples) in group.iter().zip(&mut channels) {
            for _ in 0..signal.samples_per_frame.get() {
                samples.push(format.sample(data, index));
                index += 1;
            }
        }
    }
    Ok(channels)
}

impl Format {
    /// Whole samples in `bytes` bytes. The last of an odd number of packed samples needs only two bytes.
    const fn samples_in(self, bytes: usize) -> u64 {
        let bytes = bytes as u64;
        match self {
            Self::Int16 => bytes / 2,
            Self::Packed12 => bytes / 3 * 2 + (bytes % 3 == 2) as u64,
        }
    }

    /// Sample `index` of `data`, which must hold it.
    fn sample(self, data: &[u8], index: usize) -> i16 {
        match self {
            Self::Int16 => i16::from_le_bytes([data[2 * index], data[2 * index + 1]]),
            Self::Packed12 => {
                // The middle byte holds the high four bits of both: of the first sample in its low half.
                let pair = index / 2 * 3;
                let (low, high) = if index.is_multiple_of(2) {
                    (data[pair], data[pair + 1] << 4)
                } else {
                    (data[pair + 2], data[pair + 1] & 0xf0)
                };
                // High bits on top, then an arithmetic shift that extends the sign.
                i16::from_le_bytes([low << 4, high | low >> 4]) >> 4
            }
        }
    }
}

fn verify(index: usize, signal: &Signal, samples: &[i16], is_whole: bool) -> Result<(), SignalError> {
    let mut summary = SampleSummary::default();
    summary.add(samples);
    if let (Some(stated), Some(found)) = (signal.initial, summary.initial())
        && stated != i32::from(found)
    {
        return Err(SignalError::Initial { file: signal.file.clone(), signal: index, stated, found });
    }
    if let Some(stated) = signal.checksum
        && is_whole
        && stated != summary.checksum()
    {
        let found = summary.checksum();
        return Err(SignalError::Checksum { file: signal.file.clone(), signal: index, stated, found });
    }
    Ok(())
}

fn remove_skew(signal: &Signal, samples: &mut [i16]) {
    let skew = u64::from(signal.skew_frames) * u64::from(signal.samples_per_frame.get());
    let skew = usize::try_from(skew).unwrap_or(usize::MAX).min(samples.len());
    samples.copy_within(skew.., 0);
    let kept = samples.len() - skew;
    samples[kept..].fill(signal.format.invalid_count());
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn header(text: &str) -> Header {
        Header::parse(text.as_bytes()).expect("a header")
    }

    /// The reverse of format 212, for tests alone: recordings are written in format 16.
    fn pack12(samples: &[i16]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for pair in samples.chunks(2) {
            let first = pair[0] as u16 & 0xfff;
            let second = pair.get(1).map_or(0, |sample| *sample as u16 & 0xfff);
            bytes.extend([first as u8, (first >> 8 | second >> 8 << 4) as u8]);
            if pair.len() == 2 {
                bytes.push(second as u8);
            }
        }
        bytes
    }

    #[test]
    fn packed_samples_keep_their_sign() {
        let record = header("r 1 250\nr.dat 212\n");
        // 0x7ff, -0x800 | -1, 0 | 0x123 alone at the end.
        let bytes = [0xff, 0x87, 0x00, 0xff, 0x0f, 0x00, 0x23, 0x01];
        assert_eq!(record.decode("r.dat", &bytes).expect("samples"), [[2047, -2048, -1, 0, 0x123]]);
    }

    #[test]
    fn frames_interleave_several_samples_a_signal() {
        let record = header("r 2 125 2\nr.dat 16x3+4 200 16 0 1 0\nr.dat 16+4 200 16 0 9 17\n");
        let mut bytes = BytesMut::from(&b"head"[..]);
        encode_signals(&[&[1, 2, 3, 9, -4, -1, -1, 8]], &mut bytes).expect("one signal");
        assert_eq!(record.decode("r.dat", &bytes).expect("samples"), [vec![1, 2, 3, -4, -1, -1], vec![9, 8]]);
    }

    #[test]
    fn a_skewed_signal_is_moved_into_place() {
        let record = header("r 2 125 4\nr.dat 212\nr.dat 212:3 200 12 0 10 46\n");
        let bytes = pack12(&[1, 10, 2, 11, 3, 12, 4, 13]);
        assert_eq!(record.decode("r.dat", &bytes).expect("samples"), [[1, 2, 3, 4], [13, -2048, -2048, -2048]]);
        let far = header("r 1 125 2\nr.dat 212:4294967295\n");
        assert_eq!(far.decode("r.dat", &pack12(&[1, 2])).expect("samples"), [[-2048, -2048]]);
    }

    #[test]
    fn damage_is_found() {
        let record = header("r 1 250 3\nr.dat 16 200 16 0 5 18\n");
        let decode = |samples: &[i16]| {
            let mut bytes = BytesMut::new();
            encode_signals(&[samples], &mut bytes).expect("one signal");
            record.decode("r.dat", &bytes)
        };
        assert_eq!(decode(&[5, 6, 7]).expect("as stated"), [[5, 6, 7]]);
        let message = |samples: &[i16]| decode(samples).expect_err("damaged").to_string();
        assert_eq!(message(&[4, 6, 8]), "signal 0 of `r.dat` begins with 4, but its header says 5");
        assert_eq!(message(&[5, 6, 8]), "signal 0 of `r.dat` adds up to 19, but its header says 18");
        assert_eq!(message(&[5, 6]), "`r.dat` has 2 samples from byte 0 to its end at byte 4, not 3");
        assert_eq!(
            record.decode("s.dat", &[]).expect_err("another file").to_string(),
            "record `r` has no signal in `s.dat`"
        );
    }

    #[test]
    fn promises_beyond_all_memory_are_refused() {
        let record = header("r 1 250 18446744073709551615\nr.dat 16x4294967295+18446744073709551615\n");
        assert!(matches!(record.decode("r.dat", &[0; 64]), Err(SignalError::TooShort { samples: 0, .. })));
    }

    #[test]
    fn unequal_signals_are_not_written() {
        let mut out = BytesMut::new();
        let error = encode_signals(&[&[1, 2], &[3]], &mut out).expect_err("unequal");
        assert_eq!(error.to_string(), "signal 1 has 1 samples, but signal 0 has 2");
        assert!(out.is_empty());
    }

    proptest! {
        #[test]
        fn packed_samples_read_back(samples in vec(-2048_i16..=2047, 0..300)) {
            let record = header("r 1 250\nr.dat 212\n");
            prop_assert_eq!(record.decode("r.dat", &pack12(&samples)).expect("samples"), [samples]);
        }

        #[test]
        fn written_signals_read_back(frames in vec(any::<[i16; 3]>(), 0..200), cut in any::<prop::sample::Index>()) {
            let channels: [Vec<i16>; 3] = std::array::from_fn(|index| frames.iter().map(|frame| frame[index]).collect());
            let mut summaries = [SampleSummary::default(); 3];
            let mut out = BytesMut::new();
            // A recording is written in chunks.
            let cut = cut.index(frames.len() + 1);
            for range in [0..cut, cut..frames.len()] {
                let chunks: Vec<&[i16]> = channels.iter().map(|samples| &samples[range.clone()]).collect();
                encode_signals(&chunks, &mut out).expect("equal lengths");
                for (summary, chunk) in summaries.iter_mut().zip(chunks) {
                    summary.add(chunk);
                }
            }
            let signals = summaries.iter().map(|summary| Signal::recorded("r.dat", "x", "mV", 0.001, 0.0).with_summary(summary));
            let record = Header { signals: signals.collect(), frames: Some(frames.len() as u64), ..header("r 0 250\n") };
            prop_assert_eq!(summaries[0].count(), frames.len() as u64);
            prop_assert_eq!(record.decode("r.dat", &out).expect("samples"), channels);
        }

        #[test]
        fn any_bytes_are_answered(bytes in any::<Vec<u8>>(), frames in prop_oneof![Just(0), any::<u64>(), 0..9_u64]) {
            let record = header(&format!("r 2 250 {frames}\nr.dat 212x2:1+1\nr.dat 212+1 200 12 0 0 0\n"));
            let _ = record.decode("r.dat", &bytes);
        }
    }
}
