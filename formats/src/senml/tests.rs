//! What is written reads back, in both encodings; what is rewritten means the same, and what is altered does not.

use bytes::BytesMut;
use ciborium::Value as Cbor;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use vocabulary::{Format, Message, MetricKind, Origin, Quality, Reading, Sameness, Value, Wave, metrics};

use super::record::{QUALITY, SEQUENCE};
use super::resolved::{Resolved, Value as Read, resolve};
use super::unit::unit_of;
use super::{SenmlCbor, SenmlJson, cbor, json};
use crate::decimal::scaled;
use crate::message_draft::{Draft, any_message, likely_message};

/// Nearest values of `f64` that two ways of the same arithmetic may be apart, as a share.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// A monitor's message with a wave.
fn vitals(format: &dyn Format) -> BytesMut {
    let readings = [
        Reading::number(metrics::HR, 72.4),
        Reading::number(metrics::SPO2, 57.0),
        Reading::number(metrics::NIBP_SYS, 118.0),
        Reading::number(metrics::GLUCOSE_ISF, 104.0),
        Reading::missing(metrics::TEMP_CORE, Quality::Ok),
        Reading::code(metrics::RHYTHM, "sinus"),
    ];
    let waves = [Wave {
        metric: metrics::ECG_II,
        first_ms: 1_768_471_199_999,
        rate_mhz: 250_000,
        gain: 0.001,
        offset: 0.0,
        samples: &[16, -22],
        quality: Quality::Questionable,
    }];
    let mut out = BytesMut::new();
    let message = Message {
        device_serial: "mon-0001",
        patient_id: Some("SIM-000001"),
        stream: "vitals",
        sequence: 17,
        device_time_ms: 1_768_471_200_123,
        readings: &readings,
        waves: &waves,
        origin: Origin::default(),
    };
    format.encode(&message, &mut out);
    out
}

#[test]
fn a_pack_of_json_is_written_in_the_units_of_senml() {
    let expected = concat!(
        r#"[{"bn":"mon-0001/vitals/","bt":1768471200.123,"n":"message.sequence","u":"count","v":17},"#,
        r#"{"n":"message.patient","vs":"SIM-000001"},"#,
        r#"{"n":"hr","u":"beat/min","v":72},{"n":"spo2","u":"/","v":0.57},{"n":"nibp_sys","u":"Pa","v":15731.996},"#,
        r#"{"n":"glucose_isf","u":"kg/m3","v":1.04},{"n":"temp_core.quality","vs":"not-available"},"#,
        r#"{"n":"rhythm","vs":"sinus"},{"n":"ecg_ii","u":"V","t":-0.124,"v":0.000016},"#,
        r#"{"n":"ecg_ii","u":"V","t":-0.12,"v":-0.000022},{"n":"ecg_ii.quality","vs":"questionable"}]"#,
    );
    assert_eq!(std::str::from_utf8(&vitals(&SenmlJson)), Ok(expected));
}

#[test]
fn a_pack_of_cbor_has_the_labels_of_the_standard() {
    let message = Message {
        device_serial: "m",
        patient_id: None,
        stream: "s",
        sequence: 3,
        device_time_ms: 1_000_500,
        readings: &[Reading::number(metrics::SPO2, 50.0)],
        waves: &[],
        origin: Origin::default(),
    };
    let mut out = BytesMut::new();
    SenmlCbor.encode(&message, &mut out);
    // [{-2: "m/s/", -3: 1000.5, 0: "message.sequence", 1: "count", 2: 3}, {0: "spo2", 1: "/", 2: 0.5}]
    let expected = concat!(
        "82",
        "a5",
        "21",
        "646d2f732f",
        "22",
        "f963d1",
        "00",
        "706d6573736167652e73657175656e6365",
        "01",
        "65636f756e74",
        "02",
        "03",
        "a3",
        "00",
        "6473706f32",
        "01",
        "612f",
        "02",
        "f93800",
    );
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16).expect("a number");
    let expected: Vec<u8> = expected.as_bytes().chunks(2).map(octet).collect();
    assert_eq!(out, expected);
}

