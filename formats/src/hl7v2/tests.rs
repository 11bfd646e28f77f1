use proptest::prelude::*;
use vocabulary::{
    DeviceIdentity, MetricId, MetricKind, Origin, PatientIdentity, Quality, Reading, Sameness, Value, Wave, metrics,
};

use super::*;
use crate::decimal::scaled;
use crate::message_draft::{Draft, any_message, likely_message};

fn patient() -> PatientIdentity {
    PatientIdentity {
        given_name: "Ada".to_owned(),
        family_name: "Testfeld".to_owned(),
        sex: "female".to_owned(),
        birth_date: "1961-04-02".to_owned(),
        record_number: "SIM0004711".to_owned(),
        canary: String::new(),
    }
}

fn said(stream: &str, readings: &[Reading], waves: &[Wave<'_>]) -> String {
    let device = DeviceIdentity {
        manufacturer: "Elbe Testtechnik".to_owned(),
        model: "Bedside Monitor".to_owned(),
        firmware: "1.2.3".to_owned(),
        canary: String::new(),
    };
    let patient = patient();
    let origin = Origin { device_kind: "bedside_monitor", device: Some(&device), patient: Some(&patient), run: "" };
    let message = Message {
        device_serial: "icu-0001-mon",
        patient_id: Some("icu-0001"),
        stream,
        sequence: 17,
        device_time_ms: 1_768_471_200_123,
        readings,
        waves,
        origin,
    };
    let mut out = BytesMut::new();
    Hl7V2.encode(&message, &mut out);
    String::from_utf8(out.to_vec()).expect("UTF-8")
}

fn vitals() -> String {
    let readings = [
        Reading::number(metrics::HR, 72.4),
        Reading::number(metrics::SPO2, 97.0).with_quality(Quality::Questionable),
        Reading::missing(metrics::NIBP_SYS, Quality::NotAvailable),
        Reading::code(metrics::RHYTHM, "sinus|^rhythm"),
        Reading::number(metrics::EDA, 3.25),
    ];
    let wave = Wave {
        metric: metrics::ECG_II,
        first_ms: 1_768_471_199_123,
        rate_mhz: 250_000,
        gain: 0.001,
        offset: 0.0,
        samples: &[16, -22, 0, 1_031],
        quality: Quality::Ok,
    };
    said("vitals", &readings, &[wave])
}

fn alarm() -> String {
    let readings = [
        Reading::code(metrics::ALARM, "hr_high"),
        Reading::code(metrics::ALARM_PRIORITY, "medium"),
        Reading::code(metrics::ALARM_PHASE, "start"),
    ];
    said("alarm", &readings, &[])
}

/// The message as it stands in a file, one segment a line; `UPDATE_SAMPLES=1` writes it anew.
fn assert_as_in_file(name: &str, written: &str) {
    let path = format!("{}/samples/hl7v2/{name}.hl7", env!("CARGO_MANIFEST_DIR"));
    let lines = written.replace('\r', "\n");
    if std::env::var_os("UPDATE_SAMPLES").is_some() {
        std::fs::write(&path, &lines).expect("a file");
    }
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), lines, "{name}");
}

#[test]
fn observations_are_those_of_the_profile() {
    assert_as_in_file("oru_r01", &vitals());
}

#[test]
fn alarms_are_those_of_the_profile() {
    assert_as_in_file("oru_r40", &alarm());
}

fn events() -> Vec<PatientEvent> {
    let at = |ward: &str| Location { ward: ward.to_owned(), room: "4".to_owned(), bed: "B-1".to_owned() };
    let event = |(number, kind): (i64, PatientEventKind)| PatientEvent {
        kind,
        control_id: format!("{number}"),
        at_ms: 1_768_471_200_123 + number,
        patient_id: "icu-0001".to_owned(),
        patient: patient(),
        location: (kind != PatientEventKind::Merged).then(|| at("ICU & more")),
        prior_location: (kind == PatientEventKind::Transferred).then(|| at("ER")),
        prior_patient_id: (kind == PatientEventKind::Merged).then(|| "er-0007".to_owned()),
    };
    (1..).zip(PatientEventKind::ALL).map(event).collect()
}

