//! Headers of records whose signals are stored in several segments, each a record of its own (header(5)).

use super::header_error::HeaderError;
use super::header_fields::{Fields, parse_record_name};
use super::header_text::{lines, parse_record_line};

/// How a gap is written where a segment would stand.
const GAP: &str = "~";

/// Fields of a signal line before its description.
const FIELDS_BEFORE_DESCRIPTION: usize = 8;

/// A record of several segments.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentedHeader {
    /// Name of the record.
    pub record: String,
    /// Frames per second [Hz], in every segment.
    pub frame_rate_hz: f64,
    /// Name of the record that lists the signals, if not every segment has them all (a variable layout).
    pub layout: Option<String>,
    /// The segments in order of time.
    pub segments: Vec<Segment>,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Name of the record that holds it; `None` for a time in which nothing was recorded.
    pub record: Option<String>,
    /// Its frames.
    pub frames: u64,
}

/// The signals of a record whose segments do not have them all. It holds no samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Descriptions of the signals in order.
    pub descriptions: Vec<String>,
}

impl SegmentedHeader {
    /// Whether a header is one of several segments: its record line names how many.
    pub fn is_one(bytes: &[u8]) -> bool {
        let first = rows(bytes).next().and_then(Result::ok);
        let name = first.and_then(|(line, text)| Fields::new(line, text).next());
        name.is_some_and(|name| name.contains('/'))
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`HeaderError`] names the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        let mut header = None;
        let mut stated_segments = 0;
        for row in rows(bytes) {
            let (line, text) = row?;
            match &mut header {
                None => {
                    let (record, segments) = parse_segmented_line(line, text)?;
                    stated_segments = segments;
                    header = Some(record);
                }
                Some(header) => header.segments.push(parse_segment(line, text)?),
            }
        }
        let mut header = header.ok_or(HeaderError::NoRecordLine)?;
        if header.segments.len() != stated_segments {
            return Err(HeaderError::SegmentCount { stated: stated_segments, found: header.segments.len() });
        }
        if header.segments.first().is_some_and(|segment| segment.frames == 0) {
            header.layout = header.segments.remove(0).record;
        }
        Ok(header)
    }

    /// Frames of all segments, the gaps among them; `None` beyond what a number can hold.
    pub fn frames(&self) -> Option<u64> {
        self.segments.iter().try_fold(0_u64, |sum, segment| sum.checked_add(segment.frames))
    }
}

impl Layout {
    /// Reads the header of a layout.
    ///
    /// # Errors
    /// [`HeaderError`] names the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        let mut stated_signals = None;
        let mut descriptions = Vec::new();
        for row in rows(bytes) {
            let (line, text) = row?;
            if stated_signals.is_none() {
                stated_signals = Some(parse_record_line(line, text)?.1);
            } else {
                descriptions.push(parse_description(line, text)?);
            }
        }
        let stated = stated_signals.ok_or(HeaderError::NoRecordLine)?;
        if descriptions.len() == stated {
            Ok(Self { descriptions })
        } else {
            Err(HeaderError::SignalCount { stated, found: descriptions.len() })
        }
    }
}

/// The lines that are neither empty nor comments.
fn rows(bytes: &[u8]) -> impl Iterator<Item = Result<(usize, &str), HeaderError>> {
    lines(bytes).filter(|row| !matches!(row, Ok((_, text)) if text.starts_with('#')))
}

/// `name/segments signals [rate] [frames] [time] [date]`, without segments yet.
fn parse_segmented_line(line: usize, text: &str) -> Result<(SegmentedHeader, usize), HeaderError> {
    const FIELD: &str = "number of segments";
    let mut fields = Fields::new(line, text);
    let (name, segments) = fields.required("record name")?.split_once('/').unwrap_or_default();
    let segments = Fields::new(line, segments).required_number(FIELD, "a whole number")?;
    let (header, _) = parse_record_line(line, &format!("{name} {}", fields.rest()))?;
    let segmented = SegmentedHeader {
        record: header.record,
        frame_rate_hz: header.frame_rate_hz,
        layout: None,
        segments: Vec::new(),
    };
    Ok((segmented, segments))
}

/// The last field of a signal line.
fn parse_description(line: usize, text: &str) -> Result<String, HeaderError> {
    const FIELD: &str = "description";
    let mut fields = Fields::new(line, text);
    for _ in 0..FIELDS_BEFORE_DESCRIPTION {
        fields.required(FIELD)?;
    }
    match fields.rest() {
        "" => Err(HeaderError::Missing { line, field: FIELD }),
        description => Ok(description.to_owned()),
    }
}

/// `name frames`.
fn parse_segment(line: usize, text: &str) -> Result<Segment, HeaderError> {
    let mut fields = Fields::new(line, text);
    let name = fields.required("name of a segment")?;
    let record = if name == GAP { None } else { Some(parse_record_name(line, name)?) };
    let frames = fields.required_number("number of frames", "a whole number")?;
    Ok(Segment { record, frames })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_variable_layout_is_read() {
        // The form of the records of MIMIC-III.
        let text =
            b"p000020/4 2 125 300 12:00:00.000\n# note\np000020_layout 0\n3544749_0001 100\n~ 150\n3544749_0002 50\n";
        assert!(SegmentedHeader::is_one(text));
        let header = SegmentedHeader::parse(text).unwrap();
        assert_eq!((header.record.as_str(), header.frame_rate_hz), ("p000020", 125.0));
        assert_eq!(header.layout.as_deref(), Some("p000020_layout"));
        let segments: Vec<_> = header.segments.iter().map(|it| (it.record.as_deref(), it.frames)).collect();
        assert_eq!(segments, [(Some("3544749_0001"), 100), (None, 150), (Some("3544749_0002"), 50)]);
        assert_eq!(header.frames(), Some(300));

        let layout = b"p000020_layout 2 125 0\n~ 0 1000/mV 10 0 0 0 0 II\n~ 0 1.25/mmHg 8 0 0 0 0 ABP mean\n";
        assert!(!SegmentedHeader::is_one(layout));
        assert_eq!(Layout::parse(layout).unwrap().descriptions, ["II", "ABP mean"]);
    }

    #[test]
    fn refusals_name_the_line() {
        for (text, reason) in [
            ("", "no record line"),
            ("r/x 1", "line 1: number of segments is `x`, not a whole number"),
            ("r/ 1", "line 1: number of segments is missing"),
            ("r/1", "line 1: number of signals is missing"),
            ("r/2 1 250\na 5", "the record line says 2 segments, but there are 1 segment lines"),
            ("r/1 1 250\n../a 5", "line 2: multi-segment records are not supported"),
            ("r/1 1 250\n.. 5", "line 2: record name is `..`, not letters, digits, `_` and `-`"),
            ("r/1 1 250\na -5", "line 2: number of frames is `-5`, not a whole number"),
        ] {
            assert_eq!(SegmentedHeader::parse(text.as_bytes()).expect_err(text).to_string(), reason);
        }
        let nameless = Layout::parse(b"r 1\n~ 0 1/mV 12 0 0 0 0").expect_err("no name");
        assert_eq!(nameless.to_string(), "line 2: description is missing");
        let short = Layout::parse(b"r 2\n~ 0 1/mV 12 0 0 0 0 II").expect_err("one signal");
        assert_eq!(short.to_string(), "the record line says 2 signals, but there are 1 signal lines");
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "[r~0-9 /.\n]{0,60}") {
            let _ = SegmentedHeader::is_one(text.as_bytes());
            let _ = SegmentedHeader::parse(text.as_bytes()).map(|header| header.frames());
            let _ = Layout::parse(text.as_bytes());
        }
    }
}
