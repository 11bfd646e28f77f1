//! WFDB headers as text: a record line, a line for each signal, comments (header(5)).

use std::fmt::Write as _;

use super::header::{Header, Signal};
use super::header_error::{HeaderError, LINE_LIMIT};
use super::header_fields::{
    Fields, duration_text, parse_date, parse_file_name, parse_format, parse_frames, parse_gain, parse_rates,
    parse_record_name, parse_time,
};

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// [`HeaderError`] names the line. Multi-segment records, which [`super::SegmentedHeader`] reads, and sample formats
    /// other than those of [`super::Format`] are refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        let mut header = None;
        let mut stated_signals = 0;
        let mut comments = Vec::new();
        for row in lines(bytes) {
            let (line, text) = row?;
            if let Some(comment) = text.strip_prefix('#') {
                comments.push(comment.trim().to_owned());
            } else {
                match &mut header {
                    None => {
                        let (record, signals) = parse_record_line(line, text)?;
                        stated_signals = signals;
                        header = Some(record);
                    }
                    Some(header) => {
                        let signal = parse_signal_line(line, text)?;
                        check_group(line, &header.signals, &signal)?;
                        header.signals.push(signal);
                    }
                }
            }
        }
        let header = header.ok_or(HeaderError::NoRecordLine)?;
        if header.signals.len() != stated_signals {
            return Err(HeaderError::SignalCount { stated: stated_signals, found: header.signals.len() });
        }
        Ok(Self { comments, ..header })
    }

    /// The header as text, comments last, such that [`Header::parse`] gives it back.
    ///
    /// # Errors
    /// [`HeaderError`] when a part has no text: a name with a space or a dot, a line break, a gain of zero, a
    /// description without the initial value and checksum that stand before it, a line beyond 255 bytes.
    pub fn encode(&self) -> Result<String, HeaderError> {
        let mut text = self.record_line();
        for signal in &self.signals {
            text.push_str(&signal_line(signal));
        }
        for comment in &self.comments {
            let line = format!("# {comment}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for (index, line) in text.split_inclusive('\n').enumerate() {
            if line.len() > LINE_LIMIT {
                return Err(HeaderError::LineTooLong { line: index + 1, bytes: line.len() });
            }
        }
        match self.first_difference(&Self::parse(text.as_bytes())?) {
            None => Ok(text),
            Some(part) => Err(HeaderError::NotWritable { part }),
        }
    }

    fn record_line(&self) -> String {
        let mut line = format!("{} {} {}", self.record, self.signals.len(), self.frame_rate_hz);
        if let Some(counter) = self.counter {
            append(&mut line, format_args!("/{}({})", counter.rate_hz, counter.base));
        }
        if self.frames.is_some() || self.start_time_us.is_some() {
            append(&mut line, format_args!(" {}", self.frames.unwrap_or(0)));
        }
        if let Some(start_time_us) = self.start_time_us {
            append(&mut line, format_args!(" {}", duration_text(start_time_us)));
        }
        if let Some(date) = self.start_date {
            append(&mut line, format_args!(" {:02}/{:02}/{:04}", date.day, date.month, date.year));
        }
        line.push('\n');
        line
    }

    fn first_difference(&self, other: &Self) -> Option<&'static str> {
        let parts = [
            ("the record name", self.record == other.record),
            ("the frame rate", self.frame_rate_hz.to_bits() == other.frame_rate_hz.to_bits()),
            ("the counter", self.counter == other.counter),
            ("the number of frames", self.frames == other.frames),
            ("the start time", self.start_time_us == other.start_time_us),
            ("the start date", self.start_date == other.start_date),
            ("a signal", self.signals == other.signals),
            ("a comment", self.comments == other.comments),
        ];
        parts.into_iter().find_map(|(part, is_same)| (!is_same).then_some(part))
    }
}

