//! The fields of header lines, one function each.

use std::num::NonZeroU32;
use std::str::FromStr;

use super::header::{Counter, Date, Format};
use super::header_error::HeaderError;

/// Frame rate that header(5) assumes when none is stated [Hz].
const DEFAULT_FRAME_RATE_HZ: f64 = 250.0;

/// Physical unit that header(5) assumes when none is stated.
const DEFAULT_UNITS: &str = "mV";

/// Most characters of a field that an error quotes.
const QUOTE_LIMIT: usize = 40;

const MICROSECONDS_PER_SECOND: u64 = 1_000_000;

/// The fields of one line, separated by white space.
pub(super) struct Fields<'a> {
    line: usize,
    rest: &'a str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(line: usize, text: &'a str) -> Self {
        Self { line, rest: text.trim() }
    }

    pub(super) fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let field = &self.rest[..end];
        self.rest = self.rest[end..].trim_start();
        Some(field)
    }

    pub(super) fn required(&mut self, field: &'static str) -> Result<&'a str, HeaderError> {
        self.next().ok_or(HeaderError::Missing { line: self.line, field })
    }

    pub(super) fn number<T: FromStr>(
        &mut self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, HeaderError> {
        self.next().map(|text| number(self.line, field, text, expected)).transpose()
    }

    pub(super) fn required_number<T: FromStr>(
        &mut self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<T, HeaderError> {
        let text = self.required(field)?;
        number(self.line, field, text, expected)
    }

    /// Sixteen bits that some writers print signed and some unsigned.
    pub(super) fn checksum(&mut self) -> Result<Option<i16>, HeaderError> {
        const EXPECTED: &str = "a 16-bit number";
        let line = self.line;
        let Some(text) = self.next() else { return Ok(None) };
        let sum: i32 = number(line, "checksum", text, EXPECTED)?;
        if (-32_768..=65_535).contains(&sum) {
            Ok(Some(sum as i16))
        } else {
            Err(malformed(line, "checksum", text, EXPECTED))
        }
    }

    /// Everything that is left, as one text.
    pub(super) fn rest(self) -> &'a str {
        self.rest
    }

    /// Nothing may be left.
    pub(super) fn end(mut self) -> Result<(), HeaderError> {
        match self.next() {
            None => Ok(()),
            Some(text) => Err(malformed(self.line, "field after the date", text, "expected")),
        }
    }
}

/// How a signal is stored.
pub(super) struct Storage {
    pub(super) format: Format,
    pub(super) samples_per_frame: NonZeroU32,
    pub(super) skew_frames: u32,
    pub(super) byte_offset: u64,
}

/// How counts become physical values.
pub(super) struct Gain {
    pub(super) counts_per_unit: Option<f64>,
    pub(super) baseline: Option<i32>,
    pub(super) units: String,
}

/// Letters, digits, `_` and, as in many published records, `-`.
pub(super) fn parse_record_name(line: usize, text: &str) -> Result<String, HeaderError> {
    if text.contains('/') {
        return Err(HeaderError::Unsupported { line, what: "multi-segment records" });
    }
    if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        Ok(text.to_owned())
    } else {
        Err(malformed(line, "record name", text, "letters, digits, `_` and `-`"))
    }
}

/// A plain file name: whoever wrote the header must not choose the folder that is read.
pub(super) fn parse_file_name(line: usize, text: &str) -> Result<String, HeaderError> {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.');
    if is_plain && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        Ok(text.to_owned())
    } else {
        Err(malformed(line, "file name", text, "a file name without folder"))
    }
}

/// `format[xsamples per frame][:skew][+byte offset]`.
pub(super) fn parse_format(line: usize, text: &str) -> Result<Storage, HeaderError> {
    let (text, byte_offset) = match text.split_once('+') {
        None => (text, 0),
        Some((text, offset)) => (text, number(line, "byte offset", offset, "a number of bytes")?),
    };
    let (text, skew_frames) = match text.split_once(':') {
        None => (text, 0),
        Some((text, skew)) => (text, number(line, "skew", skew, "a number of frames")?),
    };
    let (text, samples_per_frame) = match text.split_once('x') {
        None => (text, NonZeroU32::MIN),
        Some((text, count)) => (text, number(line, "samples per frame", count, "a number of samples above 0")?),
    };
    let stated = number::<u32>(line, "format", text, "the number of a sample format")?;
    let format = Format::ALL.into_iter().find(|format| format.number() == stated);
    let format = format.ok_or(HeaderError::UnknownFormat { line, format: stated })?;
    Ok(Storage { format, samples_per_frame, skew_frames, byte_offset })
}

/// `gain[(baseline)][/units]`; no gain, or zero, is an uncalibrated signal.
pub(super) fn parse_gain(line: usize, text: Option<&str>) -> Result<Gain, HeaderError> {
    let text = text.unwrap_or("0");
    let (scale, units) = text.split_once('/').unwrap_or((text, DEFAULT_UNITS));
    if units.is_empty() || !units.chars().all(is_unit_character) {
        return Err(malformed(line, "units", text, "letters, digits and `_ ^ - ? % /`"));
    }
    let (gain, baseline) = match scale.split_once('(') {
        None => (scale, None),
        Some((gain, rest)) => {
            let inner = rest.strip_suffix(')').ok_or_else(|| malformed(line, "baseline", text, "closed with `)`"))?;
            (gain, Some(number(line, "baseline", inner, "a whole number")?))
        }
    };
    let gain = finite(line, "gain", gain, "a number of counts per unit")?;
    Ok(Gain { counts_per_unit: (gain != 0.0).then_some(gain), baseline, units: units.to_owned() })
}

