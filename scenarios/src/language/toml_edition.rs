//! Refuses what TOML 1.1 added to TOML 1.0.
//!
//! The parser reads TOML 1.1; editors, `tomllib` of Python and most other tools read 1.0, and a scenario file is to be
//! read by them too. The additions are: line breaks and a trailing comma in inline tables, the escapes `\e` and
//! `\xHH`, and times without seconds (<https://toml.io/en/v1.1.0>).

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::language::document::TreeReader;

impl TreeReader<'_> {
    /// Notes every use of TOML 1.1 in a table and below.
    pub(crate) fn check_edition(&self, span: Range<usize>, table: &DeTable<'_>) {
        let raw = self.source.get(span.clone()).unwrap_or_default();
        if raw.starts_with('{') {
            self.check_inline_table(&span, table);
        }
        for value in table.values() {
            self.check_value_edition(value);
        }
    }

    fn check_value_edition(&self, node: &Spanned<DeValue<'_>>) {
        let span = node.span();
        let raw = self.source.get(span.clone()).unwrap_or_default();
        match node.get_ref() {
            DeValue::String(_) if raw.starts_with('"') => {
                if let Some(offset) = new_escape(raw) {
                    let message = "the escapes `\\e` and `\\x` are TOML 1.1; write `\\u00..` as TOML 1.0 does";
                    self.notes.error(self.place(span.start + offset), message);
                }
            }
            DeValue::Datetime(_) if raw.matches(':').count() == 1 || short_time(raw) => {
                let message = "a time without seconds is TOML 1.1; write the seconds as TOML 1.0 does";
                self.notes.error(self.place(span.start), message);
            }
            DeValue::Array(list) => list.iter().for_each(|item| self.check_value_edition(item)),
            DeValue::Table(table) => self.check_edition(span, table),
            _ => {}
        }
    }

    /// Looks at what stands between the keys and values of an inline table.
    fn check_inline_table(&self, span: &Range<usize>, table: &DeTable<'_>) {
        let mut leaves = Vec::new();
        self.leaves(table, &mut leaves);
        leaves.sort_by_key(|range| range.start);
        let mut cursor = span.start + 1;
        let brace = span.end.saturating_sub(1);
        for range in leaves.into_iter().chain(std::iter::once(brace..brace)) {
            let between = self.source.get(cursor..range.start).unwrap_or_default();
            if let Some(index) = between.find('\n') {
                let message = "an inline table over several lines is TOML 1.1; write it on one line or as a [table]";
                self.notes.error(self.place(cursor + index), message);
                return;
            }
            if range.start == brace && between.trim_end().ends_with(',') {
                let message = "a comma after the last entry of an inline table is TOML 1.1; leave it out";
                self.notes.error(self.place(cursor + between.trim_end().len() - 1), message);
            }
            cursor = cursor.max(range.end);
        }
    }

    /// Spans of the keys and values of an inline table, through dotted keys.
    fn leaves(&self, table: &DeTable<'_>, spans: &mut Vec<Range<usize>>) {
        for (key, value) in table {
            spans.push(key.span());
            let raw = self.source.get(value.span()).unwrap_or_default();
            match value.get_ref() {
                DeValue::Table(inner) if !raw.starts_with('{') => self.leaves(inner, spans),
                _ => spans.push(value.span()),
            }
        }
    }
}

/// Offset of the first escape that TOML 1.0 does not know.
fn new_escape(raw: &str) -> Option<usize> {
    let bytes = raw.as_bytes();
    let mut index = 0;
    while index + 1 < bytes.len() {
        if bytes[index] == b'\\' {
            if matches!(bytes[index + 1], b'e' | b'x') {
                return Some(index);
            }
            index += 1;
        }
        index += 1;
    }
    None
}

/// Whether a date-time with an offset such as `+01:00` lacks the seconds of its time.
fn short_time(raw: &str) -> bool {
    raw.get(11..).is_some_and(|time| {
        let clock = time.split(['+', '-', 'Z', 'z']).next().unwrap_or_default();
        clock.matches(':').count() == 1
    })
}
