//! What a status says of the message.

use hyper::StatusCode;
use hyper::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use crate::exchange::dialogue::Answer;

/// What a target says of a message by status and headers. RFC 9110: 2xx has it; what may be otherwise later is asked again.
pub(crate) fn answer_of(status: StatusCode, headers: &HeaderMap) -> Answer {
    let words = words(status);
    match status.as_u16() {
        200..=299 => Answer::Taken,
        408 | 425 | 429 | 500 | 502 | 503 | 504 => Answer::Later { words, after_ns: retry_after_ns(headers) },
        code => Answer::Refused { code, words },
    }
}

/// A status in words of a report.
pub(crate) fn words(status: StatusCode) -> String {
    let reason = status.canonical_reason().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("message: HTTP {}{reason}", status.as_u16())
}

/// How long a target asks to be left alone [ns]: seconds, or a date, which is compared with the target's own clock.
fn retry_after_ns(headers: &HeaderMap) -> Option<i64> {
    let text = |value: &HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
    let value = headers.get(RETRY_AFTER).and_then(text)?;
    let seconds = if let Ok(seconds) = value.parse::<u32>() {
        i64::from(seconds)
    } else {
        let until = httpdate::parse_http_date(&value).ok()?;
        let now = httpdate::parse_http_date(&headers.get(DATE).and_then(text)?).ok()?;
        until.duration_since(now).map_or(0, |wait| wait.as_secs() as i64)
    };
    Some(seconds.saturating_mul(1_000_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(headers: &[(&'static str, &'static str)]) -> Option<i64> {
        let headers = headers
            .iter()
            .map(|(name, value)| (hyper::header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        match answer_of(StatusCode::SERVICE_UNAVAILABLE, &headers.collect()) {
            Answer::Later { after_ns, .. } => after_ns,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_target_may_ask_for_a_rest_in_seconds_or_until_a_date() {
        assert_eq!(later(&[]), None);
        assert_eq!(later(&[("retry-after", "7")]), Some(7_000_000_000));
        let (until, now) = ("Wed, 21 Oct 2015 07:28:30 GMT", "Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(later(&[("retry-after", until), ("date", now)]), Some(30_000_000_000));
        assert_eq!(later(&[("retry-after", now), ("date", until)]), Some(0));
        assert_eq!(later(&[("retry-after", until)]), None, "without a date of the target's nobody knows how long");
        assert_eq!(later(&[("retry-after", "soon")]), None);
    }

    #[test]
    fn what_will_not_change_is_refused() {
        let answer = |code| answer_of(StatusCode::from_u16(code).expect("a status"), &HeaderMap::new());
        assert_eq!(answer(201), Answer::Taken);
        assert_eq!(
            answer(422),
            Answer::Refused { code: 422, words: "message: HTTP 422 (Unprocessable Entity)".to_owned() }
        );
        assert!(matches!(answer(301), Answer::Refused { code: 301, .. }));
        assert!(matches!(answer(429), Answer::Later { .. }));
    }
}
