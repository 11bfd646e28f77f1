//! Reads a scenario with everything it includes, and lays the files over each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::document::{Node, Table, Value, parse};
use crate::language::preset::{self, PRESETS};
use crate::language::source::Source;
use crate::language::suggestion::hint;

/// Includes deeper than this are a mistake.
const DEEPEST: usize = 8;

/// Reads `file` and its includes into one table.
pub(crate) fn read(notes: &Notes, source: &dyn Source, file: &str) -> Checked<Table> {
    read_file(notes, source, file, None, &mut Vec::new())
}

fn read_file(
    notes: &Notes,
    source: &dyn Source,
    name: &str,
    included_from: Option<Place>,
    open: &mut Vec<String>,
) -> Checked<Table> {
    let complain = |message: String| match included_from {
        Some(place) => notes.error(place, message),
        None => notes.error_outside(name, message),
    };
    if open.iter().any(|other| other == name) {
        return Err(complain(format!("`{name}` includes itself")));
    }
    if open.len() >= DEEPEST {
        return Err(complain(format!("includes are nested more than {DEEPEST} deep")));
    }
    let text = match preset::name_of(name) {
        Some(wanted) => {
            let Some(preset) = PRESETS.iter().find(|preset| preset.name == wanted) else {
                let hint = hint(wanted, "presets", preset::names().collect::<Vec<_>>());
                return Err(complain(format!("there is no preset `{wanted}`{hint}")));
            };
            preset.text.to_owned()
        }
        None => source.read(name).map_err(|error| complain(error.to_string()))?,
    };
    let file = notes.add_file(name, &text, included_from);
    let own = parse(notes, file, &text)?;
    open.push(name.to_owned());
    let mut merged = Table { place: own.place, entries: Vec::new() };
    let mut outcome = Ok(());
    for (included, place) in includes(notes, &own) {
        match read_file(notes, source, &beside(name, &included), Some(place), open) {
            Ok(table) => lay_over(&mut merged, table),
            Err(refused) => outcome = Err(refused),
        }
    }
    open.pop();
    // Whatever the missing file declares would be reported as missing, too.
    outcome?;
    lay_over(&mut merged, own);
    Ok(merged)
}

/// The files a table includes.
fn includes(notes: &Notes, table: &Table) -> Vec<(String, Place)> {
    let Some((key, node)) = table.get("include") else { return Vec::new() };
    notes.mark_read(key.place);
    let Value::List(list) = &node.value else {
        notes.error(node.place, format!("`include` is {}, but must be a list of files", node.value.word()));
        return Vec::new();
    };
    let mut files = Vec::new();
    for item in list {
        match &item.value {
            Value::Text(text) => files.push((text.text.clone(), item.place)),
            other => {
                notes.error(item.place, format!("{} is not the name of a file", other.word()));
            }
        }
    }
    files
}

/// The path of `included` as seen from where `file` is.
pub(crate) fn beside(file: &str, included: &str) -> String {
    let is_whole = included.starts_with('/') || preset::name_of(included).is_some();
    let Some((folder, _)) = file.rsplit_once('/').filter(|_| !is_whole) else {
        return included.to_owned();
    };
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in included.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, "" | "." | "..")) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Puts `upper` over `lower`: single values replace, tables of ids and lists of entries replace id by id.
fn lay_over(lower: &mut Table, upper: Table) {
    lower.place = upper.place;
    for (key, node) in upper.entries {
        let Some((old_key, old)) = lower.entries.iter_mut().find(|(old, _)| old.name == key.name) else {
            lower.entries.push((key, node));
            continue;
        };
        match (&mut old.value, node.value) {
            (Value::Table(old_table), Value::Table(table)) => replace_keys(old_table, table),
            (Value::List(old_list), Value::List(list)) if list.iter().all(is_table) => replace_by_id(old_list, list),
            (_, value) => {
                *old_key = key;
                *old = Node { place: node.place, value };
            }
        }
    }
}

fn replace_keys(lower: &mut Table, upper: Table) {
    let names: BTreeSet<String> = upper.entries.iter().map(|(key, _)| key.name.clone()).collect();
    lower.entries.retain(|(old, _)| !names.contains(&old.name));
    lower.entries.extend(upper.entries);
}

fn replace_by_id(lower: &mut Vec<Node>, upper: Vec<Node>) {
    // Only entries of another file are replaced; the same id twice in one file is an error the checker reports.
    let ids = lower.iter().enumerate().rev().filter_map(|(index, old)| Some((id_of(old)?, index)));
    let included: BTreeMap<String, usize> = ids.collect();
    for node in upper {
        match id_of(&node).and_then(|id| included.get(&id)) {
            Some(index) => lower[*index] = node,
            None => lower.push(node),
        }
    }
}

fn is_table(node: &Node) -> bool {
    matches!(node.value, Value::Table(_))
}

fn id_of(node: &Node) -> Option<String> {
    let Value::Table(table) = &node.value else { return None };
    match &table.get("id")?.1.value {
        Value::Text(text) => Some(text.text.clone()),
        _ => None,
    }
}
