//! A record decoded from its files.

use crate::joined_signal::JoinedSignal;
use crate::recording::{DecodeError, Label, Recording, RecordingError};
use crate::wfdb::{Header, Layout, Segment, SegmentedHeader, Signal, decode_annotations};

/// Most samples of a record, those of gaps among them: 2 GiB of 16-bit counts. A gap takes no byte of any file, so a
/// damaged header could ask for any length.
const MOST_SAMPLES: u64 = 1 << 30;

/// A signal of one segment with its counts.
type Decoded = (Signal, Vec<i32>);

impl Recording {
    /// Decodes a record from its header, its other files (`read` gives one by name) and its annotations, if it has any.
    ///
    /// # Errors
    /// [`DecodeError`] says which part cannot be used and why.
    pub fn decode(
        name: &str,
        header: &str,
        read: impl Fn(&str) -> Result<Vec<u8>, String>,
        annotations: Option<&[u8]>,
    ) -> Result<Self, DecodeError> {
        let (frame_rate_hz, signals) = if SegmentedHeader::is_one(header.as_bytes()) {
            let header = SegmentedHeader::parse(header.as_bytes())?;
            (header.frame_rate_hz, join(&header, &read)?)
        } else {
            let header = Header::parse(header.as_bytes())?;
            let mut signals = Vec::new();
            for (signal, counts) in decode_signals(&header, &read)? {
                let mut whole = JoinedSignal::new(&signal.description);
                whole.take(&header.record, &signal, counts)?;
                signals.push(whole);
            }
            (header.frame_rate_hz, signals)
        };
        let channels = signals.into_iter().map(JoinedSignal::channel).collect::<Result<Vec<_>, _>>()?;
        let rate_mhz = libm::rint(frame_rate_hz * 1e3);
        if !(1.0..=1e9).contains(&rate_mhz) {
            return Err(RecordingError::Rate { rate_hz: frame_rate_hz }.into());
        }
        let samples = channels.first().map_or(0, |channel| channel.counts.len());
        let labels = annotations.map_or(Ok(Vec::new()), |annotations| labels(annotations, samples))?;
        Ok(Self { name: name.to_owned(), rate_mhz: rate_mhz as u32, channels, labels })
    }
}

