//! A plan as JSON, for tools.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::language::diagnostic::{HIDDEN, SHORTEST_HIDDEN};
use crate::plan::Plan;
use crate::plan::document::{Piece, View, tell};
use crate::plan::identity::plan_sha256;

/// The plan as `iomt plan --json` prints it (`"format": "plan/1"`): times in seconds, everybody by path. No
/// passwords, and nothing else that has the value of one: whoever gives it for a name as well has not made it public.
pub fn plan_json(plan: &Plan) -> Value {
    let mut document = Map::new();
    document.insert("format".to_owned(), "plan/1".into());
    document.insert("plan_sha256".to_owned(), plan_sha256(plan).into());
    let mut list: Option<(&'static str, Vec<Value>)> = None;
    tell(plan, View::Shown, &mut |piece| match piece {
        Piece::Single(name, value) => {
            document.insert(name.to_owned(), value);
        }
        Piece::List(name) => {
            if let Some((name, items)) = list.replace((name, Vec::new())) {
                document.insert(name.to_owned(), items.into());
            }
        }
        Piece::Item(item) => list.as_mut().expect("a list has begun").1.push(item),
    });
    if let Some((name, items)) = list {
        document.insert(name.to_owned(), items.into());
    }
    let mut document = Value::Object(document);
    let secrets: BTreeSet<&str> = plan.secrets().filter(|secret| secret.chars().count() >= SHORTEST_HIDDEN).collect();
    if !secrets.is_empty() {
        hide(&mut document, &secrets);
    }
    document
}

fn hide(value: &mut Value, secrets: &BTreeSet<&str>) {
    match value {
        Value::String(text) if secrets.contains(text.as_str()) => HIDDEN.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, secrets)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| hide(entry, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
