//! What is written reads back: random messages through the encoder, [`decode`] and [`peek`].

use proptest::prelude::*;
use vocabulary::{Format, MetricKind, Quality, Sameness, Value};

use super::{VendorJson, decode, peek};
use crate::alteration::alterations;
use crate::message_draft::{any_message, likely_message};

proptest! {
    #[test]
    fn whatever_is_altered_is_found(draft in likely_message()) {
        let said = draft.encoded(&VendorJson);
        let altered = alterations(&said);
        prop_assert!(altered.len() > 4, "{}", altered.len());
        for copy in altered {
            let found = matches!(VendorJson.same(&copy, &said), Sameness::Differs { .. });
            prop_assert!(found, "{} for {}", String::from_utf8_lossy(&copy), String::from_utf8_lossy(&said));
        }
    }

    #[test]
    fn a_written_message_reads_back(draft in any_message()) {
        let payload = draft.encoded(&VendorJson);
        let decoded = decode(&payload).expect("what is written follows the schema");

        prop_assert_eq!(&decoded.device_serial, &draft.device_serial);
        prop_assert_eq!(&decoded.patient_id, &draft.patient_id);
        prop_assert_eq!(&decoded.stream, &draft.stream);
        prop_assert_eq!(decoded.sequence, draft.sequence);
        prop_assert_eq!(decoded.device_time_ms, draft.device_time_ms);

        for reading in &draft.readings {
            let metric = reading.metric.metric();
            let number = decoded.numbers.get(metric.id);
            let code = decoded.codes.get(metric.id);
            let quality = decoded.qualities.get(metric.id).copied().unwrap_or_default();
            match reading.value {
                Value::Number(value) => {
                    let step = libm::exp10(-f64::from(metric.decimals));
                    match number.expect("every number is written") {
                        Some(read) => {
                            prop_assert!((read - value).abs() <= step * 0.5 + value.abs() * 4.0 * f64::EPSILON);
                        }
                        None => prop_assert!(!value.is_finite() || (value / step).abs() >= 8.9e18),
                    }
                    prop_assert_eq!(quality, reading.quality);
                }
                Value::Code(written) => {
                    prop_assert_eq!(code.map(String::as_str), Some(written));
                    prop_assert_eq!(quality, reading.quality);
                }
                Value::Missing if metric.kind == MetricKind::Coded => {
                    prop_assert_eq!(number, None);
                    prop_assert_eq!(code, None);
                    prop_assert!(quality != Quality::Ok);
                }
                Value::Missing => {
                    prop_assert_eq!(number, Some(&None));
                    prop_assert_eq!(quality, reading.quality);
                }
            }
        }

        let written: Vec<_> = draft.waves.iter().filter(|wave| !wave.samples.is_empty()).collect();
        prop_assert_eq!(decoded.waves.len(), written.len());
        for (read, wave) in decoded.waves.iter().zip(written) {
            prop_assert_eq!(&read.metric, &wave.metric.metric().id);
            prop_assert_eq!(read.first_ms, wave.first_ms);
            prop_assert_eq!(read.rate_hz, f64::from(wave.rate_mhz) / 1000.0);
            prop_assert_eq!(read.gain, wave.gain);
            prop_assert_eq!(read.offset, wave.offset);
            prop_assert!(read.samples.iter().copied().eq(wave.samples.iter().copied().map(Some)));
        }
        for wave in &draft.waves {
            let quality = decoded.qualities.get(wave.metric.metric().id).copied().unwrap_or_default();
            prop_assert_eq!(quality, wave.quality);
        }
    }

    #[test]
    fn the_key_of_a_written_message_is_found(draft in any_message()) {
        let payload = draft.encoded(&VendorJson);
        let key = peek(&payload).expect("every message has a key");
        prop_assert_eq!(&*key.device_serial, draft.device_serial.as_str());
        prop_assert_eq!(&*key.stream, draft.stream.as_str());
        prop_assert_eq!(key.sequence, Some(draft.sequence));
        prop_assert_eq!(key.device_time_ms, Some(draft.device_time_ms));
    }

    // A payload that lost its tail on the way is not taken for a whole one.
    #[test]
    fn a_cut_message_is_refused(draft in any_message(), cut in any::<proptest::sample::Index>()) {
        let payload = draft.encoded(&VendorJson);
        let kept = cut.index(payload.len());
        prop_assert!(decode(&payload[..kept]).is_err());
    }

    #[test]
    fn any_bytes_are_answered(payload in any::<Vec<u8>>()) {
        let _ = decode(&payload);
    }
}
