//! Walks one table along its row of the schema: complains about unknown, unsupported and missing keys at once, then
//! gives typed values. A getter that returns `None` has either found nothing or complained.

use sim_core::Span;
use vocabulary::{Dimension, Quantity};

use crate::diagnostic::{Notes, Place};
use crate::document::{Node, Piece, Table, Text, Value};
use crate::schema::{KeySpec, More, Only, TableSpec, Takes};
use crate::suggestion::{closest, hint};
use crate::variables::TEMPLATE_NAMES;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// One table being read.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) notes: &'a Notes,
    pub(crate) table: &'a Table,
    spec: &'static TableSpec,
    heading: String,
}

impl<'a> Reader<'a> {
    /// Begins to read `table`. `more` are the names of the further keys it may have; `None` when nobody knows.
    pub(crate) fn new(
        notes: &'a Notes,
        table: &'a Table,
        spec: &'static TableSpec,
        heading: String,
        more: Option<&[&str]>,
    ) -> Self {
        let reader = Self { notes, table, spec, heading };
        reader.check_keys(more);
        reader
    }

    fn check_keys(&self, more: Option<&[&str]>) {
        for (key, _) in &self.table.entries {
            match self.spec.key(&key.name) {
                Some(KeySpec { takes: Takes::Later, .. }) => {
                    self.notes.error(key.place, format!("`{}` in {} is not supported yet", key.name, self.heading));
                }
                Some(row) => self.check_meaning(key.place, row),
                None if self.spec.more != More::Nothing && more.is_none() => {}
                None => {
                    let more = more.unwrap_or_default();
                    if !more.contains(&key.name.as_str()) {
                        let supported = self.spec.keys.iter().filter(|key| !matches!(key.takes, Takes::Later));
                        let names: Vec<&str> = supported.map(|key| key.name).chain(more.iter().copied()).collect();
                        let hint = hint(&key.name, "keys", names);
                        self.notes.error(key.place, format!("unknown key `{}` in {}{hint}", key.name, self.heading));
                    }
                }
            }
        }
        for key in self.spec.keys.iter().filter(|key| key.required) {
            if key.only.is_none_or(|only| self.word(only.key) == Some(only.word)) {
                self.demand(key.name);
            }
        }
    }

    /// Complains if a key is missing.
    pub(crate) fn demand(&self, key: &str) {
        if self.has(key) {
            return;
        }
        // A misspelt key has been complained about already.
        let misspelt = self
            .table
            .entries
            .iter()
            .any(|(own, _)| self.spec.key(&own.name).is_none() && closest(&own.name, [key]).is_some());
        if !misspelt {
            self.notes.error(self.table.place, format!("{} has no `{key}`", self.heading));
        }
    }

    /// Complains about a key whose meaning hangs on another key that says something else.
    fn check_meaning(&self, place: Place, row: &KeySpec) {
        let Some(only) = row.only else { return };
        let Some(word) = self.word(only.key).filter(|word| *word != only.word) else { return };
        let (heading, name) = (&self.heading, row.name);
        let Only { key, word: needed, otherwise } = only;
        self.notes.error(
            place,
            format!("`{name}` is for `{key} = \"{needed}\"`, but {heading} has `{key} = \"{word}\"`: {otherwise}"),
        );
    }

