//! Reads payload formats that the scenario makes of its own parameters.

use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::{Argument, Arguments, FormatPlan, FormatSource, MakeFormat, ParameterKind, ParameterSpec, Registry};
use vocabulary::{Format, FormatFlaw};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::document::{Piece, Table, Text, Value};
use crate::language::include::beside;
use crate::language::parameter::ParameterReader;
use crate::language::reader::{Placed, Reader};
use crate::language::schema::TableSpec;
use crate::language::source::Source;
use crate::language::suggestion::hint;

/// A payload format as declared.
#[derive(Debug)]
pub(crate) struct PayloadDraft {
    pub(crate) id: Placed<String>,
    pub(crate) body: Checked<PayloadBody>,
}

/// A payload format that can be used.
#[derive(Debug)]
pub(crate) struct PayloadBody {
    pub(crate) plan: FormatPlan,
    pub(crate) format: Arc<dyn Format>,
    pub(crate) texts: ParameterTexts,
}

/// Where the texts of parameters stand, for complaints about what is in them.
#[derive(Debug)]
pub(crate) struct ParameterTexts {
    by_name: BTreeMap<&'static str, Text>,
    /// Where parameters stand that are no texts.
    others: BTreeMap<&'static str, Place>,
    table: Place,
}

impl ParameterTexts {
    /// Where a flaw stands.
    pub(crate) fn place(&self, flaw: &FormatFlaw) -> Place {
        let Some(parameter) = flaw.parameter else { return self.table };
        match self.by_name.get(parameter) {
            Some(text) => text.place(flaw.at),
            None => self.others.get(parameter).copied().unwrap_or(self.table),
        }
    }
}

/// Reads every `[payload.ID]`.
pub(crate) fn read_payloads(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    source: &dyn Source,
) -> Vec<PayloadDraft> {
    let spec = spec.below("payload");
    root.named_below("payload")
        .into_iter()
        .map(|(id, table)| {
            let made = made_kind(registry, table);
            let names: Option<Vec<&str>> = made.map(|made| made.parameters.iter().map(|spec| spec.name).collect());
            let heading = format!("[payload.{}]", id.value);
            let reader = Reader::new(root.notes, table, spec, heading, names.as_deref());
            let taken = registry.format(&id.value).map(|_| {
                let message = format!("`{}` is a payload format of the program; choose another name", id.value);
                root.notes.error(id.place, message)
            });
            let body = read_body(&reader, registry, source, &id.value);
            PayloadDraft { id, body: taken.map_or(body, Err) }
        })
        .collect()
}

/// A registered format that is made from parameters.
#[derive(Debug, Clone, Copy)]
struct Made<'r> {
    name: &'static str,
    parameters: &'r [ParameterSpec],
    make: MakeFormat,
}

fn made_formats(registry: &Registry) -> impl Iterator<Item = Made<'_>> {
    registry.public_formats().filter_map(|row| match &row.source {
        FormatSource::Made { parameters, make, .. } => Some(Made { name: row.name, parameters, make: *make }),
        FormatSource::Fixed(_) => None,
    })
}

/// The kind that a table names, if it is one.
fn made_kind<'r>(registry: &'r Registry, table: &Table) -> Option<Made<'r>> {
    let (_, node) = table.get("kind")?;
    let Value::Text(text) = &node.value else { return None };
    made_formats(registry).find(|made| made.name == text.text)
}

fn read_body(reader: &Reader<'_>, registry: &Registry, source: &dyn Source, id: &str) -> Checked<PayloadBody> {
    let kind = reader.text("kind")?;
    let Some(made) = made_formats(registry).find(|made| made.name == kind.text) else {
        let message = if let Some(row) = registry.format(&kind.text) {
            let name = row.name;
            format!("format `{name}` has no parameters; name it in the link itself, `format = \"{name}\"`")
        } else {
            let names: Vec<&str> = made_formats(registry).map(|made| made.name).collect();
            format!("there is no kind of format `{}`{}", kind.text, hint(&kind.text, "kinds", names))
        };
        return Err(reader.notes.error(kind.start(), message));
    };
    let owner = format!("a format of kind `{}`", made.name);
    let parameters = ParameterReader { notes: reader.notes, owner, specs: made.parameters, drawn: false };
    let known: Vec<&str> = reader.table.entries.iter().map(|(key, _)| key.name.as_str()).collect();
    let arguments = parameters.arguments(Some(reader.table), &known, reader.table.place)?;
    let (arguments, texts) = with_files(reader, made.parameters, arguments, source)?;
    match (made.make)(&arguments) {
        Ok(format) => {
            let plan = FormatPlan { id: id.to_owned(), kind: made.name.to_owned(), arguments };
            Ok(PayloadBody { plan, format, texts })
        }
        Err(flaws) => {
            let complain = |flaw: FormatFlaw| reader.notes.error(texts.place(&flaw), flaw.reason);
            let told = flaws.into_iter().map(complain).last();
            Err(told.unwrap_or_else(|| reader.notes.unexplained(kind.start(), "the format cannot be made")))
        }
    }
}

/// Puts what files hold in the place of their names, and tells where every text stands.
fn with_files(
    reader: &Reader<'_>,
    specs: &[ParameterSpec],
    mut arguments: Arguments,
    source: &dyn Source,
) -> Checked<(Arguments, ParameterTexts)> {
    let mut texts = ParameterTexts { by_name: BTreeMap::new(), others: BTreeMap::new(), table: reader.place("kind") };
    let mut outcome = Ok(());
    for spec in specs {
        let Some((_, node)) = reader.table.get(spec.name) else { continue };
        match (&node.value, &spec.kind) {
            (Value::Text(name), ParameterKind::File) => match read_file(reader.notes, source, name) {
                Ok(content) => {
                    arguments.0.insert(spec.name.to_owned(), Argument::Text(content.text.clone()));
                    texts.by_name.insert(spec.name, content);
                }
                Err(refused) => outcome = Err(refused),
            },
            (Value::Text(text), _) => {
                texts.by_name.insert(spec.name, text.clone());
            }
            _ => {
                texts.others.insert(spec.name, node.place);
            }
        }
    }
    outcome.map(|()| (arguments, texts))
}

/// What a file holds that is named relative to the scenario.
fn read_file(notes: &Notes, source: &dyn Source, name: &Text) -> Checked<Text> {
    let path = beside(&notes.file_name(name.start()), &name.text);
    let content = source.read(&path).map_err(|error| notes.error(name.start(), error.to_string()))?;
    let file = notes.add_file(&path, &content, None);
    Ok(Text { text: content, pieces: vec![Piece { from: 0, place: Place { file, offset: 0 }, literal: true }] })
}
