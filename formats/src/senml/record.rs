//! What a message says, record by record.

use vocabulary::{Message, Quality, Reading, Value, Wave};

use super::unit::{Unit, unit_of};
use crate::decimal::{sample_decimals, scaled};

/// Names of the records that are about the message itself.
pub(super) const SEQUENCE: &str = "message.sequence";
pub(super) const PATIENT: &str = "message.patient";
/// What follows the id of a metric in the record of its quality.
pub(super) const QUALITY: &str = ".quality";

/// The most decimals of a sample that an `f64` has room for.
const MOST_DECIMALS: u8 = 15;

/// One record, without base fields.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Record<'a> {
    pub(super) name: &'a str,
    /// What follows the name.
    pub(super) suffix: &'static str,
    pub(super) unit: Option<&'static str>,
    pub(super) value: RecordValue<'a>,
    /// After the base time [s].
    pub(super) time_s: f64,
}

/// The value of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RecordValue<'a> {
    Number(f64),
    Text(&'a str),
}

/// How many records a message has.
pub(super) fn count(message: &Message<'_>) -> usize {
    let mut records = 0;
    for_each(message, |_| records += 1);
    records
}

/// Calls `write` with each record of a message.
pub(super) fn for_each<'m>(message: &Message<'m>, mut write: impl FnMut(Record<'m>)) {
    let text = |name, suffix, text| Record { name, suffix, unit: None, value: RecordValue::Text(text), time_s: 0.0 };
    write(Record {
        name: SEQUENCE,
        suffix: "",
        unit: Some("count"),
        value: RecordValue::Number(message.sequence as f64),
        time_s: 0.0,
    });
    if let Some(patient) = message.patient_id {
        write(text(PATIENT, "", patient));
    }
    for reading in message.readings {
        let metric = reading.metric.metric();
        let value = value_of(reading);
        match value {
            Some(RecordValue::Number(number)) => write(Record {
                name: metric.id,
                suffix: "",
                unit: unit_of(metric).symbol,
                value: RecordValue::Number(number),
                time_s: 0.0,
            }),
            Some(RecordValue::Text(code)) => write(text(metric.id, "", code)),
            None => {}
        }
        let quality = match (value, reading.quality) {
            // SenML has no record without a value, so what is missing must not pass for what was never there.
            (None, Quality::Ok) => Quality::NotAvailable,
            (_, quality) => quality,
        };
        if quality != Quality::Ok {
            write(text(metric.id, QUALITY, quality.word()));
        }
    }
    for wave in message.waves {
        for_each_sample(message.device_time_ms, wave, &mut write);
        if wave.quality != Quality::Ok {
            write(text(wave.metric.metric().id, QUALITY, wave.quality.word()));
        }
    }
}

fn value_of<'m>(reading: &Reading) -> Option<RecordValue<'m>> {
    let metric = reading.metric.metric();
    match reading.value {
        Value::Number(number) => {
            let power = libm::exp10(f64::from(metric.decimals));
            let Unit { numerator, denominator, .. } = unit_of(metric);
            // One division of whole numbers: the nearest `f64` to the decimal that is meant.
            let in_unit = |scaled: i64| RecordValue::Number(scaled as f64 * numerator / (power * denominator));
            scaled(number, metric.decimals).map(in_unit)
        }
        Value::Code(code) => Some(RecordValue::Text(code)),
        Value::Missing => None,
    }
}

fn for_each_sample<'m>(device_time_ms: i64, wave: &Wave<'m>, write: &mut impl FnMut(Record<'m>)) {
    let metric = wave.metric.metric();
    let Unit { symbol, numerator, denominator } = unit_of(metric);
    let rate_mhz = f64::from(wave.rate_mhz);
    let first_ms = (wave.first_ms - device_time_ms) as f64;
    let step = wave.gain.abs() * numerator / denominator;
    let power = libm::exp10(f64::from(sample_decimals(step, MOST_DECIMALS)));
    for (index, count) in wave.samples.iter().enumerate() {
        let physical = (wave.offset + wave.gain * f64::from(*count)) * numerator / denominator;
        write(Record {
            name: metric.id,
            suffix: "",
            unit: symbol,
            value: RecordValue::Number((physical * power).round() / power),
            // Whole numbers until the division, so that 250 Hz gives 0.004 and not nearly so.
            time_s: (first_ms * rate_mhz + index as f64 * 1e6) / (rate_mhz * 1e3),
        });
    }
}
