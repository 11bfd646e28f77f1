//! Writes the metric table and a constant for every metric out of `src/metrics.csv`.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::{env, fs, io};

const TABLE: &str = "src/metrics.csv";

fn main() -> Result<(), Box<dyn Error>> {
    writeln!(io::stdout(), "cargo::rerun-if-changed=build.rs\ncargo::rerun-if-changed={TABLE}")?;
    let text = fs::read_to_string(TABLE)?;
    let written = write_rust(&text).map_err(|fault| format!("{TABLE}: {fault}"))?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("metric_table.rs"), written)?;
    Ok(())
}

/// The table and its constants as Rust.
fn write_rust(text: &str) -> Result<String, Box<dyn Error>> {
    let mut records = records(text)?.into_iter();
    let header = records.next().ok_or("the header is missing")?;
    let rows: Vec<Row> = records.map(|cells| Row { header: &header, cells }).collect();
    let mut ids = BTreeSet::new();
    for (position, row) in rows.iter().enumerate() {
        // The header is the first line.
        let line = position + 2;
        if row.cells.len() != header.len() {
            return Err(format!("row {line} has {} cells, the header has {}", row.cells.len(), header.len()).into());
        }
        let id = row.cell("id")?;
        if id.is_empty() || !id.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
            return Err(format!("row {line}: the id `{id}` must be of small letters, digits and `_`").into());
        }
        if !ids.insert(id) {
            return Err(format!("row {line}: the id `{id}` is there twice").into());
        }
    }
    let mut out = String::new();
    writeln!(out, "static BUILT_IN: [Metric; {}] = [", rows.len())?;
    for row in &rows {
        write_metric(&mut out, row).map_err(|fault| format!("metric `{}`: {fault}", row.cells[0]))?;
    }
    writeln!(out, "];\n\n/// A constant for every metric of the table, so that a misspelt one does not compile.")?;
    writeln!(out, "pub mod metrics {{\n    use super::MetricId;")?;
    for (index, row) in rows.iter().enumerate() {
        let unit = row.text("ucum")?.map_or(String::new(), |unit| format!(", in `{unit}`"));
        writeln!(out, "\n    /// {}{unit}.", documented(row.cell("display")?))?;
        writeln!(out, "    pub const {}: MetricId = MetricId({index});", constant(row.cell("id")?))?;
    }
    writeln!(out, "}}")?;
    Ok(out)
}

/// A name for people as documentation has it: words such as `FiO2` stand in backticks.
fn documented(display: &str) -> String {
    let is_code =
        |word: &str| word.chars().zip(word.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    let words = display.split(' ').map(|word| if is_code(word) { format!("`{word}`") } else { word.to_owned() });
    words.collect::<Vec<_>>().join(" ")
}

/// Name of the constant of a metric.
fn constant(id: &str) -> String {
    let name = id.to_ascii_uppercase();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("METRIC_{name}") } else { name }
}

fn write_metric(out: &mut String, row: &Row<'_>) -> Result<(), Box<dyn Error>> {
    let kind = match row.cell("kind")? {
        "numeric" => "Numeric",
        "waveform" => "Waveform",
        "coded" => "Coded",
        other => return Err(format!("`{other}` is no kind: numeric, waveform, coded").into()),
    };
    let resolution = row.number("resolution")?;
    writeln!(out, "    Metric {{")?;
    writeln!(out, "        id: {:?},", row.cell("id")?)?;
    writeln!(out, "        display: {:?},", row.cell("display")?)?;
    writeln!(out, "        kind: MetricKind::{kind},")?;
    for field in ["mdc_code", "mdc_unit_code"] {
        writeln!(out, "        {field}: {},", row.code(field)?)?;
    }
    for field in ["mdc_refid", "loinc", "snomed", "ucum", "mdc_unit_refid"] {
        writeln!(out, "        {field}: {:?},", row.text(field)?)?;
    }
    let resolution = resolution.map_or("None".to_owned(), |resolution| format!("Some({resolution:e})"));
    writeln!(out, "        resolution: {resolution},")?;
    writeln!(out, "        decimals: decimals({resolution}),")?;
    writeln!(out, "        device_range: {},", row.range("device_min", "device_max")?)?;
    writeln!(out, "        plausible_range: {},", row.range("plausible_lo", "plausible_hi")?)?;
    writeln!(out, "    }},")?;
    Ok(())
}

struct Row<'a> {
    header: &'a [String],
    cells: Vec<String>,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> Result<&str, String> {
        let position = self.header.iter().position(|name| name == column);
        position.map(|position| self.cells[position].trim()).ok_or_else(|| format!("no column `{column}`"))
    }

    fn text(&self, column: &str) -> Result<Option<&str>, String> {
        self.cell(column).map(|cell| (!cell.is_empty()).then_some(cell))
    }

    fn number(&self, column: &str) -> Result<Option<f64>, String> {
        let parse = |cell: &str| cell.parse::<f64>().map_err(|_| format!("`{column}` is no number: `{cell}`"));
        self.text(column)?.map(parse).transpose()
    }

    /// A code, written in groups of digits.
    fn code(&self, column: &str) -> Result<String, String> {
        let Some(cell) = self.text(column)? else { return Ok("None".to_owned()) };
        let code: u32 = cell.parse().map_err(|_| format!("`{column}` is no code: `{cell}`"))?;
        let digits = code.to_string();
        let mut grouped = String::new();
        for (position, digit) in digits.chars().enumerate() {
            if position > 0 && (digits.len() - position).is_multiple_of(3) {
                grouped.push('_');
            }
            grouped.push(digit);
        }
        Ok(format!("Some({grouped})"))
    }

    fn range(&self, lowest: &str, highest: &str) -> Result<String, String> {
        match (self.number(lowest)?, self.number(highest)?) {
            (None, None) => Ok("None".to_owned()),
            (Some(low), Some(high)) if low < high => Ok(format!("Some(({low:e}, {high:e}))")),
            _ => Err(format!("`{lowest}` and `{highest}` must be a range")),
        }
    }
}

/// The records of comma-separated values in which a cell may stand in quotes, and a quote in it is doubled.
fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    text.lines().map(|line| cells(line).ok_or_else(|| format!("a quote is not closed: {line}"))).collect()
}

fn cells(line: &str) -> Option<Vec<String>> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cells.last_mut()?.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut()?.push(other),
        }
    }
    (!quoted).then_some(cells)
}