    /// The word that a key has or is given by default, if it is a word the key takes.
    fn word(&self, key: &str) -> Option<&'static str> {
        let Takes::Choice { now, .. } = self.spec_of(key).takes else { panic!("`{key}` is not a choice") };
        let word = match self.node(key).map(|node| &node.value) {
            Some(Value::Text(text)) => text.text.as_str(),
            Some(_) => return None,
            None => self.spec_of(key).default?,
        };
        now.iter().find(|choice| **choice == word).copied()
    }

    /// The value of a key.
    pub(crate) fn node(&self, key: &str) -> Option<&'a Node> {
        self.table.get(key).map(|(_, node)| node)
    }

    /// Whether the file gives the key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.node(key).is_some()
    }

    /// Where the key is given, or where the table begins.
    pub(crate) fn place(&self, key: &str) -> Place {
        self.node(key).map_or(self.table.place, value_place)
    }

    fn spec_of(&self, key: &str) -> &'static KeySpec {
        self.spec
            .key(key)
            .unwrap_or_else(|| panic!("{} has a row for every key that is read, not for `{key}`", self.spec.heading))
    }

    /// The value of a key or its default, as a node.
    fn node_or_default(&self, key: &str) -> Option<Node> {
        if let Some(node) = self.node(key) {
            return Some(node.clone());
        }
        let default = self.spec_of(key).default?;
        let place = self.table.place;
        let value = match self.spec_of(key).takes {
            Takes::Flag => Value::Flag(default == "true"),
            Takes::Count(..) => Value::Integer(default.parse().expect("defaults of counts are whole numbers")),
            _ => Value::Text(Text { text: default.to_owned(), pieces: vec![Piece { from: 0, place, literal: false }] }),
        };
        Some(Node { place, value })
    }

    /// A text that may hold `${device}` and the like.
    pub(crate) fn template(&self, key: &str) -> Option<Text> {
        let node = self.node_or_default(key)?;
        match node.value {
            Value::Text(text) => Some(text),
            other => {
                self.notes.error(node.place, format!("`{key}` must be a text, not {}", other.word()));
                None
            }
        }
    }

    /// A text without templates.
    pub(crate) fn text(&self, key: &str) -> Option<Text> {
        let text = self.template(key)?;
        self.plain(key, &text).then_some(text)
    }

    fn plain(&self, key: &str, text: &Text) -> bool {
        check_plain(self.notes, key, text)
    }

    /// Whether a value is more than a variable that has no value; that has been complained about.
    fn resolved(&self, key: &str, node: &Node) -> bool {
        !matches!(&node.value, Value::Text(text) if !self.plain(key, text))
    }

    /// A text or a list of texts.
    pub(crate) fn texts(&self, key: &str) -> Vec<Text> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let items = match &node.value {
            Value::List(list) if list.is_empty() && matches!(self.spec_of(key).takes, Takes::TextOrTexts) => {
                self.notes.error(node.place, format!("`{key}` is an empty list"));
                return Vec::new();
            }
            Value::List(list) => list.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::new();
        for item in items {
            match &item.value {
                Value::Text(text) => {
                    if self.plain(key, text) {
                        texts.push(text.clone());
                    }
                }
                other => self.notes.error(item.place, format!("`{key}` holds {}, not a text", other.word())),
            }
        }
        texts
    }

    /// An id: the key `id`, with the characters that paths allow.
    pub(crate) fn id(&self) -> Option<Placed<String>> {
        let text = self.text("id")?;
        check_id(self.notes, &text.text, text.start()).then(|| Placed { place: text.start(), value: text.text })
    }

    /// A whole number within the bounds of its row.
    pub(crate) fn count(&self, key: &str) -> Option<Placed<u64>> {
        let Takes::Count(least, most) = self.spec_of(key).takes else { panic!("`{key}` is not a count") };
        let node = self.node_or_default(key).filter(|node| self.resolved(key, node))?;
        let Value::Integer(number) = node.value else {
            let word = node.value.word();
            self.notes.error(value_place(&node), format!("`{key}` must be a whole number, not {word}"));
            return None;
        };
        match u64::try_from(number) {
            Ok(count) if (least..=most).contains(&count) => Some(Placed { value: count, place: node.place }),
            _ => {
                let bounds = if least == most { format!("must be {least}") } else { format!("is {least}..{most}") };
                self.notes.error(node.place, format!("`{key}` {bounds}, got {number}"));
                None
            }
        }
    }

    /// A number within the bounds of its row.
    pub(crate) fn number(&self, key: &str) -> Option<Placed<f64>> {
        let Takes::Number(least, most) = self.spec_of(key).takes else { panic!("`{key}` is not a number") };
        let node = self.node(key).filter(|node| self.resolved(key, node))?;
        let number = match &node.value {
            Value::Integer(number) => *number as f64,
            Value::Float(number) => *number,
            other => {
                self.notes.error(value_place(node), format!("`{key}` must be a number, not {}", other.word()));
                return None;
            }
        };
        if (least..=most).contains(&number) {
            return Some(Placed { value: number, place: node.place });
        }
        self.notes.error(node.place, format!("`{key}` is {least}..{most}, got {number}"));
        None
    }

    /// True or false.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        let node = self.node_or_default(key).filter(|node| self.resolved(key, node))?;
        match node.value {
            Value::Flag(flag) => Some(flag),
            other => {
                self.notes.error(node.place, format!("`{key}` must be true or false, not {}", other.word()));
                None
            }
        }
    }

    /// One of the words of its row.
    pub(crate) fn choice(&self, key: &str) -> Option<&'static str> {
        let Takes::Choice { now, later } = self.spec_of(key).takes else { panic!("`{key}` is not a choice") };
        let node = self.node_or_default(key).filter(|node| self.resolved(key, node))?;
        let (word, place) = match &node.value {
            Value::Text(text) => (text.text.clone(), text.start()),
            // So that `qos = 1` reads as it should.
            Value::Integer(number) => (number.to_string(), node.place),
            other => {
                self.notes
                    .error(node.place, format!("`{key}` must be one of {}, not {}", now.join(", "), other.word()));
                return None;
            }
        };
        let chosen = now.iter().find(|choice| **choice == word).copied();
        if chosen.is_none() {
            let message = if later.contains(&word.as_str()) {
                format!("`{key} = {word}` is not supported yet")
            } else {
                format!("`{key}` cannot be `{word}`{}", hint(&word, "choices", now.iter().copied()))
            };
            self.notes.error(place, message);
        }
        chosen
    }

    /// A duration of zero or more.
    pub(crate) fn duration(&self, key: &str) -> Option<Placed<Span>> {
        let node = self.node_or_default(key)?;
        let Value::Text(text) = &node.value else {
            let message = format!("`{key}` is a duration; write it as a text with a unit, such as \"10s\"");
            self.notes.error(node.place, message);
            return None;
        };
        if !self.plain(key, text) {
            return None;
        }
        let span = parse_duration(self.notes, &text.text, text.start())?;
        Some(Placed { value: span, place: text.start() })
    }

    /// A quantity in the canonical unit of its row's dimension, within bounds in the same unit.
    pub(crate) fn quantity(&self, key: &str, least: f64, most: f64) -> Option<Placed<f64>> {
        let Takes::Quantity(dimension) = self.spec_of(key).takes else { panic!("`{key}` is not a quantity") };
        let node = self.node_or_default(key)?;
        let Value::Text(text) = &node.value else {
            let (word, units) = (dimension.word(), dimension.examples());
            self.notes.error(node.place, format!("`{key}` is a {word}; write it as a text with a unit ({units})"));
            return None;
        };
        let place = text.start();
        if !self.plain(key, text) {
            return None;
        }
        match Quantity::parse(&text.text, dimension) {
            Ok(quantity) if (least..=most).contains(&quantity.value) => Some(Placed { value: quantity.value, place }),
            Ok(_) => {
                let write = |number| sim_core::ParameterKind::Quantity(dimension).written(number);
                let (least, most) = (write(least), write(most));
                self.notes.error(place, format!("`{key}` is {least}..{most}, got {}", text.text));
                None
            }
            Err(error) => {
                self.notes.error(place, error.to_string());
                None
            }
        }
    }

    /// A duration within bounds and on a grid of steps.
    pub(crate) fn stepped(&self, key: &str, least: Span, most: Span, step: Span) -> Option<Span> {
        let duration = self.duration(key)?;
        let span = duration.value;
        if span < least || span > most {
            self.notes.error(duration.place, format!("`{key}` is {least}..{most}, got {span}"));
            return None;
        }
        if span.nanos() % step.nanos() != 0 {
            self.notes.error(duration.place, format!("`{key}` is a multiple of {step}, got {span}"));
            return None;
        }
        Some(span)
    }

    /// A share from 0 to 1.
    pub(crate) fn share(&self, key: &str) -> Option<Placed<f64>> {
        let node = self.node_or_default(key)?;
        share_of(self.notes, key, &node)
    }

    /// Names and shares.
    pub(crate) fn shares(&self, key: &str) -> Vec<(Placed<String>, f64)> {
        let entries = self.table_below(key).map(|table| table.entries.as_slice()).unwrap_or_default();
        let shares = entries.iter().filter_map(|(name, node)| {
            let share = share_of(self.notes, &name.name, node)?;
            Some((Placed { value: name.name.clone(), place: name.place }, share.value))
        });
        shares.collect()
    }

    /// A table below this one.
    pub(crate) fn table_below(&self, key: &str) -> Option<&'a Table> {
        let node = self.node(key)?;
        match &node.value {
            Value::Table(table) => Some(table),
            other => {
                self.notes.error(node.place, format!("`{key}` must be a table, not {}", other.word()));
                None
            }
        }
    }

    /// An empty table that stands where this one does, for tables that a file may leave out.
    pub(crate) const fn empty_table(&self) -> Table {
        Table { place: self.table.place, entries: Vec::new() }
    }

    /// A table below this one, or `empty` where the file has none.
    pub(crate) fn optional_table<'t>(&self, key: &str, empty: &'t Table) -> Option<&'t Table>
    where
        'a: 't,
    {
        if self.has(key) { self.table_below(key) } else { Some(empty) }
    }

    /// Tables below this one, `[name.ID]` each.
    pub(crate) fn named_below(&self, key: &str) -> Vec<(Placed<String>, &'a Table)> {
        let mut named = Vec::new();
        for (id, node) in self.table_below(key).map(|table| table.entries.as_slice()).unwrap_or_default() {
            match &node.value {
                Value::Table(table) => {
                    check_id(self.notes, &id.name, id.place);
                    named.push((Placed { value: id.name.clone(), place: id.place }, table));
                }
                other => {
                    let message =
                        format!("`{key}.{}` must be a table [{key}.{}], not {}", id.name, id.name, other.word());
                    self.notes.error(id.place, message);
                }
            }
        }
        named
    }

    /// Tables below this one, `[[name]]` each.
    pub(crate) fn tables_below(&self, key: &str) -> Vec<&'a Table> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let Value::List(list) = &node.value else {
            let last = self.heading.trim_matches(['[', ']']);
            let heading = if last.contains(' ') { key.to_owned() } else { format!("{last}.{key}") };
            self.notes.error(node.place, format!("`{key}` must be written as [[{heading}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in list {
            match &item.value {
                Value::Table(table) => tables.push(table),
                other => self.notes.error(item.place, format!("`{key}` holds {}, not a table", other.word())),
            }
        }
        tables
    }
}

