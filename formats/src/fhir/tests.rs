//! What is written reads back, keeps the rules of FHIR, and whatever is altered is found.

use std::collections::BTreeSet;

use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use vocabulary::{
    DeviceIdentity, Format, Message, MetricId, Origin, PatientIdentity, Quality, Reading, Sameness, Value, Wave,
    metrics,
};

use super::FhirR4;
use super::panel::Panel;
use crate::alteration::alterations;
use crate::message_draft::{Draft, any_message, likely_message};

/// Rounding of one multiplication and one division, as a share.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// A monitor's message with a pressure and a wave.
fn vitals() -> BytesMut {
    let readings = [
        Reading::number(metrics::HR, 72.4),
        Reading::number(metrics::SPO2, 97.0),
        Reading::number(metrics::NIBP_SYS, 118.0),
        Reading::number(metrics::NIBP_DIA, 76.0),
        Reading::missing(metrics::NIBP_MEAN, Quality::NotAvailable),
        Reading::number(metrics::TEMP_CORE, 36.8).with_quality(Quality::Questionable),
        Reading::code(metrics::RHYTHM, "sinus"),
    ];
    let waves = [Wave {
        metric: metrics::ECG_II,
        first_ms: 1_768_471_199_123,
        rate_mhz: 250_000,
        gain: 0.001,
        offset: 0.0,
        samples: &[16, -22, 0, 1],
        quality: Quality::Ok,
    }];
    let device = DeviceIdentity {
        manufacturer: "Maker".to_owned(),
        model: "Monitor".to_owned(),
        firmware: "1.2.3".to_owned(),
        canary: String::new(),
    };
    let patient = PatientIdentity {
        given_name: "Ada".to_owned(),
        family_name: "Testmann".to_owned(),
        sex: "female".to_owned(),
        birth_date: "1961-04-02".to_owned(),
        record_number: "SIM0000001".to_owned(),
        canary: String::new(),
    };
    let message = Message {
        device_serial: "icu-0001-mon",
        patient_id: Some("icu-0001"),
        stream: "vitals",
        sequence: 17,
        device_time_ms: 1_768_471_200_123,
        readings: &readings,
        waves: &waves,
        origin: Origin { device_kind: "bedside_monitor", device: Some(&device), patient: Some(&patient), run: "" },
    };
    let mut out = BytesMut::new();
    FhirR4.encode(&message, &mut out);
    out
}

fn observations(bundle: &Json) -> Vec<&Json> {
    let entries = bundle["entry"].as_array().expect("entries").iter().map(|entry| &entry["resource"]);
    entries.filter(|resource| resource["resourceType"] == "Observation").collect()
}

/// The codes of a system in a concept.
fn codes<'b>(concept: &'b Json, system: &str) -> Vec<&'b str> {
    let coding = concept["coding"].as_array().into_iter().flatten();
    coding.filter(|coding| coding["system"] == system).filter_map(|coding| coding["code"].as_str()).collect()
}

