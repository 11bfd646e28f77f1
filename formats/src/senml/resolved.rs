//! Records with their base fields resolved (RFC 8428, section 4.6), what they mean, and which message they are.

use std::borrow::Cow;

use vocabulary::MessageKey;

use super::fields::{Fields, PackError};
use super::record::{PATIENT, SEQUENCE};

/// The only version of the format (RFC 8428, section 4.4).
const VERSION: f64 = 10.0;
/// Time is compared by the microsecond: an `f64` of seconds in this century is exact to a quarter of one.
const US_PER_S: f64 = 1e6;
const LARGEST_SEQUENCE: f64 = 9_007_199_254_740_991.0;

/// A record that stands for itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resolved {
    pub(super) name: String,
    pub(super) unit: Option<String>,
    /// Since the Unix epoch [us].
    pub(super) time_us: i64,
    pub(super) value: Option<Value>,
    pub(super) sum: Option<f64>,
    pub(super) update_time: Option<f64>,
}

/// Its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    Flag(bool),
    Data(Vec<u8>),
}

/// Resolves the records of a pack.
pub(super) fn resolve(pack: Vec<Fields>) -> Result<Vec<Resolved>, PackError> {
    let mut base = Fields::default();
    let mut resolved = Vec::with_capacity(pack.len());
    for (index, fields) in pack.into_iter().enumerate() {
        let refuse = |reason: String| PackError::Record { record: index + 1, reason };
        base.base_name = fields.base_name.or(base.base_name);
        base.base_time = fields.base_time.or(base.base_time);
        base.base_unit = fields.base_unit.or(base.base_unit);
        base.base_value = fields.base_value.or(base.base_value);
        base.base_sum = fields.base_sum.or(base.base_sum);
        if fields.base_version.is_some_and(|version| version != VERSION) {
            return Err(refuse(format!("its version is not {VERSION}")));
        }
        let numbers = fields.value.map(|value| Value::Number(value + base.base_value.unwrap_or(0.0)));
        let values =
            [numbers, fields.text.map(Value::Text), fields.flag.map(Value::Flag), fields.data.map(Value::Data)];
        let mut values = values.into_iter().flatten();
        let value = values.next();
        if values.next().is_some() {
            return Err(refuse("it has more than one value".to_owned()));
        }
        let sum = fields.sum.map(|sum| sum + base.base_sum.unwrap_or(0.0));
        if value.is_none() && sum.is_none() {
            // A record of nothing but base fields.
            continue;
        }
        let name = format!("{}{}", base.base_name.as_deref().unwrap_or_default(), fields.name.unwrap_or_default());
        check_name(&name).map_err(refuse)?;
        let time_s = base.base_time.unwrap_or(0.0) + fields.time.unwrap_or(0.0);
        resolved.push(Resolved {
            name,
            unit: fields.unit.or_else(|| base.base_unit.clone()),
            time_us: (time_s * US_PER_S).round() as i64,
            value,
            sum,
            update_time: fields.update_time,
        });
    }
    Ok(resolved)
}

/// Which names there are (RFC 8428, section 4.5.1).
fn check_name(name: &str) -> Result<(), String> {
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"-:./_".contains(&octet);
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(format!("`{name}` is no name: it has letters, digits, `-`, `:`, `.`, `/`, `_`"));
    }
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Err(format!("`{name}` is no name: it begins with a letter or a digit"));
    }
    Ok(())
}

/// Which message a pack is.
pub(super) fn key_of<'p>(records: &[Resolved]) -> Result<MessageKey<'p>, PackError> {
    let missing = |reason| PackError::NoMessage { reason };
    let mut found = records.iter().filter_map(|record| Some((record.name.strip_suffix(SEQUENCE)?, record)));
    let (prefix, record) = found.next().ok_or_else(|| missing("there is no record `message.sequence`"))?;
    let sequence = match record.value {
        Some(Value::Number(number)) if number.fract() == 0.0 && (0.0..=LARGEST_SEQUENCE).contains(&number) => {
            number as u64
        }
        _ => return Err(missing("`message.sequence` is no whole number")),
    };
    let whose = prefix.strip_suffix('/').and_then(|names| names.rsplit_once('/'));
    let (serial, stream) = whose.ok_or_else(|| missing("names are not `SERIAL/STREAM/...`"))?;
    let patient = records.iter().find_map(|record| match &record.value {
        Some(Value::Text(patient)) if record.name.strip_prefix(prefix) == Some(PATIENT) => Some(patient.clone()),
        _ => None,
    });
    Ok(MessageKey {
        device_serial: Cow::Owned(serial.to_owned()),
        patient_id: patient.map(Cow::Owned),
        stream: Cow::Owned(stream.to_owned()),
        sequence: Some(sequence),
        device_time_ms: Some(record.time_us.div_euclid(1_000)),
    })
}

/// Appends records in an order of their own, one a line.
pub(super) fn write_meaning(records: &[Resolved], out: &mut Vec<u8>) {
    let mut lines: Vec<String> = records.iter().map(|record| format!("{record:?}\n")).collect();
    lines.sort_unstable();
    for line in &lines {
        out.extend(line.as_bytes());
    }
}
