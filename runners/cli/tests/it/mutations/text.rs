//! The keys of a scenario file where they stand, and the file with one of them changed.

use std::ops::Range;

use serde_json::{Map, Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::rows::Rows;

/// A file and its sections.
pub(crate) struct Source {
    text: String,
    sections: Vec<Section>,
    /// The whole file as JSON, with the values as they are written.
    pub(crate) content: Value,
}

/// A `[header]` or `[[header]]`.
struct Section {
    parts: Vec<(String, Range<usize>)>,
    is_list: bool,
    /// From the header to the next one.
    whole: Range<usize>,
}

/// How a key is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `key = value`
    Pair,
    /// A part of a header.
    Header,
}

/// A key where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Occurrence {
    pub(crate) name: String,
    /// Keys and positions that lead to the table it is in.
    pub(crate) path: Vec<String>,
    pub(crate) form: Form,
    pub(crate) line: u32,
    key: Range<usize>,
    value: Range<usize>,
    /// Of a header: which section, and which of its parts.
    section: usize,
    part: usize,
}

impl Source {
    pub(crate) fn read(text: &str) -> Self {
        let mut headers: Vec<(usize, usize)> = Vec::new();
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            if line.trim_start().starts_with('[') {
                headers.push((offset + indent, offset + line.len()));
            }
            offset += line.len();
        }
        let sections = headers.iter().enumerate().map(|(index, (start, end))| {
            let next = headers.get(index + 1).map_or(text.len(), |(next, _)| *next);
            let line = &text[*start..*end];
            let inner = line.split('#').next().unwrap_or_default().trim();
            let is_list = inner.starts_with("[[");
            let mut cursor = start + if is_list { 2 } else { 1 };
            let parts = inner.trim_matches(['[', ']']).split('.').map(|part| {
                let range = cursor..cursor + part.len();
                cursor += part.len() + 1;
                (part.to_owned(), range)
            });
            Section { parts: parts.collect(), is_list, whole: *start..next }
        });
        let sections = sections.collect();
        let table = DeTable::parse(text).expect("the library is TOML");
        Self { text: text.to_owned(), sections, content: table_json(table.get_ref()) }
    }

    /// Every key, except those in headers that are the user's own names.
    pub(crate) fn occurrences(&self, rows: &Rows) -> Vec<Occurrence> {
        let mut occurrences = Vec::new();
        let table = DeTable::parse(&self.text).expect("the library is TOML");
        self.pairs(table.get_ref(), &mut Vec::new(), &mut occurrences);
        for (index, section) in self.sections.iter().enumerate() {
            for (part, (name, range)) in section.parts.iter().enumerate() {
                let path: Vec<String> = section.parts[..part].iter().map(|(name, _)| name.clone()).collect();
                if rows.is_users_own(&path) {
                    continue;
                }
                occurrences.push(Occurrence {
                    name: name.clone(),
                    path,
                    form: Form::Header,
                    line: self.line(range.start),
                    key: range.clone(),
                    value: 0..0,
                    section: index,
                    part,
                });
            }
        }
        occurrences
    }

    fn pairs(&self, table: &DeTable<'_>, path: &mut Vec<String>, occurrences: &mut Vec<Occurrence>) {
        for (key, value) in table {
            let key_range = key.span();
            if self.text[key_range.end..].trim_start().starts_with('=') {
                occurrences.push(Occurrence {
                    name: key.get_ref().to_string(),
                    path: path.clone(),
                    form: Form::Pair,
                    line: self.line(key_range.start),
                    key: key_range,
                    value: value.span(),
                    section: 0,
                    part: 0,
                });
            }
            path.push(key.get_ref().to_string());
            self.below(value, path, occurrences);
            path.pop();
        }
    }

    fn below(&self, value: &Spanned<DeValue<'_>>, path: &mut Vec<String>, occurrences: &mut Vec<Occurrence>) {
        match value.get_ref() {
            DeValue::Table(table) => self.pairs(table, path, occurrences),
            DeValue::Array(list) => {
                for (index, item) in list.iter().enumerate() {
                    path.push(index.to_string());
                    self.below(item, path, occurrences);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn line(&self, offset: usize) -> u32 {
        self.text[..offset].matches('\n').count() as u32 + 1
    }

    fn replaced(&self, changes: &[(Range<usize>, String)]) -> String {
        let mut changes = changes.to_vec();
        changes.sort_by_key(|(range, _)| range.start);
        let mut text = self.text.clone();
        for (range, new) in changes.iter().rev() {
            text.replace_range(range.clone(), new);
        }
        text
    }

    /// Blank lines instead of what is there, so that everything else stays in its line.
    fn blank(&self, range: &Range<usize>) -> String {
        "\n".repeat(self.text[range.clone()].matches('\n').count())
    }

    /// The file with a key under another name; a list's header takes the headers below it along.
    pub(crate) fn renamed(&self, occurrence: &Occurrence, name: &str) -> String {
        let mut changes = vec![(occurrence.key.clone(), name.to_owned())];
        if occurrence.form == Form::Header {
            let own = &self.sections[occurrence.section];
            let depth = own.parts.len();
            let below = self.sections[occurrence.section + 1..].iter();
            if own.is_list && occurrence.part + 1 == depth {
                let theirs = below.take_while(|other| other.parts.len() > depth);
                changes.extend(theirs.map(|other| (other.parts[occurrence.part].1.clone(), name.to_owned())));
            }
        }
        self.replaced(&changes)
    }

    /// The file with a value in place of a key's, and the line in which it then stands.
    pub(crate) fn retyped(&self, occurrence: &Occurrence, value: &str) -> (String, u32) {
        if occurrence.form == Form::Pair {
            return (self.valued(occurrence, value), occurrence.line);
        }
        let own = &self.sections[occurrence.section];
        let names: Vec<&str> = own.parts[..=occurrence.part].iter().map(|(name, _)| name.as_str()).collect();
        let belongs = |section: &Section| {
            section.parts.iter().map(|(name, _)| name.as_str()).take(names.len()).eq(names.iter().copied())
        };
        // A key of the file itself goes to the first line, which is a comment in every file of the library.
        if occurrence.part == 0 {
            let gone = self.sections.iter().filter(|section| belongs(section));
            let mut changes: Vec<_> = gone.map(|section| (section.whole.clone(), self.blank(&section.whole))).collect();
            changes.push((0..self.text.find('\n').unwrap_or_default(), format!("{} = {value}", names[0])));
            return (self.replaced(&changes), 1);
        }
        let group = |section: &Section| section.parts.len() >= names.len();
        let before = self.sections[..occurrence.section].iter().rev().take_while(|section| group(section)).count();
        let first = occurrence.section - before;
        let theirs = self.sections[first..].iter().take_while(|section| group(section));
        let line = self.line(self.sections[first].whole.start);
        let changes = theirs.enumerate().map(|(index, section)| {
            let blank = self.blank(&section.whole);
            let new = if index == 0 { format!("{} = {value}{blank}", occurrence.name) } else { blank };
            (section.whole.clone(), new)
        });
        (self.replaced(&changes.collect::<Vec<_>>()), line)
    }

    /// The file with another value of a key.
    pub(crate) fn valued(&self, occurrence: &Occurrence, value: &str) -> String {
        self.replaced(&[(occurrence.value.clone(), value.to_owned())])
    }

    /// The file without a key.
    pub(crate) fn without(&self, occurrence: &Occurrence) -> String {
        let mut range = occurrence.key.start..occurrence.value.end;
        let behind = &self.text[range.end..];
        let before = self.text[..range.start].trim_end_matches(' ');
        if let Some(rest) = behind.trim_start_matches(' ').strip_prefix(',') {
            range.end += behind.len() - rest.len();
        } else if before.ends_with(',') {
            range.start = before.len() - 1;
        }
        self.replaced(&[(range.clone(), self.blank(&range))])
    }
}

fn table_json(table: &DeTable<'_>) -> Value {
    let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), value_json(value)));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn value_json(value: &Spanned<DeValue<'_>>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => json!(number.as_str().parse::<i64>().unwrap_or_default()),
        DeValue::Float(number) => json!(number.as_str().parse::<f64>().unwrap_or_default()),
        DeValue::Boolean(flag) => json!(flag),
        DeValue::Datetime(instant) => json!(instant.to_string()),
        DeValue::Array(list) => Value::Array(list.iter().map(value_json).collect()),
        DeValue::Table(table) => table_json(table),
    }
}
