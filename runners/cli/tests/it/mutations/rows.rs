//! What the language says of a key, as its JSON Schema tells everybody.

use serde_json::{Map, Value};
use sim_core::{CommandSpec, ParameterKind, Registry};

use super::text::{Occurrence, Source};

/// The JSON Schema of the language, and the arguments of commands, which it leaves open.
pub(crate) struct Rows {
    schema: Value,
    /// Devices may have different ones of one name.
    commands: Vec<CommandSpec>,
}

/// What is known of one key.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a key")]
#[derive(Default)]
pub(crate) struct Row {
    /// Whether its name is the user's own choice.
    pub(crate) is_users_own: bool,
    pub(crate) is_table: bool,
    pub(crate) takes_flag: bool,
    pub(crate) mandatory: bool,
    /// The documented default.
    pub(crate) default: Option<String>,
    /// Whether it is one of several of its kind, such as a stream of a device: without it there is one less.
    pub(crate) is_member: bool,
    /// Parts of the plan that a key without a default may change.
    pub(crate) feeds: &'static [&'static str],
}

/// What keys without a default are for, by name; parameters of actions, patients and devices feed what is named after
/// them.
const FEEDS: [(&str, &[&str]); 13] = [
    ("start", &["start_epoch_ns", "birth_date"]),
    ("stream", &["streams", "picked"]),
    ("pick", &["picked", "streams"]),
    ("on", &["streams"]),
    ("for", &["start_s", "end_s", "from_s", "to_s"]),
    ("during", &["from_s", "to_s"]),
    ("after", &["from_s", "to_s"]),
    ("within", &["from_s", "to_s"]),
    ("with", &["with"]),
    ("args", &["with"]),
    ("conditions", &["parameters"]),
    ("path_loss", &["path_loss"]),
    ("zone", &["zone"]),
];

impl Rows {
    pub(crate) fn of(registry: &Registry) -> Self {
        let commands = registry.devices().iter().flat_map(|device| &device.commands);
        Self { schema: scenarios::json_schema(registry), commands: commands.cloned().collect() }
    }

    /// Whether the names in the table at this path of keys are the user's own.
    pub(crate) fn is_users_own(&self, path: &[String]) -> bool {
        let schema = path.iter().try_fold(&self.schema, |schema, name| {
            let schema = schema.get("items").unwrap_or(schema);
            schema["properties"].get(name).or_else(|| schema.get("additionalProperties"))
        });
        schema.is_some_and(|schema| schema.get("properties").is_none() && schema.get("items").is_none())
    }

    /// The row of an argument of a command.
    fn argument(&self, occurrence: &Occurrence, source: &Source) -> Option<Row> {
        let own = occurrence.name == "args";
        let with = if own { &occurrence.path } else { occurrence.path.strip_suffix(&["args".to_owned()])? };
        let below = |content: &Value, name: &String| match name.parse::<usize>() {
            Ok(index) if content.is_array() => content[index].clone(),
            _ => content[name.as_str()].clone(),
        };
        let content = with.iter().fold(source.content.clone(), |content, name| below(&content, name));
        let op = content["op"].as_str()?;
        let mut commands = self.commands.iter().filter(|command| command.op == op);
        let feeds: &[&str] = &["with"];
        if own {
            let needs = |command: &CommandSpec| command.parameters.iter().any(|spec| spec.required);
            let mandatory = commands.all(|command| needs(command) || !command.alternatives.is_empty());
            return Some(Row { is_table: true, mandatory, feeds, ..Row::default() });
        }
        let of_name =
            |command: &'_ CommandSpec| command.parameters.iter().position(|spec| spec.name == occurrence.name);
        let (command, position) = commands.find_map(|command| Some((command, of_name(command)?)))?;
        let spec = &command.parameters[position];
        Some(Row {
            takes_flag: spec.kind == ParameterKind::Flag,
            mandatory: spec.required || command.alternatives.contains(&spec.name),
            default: spec.default.map(str::to_owned),
            feeds,
            ..Row::default()
        })
    }