#[test]
fn a_bundle_reads_like_the_standard() {
    let bundle: Json = serde_json::from_slice(&vitals()).expect("JSON");
    assert_eq!(bundle["type"], "transaction");
    assert_eq!(bundle["timestamp"], "2026-01-15T10:00:00.123Z");
    let patient = &bundle["entry"][0];
    assert_eq!(patient["resource"]["name"][0], json!({"use": "official", "family": "Testmann", "given": ["Ada"]}));
    assert_eq!(patient["request"]["ifNoneExist"], "identifier=urn:example:iomt:patient|icu-0001");
    let device = &bundle["entry"][1]["resource"];
    assert_eq!(device["patient"]["reference"], patient["fullUrl"]);
    assert_eq!((&device["serialNumber"], &device["version"][0]["value"]), (&json!("icu-0001-mon"), &json!("1.2.3")));

    let observations = observations(&bundle);
    let [heart_rate, saturation, pressure, temperature, rhythm, ecg] = &observations[..] else { panic!("six") };
    assert_eq!(heart_rate["meta"]["profile"][0], "http://hl7.org/fhir/StructureDefinition/heartrate");
    assert_eq!(heart_rate["meta"]["security"][0]["code"], "HTEST");
    assert_eq!(codes(&heart_rate["code"], "http://loinc.org"), ["8867-4"]);
    assert_eq!(codes(&heart_rate["code"], "urn:iso:std:iso:11073:10101"), ["147842"]);
    let quantity = json!({"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"});
    assert_eq!(heart_rate["valueQuantity"], quantity);
    assert_eq!(heart_rate["identifier"][0]["value"], "icu-0001-mon/vitals/17/hr/1768471200123");
    assert_eq!(codes(&saturation["code"], "http://loinc.org"), ["2708-6", "59408-5"]);
    assert_eq!(codes(&pressure["code"], "http://loinc.org"), ["85354-9"]);
    assert_eq!(codes(&pressure["component"][0]["code"], "http://loinc.org"), ["8480-6"]);
    assert_eq!(pressure["component"][1]["valueQuantity"]["value"], 76);
    assert_eq!(pressure["component"][2]["dataAbsentReason"]["coding"][0]["code"], "unknown");
    assert_eq!(codes(&temperature["code"], "http://loinc.org"), ["8310-5", "8329-5"]);
    assert_eq!(temperature["interpretation"][0]["coding"][0]["code"], "questionable");
    assert_eq!(rhythm["valueCodeableConcept"]["coding"][0]["code"], "sinus");
    let sampled = &ecg["valueSampledData"];
    assert_eq!((&sampled["period"], &sampled["factor"]), (&json!(4), &json!(0.001)));
    assert_eq!(sampled["data"], "16 -22 0 1");
    let period = json!({"start": "2026-01-15T09:59:59.123Z", "end": "2026-01-15T09:59:59.139Z"});
    assert_eq!(ecg["effectivePeriod"], period);
}

