//! `${x}` in texts: variables of the file, variables of the environment, and what stays a template.

use std::collections::BTreeMap;

use crate::language::diagnostic::{Notes, Place};
use crate::language::document::{Key, Node, Piece, Table, Text, Value, parse_value};
use crate::language::settings::Settings;
use crate::language::suggestion::hint;
use crate::language::template::TEMPLATE_NAMES;

/// Variables of a scenario, by name.
#[derive(Debug, Default)]
pub(crate) struct Variables(BTreeMap<String, Node>);

impl Variables {
    /// Reads `[vars]`, lets `--set` override, and adds the names every file has.
    pub(crate) fn read(notes: &Notes, document: &Table, settings: &Settings<'_>) -> Self {
        let mut variables = Self::default();
        if let Some((key, node)) = document.get("vars") {
            notes.mark_read(key.place);
            variables.read_table(notes, node, settings);
        }
        for (name, text) in &settings.sets {
            // Not the value: it may be a secret, and errors end up in logs.
            let origin = format!("--set {name}");
            if !variables.0.contains_key(name) {
                let names: Vec<&str> = variables.0.keys().map(String::as_str).collect();
                notes.error_outside(&origin, format!("no variable `{name}`{}", hint(name, "variables", names)));
                continue;
            }
            let file = notes.add_file(&origin, text, None);
            let start = Place { file, offset: 0 };
            let mut node = parse_value(notes, file, text).unwrap_or_else(|| Node {
                place: start,
                value: Value::Text(Text { text: text.clone(), pieces: vec![piece(0, start, true)] }),
            });
            Self::read_environment(notes, &mut node, settings);
            variables.0.insert(name.clone(), node);
        }
        if let Some((_, node)) = document.get("scenario")
            && !variables.0.contains_key("scenario")
        {
            variables.0.insert("scenario".to_owned(), node.clone());
        }
        variables
    }

    fn read_table(&mut self, notes: &Notes, node: &Node, settings: &Settings<'_>) {
        let Value::Table(table) = &node.value else {
            notes.error(node.place, format!("`vars` is {}, but [vars] must be a table", node.value.word()));
            return;
        };
        for (key, node) in &table.entries {
            notes.mark_read(key.place);
            if TEMPLATE_NAMES.iter().any(|(name, _)| *name == key.name) || key.name == "scenario" {
                notes.error(key.place, format!("`{}` has a meaning of its own; choose another name", key.name));
                continue;
            }
            let mut node = node.clone();
            match &node.value {
                Value::Table(_) | Value::List(_) => {
                    let word = node.value.word();
                    notes.error(node.place, format!("variable `{}` is {word}; only plain values are", key.name));
                    continue;
                }
                _ => Self::read_environment(notes, &mut node, settings),
            }
            self.0.insert(key.name.clone(), node);
        }
    }

    /// Replaces variables of the environment in the value of a variable, which has no others.
    fn read_environment(notes: &Notes, node: &mut Node, settings: &Settings<'_>) {
        if let Value::Text(text) = &node.value
            && let Some(value) = Self::default().substitute(notes, text, settings)
        {
            node.value = value;
        }
    }

    /// Replaces variables in a table and below, except in `[vars]` itself.
    pub(crate) fn apply(&self, notes: &Notes, table: &mut Table, settings: &Settings<'_>) {
        for (key, node) in &mut table.entries {
            if key.name != "vars" {
                self.apply_to(notes, node, settings);
                hide_secret(notes, key, node);
            }
        }
    }

    fn apply_to(&self, notes: &Notes, node: &mut Node, settings: &Settings<'_>) {
        match &mut node.value {
            Value::Text(text) => {
                if let Some(value) = self.substitute(notes, text, settings) {
                    node.value = value;
                }
            }
            Value::List(list) => list.iter_mut().for_each(|item| self.apply_to(notes, item, settings)),
            Value::Table(table) => {
                for (key, node) in &mut table.entries {
                    self.apply_to(notes, node, settings);
                    hide_secret(notes, key, node);
                }
            }
            _ => {}
        }
    }

