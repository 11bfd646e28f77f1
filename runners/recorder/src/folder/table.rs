//! The CSV files of a recording.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::error::Error;

/// File of a patient's labels that last: `onset_s,end_s,label,cause`.
pub(super) const LABELS_FILE: &str = "labels.csv";

/// Readings of a device by metric: instant [s] and value, not a number where the device showed none.
#[derive(Debug, Default)]
pub struct Numerics(pub BTreeMap<String, Vec<(f64, f64)>>);

impl Numerics {
    pub(super) fn read(file: &Path) -> Result<Self, Error> {
        let table = Table::read(file)?;
        let [time, metric, value] = table.columns(["time_s", "metric", "value"])?;
        let mut readings = Self::default();
        for row in table.rows() {
            let [time, metric, value] = row?.cells([time, metric, value])?;
            // Words are no readings over time.
            let number = if value.is_empty() { Ok(f64::NAN) } else { value.parse() };
            if let (Ok(at_s), Ok(number)) = (time.parse(), number) {
                readings.0.entry(metric.to_owned()).or_default().push((at_s, number));
            }
        }
        Ok(readings)
    }
}

/// The truth about a patient, column by column.
#[derive(Debug, Default)]
pub struct States(pub Vec<State>);

/// One column.
#[derive(Debug)]
pub struct State {
    /// Name, such as `heart_rate`.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Instant [s] and value.
    pub points: Vec<(f64, f64)>,
}

impl States {
    pub(super) fn read(file: &Path) -> Result<Self, Error> {
        let table = Table::read(file)?;
        let mut states: Vec<State> = table
            .header()
            .skip(1)
            .map(|title| {
                let (name, unit) = title.split_once(" [").unwrap_or((title, ""));
                State { name: name.to_owned(), unit: unit.trim_end_matches(']').to_owned(), points: Vec::new() }
            })
            .collect();
        for row in table.rows() {
            let row = row?;
            let mut cells = row.text.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN));
            let at_s = cells.next().unwrap_or(f64::NAN);
            for (state, value) in states.iter_mut().zip(cells) {
                state.points.push((at_s, value));
            }
        }
        Ok(Self(states))
    }
}

/// Labels that last.
#[derive(Debug, Default)]
pub struct Labels(pub Vec<Label>);

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Beginning [s].
    pub onset_s: f64,
    /// End [s]; absent when it lasts to the end.
    pub end_s: Option<f64>,
    /// What it is.
    pub name: String,
}

impl Labels {
    pub(super) fn read(file: &Path) -> Result<Self, Error> {
        let table = Table::read(file)?;
        let [onset, end, label] = table.columns(["onset_s", "end_s", "label"])?;
        let mut labels = Vec::new();
        for row in table.rows() {
            let row = row?;
            let [onset, end, label] = row.cells([onset, end, label])?;
            let refuse = |cell: &str| row.refuse(&format!("`{cell}` is not a time in seconds"));
            labels.push(Label {
                onset_s: onset.parse().map_err(|_| refuse(onset))?,
                end_s: if end.is_empty() { None } else { Some(end.parse().map_err(|_| refuse(end))?) },
                name: label.trim_matches('"').to_owned(),
            });
        }
        Ok(Self(labels))
    }
}

/// A file as rows of cells. What `iomt record` writes has no quoted commas.
struct Table<'a> {
    file: &'a Path,
    text: String,
}

struct Row<'a> {
    file: &'a Path,
    line: usize,
    text: &'a str,
}

impl<'a> Table<'a> {
    fn read(file: &'a Path) -> Result<Self, Error> {
        Ok(Self { file, text: fs::read_to_string(file).map_err(Error::read(file))? })
    }

    fn header(&self) -> impl Iterator<Item = &str> {
        self.text.lines().next().unwrap_or_default().split(',')
    }

    /// Positions of the columns of these names.
    fn columns<const N: usize>(&self, names: [&str; N]) -> Result<[usize; N], Error> {
        let mut positions = [0; N];
        for (position, name) in positions.iter_mut().zip(names) {
            *position = self.header().position(|title| title == name).ok_or_else(|| Error::Read {
                file: self.file.to_owned(),
                reason: format!("line 1 has no column `{name}`"),
            })?;
        }
        Ok(positions)
    }

    fn rows(&self) -> impl Iterator<Item = Result<Row<'_>, Error>> {
        let width = self.header().count();
        self.text.lines().enumerate().skip(1).map(move |(index, text)| {
            let row = Row { file: self.file, line: index + 1, text };
            let cells = text.split(',').count();
            if cells == width { Ok(row) } else { Err(row.refuse(&format!("{cells} cells under {width} titles"))) }
        })
    }
}

impl<'a> Row<'a> {
    fn cells<const N: usize>(&self, positions: [usize; N]) -> Result<[&'a str; N], Error> {
        let cells: Vec<&str> = self.text.split(',').collect();
        let mut found = [""; N];
        for (cell, position) in found.iter_mut().zip(positions) {
            *cell = cells.get(position).ok_or_else(|| self.refuse("too few cells"))?;
        }
        Ok(found)
    }

    fn refuse(&self, reason: &str) -> Error {
        Error::Read { file: self.file.to_owned(), reason: format!("line {}: {reason}", self.line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.csv");
        fs::write(&file, text).unwrap();
        (folder, file)
    }

    #[test]
    fn labels_without_an_end_last() {
        let (_folder, file) = file("onset_s,end_s,label,cause\n60,120,bleed,step s1\n90,,sepsis,condition\n");
        let labels = Labels::read(&file).unwrap().0;
        assert_eq!(labels[0], Label { onset_s: 60.0, end_s: Some(120.0), name: "bleed".to_owned() });
        assert_eq!(labels[1].end_s, None);
    }

    #[test]
    fn a_damaged_file_says_where() {
        for (text, said) in [
            ("onset_s,end_s\n1,2\n", "no column `label`"),
            ("onset_s,end_s,label\n1,2,a\n1,2\n", "line 3: 2 cells under 3 titles"),
            ("onset_s,end_s,label\nx,2,a\n", "line 2: `x` is not a time in seconds"),
        ] {
            let (_folder, file) = file(text);
            let error = Labels::read(&file).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn units_are_read_from_the_titles() {
        let (_folder, file) = file("time_s,heart_rate [/min],map [mmHg]\n0,70.5,90\n1,71,91\n");
        let states = States::read(&file).unwrap().0;
        assert_eq!((states[1].name.as_str(), states[1].unit.as_str()), ("map", "mmHg"));
        assert_eq!(states[0].points, [(0.0, 70.5), (1.0, 71.0)]);
    }
}
