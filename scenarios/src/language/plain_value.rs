//! Values by themselves, whatever key they stand under: plain texts, shares, durations, ids.

use sim_core::Span;
use vocabulary::{Dimension, Quantity};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::document::{Node, Text, Value};
use crate::language::reader::Placed;
use crate::language::template::TEMPLATE_NAMES;

/// Complains about a name that is only filled in for each device, where nothing is made for each device. A text with
/// any other unfilled name is not plain either, but has been complained about already.
pub(crate) fn check_plain(notes: &Notes, key: &str, text: &Text) -> Checked<()> {
    let Some(begin) = text.text.find("${") else { return Ok(()) };
    let name = text.text[begin + 2..].split('}').next().unwrap_or_default();
    if TEMPLATE_NAMES.iter().any(|(template, _)| *template == name) {
        let message =
            format!("`${{{name}}}` has no value in `{key}`; only topics, client ids and wills are made per device");
        return Err(notes.error(text.place(begin), message));
    }
    Err(notes.refused_before(text.place(begin)))
}

/// A share from 0 to 1, as a number or as a text such as `15 %`.
pub(crate) fn share_of(notes: &Notes, key: &str, node: &Node) -> Checked<Placed<f64>> {
    let place = value_place(node);
    let value = match &node.value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Text(text) => {
            check_plain(notes, key, text)?;
            match Quantity::parse(&text.text, Dimension::Ratio) {
                Ok(quantity) => quantity.value,
                Err(error) => return Err(notes.error(place, error.to_string())),
            }
        }
        other => return Err(notes.error(place, format!("`{key}` must be a share, not {}", other.word()))),
    };
    if (0.0..=1.0).contains(&value) {
        return Ok(Placed { value, place });
    }
    Err(notes.error(place, format!("`{key}` is a share from 0 to 1 (0 % to 100 %), got {value}")))
}

/// Where the content of a value begins: behind the quote of a text.
pub(crate) fn value_place(node: &Node) -> Place {
    match &node.value {
        Value::Text(text) => text.start(),
        _ => node.place,
    }
}

/// Reads a duration of zero or more.
pub(crate) fn parse_duration(notes: &Notes, text: &str, place: Place) -> Checked<Span> {
    /// Ten years: longer spans are slips, and far below what 64 bits of nanoseconds hold.
    const LONGEST_NS: f64 = 10.0 * 365.0 * 86_400e9;
    match Quantity::parse(text, Dimension::Time) {
        Ok(quantity) if quantity.value < 0.0 => {
            Err(notes.error(place, format!("`{text}` is negative; a duration is zero or more")))
        }
        Ok(quantity) if quantity.value > LONGEST_NS => {
            Err(notes.error(place, format!("`{text}` is longer than ten years")))
        }
        Ok(quantity) => Ok(Span::from_nanos(quantity.value.round() as i64)),
        Err(error) => Err(notes.error(place, error.to_string())),
    }
}

/// Checks that an id has only the characters that paths, topics and file names bear.
pub(crate) fn check_id(notes: &Notes, id: &str, place: Place) -> Checked<()> {
    let good = !id.is_empty()
        && id.len() <= 64
        && !id.starts_with('-')
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if good {
        return Ok(());
    }
    Err(notes.error(place, format!("`{id}` is not an id: letters, digits, `_` and `-`, at most 64")))
}
