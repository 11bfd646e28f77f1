//! Indented JSON whose deepest parts stand in one line each: what is nested deeper than a reader follows is for machines.

use std::io::{self, Write};

use serde_json::ser::{Formatter, PrettyFormatter};

/// Levels that are indented: the report, its lists and what they list. Whatever lies below is one line.
const INDENTED: usize = 3;

/// Indents the first levels and writes the others in one line.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pretty: PrettyFormatter<'static>,
    depth: usize,
}

impl Lines {
    fn is_indented(&self) -> bool {
        self.depth <= INDENTED
    }

    fn separate<W: ?Sized + Write>(writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        if self.is_indented() { self.pretty.begin_array(writer) } else { writer.write_all(b"[") }
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let indented = self.is_indented();
        self.depth -= 1;
        if indented { self.pretty.end_array(writer) } else { writer.write_all(b"]") }
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.is_indented() { self.pretty.begin_array_value(writer, first) } else { Self::separate(writer, first) }
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_indented() { self.pretty.end_array_value(writer) } else { Ok(()) }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        if self.is_indented() { self.pretty.begin_object(writer) } else { writer.write_all(b"{") }
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let indented = self.is_indented();
        self.depth -= 1;
        if indented { self.pretty.end_object(writer) } else { writer.write_all(b"}") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.is_indented() { self.pretty.begin_object_key(writer, first) } else { Self::separate(writer, first) }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_indented() { self.pretty.end_object_value(writer) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_deepest_parts_stand_in_one_line_and_say_the_same() {
        let value = json!({
            "a": 1, "empty": [], "none": {},
            "expect": [{ "id": "x", "worst": [{ "path": "p", "value": null }] }],
            "series": { "windows": [{ "n": 1, "pairs": [[1, 2], [3, 4]] }, { "n": 2, "pairs": [] }] }
        });
        let mut text = Vec::new();
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Lines::default())).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(text.contains("\n      {\"n\": 1, \"pairs\": [[1, 2], [3, 4]]},\n"), "{text}");
        assert!(text.contains("\n      \"id\": \"x\",\n"), "{text}");
        assert!(text.contains("\n      \"worst\": [{\"path\": \"p\", \"value\": null}]\n"), "{text}");
    }
}