/// The lines that are not empty, each with its number from 1, without the white space around it.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = Result<(usize, &str), HeaderError>> {
    bytes.split(|byte| *byte == b'\n').enumerate().filter_map(|(index, raw)| {
        let line = index + 1;
        match str::from_utf8(raw) {
            Ok(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(|text| Ok((line, text))),
            Err(_) => Some(Err(HeaderError::NotText { line })),
        }
    })
}

/// `name signals [rate[/counter[(base)]]] [frames] [time] [date]`, without signals yet.
pub(super) fn parse_record_line(line: usize, text: &str) -> Result<(Header, usize), HeaderError> {
    let mut fields = Fields::new(line, text);
    let record = parse_record_name(line, fields.required("record name")?)?;
    let signals = fields.required_number("number of signals", "a whole number")?;
    let (frame_rate_hz, counter) = parse_rates(line, fields.next())?;
    let frames = parse_frames(line, fields.next())?;
    let start_time_us = fields.next().map(|time| parse_time(line, time)).transpose()?;
    let start_date = fields.next().map(|date| parse_date(line, date)).transpose()?;
    fields.end()?;
    let header = Header {
        record,
        frame_rate_hz,
        counter,
        frames,
        start_time_us,
        start_date,
        signals: Vec::new(),
        comments: Vec::new(),
    };
    Ok((header, signals))
}

/// `file format [gain] [resolution] [adc zero] [initial] [checksum] [block size] [description]`.
fn parse_signal_line(line: usize, text: &str) -> Result<Signal, HeaderError> {
    let mut fields = Fields::new(line, text);
    let file = parse_file_name(line, fields.required("file name")?)?;
    let storage = parse_format(line, fields.required("format")?)?;
    let gain = parse_gain(line, fields.next())?;
    let adc_resolution_bits = fields.number("ADC resolution", "a number of bits")?.unwrap_or(0);
    let adc_zero = fields.number("ADC zero", "a whole number")?.unwrap_or(0);
    let initial = fields.number("initial value", "a whole number")?;
    let checksum = fields.checksum()?;
    let block_size = fields.number("block size", "a number of bytes")?.unwrap_or(0);
    Ok(Signal {
        file,
        format: storage.format,
        samples_per_frame: storage.samples_per_frame,
        skew_frames: storage.skew_frames,
        byte_offset: storage.byte_offset,
        gain: gain.counts_per_unit,
        baseline: gain.baseline.unwrap_or(adc_zero),
        units: gain.units,
        adc_resolution_bits: if adc_resolution_bits == 0 { DEFAULT_RESOLUTION_BITS } else { adc_resolution_bits },
        adc_zero,
        initial,
        checksum,
        block_size,
        description: fields.rest().to_owned(),
    })
}

/// What header(5) assumes of signals stored as amplitudes.
const DEFAULT_RESOLUTION_BITS: u8 = 12;

/// The signals of one file stand together and agree on how it is stored.
fn check_group(line: usize, earlier: &[Signal], signal: &Signal) -> Result<(), HeaderError> {
    let inconsistent = |what| Err(HeaderError::Inconsistent { line, file: signal.file.clone(), what });
    let Some(previous) = earlier.last() else { return Ok(()) };
    if previous.file == signal.file {
        if previous.format != signal.format {
            return inconsistent("the format");
        }
        if previous.byte_offset != signal.byte_offset {
            return inconsistent("the byte offset");
        }
    } else if earlier.iter().any(|other| other.file == signal.file) {
        return inconsistent("the place");
    }
    Ok(())
}

