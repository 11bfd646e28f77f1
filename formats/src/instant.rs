//! Instants as texts: RFC 3339 and HL7, and back.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// Milliseconds below which a number without a unit counts seconds: they reach to the year 5138, and milliseconds from
/// 1973 on. The next bounds, for microseconds and nanoseconds, stand as far from each other.
const LEAST_MS: f64 = 1e11;
const LEAST_US: f64 = 1e14;
const LEAST_NS: f64 = 1e17;

/// An instant [ms since the Unix epoch], or the first or last that a calendar has.
fn timestamp(ms: i64) -> Timestamp {
    let bound = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(ms).unwrap_or(bound)
}

/// `2026-01-15T10:00:00.123Z`, always with milliseconds (RFC 3339).
pub(crate) fn rfc3339(ms: i64) -> String {
    timestamp(ms).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `20260115100000.123+0000`, the form of HL7 version 2 (data type DTM).
pub(crate) fn hl7(ms: i64) -> String {
    timestamp(ms).strftime("%Y%m%d%H%M%S%.3f+0000").to_string()
}

/// An instant [ms since the Unix epoch] out of whatever a stack writes: RFC 3339, HL7, or a count of seconds,
/// milliseconds, microseconds or nanoseconds since the Unix epoch, told apart by their magnitude.
pub(crate) fn read_instant(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    if text.len() >= 14
        && text.bytes().take(14).all(|octet| octet.is_ascii_digit())
        && let Some(instant) = read_hl7(text)
    {
        return Some(instant);
    }
    if let Ok(count) = text.parse::<i64>() {
        // Nanoseconds do not fit into a float.
        return Some(match count.unsigned_abs() as f64 {
            size if size >= LEAST_NS => count.div_euclid(1_000_000),
            size if size >= LEAST_US => count.div_euclid(1_000),
            size if size >= LEAST_MS => count,
            _ => count.checked_mul(1_000)?,
        });
    }
    let count: f64 = text.parse().ok().filter(|count: &f64| count.is_finite())?;
    let ms = if count.abs() >= LEAST_MS { count } else { count * 1e3 };
    Some(ms.round() as i64)
}

fn read_hl7(text: &str) -> Option<i64> {
    let with_zone = text[14..].contains(['+', '-']);
    let broken_down = strtime::parse(if with_zone { "%Y%m%d%H%M%S%.f%z" } else { "%Y%m%d%H%M%S%.f" }, text).ok()?;
    if with_zone {
        return broken_down.to_timestamp().ok().map(Timestamp::as_millisecond);
    }
    let civil = broken_down.to_datetime().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, ms) in [
            ("2026-01-15T10:00:00.123Z", 1_768_471_200_123),
            ("2026-01-15T11:00:00.123+01:00", 1_768_471_200_123),
            ("20260115100000.123+0000", 1_768_471_200_123),
            ("20260115110000.123+0100", 1_768_471_200_123),
            ("20260115100000", 1_768_471_200_000),
            ("1768471200", 1_768_471_200_000),
            ("1768471200.123", 1_768_471_200_123),
            ("1768471200123", 1_768_471_200_123),
            ("1768471200123000", 1_768_471_200_123),
            ("1768471200123000000", 1_768_471_200_123),
        ] {
            assert_eq!(read_instant(text), Some(ms), "{text}");
        }
        for text in ["", "yesterday", "nan", "2026-13-01T00:00:00Z", "1e400"] {
            assert_eq!(read_instant(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn texts_read_back(ms in -2_000_000_000_000_i64..4_000_000_000_000) {
            prop_assert_eq!(read_instant(&rfc3339(ms)), Some(ms));
            prop_assert_eq!(read_instant(&hl7(ms)), Some(ms));
        }

        #[test]
        fn any_text_is_answered(text in any::<String>(), ms in any::<i64>()) {
            let _ = read_instant(&text);
            let _ = (rfc3339(ms), hl7(ms));
        }
    }
}
