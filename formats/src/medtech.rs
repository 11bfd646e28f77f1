//! What the `IoMT` FHIR connector (microsoft/iomt-fhir, the Azure `MedTech` service) must be told to read messages of the preset
//! `medtech`: the mapping of device content and that of FHIR, as its documentation has them (docs/Configuration.md).
//!
//! Each metric is a type of its own, so that a message gives one value of a type. Blood pressures that belong together
//! are one type with three values. Samples of a wave are grouped by the message that they came in.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vocabulary::{Metric, MetricId, MetricKind};

use crate::fhir::{category_of, codes_of, panels};

const UCUM: &str = "http://unitsofmeasure.org";
/// Observations of one message only; -1 groups by the correlation id (ObservationPeriodInterval.cs).
const SINGLE: i32 = 0;
const BY_CORRELATION: i32 = -1;

/// A metric that devices say, and how far apart its samples are if it is a wave [ms].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// The metric.
    pub metric: MetricId,
    /// Time between samples [ms].
    pub period_ms: Option<f64>,
}

/// One type of the connector.
enum Kind {
    Single(&'static Metric),
    Wave(&'static Metric, f64),
    /// Of this id, with these codes, and its members: each a metric, and the code that the profile wants of it.
    Panel(&'static str, Value, Vec<(&'static Metric, &'static str)>),
}

/// The types of what devices say, each once.
fn kinds(said: &[Said]) -> Vec<Kind> {
    let metrics: BTreeSet<&str> = said.iter().map(|said| said.metric.metric().id).collect();
    let mut kinds: Vec<Kind> = Vec::new();
    let mut in_panels = BTreeSet::new();
    for (id, codes, members) in panels() {
        if members.iter().take(2).all(|(member, _)| metrics.contains(member.metric().id)) {
            let members = members.iter().filter(|(member, _)| metrics.contains(member.metric().id));
            let members: Vec<_> = members.map(|(member, loinc)| (member.metric(), *loinc)).collect();
            in_panels.extend(members.iter().map(|(metric, _)| metric.id));
            kinds.push(Kind::Panel(id, codes, members));
        }
    }
    let mut known = in_panels;
    for Said { metric, period_ms } in said {
        let metric = metric.metric();
        if !known.insert(metric.id) {
            continue;
        }
        match (metric.kind, period_ms) {
            (MetricKind::Waveform, Some(period_ms)) => kinds.push(Kind::Wave(metric, *period_ms)),
            (MetricKind::Waveform, None) => {}
            _ => kinds.push(Kind::Single(metric)),
        }
    }
    kinds
}

/// `devicecontent.json`: how values are found in a message.
pub fn device_content(said: &[Said]) -> String {
    let templates: Vec<Value> = kinds(said).iter().map(content).collect();
    let collection = json!({"templateType": "CollectionContent", "template": templates});
    format!("{collection:#}")
}

fn content(kind: &Kind) -> Value {
    let value = |name: &str, required: bool| {
        let expression = format!("$.matchedToken.{name}");
        json!({"required": required, "valueExpression": expression, "valueName": name})
    };
    let template = match kind {
        Kind::Single(metric) => json!({
            "typeName": metric.id,
            "typeMatchExpression": format!("$..[?(@.{})]", metric.id),
            "deviceIdExpression": "$.matchedToken.deviceId",
            "patientIdExpression": "$.matchedToken.patientId",
            "timestampExpression": "$.matchedToken.endDate",
            "values": [value(metric.id, true)],
        }),
        Kind::Panel(id, _, members) => {
            let (first, second) = (members[0].0.id, members[1].0.id);
            let values: Vec<Value> =
                members.iter().enumerate().map(|(index, (metric, _))| value(metric.id, index < 2)).collect();
            json!({
                "typeName": id,
                "typeMatchExpression": format!("$..[?(@.{first} && @.{second})]"),
                "deviceIdExpression": "$.matchedToken.deviceId",
                "patientIdExpression": "$.matchedToken.patientId",
                "timestampExpression": "$.matchedToken.endDate",
                "values": values,
            })
        }
        Kind::Wave(metric, _) => json!({
            "typeName": metric.id,
            "typeMatchExpression": format!("$..{}[*]", metric.id),
            "deviceIdExpression": "$.Body.deviceId",
            "patientIdExpression": "$.Body.patientId",
            "timestampExpression": "$.matchedToken.t",
            "correlationIdExpression": "$.Body.correlationId",
            "values": [value("value", true)],
        }),
    };
    json!({"templateType": "CalculatedContent", "template": template})
}

/// `fhirmapping.json`: which Observations values become.
pub fn fhir_mapping(said: &[Said]) -> String {
    let templates: Vec<Value> = kinds(said).iter().map(mapping).collect();
    let collection = json!({"templateType": "CollectionFhir", "template": templates});
    format!("{collection:#}")
}

fn mapping(kind: &Kind) -> Value {
    let template = match kind {
        Kind::Single(metric) => json!({
            "typeName": metric.id,
            "periodInterval": SINGLE,
            "category": category(category_of(metric)),
            "codes": codes_of(metric, None),
            "value": quantity(metric),
        }),
        Kind::Panel(id, codes, members) => {
            let components: Vec<Value> = members
                .iter()
                .map(|(metric, loinc)| json!({"codes": codes_of(metric, Some(loinc)), "value": quantity(metric)}))
                .collect();
            json!({
                "typeName": id,
                "periodInterval": SINGLE,
                "category": category("vital-signs"),
                "codes": codes,
                "components": components,
            })
        }
        Kind::Wave(metric, period_ms) => json!({
            "typeName": metric.id,
            "periodInterval": BY_CORRELATION,
            "category": category(category_of(metric)),
            "codes": codes_of(metric, None),
            "value": {
                "valueType": "SampledData",
                "valueName": "value",
                "unit": metric.ucum.unwrap_or("1"),
                "defaultPeriod": period_ms,
            },
        }),
    };
    json!({"templateType": "CodeValueFhir", "template": template})
}

fn category(code: &str) -> Value {
    let system = "http://terminology.hl7.org/CodeSystem/observation-category";
    json!([{"codes": [{"code": code, "system": system}], "text": code}])
}

fn quantity(metric: &Metric) -> Value {
    if metric.kind == MetricKind::Coded {
        return json!({"valueType": "String", "valueName": metric.id});
    }
    let unit = metric.ucum.unwrap_or("1");
    json!({"valueType": "Quantity", "valueName": metric.id, "unit": unit, "system": UCUM, "code": unit})
}

#[cfg(test)]
mod tests {
    use vocabulary::metrics;

    use super::*;

    fn parsed(text: &str) -> Vec<Value> {
        let value: Value = serde_json::from_str(text).expect("JSON");
        value["template"].as_array().expect("a list").iter().map(|entry| entry["template"].clone()).collect()
    }

    #[test]
    fn every_type_has_a_mapping_of_its_name_and_every_value_its_place() {
        let numbers = MetricId::all().map(|metric| Said { metric, period_ms: Some(4.0) });
        let said: Vec<Said> = numbers.collect();
        let (contents, mappings) = (parsed(&device_content(&said)), parsed(&fhir_mapping(&said)));
        let names = |of: &[Value]| of.iter().map(|entry| entry["typeName"].clone()).collect::<Vec<_>>();
        assert_eq!(names(&contents), names(&mappings));
        let distinct: BTreeSet<String> = names(&contents).iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), contents.len());
        for (content, mapping) in contents.iter().zip(&mappings) {
            let of_values = |key: &str, of: &Value| {
                of.as_array().map(|all| all.iter().map(|one| one[key].clone()).collect::<Vec<_>>()).unwrap_or_default()
            };
            let written = of_values("valueName", &content["values"]);
            let read = match mapping.get("components") {
                Some(components) => of_values("valueName", &Value::Array(of_values("value", components))),
                None => vec![mapping["value"]["valueName"].clone()],
            };
            assert_eq!(written, read, "{}", content["typeName"]);
            assert!(!mapping["codes"].as_array().expect("codes").is_empty());
        }
    }

    #[test]
    fn a_pressure_without_its_partner_stands_alone() {
        let alone = [Said { metric: metrics::NIBP_SYS, period_ms: None }];
        assert_eq!(parsed(&fhir_mapping(&alone))[0]["typeName"], "nibp_sys");
    }
}
