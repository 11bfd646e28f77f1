//! Parameter packs: tables of persons or of populations as comma-separated text.
//!
//! The columns of a pack of persons are those of `patients.csv` (symbols of the model); further columns are ignored,
//! so a user's own table can replace the shipped one.

use thiserror::Error;

use super::parameters::Parameters;

/// The thirty reference patients of simglucose (see `data/glucose/LICENCES.md`).
const REFERENCE: &str = include_str!("../../data/glucose/patients.csv");

/// Why a pack cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PackError {
    /// The text has no header line.
    #[error("the table is empty")]
    Empty,
    /// A column that the model needs is missing.
    #[error("column `{column}` is missing")]
    MissingColumn {
        /// Its name.
        column: &'static str,
    },
    /// A line has too few fields.
    #[error("line {line}: no field for column `{column}`")]
    ShortLine {
        /// Line number, from 1.
        line: usize,
        /// The column without a field.
        column: String,
    },
    /// A field is not a finite number.
    #[error("line {line}, column `{column}`: `{text}` is not a finite number")]
    NotANumber {
        /// Line number, from 1.
        line: usize,
        /// Column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// A row of a population table is missing.
    #[error("the row of parameter `{parameter}` is missing")]
    MissingRow {
        /// Its name.
        parameter: &'static str,
    },
    /// A value that must be positive is not.
    #[error("line {line}, column `{column}`: {value} must be above 0")]
    NotPositive {
        /// Line number, from 1.
        line: usize,
        /// Column.
        column: String,
        /// What stands there, as text.
        value: String,
    },
}

/// A table of comma-separated fields in memory, with named columns.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    columns: Vec<&'a str>,
    /// Line number and fields of each row.
    rows: Vec<(usize, Vec<&'a str>)>,
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    columns: &'a [&'a str],
    line: usize,
    fields: &'a [&'a str],
}

impl<'a> Table<'a> {
    /// Splits text at line ends and commas; fields are not quoted.
    ///
    /// # Errors
    /// [`PackError::Empty`] when there is not even a header.
    pub fn parse(text: &'a str) -> Result<Self, PackError> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let fields = |line: &'a str| line.split(',').map(str::trim).collect::<Vec<_>>();
        let (_, header) = lines.next().ok_or(PackError::Empty)?;
        let rows = lines.map(|(index, line)| (index + 1, fields(line))).collect();
        Ok(Self { columns: fields(header), rows })
    }

    /// Its rows, in the order of the text.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, fields)| Row { columns: &self.columns, line: *line, fields })
    }
}

impl Row<'_> {
    /// The field in a column.
    ///
    /// # Errors
    /// [`PackError`] when there is no such column or the line is too short for it.
    pub fn text(&self, column: &'static str) -> Result<&str, PackError> {
        let position =
            self.columns.iter().position(|name| *name == column).ok_or(PackError::MissingColumn { column })?;
        self.fields
            .get(position)
            .copied()
            .ok_or_else(|| PackError::ShortLine { line: self.line, column: column.to_owned() })
    }

    /// The finite number in a column.
    ///
    /// # Errors
    /// As [`Row::text`], and when the field is not a number.
    pub fn number(&self, column: &'static str) -> Result<f64, PackError> {
        let text = self.text(column)?;
        text.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(|| PackError::NotANumber {
            line: self.line,
            column: column.to_owned(),
            text: text.to_owned(),
        })
    }

    /// The number above zero in a column.
    ///
    /// # Errors
    /// As [`Row::number`], and when the number is not above zero.
    pub fn positive(&self, column: &'static str) -> Result<f64, PackError> {
        let value = self.number(column)?;
        if value > 0.0 {
            Ok(value)
        } else {
            Err(PackError::NotPositive { line: self.line, column: column.to_owned(), value: value.to_string() })
        }
    }
}

/// Reads a pack of persons: their names and parameters, in the order of the text.
///
/// # Errors
///
/// Says which line and column is missing, is not a number or is not positive.
pub fn read_pack(text: &str) -> Result<Vec<(String, Parameters)>, PackError> {
    Table::parse(text)?.rows().map(|row| Ok((row.text("Name")?.to_owned(), person(&row)?))).collect()
}

