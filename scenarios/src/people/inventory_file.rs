//! A list in CSV as a table of cells, each with its place.

use csv::{ReaderBuilder, StringRecord};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::suggestion::hint;

/// What a list may say of a device.
pub(crate) const COLUMNS: [&str; 12] =
    ["serial", "kind", "model", "firmware", "patient_id", "mrn", "user", "password", "cert", "key", "zone", "ward"];

/// What some programs write before the text.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// A list that has been read.
#[derive(Debug)]
pub(crate) struct InventoryFile {
    pub(crate) rows: Vec<Row>,
}

/// One row: the cells that say something, by column.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) place: Place,
    pub(crate) cells: Vec<(&'static str, Cell)>,
}

/// One cell.
#[derive(Clone)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) place: Place,
}

impl std::fmt::Debug for Cell {
    /// Any of them may be a secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cell").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Row {
    /// The cell of a column, unless it is empty.
    pub(crate) fn cell(&self, column: &str) -> Option<&Cell> {
        self.cells.iter().find(|(name, _)| *name == column).map(|(_, cell)| cell)
    }
}

impl InventoryFile {
    /// Reads a list. Its first row names the columns; fields are separated by commas, or by semicolons, if the first row is.
    pub(crate) fn read(notes: &Notes, name: &str, content: &str) -> Checked<Self> {
        let text = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
        let file = notes.add_file(name, text, None);
        let at = |offset: usize| Place { file, offset };
        let head = text.lines().next().unwrap_or_default();
        let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
        let records = reader.records().collect::<Result<Vec<StringRecord>, _>>();
        let records = records.map_err(|error| notes.error(at(0), format!("this is no CSV: {error}")))?;
        let mut records = records.iter();
        let Some(header) = records.next() else {
            return Err(notes.error(at(0), "the list is empty; its first row names the columns"));
        };
        let mut errors = false;
        let mut columns: Vec<Option<&'static str>> = Vec::new();
        for (title, offset) in header.iter().zip(offsets(text, header, delimiter)) {
            let title = title.trim();
            let column = COLUMNS.into_iter().find(|column| *column == title);
            let message = match column {
                Some(column) if columns.contains(&Some(column)) => {
                    format!("column `{title}` stands here a second time")
                }
                Some(_) => String::new(),
                None => format!("there is no column `{title}`{}", hint(title, "columns", COLUMNS)),
            };
            if !message.is_empty() {
                notes.error(at(offset), message);
                errors = true;
            }
            columns.push(column);
        }
        let mut rows = Vec::new();
        for record in records {
            let offsets = offsets(text, record, delimiter);
            let place = at(offsets.first().copied().unwrap_or(0));
            if record.len() != columns.len() {
                let message = format!("this row has {} fields, and the first has {}", record.len(), columns.len());
                notes.error(place, message);
                errors = true;
                continue;
            }
            let cells = columns.iter().zip(record.iter().zip(offsets)).filter_map(|(column, (text, offset))| {
                let text = text.trim();
                (!text.is_empty()).then_some(((*column)?, Cell { text: text.to_owned(), place: at(offset) }))
            });
            rows.push(Row { place, cells: cells.collect() });
        }
        if errors { Err(notes.refused_before(at(0))) } else { Ok(Self { rows }) }
    }
}

/// Where the fields of a record begin [bytes].
fn offsets(text: &str, record: &StringRecord, delimiter: u8) -> Vec<usize> {
    let begin = record.position().map_or(0, |position| position.byte() as usize);
    // A record begins behind the empty lines that are passed over before it.
    let begin = begin + text[begin..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let mut offsets = vec![begin];
    let mut is_quoted = false;
    for (index, byte) in text.bytes().enumerate().skip(begin) {
        if offsets.len() == record.len() {
            break;
        }
        match byte {
            b'"' => is_quoted = !is_quoted,
            _ if byte == delimiter && !is_quoted => offsets.push(index + 1),
            _ => {}
        }
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<InventoryFile, Vec<String>> {
        let notes = Notes::default();
        match InventoryFile::read(&notes, "devices.csv", text) {
            Ok(file) => Ok(file),
            Err(_) => Err(notes.into_sorted().iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn fields_are_found_behind_quotes_blank_lines_and_other_separators() {
        let text = "\u{FEFF}serial,model,kind\r\n\r\n\"a\",\"b, \"\"c\"\"\",d\r\n";
        let file = read(text).expect("a list");
        let cells: Vec<(&str, &str, usize)> =
            file.rows[0].cells.iter().map(|(column, cell)| (*column, cell.text.as_str(), cell.place.offset)).collect();
        assert_eq!(cells, [("serial", "a", 21), ("model", "b, \"c\"", 25), ("kind", "d", 36)]);
        let file = read("serial;kind\nx;\n").expect("a list");
        assert_eq!(file.rows[0].cell("serial").map(|cell| cell.text.as_str()), Some("x"));
        assert!(file.rows[0].cell("kind").is_none());
    }

    #[test]
    fn what_is_no_list_is_told_at_its_place() {
        let told = read("serial,seriel,serial\na,b\n").expect_err("no list");
        assert_eq!(
            told,
            [
                "devices.csv:1:8: error: there is no column `seriel`; did you mean `serial`?",
                "devices.csv:1:15: error: column `serial` stands here a second time",
                "devices.csv:2:1: error: this row has 2 fields, and the first has 3",
            ]
        );
        assert_eq!(read("").expect_err("no list").len(), 1);
    }
}