#[test]
fn events_of_patients_read_back() {
    for (event, name) in events().iter().zip(["adt_a01", "adt_a02", "adt_a03", "adt_a08", "adt_a40"]) {
        let mut out = BytesMut::new();
        event.encode(&mut out);
        assert_as_in_file(name, std::str::from_utf8(&out).expect("UTF-8"));
        assert_eq!(PatientEvent::parse(&out).as_ref(), Ok(event));
    }
    let told = |text: &[u8]| PatientEvent::parse(text).expect_err("none").to_string();
    let other = "MSH-9 is `ADT^A99`; it should be ADT with one of A01, A02, A03, A08, A40";
    assert_eq!(told(b"MSH|^~\\&|||||20260115||ADT^A99|1|P|2.6\r"), other);
    assert_eq!(told(b"MSH|^~\\&|||||20260115||ADT^A01|1|P|2.6\r"), "there is no segment EVN");
    let nobody = b"MSH|^~\\&|||||||ADT^A01|1|P|2.6\rEVN||20260115100000+0000\rPID|1||Unknown^^^A^PI||||||||||||||||||||||||||||Y\r";
    assert_eq!(told(nobody), "PID-3 is `Unknown^^^A^PI`; it should be the identifier of a patient");
}

#[test]
fn orders_read_back() {
    let order = InfusionOrder {
        control_id: "1".to_owned(),
        at_ms: 1_768_471_200_123,
        order_id: "ORDER-7".to_owned(),
        patient_id: "icu-0001".to_owned(),
        patient: patient(),
        substance: Substance { code: "3616".to_owned(), name: "dopamine".to_owned() },
        volume_ml: 250.0,
        rate_ml_h: 12.5,
        concentration_mg_ml: Some(1.6),
        pump_serial: "icu-0001-pump".to_owned(),
    };
    let mut out = BytesMut::new();
    order.encode(&mut out);
    let text = std::str::from_utf8(&out).expect("UTF-8");
    assert_as_in_file("rgv_o15", text);
    assert_eq!(InfusionOrder::parse(&out), Ok(order));
    let told = |from: &str, to: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        InfusionOrder::parse(changed.as_bytes()).expect_err("none").to_string()
    };
    let minutes = "RXG-16 is `265216^MDC_DIM_L_PER_MIN^MDC`; it should be 265266^MDC_DIM_MILLI_L_PER_HR^MDC";
    assert_eq!(told("265266^MDC_DIM_MILLI_L_PER_HR^MDC", "265216^MDC_DIM_L_PER_MIN^MDC"), minutes);
    assert_eq!(told("|12.5|", "|much|"), "RXG-15 is `much`; it should be how many mL are given an hour");
    assert_eq!(told("OBX|1||69986", "OBX|1||69987"), "there is no segment OBX of the pump (69986) with OBX-18");
}

#[test]
fn a_message_has_its_key_and_others_are_told() {
    for (payload, stream) in [(vitals(), "vitals"), (alarm(), "alarm")] {
        let key = Hl7V2.key(payload.as_bytes()).expect("a key");
        assert_eq!((&*key.device_serial, &*key.stream, key.sequence), ("icu-0001-mon", stream, Some(17)));
        assert_eq!((key.patient_id.as_deref(), key.device_time_ms), (Some("icu-0001"), Some(1_768_471_200_123)));
    }
    let told = |payload: &[u8]| Hl7V2.key(payload).expect_err("no key").to_string();
    assert_eq!(told(b"{\"hr\": 61}"), "a message begins with `MSH`, this with `{\"hr\": 61}`");
    assert_eq!(told(b"MSH|^~\\&|\rOBR|1||4711^LAB"), "OBR-3 is `4711^LAB`; it should be `SEQUENCE^STREAM^SERIAL^L`");
    assert_eq!(told(b"MSH|^^\\&|\r"), "MSH-1 and MSH-2 must be five different signs such as `|^~\\&`, got `|^^\\&|`");
    assert_eq!(told(b"MSH|^~\\&|\robx|1"), "segment 2 has no name of three capitals or digits: `obx|1`");
    assert_eq!(told(b"MSH|^~\\&|\xff"), "no UTF-8 at octet 9");
}

