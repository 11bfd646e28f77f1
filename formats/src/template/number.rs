//! Numbers for templates: the digits that the format of the program itself writes, and no others.

use bytes::BytesMut;
use minijinja::Value;

use crate::decimal::{sample_decimals, write_rounded};

/// The most that the texts of numbers have here.
const MOST_DECIMALS: u8 = 12;

/// A value rounded to so many decimals, as text; nothing for one that has none.
pub(super) fn rounded_text(value: f64, decimals: u8) -> Option<String> {
    let mut out = BytesMut::new();
    write_rounded(value, decimals, &mut out);
    String::from_utf8(out.to_vec()).ok().filter(|text| text != "null")
}

/// A value rounded to so many decimals, whole where it is: it prints as [`rounded_text`] does.
pub(super) fn rounded(value: f64, decimals: u8) -> Value {
    let Some(text) = rounded_text(value, decimals) else { return Value::from(()) };
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(whole), _) => Value::from(whole),
        (_, Ok(number)) => Value::from(number),
        _ => Value::from(()),
    }
}

/// Decimals with which the samples of a wave are written, given the value of one count.
pub(super) fn decimals_of_gain(gain: f64) -> u8 {
    sample_decimals(gain.abs(), MOST_DECIMALS)
}
