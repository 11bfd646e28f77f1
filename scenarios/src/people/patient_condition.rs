//! What patients may suffer from: a condition is a bundle of changes of the model's parameters.

use sim_core::{Argument, ParameterKind, ParameterSpec, PatientSpec};

use crate::language::diagnostic::{Checked, Notes};
use crate::language::document::{Key, Table, Value};
use crate::language::parameter::{ParameterReader, Setting};
use crate::language::plain_value::value_place;
use crate::language::reader::{Placed, Reader};
use crate::language::suggestion::hint;
use crate::people::profile::{Catalogue, condition_row, parameter_reader};

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
    ) -> Checked<ConditionDraft> {
        let Some((_, table)) = self.conditions.iter().find(|(id, _)| id.value == name.value) else {
            let names = self.conditions.iter().map(|(id, _)| id.value.as_str());
            let hint = hint(&name.value, "conditions", names);
            return Err(notes.error(name.place, format!("there is no condition `{}`{hint}", name.value)));
        };
        let reader = condition_reader(notes, &name.value, table);
        let parameters = parameter_reader(notes, model);
        let empty = reader.empty_table();
        let below = |key| reader.optional_table(key, &empty);
        let set = parameters.given(below("set")?)?;
        let own = |spec: &ParameterSpec| {
            spec.inherent || spec.default.is_some() || spec.required || set.iter().any(|(name, _)| name == spec.name)
        };
        let times = factors(&parameters, below("times")?, own);
        let plus = summands(&parameters, below("plus")?, own);
        Ok(ConditionDraft { name: name.value.clone(), set: set.clone(), times: times?, plus: plus? })
    }
}

/// Begins to read a condition; its keys are checked.
pub(crate) fn condition_reader<'a>(notes: &'a Notes, id: &str, table: &'a Table) -> Reader<'a> {
    let reader = Reader::new(notes, table, condition_row(), format!("[condition.{id}]"), None);
    // It is only for people, but must be a text all the same.
    let _ = reader.text("about");
    reader
}

fn factors(
    reader: &ParameterReader<'_>,
    table: &Table,
    own: impl Fn(&ParameterSpec) -> bool,
) -> Checked<Vec<(String, Setting)>> {
    let factors = table.entries.iter().map(|(key, node)| {
        let spec = changed(reader, key, &own)?;
        let factor = ParameterSpec { kind: ParameterKind::Number, range: Some((0.0, GREATEST_FACTOR)), ..spec.clone() };
        Ok((spec.name.to_owned(), reader.setting(&factor, node)?))
    });
    factors.collect::<Vec<_>>().into_iter().collect()
}

fn summands(
    reader: &ParameterReader<'_>,
    table: &Table,
    own: impl Fn(&ParameterSpec) -> bool,
) -> Checked<Vec<(String, f64)>> {
    let summands = table.entries.iter().map(|(key, node)| {
        let spec = changed(reader, key, &own)?;
        let place = value_place(node);
        if let Value::Text(text) = &node.value {
            return Ok((spec.name.to_owned(), reader.deviation(spec, &text.text, place)?));
        }
        let any = ParameterSpec { range: None, ..spec.clone() };
        match reader.setting(&any, node)? {
            Setting::Fixed(Argument::Number(number)) => Ok((spec.name.to_owned(), number)),
            _ => Err(reader.notes.error(place, format!("`{}` must be a number or a text with a unit", spec.name))),
        }
    });
    summands.collect::<Vec<_>>().into_iter().collect()
}

/// The row of a parameter that can be changed.
fn changed<'a>(
    reader: &'a ParameterReader<'_>,
    key: &Key,
    own: impl Fn(&ParameterSpec) -> bool,
) -> Checked<&'a ParameterSpec> {
    let spec = reader.spec(key)?;
    let number = matches!(spec.kind, ParameterKind::Number | ParameterKind::Count | ParameterKind::Quantity(_));
    if !number {
        let message = format!("`{}` is not a number, so it can only be set", key.name);
        return Err(reader.notes.error(key.place, message));
    }
    if !own(spec) {
        let message = format!("{} has no `{}` of its own that could be changed; set it", reader.owner, key.name);
        return Err(reader.notes.error(key.place, message));
    }
    Ok(spec)
}
