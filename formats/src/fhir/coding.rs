//! Code systems, and the codes and profiles of metrics.

use vocabulary::{Metric, MetricKind, Quality};

use super::resources::{Code, Coding, Concept, Meta};

const LOINC: &str = "http://loinc.org";
/// IEEE 11073-10101, by its number (<http://terminology.hl7.org>).
const MDC: &str = "urn:iso:std:iso:11073:10101";
pub(super) const UCUM: &str = "http://unitsofmeasure.org";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// Systems of our own; `urn:example` is what RFC 6963 sets aside for what is nobody's.
const METRIC: &str = "urn:example:iomt:metric";
const WORD: &str = "urn:example:iomt:word";
const QUALITY: &str = "urn:example:iomt:quality";

/// What a profile of a vital sign wants besides the codes of the metric (<http://hl7.org/fhir/R4/observation-vitalsigns.html>).
struct VitalSign {
    metric: &'static str,
    profile: &'static str,
    loinc: &'static str,
}

const VITAL_SIGNS: [VitalSign; 10] = [
    VitalSign { metric: "hr", profile: "http://hl7.org/fhir/StructureDefinition/heartrate", loinc: "8867-4" },
    VitalSign { metric: "pr", profile: "http://hl7.org/fhir/StructureDefinition/heartrate", loinc: "8867-4" },
    VitalSign { metric: "pr_nibp", profile: "http://hl7.org/fhir/StructureDefinition/heartrate", loinc: "8867-4" },
    VitalSign { metric: "spo2", profile: "http://hl7.org/fhir/StructureDefinition/oxygensat", loinc: "2708-6" },
    VitalSign { metric: "resp_rate", profile: "http://hl7.org/fhir/StructureDefinition/resprate", loinc: "9279-1" },
    VitalSign { metric: "temp_core", profile: "http://hl7.org/fhir/StructureDefinition/bodytemp", loinc: "8310-5" },
    VitalSign { metric: "temp_body", profile: "http://hl7.org/fhir/StructureDefinition/bodytemp", loinc: "8310-5" },
    VitalSign { metric: "height", profile: "http://hl7.org/fhir/StructureDefinition/bodyheight", loinc: "8302-2" },
    VitalSign { metric: "weight", profile: "http://hl7.org/fhir/StructureDefinition/bodyweight", loinc: "29463-7" },
    VitalSign { metric: "bmi", profile: "http://hl7.org/fhir/StructureDefinition/bmi", loinc: "39156-5" },
];

/// Profile, category and codes of one metric.
#[derive(Debug)]
pub(super) struct Coded {
    pub(super) profile: Option<&'static str>,
    pub(super) category: &'static str,
    pub(super) code: Concept<'static>,
}

/// How a metric is coded by itself.
pub(super) fn coded(metric: &'static Metric) -> Coded {
    let vital_sign = VITAL_SIGNS.iter().find(|sign| sign.metric == metric.id);
    Coded {
        profile: vital_sign.map(|sign| sign.profile),
        category: if vital_sign.is_some() { "vital-signs" } else { category(metric) },
        code: concept(metric, vital_sign.map(|sign| sign.loinc)),
    }
}

/// The codes of a metric, and before them one that a profile wants.
pub(super) fn concept(metric: &'static Metric, wanted: Option<&'static str>) -> Concept<'static> {
    let own = metric.loinc.filter(|own| wanted != Some(own));
    let loinc = wanted.into_iter().chain(own);
    let mut coding: Vec<Coding<'static>> =
        loinc.map(|code| Coding { system: LOINC, code: Code::Word(code), display: None }).collect();
    if let Some(code) = metric.mdc_code {
        coding.push(Coding { system: MDC, code: Code::Number(code), display: metric.mdc_refid });
    }
    if coding.is_empty() {
        coding.push(Coding { system: METRIC, code: Code::Word(metric.id), display: Some(metric.display) });
    }
    Concept { coding, text: Some(metric.display) }
}

/// Codes of LOINC and of IEEE 11073.
pub(super) fn panel_concept(
    loinc: &'static str,
    mdc: u32,
    refid: &'static str,
    text: &'static str,
) -> Concept<'static> {
    let loinc = Coding { system: LOINC, code: Code::Word(loinc), display: None };
    let mdc = Coding { system: MDC, code: Code::Number(mdc), display: Some(refid) };
    Concept { coding: vec![loinc, mdc], text: Some(text) }
}

/// What kind of observation a metric is that is no vital sign.
fn category(metric: &Metric) -> &'static str {
    match metric.id {
        id if id.starts_with("glucose") => "laboratory",
        id if id.starts_with("ins_") || id.starts_with("inf_") || id.ends_with("_set") => "therapy",
        "steps" | "distance" | "energy" | "activity" | "activity_intensity" | "posture" => "activity",
        "news2" => "survey",
        _ if metric.kind == MetricKind::Waveform => "procedure",
        _ => "exam",
    }
}

pub(super) fn category_concept(code: &'static str) -> Concept<'static> {
    Concept { coding: vec![Coding { system: CATEGORY, code: Code::Word(code), display: None }], text: None }
}

/// Marks a resource as made for tests (HL7 v3 ActReason).
pub(super) fn meta(profile: Option<&'static str>) -> Meta {
    let test = Coding { system: ACT_REASON, code: Code::Word("HTEST"), display: Some("test health data") };
    Meta { profile: profile.map(|profile| [profile]), security: [test] }
}

/// Why there is no value.
pub(super) fn absent(quality: Quality) -> Concept<'static> {
    let code = match quality {
        Quality::Invalid => "error",
        Quality::Calibrating => "temp-unknown",
        _ => "unknown",
    };
    Concept { coding: vec![Coding { system: ABSENT, code: Code::Word(code), display: None }], text: None }
}

/// How far to trust a value, unless it is ok.
pub(super) fn interpretation(quality: Quality) -> Vec<Concept<'static>> {
    if quality == Quality::Ok {
        return Vec::new();
    }
    let coding = Coding { system: QUALITY, code: Code::Word(quality.word()), display: None };
    vec![Concept { coding: vec![coding], text: None }]
}

/// A coded value. What is no code by the rules of FHIR stands as a text; nothing when it is empty.
pub(super) fn word(word: &str) -> Option<Concept<'_>> {
    let is_code = word.split(' ').all(|part| !part.is_empty() && !part.contains(char::is_whitespace));
    match word.trim() {
        "" => None,
        _ if is_code => {
            Some(Concept { coding: vec![Coding { system: WORD, code: Code::Word(word), display: None }], text: None })
        }
        _ => Some(Concept { coding: Vec::new(), text: Some(word) }),
    }
}