/// Complains about a name that is only filled in for each device, where nothing is made for each device. A text with
/// any other unfilled name is not plain either, but has been complained about already.
pub(crate) fn check_plain(notes: &Notes, key: &str, text: &Text) -> bool {
    let Some(begin) = text.text.find("${") else { return true };
    let name = text.text[begin + 2..].split('}').next().unwrap_or_default();
    if TEMPLATE_NAMES.iter().any(|(template, _)| *template == name) {
        let message =
            format!("`${{{name}}}` has no value in `{key}`; only topics, client ids and wills are made per device");
        notes.error(text.place(begin), message);
    }
    false
}

/// A share from 0 to 1, as a number or as a text such as `15 %`.
fn share_of(notes: &Notes, key: &str, node: &Node) -> Option<Placed<f64>> {
    let place = value_place(node);
    let value = match &node.value {
        Value::Text(text) if !check_plain(notes, key, text) => return None,
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Text(text) => match Quantity::parse(&text.text, Dimension::Ratio) {
            Ok(quantity) => quantity.value,
            Err(error) => {
                notes.error(place, error.to_string());
                return None;
            }
        },
        other => {
            notes.error(place, format!("`{key}` must be a share, not {}", other.word()));
            return None;
        }
    };
    if (0.0..=1.0).contains(&value) {
        return Some(Placed { value, place });
    }
    notes.error(place, format!("`{key}` is a share from 0 to 1 (0 % to 100 %), got {value}"));
    None
}