    /// The value of a text with its variables replaced; `None` when it has none.
    fn substitute(&self, notes: &Notes, text: &Text, settings: &Settings<'_>) -> Option<Value> {
        if !text.text.contains("${") {
            return None;
        }
        let mut replaced = Text::default();
        let mut cursor = 0;
        while let Some(begin) = text.text[cursor..].find("${").map(|index| index + cursor) {
            push_literal(&mut replaced, text, cursor, begin);
            let place = text.place(begin);
            let Some(length) = text.text[begin..].find('}') else {
                notes.error(place, "`${` without `}`");
                cursor = begin + 2;
                continue;
            };
            let name = &text.text[begin + 2..begin + length];
            let whole = begin == 0 && length + 1 == text.text.len();
            cursor = begin + length + 1;
            match self.lookup(name, settings) {
                Found::Template => push_literal(&mut replaced, text, begin, cursor),
                Found::Value(node) if whole => {
                    return Some(match &node.value {
                        Value::Text(value) => {
                            Value::Text(Text { text: value.text.clone(), pieces: vec![piece(0, place, false)] })
                        }
                        other => other.clone(),
                    });
                }
                Found::Value(node) => push_value(&mut replaced, place, &plain_text(&node.value)),
                Found::Environment(value) => push_value(&mut replaced, place, &value),
                // The text stays, so that nobody takes an empty word for what was meant.
                Found::Nothing(message) => {
                    notes.error(place, message);
                    push_literal(&mut replaced, text, begin, cursor);
                }
            }
        }
        push_literal(&mut replaced, text, cursor, text.text.len());
        if replaced.pieces.is_empty() {
            replaced.pieces.push(piece(0, text.start(), false));
        }
        Some(Value::Text(replaced))
    }

    fn lookup(&self, name: &str, settings: &Settings<'_>) -> Found<'_> {
        if let Some(variable) = name.strip_prefix("env:") {
            let (variable, default) = match variable.split_once(":-") {
                Some((variable, default)) => (variable, Some(default)),
                None => (variable, None),
            };
            return match ((settings.environment)(variable), default) {
                (Some(value), _) => Found::Environment(value),
                (None, Some(default)) => Found::Environment(default.to_owned()),
                (None, None) => Found::Nothing(format!(
                    "the environment has no variable `{variable}`; give a default with `${{env:{variable}:-default}}`"
                )),
            };
        }
        if TEMPLATE_NAMES.iter().any(|(template, _)| *template == name) {
            return Found::Template;
        }
        if let Some(node) = self.0.get(name) {
            return Found::Value(node);
        }
        let names = self.0.keys().map(String::as_str).chain(TEMPLATE_NAMES.iter().map(|(name, _)| *name));
        let names: Vec<&str> = names.collect();
        Found::Nothing(format!("no variable `{name}`{}", hint(name, "variables", names)))
    }
}

/// Keys whose text is secret: of `auth`, and of `token` in it.
const SECRET_KEYS: [&str; 2] = ["password", "key"];

/// Keeps a secret out of every message, and the values that it was put together of: they may have been given for
/// something else by mistake as well.
fn hide_secret(notes: &Notes, key: &Key, node: &Node) {
    if !SECRET_KEYS.contains(&key.name.as_str()) {
        return;
    }
    let Value::Text(text) = &node.value else { return };
    notes.hide(&text.text);
    let ends = text.pieces.iter().skip(1).map(|piece| piece.from).chain([text.text.len()]);
    for (piece, end) in text.pieces.iter().zip(ends) {
        if !piece.literal {
            notes.hide(&text.text[piece.from..end]);
        }
    }
}

enum Found<'a> {
    Template,
    Value(&'a Node),
    Environment(String),
    Nothing(String),
}

const fn piece(from: usize, place: Place, literal: bool) -> Piece {
    Piece { from, place, literal }
}

fn push_literal(target: &mut Text, source: &Text, begin: usize, end: usize) {
    if begin < end {
        let literal = source.pieces.iter().all(|piece| piece.literal);
        target.pieces.push(piece(target.text.len(), source.place(begin), literal));
        target.text.push_str(&source.text[begin..end]);
    }
}

fn push_value(target: &mut Text, place: Place, value: &str) {
    target.pieces.push(piece(target.text.len(), place, false));
    target.text.push_str(value);
}

fn plain_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Instant(instant) => instant.clone(),
        Value::List(_) | Value::Table(_) => String::new(),
    }
}