#[test]
fn a_bundle_and_each_of_its_observations_have_the_key_of_their_message() {
    let payload = vitals();
    let bundle: Json = serde_json::from_slice(&payload).expect("JSON");
    let key = FhirR4.key(&payload).expect("a key");
    assert_eq!(key.patient_id.as_deref(), Some("icu-0001"));
    let alone = observations(&bundle).into_iter().map(|observation| serde_json::to_vec(observation).expect("JSON"));
    for payload in alone.chain([payload.to_vec()]) {
        let key = FhirR4.key(&payload).expect("a key");
        assert_eq!((&*key.device_serial, &*key.stream, key.sequence), ("icu-0001-mon", "vitals", Some(17)));
        assert_eq!(key.device_time_ms, Some(1_768_471_200_123));
    }
    let told = |text: &str| FhirR4.key(text.as_bytes()).expect_err(text).to_string();
    let without = "a Patient without an identifier of `urn:example:iomt:message` or `urn:example:iomt:observation`";
    assert_eq!(told(r#"{"resourceType":"Patient"}"#), without);
    let other = r#"{"resourceType":"Bundle","identifier":{"system":"urn:example:iomt:message","value":"a/b/c"}}"#;
    assert_eq!(told(other), "`c` is no sequence number");
    assert_eq!(told("7"), "line 1 column 1: invalid type: integer `7`, expected struct Resource");
}

#[test]
fn whatever_is_altered_is_found() {
    let said = vitals();
    let altered = alterations(&said);
    for copy in &altered {
        assert!(matches!(FhirR4.same(copy, &said), Sameness::Differs { .. }), "{}", String::from_utf8_lossy(copy));
    }
    assert!(altered.len() > 300, "{}", altered.len());
    let bundle: Json = serde_json::from_slice(&said).expect("JSON");
    let pretty = serde_json::to_vec_pretty(&bundle).expect("JSON");
    assert_eq!(FhirR4.same(&pretty, &said), Sameness::Meaning);
}

/// Every metric is coded, and those of one message never have the same codes.
#[test]
fn every_metric_has_codes_and_a_category() {
    for metric in MetricId::all() {
        let coded = super::coding::coded(metric.metric());
        assert!(!coded.code.coding.is_empty(), "{}", metric.metric().id);
        assert!(coded.profile.is_none() || coded.category == "vital-signs");
    }
}

fn reads_back(draft: &Draft, bundle: &Json) -> Result<(), TestCaseError> {
    let observations = observations(bundle);
    let find = |id: &str| {
        let name = format!("{}/{}/{}/{id}/{}", draft.device_serial, draft.stream, draft.sequence, draft.device_time_ms);
        observations.iter().filter(|one| one["identifier"][0]["value"] == name.as_str()).collect::<Vec<_>>()
    };
    for reading in &draft.readings {
        let metric = reading.metric.metric();
        let panel = Panel::of(reading.metric);
        let found = find(panel.map_or(metric.id, |panel| panel.id));
        prop_assert_eq!(found.len(), 1, "{}", metric.id);
        let member = panel.and_then(|panel| panel.members.iter().position(|(member, _)| *member == reading.metric));
        let result = member.map_or(*found[0], |member| &found[0]["component"][member]);
        let values = ["valueQuantity", "valueCodeableConcept", "dataAbsentReason"];
        prop_assert_eq!(values.iter().filter(|key| result.get(**key).is_some()).count(), 1, "{}", result);
        match reading.value {
            Value::Number(value) if value.is_finite() && value.abs() < 1e9 => {
                let read = result["valueQuantity"]["value"].as_f64().expect("a number");
                let step = libm::exp10(-f64::from(metric.decimals));
                prop_assert!((read - value).abs() <= step * 0.5 + value.abs() * ROUNDING, "{} {}", read, value);
            }
            Value::Code("infusing") => {
                prop_assert_eq!(&result["valueCodeableConcept"]["coding"][0]["code"], "infusing");
            }
            Value::Missing => prop_assert!(result.get("dataAbsentReason").is_some()),
            Value::Number(_) | Value::Code(_) => {}
        }
        let quality = &result["interpretation"][0]["coding"][0]["code"];
        let expected = (reading.quality != Quality::Ok).then(|| reading.quality.word());
        prop_assert_eq!(quality.as_str(), expected);
    }
    for wave in &draft.waves {
        let found = find(wave.metric.metric().id);
        prop_assert_eq!(found.len(), 1);
        if wave.samples.is_empty() {
            prop_assert!(found[0].get("dataAbsentReason").is_some());
            continue;
        }
        let sampled = &found[0]["valueSampledData"];
        let data =
            sampled["data"].as_str().expect("data").split(' ').map(|count| count.parse::<i16>().expect("a count"));
        prop_assert!(data.eq(wave.samples.iter().copied()));
        prop_assert_eq!(sampled["factor"].as_f64(), Some(wave.gain));
        prop_assert_eq!(sampled["origin"]["value"].as_f64(), Some(wave.offset));
        let period_ms = sampled["period"].as_f64().expect("a number");
        prop_assert!((period_ms - 1e6 / f64::from(wave.rate_mhz)).abs() < 1e-9);
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_devices_say_reads_back(draft in likely_message()) {
        let payload = draft.encoded(&FhirR4);
        let key = FhirR4.key(&payload).expect("a key");
        prop_assert_eq!(&*key.device_serial, &draft.device_serial);
        prop_assert_eq!(&*key.stream, &draft.stream);
        prop_assert_eq!(key.patient_id.as_deref(), draft.patient_id.as_deref());
        prop_assert_eq!((key.sequence, key.device_time_ms), (Some(draft.sequence), Some(draft.device_time_ms)));
        let bundle: Json = serde_json::from_slice(&payload).expect("JSON");
        let urls: BTreeSet<_> = bundle["entry"].as_array().expect("entries").iter().map(|entry| entry["fullUrl"].as_str()).collect();
        prop_assert_eq!(urls.len(), bundle["entry"].as_array().expect("entries").len());
        reads_back(&draft, &bundle)?;
    }

    #[test]
    fn anything_is_encoded(draft in any_message()) {
        prop_assert!(serde_json::from_slice::<Json>(&draft.encoded(&FhirR4)).is_ok());
    }

    #[test]
    fn any_bytes_are_answered(payload in any::<Vec<u8>>(), text in any::<String>()) {
        let _ = FhirR4.key(&payload);
        let _ = FhirR4.key(format!("{{\"resourceType\":\"Bundle\",\"identifier\":{{\"system\":\"urn:example:iomt:message\",\"value\":{text:?}}}}}").as_bytes());
    }
}