    pub(crate) fn row(&self, occurrence: &Occurrence, source: &Source) -> Row {
        if let Some(row) = self.argument(occurrence, source) {
            return row;
        }
        let (mut schemas, mut content) = (vec![&self.schema], &source.content);
        for name in &occurrence.path {
            schemas = below(&schemas, content, name);
            content = match name.parse::<usize>() {
                Ok(index) if content.is_array() => &content[index],
                _ => &content[name.as_str()],
            };
        }
        let own = below(&schemas, content, &occurrence.name);
        let named = schemas.iter().any(|schema| property(schema, content, &occurrence.name).next().is_some());
        let tells = |key: &str| own.iter().find_map(|schema| schema.get(key));
        let is_table = own.iter().any(|schema| schema["type"] == "object");
        let default = tells("default").and_then(Value::as_str).map(str::to_owned);
        // A table of nothing but defaults can be written without any.
        let is_member = occurrence.path.last().is_some_and(|name| name == "stream");
        let empty = is_table
            && occurrence.name != "stream"
            && own.iter().any(|schema| schema.get("properties").is_some() && !has_mandatory(schema));
        let parameters: &[&str] = &["with", "parameters", "options"];
        let key = if is_member { "stream" } else { occurrence.name.as_str() };
        let feeds = FEEDS.iter().find(|(name, _)| *name == key).map_or(parameters, |(_, feeds)| *feeds);
        Row {
            is_users_own: !named,
            is_table,
            takes_flag: own.iter().any(|schema| schema["anyOf"][0]["type"] == "boolean"),
            mandatory: schemas.iter().any(|schema| misses(schema, content, &occurrence.name)),
            is_member,
            default: default.or_else(|| empty.then(|| "{}".to_owned())),
            feeds,
        }
    }
}

fn has_mandatory(schema: &Value) -> bool {
    schema["required"].as_array().is_some_and(|required| !required.is_empty()) || schema.get("allOf").is_some()
}

/// The schemas of what a table or list has under a name.
fn below<'a>(schemas: &[&'a Value], content: &Value, name: &str) -> Vec<&'a Value> {
    let mut found: Vec<&Value> = schemas.iter().flat_map(|schema| property(schema, content, name)).collect();
    if found.is_empty() {
        found.extend(schemas.iter().filter_map(|schema| schema.get("items")));
        found.extend(schemas.iter().filter_map(|schema| schema.get("additionalProperties")));
    }
    found
}

/// What the properties and those rules that apply say of a name.
fn property<'a>(schema: &'a Value, content: &Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let own = schema["properties"].get(name).into_iter();
    let rules = rules(schema, content).filter_map(|then| then["properties"].get(name)).collect::<Vec<_>>();
    own.chain(rules).filter(|schema| schema.is_object())
}

/// The `then` of every rule whose `if` holds.
fn rules<'a>(schema: &'a Value, content: &Value) -> impl Iterator<Item = &'a Value> {
    let rules = schema["allOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    rules.iter().filter(|rule| holds(&rule["if"], content)).filter_map(|rule| rule.get("then"))
}

fn holds(condition: &Value, content: &Value) -> bool {
    let Some(condition) = condition.as_object() else { return false };
    let empty = Map::new();
    let words = condition.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    has_all(condition.get("required"), content)
        && words.iter().all(|(key, word)| content.get(key).is_none_or(|value| *value == word["const"]))
}

fn has_all(required: Option<&Value>, content: &Value) -> bool {
    required
        .and_then(Value::as_array)
        .is_none_or(|keys| keys.iter().all(|key| content.get(key.as_str().unwrap_or_default()).is_some()))
}

/// Whether the table is wrong without a key.
fn misses(schema: &Value, content: &Value, name: &str) -> bool {
    let mut without = content.clone();
    if let Some(table) = without.as_object_mut() {
        table.remove(name);
    }
    let complete = |schema: &Value| has_all(schema.get("required"), &without);
    let one_of = |rule: &Value| {
        let choices = rule["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        choices.is_empty() || choices.iter().filter(|choice| complete(choice)).count() == 1
    };
    let all = schema["allOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    let has_forbidden = |then: &Value| {
        let properties = then["properties"].as_object().into_iter().flatten();
        properties.into_iter().any(|(key, value)| *value == Value::Bool(false) && without.get(key).is_some())
    };
    let has_lonely = schema["dependentRequired"].as_object().into_iter().flatten();
    let mut has_lonely =
        has_lonely.filter(|(key, needed)| without.get(*key).is_some() && !has_all(Some(needed), &without));
    !(complete(schema)
        && has_lonely.next().is_none()
        && all.iter().all(one_of)
        && rules(schema, &without).all(|then| complete(then) && !has_forbidden(then)))
}