fn signal_line(signal: &Signal) -> String {
    let mut line = format!("{} {}", signal.file, signal.format.number());
    if signal.samples_per_frame.get() > 1 {
        append(&mut line, format_args!("x{}", signal.samples_per_frame));
    }
    if signal.skew_frames > 0 {
        append(&mut line, format_args!(":{}", signal.skew_frames));
    }
    if signal.byte_offset > 0 {
        append(&mut line, format_args!("+{}", signal.byte_offset));
    }
    let gain = signal.gain.unwrap_or(0.0);
    append(&mut line, format_args!(" {gain}({})/{}", signal.baseline, signal.units));
    append(&mut line, format_args!(" {} {}", signal.adc_resolution_bits, signal.adc_zero));
    if let Some(initial) = signal.initial {
        append(&mut line, format_args!(" {initial}"));
        if let Some(checksum) = signal.checksum {
            append(&mut line, format_args!(" {checksum} {}", signal.block_size));
            if !signal.description.is_empty() {
                append(&mut line, format_args!(" {}", signal.description));
            }
        }
    }
    line.push('\n');
    line
}

fn append(line: &mut String, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text).expect("a string takes every write");
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::wfdb::{Counter, Date, Format, SampleSummary};

    fn parsed(text: &str) -> Header {
        Header::parse(text.as_bytes()).expect("a header")
    }

    fn refusal(text: &str) -> String {
        Header::parse(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn reads_every_field() {
        // The form of record 037 of the MIMIC Database, with a counter, an offset and a comment in front.
        let header = parsed(concat!(
            "# first\r\n\r\n",
            "03700181 3 125/25.5(-3) 75000 7:27:45.5 15/08/1994\r\n",
            "03700181.dat 212x4+512 2963.77/mV 12 0 67 -11266 0 MCL1 \r\n",
            "03700181.dat\t212+512  12.84(-1605)/mmHg 12 0 -943 41885 0 ABP II \r\n",
            "03700181.dat 212:4+512 2e3 0 10\r\n",
            "#second #\r\n"
        ));
        assert_eq!(header.record, "03700181");
        assert_eq!(header.frame_rate_hz, 125.0);
        assert_eq!(header.counter, Some(Counter { rate_hz: 25.5, base: -3.0 }));
        assert_eq!(header.frames, Some(75_000));
        assert_eq!(header.start_time_us, Some(((7 * 60 + 27) * 60 + 45) * 1_000_000 + 500_000));
        assert_eq!(header.start_date, Some(Date { year: 1994, month: 8, day: 15 }));
        assert_eq!(header.comments, ["first", "second #"]);
        let [ecg, pressure, respiration] = header.signals.as_slice() else { panic!("three signals") };
        assert_eq!((ecg.format, ecg.samples_per_frame.get(), ecg.byte_offset), (Format::Packed12, 4, 512));
        assert_eq!((ecg.gain, ecg.units.as_str(), ecg.description.as_str()), (Some(2963.77), "mV", "MCL1"));
        assert_eq!((pressure.baseline, pressure.adc_zero, pressure.units.as_str()), (-1605, 0, "mmHg"));
        assert_eq!((pressure.initial, pressure.checksum), (Some(-943), Some(-23_651)));
        assert_eq!(pressure.description, "ABP II");
        assert_eq!((respiration.skew_frames, respiration.gain, respiration.baseline), (4, Some(2000.0), 10));
        assert_eq!((respiration.adc_resolution_bits, respiration.initial, respiration.checksum), (12, None, None));
        assert_eq!(header.files().map(|(file, group)| (file, group.len())).collect::<Vec<_>>(), [("03700181.dat", 3)]);
    }

    #[test]
    fn what_is_left_out_has_its_documented_default() {
        let header = parsed("r 1\nr.dat 16\n");
        assert_eq!((header.frame_rate_hz, header.frames, header.start_time_us), (250.0, None, None));
        let signal = &header.signals[0];
        assert_eq!((signal.gain, signal.units.as_str(), signal.baseline), (None, "mV", 0));
        assert_eq!((signal.adc_resolution_bits, signal.adc_zero, signal.initial), (12, 0, None));
    }

    #[test]
    fn refusals_name_the_line() {
        for (text, reason) in [
            ("", "no record line"),
            ("# only a comment", "no record line"),
            ("r", "line 1: number of signals is missing"),
            ("r two", "line 1: number of signals is `two`, not a whole number"),
            ("r/3 2 250 1000", "line 1: multi-segment records are not supported"),
            ("r.1 0", "line 1: record name is `r.1`, not letters, digits, `_` and `-`"),
            ("r 0 -1", "line 1: frame rate is `-1`, not a rate above 0 in Hz"),
            ("r 0 nan", "line 1: frame rate is `nan`, not a rate above 0 in Hz"),
            ("r 0 250/9(8", "line 1: base counter is `9(8`, not closed with `)`"),
            ("r 0 250 -7", "line 1: number of frames is `-7`, not a whole number"),
            ("r 0 250 7 24:00:00", "line 1: start time is `24:00:00`, not a time of day like 13:05:00.250"),
            ("r 0 250 7 10:00:00 29/02/1900", "line 1: start date is `29/02/1900`, not a date like 25/04/1989"),
            ("r 0 250 7 10:00:00 29/02/2000 x", "line 1: field after the date is `x`, not expected"),
            ("r 1", "the record line says 1 signals, but there are 0 signal lines"),
            ("r 0\nr.dat 16", "the record line says 0 signals, but there are 1 signal lines"),
            ("\nr 1\nr.dat", "line 3: format is missing"),
            (
                "r 1\nr.dat 516",
                "line 2: sample format 516 is not supported; 16, 24, 32, 61, 80, 160, 212, 310 and 311 are",
            ),
            ("r 1\nr.dat 16x0", "line 2: samples per frame is `0`, not a number of samples above 0"),
            ("r 1\n../r.dat 16", "line 2: file name is `../r.dat`, not a file name without folder"),
            ("r 1\n~ 16", "line 2: file name is `~`, not a file name without folder"),
            ("r 1\nr.dat 16 200(1/mV", "line 2: baseline is `200(1/mV`, not closed with `)`"),
            ("r 1\nr.dat 16 200/mm[Hg]", "line 2: units is `200/mm[Hg]`, not letters, digits and `_ ^ - ? % /`"),
            ("r 1\nr.dat 16 inf", "line 2: gain is `inf`, not a number of counts per unit"),
            ("r 1\nr.dat 16 1 16 0 0 65536", "line 2: checksum is `65536`, not a 16-bit number"),
            ("r 2\nr.dat 16\nr.dat 212", "line 3: the format of `r.dat` differs from that of the signals before it"),
            (
                "r 2\nr.dat 16\nr.dat 16+4",
                "line 3: the byte offset of `r.dat` differs from that of the signals before it",
            ),
            ("r 3\na 16\nb 16\na 16", "line 4: the place of `a` differs from that of the signals before it"),
        ] {
            assert_eq!(refusal(text), reason);
        }
        assert_eq!(Header::parse(b"r 0\n# \xff").expect_err("Latin-1").to_string(), "line 2 is not UTF-8 text");
    }

    #[test]
    fn written_form() {
        let mut summary = SampleSummary::default();
        summary.add(&[-5, 7]);
        let ecg = Signal::recorded("icu_1.dat", "ecg_ii", "mV", 0.001, 0.0).with_summary(&summary);
        let pressure = Signal::recorded("icu_1.dat", "abp_wave", "mmHg", 0.05, 40.0).with_summary(&summary);
        let header = Header {
            record: "icu_1".to_owned(),
            frame_rate_hz: 62.5,
            counter: None,
            frames: Some(2),
            start_time_us: Some(36_000_250_000),
            start_date: Some(Date { year: 2026, month: 1, day: 5 }),
            signals: vec![ecg, pressure],
            comments: vec!["synthetic".to_owned(), String::new()],
        };
        let expected = concat!(
            "icu_1 2 62.5 2 10:00:00.250 05/01/2026\n",
            "icu_1.dat 16 1000(0)/mV 16 0 -5 2 0 ecg_ii\n",
            "icu_1.dat 16 20(-800)/mmHg 16 0 -5 2 0 abp_wave\n",
            "# synthetic\n",
            "#\n"
        );
        assert_eq!(header.encode().expect("writable"), expected);
    }

    #[test]
    fn what_has_no_text_is_not_written() {
        let whole = parsed("r 1\nr.dat 16 200 16 0 1 2 0 x\n");
        let refusal = |header: Header| header.encode().expect_err("not writable").to_string();
        let signal = whole.signals[0].clone();
        let with = |signal| Header { signals: vec![signal], ..whole.clone() };
        assert_eq!(
            refusal(Header { record: "r 1".to_owned(), ..whole.clone() }),
            "the header would not read back as written; the record name cannot be written"
        );
        assert_eq!(
            refusal(Header { comments: vec!["a\n# b".to_owned()], ..whole.clone() }),
            "the header would not read back as written; a comment cannot be written"
        );
        let unwritable_signal = "the header would not read back as written; a signal cannot be written";
        assert_eq!(refusal(with(Signal { checksum: None, ..signal.clone() })), unwritable_signal);
        assert_eq!(refusal(with(Signal { gain: Some(0.0), ..signal.clone() })), unwritable_signal);
        assert_eq!(refusal(with(Signal { description: " x".to_owned(), ..signal.clone() })), unwritable_signal);
        assert_eq!(
            refusal(with(Signal { description: "x".repeat(300), ..signal })),
            "line 2 would have 331 bytes, more than 255"
        );
    }

    fn signal() -> impl Strategy<Value = Signal> {
        let storage = (1_u32..9, 0_u32..9, option::of(-1e6_f64..1e6), any::<i32>());
        let converter =
            ("[a-zA-Z/%^]{1,8}", 1_u8..=32, any::<i32>(), any::<i32>(), any::<i16>(), "[!-~]( ?[!-~]){0,20}");
        (storage, converter).prop_map(
            |(
                (samples_per_frame, skew_frames, gain, baseline),
                (units, adc_resolution_bits, adc_zero, initial, checksum, description),
            )| Signal {
                samples_per_frame: NonZeroU32::new(samples_per_frame).expect("above 0"),
                skew_frames,
                byte_offset: 24,
                gain: gain.filter(|gain| *gain != 0.0),
                baseline,
                units,
                adc_resolution_bits,
                adc_zero,
                initial: Some(initial),
                checksum: Some(checksum),
                description,
                ..Signal::recorded("r.dat", "", "mV", 1.0, 0.0)
            },
        )
    }

    proptest! {
        #[test]
        fn written_headers_read_back(
            record in "[a-zA-Z0-9_]{1,20}",
            frame_rate_hz in 0.001_f64..1e6,
            frames in option::of(1_u64..),
            start_time_us in option::of(0_u64..86_400_000_000),
            signals in vec(signal(), 0..4),
            comments in vec("[!-~]( ?[!-~]){0,40}", 0..3),
        ) {
            let start_date = start_time_us.map(|_| Date { year: 2024, month: 2, day: 29 });
            let header =
                Header { record, frame_rate_hz, counter: None, frames, start_time_us, start_date, signals, comments };
            let text = header.encode().expect("writable");
            prop_assert_eq!(Header::parse(text.as_bytes()), Ok(header));
        }

        #[test]
        fn any_text_is_answered(text in "[rx0-9 .:/()+#\n-]{0,80}") {
            // What is read can be written, unless a line is too long for other readers.
            if let Ok(header) = Header::parse(text.as_bytes()) {
                prop_assert_eq!(Header::parse(header.encode().expect("short lines").as_bytes()), Ok(header));
            }
        }

        #[test]
        fn any_bytes_are_answered(bytes in any::<Vec<u8>>()) {
            let _ = Header::parse(&bytes);
        }
    }
}
