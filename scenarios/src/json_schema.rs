//! JSON Schema of scenario files, for completion and checking in editors.

use radio_plan::GatewayFormatSpec;
use serde_json::{Map, Value, json};
use sim_core::{DurationRule, FormatSource, FormatSpec, ParameterKind, ParameterSpec, Registry, StreamKind};

use crate::language::grammar::SCENARIO;
use crate::language::schema::{KeySpec, TableSpec, Takes};
use crate::language::word::Words;

/// JSON Schema (draft 2020-12) of a scenario file with the names of this registry.
///
/// Any text may hold `${name}`, so a number, a flag or a word may also be given as such a text.
pub fn json_schema(registry: &Registry) -> Value {
    let mut schema = table(&SCENARIO, registry);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("IoMT testbed scenario");
    schema["$defs"] = json!({
        "variable": {"type": "string", "pattern": "^\\$\\{[^}]+\\}$", "description": "a variable"},
    });
    schema
}

fn table(spec: &'static TableSpec, registry: &Registry) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in spec.keys.iter().filter(|key| !matches!(key.takes, Takes::Later)) {
        properties.insert(key.name.to_owned(), key_schema(key, registry));
        if key.required && key.only.is_none() {
            required.push(json!(key.name));
        }
    }
    let mut schema = json!({"type": "object", "description": spec.about, "properties": properties});
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
    let beside = spec.keys.iter().filter_map(|key| Some((key.name.to_owned(), json!([key.beside?.0]))));
    let beside: Map<String, Value> = beside.collect();
    if !beside.is_empty() {
        schema["dependentRequired"] = Value::Object(beside);
    }
    let mut rules = rules(spec, registry);
    rules.extend(spec.keys.iter().flat_map(|key| words_rules(key, spec, registry)));
    if rules.is_empty() {
        schema["additionalProperties"] = json!(false);
    } else {
        schema["allOf"] = Value::Array(rules);
        schema["unevaluatedProperties"] = json!(false);
    }
    schema
}

/// What a table may hold for each word of a key that gives others their meaning.
fn words_rules(key: &'static KeySpec, spec: &'static TableSpec, registry: &Registry) -> Vec<Value> {
    let words = Words::of(key, registry);
    let names: Vec<&str> = match key.takes {
        Takes::Choice { now, .. } => now.to_vec(),
        _ => words.known.iter().map(|word| word.name).collect(),
    };
    let governed: Vec<&KeySpec> =
        spec.keys.iter().filter(|other| other.only.is_some_and(|only| only.key == key.name)).collect();
    if governed.is_empty() {
        return Vec::new();
    }
    let rule = |word: &&str| {
        let (absent, taken): (Vec<&KeySpec>, Vec<&KeySpec>) =
            governed.iter().partition(|other| words.refusal(other, word).is_some());
        let mut properties: Map<String, Value> =
            absent.iter().map(|other| (other.name.to_owned(), json!(false))).collect();
        if let Some(own) = words.find(word).map(|word| word.own).filter(|own| !own.is_empty()) {
            properties.insert("with".to_owned(), with_required(parameters(own), own));
        }
        let needed: Vec<&str> = taken.iter().filter(|other| other.required).map(|other| other.name).collect();
        let mut condition = json!({"properties": {key.name: {"const": word}}});
        if key.default != Some(*word) {
            condition["required"] = json!([key.name]);
        }
        json!({"if": condition, "then": {"properties": properties, "required": needed}})
    };
    names.iter().map(rule).collect()
}

