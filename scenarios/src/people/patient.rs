//! Who the patients of a cohort are: model or profile, parameters, conditions, and what is drawn for each of them.

use std::collections::BTreeMap;

use sim_core::{Argument, Arguments, Change, Key, ParameterKind, PatientSpec, PatientText, Purpose, Registry};

use crate::language::diagnostic::Checked;
use crate::language::document::Value;
use crate::language::parameter::Setting;
use crate::language::reader::{Placed, Reader};
use crate::language::schema::TableSpec;
use crate::people::patient_condition::ConditionDraft;
use crate::people::profile::{AGE, Catalogue, Group, SEX, Who, parameter_reader, registered_model};

/// Who patients are, before anything is drawn.
#[derive(Debug)]
pub(crate) struct PatientDraft {
    pub(crate) model: String,
    profile: Option<String>,
    settings: Vec<(String, Setting)>,
    /// Parameters that the scenario itself gives.
    said: Vec<String>,
    groups: Vec<Group>,
    /// Share of the patients who have each condition, of the profile and then of the scenario.
    shares: BTreeMap<String, f64>,
    scenario_shares: BTreeMap<String, f64>,
    conditions: Vec<ConditionDraft>,
    /// Of each parameter that is a number: whether it is whole, and its range.
    numbers: BTreeMap<String, (bool, (f64, f64))>,
}

/// Names under which a patient's arguments tell what was drawn.
const PROFILE: &str = "profile";
const CONDITIONS: &str = "conditions";

/// Sex of a patient whose sex is left open: below a half is male. The models draw it the same way, so that a profile
/// changes nobody's sex.
pub(crate) const SEX_DRAW: Purpose = Purpose::new("patient.sex");

/// What a draw for [`SEX_DRAW`] means.
pub(crate) fn is_male(draw: f64) -> bool {
    draw < 0.5
}

/// Reads `patient` of a cohort.
pub(crate) fn read_patient(
    cohort: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    catalogue: &Catalogue,
) -> Checked<PatientDraft> {
    let table = cohort.table_below("patient")?;
    let word = |key: &str| match &table.get(key)?.1.value {
        Value::Text(text) => Some(text.text.as_str()),
        _ => None,
    };
    let model = match word("profile") {
        Some(profile) => catalogue.model_of(registry, profile),
        None => word("model").and_then(|model| registry.patient(model)),
    };
    let names: Option<Vec<&str>> = model.map(|model| model.parameters.iter().map(|spec| spec.name).collect());
    let reader = Reader::new(cohort.notes, table, spec.below("patient"), "`patient`".to_owned(), names.as_deref());
    check_texts(&reader, registry)?;
    let known: Vec<&str> = table.entries.iter().map(|(key, _)| key.name.as_str()).collect();
    if !reader.has("profile") {
        let model = registered_model(&reader, registry)?;
        // Unknown keys have been complained about by the reader.
        let settings = parameter_reader(reader.notes, model).settings(Some(table), &known, table.place)?;
        return Ok(PatientDraft::new(&reader, catalogue, model, settings));
    }
    if reader.has("model") {
        let message = "`patient` has a `profile`, which names the model; leave out one of them";
        return Err(reader.notes.error(reader.place("model"), message));
    }
    let id = reader.text("profile")?;
    let profile = catalogue.profile(reader.notes, registry, &id.text, id.start())?;
    let mut settings = parameter_reader(reader.notes, profile.model).settings(Some(table), &known, table.place)?;
    for (name, setting) in profile.settings {
        if !known.contains(&name.as_str()) {
            settings.retain(|(other, _)| *other != name);
            settings.push((name, setting));
        }
    }
    let mut draft = PatientDraft::new(&reader, catalogue, profile.model, settings);
    for (name, _) in profile.shares.iter().chain(profile.groups.iter().flat_map(|group| &group.shares)) {
        draft.learn(&reader, catalogue, profile.model, name);
    }
    draft.shares = profile.shares.into_iter().map(|(name, share)| (name.value, share)).collect();
    draft.groups = profile.groups;
    draft.profile = Some(id.text);
    Ok(draft)
}

/// Complains about texts that the model could not read.
fn check_texts(reader: &Reader<'_>, registry: &Registry) -> Checked<()> {
    let mut outcome = Ok(());
    for (key, node) in &reader.table.entries {
        let (Some(syntax), Value::Text(text)) = (registry.find::<PatientText>(&key.name), &node.value) else {
            continue;
        };
        if let Err(reason) = (syntax.read)(&text.text) {
            outcome = Err(reader.notes.error(text.start(), format!("`{}`: {reason}", key.name)));
        }
    }
    outcome
}

