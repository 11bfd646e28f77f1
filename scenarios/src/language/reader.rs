//! Walks one table along its row of the schema: complains about unknown, unsupported and missing keys at once, then
//! gives typed values. A getter that gives no value gives the proof that it has complained.

use sim_core::Span;
use vocabulary::Quantity;

use crate::language::diagnostic::{Checked, Notes, Place, Refused};
use crate::language::document::{Key, Node, Piece, Table, Text, Value};
use crate::language::plain_value::{check_id, check_plain, parse_duration, share_of, value_place};
use crate::language::schema::{KeySpec, More, TableSpec, Takes};
use crate::language::suggestion::{closest, hint};
use crate::language::word::Words;

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
    /// Names of further keys, as far as they are known.
    more: Vec<String>,
    /// The words of the key that takes registered ones and gives others their meaning, if there is such a key.
    words: Words<'a>,
    /// Its word when the file is silent, unless it is that of its row.
    default: Option<&'a str>,
}

impl<'a> Reader<'a> {
    /// Begins to read `table`. `more` are the names of the further keys it may have; `None` when nobody knows, because
    /// the word that decides is missing or wrong.
    pub(crate) fn new(
        notes: &'a Notes,
        table: &'a Table,
        spec: &'static TableSpec,
        heading: String,
        more: Option<&[&str]>,
    ) -> Self {
        let names = more.unwrap_or_default().iter().map(|name| (*name).to_owned());
        let (words, default) = (Words::default(), None);
        let reader = Self { notes, table, spec, heading, more: names.collect(), words, default };
        reader.check_keys(more.is_some());
        reader
    }

    /// Begins to read a table in which a registered word gives other keys their meaning. `default` is that word when the
    /// file is silent, if the table says so in another way.
    pub(crate) fn governed(
        notes: &'a Notes,
        table: &'a Table,
        spec: &'static TableSpec,
        heading: String,
        words: Words<'a>,
        default: Option<&'a str>,
    ) -> Self {
        let reader = Self { notes, table, spec, heading, more: Vec::new(), words, default };
        reader.check_keys(true);
        reader
    }

    fn check_keys(&self, all_are_known: bool) {
        for (key, _) in &self.table.entries {
            match self.spec.key(&key.name) {
                Some(KeySpec { takes: Takes::Later, .. }) => {
                    self.notes.error(key.place, format!("`{}` in {} is not supported yet", key.name, self.heading));
                }
                Some(row) => self.check_meaning(key.place, row),
                None if self.is_known(key) || (self.spec.more != More::Nothing && !all_are_known) => {}
                None => {
                    self.refuse_key(key);
                }
            }
        }
        for key in self.spec.keys.iter().filter(|key| key.required) {
            let has_meaning = key
                .only
                .is_none_or(|only| self.word(only.key).is_some_and(|word| self.words.refusal(key, word).is_none()));
            if has_meaning && !self.has(key.name) {
                self.missing(key.name);
            }
        }
    }

    fn is_known(&self, key: &Key) -> bool {
        self.spec.key(&key.name).is_some() || self.more.contains(&key.name)
    }

    /// Complains about a key that the table does not have.
    fn refuse_key(&self, key: &Key) -> Refused {
        let supported = self.spec.keys.iter().filter(|key| !matches!(key.takes, Takes::Later));
        let names: Vec<&str> = supported.map(|key| key.name).chain(self.more.iter().map(String::as_str)).collect();
        let hint = hint(&key.name, "keys", names);
        self.notes.error(key.place, format!("unknown key `{}` in {}{hint}", key.name, self.heading))
    }

    /// Complains about a key that is not there, at its misspelling if there is one.
    pub(crate) fn missing(&self, key: &str) -> Refused {
        let unknown = self.table.entries.iter().filter(|(own, _)| !self.is_known(own));
        let mut misspelt = unknown.filter(|(own, _)| closest(&own.name, [key]).is_some());
        match misspelt.next() {
            Some((own, _)) => self.refuse_key(own),
            None => self.notes.error(self.table.place, format!("{} has no `{key}`", self.heading)),
        }
    }

