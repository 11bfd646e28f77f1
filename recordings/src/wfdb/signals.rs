//! Samples of WFDB signal files: read in every format of [`Format`], written in format 16 (signal(5)).

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
        found: i32,
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
    initial: Option<i32>,
    checksum: i16,
    count: u64,
}

impl SampleSummary {
    /// Takes in the next samples.
    pub fn add<C: Copy + Into<i32>>(&mut self, samples: &[C]) {
        self.initial = self.initial.or(samples.first().map(|sample| (*sample).into()));
        // Modulo 2^16, so the upper half of a wide count adds nothing.
        self.checksum = samples.iter().fold(self.checksum, |sum, sample| sum.wrapping_add((*sample).into() as i16));
        self.count += samples.len() as u64;
    }

    /// The first sample [counts].
    pub const fn initial(&self) -> Option<i32> {
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
    pub fn decode(&self, file: &str, bytes: &[u8]) -> Result<Vec<Vec<i32>>, SignalError> {
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

fn deinterleave(group: &[Signal], frames: Option<u64>, bytes: &[u8]) -> Result<Vec<Vec<i32>>, SignalError> {
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
    /// Whole samples in `bytes` bytes. The last of packed samples need only the bytes that they have bits in.
    const fn samples_in(self, bytes: usize) -> u64 {
        let bytes = bytes as u64;
        match self {
            Self::Offset8 => bytes,
            Self::Int16 | Self::Int16HighFirst | Self::Offset16 => bytes / 2,
            Self::Int24 => bytes / 3,
            Self::Int32 => bytes / 4,
            Self::Packed12 => bytes / 3 * 2 + (bytes % 3 == 2) as u64,
            // The second and the third have bits in the fourth byte.
            Self::Packed10Split => bytes / 4 * 3 + (bytes % 4 >= 2) as u64,
            // Bits 10 to 19, the second sample, end in the third byte.
            Self::Packed10 => bytes / 4 * 3 + (bytes % 4).saturating_sub(1),
        }
    }

    /// Sample `index` of `data`, which must hold it.
    fn sample(self, data: &[u8], index: usize) -> i32 {
        match self {
            Self::Offset8 => i32::from(data[index]) - 0x80,
            Self::Int16 => i16::from_le_bytes([data[2 * index], data[2 * index + 1]]).into(),
            Self::Int16HighFirst => i16::from_be_bytes([data[2 * index], data[2 * index + 1]]).into(),
            Self::Offset16 => i32::from(u16::from_le_bytes([data[2 * index], data[2 * index + 1]])) - 0x8000,
            Self::Int24 => {
                signed(u32::from_le_bytes([data[3 * index], data[3 * index + 1], data[3 * index + 2], 0]), 24)
            }
            Self::Int32 => i32::from_le_bytes(std::array::from_fn(|byte| data[4 * index + byte])),
            Self::Packed12 => {
                // The middle byte holds the high four bits of both: of the first sample in its low half.
                let pair = index / 2 * 3;
                let (low, high) = if index.is_multiple_of(2) {
                    (data[pair], data[pair + 1] & 0xf)
                } else {
                    (data[pair + 2], data[pair + 1] >> 4)
                };
                signed(u32::from(low) | u32::from(high) << 8, 12)
            }
            Self::Packed10Split => {
                let [low, high] = byte_pairs(data, index / 3 * 4);
                match index % 3 {
                    // Bits 1 to 10 of a pair each; bit 0 is not used.
                    0 => signed(low >> 1, 10),
                    1 => signed(high >> 1, 10),
                    // Five bits on top of each pair, those of the first pair the lower ones.
                    _ => signed(low >> 11 | (high >> 11) << 5, 10),
                }
            }
            Self::Packed10 => {
                let [low, high] = byte_pairs(data, index / 3 * 4);
                signed((low | high << 16) >> (10 * (index % 3)), 10)
            }
        }
    }
}

/// Two pairs of bytes, low byte first; what lies behind the end of the data is 0.
fn byte_pairs(data: &[u8], begin: usize) -> [u32; 2] {
    let byte = |index: usize| data.get(begin + index).copied().map_or(0, u32::from);
    [byte(0) | byte(1) << 8, byte(2) | byte(3) << 8]
}

/// The lowest `bits` bits as a number in two's complement.
const fn signed(word: u32, bits: u32) -> i32 {
    let unused = u32::BITS - bits;
    (word << unused).cast_signed() >> unused
}

fn verify(index: usize, signal: &Signal, samples: &[i32], is_whole: bool) -> Result<(), SignalError> {
    let mut summary = SampleSummary::default();
    summary.add(samples);
    if let (Some(stated), Some(found)) = (signal.initial, summary.initial())
        && stated != found
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

fn remove_skew(signal: &Signal, samples: &mut [i32]) {
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

    /// The bytes of one record in every format, written by hand from the descriptions of signal(5), and what the Python
    /// package `wfdb` 4.3.1 reads of them.
    #[test]
    fn every_format_reads_what_another_reader_reads() {
        for (format, bytes, samples) in [
            (16, &[0x01, 0x80, 0xff, 0x7f][..], &[-32_767, 32_767][..]),
            (61, &[0x80, 0x01, 0x7f, 0xff], &[-32_767, 32_767]),
            (160, &[0x01, 0x00, 0xff, 0xff, 0x00, 0x80], &[-32_767, 32_767, 0]),
            (80, &[0x01, 0xff, 0x80], &[-127, 127, 0]),
            (24, &[0x01, 0x00, 0x80, 0xff, 0xff, 0x7f, 0xfe, 0xff, 0xff], &[-8_388_607, 8_388_607, -2]),
            (32, &[0x01, 0x00, 0x00, 0x80, 0xfe, 0xff, 0xff, 0xff], &[-2_147_483_647, -2]),
            (310, &[0xfe, 0x9b, 0x02, 0x7c, 0x04, 0x04, 0x00, 0x00], &[511, -511, 0x1f3, -510, 0, 0]),
            (311, &[0xff, 0x05, 0x38, 0x20, 0x02, 0x0a, 0x00, 0x00], &[511, -511, -509, -510, 2, 0]),
        ] {
            let record = header(&format!("r 1 250\nr.dat {format}\n"));
            assert_eq!(record.decode("r.dat", bytes).expect("samples"), [samples], "format {format}");
        }
    }

    #[test]
    fn packed_samples_may_end_within_a_group() {
        for (format, lengths) in [(310, [0, 0, 1, 1, 3]), (311, [0, 0, 1, 2, 3]), (212, [0, 0, 1, 2, 2])] {
            let record = header(&format!("r 1 250\nr.dat {format}\n"));
            for (bytes, samples) in lengths.into_iter().enumerate() {
                let decoded = record.decode("r.dat", &[0; 4][..bytes]).expect("samples");
                assert_eq!(decoded[0].len(), samples, "{bytes} bytes of format {format}");
            }
        }
    }

    #[test]
    fn the_lowest_count_is_no_sample() {
        let lowest: Vec<_> = Format::ALL.iter().map(|format| (format.number(), format.invalid_count())).collect();
        let expected = [
            (16, -32_768),
            (24, -8_388_608),
            (32, i32::MIN),
            (61, -32_768),
            (80, -128),
            (160, -32_768),
            (212, -2048),
            (310, -512),
            (311, -512),
        ];
        assert_eq!(lowest, expected);
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
            let counts: Vec<i32> = samples.iter().copied().map(i32::from).collect();
            prop_assert_eq!(record.decode("r.dat", &pack12(&samples)).expect("samples"), [counts]);
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
            let counts = channels.map(|samples| samples.into_iter().map(i32::from).collect::<Vec<_>>());
            prop_assert_eq!(record.decode("r.dat", &out).expect("samples"), counts);
        }

        #[test]
        fn any_bytes_are_answered(bytes in any::<Vec<u8>>(), frames in prop_oneof![Just(0), any::<u64>(), 0..9_u64]) {
            for format in Format::ALL.map(Format::number) {
                let record = header(&format!("r 2 250 {frames}\nr.dat {format}x2:1+1\nr.dat {format}+1 200 12 0 0 0\n"));
                let _ = record.decode("r.dat", &bytes);
            }
        }
    }
}
