//! Parameters of actions, devices and patients: what may be written, and the values after checking.

use std::collections::BTreeMap;

use vocabulary::Dimension;

use crate::Span;

/// What a parameter accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterKind {
    /// A number with a unit of this dimension, as text; kept in the canonical unit.
    Quantity(Dimension),
    /// A plain number.
    Number,
    /// A whole number.
    Count,
    /// `true` or `false`.
    Flag,
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The id of a target of the scenario.
    Target,
    /// A list of texts.
    Texts,
    /// A list of some of these words.
    Choices(&'static [&'static str]),
    /// The name of a file beside the scenario; the value is what the file holds.
    File,
    /// The name of a file beside the scenario that whoever runs it opens; the value is the name. In `with` of links,
    /// targets and probes.
    Path,
    /// A table of plain values (numbers, texts, flags), such as the arguments of a command.
    Table,
}

impl ParameterKind {
    /// The word for it in reference tables and messages.
    pub fn word(&self) -> String {
        match self {
            Self::Quantity(dimension) => dimension.word().to_owned(),
            Self::Number => "number".to_owned(),
            Self::Count => "whole number".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Choice(words) => words.join(" | "),
            Self::Target => "id of a target".to_owned(),
            Self::Texts => "list of texts".to_owned(),
            Self::Choices(words) => format!("list of {}", words.join(", ")),
            Self::File | Self::Path => "name of a file".to_owned(),
            Self::Table => "table".to_owned(),
        }
    }

    /// A canonical number as a scenario would write it.
    pub fn written(&self, number: f64) -> String {
        match self {
            Self::Quantity(Dimension::Time) => Span::from_nanos(number as i64).to_string(),
            Self::Quantity(dimension) => format!("{number} {}", dimension.units()[0].name).trim_end().to_owned(),
            _ => number.to_string(),
        }
    }
}

/// Says what is wrong with a text, if something is.
pub type CheckText = fn(&str) -> Result<(), String>;

/// One parameter: its name, meaning, kind, default and range.
#[derive(Debug, Clone)]
pub struct ParameterSpec {
    /// Key in the scenario.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// What it accepts.
    pub kind: ParameterKind,
    /// Value when the scenario is silent, written as in a scenario; `None` when there is no default.
    pub default: Option<&'static str>,
    /// Whether leaving it out is an error.
    pub required: bool,
    /// Smallest and largest accepted value, in the canonical unit.
    pub range: Option<(f64, f64)>,
    /// Whether the model has a value of its own when nobody gives one, so that a patient's condition can change it.
    pub inherent: bool,
    /// What is wrong with a text: of a list with each, of a [`ParameterKind::Path`] with what the file holds. What it says
    /// is told to everybody, so it repeats nothing of a file.
    pub check: Option<CheckText>,
}

impl ParameterSpec {
    /// An optional parameter without a default.
    pub const fn optional(name: &'static str, kind: ParameterKind, about: &'static str) -> Self {
        Self { name, about, kind, default: None, required: false, range: None, inherent: false, check: None }
    }

    /// A parameter that must be given.
    pub const fn required(name: &'static str, kind: ParameterKind, about: &'static str) -> Self {
        Self { name, about, kind, default: None, required: true, range: None, inherent: false, check: None }
    }

    /// Sets the default, written as in a scenario.
    #[must_use]
    pub const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Limits the value, in the canonical unit.
    #[must_use]
    pub const fn range(mut self, smallest: f64, largest: f64) -> Self {
        self.range = Some((smallest, largest));
        self
    }

    /// Looks at a text beyond its kind.
    #[must_use]
    pub const fn checked(mut self, check: CheckText) -> Self {
        self.check = Some(check);
        self
    }

    /// Declares that the model has a value of its own when nobody gives one.
    #[must_use]
    pub const fn inherent(mut self) -> Self {
        self.inherent = true;
        self
    }
}

/// A change of a value that only the model knows: times, then plus, then kept within the bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Factor.
    pub times: f64,
    /// Summand, in the canonical unit.
    pub plus: f64,
    /// Bounds of the result, in the canonical unit.
    pub bounds: (f64, f64),
}

impl Change {
    /// What becomes of a value.
    pub fn of(&self, value: f64) -> f64 {
        (value * self.times + self.plus).clamp(self.bounds.0, self.bounds.1)
    }
}

/// A checked value.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A number, in the canonical unit when the parameter is a quantity.
    Number(f64),
    /// A text or a chosen word.
    Text(String),
    /// A truth value.
    Flag(bool),
    /// Several texts.
    Texts(Vec<String>),
    /// A table of plain values.
    Table(Arguments),
    /// A change of the value that the model has of its own.
    Change(Change),
}

/// Checked values by parameter name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arguments(pub BTreeMap<String, Argument>);

impl Arguments {
    /// The number under `name`.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.0.get(name) {
            Some(Argument::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The number under `name`, or what the change under `name` makes of the model's `own` value, or that value.
    pub fn number_or(&self, name: &str, own: f64) -> f64 {
        match self.0.get(name) {
            Some(Argument::Number(number)) => *number,
            Some(Argument::Change(change)) => change.of(own),
            _ => own,
        }
    }

    /// The text under `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Argument::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The truth value under `name`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name) {
            Some(Argument::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// The texts under `name`.
    pub fn texts(&self, name: &str) -> Option<&[String]> {
        match self.0.get(name) {
            Some(Argument::Texts(texts)) => Some(texts),
            _ => None,
        }
    }

    /// The table under `name`.
    pub fn table(&self, name: &str) -> Option<&Self> {
        match self.0.get(name) {
            Some(Argument::Table(table)) => Some(table),
            _ => None,
        }
    }
}
