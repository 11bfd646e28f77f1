//! What is written reads back, dressed or not; what is rewritten means the same, what is altered does not; a node keeps the
//! rules, and a host finds whoever breaks them.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use vocabulary::{
    DeviceIdentity, Format, FormatSession, Message, MetricId, Origin, Quality, Reading, Sameness, SessionFollower,
    SessionMessage, SessionRules, SessionStream, Value, Wave, metrics,
};

use super::Sparkplug;
use super::encode::{GAIN, OFFSET, QUALITY, REASON, SAMPLE_RATE};
use super::host::Host;
use super::payload::{Payload, field};
use super::tag::Tag;
use super::wire::{Field, Fields, Raw, write_field, write_message, write_number, write_octets};
use crate::decimal::scaled;
use crate::message_draft::{Draft, any_message, likely_message};

const TOPIC: &str = "spBv1.0/icu/NDATA/mon-0001";
const NOW_MS: i64 = 1_768_471_205_000;

/// A session of another author's hand, as it was published.
const STRANGERS: [(&str, &str); 4] = [
    (
        "spBv1.0/SimHosp-ICU/NBIRTH/gw-0001",
        concat!(
            "088cfee388bc3312120a056264536571188cfee388bc332004580712210a144e6f646520436f6e74726f6c2f52656269727468188c",
            "fee388bc33200b70001800",
        ),
    ),
    (
        "spBv1.0/SimHosp-ICU/DBIRTH/gw-0001/mon-0001",
        concat!(
            "08f0fee388bc3312450a09566974616c732f6872100118f0fee388bc33200a4a240a07656e67556e69740a036d64631208080c42042f",
            "6d696e120a080c4206313437383432690000000000005240",
            "1801",
        ),
    ),
    ("spBv1.0/SimHosp-ICU/DDATA/gw-0001/mon-0001", "088082e488bc33121410011880 82e488bc33200a6900000000000052401802"),
    ("spBv1.0/SimHosp-ICU/NDEATH/gw-0001", "0898fae388bc3312120a0562645365711898fae388bc3320045807"),
];

fn octets(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<char> = hexadecimal.chars().filter(|digit| !digit.is_whitespace()).collect();
    let octet = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hexadecimal");
    digits.chunks(2).map(octet).collect()
}

fn with_vitals<R>(sequence: u64, look: impl FnOnce(&Message<'_>) -> R) -> R {
    let readings = [
        Reading::number(metrics::HR, 72.4),
        Reading::number(metrics::SPO2, 57.0).with_quality(Quality::Questionable),
        Reading::missing(metrics::TEMP_CORE, Quality::NotAvailable),
        Reading::code(metrics::RHYTHM, "sinus"),
    ];
    let waves = [Wave {
        metric: metrics::ECG_II,
        first_ms: 1_768_471_199_999,
        rate_mhz: 62_500,
        gain: 0.001,
        offset: 0.5,
        samples: &[16, -22],
        quality: Quality::Ok,
    }];
    look(&Message {
        device_serial: "mon-0001",
        patient_id: Some("SIM-000001"),
        stream: "vitals",
        sequence,
        device_time_ms: 1_768_471_200_123,
        readings: &readings,
        waves: &waves,
        origin: Origin::default(),
    })
}

fn vitals(sequence: u64) -> BytesMut {
    let mut out = BytesMut::new();
    with_vitals(sequence, |message| Sparkplug.encode(message, &mut out));
    out
}

fn stream(topic: &str, metrics: Vec<MetricId>) -> SessionStream {
    SessionStream {
        topic: topic.to_owned(),
        device_serial: "mon-0001".to_owned(),
        device: DeviceIdentity::default(),
        metrics,
    }
}

fn node() -> Box<dyn FormatSession> {
    let said = vec![metrics::HR, metrics::SPO2, metrics::TEMP_CORE, metrics::RHYTHM, metrics::ECG_II];
    Sparkplug.begin(&[stream(TOPIC, said), stream(TOPIC, vec![metrics::HR])])
}

fn host() -> Host {
    Host::of(&[TOPIC.to_owned()])
}

/// The words for the first rule that messages break.
fn flaw(host: &mut Host, messages: &[SessionMessage]) -> Option<&'static str> {
    messages.iter().find_map(|message| host.see(&message.topic, &message.payload).expect("of the session").flaw)
}