/// Replaces every part between delimiters in turn, and drops every segment in turn.
#[test]
fn whatever_is_altered_is_found() {
    const DELIMITERS: [char; 4] = ['|', '^', '~', '\r'];
    for said in [vitals(), alarm()] {
        let (mut begin, mut altered) = (0, 0);
        for (end, _) in said.match_indices(DELIMITERS) {
            let part = &said[begin..end];
            // The delimiters themselves, and what is of the way and not of the message.
            let field = said[..begin].rsplit('\r').next().unwrap_or_default().matches('|').count() + 1;
            let of_the_way =
                begin < said.find('\r').expect("a segment") && (field <= 2 || [5, 6, 7, 10].contains(&field));
            let copy = format!("{}{part}7{}", &said[..begin], &said[end..]);
            if !of_the_way {
                assert!(matches!(Hl7V2.same(copy.as_bytes(), said.as_bytes()), Sameness::Differs { .. }), "{copy}");
                altered += 1;
            }
            begin = end + 1;
        }
        assert!(altered > 100, "{altered}");
        let lines: Vec<&str> = said.split_inclusive('\r').collect();
        for dropped in 1..lines.len() {
            let copy: String =
                lines.iter().enumerate().filter(|(index, _)| *index != dropped).map(|(_, line)| *line).collect();
            assert!(matches!(Hl7V2.same(copy.as_bytes(), said.as_bytes()), Sameness::Differs { .. }), "{dropped}");
        }
    }
}

#[test]
fn what_others_write_anew_means_the_same() {
    let said = vitals();
    let header = said.split('\r').next().expect("a header");
    let passed_on = header.replace("|SIMULATED|||", "|SIMULATED|EHR|HOSP|").replace("icu-0001-mon/vitals/17", "9");
    assert_ne!(passed_on, header);
    for copy in [
        said.replace('\r', "\r\n"),
        said.replace('\r', "|||\r"),
        said.replace(header, &passed_on),
        said.replace("|72|", "|72.0|").replace("^-0.022^", "^-2.2e-2^"),
        said.replace("20260115100000.123+0000", "20260115110000.123+0100"),
        said.replace('^', "*").replace("\\S\\", "^"),
    ] {
        assert_ne!(copy, said);
        assert_eq!(Hl7V2.same(copy.as_bytes(), said.as_bytes()), Sameness::Meaning, "{copy}");
    }
    let without_zone = said.replace("00000.123+0000", "00000.123");
    assert_ne!(without_zone, said);
    assert!(matches!(Hl7V2.same(without_zone.as_bytes(), said.as_bytes()), Sameness::Differs { .. }));
}

#[test]
fn every_metric_has_a_place_and_a_name() {
    for metric in MetricId::all().filter(|id| id.metric().kind == MetricKind::Numeric) {
        let payload = said("all", &[Reading::number(metric, 1.0)], &[]);
        let observation = payload.split('\r').find(|segment| segment.contains("|NM|")).expect("an observation");
        let name = observation.split('|').nth(3).expect("a name");
        assert!(name.contains("^MDC") || name.contains(&format!("{}^", metric.metric().id)), "{observation}");
    }
}

