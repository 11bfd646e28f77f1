//! The tree of a scenario file: values that know where they stand.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::language::diagnostic::{Checked, Notes, Place};

/// A value and where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// The kinds of values a scenario file can hold.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(Text),
    Integer(i64),
    Float(f64),
    Flag(bool),
    /// A date or time without quotes, as written.
    Instant(String),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// The word for it in messages.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Instant(_) => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A text, and where each part of it stands in the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// (offset in `text`, place in the file, whether bytes map one to one), ascending; never empty once read.
    pub(crate) pieces: Vec<Piece>,
}

/// A part of a text that comes from one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) from: usize,
    pub(crate) place: Place,
    /// Whether the bytes that follow stand in the file as they are.
    pub(crate) literal: bool,
}

impl Text {
    /// Where the byte at `offset` of the text stands in its file.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let index = self.pieces.partition_point(|piece| piece.from <= offset).saturating_sub(1);
        let piece = self.pieces[index];
        let into = if piece.literal { offset - piece.from.min(offset) } else { 0 };
        Place { file: piece.place.file, offset: piece.place.offset + into }
    }

    /// Where the text begins.
    pub(crate) fn start(&self) -> Place {
        self.place(0)
    }
}

/// A key and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// A table, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) place: Place,
    pub(crate) entries: Vec<(Key, Node)>,
}

impl Table {
    /// The entry with this key.
    pub(crate) fn get(&self, name: &str) -> Option<&(Key, Node)> {
        self.entries.iter().find(|(key, _)| key.name == name)
    }
}

/// Reads a file that was added to `notes` as number `file`; every syntax error is noted.
pub(crate) fn parse(notes: &Notes, file: usize, source: &str) -> Checked<Table> {
    let (table, errors) = DeTable::parse_recoverable(source);
    let mut outcome = Ok(());
    for error in errors {
        let span = error.span().unwrap_or_default();
        let mut message = error.message().replace('\n', ", ");
        if message == "duplicate key" {
            message = format!("duplicate key `{}`", source.get(span.clone()).unwrap_or_default());
        }
        outcome = Err(notes.error(Place { file, offset: span.start }, message));
    }
    outcome?;
    let reader = TreeReader { notes, file, source };
    reader.check_edition(table.span(), table.get_ref());
    Ok(reader.table(0, table.get_ref()))
}

/// Reads one value given outside a file, as `--set` does.
pub(crate) fn parse_value(notes: &Notes, file: usize, source: &str) -> Option<Node> {
    let value = DeValue::parse(source).ok()?;
    Some(TreeReader { notes, file, source }.node(&value))
}

/// Turns the crate's tree into ours.
pub(crate) struct TreeReader<'a> {
    pub(crate) notes: &'a Notes,
    pub(crate) file: usize,
    pub(crate) source: &'a str,
}

impl TreeReader<'_> {
    pub(crate) fn place(&self, offset: usize) -> Place {
        Place { file: self.file, offset }
    }

    fn table(&self, start: usize, table: &DeTable<'_>) -> Table {
        let mut entries: Vec<(Key, Node)> = table
            .iter()
            .map(|(key, value)| {
                let name = Key { name: key.get_ref().to_string(), place: self.place(key.span().start) };
                (name, self.node(value))
            })
            .collect();
        entries.sort_by_key(|(key, _)| key.place);
        Table { place: self.place(start), entries }
    }

    fn node(&self, node: &Spanned<DeValue<'_>>) -> Node {
        let span = node.span();
        let place = self.place(span.start);
        let value = match node.get_ref() {
            DeValue::String(text) => Value::Text(self.text(span, text)),
            DeValue::Integer(number) => {
                let value = i64::from_str_radix(number.as_str(), number.radix());
                if value.is_err() {
                    self.notes.error(place, format!("`{number}` does not fit into 64 bits"));
                }
                Value::Integer(value.unwrap_or_default())
            }
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(instant) => Value::Instant(instant.to_string()),
            DeValue::Array(list) => Value::List(list.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(span.start, table)),
        };
        Node { place, value }
    }

    fn text(&self, span: Range<usize>, text: &str) -> Text {
        let raw = self.source.get(span.clone()).unwrap_or_default();
        let quotes = raw.bytes().take_while(|byte| matches!(byte, b'"' | b'\'')).count();
        // An empty text is nothing but quotes; three of them open a text of several lines, whose first line break is
        // not part of it.
        let opening = match quotes {
            0..=2 => quotes.min(1),
            _ => 3 + usize::from(raw[3..].starts_with('\n')),
        };
        let literal = raw.get(opening..).is_some_and(|rest| rest.starts_with(text));
        let place = self.place(span.start + opening);
        Text { text: text.to_owned(), pieces: vec![Piece { from: 0, place, literal }] }
    }
}