#[test]
fn a_session_of_another_author_is_understood() {
    let mut host = Host::of(&["spBv1.0/SimHosp-ICU/DDATA/gw-0001/mon-0001".to_owned()]);
    for (topic, payload) in STRANGERS {
        let seen = host.see(topic, &octets(payload)).expect("a node that is followed");
        assert_eq!(seen.flaw, None, "{topic}");
        assert_eq!(seen.is_of_session, seen.kind != "DDATA");
    }
    assert_eq!(host.see("spBv1.0/another/NBIRTH/gw-0001", &octets(STRANGERS[0].1)), None);
}

#[test]
fn a_death_has_the_octets_of_another_author() {
    let mut node = Sparkplug.begin(&[stream("spBv1.0/SimHosp-ICU/NDATA/gw-0001", Vec::new())]);
    for _ in 0..7 {
        drop(node.connect(0));
    }
    let death = node.connect(1_768_471_199_000);
    let stamped = octets(STRANGERS[3].1);
    assert_eq!((death.topic.as_str(), death.qos), (STRANGERS[3].0, 1));
    let plain = |octets: &[u8]| {
        let payload = Payload::read(octets).expect("a payload");
        let death = payload.named("bdSeq").expect("a metric");
        (payload.metrics.len(), payload.sequence, death.datatype, death.long(), octets.len())
    };
    assert_eq!(plain(&death.payload), plain(&stamped));
    assert_eq!(&death.payload[..], &restamped(&stamped, 1_768_471_199_000)[..]);
}

/// The death of another author, at another time.
fn restamped(octets: &[u8], time_ms: u64) -> BytesMut {
    let payload = Payload::read(octets).expect("a payload");
    let mut out = BytesMut::new();
    write_number(field::PAYLOAD_TIMESTAMP, time_ms, &mut out);
    let metric = &payload.metrics[0];
    write_message(field::PAYLOAD_METRIC, &mut out, |out| {
        write_octets(field::NAME, metric.name.expect("a name").as_bytes(), out);
        write_number(field::TIMESTAMP, time_ms, out);
        write_number(field::DATATYPE, metric.datatype.expect("a type"), out);
        write_field(metric.value.expect("a value"), out);
    });
    out
}

#[test]
fn a_node_keeps_the_rules() {
    let (mut node, mut host) = (node(), host());
    assert_eq!(node.filters(), ["spBv1.0/icu/NCMD/mon-0001"]);
    let will = node.connect(NOW_MS);
    assert_eq!(flaw(&mut host, &node.open(NOW_MS)), None);
    let said = vitals(3);
    // Sequence numbers go on after 255.
    for round in 0..600 {
        let dressed = node.dress(TOPIC, &said, false, NOW_MS);
        let read = Payload::read(&dressed).expect("a payload");
        assert_eq!(read.sequence, Some((round + 1) % 256));
        assert!(read.metrics.iter().all(|metric| metric.name.is_none() && metric.datatype.is_none()), "names");
        assert!(read.metrics.iter().all(|metric| metric.timestamp_ms.is_some()), "times");
        assert_eq!(host.see(TOPIC, &dressed).expect("of the session").flaw, None);
        assert_eq!(Sparkplug.same(&dressed, &said), Sameness::Meaning);
    }
    // A rebirth says what was said last, and has the same death.
    let mut ask = BytesMut::new();
    write_message(field::PAYLOAD_METRIC, &mut ask, |out| {
        write_octets(field::NAME, b"Node Control/Rebirth", out);
        write_number(field::BOOLEAN, 1, out);
    });
    assert_eq!(node.hear(b"spBv1.0/icu/NCMD/another", &ask, NOW_MS), []);
    assert_eq!(node.hear(b"spBv1.0/icu/NCMD/mon-0001", b"\xff", NOW_MS), []);
    let births = node.hear(b"spBv1.0/icu/NCMD/mon-0001", &ask, NOW_MS);
    let birth = Payload::read(&births[0].payload).expect("a payload");
    let death_number = |payload: &[u8]| Payload::read(payload).expect("a payload").named("bdSeq").expect("one").long();
    assert_eq!((birth.sequence, death_number(&births[0].payload)), (Some(0), death_number(&will.payload)));
    let heart_rate = birth.named("hr").expect("a metric");
    assert_eq!(heart_rate.value.expect("a value").double(), Ok(72.0));
    assert_eq!(heart_rate.properties().expect("properties").len(), 2, "unit and code");
    assert!(birth.named("ecg_ii").expect("a metric").is_null, "samples are not said again");
    assert!(birth.named("Message/Sequence").expect("a metric").is_null, "a birth is no message");
    assert!(Sparkplug.key(&births[0].payload).is_err());
    assert_eq!(flaw(&mut host, &births), None);
    // After another connection there is another death, and what has waited is of the past.
    assert_eq!(host.see(&will.topic, &will.payload).expect("a death").flaw, None);
    let next = node.connect(NOW_MS + 5_000);
    assert_eq!(death_number(&next.payload), Some(1));
    assert_eq!(flaw(&mut host, &node.open(NOW_MS + 5_000)), None);
    let late = node.dress(TOPIC, &said, true, NOW_MS + 5_000);
    let read = Payload::read(&late).expect("a payload");
    assert!(read.metrics.iter().all(|metric| metric.is_historical));
    assert_eq!(read.timestamp_ms, Some(NOW_MS.cast_unsigned() + 5_000));
    assert_eq!(Sparkplug.same(&late, &said), Sameness::Meaning);
    assert_eq!(host.see(TOPIC, &late).expect("of the session").flaw, None);
    assert_eq!(flaw(&mut host, &node.close(NOW_MS)), None);
}

