//! The registry's profiles and conditions for people, as they are written.

use sim_core::Registry;

use crate::language::diagnostic::Notes;
use crate::language::document::{Node, Table, Value};
use crate::people::profile::Catalogue;

/// A profile or a condition and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Name in a scenario.
    pub id: String,
    /// One line about it.
    pub about: String,
    /// The patient model of a profile.
    pub model: Option<String>,
    /// What it says, each with where (such as `parameters` or `age.1.conditions`) and the value as written.
    pub says: Vec<(String, String, String)>,
}

/// Profiles of a registry, in the order of their ids.
pub fn profiles(registry: &Registry) -> Vec<Described> {
    described(Catalogue::built_in(&Notes::default(), registry).profiles)
}

/// Conditions of a registry, in the order of their ids.
pub fn conditions(registry: &Registry) -> Vec<Described> {
    described(Catalogue::built_in(&Notes::default(), registry).conditions)
}

fn described(tables: Vec<(crate::language::reader::Placed<String>, Table)>) -> Vec<Described> {
    let mut all: Vec<Described> = tables
        .into_iter()
        .map(|(id, table)| {
            let text = |key: &str| table.get(key).map(|(_, node)| written(node));
            let mut says = Vec::new();
            for (key, node) in &table.entries {
                if let Value::Table(_) | Value::List(_) = node.value {
                    gather(&key.name, node, &mut says);
                }
            }
            Described { id: id.value, about: text("about").unwrap_or_default(), model: text("model"), says }
        })
        .collect();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    all
}

/// Gathers the single values below a node.
fn gather(place: &str, node: &Node, says: &mut Vec<(String, String, String)>) {
    match &node.value {
        Value::Table(table) => {
            for (key, node) in &table.entries {
                match &node.value {
                    Value::Table(_) => gather(&format!("{place}.{}", key.name), node, says),
                    _ => says.push((place.to_owned(), key.name.clone(), written(node))),
                }
            }
        }
        Value::List(list) => {
            for (index, node) in list.iter().enumerate() {
                gather(&format!("{place}.{}", index + 1), node, says);
            }
        }
        _ => {}
    }
}

fn written(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Instant(instant) => instant.clone(),
        Value::List(list) => list.iter().map(written).collect::<Vec<_>>().join(", "),
        Value::Table(_) => String::new(),
    }
}
