//! `check` and `run` agree: whatever key of whatever scenario of the library is misspelt or of a wrong type is refused at
//! its line; one that is left out is refused if it is mandatory, and is its documented default otherwise.

mod rows;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::thread;

use scenarios::{Diagnostic, DiagnosticSeverity, Plan, Settings, Texts, plan_json};
use serde_json::Value;
use sim_core::Registry;

use self::rows::{Row, Rows};
use self::text::{Form, Occurrence, Source};
use crate::root;

/// Every scenario of the library and its text.
fn library() -> Vec<(String, String)> {
    let mut folders: Vec<PathBuf> = vec![root().join("scenarios/library")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
                let text = fs::read_to_string(&path).expect("a scenario is text");
                // Fewer patients take less time and have the same keys.
                files.push((name, text.replace("= 200\n", "= 20\n").replace("= 200 ", "= 20 ")));
            }
        }
    }
    files.sort();
    files
}

/// One file under test.
struct Subject<'a> {
    name: &'a str,
    source: Source,
    registry: &'a Registry,
    rows: &'a Rows,
    plan: Plan,
    told: Vec<String>,
    mutants: usize,
}

impl Subject<'_> {
    fn load(&self, text: String) -> Result<Plan, Vec<Diagnostic>> {
        load(self.name, text, self.registry)
    }

    /// Expects an error at a line.
    fn refused(&mut self, mutation: &str, line: u32, text: String) {
        self.mutants += 1;
        match self.load(text) {
            Ok(_) => self.told.push(format!("{}:{line}: {mutation}: accepted", self.name)),
            Err(errors) if errors.iter().any(|error| is_error_at(error, line)) => {}
            Err(errors) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                self.told.push(format!("{}:{line}: {mutation}: told elsewhere: {}", self.name, errors.join(" | ")));
            }
        }
    }

    fn misspell(&mut self, occurrence: &Occurrence) {
        let name = occurrence.name.as_str();
        let swapped: String =
            name.chars().skip(1).take(1).chain(name.chars().take(1)).chain(name.chars().skip(2)).collect();
        for wrong in [format!("{name}x"), swapped].into_iter().filter(|wrong| wrong != name) {
            let text = self.source.renamed(occurrence, &wrong);
            self.refused(&format!("`{name}` written `{wrong}`"), occurrence.line, text);
        }
    }

    fn retype(&mut self, occurrence: &Occurrence, row: &Row) {
        let first = if row.is_table || occurrence.form == Form::Header { "7" } else { "{ wrong = 1 }" };
        let plain = match row {
            // What is wrong for a variable shows where it is used.
            Row { is_users_own: true, .. } => None,
            Row { takes_flag: true, .. } => Some("3.25"),
            _ => Some("true"),
        };
        for wrong in [first, "[1, [2]]"].into_iter().chain(plain) {
            let (text, line) = self.source.retyped(occurrence, wrong);
            self.refused(&format!("`{}` is {wrong}", occurrence.name), line, text);
        }
    }

    /// A key that is left out is refused if it is mandatory, or missed by its name where what stands beside it makes it so;
    /// otherwise writing its default changes nothing, and where there is none to write, the plan differs only in what the key
    /// is for.
    fn drop(&mut self, occurrence: &Occurrence, row: &Row) {
        self.mutants += 1;
        let (name, line) = (&occurrence.name, occurrence.line);
        let dropped = match (self.load(self.source.without(occurrence)), row.mandatory) {
            (Err(_), true) => return,
            (Ok(dropped), false) => dropped,
            (Ok(_), true) => {
                self.told.push(format!("{}:{line}: `{name}` is mandatory, but not missed", self.name));
                return;
            }
            (Err(errors), false) => {
                // The default may be what others cannot live with, and a member what others speak of.
                let mut defaults = row.default.iter().flat_map(|default| written(default));
                let same =
                    |text: String| self.load(self.source.valued(occurrence, &text)).err().as_ref() == Some(&errors);
                let is_missed = errors.len() == 1 && errors[0].message.ends_with(&format!("has no `{name}`"));
                if row.is_member || is_missed || defaults.any(same) {
                    return;
                }
                self.told.push(format!("{}:{line}: without `{name}`: {}", self.name, errors[0]));
                return;
            }
        };
        let without = shown(&dropped);
        if let Some(default) = &row.default {
            let texts = written(default);
            let plans = texts.iter().filter_map(|text| self.load(self.source.valued(occurrence, text)).ok());
            let differences: Vec<Vec<String>> = plans.map(|plan| differences(&without, &shown(&plan))).collect();
            if !differences.iter().any(Vec::is_empty) {
                let message = format!("without `{name}` is not as with `{default}`: {differences:?}");
                self.told.push(format!("{}:{line}: {message}", self.name));
            }
        } else {
            let mut differences = differences(&without, &shown(&self.plan));
            differences.retain(|path| !row.feeds.iter().any(|part| path.split('/').any(|other| other == *part)));
            if !differences.is_empty() {
                self.told.push(format!("{}:{line}: without `{name}` more changes: {differences:?}", self.name));
            }
        }
    }
}