#[test]
fn devices_are_born_below_their_node() {
    let topics = ["spBv1.0/icu/DDATA/gw/a", "spBv1.0/icu/DDATA/gw/b"];
    let mut node = Sparkplug.begin(&topics.map(|topic| stream(topic, vec![metrics::HR])));
    let mut host = Host::of(&topics.map(str::to_owned));
    node.connect(NOW_MS);
    let births = node.open(NOW_MS);
    let of: Vec<&str> = births.iter().map(|birth| birth.topic.as_str()).collect();
    assert_eq!(of, ["spBv1.0/icu/NBIRTH/gw", "spBv1.0/icu/DBIRTH/gw/a", "spBv1.0/icu/DBIRTH/gw/b"]);
    assert_eq!(flaw(&mut host, &births), None, "numbers for names are unique below a node");
    let said = vitals(0);
    for topic in topics {
        let dressed = node.dress(topic, &said, false, NOW_MS);
        assert_eq!(Sparkplug.same(&dressed, &said), Sameness::Meaning);
        assert_eq!(host.see(topic, &dressed).expect("of the session").flaw, None);
    }
}

#[test]
fn a_host_finds_who_breaks_the_rules() {
    let said = vitals(0);
    let told = |host: &mut Host, payload: &[u8]| host.see(TOPIC, payload).expect("of the session").flaw;
    let (mut one, mut watching) = (node(), host());
    let will = one.connect(NOW_MS);
    let births = one.open(NOW_MS);
    let data: Vec<Bytes> = (0..4).map(|_| one.dress(TOPIC, &said, false, NOW_MS)).collect();
    assert_eq!(told(&mut watching, &data[0]), Some("data of a node before its NBIRTH"));
    assert_eq!(flaw(&mut watching, &births), None);
    assert_eq!(told(&mut watching, &data[0]), None);
    assert_eq!(told(&mut watching, &data[2]), Some("a sequence number does not follow on the one before"));
    assert_eq!(told(&mut watching, &data[3]), None, "once told, it goes on from there");
    watching.lost_sight();
    assert_eq!(told(&mut watching, &data[1]), None, "what was not seen proves nothing");
    assert_eq!(told(&mut watching, b"\xff"), Some("a payload that is none of Sparkplug"));
    let other = one.connect(NOW_MS);
    assert_eq!(flaw(&mut watching, &births), None);
    assert_eq!(flaw(&mut watching, &[other]), Some("an NDEATH whose bdSeq is not that of the NBIRTH before"));
    assert_eq!(flaw(&mut watching, &[will]), None);
    assert_eq!(told(&mut watching, &data[0]), Some("data of a node before its NBIRTH"));
    // A metric that no birth has declared.
    let mut poor = Sparkplug.begin(&[stream(TOPIC, vec![metrics::HR])]);
    let mut watching = host();
    poor.connect(NOW_MS);
    flaw(&mut watching, &poor.open(NOW_MS));
    let mut undeclared = BytesMut::new();
    write_message(field::PAYLOAD_METRIC, &mut undeclared, |out| write_number(field::ALIAS, 4_000, out));
    write_number(field::PAYLOAD_SEQUENCE, 1, &mut undeclared);
    assert_eq!(told(&mut watching, &undeclared), Some("a number for a name that no birth has declared"));
}