/// The thirty reference patients, named `adolescent#001` to `child#010`.
pub fn reference_patients() -> Vec<(String, Parameters)> {
    read_pack(REFERENCE).expect("the shipped pack is read by a test")
}

fn person(row: &Row<'_>) -> Result<Parameters, PackError> {
    Ok(Parameters {
        weight_kg: row.positive("BW")?,
        basal_glucose_mg_dl: row.positive("Gb")?,
        basal_insulin_pmol_l: row.positive("Ib")?,
        gut_absorption_per_min: row.positive("kabs")?,
        fastest_emptying_per_min: row.positive("kmax")?,
        slowest_emptying_per_min: row.positive("kmin")?,
        slowing_part: row.positive("b")?,
        recovery_part: row.positive("d")?,
        absorbed_part: row.positive("f")?,
        glucose_volume_dl_kg: row.positive("Vg")?,
        plasma_to_tissue_per_min: row.positive("k1")?,
        tissue_to_plasma_per_min: row.positive("k2")?,
        brain_uptake_mg_kg_min: row.positive("Fsnc")?,
        uptake_mg_kg_min: row.positive("Vm0")?,
        uptake_gain: row.positive("Vmx")?,
        half_uptake_mg_kg: row.positive("Km0")?,
        renal_excretion_per_min: row.positive("ke1")?,
        renal_threshold_mg_kg: row.positive("ke2")?,
        production_mg_kg_min: row.positive("kp1")?,
        production_glucose_per_min: row.positive("kp2")?,
        production_insulin_gain: row.positive("kp3")?,
        insulin_volume_l_kg: row.positive("Vi")?,
        liver_to_plasma_per_min: row.positive("m1")?,
        plasma_to_liver_per_min: row.positive("m2")?,
        hepatic_degradation_per_min: row.positive("m30")?,
        peripheral_degradation_per_min: row.positive("m4")?,
        uptake_action_per_min: row.positive("p2u")?,
        production_action_per_min: row.positive("ki")?,
        dissociation_per_min: row.positive("kd")?,
        slow_absorption_per_min: row.positive("ka1")?,
        absorption_per_min: row.positive("ka2")?,
        interstitium_per_min: row.positive("ksc")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_pack_holds_ten_of_each_group() {
        let patients = reference_patients();
        for group in ["adolescent", "adult", "child"] {
            assert_eq!(patients.iter().filter(|(name, _)| name.starts_with(group)).count(), 10, "{group}");
        }
    }

    /// Steady states that the table lists agree with those computed from its parameters.
    #[test]
    fn derived_basal_values_agree_with_the_table() {
        let table = Table::parse(REFERENCE).unwrap();
        for (row, (name, parameters)) in table.rows().zip(reference_patients()) {
            for (listed, derived) in [
                ("Gtb", parameters.basal_tissue_mg_kg()),
                ("Gpb", parameters.basal_plasma_mg_kg()),
                ("Ipb", parameters.basal_plasma_insulin_pmol_kg()),
                ("Ilb", parameters.basal_liver_insulin_pmol_kg()),
                ("u2ss", parameters.basal_appearance_pmol_kg_min()),
            ] {
                let expected = row.number(listed).unwrap();
                assert!((derived / expected - 1.0).abs() < 1e-6, "{name} {listed}: {derived} not {expected}");
            }
        }
    }

    #[test]
    fn faults_in_a_pack_are_located() {
        assert_eq!(read_pack(""), Err(PackError::Empty));
        assert_eq!(read_pack("Name,Gb\nx,1\n"), Err(PackError::MissingColumn { column: "BW" }));
        let broken = REFERENCE.replacen("68.706", "heavy", 1);
        assert_eq!(
            read_pack(&broken),
            Err(PackError::NotANumber { line: 2, column: "BW".to_owned(), text: "heavy".to_owned() })
        );
        let negative = REFERENCE.replacen("68.706", "-1", 1);
        assert_eq!(read_pack(&negative).unwrap_err().to_string(), "line 2, column `BW`: -1 must be above 0");
        assert!(matches!(read_pack("Name,BW\nx\n"), Err(PackError::ShortLine { line: 2, .. })));
    }
}
