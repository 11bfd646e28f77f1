//! Profiles: kinds of patients described as data, built in or the scenario's own.

use sim_core::{PatientSpec, Registry};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::document::{Table, Value, parse};
use crate::language::grammar::people::PROFILE_FILE;
use crate::language::parameter::{ParameterReader, Setting};
use crate::language::reader::{Placed, Reader};
use crate::language::schema::TableSpec;
use crate::language::suggestion::hint;
use crate::people::patient_condition::condition_reader;

/// Every profile and condition by id, not yet read. The scenario's own come last.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) profiles: Vec<(Placed<String>, Table)>,
    pub(crate) conditions: Vec<(Placed<String>, Table)>,
}

/// A profile as declared.
#[derive(Debug)]
pub(crate) struct ProfileDraft<'a> {
    pub(crate) model: &'a PatientSpec,
    pub(crate) settings: Vec<(String, Setting)>,
    pub(crate) shares: Vec<(Placed<String>, f64)>,
    pub(crate) groups: Vec<Group>,
}

/// What differs in some of the patients of a profile.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) who: Who,
    pub(crate) settings: Vec<(String, Setting)>,
    pub(crate) shares: Vec<(Placed<String>, f64)>,
}

/// Whom a group takes in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Who {
    /// Patients of this sex.
    Sex(&'static str),
    /// Patients from this age on and below that one [years].
    Ages(f64, f64),
}

/// Parameters by which patients are grouped.
pub(crate) const AGE: &str = "age";
/// As [`AGE`].
pub(crate) const SEX: &str = "sex";
const SEXES: [&str; 2] = ["female", "male"];

impl Catalogue {
    /// Gathers the registry's profiles and conditions and those of the scenario, which are read to be checked.
    pub(crate) fn read(root: &Reader<'_>, registry: &Registry) -> Self {
        let mut catalogue = Self::built_in(root.notes, registry);
        let [profiles, conditions] = ["profile", "condition"].map(|key| owned(root.named_below(key)));
        lay_over(&mut catalogue.profiles, profiles.clone());
        lay_over(&mut catalogue.conditions, conditions.clone());
        for (id, table) in &profiles {
            // Whoever uses it reads it again; here it is only checked.
            let _ = catalogue.read_profile(root.notes, registry, &id.value, table);
        }
        for (id, table) in &conditions {
            condition_reader(root.notes, &id.value, table);
        }
        catalogue
    }

    /// Gathers the registry's profiles and conditions.
    pub(crate) fn built_in(notes: &Notes, registry: &Registry) -> Self {
        let mut catalogue = Self::default();
        for file in registry.profiles() {
            let number = notes.add_file(&file.name, &file.text, None);
            let Ok(table) = parse(notes, number, &file.text) else { continue };
            let reader = Reader::new(notes, &table, &PROFILE_FILE, "the file".to_owned(), None);
            lay_over(&mut catalogue.profiles, owned(reader.named_below("profile")));
            lay_over(&mut catalogue.conditions, owned(reader.named_below("condition")));
        }
        catalogue
    }