/// Where the content of a value begins: behind the quote of a text.
pub(crate) fn value_place(node: &Node) -> Place {
    match &node.value {
        Value::Text(text) => text.start(),
        _ => node.place,
    }
}

/// Reads a duration of zero or more.
pub(crate) fn parse_duration(notes: &Notes, text: &str, place: Place) -> Option<Span> {
    /// Ten years: longer spans are slips, and far below what 64 bits of nanoseconds hold.
    const LONGEST_NS: f64 = 10.0 * 365.0 * 86_400e9;
    match Quantity::parse(text, Dimension::Time) {
        Ok(quantity) if quantity.value < 0.0 => {
            notes.error(place, format!("`{text}` is negative; a duration is zero or more"));
            None
        }
        Ok(quantity) if quantity.value > LONGEST_NS => {
            notes.error(place, format!("`{text}` is longer than ten years"));
            None
        }
        Ok(quantity) => Some(Span::from_nanos(quantity.value.round() as i64)),
        Err(error) => {
            notes.error(place, error.to_string());
            None
        }
    }
}

/// Whether an id has only the characters that paths, topics and file names bear.
pub(crate) fn check_id(notes: &Notes, id: &str, place: Place) -> bool {
    let good = !id.is_empty()
        && id.len() <= 64
        && !id.starts_with('-')
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if !good {
        notes.error(place, format!("`{id}` is not an id: letters, digits, `_` and `-`, at most 64"));
    }
    good
}