/// What a table may hold depending on its action, device kind or patient model.
fn rules(spec: &'static TableSpec, registry: &Registry) -> Vec<Value> {
    match spec.heading {
        "[[step]]" => {
            let mut rules: Vec<Value> = registry.actions().iter().map(action_rule).collect();
            rules.push(json!({"oneOf": [{"required": ["at"]}, {"required": ["every"]}]}));
            rules
        }
        "[probe.ID]" => registry.probe_kinds().iter().map(probe_rule).collect(),
        "[payload.ID]" => made_formats(registry)
            .map(|(row, specs)| when("kind", row.name, row.about, with_required(parameters(specs), specs)))
            .collect(),
        "[[cohort.device]]" => registry
            .devices()
            .iter()
            .map(|device| {
                let mut properties = parameters(&device.options);
                let streams: Map<String, Value> = device
                    .streams
                    .iter()
                    .map(|stream| {
                        let example = match stream.kind {
                            StreamKind::Numeric { .. } => "a period such as \"1s\"",
                            StreamKind::Wave { .. } => "\"rate / samples per message\" such as \"250Hz / 25\"",
                            StreamKind::Event => "\"on\"",
                        };
                        let about = format!("{}; {example}", stream.about);
                        (stream.id.to_owned(), json!({"type": "string", "description": about}))
                    })
                    .collect();
                let streams = json!({"type": "object", "properties": streams, "additionalProperties": false});
                properties.insert("stream".to_owned(), streams);
                when("kind", device.kind, device.about, with_required(properties, &device.options))
            })
            .collect(),
        "cohort.patient" => registry
            .patients()
            .iter()
            .map(|patient| {
                let then = with_required(parameters(&patient.parameters), &patient.parameters);
                when("model", patient.model, patient.about, then)
            })
            .chain([profile_rule(registry), json!({"oneOf": [{"required": ["model"]}, {"required": ["profile"]}]})])
            .collect(),
        _ => Vec::new(),
    }
}

/// The formats that are made from parameters.
fn made_formats(registry: &Registry) -> impl Iterator<Item = (&FormatSpec, &[ParameterSpec])> {
    registry.public_formats().filter_map(|row| match &row.source {
        FormatSource::Made { parameters, .. } => Some((row, parameters.as_slice())),
        FormatSource::Fixed(_) => None,
    })
}

fn probe_rule(kind: &sim_core::ProbeKind) -> Value {
    let with = with_required(parameters(&kind.parameters), &kind.parameters);
    let mut properties = Map::new();
    properties.insert("with".to_owned(), with);
    if !kind.takes_filters {
        properties.extend(["filter", "qos"].map(|key| (key.to_owned(), json!(false))));
    }
    when("kind", kind.name, kind.about, json!({"properties": properties}))
}

fn action_rule(action: &sim_core::ActionSpec) -> Value {
    let required: Vec<&str> = action.parameters.iter().filter(|spec| spec.required).map(|spec| spec.name).collect();
    let mut with = json!({
        "type": "object",
        "properties": parameters(&action.parameters),
        "additionalProperties": false,
    });
    let mut then = json!({});
    let mut needed = Vec::new();
    if !required.is_empty() {
        with["required"] = json!(required);
        needed.push("with");
    }
    then["properties"] = json!({"with": with});
    match action.duration {
        DurationRule::Required => needed.push("for"),
        DurationRule::Instant => then["properties"]["for"] = json!(false),
        DurationRule::Optional => {}
    }
    if !needed.is_empty() {
        then["required"] = json!(needed);
    }
    when("do", action.name, action.about, then)
}

/// With a profile, which may be the scenario's own, the parameters of any model.
fn profile_rule(registry: &Registry) -> Value {
    let properties: Map<String, Value> =
        registry.patients().iter().flat_map(|patient| parameters(&patient.parameters)).collect();
    json!({"if": {"required": ["profile"]}, "then": {"properties": properties}})
}

fn when(key: &str, name: &str, about: &str, then: Value) -> Value {
    json!({
        "$comment": about,
        "if": {"properties": {key: {"const": name}}, "required": [key]},
        "then": then,
    })
}

/// Properties, and which of the parameters among them must be given.
fn with_required(properties: Map<String, Value>, specs: &[ParameterSpec]) -> Value {
    let required: Vec<&str> = specs.iter().filter(|spec| spec.required).map(|spec| spec.name).collect();
    if required.is_empty() {
        return json!({"properties": properties});
    }
    json!({"properties": properties, "required": required})
}

fn parameters(specs: &[ParameterSpec]) -> Map<String, Value> {
    specs.iter().map(|spec| (spec.name.to_owned(), parameter(spec))).collect()
}