#[test]
fn base_fields_and_the_order_of_records_mean_nothing() {
    let said =
        br#"[{"bn":"m/s/","bt":1700000000,"n":"message.sequence","u":"count","v":3},{"n":"spo2","u":"/","v":0.5}]"#;
    let resolved = br#"[{"n":"m/s/spo2","u":"/","t":1.7e9,"v":0.5},{"n":"m/s/message.sequence","u":"count","t":1700000000,"v":3}]"#;
    let with_base_value = br#"[{"bn":"m/s/","bt":1700000000,"bv":0.25},{"n":"spo2","u":"/","v":0.25},{"bv":0,"n":"message.sequence","u":"count","v":3}]"#;
    for other in [&resolved[..], with_base_value] {
        assert_eq!(SenmlJson.same(other, said), Sameness::Meaning);
        let key = SenmlJson.key(other).expect("a key");
        assert_eq!((&*key.device_serial, &*key.stream, key.sequence), ("m", "s", Some(3)));
        assert_eq!(key.device_time_ms, Some(1_700_000_000_000));
    }
}

#[test]
fn what_is_no_pack_says_why() {
    let told = |text: &str| SenmlJson.key(text.as_bytes()).expect_err(text).to_string();
    assert_eq!(told(r#"[{"n":"a","v":1}]"#), "there is no record `message.sequence`");
    assert_eq!(
        told(r#"[{"n":"a b","v":1}]"#),
        "record 1: `a b` is no name: it has letters, digits, `-`, `:`, `.`, `/`, `_`"
    );
    assert_eq!(told(r#"[{"n":"_a","v":1}]"#), "record 1: `_a` is no name: it begins with a letter or a digit");
    assert_eq!(told(r#"[{"n":"a","v":1,"vs":"b"}]"#), "record 1: it has more than one value");
    assert_eq!(told(r#"[{"n":"a","v":"1"}]"#), "record 1: `v` has a value of another kind");
    assert_eq!(told(r#"[{"n":"a","new_":1,"v":1}]"#), "record 1: `new_` must be understood, and is not known");
    assert_eq!(told(r#"[{"bver":11,"n":"a","v":1}]"#), "record 1: its version is not 10");
    assert_eq!(told(r#"{"n":"a"}"#), "line 1 column 0: invalid type: map, expected a sequence");
    let cbor = |octets: &[u8]| SenmlCbor.key(octets).expect_err("no pack").to_string();
    assert_eq!(cbor(&[0x80, 0x00]), "1 octets follow the pack");
    assert_eq!(cbor(&[0xa0]), "a pack is an array");
    assert_eq!(cbor(&[0x81, 0xa2, 0x00, 0x61, 0x61, 0x00, 0x61, 0x62]), "record 1: `n` appears twice");
}

/// A number without decimal text is missing in both encodings, and neither is without its record.
#[test]
fn what_has_no_decimal_text_is_missing() {
    for number in [8.2e307, -1e19, f64::INFINITY, f64::NAN] {
        let message = Message {
            device_serial: "m",
            patient_id: None,
            stream: "s",
            sequence: 3,
            device_time_ms: 1_000_500,
            readings: &[Reading::number(metrics::SPO2, number)],
            waves: &[],
            origin: Origin::default(),
        };
        for (format, read) in
            [(&SenmlJson as &dyn Format, json::read as fn(&[u8]) -> _), (&SenmlCbor as &dyn Format, cbor::read)]
        {
            let mut payload = BytesMut::new();
            format.encode(&message, &mut payload);
            let records = read(&payload).and_then(resolve).expect("a pack");
            let said: Vec<_> = records.iter().map(|record| (&*record.name, record.value.clone())).collect();
            let quality = Read::Text("not-available".to_owned());
            assert_eq!(
                said,
                [("m/s/message.sequence", Some(Read::Number(3.0))), ("m/s/spo2.quality", Some(quality)),],
                "{number}"
            );
        }
    }
}

/// Any change of one field, in a record that is about a value, is found.
#[test]
fn whatever_is_altered_is_found() {
    let said = vitals(&SenmlJson);
    let pack: Vec<Json> = serde_json::from_slice(&said).expect("JSON");
    let mut altered = 0;
    for (index, record) in pack.iter().enumerate() {
        for (name, value) in record.as_object().expect("a record") {
            let others = match value {
                Json::Number(number) => {
                    let number = number.as_f64().expect("a number");
                    vec![json!(number + number.abs().max(1e-3) * 1e-5), json!(-number), json!(number + 1.0)]
                }
                Json::String(text) => vec![json!(format!("{text}x")), json!("x")],
                _ => Vec::new(),
            };
            for other in others.into_iter().filter(|other| other != value) {
                let mut copy = pack.clone();
                copy[index][name] = other;
                let copy = serde_json::to_vec(&copy).expect("JSON");
                assert!(matches!(SenmlJson.same(&copy, &said), Sameness::Differs { .. }), "{index} {name}");
                altered += 1;
            }
            let mut copy = pack.clone();
            copy[index].as_object_mut().expect("a record").remove(name);
            let copy = serde_json::to_vec(&copy).expect("JSON");
            assert!(matches!(SenmlJson.same(&copy, &said), Sameness::Differs { .. }), "{index} without {name}");
        }
        let mut copy = pack.clone();
        copy.remove(index);
        let copy = serde_json::to_vec(&copy).expect("JSON");
        assert!(matches!(SenmlJson.same(&copy, &said), Sameness::Differs { .. }), "without {index}");
    }
    assert!(altered > 40, "{altered}");
}

/// Any change of one field of a record of the binary encoding is found; another order and other widths are no change.
#[test]
fn whatever_is_altered_in_cbor_is_found() {
    let said = vitals(&SenmlCbor);
    let Cbor::Array(pack) = ciborium::de::from_reader::<Cbor, _>(&said[..]).expect("CBOR") else { panic!("a pack") };
    let octets = |pack: &[Cbor]| {
        let mut octets = Vec::new();
        ciborium::ser::into_writer(&Cbor::Array(pack.to_vec()), &mut octets).expect("memory takes every write");
        octets
    };
    let differs = |pack: &[Cbor]| matches!(SenmlCbor.same(&octets(pack), &said), Sameness::Differs { .. });
    let mut altered = 0;
    for (index, record) in pack.iter().enumerate() {
        let Cbor::Map(fields) = record else { panic!("a record") };
        for (field, (label, value)) in fields.iter().enumerate() {
            let others = match value {
                Cbor::Integer(number) => vec![Cbor::from(i128::from(*number) as i64 + 1), Cbor::from("x")],
                Cbor::Float(number) => vec![Cbor::from(number + number.abs().max(1e-3) * 1e-5), Cbor::from(-number)],
                Cbor::Text(text) => vec![Cbor::from(format!("{text}x")), Cbor::from("x")],
                _ => panic!("a record has numbers and texts"),
            };
            for other in others {
                let mut copy = pack.clone();
                copy[index].as_map_mut().expect("a record")[field].1 = other;
                assert!(differs(&copy), "{index} {label:?}");
                altered += 1;
            }
            let mut copy = pack.clone();
            copy[index].as_map_mut().expect("a record").remove(field);
            assert!(differs(&copy), "{index} without {label:?}");
        }
        let mut copy = pack.clone();
        copy.remove(index);
        assert!(differs(&copy), "without {index}");
    }
    assert!(altered > 40, "{altered}");
    let mut rewritten = pack;
    for record in &mut rewritten {
        let fields = record.as_map_mut().expect("a record");
        fields.reverse();
        for (_, value) in fields {
            if let Cbor::Integer(number) = value {
                *value = Cbor::Float(i128::from(*number) as f64);
            }
        }
    }
    assert_eq!(SenmlCbor.same(&octets(&rewritten), &said), Sameness::Meaning);
}

fn reads_back(draft: &Draft, records: &[Resolved]) -> Result<(), TestCaseError> {
    let prefix = format!("{}/{}/", draft.device_serial, draft.stream);
    let find = |name: &str, suffix: &str| {
        let name = format!("{prefix}{name}{suffix}");
        records.iter().filter(|record| record.name == name).collect::<Vec<_>>()
    };
    prop_assert_eq!(&find(SEQUENCE, "")[0].value, &Some(Read::Number(draft.sequence as f64)));
    for reading in &draft.readings {
        let metric = reading.metric.metric();
        let found = find(metric.id, "");
        let unit = unit_of(metric);
        match reading.value {
            // What no decimal text could say is missing in every format.
            Value::Number(value) if scaled(value, metric.decimals).is_some() => {
                let step = libm::exp10(-f64::from(metric.decimals));
                let Some(Read::Number(read)) = found[0].value else { panic!("a number") };
                let read = read * unit.denominator / unit.numerator;
                prop_assert!((read - value).abs() <= step * 0.5 + value.abs() * ROUNDING, "{} {}", read, value);
                prop_assert_eq!(found[0].unit.as_deref(), unit.symbol);
            }
            Value::Code(code) => prop_assert_eq!(&found[0].value, &Some(Read::Text(code.to_owned()))),
            _ => prop_assert!(found.is_empty()),
        }
        let quality = find(metric.id, QUALITY);
        let is_missing = found.is_empty();
        prop_assert_eq!(quality.is_empty(), reading.quality == Quality::Ok && !is_missing);
        if reading.quality != Quality::Ok {
            prop_assert_eq!(&quality[0].value, &Some(Read::Text(reading.quality.word().to_owned())));
        }
    }
    for wave in &draft.waves {
        let metric = wave.metric.metric();
        prop_assert_eq!(metric.kind, MetricKind::Waveform);
        let found = find(metric.id, "");
        prop_assert_eq!(found.len(), wave.samples.len());
        let unit = unit_of(metric);
        for (index, (record, count)) in found.iter().zip(&wave.samples).enumerate() {
            let Some(Read::Number(read)) = record.value else { panic!("a number") };
            let counts = (read * unit.denominator / unit.numerator - wave.offset) / wave.gain;
            prop_assert!((counts - f64::from(*count)).abs() < 0.1, "{} {}", counts, count);
            let at_us = wave.first_ms as f64 * 1e3 + index as f64 * 1e9 / f64::from(wave.rate_mhz);
            prop_assert!((record.time_us as f64 - at_us).abs() <= 1.0, "{} {}", record.time_us, at_us);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_devices_say_reads_back(draft in likely_message()) {
        for (format, read) in [
            (&SenmlJson as &dyn Format, json::read as fn(&[u8]) -> _),
            (&SenmlCbor, cbor::read),
        ] {
            let payload = draft.encoded(format);
            let key = format.key(&payload).expect("a key");
            prop_assert_eq!(&*key.device_serial, &draft.device_serial);
            prop_assert_eq!(&*key.stream, &draft.stream);
            prop_assert_eq!(key.patient_id.as_deref(), draft.patient_id.as_deref());
            prop_assert_eq!((key.sequence, key.device_time_ms), (Some(draft.sequence), Some(draft.device_time_ms)));
            let records = read(&payload).and_then(resolve).expect("what is written is a pack");
            reads_back(&draft, &records)?;
        }
    }

    #[test]
    fn both_encodings_mean_the_same(draft in likely_message()) {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        prop_assert!(SenmlJson.write_meaning(&draft.encoded(&SenmlJson), &mut one));
        prop_assert!(SenmlCbor.write_meaning(&draft.encoded(&SenmlCbor), &mut other));
        prop_assert_eq!(String::from_utf8(one), String::from_utf8(other));
    }

    // Nothing that an encoder may be given makes it panic or write what is no JSON or CBOR.
    #[test]
    fn anything_is_encoded(draft in any_message()) {
        prop_assert!(serde_json::from_slice::<Json>(&draft.encoded(&SenmlJson)).is_ok());
        let payload = draft.encoded(&SenmlCbor);
        prop_assert!(ciborium::de::from_reader::<ciborium::Value, _>(&payload[..]).is_ok());
    }

    #[test]
    fn any_bytes_are_answered(payload in any::<Vec<u8>>()) {
        let _ = SenmlJson.key(&payload);
        let _ = SenmlCbor.key(&payload);
        let _ = SenmlCbor.write_meaning(&payload, &mut Vec::new());
    }
}