/// What the readers in use accept in a unit.
fn is_unit_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '^' | '-' | '?' | '%' | '/')
}

/// `frame rate[/counter rate[(base counter)]]`.
pub(super) fn parse_rates(line: usize, text: Option<&str>) -> Result<(f64, Option<Counter>), HeaderError> {
    const EXPECTED: &str = "a rate above 0 in Hz";
    let Some(text) = text else { return Ok((DEFAULT_FRAME_RATE_HZ, None)) };
    let (rate, counter) = match text.split_once('/') {
        None => (text, None),
        Some((rate, counter)) => (rate, Some(parse_counter(line, counter)?)),
    };
    let frame_rate_hz = finite(line, "frame rate", rate, EXPECTED)?;
    if frame_rate_hz > 0.0 { Ok((frame_rate_hz, counter)) } else { Err(malformed(line, "frame rate", rate, EXPECTED)) }
}

fn parse_counter(line: usize, text: &str) -> Result<Counter, HeaderError> {
    let (rate, base) = match text.split_once('(') {
        None => (text, 0.0),
        Some((rate, rest)) => {
            let inner =
                rest.strip_suffix(')').ok_or_else(|| malformed(line, "base counter", text, "closed with `)`"))?;
            (rate, finite(line, "base counter", inner, "a number")?)
        }
    };
    Ok(Counter { rate_hz: finite(line, "counter rate", rate, "a rate in Hz")?, base })
}

/// Zero means that the number of frames is not stated.
pub(super) fn parse_frames(line: usize, text: Option<&str>) -> Result<Option<u64>, HeaderError> {
    let Some(text) = text else { return Ok(None) };
    let frames = number(line, "number of frames", text, "a whole number")?;
    Ok((frames > 0).then_some(frames))
}

/// `hours:minutes:seconds[.fraction]` as microseconds since midnight.
pub(super) fn parse_time(line: usize, text: &str) -> Result<u64, HeaderError> {
    time_of_day_us(text).ok_or_else(|| malformed(line, "start time", text, "a time of day like 13:05:00.250"))
}

fn time_of_day_us(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, ':');
    let hours = digits(parts.next()?, 2, 23)?;
    let minutes = digits(parts.next()?, 2, 59)?;
    let (seconds, fraction) = parts.next().map(|part| part.split_once('.').unwrap_or((part, "0")))?;
    let seconds = digits(seconds, 2, 59)?;
    let fraction_value = digits(fraction, 6, MICROSECONDS_PER_SECOND - 1)?;
    let microseconds = fraction_value * 10_u64.pow(6 - fraction.len() as u32);
    Some(((hours * 60 + minutes) * 60 + seconds) * MICROSECONDS_PER_SECOND + microseconds)
}

/// `day/month/year`.
pub(super) fn parse_date(line: usize, text: &str) -> Result<Date, HeaderError> {
    date(text).ok_or_else(|| malformed(line, "start date", text, "a date like 25/04/1989"))
}

fn date(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '/');
    let day = digits(parts.next()?, 2, 31)?;
    let month = digits(parts.next()?, 2, 12)?;
    let year = digits(parts.next()?, 4, 9999)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last_day = match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (day >= 1 && month >= 1 && day <= last_day).then_some(Date {
        year: year as u16,
        month: month as u8,
        day: day as u8,
    })
}

/// 1 to `most` decimal digits and nothing else, at most `largest`.
fn digits(text: &str, most: usize, largest: u64) -> Option<u64> {
    let is_number = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = if is_number { text.parse().ok()? } else { return None };
    (value <= largest).then_some(value)
}

/// A time of day as `hh:mm:ss`, with three or six decimals where it needs them.
pub(super) fn duration_text(start_time_us: u64) -> String {
    let seconds = start_time_us / MICROSECONDS_PER_SECOND;
    let microseconds = start_time_us % MICROSECONDS_PER_SECOND;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if microseconds == 0 {
        clock
    } else if microseconds.is_multiple_of(1000) {
        format!("{clock}.{:03}", microseconds / 1000)
    } else {
        format!("{clock}.{microseconds:06}")
    }
}

fn finite(line: usize, field: &'static str, text: &str, expected: &'static str) -> Result<f64, HeaderError> {
    let value: f64 = number(line, field, text, expected)?;
    if value.is_finite() { Ok(value) } else { Err(malformed(line, field, text, expected)) }
}

fn number<T: FromStr>(line: usize, field: &'static str, text: &str, expected: &'static str) -> Result<T, HeaderError> {
    text.parse().map_err(|_| malformed(line, field, text, expected))
}

fn malformed(line: usize, field: &'static str, text: &str, expected: &'static str) -> HeaderError {
    HeaderError::Malformed { line, field, text: text.chars().take(QUOTE_LIMIT).collect(), expected }
}
