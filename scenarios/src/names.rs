//! Names of one kind of thing, each of which may be given once.

use std::collections::BTreeMap;

use crate::diagnostic::{Checked, Notes, Place};
use crate::reader::Placed;

/// The names given so far, and where.
#[derive(Debug)]
pub(crate) struct Names {
    /// The word for what has the names, such as `step`.
    what: &'static str,
    places: BTreeMap<String, Place>,
}

impl Names {
    /// No names yet.
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what, places: BTreeMap::new() }
    }

    /// Adds a name; complains when it is taken.
    pub(crate) fn add(&mut self, notes: &Notes, name: Placed<String>) -> Checked<Placed<String>> {
        let what = self.what;
        if let Some(first) = self.places.get(&name.value) {
            let line = notes.line(*first);
            let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            let message = format!("there is already {article} {what} `{}`, in line {line}", name.value);
            return Err(notes.error(name.place, message));
        }
        self.places.insert(name.value.clone(), name.place);
        Ok(name)
    }
}