/// The signals of a record of one segment, all of one length.
fn decode_signals(
    header: &Header,
    read: impl Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Vec<Decoded>, DecodeError> {
    let mut decoded: Vec<Decoded> = Vec::new();
    for (file, signals) in header.files() {
        let bytes = read(file).map_err(DecodeError::File)?;
        decoded.extend(signals.iter().cloned().zip(header.decode(file, &bytes)?));
    }
    let expected = decoded.first().map_or(0, |(_, counts)| counts.len());
    if let Some((signal, counts)) = decoded.iter().find(|(_, counts)| counts.len() != expected) {
        let description = signal.description.clone();
        return Err(RecordingError::Uneven { description, samples: counts.len(), expected }.into());
    }
    Ok(decoded)
}

/// The signals of a record of several segments.
fn join(
    header: &SegmentedHeader,
    read: impl Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Vec<JoinedSignal>, DecodeError> {
    let descriptions = match &header.layout {
        Some(layout) => Some(read_header(layout, &read, Layout::parse)?.descriptions),
        None => None,
    };
    let mut signals: Option<Vec<JoinedSignal>> = descriptions.map(|listed| signals_of(&listed));
    // Gaps before the first segment of a record without a layout.
    let mut skipped = 0;
    let frames = header.frames().unwrap_or(u64::MAX);
    for segment in &header.segments {
        let decoded =
            segment.record.as_deref().map(|record| decode_segment(header, record, segment, &read)).transpose()?;
        if signals.is_none()
            && let Some(decoded) = &decoded
        {
            let listed: Vec<_> = decoded.iter().map(|(signal, _)| signal.description.clone()).collect();
            signals = Some(signals_of(&listed));
        }
        let count = signals.as_ref().map_or(1, Vec::len);
        if frames.saturating_mul(count as u64) > MOST_SAMPLES {
            return Err(RecordingError::TooLong { frames, signals: count, most: MOST_SAMPLES }.into());
        }
        match (&mut signals, decoded) {
            (Some(signals), decoded) => {
                signals.iter_mut().filter(|_| skipped > 0).for_each(|signal| signal.skip(skipped));
                skipped = 0;
                append(signals, segment, decoded.unwrap_or_default())?;
            }
            (None, _) => skipped += segment.frames as usize,
        }
    }
    Ok(signals.unwrap_or_default())
}

fn signals_of(descriptions: &[String]) -> Vec<JoinedSignal> {
    descriptions.iter().map(|description| JoinedSignal::new(description)).collect()
}

/// Goes on with one segment; what it does not have is missing for as long as it lasts.
fn append(signals: &mut [JoinedSignal], segment: &Segment, mut decoded: Vec<Decoded>) -> Result<(), DecodeError> {
    let name = segment.record.as_deref().unwrap_or_default();
    for signal in signals {
        match decoded.iter().position(|(own, _)| own.description == signal.description()) {
            Some(position) => {
                let (own, counts) = decoded.remove(position);
                signal.take(name, &own, counts)?;
            }
            None => signal.skip(segment.frames as usize),
        }
    }
    match decoded.into_iter().next() {
        None => Ok(()),
        Some((signal, _)) => {
            Err(RecordingError::UnlistedSignal { segment: name.to_owned(), description: signal.description }.into())
        }
    }
}

fn decode_segment(
    whole: &SegmentedHeader,
    record: &str,
    segment: &Segment,
    read: impl Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Vec<Decoded>, DecodeError> {
    let header = read_header(record, &read, Header::parse)?;
    let differs = |found: String, stated: String| {
        Err(DecodeError::from(RecordingError::OtherSegment { segment: record.to_owned(), found, stated }))
    };
    if header.frame_rate_hz.to_bits() != whole.frame_rate_hz.to_bits() {
        return differs(format!("{} Hz", header.frame_rate_hz), format!("{} Hz", whole.frame_rate_hz));
    }
    let decoded = decode_signals(&header, &read)
        .map_err(|source| DecodeError::Segment { segment: record.to_owned(), source: Box::new(source) })?;
    match decoded.first() {
        Some((_, counts)) if counts.len() as u64 != segment.frames => {
            differs(format!("{} frames", counts.len()), format!("{} frames", segment.frames))
        }
        _ => Ok(decoded),
    }
}

fn read_header<H>(
    record: &str,
    read: impl Fn(&str) -> Result<Vec<u8>, String>,
    parse: impl Fn(&[u8]) -> Result<H, crate::wfdb::HeaderError>,
) -> Result<H, DecodeError> {
    let bytes = read(&format!("{record}.hea")).map_err(DecodeError::File)?;
    parse(&bytes).map_err(|error| DecodeError::Segment { segment: record.to_owned(), source: Box::new(error.into()) })
}

fn labels(annotations: &[u8], samples: usize) -> Result<Vec<Label>, DecodeError> {
    let mut labels = Vec::new();
    for annotation in decode_annotations(annotations)? {
        let Some(code) = annotation.code.symbol().filter(|_| annotation.code.is_qrs()) else { continue };
        if annotation.sample >= samples as u64 {
            return Err(RecordingError::LabelOutside { sample: annotation.sample, samples }.into());
        }
        labels.push(Label { sample: annotation.sample, code });
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::NO_SAMPLE;

    /// Files of a record in memory.
    fn decode(files: &[(&str, &[u8])], header: &str) -> Result<Recording, String> {
        let read = |name: &str| {
            let file = files.iter().find(|(known, _)| *known == name);
            file.map(|(_, bytes)| bytes.to_vec()).ok_or_else(|| format!("no {name}"))
        };
        Recording::decode("r", header, read, None).map_err(|error| error.to_string())
    }

    const FIRST: (&str, &[u8]) = ("a.hea", b"a 1 125 2\na.dat 80 10/mmHg 8 0 1 3 0 ABP\n");
    const FIRST_DATA: (&str, &[u8]) = ("a.dat", &[0x81, 0x82]);
    const SECOND: (&str, &[u8]) =
        ("b.hea", b"b 2 125 1\nb.dat 16 200/mV 16 0 7 7 0 II\nb.dat 16 10/mmHg 16 0 9 9 0 ABP\n");
    const SECOND_DATA: (&str, &[u8]) = ("b.dat", &[7, 0, 9, 0]);
    const LAYOUT: (&str, &[u8]) = ("l.hea", b"l 2 125 0\n~ 0 200/mV 16 0 0 0 0 II\n~ 0 10/mmHg 8 0 0 0 0 ABP\n");

    #[test]
    fn segments_follow_one_another_with_their_gaps() {
        let files = [FIRST, FIRST_DATA, SECOND, SECOND_DATA, LAYOUT];
        let recording = decode(&files, "r/4 2 125 6\nl 0\na 2\n~ 3\nb 1\n").unwrap();
        let [ecg, pressure] = recording.channels.as_slice() else { panic!("two channels") };
        assert_eq!(ecg.counts, [NO_SAMPLE, NO_SAMPLE, NO_SAMPLE, NO_SAMPLE, NO_SAMPLE, 7]);
        assert_eq!(pressure.counts, [1, 2, NO_SAMPLE, NO_SAMPLE, NO_SAMPLE, 9]);
        assert_eq!((ecg.gain, pressure.gain), (1.0 / 200.0, 0.1));
        // Without a layout the first segment says which signals there are.
        let fixed = decode(&files, "r/3 1 125\n~ 1\na 2\na 2\n").unwrap();
        assert_eq!(fixed.channels[0].counts, [NO_SAMPLE, 1, 2, 1, 2]);
    }

    #[test]
    fn segments_that_contradict_their_record_are_refused() {
        let files = [FIRST, FIRST_DATA, SECOND, SECOND_DATA, LAYOUT];
        for (header, reason) in [
            ("r/1 1 125\na 3\n", "segment `a` has 2 frames, but its record says 3 frames"),
            ("r/1 1 250\na 2\n", "segment `a` has 125 Hz, but its record says 250 Hz"),
            ("r/2 1 125\na 2\nb 1\n", "segment `b` has a signal `II`, which its record does not list"),
            ("r/1 1 125\nc 2\n", "no c.hea"),
            ("r/2 1 125\nl 0\nl 2\n", "segment `l`: line 2: file name is `~`, not a file name without folder"),
            (
                "r/2 1 125\n~ 18446744073709551615\n~ 1\n",
                "18446744073709551615 frames of 1 signals are too long to be played; 1073741824 samples in all are the most",
            ),
        ] {
            assert_eq!(decode(&files, header).unwrap_err().replace("header: ", ""), reason);
        }
        let damaged = [FIRST, ("a.dat", &[0x81, 0x83][..])];
        let error = decode(&damaged, "r/1 1 125\na 2\n").unwrap_err();
        assert_eq!(error, "segment `a`: signals: signal 0 of `a.dat` adds up to 4, but its header says 3");
    }
}
