//! Fields of things, for whoever a plan is told to.

use serde_json::{Map, Value};
use sim_core::SimTime;

/// What a plan is told for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// For people and tools: everything but secrets.
    Shown,
    /// For its identity: everything that is tested. Where the stack is, credentials, labels, the folder of reports and
    /// what is only for people are not part of it, so that runs of the same test against two stacks can be compared.
    Tested,
}

/// The fields of one thing.
#[derive(Debug)]
pub(in crate::plan) struct Fields {
    view: View,
    fields: Map<String, Value>,
}

impl Fields {
    pub(in crate::plan) fn new(view: View) -> Self {
        Self { view, fields: Map::new() }
    }

    /// A field that is shown and tested.
    pub(in crate::plan) fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// A table that is shown and tested unless it is empty.
    pub(in crate::plan) fn given(self, name: &str, table: Value) -> Self {
        if table.as_object().is_some_and(Map::is_empty) { self } else { self.field(name, table) }
    }

    /// A name that is shown and tested if there is one.
    pub(in crate::plan) fn named(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// A field that is only shown.
    pub(in crate::plan) fn shown(self, name: &str, value: impl Into<Value>) -> Self {
        if self.view == View::Shown { self.field(name, value) } else { self }
    }

    /// A field that is only tested: too long to read, or shown in other words.
    pub(in crate::plan) fn tested(self, name: &str, value: impl Into<Value>) -> Self {
        if self.view == View::Tested { self.field(name, value) } else { self }
    }

    pub(in crate::plan) fn done(self) -> Value {
        Value::Object(self.fields)
    }
}

/// Seconds since the start.
pub(in crate::plan) fn since_start(instant: SimTime) -> f64 {
    (instant - SimTime::ZERO).seconds()
}
