//! Numbers with units as a scenario file writes them: `"48 mg/dL"`, `"64kbit/s"`, `"1m 30s"`.

use thiserror::Error;

use crate::Dimension;

/// A number in the canonical unit of its dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// Value in the canonical unit.
    pub value: f64,
    /// What it measures.
    pub dimension: Dimension,
}

/// Why a text is not a quantity of the expected dimension.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// The text does not begin with a number.
    #[error("`{text}` is not a number with a unit; write it like `{example}`")]
    NotANumber {
        /// What was written.
        text: String,
        /// A value that would be accepted.
        example: String,
    },
    /// A number without the unit that its dimension needs.
    #[error("`{text}` has no unit; a {expected} is written in {units}")]
    NoUnit {
        /// What was written.
        text: String,
        /// Word of the expected dimension.
        expected: &'static str,
        /// Accepted spellings.
        units: String,
    },
    /// The unit belongs to another dimension.
    #[error("`{text}` is a {found}, but a {expected} is needed here ({units})")]
    WrongDimension {
        /// What was written.
        text: String,
        /// Word of the dimension the unit belongs to.
        found: &'static str,
        /// Word of the expected dimension.
        expected: &'static str,
        /// Accepted spellings.
        units: String,
    },
    /// A unit that no dimension knows.
    #[error("`{unit}` is not a unit of {expected}; accepted are {units}")]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// Word of the expected dimension.
        expected: &'static str,
        /// Accepted spellings.
        units: String,
    },
}

impl Quantity {
    /// Reads `text` as a quantity of `expected`. Durations may be compound (`1m 30s`).
    ///
    /// # Errors
    /// [`QuantityError`] says what is wrong and which units are accepted.
    pub fn parse(text: &str, expected: Dimension) -> Result<Self, QuantityError> {
        let trimmed = text.trim();
        let mut rest = trimmed;
        let mut value = 0.0;
        let mut terms = 0;
        while !rest.is_empty() {
            let (term, after) = parse_term(trimmed, rest, expected)?;
            if terms > 0 && (expected != Dimension::Time || term < 0.0) {
                return Err(not_a_number(trimmed, expected));
            }
            value += term;
            terms += 1;
            rest = after.trim_start();
        }
        if terms == 0 {
            return Err(not_a_number(trimmed, expected));
        }
        Ok(Self { value, dimension: expected })
    }
}

/// One `number unit` pair at the start of `rest`, in canonical units, and what follows it.
fn parse_term<'a>(whole: &str, rest: &'a str, expected: Dimension) -> Result<(f64, &'a str), QuantityError> {
    let digits = number_length(rest);
    let Ok(number) = rest[..digits].parse::<f64>() else { return Err(not_a_number(whole, expected)) };
    if !number.is_finite() {
        return Err(not_a_number(whole, expected));
    }
    let after = rest[digits..].trim_start();
    let end = after
        .char_indices()
        .find(|(index, c)| c.is_whitespace() || (*index > 0 && expected == Dimension::Time && c.is_ascii_digit()))
        .map_or(after.len(), |(index, _)| index);
    let name = &after[..end];
    if let Some(unit) = expected.unit(name) {
        return Ok((number * unit.factor + unit.offset, &after[end..]));
    }
    let units = expected.examples();
    if name.is_empty() {
        return Err(QuantityError::NoUnit { text: whole.to_owned(), expected: expected.word(), units });
    }
    match Dimension::ALL.into_iter().find(|other| other.unit(name).is_some()) {
        Some(other) => Err(QuantityError::WrongDimension {
            text: whole.to_owned(),
            found: other.word(),
            expected: expected.word(),
            units,
        }),
        None => Err(QuantityError::UnknownUnit { unit: name.to_owned(), expected: expected.word(), units }),
    }
}

/// Length in bytes of the decimal number at the start of `text` (sign, digits, point, exponent).
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut length = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    while bytes.get(length).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
        length += 1;
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let mut exponent = length + 1;
        exponent += usize::from(matches!(bytes.get(exponent), Some(b'+' | b'-')));
        let first_digit = exponent;
        while bytes.get(exponent).is_some_and(u8::is_ascii_digit) {
            exponent += 1;
        }
        if exponent > first_digit {
            length = exponent;
        }
    }
    length
}

fn not_a_number(text: &str, expected: Dimension) -> QuantityError {
    let unit = expected.units().iter().map(|unit| unit.name).find(|name| !name.is_empty()).unwrap_or_default();
    let unit = if expected == Dimension::Time { "s" } else { unit };
    QuantityError::NotANumber { text: text.to_owned(), example: format!("10 {unit}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, dimension: Dimension) -> f64 {
        Quantity::parse(text, dimension).expect("valid quantity").value
    }

    #[test]
    fn units_become_canonical() {
        assert_eq!(value("90s", Dimension::Time), 90e9);
        assert_eq!(value("1m 30s", Dimension::Time), 90e9);
        assert_eq!(value("1h30m", Dimension::Time), 5400e9);
        assert_eq!(value("25%", Dimension::Ratio), 0.25);
        assert_eq!(value("82 %", Dimension::Percent), 82.0);
        assert_eq!(value("2.7 mmol/L", Dimension::Glucose), 2.7 * 18.016);
        assert_eq!(value("64kbit/s", Dimension::DataRate), 64e3);
        assert_eq!(value("-92 dBm", Dimension::PowerLevel), -92.0);
        assert_eq!(value("1000/s", Dimension::Rate), 60e3);
        assert!((value("98.6 degF", Dimension::Temperature) - 37.0).abs() < 1e-9);
    }

    #[test]
    fn errors_say_what_was_meant() {
        let error = |text, dimension| Quantity::parse(text, dimension).expect_err("invalid").to_string();
        assert_eq!(
            error("90s", Dimension::Pressure),
            "`90s` is a duration, but a pressure is needed here (mmHg, kPa, cmH2O, hPa)"
        );
        assert_eq!(
            error("90", Dimension::Pressure),
            "`90` has no unit; a pressure is written in mmHg, kPa, cmH2O, hPa"
        );
        assert_eq!(error("soon", Dimension::Time), "`soon` is not a number with a unit; write it like `10 s`");
        assert_eq!(error("5 parsec", Dimension::Length), "`parsec` is not a unit of length; accepted are cm, m, mm");
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,24}") {
            for dimension in Dimension::ALL {
                let _ = Quantity::parse(&text, dimension);
            }
        }

        #[test]
        fn canonical_form_reads_back(value in -1e6_f64..1e6) {
            for dimension in Dimension::ALL {
                let text = format!("{value} {}", dimension.units()[0].name);
                prop_assert_eq!(Quantity::parse(&text, dimension).expect("canonical").value, value);
            }
        }
    }
}
