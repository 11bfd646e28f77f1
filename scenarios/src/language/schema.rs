//! The shape of the language as data: which tables there are, which keys they have, what each key takes.
//!
//! The rows are in the grammar; the checker, the JSON Schema and the reference are all drawn from them.

use vocabulary::Dimension;

/// One table of the language.
#[derive(Debug)]
pub(crate) struct TableSpec {
    /// How it is written, such as `[[cohort.device]]`.
    pub(crate) heading: &'static str,
    pub(crate) about: &'static str,
    pub(crate) keys: &'static [KeySpec],
    /// Keys beyond those listed.
    pub(crate) more: More,
}

/// Where the further keys of a table come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    Nothing,
    /// Parameters of the patient model.
    PatientParameters,
    /// Options of the device kind.
    DeviceOptions,
    /// Parameters of the kind of format.
    FormatParameters,
}

/// One key of a table.
#[derive(Debug)]
pub(crate) struct KeySpec {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) takes: Takes,
    /// Value when the file is silent, written as in a file.
    pub(crate) default: Option<&'static str>,
    pub(crate) required: bool,
    /// Set when the key has a meaning only with some words of another.
    pub(crate) only: Option<Only>,
    /// Set when the key has a meaning only beside another, and why.
    pub(crate) beside: Option<(&'static str, &'static str)>,
}

/// The words of another key that give a key its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Only {
    pub(crate) key: &'static str,
    pub(crate) rule: Rule,
}

/// Which words they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// One; and why there is no such key without it, or where it belongs.
    Is { word: &'static str, otherwise: &'static str },
    /// Registered words that take the key.
    Taken,
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    Text,
    /// A text with `${device}` and the like.
    Template,
    /// A list of texts.
    Texts,
    /// A text or a list of texts.
    TextOrTexts,
    /// A whole number between two bounds.
    Count(u64, u64),
    /// A number between two bounds.
    Number(f64, f64),
    Flag,
    /// A quantity as text.
    Quantity(Dimension),
    /// A share as a number from 0 to 1 or in percent.
    Share,
    /// One of the words of `now`; those of `later` belong to the language but are not supported yet.
    Choice {
        now: &'static [&'static str],
        later: &'static [&'static str],
    },
    /// A place as text: `"5 m, 2 m"`.
    Position,
    /// An id, unique among its kind.
    Id,
    /// The id of something declared elsewhere in the file: `target`, `link`, `step`.
    Reference(&'static str),
    /// The name of a registered `device`, `model`, `format`, `action`, `kind of probe`, `kind of format`, `carrier` or
    /// `kind of target`.
    Registered(&'static str),
    /// A whole number, or a list of them.
    Seed,
    /// A count or a share of the selected.
    Pick,
    /// An instant: a duration after the start, or `step.start + 10s`.
    At,
    /// `p99(latency.e2e) <= 1s`.
    Condition,
    /// `now` or an RFC 3339 instant.
    Start,
    /// A zone of the IANA database.
    Zone,
    /// Names and plain values of the user's choice.
    Free,
    /// Stream ids with cadences.
    Streams,
    /// Parameters of the action.
    Arguments,
    /// Parameters of the patient model.
    PatientParameters,
    /// Names of conditions, and the share of the patients who have them.
    Shares,
    /// A table.
    Table(&'static TableSpec),
    /// `[name.ID]` for each ID.
    Named(&'static TableSpec),
    /// `[[name]]`, any number.
    Tables(&'static TableSpec),
    /// Belongs to the language, but this version does not support it.
    Later,
}

/// An optional key.
pub(crate) const fn key(name: &'static str, takes: Takes, about: &'static str) -> KeySpec {
    KeySpec { name, about, takes, default: None, required: false, only: None, beside: None }
}

/// A key of the language that this version does not support.
pub(crate) const fn later(name: &'static str) -> KeySpec {
    key(name, Takes::Later, "not supported yet")
}

impl KeySpec {
    /// Sets the default, written as in a file.
    pub(crate) const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Makes leaving the key out an error.
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Gives the key a meaning only where `key` of the same table is `word`.
    pub(crate) const fn with(mut self, key: &'static str, word: &'static str, otherwise: &'static str) -> Self {
        self.only = Some(Only { key, rule: Rule::Is { word, otherwise } });
        self
    }

    /// Gives the key a meaning only where the registered word of `key` in the same table takes it.
    pub(crate) const fn taken_by(mut self, key: &'static str) -> Self {
        self.only = Some(Only { key, rule: Rule::Taken });
        self
    }

    /// Gives the key a meaning only where the table has `key`, too.
    pub(crate) const fn beside(mut self, key: &'static str, why: &'static str) -> Self {
        self.beside = Some((key, why));
        self
    }
}

impl TableSpec {
    /// The row of a key.
    pub(crate) fn key(&self, name: &str) -> Option<&'static KeySpec> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The row of a table below this one.
    pub(crate) fn below(&self, name: &str) -> &'static Self {
        match self.key(name).map(|key| key.takes) {
            Some(Takes::Table(table) | Takes::Named(table) | Takes::Tables(table)) => table,
            _ => panic!("{} has a table `{name}`", self.heading),
        }
    }
}

impl Takes {
    /// The words for it in the reference.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Template => "template".to_owned(),
            Self::Texts => "list of texts".to_owned(),
            Self::TextOrTexts => "text or list of texts".to_owned(),
            Self::Count(least, most) if least == most => format!("`{least}`"),
            Self::Count(least, most) => format!("whole number {least}..{most}"),
            Self::Number(..) => "number".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Quantity(dimension) => dimension.word().to_owned(),
            Self::Share => "share, such as `\"75 %\"` or `0.75`".to_owned(),
            Self::Choice { now, .. } => now.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
            Self::Position => "place, such as `\"5 m, 2 m\"`: east, north and maybe up".to_owned(),
            Self::Id => "id: letters, digits, `_`, `-`".to_owned(),
            Self::Reference(what) => format!("id of a {what}"),
            Self::Registered(what) => format!("registered {what}"),
            Self::Seed => "whole number".to_owned(),
            Self::Pick => "whole number or percentage".to_owned(),
            Self::At => "duration after the start, or `step.start + 10s`, `step.end + 10s`".to_owned(),
            Self::Condition => "condition, such as `p99(latency.e2e) <= 1s`".to_owned(),
            Self::Start => "`now` or an RFC 3339 instant".to_owned(),
            Self::Zone => "zone, such as `Europe/Berlin`".to_owned(),
            Self::Free => "names and plain values".to_owned(),
            Self::Streams => "stream ids and cadences".to_owned(),
            Self::Arguments => "parameters of what is named".to_owned(),
            Self::PatientParameters => "parameters of the patient model".to_owned(),
            Self::Shares => "conditions and shares, such as `{ copd = \"15 %\" }`".to_owned(),
            Self::Table(table) | Self::Named(table) | Self::Tables(table) => format!("table, see `{}`", table.heading),
            Self::Later => "not supported yet".to_owned(),
        }
    }
}
