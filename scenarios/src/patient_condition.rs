//! What patients may suffer from: a condition is a bundle of changes of the model's parameters.

use sim_core::{Argument, ParameterKind, ParameterSpec, PatientSpec};

use crate::diagnostic::Notes;
use crate::document::{Table, Value};
use crate::parameter::{ParameterReader, Setting};
use crate::profile::{Catalogue, condition_row, parameter_reader};
use crate::reader::{Placed, Reader, value_place};
use crate::suggestion::hint;

/// A condition as it acts on one model's patients.
#[derive(Debug, Clone)]
pub(crate) struct ConditionDraft {
    pub(crate) name: String,
    pub(crate) set: Vec<(String, Setting)>,
    pub(crate) times: Vec<(String, Setting)>,
    pub(crate) plus: Vec<(String, f64)>,
}

/// Greatest factor of a change, so that a slip of the keyboard is told.
const GREATEST_FACTOR: f64 = 100.0;

impl Catalogue {
    /// Reads a condition for a model; complains where it is named when there is none.
    pub(crate) fn condition(
        &self,
        notes: &Notes,
        model: &PatientSpec,
        name: &Placed<String>,
    ) -> Option<ConditionDraft> {
        let Some((_, table)) = self.conditions.iter().find(|(id, _)| id.value == name.value) else {
            let names = self.conditions.iter().map(|(id, _)| id.value.as_str());
            let hint = hint(&name.value, "conditions", names);
            notes.error(name.place, format!("there is no condition `{}`{hint}", name.value));
            return None;
        };
        let reader = condition_reader(notes, &name.value, table);
        let parameters = parameter_reader(notes, model);
        let empty = reader.empty_table();
        let below = |key| reader.optional_table(key, &empty).unwrap_or(&empty);
        let set = parameters.given(below("set"));
        let own = |spec: &ParameterSpec| {
            spec.inherent || spec.default.is_some() || spec.required || set.iter().any(|(name, _)| name == spec.name)
        };
        let times = factors(&parameters, below("times"), own);
        let plus = summands(&parameters, below("plus"), own);
        Some(ConditionDraft { name: name.value.clone(), set, times, plus })
    }
}

/// Begins to read a condition; its keys are checked.
pub(crate) fn condition_reader<'a>(notes: &'a Notes, id: &str, table: &'a Table) -> Reader<'a> {
    let reader = Reader::new(notes, table, condition_row(), format!("[condition.{id}]"), None);
    reader.text("about");
    reader
}

fn factors(
    reader: &ParameterReader<'_>,
    table: &Table,
    own: impl Fn(&ParameterSpec) -> bool,
) -> Vec<(String, Setting)> {
    let factors = changed(reader, table, own).filter_map(|(spec, node)| {
        let factor = ParameterSpec { kind: ParameterKind::Number, range: Some((0.0, GREATEST_FACTOR)), ..spec.clone() };
        Some((spec.name.to_owned(), reader.setting(&factor, node)?))
    });
    factors.collect()
}

fn summands(reader: &ParameterReader<'_>, table: &Table, own: impl Fn(&ParameterSpec) -> bool) -> Vec<(String, f64)> {
    let summands = changed(reader, table, own).filter_map(|(spec, node)| {
        let place = value_place(node);
        let value = if let Value::Text(text) = &node.value {
            reader.deviation(spec, &text.text, place)?
        } else {
            let any = ParameterSpec { range: None, ..spec.clone() };
            match reader.setting(&any, node)? {
                Setting::Fixed(Argument::Number(number)) => number,
                _ => return None,
            }
        };
        Some((spec.name.to_owned(), value))
    });
    summands.collect()
}

/// The parameters of a table that can be changed; complains about the others.
fn changed<'a>(
    reader: &'a ParameterReader<'_>,
    table: &'a Table,
    own: impl Fn(&ParameterSpec) -> bool + 'a,
) -> impl Iterator<Item = (&'a ParameterSpec, &'a crate::document::Node)> {
    table.entries.iter().filter_map(move |(key, node)| {
        let spec = reader.spec(key)?;
        let number = matches!(spec.kind, ParameterKind::Number | ParameterKind::Count | ParameterKind::Quantity(_));
        if !number {
            reader.notes.error(key.place, format!("`{}` is not a number, so it can only be set", key.name));
            return None;
        }
        if !own(spec) {
            let message = format!("{} has no `{}` of its own that could be changed; set it", reader.owner, key.name);
            reader.notes.error(key.place, message);
            return None;
        }
        Some((spec, node))
    })
}
