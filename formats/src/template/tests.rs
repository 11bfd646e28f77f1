//! Templates as a user writes them.

use bytes::BytesMut;
use sim_core::{Argument, Arguments, FormatPlan, Registry};
use vocabulary::{
    DeviceIdentity, Format, FormatFlaw, KeyError, Message, Origin, PatientIdentity, Quality, Reading, Sameness,
    Telling, Wave, metrics,
};

use super::Template;
use crate::Formats;
use crate::alteration::alterations;

fn arguments(texts: &[(&str, &str)], key: &[(&str, &str)]) -> Arguments {
    let texts = texts.iter().map(|(name, text)| ((*name).to_owned(), Argument::Text((*text).to_owned())));
    let table = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, text)| ((*name).to_owned(), Argument::Text((*text).to_owned())));
        Argument::Table(Arguments(pairs.collect()))
    };
    let key = (!key.is_empty()).then(|| ("key".to_owned(), table(key)));
    Arguments(texts.chain(key).collect())
}

fn template(text: &str) -> Template {
    Template::new(&arguments(&[("text", text)], &[])).expect("sound")
}

fn flaws(texts: &[(&str, &str)], key: &[(&str, &str)]) -> Vec<String> {
    let flaws = Template::new(&arguments(texts, key)).expect_err("not sound");
    flaws.into_iter().map(|FormatFlaw { parameter, at, reason }| format!("{parameter:?}@{at}: {reason}")).collect()
}