impl PatientDraft {
    fn new(reader: &Reader<'_>, catalogue: &Catalogue, model: &PatientSpec, settings: Vec<(String, Setting)>) -> Self {
        let numbers = model.parameters.iter().filter(|spec| {
            matches!(spec.kind, ParameterKind::Number | ParameterKind::Count | ParameterKind::Quantity(_))
        });
        let mut draft = Self {
            model: model.model.to_owned(),
            profile: None,
            settings,
            said: reader.table.entries.iter().map(|(key, _)| key.name.clone()).collect(),
            groups: Vec::new(),
            shares: BTreeMap::new(),
            scenario_shares: BTreeMap::new(),
            conditions: Vec::new(),
            numbers: numbers
                .map(|spec| {
                    let range = spec.range.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
                    (spec.name.to_owned(), (spec.kind == ParameterKind::Count, range))
                })
                .collect(),
        };
        for (name, share) in catalogue.shares(reader, model) {
            draft.learn(reader, catalogue, model, &name);
            draft.scenario_shares.insert(name.value, share);
        }
        draft
    }

    /// Makes sure that a condition is known.
    fn learn(&mut self, reader: &Reader<'_>, catalogue: &Catalogue, model: &PatientSpec, name: &Placed<String>) {
        if self.conditions.iter().any(|condition| condition.name == name.value) {
            return;
        }
        self.conditions.extend(catalogue.condition(reader.notes, model, name).ok());
        self.conditions.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// What is true of the patient at `path`: a pure function of seed, path and names.
    pub(crate) fn arguments(&self, seed: u64, path: &str) -> Arguments {
        let settings = self.settings.iter();
        let mut values: BTreeMap<String, Argument> =
            settings.map(|(name, setting)| (name.clone(), setting.value(seed, path, name))).collect();
        let mut shares = self.shares.clone();
        self.apply_groups(seed, path, &mut values, &mut shares);
        shares.extend(self.scenario_shares.iter().map(|(name, share)| (name.clone(), *share)));
        self.apply_conditions(seed, path, &mut values, &shares);
        if let Some(profile) = &self.profile {
            values.insert(PROFILE.to_owned(), Argument::Text(profile.clone()));
        }
        Arguments(values)
    }

    fn apply_groups(
        &self,
        seed: u64,
        path: &str,
        values: &mut BTreeMap<String, Argument>,
        shares: &mut BTreeMap<String, f64>,
    ) {
        if self.groups.is_empty() {
            return;
        }
        let open = !matches!(values.get(SEX), Some(Argument::Text(sex)) if sex == "female" || sex == "male");
        if open && self.groups.iter().any(|group| matches!(group.who, Who::Sex(_))) {
            let male = is_male(Key::new(seed, path).uniform(SEX_DRAW, 0));
            let sex = if male { "male" } else { "female" };
            values.insert(SEX.to_owned(), Argument::Text(sex.to_owned()));
        }
        let (age, sex) = (values.get(AGE).cloned(), values.get(SEX).cloned());
        for group in &self.groups {
            let belongs = match (&group.who, &age, &sex) {
                (Who::Sex(one), _, Some(Argument::Text(sex))) => one == sex,
                (Who::Ages(from, below), Some(Argument::Number(age)), _) => (*from..*below).contains(age),
                _ => false,
            };
            if !belongs {
                continue;
            }
            for (name, setting) in group.settings.iter().filter(|(name, _)| !self.said.contains(name)) {
                values.insert(name.clone(), setting.value(seed, path, name));
            }
            shares.extend(group.shares.iter().map(|(name, share)| (name.value.clone(), *share)));
        }
    }

    fn apply_conditions(
        &self,
        seed: u64,
        path: &str,
        values: &mut BTreeMap<String, Argument>,
        shares: &BTreeMap<String, f64>,
    ) {
        if self.conditions.is_empty() {
            return;
        }
        let has = |condition: &&ConditionDraft| {
            let purpose = Purpose::new(&format!("condition.{}", condition.name));
            shares.get(&condition.name).is_some_and(|share| Key::new(seed, path).uniform(purpose, 0) < *share)
        };
        let present: Vec<&ConditionDraft> = self.conditions.iter().filter(has).collect();
        let mut changes: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for condition in &present {
            for (name, setting) in condition.set.iter().filter(|(name, _)| !self.said.contains(name)) {
                values.insert(name.clone(), setting.value(seed, path, &format!("{}.{name}", condition.name)));
            }
            for (name, setting) in &condition.times {
                if let Argument::Number(factor) = setting.value(seed, path, &format!("{}.times.{name}", condition.name))
                {
                    changes.entry(name).or_insert((1.0, 0.0)).0 *= factor;
                }
            }
            for (name, summand) in &condition.plus {
                changes.entry(name).or_insert((1.0, 0.0)).1 += summand;
            }
        }
        for (name, (times, plus)) in changes {
            let Some(&(whole, bounds)) = self.numbers.get(name) else { continue };
            let change = Change { times, plus, bounds };
            let changed = match values.get(name) {
                Some(Argument::Number(number)) if whole => Argument::Number(change.of(*number).round()),
                Some(Argument::Number(number)) => Argument::Number(change.of(*number)),
                _ => Argument::Change(change),
            };
            values.insert(name.to_owned(), changed);
        }
        let names = present.iter().map(|condition| condition.name.clone()).collect();
        values.insert(CONDITIONS.to_owned(), Argument::Texts(names));
    }
}