fn load(name: &str, text: String, registry: &Registry) -> Result<Plan, Vec<Diagnostic>> {
    let files = Texts(BTreeMap::from([(name.to_owned(), text)]));
    scenarios::load(&files, name, &Settings::default(), registry).map(|loaded| loaded.plan)
}

/// The ways in which a default may have to be written: as a number or flag, as a text, as a list.
fn written(default: &str) -> [String; 3] {
    [default.to_owned(), format!("{default:?}"), format!("[{default}]")]
}

fn is_error_at(diagnostic: &Diagnostic, line: u32) -> bool {
    diagnostic.severity == DiagnosticSeverity::Error && diagnostic.line == line
}

/// A plan without its hash, which differs whenever anything else does.
fn shown(plan: &Plan) -> Value {
    let mut json = plan_json(plan);
    json.as_object_mut().expect("a plan is an object").remove("plan_sha256");
    json
}

/// Where two values differ.
fn differences(one: &Value, other: &Value) -> Vec<String> {
    fn gather(one: &Value, other: &Value, path: &str, found: &mut Vec<String>) {
        match (one, other) {
            (Value::Object(one), Value::Object(other)) => {
                for key in one.keys().chain(other.keys().filter(|key| !one.contains_key(*key))) {
                    let below = |value: &serde_json::Map<String, Value>| value.get(key).cloned().unwrap_or_default();
                    gather(&below(one), &below(other), &format!("{path}/{key}"), found);
                }
            }
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                for (index, (one, other)) in one.iter().zip(other).enumerate() {
                    gather(one, other, &format!("{path}/{index}"), found);
                }
            }
            (one, other) if one != other => found.push(path.to_owned()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    gather(one, other, "", &mut found);
    found
}

fn mutate(name: &str, text: &str, registry: &Registry, rows: &Rows) -> (usize, Vec<String>) {
    let plan = match load(name, text.to_owned(), registry) {
        Ok(plan) => plan,
        Err(errors) => panic!("{name}: {}", errors[0]),
    };
    let source = Source::read(text);
    let occurrences = source.occurrences(rows);
    let mut subject = Subject { name, source, registry, rows, plan, told: Vec::new(), mutants: 0 };
    for occurrence in &occurrences {
        let row = subject.rows.row(occurrence, &subject.source);
        if !row.is_users_own {
            subject.misspell(occurrence);
        }
        subject.retype(occurrence, &row);
        if occurrence.form == Form::Pair && !row.is_users_own {
            subject.drop(occurrence, &row);
        }
    }
    (subject.mutants, subject.told)
}

#[test]
fn no_key_of_the_library_can_be_wrong_unnoticed() {
    let registry = iomt::standard_registry();
    let rows = Rows::of(&registry);
    let files = library();
    let (one, other): (Vec<_>, Vec<_>) = files.iter().enumerate().partition(|(index, _)| index % 2 == 0);
    let results: Vec<(usize, Vec<String>)> = thread::scope(|scope| {
        let halves = [one, other].map(|half| {
            let work = || half.into_iter().map(|(_, (name, text))| mutate(name, text, &registry, &rows)).collect();
            scope.spawn::<_, Vec<_>>(work)
        });
        halves.into_iter().flat_map(|half| half.join().expect("no mutant makes the program panic")).collect()
    });
    let mutants: usize = results.iter().map(|(mutants, _)| mutants).sum();
    let told: Vec<String> = results.into_iter().flat_map(|(_, told)| told).collect();
    assert!(mutants > 5_000, "{mutants} mutants are not the library");
    assert!(told.is_empty(), "{} of {mutants} mutants:\n{}", told.len(), told.join("\n"));
}