    /// Reads the profile with this id; complains at `place` when there is none.
    pub(crate) fn profile<'a>(
        &self,
        notes: &Notes,
        registry: &'a Registry,
        id: &str,
        place: Place,
    ) -> Checked<ProfileDraft<'a>> {
        let Some((_, table)) = self.profiles.iter().find(|(other, _)| other.value == id) else {
            let names = self.profiles.iter().map(|(id, _)| id.value.as_str());
            return Err(notes.error(place, format!("there is no profile `{id}`{}", hint(id, "profiles", names))));
        };
        self.read_profile(notes, registry, id, table)
    }

    /// The model of the profile with this id, if both are known.
    pub(crate) fn model_of<'a>(&self, registry: &'a Registry, id: &str) -> Option<&'a PatientSpec> {
        let (_, table) = self.profiles.iter().find(|(other, _)| other.value == id)?;
        match &table.get("model")?.1.value {
            Value::Text(text) => registry.patient(&text.text),
            _ => None,
        }
    }

    fn read_profile<'a>(
        &self,
        notes: &Notes,
        registry: &'a Registry,
        id: &str,
        table: &Table,
    ) -> Checked<ProfileDraft<'a>> {
        let spec = PROFILE_FILE.below("profile");
        let reader = Reader::new(notes, table, spec, format!("[profile.{id}]"), None);
        // It is only for people, but must be a text all the same.
        let _ = reader.text("about");
        let model = registered_model(&reader, registry)?;
        let mut groups = Vec::new();
        for (sex, table) in reader.named_below(SEX) {
            let Some(known) = SEXES.into_iter().find(|known| *known == sex.value) else {
                let hint = hint(&sex.value, "sexes", SEXES);
                notes.error(sex.place, format!("there is no sex `{}`{hint}", sex.value));
                continue;
            };
            let group = Reader::new(notes, table, spec.below(SEX), format!("profile.{id}.sex.{known}"), None);
            groups.push(self.group(&group, model, Who::Sex(known)));
        }
        for table in reader.tables_below(AGE) {
            let group = Reader::new(notes, table, spec.below(AGE), format!("[[profile.{id}.age]]"), None);
            let bound = |key| group.optional(key, Reader::number).ok().flatten().map(|bound| bound.value);
            let from = bound("from").unwrap_or(0.0);
            let below = bound("below").unwrap_or(f64::INFINITY);
            if below <= from {
                notes.error(group.place("below"), format!("`below` is not above `from`, {from}"));
            }
            groups.push(self.group(&group, model, Who::Ages(from, below)));
        }
        Ok(ProfileDraft { model, settings: settings(&reader, model), shares: self.shares(&reader, model), groups })
    }

    fn group(&self, reader: &Reader<'_>, model: &PatientSpec, who: Who) -> Group {
        let needed = if matches!(who, Who::Sex(_)) { SEX } else { AGE };
        if !model.parameters.iter().any(|spec| spec.name == needed) {
            let message = format!("patient model `{}` has no `{needed}` to tell its patients apart", model.model);
            reader.notes.error(reader.table.place, message);
        }
        let parameters = reader.table.get("parameters").map(|(_, node)| &node.value);
        if let Some(Value::Table(table)) = parameters {
            for (key, _) in table.entries.iter().filter(|(key, _)| [AGE, SEX].contains(&key.name.as_str())) {
                reader.notes.error(key.place, format!("`{}` cannot differ between groups", key.name));
            }
        }
        Group { who, settings: settings(reader, model), shares: self.shares(reader, model) }
    }

    /// The key `conditions` of a table; every condition in it is checked against the model.
    pub(crate) fn shares(&self, reader: &Reader<'_>, model: &PatientSpec) -> Vec<(Placed<String>, f64)> {
        let mut shares = reader.shares("conditions");
        shares.retain(|(name, _)| self.condition(reader.notes, model, name).is_ok());
        shares
    }
}

/// The model that the key `model` names; complains when there is none of this name.
pub(crate) fn registered_model<'a>(reader: &Reader<'_>, registry: &'a Registry) -> Checked<&'a PatientSpec> {
    let word = reader.text("model")?;
    registry.patient(&word.text).ok_or_else(|| {
        let names: Vec<&str> = registry.patients().iter().map(|patient| patient.model).collect();
        let hint = hint(&word.text, "patient models", names);
        reader.notes.error(word.start(), format!("there is no patient model `{}`{hint}", word.text))
    })
}

/// The key `parameters` of a table; what is wrong with it has been complained about.
fn settings(reader: &Reader<'_>, model: &PatientSpec) -> Vec<(String, Setting)> {
    let table = reader.optional("parameters", Reader::table_below).ok().flatten();
    table.and_then(|table| parameter_reader(reader.notes, model).given(table).ok()).unwrap_or_default()
}

/// Reads parameters of a patient model, which may be distributions.
pub(crate) fn parameter_reader<'a>(notes: &'a Notes, model: &'a PatientSpec) -> ParameterReader<'a> {
    let owner = format!("patient model `{}`", model.model);
    ParameterReader { notes, owner, specs: &model.parameters, drawn: true }
}

fn owned(tables: Vec<(Placed<String>, &Table)>) -> Vec<(Placed<String>, Table)> {
    tables.into_iter().map(|(id, table)| (id, table.clone())).collect()
}

fn lay_over(lower: &mut Vec<(Placed<String>, Table)>, upper: Vec<(Placed<String>, Table)>) {
    lower.retain(|(id, _)| upper.iter().all(|(other, _)| other.value != id.value));
    lower.extend(upper);
}

/// The row of the tables that describe conditions.
pub(crate) fn condition_row() -> &'static TableSpec {
    PROFILE_FILE.below("condition")
}