/// The messages within a message, by the kind of the outer one.
fn inner(path: &[u64]) -> bool {
    matches!(
        path,
        [field::PAYLOAD_METRIC]
            | [field::PAYLOAD_METRIC, field::PROPERTIES]
            | [_, field::PROPERTIES, field::PROPERTY_VALUE]
    )
}

/// The fields with another one, or none, in a place.
fn with(fields: &[Field<'_>], index: usize, other: Option<Field<'_>>) -> BytesMut {
    let mut out = BytesMut::new();
    for (place, field) in fields.iter().enumerate() {
        match other {
            Some(other) if place == index => write_field(other, &mut out),
            None if place == index => {}
            _ => write_field(*field, &mut out),
        }
    }
    out
}

/// Every copy of a message in which one field has another value, or is not there, with the path to that field.
fn alterations(message: &[u8], path: &[u64]) -> Vec<(Vec<u64>, BytesMut)> {
    let fields: Vec<Field<'_>> = Fields::of(message).collect::<Result<_, _>>().expect("a message");
    let mut all = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let here: Vec<u64> = path.iter().copied().chain([field.number]).collect();
        all.push((here.clone(), with(&fields, index, None)));
        let altered = |raw: Raw<'_>| with(&fields, index, Some(Field { number: field.number, raw }));
        match field.raw {
            Raw::Octets(octets) if inner(&here) => {
                for (deeper, inner) in alterations(octets, &here) {
                    all.push((deeper, altered(Raw::Octets(&inner))));
                }
            }
            Raw::Octets(octets) => {
                let mut other = octets.to_vec();
                other.push(b'x');
                all.push((here.clone(), altered(Raw::Octets(&other))));
                if let Some(last) = octets.len().checked_sub(1) {
                    other.truncate(last + 1);
                    other[last] ^= 1;
                    all.push((here, altered(Raw::Octets(&other))));
                }
            }
            Raw::Varint(value) => all.push((here, altered(Raw::Varint(value ^ 1)))),
            Raw::Fixed64(value) => all.push((here, altered(Raw::Fixed64(value ^ 1)))),
            Raw::Fixed32(value) => all.push((here, altered(Raw::Fixed32(value ^ 1)))),
        }
    }
    all
}

/// Whatever is altered is found, but for what belongs to the session: its sequence number, and the mark of what has waited.
#[test]
fn whatever_is_altered_is_found() {
    let said = vitals(3);
    let mut node = node();
    node.connect(NOW_MS);
    node.open(NOW_MS);
    let dressed = node.dress(TOPIC, &said, false, NOW_MS);
    let late = node.dress(TOPIC, &said, true, NOW_MS);
    let mut found = 0;
    for payload in [&said[..], &dressed[..], &late[..]] {
        for (path, altered) in alterations(payload, &[]) {
            let same = Sparkplug.same(&altered, &said);
            let is_late = payload == &late[..];
            let of_session = match path[..] {
                [field::PAYLOAD_SEQUENCE] => true,
                // What has waited is marked, and sent at another time.
                [field::PAYLOAD_TIMESTAMP] | [field::PAYLOAD_METRIC, field::IS_HISTORICAL] => is_late,
                // A birth has said it: it may be left out, and not be another.
                [field::PAYLOAD_METRIC, field::DATATYPE] => same == Sameness::Meaning,
                _ => false,
            };
            if of_session {
                continue;
            }
            assert!(matches!(same, Sameness::Differs { .. }), "{path:?}");
            found += 1;
        }
    }
    assert!(found > 200, "{found}");
}

/// The same payload as another program writes it: metrics and their fields in another order, without what a birth has said.
fn reserialised(payload: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    let fields: Vec<Field<'_>> = Fields::of(payload).collect::<Result<_, _>>().expect("a payload");
    for field in fields.iter().rev() {
        match field.raw {
            Raw::Octets(metric) => write_message(field.number, &mut out, |out| {
                let inner: Vec<Field<'_>> = Fields::of(metric).collect::<Result<_, _>>().expect("a metric");
                for field in inner.iter().rev() {
                    write_field(*field, out);
                }
            }),
            _ => write_field(*field, &mut out),
        }
    }
    out
}