/// Lets `look` see a message of a monitor with two metrics, one without a value, and a wave.
fn with_message(look: impl FnOnce(&Message<'_>)) {
    let readings = [
        Reading::number(metrics::SPO2, 97.000_000_01),
        Reading::number(metrics::TEMP_CORE, 36.849_999),
        Reading::missing(metrics::HR, Quality::NotAvailable),
        Reading::code(metrics::RHYTHM, "a \"b\""),
    ];
    let waves = [Wave {
        metric: metrics::ECG_II,
        first_ms: 1_768_471_200_123,
        rate_mhz: 62_500,
        gain: 0.001,
        offset: 0.1,
        samples: &[-3, 0, 700],
        quality: Quality::Questionable,
    }];
    let device = DeviceIdentity { model: "Oxi & Co".to_owned(), ..DeviceIdentity::default() };
    let patient = PatientIdentity { given_name: "Ada".to_owned(), ..PatientIdentity::default() };
    look(&Message {
        device_serial: "mon-1",
        patient_id: Some("p-1"),
        stream: "vitals",
        sequence: 17,
        device_time_ms: 1_768_471_200_123,
        readings: &readings,
        waves: &waves,
        origin: Origin { device_kind: "monitor", device: Some(&device), patient: Some(&patient), run: "" },
    });
}

fn rendered(template: &Template) -> String {
    let mut out = BytesMut::new();
    with_message(|message| template.encode(message, &mut out));
    String::from_utf8(out.to_vec()).expect("text")
}

#[test]
fn numbers_are_printed_as_the_device_reports_them() {
    let text = "{{ metrics.spo2.value }} {{ metrics.temp_core }} {{ metrics.hr.value }} {{ time.s }} {{ time.ns }} \
                {{ waves[0].rate_hz }} {{ waves[0].period_ms }} {{ waves[0].samples|join(';') }} {{ waves[0].counts[2] }} \
                {{ waves[0].times[2] }}";
    let expected = "97 36.8 null 1768471200.123 1768471200123000000 62.5 16 0.097;0.1;0.8 700 \
                    2026-01-15T10:00:00.155Z";
    assert_eq!(rendered(&template(text)), expected);
}

#[test]
fn a_metric_without_a_value_is_false_and_a_misspelt_one_is_an_error() {
    let text = "{% if metrics.spo2 %}a{% endif %}{% if metrics.hr %}b{% endif %}{% if metrics.pip %}c{% endif %}";
    assert_eq!(rendered(&template(text)), "a");
    let wrong = template("one\n{{ metrics.sop2.value }}");
    with_message(|message| {
        let flaw = wrong.try_encode(message, &mut BytesMut::new()).expect_err("no such metric");
        assert_eq!(flaw.parameter, Some("text"));
        assert!("one\n{{ metrics.sop2.value }}"[flaw.at..].starts_with(".sop2"), "{flaw:?}");
    });
}

#[test]
fn texts_are_escaped_as_the_payload_wants_it() {
    assert_eq!(
        rendered(&template(r#"{"r":"{{ metrics.rhythm }}{{ metrics.rhythm.value }}"}"#)),
        r#"{"r":"a \"b\"a \"b\""}"#
    );
    let xml = arguments(&[("text", "<m>{{ device.model }}</m>"), ("content_type", "application/xml")], &[]);
    assert_eq!(rendered(&Template::new(&xml).expect("sound")), "<m>Oxi &amp; Co</m>");
    let lines = arguments(&[("text", "{{ device.model }}"), ("content_type", "text/plain")], &[]);
    assert_eq!(rendered(&Template::new(&lines).expect("sound")), "Oxi & Co");
}

#[test]
fn a_payload_is_read_back_by_pointers() {
    let text =
        r#"{"dev":{"id":"{{ device.serial }}"},"type":"{{ stream }}","n":{{ sequence }},"ts":"{{ time.rfc3339 }}"}"#;
    let key = [("serial", "/dev/id"), ("stream", "/type"), ("sequence", "/n"), ("time", "/ts")];
    let template = Template::new(&arguments(&[("text", text)], &key)).expect("sound");
    let payload = rendered(&template);
    let key = template.key(payload.as_bytes()).expect("a key");
    assert_eq!((&*key.device_serial, &*key.stream), ("mon-1", "vitals"));
    assert_eq!((key.sequence, key.device_time_ms), (Some(17), Some(1_768_471_200_123)));
    let reordered = r#"{ "n": 17.0, "ts":"2026-01-15T10:00:00.123Z","type":"vitals", "dev":{"id":"mon-1"}}"#;
    assert_eq!(template.same(reordered.as_bytes(), payload.as_bytes()), Sameness::Meaning);
    assert_eq!(template.key(reordered.as_bytes()).expect("a key").sequence, Some(17));
    let altered = payload.replace("17", "18");
    assert!(matches!(template.same(altered.as_bytes(), payload.as_bytes()), Sameness::Differs { .. }));
    assert!(matches!(template.key(b"{}"), Err(KeyError::Unreadable { .. })));
}

#[test]
fn whatever_is_altered_is_found() {
    let text = r#"{"d":"{{ device.serial }}","n":{{ sequence }},"ts":{{ time.ms }},"all":[
        {%- for reading in readings %}{"id":"{{ reading.id }}","v":{{ reading.value|tojson }},"u":{{ reading.unit|tojson }},
        "q":"{{ reading.quality }}","c":{{ reading.mdc }}},{% endfor %}{{ waves[0].counts|tojson }}]}"#;
    let template = template(text);
    let said = rendered(&template);
    let altered = alterations(said.as_bytes());
    assert!(altered.len() > 40, "{}", altered.len());
    for copy in altered {
        let found = matches!(template.same(&copy, said.as_bytes()), Sameness::Differs { .. });
        assert!(found, "{}", String::from_utf8_lossy(&copy));
    }
}

#[test]
fn a_payload_is_read_back_by_a_pattern() {
    let text =
        "vitals,serial={{ device.serial }},stream={{ stream }} spo2={{ metrics.spo2 }},n={{ sequence }}i {{ time.ns }}";
    let pattern = r"serial=(?P<serial>[^,]+),stream=(?P<stream>\S+) .*n=(?P<sequence>\d+)i (?P<time>\d+)$";
    let lines = [("text", text), ("pattern", pattern), ("content_type", "text/plain")];
    let template = Template::new(&arguments(&lines, &[])).expect("sound");
    let payload = rendered(&template);
    let key = template.key(payload.as_bytes()).expect("a key");
    assert_eq!((&*key.device_serial, &*key.stream, key.sequence), ("mon-1", "vitals", Some(17)));
    assert_eq!(key.device_time_ms, Some(1_768_471_200_123));
    assert!(!template.write_meaning(payload.as_bytes(), &mut Vec::new()), "lines mean their bytes");
}

#[test]
fn a_template_without_a_key_says_so() {
    assert_eq!(template("{}").key(b"{}"), Err(KeyError::Absent));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    assert_eq!(
        flaws(&[("text", "a\n{{ b"), ("pattern", "(")], &[]),
        [
            "Some(\"text\")@5: the template fails: syntax error: unexpected end of input, expected end of variable block, \
             at `b`",
            "Some(\"pattern\")@0: not a regular expression: unclosed group",
        ]
    );
    assert_eq!(
        flaws(&[("text", "a"), ("file", "b")], &[("serial", "id"), ("strem", "/s")]),
        [
            "Some(\"file\")@0: there is a `text` already; leave out one of them",
            "Some(\"key\")@0: `key.serial` is a JSON pointer such as `\"/device/id\"`, got `id`",
            "Some(\"key\")@0: `key` has no `strem`; it has serial, stream, sequence, time, patient",
            "Some(\"key\")@0: `key` needs `sequence` or `time`, and `serial` and `stream` unless the topic tells them",
        ]
    );
    assert_eq!(flaws(&[], &[]), ["None@0: a template needs a `text`, or a `file` that holds it"]);
    assert_eq!(
        flaws(&[("text", "a"), ("content_type", "text/csv")], &[("serial", "/a")]),
        ["Some(\"key\")@0: `text/csv` is no JSON, which `key` points into; use `pattern`"]
    );
}

#[test]
fn what_is_no_json_is_told_before_anything_is_sent() {
    let text = "{\n\"v\": {{ device.model }} }";
    with_message(|message| {
        let flaw = template(text).try_encode(message, &mut BytesMut::new()).expect_err("no JSON");
        assert_eq!(flaw.reason, "the template writes no JSON (expected value at line 2 column 6): `\"v\": Oxi & Co }`");
        assert!(text[flaw.at..].starts_with("{{ device.model"), "{flaw:?}");
    });
}

#[test]
fn a_template_that_never_ends_is_stopped() {
    let endless = template("{% for a in range(99999) %}{% for b in range(99999) %}{{ a * b }}{% endfor %}{% endfor %}");
    with_message(|message| {
        let flaw = endless.try_encode(message, &mut BytesMut::new()).expect_err("too long");
        assert!(flaw.reason.contains("fuel"), "{flaw}");
    });
}

#[test]
fn a_template_tells_which_metrics_it_names() {
    let text =
        "{% if metrics.spo2x %}{{ metrics.spo2.value }}{% endif %}{{ metrics.pr|tojson }} metrics.hr {{ readings }}";
    let asked = template(text).asks_for();
    let named: Vec<(&str, &str)> = asked.iter().map(|asked| (&*asked.id, &text[asked.at..asked.at + 4])).collect();
    assert_eq!(named, [("spo2x", "spo2"), ("spo2", "spo2"), ("pr", "pr|t")]);
    assert!(asked.is_sorted_by_key(|asked| asked.at));
}

#[test]
fn a_key_may_tell_the_patient() {
    let text = r#"{"d":"{{ device.serial }}","s":"{{ stream }}","n":{{ sequence }},"p":{{ patient.id|tojson }}}"#;
    let key = [("serial", "/d"), ("stream", "/s"), ("sequence", "/n"), ("patient", "/p")];
    let template = Template::new(&arguments(&[("text", text)], &key)).expect("sound");
    let payload = rendered(&template);
    let patient = |payload: &str| {
        let key = template.key(payload.as_bytes()).expect("a key");
        key.patient_id.map(std::borrow::Cow::into_owned)
    };
    assert_eq!(patient(&payload).as_deref(), Some("p-1"));
    assert_eq!(patient(&payload.replace("\"p-1\"", "null")), None);
    assert_eq!(patient(&payload.replace(",\"p\":\"p-1\"", "")), None);
}

#[test]
fn texts_of_xml_are_read_back_as_they_were_meant() {
    let pattern = r#"s="(?P<serial>[^"]+)" t="(?P<stream>[^"]+)" n="(?P<sequence>[^"]+)""#;
    let read = |content_type: &str, payload: &str| {
        let texts = [("text", "<m/>"), ("pattern", pattern), ("content_type", content_type)];
        let template = Template::new(&arguments(&texts, &[])).expect("sound");
        let key = template.key(payload.as_bytes()).expect("a key");
        key.device_serial.into_owned()
    };
    let payload = r#"<m s="A&amp;B-&#x27;1&#39;" t="spo2" n="3"/>"#;
    assert_eq!(read("application/xml", payload), "A&B-'1'");
    assert_eq!(read("text/xml; charset=utf-8", payload), "A&B-'1'");
    assert_eq!(read("text/plain", payload), "A&amp;B-&#x27;1&#39;");
    assert_eq!(read("application/xml", &payload.replace("&amp;", "&")), "A&B-&#x27;1&#39;");
}

#[test]
fn a_route_names_a_registered_format_or_one_of_the_scenarios_own() {
    let mut registry = Registry::new();
    registry.add_plugin(&Formats);
    let own = |text: &str| {
        let arguments = arguments(&[("text", text)], &[]);
        [FormatPlan { id: "ours".to_owned(), kind: "template".to_owned(), arguments }]
    };
    assert!(registry.format_of(&own("{}"), "ours").is_ok());
    assert!(registry.format_of(&[], "fhir-r4").is_ok());
    let told = |own: &[FormatPlan], name: &str| registry.format_of(own, name).expect_err(name).to_string();
    assert_eq!(told(&[], "ours"), "no payload format `ours` is registered");
    assert_eq!(told(&[], "template"), "payload format `template` is made from parameters, and there are none");
    assert!(told(&own("{{"), "ours").starts_with("payload format `ours`: the template fails: syntax error"));
}

#[test]
fn what_the_topic_tells_need_not_stand_in_the_payload() {
    let tells = |key: &[(&str, &str)]| Template::new(&arguments(&[("text", "{}")], key)).expect("sound").tells();
    assert_eq!(tells(&[]), Telling::Nothing);
    assert_eq!(tells(&[("sequence", "/n"), ("stream", "/s")]), Telling::MessageOfTopic);
    assert_eq!(tells(&[("sequence", "/n"), ("stream", "/s"), ("serial", "/d")]), Telling::Message);
    let lines = [("text", "n={{ sequence }}"), ("pattern", r"n=(?P<sequence>\d+)"), ("content_type", "text/plain")];
    let template = Template::new(&arguments(&lines, &[])).expect("sound");
    let key = template.key(b"n=17").expect("a key");
    assert_eq!((&*key.device_serial, &*key.stream, key.sequence), ("", "", Some(17)));
    assert_eq!(template.tells(), Telling::MessageOfTopic);
    let part = [("text", "a"), ("pattern", r"d=(?P<serial>\w*) n=(?P<sequence>\d+)"), ("content_type", "text/plain")];
    let template = Template::new(&arguments(&part, &[])).expect("sound");
    assert!(matches!(template.key(b"d= n=17"), Err(KeyError::Unreadable { .. })), "an empty serial is none");
}