fn parameter(spec: &ParameterSpec) -> Value {
    let mut schema = match &spec.kind {
        ParameterKind::Quantity(vocabulary::Dimension::Ratio) => json!({"type": ["string", "number"]}),
        ParameterKind::Quantity(_)
        | ParameterKind::Text
        | ParameterKind::Target
        | ParameterKind::File
        | ParameterKind::Path => {
            json!({"type": "string"})
        }
        // A text may be a variable or, for patients, a distribution.
        ParameterKind::Number => json!({"type": ["number", "string"]}),
        ParameterKind::Count => json!({"type": ["integer", "string"]}),
        ParameterKind::Flag => or_variable(json!({"type": "boolean"})),
        ParameterKind::Choice(words) => or_variable(json!({"enum": words})),
        ParameterKind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        ParameterKind::Choices(words) => json!({"type": "array", "items": or_variable(json!({"enum": words}))}),
        ParameterKind::Table => json!({"type": "object"}),
    };
    let mut about = format!("{} ({})", spec.about, spec.kind.word());
    if let Some(default) = spec.default {
        about.push_str("; default ");
        about.push_str(default);
        schema["default"] = json!(default);
    }
    schema["description"] = json!(about);
    schema
}

fn or_variable(schema: Value) -> Value {
    json!({"anyOf": [schema, {"$ref": "#/$defs/variable"}]})
}

fn key_schema(key: &KeySpec, registry: &Registry) -> Value {
    let names = |what: &str| -> Vec<&str> {
        match what {
            "action" => registry.actions().iter().map(|action| action.name).collect(),
            "device kind" => registry.devices().iter().map(|device| device.kind).collect(),
            "patient model" => registry.patients().iter().map(|patient| patient.model).collect(),
            "carrier" | "kind of target" => Words::of(key, registry).known.iter().map(|word| word.name).collect(),
            "kind of probe" => registry.probe_kinds().iter().map(|kind| kind.name).collect(),
            "gateway format" => registry.all::<GatewayFormatSpec>().iter().map(|format| format.name).collect(),
            "kind of format" => made_formats(registry).map(|(row, _)| row.name).collect(),
            _ => registry.public_formats().filter(|row| row.as_fixed().is_some()).map(|row| row.name).collect(),
        }
    };
    let mut schema = match key.takes {
        Takes::Table(spec) => return table(spec, registry),
        Takes::Named(spec) => {
            let about = key.about;
            return json!({"type": "object", "description": about, "additionalProperties": table(spec, registry)});
        }
        Takes::Tables(spec) => {
            return json!({"type": "array", "description": key.about, "items": table(spec, registry)});
        }
        Takes::Count(least, most) => or_variable(json!({"type": "integer", "minimum": least, "maximum": most})),
        Takes::Number(least, most) => or_variable(json!({"type": "number", "minimum": least, "maximum": most})),
        Takes::Flag => or_variable(json!({"type": "boolean"})),
        Takes::Share => json!({"type": ["number", "string"]}),
        Takes::Choice { now, .. } => {
            let numbers = now.iter().filter_map(|word| word.parse::<u64>().ok()).map(|number| json!(number));
            let words: Vec<Value> = now.iter().map(|word| json!(word)).chain(numbers).collect();
            or_variable(json!({"enum": words}))
        }
        // Or the id of one of the scenario's own.
        Takes::Registered("format") => json!({"type": "string", "examples": names("format")}),
        Takes::Registered(what) => or_variable(json!({"enum": names(what)})),
        Takes::Seed => or_variable(json!({"type": "integer", "minimum": 0})),
        Takes::Pick => json!({"type": ["integer", "string"]}),
        Takes::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Takes::TextOrTexts => {
            json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
        }
        Takes::Id => json!({"type": "string", "pattern": "^([A-Za-z0-9_][A-Za-z0-9_-]{0,63}|.*\\$\\{.+\\}.*)$"}),
        Takes::Shares => {
            json!({"type": "object", "additionalProperties": {"type": ["number", "string"]}})
        }
        Takes::Free | Takes::Streams | Takes::Arguments | Takes::PatientParameters => json!({"type": "object"}),
        Takes::Text
        | Takes::Template
        | Takes::Quantity(_)
        | Takes::Position
        | Takes::Reference(_)
        | Takes::At
        | Takes::Condition
        | Takes::Start
        | Takes::Zone
        | Takes::Later => json!({"type": "string"}),
    };
    schema["description"] = json!(key.about);
    if let Some(default) = key.default {
        schema["default"] = json!(default);
    }
    schema
}