fn reads_back(draft: &Draft, payload: &[u8]) -> Result<(), TestCaseError> {
    let structure = Structure::parse(payload).expect("a message");
    let observations: Vec<&Segment<'_>> =
        structure.segments().iter().filter(|segment| segment.name() == "OBX").collect();
    for (index, segment) in observations.iter().enumerate() {
        prop_assert_eq!(segment.field(1).raw(), (index + 1).to_string());
    }
    let mut places: Vec<&str> = observations.iter().map(|segment| segment.field(4).raw()).collect();
    places.sort_unstable();
    places.dedup();
    prop_assert_eq!(places.len(), observations.len());
    let of = |id: MetricId| {
        let metric = id.metric();
        let name = metric.mdc_code.map_or_else(|| metric.id.to_owned(), |code| code.to_string());
        observations.iter().filter(|segment| segment.field(3).component(1) == name).collect::<Vec<_>>()
    };
    for reading in draft.readings.iter().filter(|reading| !facet(reading.metric)) {
        let decimals = reading.metric.metric().decimals;
        let said = match reading.value {
            Value::Number(number) => scaled(number, decimals).map(|_| ("NM", number)),
            Value::Code("") | Value::Missing => None,
            Value::Code(_) => Some(("CWE", 0.0)),
        };
        // Metrics of one code are told apart by their places.
        let read = of(reading.metric).into_iter().any(|segment| match said {
            Some(("NM", number)) => {
                let step = libm::exp10(-f64::from(decimals));
                let near = |read: f64| (read - number).abs() <= step * 0.5 + number.abs() * 1e-12;
                segment.field(2).raw() == "NM" && segment.field(5).component(1).parse().is_ok_and(near)
            }
            Some(_) => reading.value == Value::Code(leaked(&segment.field(5).component(1))),
            None => segment.field(2).raw().is_empty() && segment.field(11).raw() == "X",
        });
        prop_assert!(read, "{:?} in {}", reading, String::from_utf8_lossy(payload));
    }
    for wave in draft.waves.iter().filter(|wave| !wave.samples.is_empty()) {
        let read = of(wave.metric).into_iter().any(|segment| {
            let samples: Vec<f64> =
                segment.field(5).raw().split('^').filter_map(|sample| sample.parse().ok()).collect();
            samples.len() == wave.samples.len()
                && samples.iter().zip(&wave.samples).all(|(read, count)| {
                    (read - (f64::from(*count) * wave.gain + wave.offset)).abs() < wave.gain.abs() * 0.5 + 1e-9
                })
        });
        prop_assert!(read, "{:?}", wave);
    }
    Ok(())
}

fn facet(metric: MetricId) -> bool {
    [metrics::ALARM, metrics::ALARM_PHASE, metrics::ALARM_PRIORITY].contains(&metric)
}

/// The codes of drafts are few, so nothing piles up.
fn leaked(text: &str) -> &'static str {
    ["infusing", "lead \"off\"\n"].into_iter().find(|known| *known == text).unwrap_or("another")
}

proptest! {
    #[test]
    fn what_devices_say_reads_back(draft in likely_message()) {
        let payload = draft.encoded(&Hl7V2);
        let key = Hl7V2.key(&payload).expect("a key");
        prop_assert_eq!(&*key.device_serial, &draft.device_serial);
        prop_assert_eq!(&*key.stream, &draft.stream);
        prop_assert_eq!(key.patient_id.as_deref(), draft.patient_id.as_deref());
        prop_assert_eq!((key.sequence, key.device_time_ms), (Some(draft.sequence), Some(draft.device_time_ms)));
        reads_back(&draft, &payload)?;
    }

    #[test]
    fn anything_is_encoded(draft in any_message()) {
        let payload = draft.encoded(&Hl7V2);
        prop_assert!(Structure::parse(&payload).is_ok());
        prop_assert_eq!(Hl7V2.same(&payload, &payload), Sameness::Bytes);
    }

    #[test]
    fn any_bytes_are_answered(payload: Vec<u8>, text in "MSH[|^~\\\\&A-Z0-9\r]{0,60}") {
        for payload in [&payload[..], text.as_bytes()] {
            let _ = Hl7V2.key(payload);
            let _ = Hl7V2.write_meaning(payload, &mut Vec::new());
            let _ = (PatientEvent::parse(payload), InfusionOrder::parse(payload), Acknowledgement::parse(payload));
        }
    }
}