    /// Complains about a key whose meaning hangs on another key that says something else.
    fn check_meaning(&self, place: Place, row: &KeySpec) {
        if let Some((other, why)) = row.beside.filter(|(other, _)| !self.has(other)) {
            self.notes.error(place, format!("`{}` has a meaning only beside `{other}`: {why}", row.name));
        }
        let Some(key) = row.only.map(|only| only.key) else { return };
        let Some(word) = self.word(key) else { return };
        let Some((needed, otherwise)) = self.words.refusal(row, word) else { return };
        let (heading, name) = (&self.heading, row.name);
        let message = format!("`{name}` is for {needed}, but {heading} has `{key} = \"{word}\"`: {otherwise}");
        self.notes.error(place, message);
    }

    /// The word that a key has or is given by default, if it is a word the key takes.
    fn word(&self, key: &str) -> Option<&'a str> {
        let word = match self.table.get(key).map(|(_, node)| &node.value) {
            Some(Value::Text(text)) => text.text.as_str(),
            Some(_) => return None,
            None => self.default.or(self.spec_of(key).default)?,
        };
        match self.spec_of(key).takes {
            Takes::Choice { now, .. } => now.iter().find(|choice| **choice == word).copied(),
            Takes::Registered(_) => self.words.find(word).map(|word| word.name),
            _ => panic!("`{key}` is no choice of words"),
        }
    }

    /// The value of a key, which counts as read from then on.
    pub(crate) fn node(&self, key: &str) -> Option<&'a Node> {
        let (key, node) = self.table.get(key)?;
        self.notes.mark_read(key.place);
        Some(node)
    }

    /// Whether the file gives the key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Where the key is given, or where the table begins.
    pub(crate) fn place(&self, key: &str) -> Place {
        self.table.get(key).map_or(self.table.place, |(_, node)| value_place(node))
    }

    fn spec_of(&self, key: &str) -> &'static KeySpec {
        self.spec
            .key(key)
            .unwrap_or_else(|| panic!("{} has a row for every key that is read, not for `{key}`", self.spec.heading))
    }

    /// The value of a key or its default, as a node.
    fn node_or_default(&self, key: &str) -> Checked<Node> {
        if let Some(node) = self.node(key) {
            return Ok(node.clone());
        }
        let spec = self.spec_of(key);
        let Some(default) = spec.default else { return Err(self.missing(key)) };
        let place = self.table.place;
        let value = match spec.takes {
            Takes::Flag => Value::Flag(default == "true"),
            Takes::Count(..) => Value::Integer(default.parse().expect("defaults of counts are whole numbers")),
            _ => Value::Text(Text { text: default.to_owned(), pieces: vec![Piece { from: 0, place, literal: false }] }),
        };
        Ok(Node { place, value })
    }

    /// What `read` makes of a key, if the file gives it.
    pub(crate) fn optional<T>(&self, key: &str, read: impl FnOnce(&Self, &str) -> Checked<T>) -> Checked<Option<T>> {
        self.has(key).then(|| read(self, key)).transpose()
    }

    /// A text that may hold `${device}` and the like.
    pub(crate) fn template(&self, key: &str) -> Checked<Text> {
        let node = self.node_or_default(key)?;
        match node.value {
            Value::Text(text) => Ok(text),
            other => Err(self.notes.error(node.place, format!("`{key}` must be a text, not {}", other.word()))),
        }
    }

    /// A text without templates.
    pub(crate) fn text(&self, key: &str) -> Checked<Text> {
        let text = self.template(key)?;
        check_plain(self.notes, key, &text)?;
        Ok(text)
    }

    /// A value that is more than a variable without a value.
    fn resolved(&self, key: &str) -> Checked<Node> {
        let node = self.node_or_default(key)?;
        if let Value::Text(text) = &node.value {
            check_plain(self.notes, key, text)?;
        }
        Ok(node)
    }

    /// A text or a list of texts; none when the file does not give the key.
    pub(crate) fn texts(&self, key: &str) -> Checked<Vec<Text>> {
        let Some(node) = self.node(key) else {
            return if self.spec_of(key).required { Err(self.missing(key)) } else { Ok(Vec::new()) };
        };
        let items = match (&node.value, self.spec_of(key).takes) {
            (Value::List(list), Takes::TextOrTexts) if list.is_empty() => {
                return Err(self.notes.error(node.place, format!("`{key}` is an empty list")));
            }
            (Value::List(list), _) => list.as_slice(),
            (_, Takes::TextOrTexts) => std::slice::from_ref(node),
            (other, _) => {
                let message = format!("`{key}` must be a list of texts, not {}", other.word());
                return Err(self.notes.error(node.place, message));
            }
        };
        let texts: Vec<Checked<Text>> = items
            .iter()
            .map(|item| match &item.value {
                Value::Text(text) => check_plain(self.notes, key, text).map(|()| text.clone()),
                other => Err(self.notes.error(item.place, format!("`{key}` holds {}, not a text", other.word()))),
            })
            .collect();
        texts.into_iter().collect()
    }

    /// An id: the key `id`, with the characters that paths allow.
    pub(crate) fn id(&self) -> Checked<Placed<String>> {
        let text = self.text("id")?;
        check_id(self.notes, &text.text, text.start())?;
        Ok(Placed { place: text.start(), value: text.text })
    }

    /// A whole number within the bounds of its row.
    pub(crate) fn count(&self, key: &str) -> Checked<Placed<u64>> {
        let Takes::Count(least, most) = self.spec_of(key).takes else { panic!("`{key}` is not a count") };
        let node = self.resolved(key)?;
        let Value::Integer(number) = node.value else {
            let word = node.value.word();
            return Err(self.notes.error(value_place(&node), format!("`{key}` must be a whole number, not {word}")));
        };
        match u64::try_from(number) {
            Ok(count) if (least..=most).contains(&count) => Ok(Placed { value: count, place: node.place }),
            _ => {
                let bounds = if least == most { format!("must be {least}") } else { format!("is {least}..{most}") };
                Err(self.notes.error(node.place, format!("`{key}` {bounds}, got {number}")))
            }
        }
    }

    /// A number within the bounds of its row.
    pub(crate) fn number(&self, key: &str) -> Checked<Placed<f64>> {
        let Takes::Number(least, most) = self.spec_of(key).takes else { panic!("`{key}` is not a number") };
        let node = self.resolved(key)?;
        let number = match &node.value {
            Value::Integer(number) => *number as f64,
            Value::Float(number) => *number,
            other => {
                let message = format!("`{key}` must be a number, not {}", other.word());
                return Err(self.notes.error(value_place(&node), message));
            }
        };
        if (least..=most).contains(&number) {
            return Ok(Placed { value: number, place: node.place });
        }
        Err(self.notes.error(node.place, format!("`{key}` is {least}..{most}, got {number}")))
    }

    /// True or false.
    pub(crate) fn flag(&self, key: &str) -> Checked<bool> {
        let node = self.resolved(key)?;
        match node.value {
            Value::Flag(flag) => Ok(flag),
            other => Err(self.notes.error(node.place, format!("`{key}` must be true or false, not {}", other.word()))),
        }
    }

    /// One of the words of its row.
    pub(crate) fn choice(&self, key: &str) -> Checked<&'static str> {
        let Takes::Choice { now, later } = self.spec_of(key).takes else { panic!("`{key}` is not a choice") };
        self.word_among(key, now, later)
    }

    /// The registered word of the key that gives others their meaning.
    pub(crate) fn registered(&self, key: &str) -> Checked<&'a str> {
        if !self.has(key)
            && let Some(default) = self.default
        {
            return Ok(default);
        }
        let names: Vec<&'a str> = self.words.known.iter().map(|word| word.name).collect();
        self.word_among(key, &names, self.words.later)
    }

    fn word_among<'w>(&self, key: &str, now: &[&'w str], later: &[&str]) -> Checked<&'w str> {
        let node = self.resolved(key)?;
        let (word, place) = match &node.value {
            Value::Text(text) => (text.text.clone(), text.start()),
            // So that `qos = 1` reads as it should.
            Value::Integer(number) => (number.to_string(), node.place),
            other => {
                let message = format!("`{key}` must be one of {}, not {}", now.join(", "), other.word());
                return Err(self.notes.error(node.place, message));
            }
        };
        now.iter().find(|choice| **choice == word).copied().ok_or_else(|| {
            let message = if later.contains(&word.as_str()) {
                format!("`{key} = {word}` is not supported yet")
            } else {
                format!("`{key}` cannot be `{word}`{}", hint(&word, "choices", now.iter().copied()))
            };
            self.notes.error(place, message)
        })
    }

    /// A duration of zero or more.
    pub(crate) fn duration(&self, key: &str) -> Checked<Placed<Span>> {
        let node = self.node_or_default(key)?;
        let Value::Text(text) = &node.value else {
            let message = format!("`{key}` is a duration; write it as a text with a unit, such as \"10s\"");
            return Err(self.notes.error(node.place, message));
        };
        check_plain(self.notes, key, text)?;
        let span = parse_duration(self.notes, &text.text, text.start())?;
        Ok(Placed { value: span, place: text.start() })
    }

    /// A quantity in the canonical unit of its row's dimension, within bounds in the same unit.
    pub(crate) fn quantity(&self, key: &str, least: f64, most: f64) -> Checked<Placed<f64>> {
        let Takes::Quantity(dimension) = self.spec_of(key).takes else { panic!("`{key}` is not a quantity") };
        let node = self.node_or_default(key)?;
        let Value::Text(text) = &node.value else {
            let (word, units) = (dimension.word(), dimension.examples());
            let message = format!("`{key}` is a {word}; write it as a text with a unit ({units})");
            return Err(self.notes.error(node.place, message));
        };
        let place = text.start();
        check_plain(self.notes, key, text)?;
        match Quantity::parse(&text.text, dimension) {
            Ok(quantity) if (least..=most).contains(&quantity.value) => Ok(Placed { value: quantity.value, place }),
            Ok(_) => {
                let write = |number| sim_core::ParameterKind::Quantity(dimension).written(number);
                let (least, most) = (write(least), write(most));
                Err(self.notes.error(place, format!("`{key}` is {least}..{most}, got {}", text.text)))
            }
            Err(error) => Err(self.notes.error(place, error.to_string())),
        }
    }

    /// A duration within bounds and on a grid of steps.
    pub(crate) fn stepped(&self, key: &str, least: Span, most: Span, step: Span) -> Checked<Span> {
        let duration = self.duration(key)?;
        let span = duration.value;
        if span < least || span > most {
            return Err(self.notes.error(duration.place, format!("`{key}` is {least}..{most}, got {span}")));
        }
        if span.nanos() % step.nanos() != 0 {
            return Err(self.notes.error(duration.place, format!("`{key}` is a multiple of {step}, got {span}")));
        }
        Ok(span)
    }

    /// A share from 0 to 1.
    pub(crate) fn share(&self, key: &str) -> Checked<Placed<f64>> {
        let node = self.node_or_default(key)?;
        share_of(self.notes, key, &node)
    }

    /// Names and shares; those that are wrong have been complained about.
    pub(crate) fn shares(&self, key: &str) -> Vec<(Placed<String>, f64)> {
        let Ok(Some(table)) = self.optional(key, Self::table_below) else { return Vec::new() };
        let shares = table.entries.iter().filter_map(|(name, node)| {
            self.notes.mark_read(name.place);
            let share = share_of(self.notes, &name.name, node).ok()?;
            Some((Placed { value: name.name.clone(), place: name.place }, share.value))
        });
        shares.collect()
    }

    /// A table below this one.
    pub(crate) fn table_below(&self, key: &str) -> Checked<&'a Table> {
        let Some(node) = self.node(key) else { return Err(self.missing(key)) };
        match &node.value {
            Value::Table(table) => Ok(table),
            other => Err(self.notes.error(node.place, format!("`{key}` must be a table, not {}", other.word()))),
        }
    }

    /// An empty table that stands where this one does, for tables that a file may leave out.
    pub(crate) const fn empty_table(&self) -> Table {
        Table { place: self.table.place, entries: Vec::new() }
    }

    /// A table below this one, or `empty` where the file has none.
    pub(crate) fn optional_table<'t>(&self, key: &str, empty: &'t Table) -> Checked<&'t Table>
    where
        'a: 't,
    {
        Ok(self.optional(key, Self::table_below)?.unwrap_or(empty))
    }

    /// Tables below this one, `[name.ID]` each; those that are wrong have been complained about.
    pub(crate) fn named_below(&self, key: &str) -> Vec<(Placed<String>, &'a Table)> {
        let Ok(Some(table)) = self.optional(key, Self::table_below) else { return Vec::new() };
        let mut named = Vec::new();
        for (id, node) in &table.entries {
            self.notes.mark_read(id.place);
            match &node.value {
                Value::Table(table) => {
                    // A wrong id is told; what the table says is looked at all the same.
                    let _ = check_id(self.notes, &id.name, id.place);
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

    /// Tables below this one, `[[name]]` each; those that are wrong have been complained about.
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
                other => {
                    self.notes.error(item.place, format!("`{key}` holds {}, not a table", other.word()));
                }
            }
        }
        tables
    }
}