fn reads_back(draft: &Draft, payload: &[u8]) -> Result<(), TestCaseError> {
    let read = Payload::read(payload).expect("a payload");
    for reading in &draft.readings {
        let metric = read.metric(Tag::Of(reading.metric)).expect("a metric");
        let decimals = reading.metric.metric().decimals;
        match reading.value {
            Value::Number(number) if scaled(number, decimals).is_some() => {
                let read = metric.value.expect("a value").double().expect("a number");
                let half = 0.5 * libm::exp10(-f64::from(decimals));
                prop_assert!((read - number).abs() <= half + number.abs() * 1e-15, "{} {}", read, number);
            }
            Value::Code(code) => prop_assert_eq!(metric.text(), Some(code)),
            _ => prop_assert!(metric.is_null && metric.value.is_none()),
        }
        let properties = metric.properties().expect("properties");
        prop_assert_eq!(properties.contains_key(QUALITY), reading.quality != Quality::Ok);
        if let Some(reason) = properties.get(REASON) {
            let word = Fields::of(reason).filter_map(Result::ok).find(|part| part.number == field::PROPERTY_STRING);
            prop_assert_eq!(word.expect("a text").text(), Ok(reading.quality.word()));
        }
    }
    for wave in &draft.waves {
        let metric = read.metric(Tag::Of(wave.metric)).expect("a metric");
        prop_assert_eq!(metric.timestamp_ms, Some(wave.first_ms.cast_unsigned()));
        let octets = metric.value.expect("samples").octets().expect("octets");
        let samples: Vec<i16> = octets.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        prop_assert_eq!(&samples, &wave.samples);
        let properties = metric.properties().expect("properties");
        for (key, value) in [(SAMPLE_RATE, f64::from(wave.rate_mhz) / 1e3), (GAIN, wave.gain), (OFFSET, wave.offset)] {
            let number =
                Fields::of(properties[key]).filter_map(Result::ok).find(|part| part.number == field::PROPERTY_DOUBLE);
            prop_assert_eq!(number.expect("a number").double(), Ok(value));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_devices_say_reads_back(draft in likely_message(), is_backfill in any::<bool>()) {
        let said = draft.encoded(&Sparkplug);
        let declared = draft.readings.iter().map(|reading| reading.metric);
        let declared = declared.chain(draft.waves.iter().map(|wave| wave.metric)).collect();
        let mut node = Sparkplug.begin(&[stream(TOPIC, declared)]);
        node.connect(NOW_MS);
        node.open(NOW_MS);
        let dressed = node.dress(TOPIC, &said, is_backfill, NOW_MS);
        for payload in [&said[..], &dressed[..], &reserialised(&dressed)[..]] {
            let key = Sparkplug.key(payload).expect("a key");
            prop_assert_eq!(&*key.device_serial, &draft.device_serial);
            prop_assert_eq!(&*key.stream, &draft.stream);
            prop_assert_eq!(key.patient_id.as_deref(), draft.patient_id.as_deref());
            prop_assert_eq!((key.sequence, key.device_time_ms), (Some(draft.sequence), Some(draft.device_time_ms)));
            let is_same = !matches!(Sparkplug.same(payload, &said), Sameness::Differs { .. });
            prop_assert!(is_same);
            reads_back(&draft, payload)?;
        }
    }

    // Nothing that an encoder may be given makes it panic or write what is no payload.
    #[test]
    fn anything_is_encoded(draft in any_message()) {
        prop_assert!(Payload::read(&draft.encoded(&Sparkplug)).is_ok());
    }

    #[test]
    fn any_bytes_are_answered(payload in any::<Vec<u8>>()) {
        let _ = Sparkplug.key(&payload);
        let _ = Sparkplug.write_meaning(&payload, &mut Vec::new());
        let mut host = host();
        for kind in ["NBIRTH", "NDATA", "NDEATH"] {
            host.see(&format!("spBv1.0/icu/{kind}/mon-0001"), &payload);
        }
        let mut node = node();
        node.connect(NOW_MS);
        node.open(NOW_MS);
        node.hear(b"spBv1.0/icu/NCMD/mon-0001", &payload, NOW_MS);
        node.dress(TOPIC, &payload, true, NOW_MS);
    }
}
