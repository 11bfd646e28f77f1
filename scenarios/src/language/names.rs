//! Names of one kind of thing: each may be given once, and others may refer to it.

use std::collections::BTreeMap;

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::reader::{Placed, Reader};
use crate::language::suggestion::hint;

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

/// Reads the id of something declared elsewhere and gives its position.
pub(crate) fn read_reference<'n>(
    reader: &Reader<'_>,
    key: &str,
    what: &str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Checked<usize> {
    let text = reader.text(key)?;
    names.clone().position(|name| name == text.text).ok_or_else(|| {
        let names: Vec<&str> = names.collect();
        let hint = hint(&text.text, &format!("{what}s"), names);
        reader.notes.error(text.start(), format!("there is no {what} `{}`{hint}", text.text))
    })
}

/// Reads `qos`.
pub(crate) fn read_qos(reader: &Reader<'_>) -> Checked<u8> {
    reader.choice("qos").map(|word| match word {
        "0" => 0,
        "1" => 1,
        _ => 2,
    })
}
