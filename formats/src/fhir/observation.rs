//! Observations of metrics, panels and waves.

use vocabulary::{Metric, Quality, Reading, Value, Wave};

use super::coding::{Coded, UCUM, absent, category_concept, coded, concept, interpretation, meta, panel_concept, word};
use super::decimal::Decimal;
use super::panel::{LOINC, PROFILE, Panel};
use super::resources::{Answer, Component, Effective, Identifier, Observation, Period, Quantity, SampledData};
use super::write::Whose;
use crate::instant::rfc3339;

/// Units of the metric table that no reader of UCUM takes.
const NO_UCUM: [(&str, &str); 1] = [("dB[mW]", "dBm")];

/// An Observation that has neither result nor components yet.
fn observation<'m>(whose: &Whose<'m>, identifier: Identifier, coded: Coded, effective: Effective) -> Observation<'m> {
    Observation {
        resource_type: "Observation",
        meta: meta(coded.profile),
        identifier: [identifier],
        status: "final",
        category: [category_concept(coded.category)],
        code: coded.code,
        subject: whose.patient.clone(),
        effective,
        device: whose.device.clone(),
        result: Answer::default(),
        component: Vec::new(),
    }
}

/// When a message was said.
fn at(whose: &Whose<'_>) -> Effective {
    Effective::At(rfc3339(whose.message.device_time_ms))
}

/// An Observation of one metric.
pub(super) fn of_reading<'m>(whose: &Whose<'m>, identifier: Identifier, reading: &Reading) -> Observation<'m> {
    let metric = reading.metric.metric();
    Observation {
        result: answer(metric, reading.value, reading.quality),
        ..observation(whose, identifier, coded(metric), at(whose))
    }
}

/// An Observation of a panel; a member that the message does not have is absent.
pub(super) fn of_panel<'m>(whose: &Whose<'m>, identifier: Identifier, panel: &Panel) -> Observation<'m> {
    let readings = whose.message.readings;
    let members = panel.members.iter().map(|(member, loinc)| {
        let reading = readings.iter().find(|reading| reading.metric == *member).copied();
        let reading = reading.unwrap_or(Reading::missing(*member, Quality::Ok));
        let metric = member.metric();
        Component { code: concept(metric, Some(loinc)), result: answer(metric, reading.value, reading.quality) }
    });
    let code = panel_concept(LOINC, panel.mdc, panel.refid, panel.text);
    let coded = Coded { profile: Some(PROFILE), category: "vital-signs", code };
    Observation { component: members.collect(), ..observation(whose, identifier, coded, at(whose)) }
}

/// An Observation of a run of samples.
pub(super) fn of_wave<'m>(whose: &Whose<'m>, identifier: Identifier, wave: &Wave<'_>) -> Observation<'m> {
    let metric = wave.metric.metric();
    let period_ms = 1e6 / f64::from(wave.rate_mhz.max(1));
    let end_ms = wave.first_ms.saturating_add((wave.samples.len() as f64 * period_ms).round() as i64);
    let result = if wave.samples.is_empty() {
        Answer {
            data_absent_reason: Some(absent(wave.quality)),
            interpretation: interpretation(wave.quality),
            ..Answer::default()
        }
    } else {
        let sampled = SampledData {
            origin: quantity(metric, Decimal::Exact(wave.offset)),
            period: Decimal::Exact(period_ms),
            factor: Decimal::Exact(wave.gain),
            dimensions: 1,
            data: data(wave.samples),
        };
        let interpretation = interpretation(wave.quality);
        Answer { value_sampled_data: Some(sampled), interpretation, ..Answer::default() }
    };
    let during = Effective::During(Period { start: rfc3339(wave.first_ms), end: rfc3339(end_ms) });
    Observation { result, ..observation(whose, identifier, coded(metric), during) }
}

/// A value, or why there is none (invariants obs-6 and vs-2: never both, never neither).
fn answer(metric: &'static Metric, value: Value, quality: Quality) -> Answer<'static> {
    let interpretation = interpretation(quality);
    let none = |quality| Answer { data_absent_reason: Some(absent(quality)), ..Answer::default() };
    let answer = match value {
        Value::Number(number) => {
            let decimal = Decimal::Rounded(number, metric.decimals);
            if decimal.is_some() {
                Answer { value_quantity: Some(quantity(metric, decimal)), ..Answer::default() }
            } else {
                none(Quality::Invalid)
            }
        }
        Value::Code(code) => match word(code) {
            Some(word) => Answer { value_codeable_concept: Some(word), ..Answer::default() },
            None => none(quality),
        },
        Value::Missing => none(quality),
    };
    Answer { interpretation, ..answer }
}

fn quantity(metric: &'static Metric, value: Decimal) -> Quantity<'static> {
    let Some(unit) = metric.ucum else { return Quantity { value, unit: None, system: None, code: None } };
    match NO_UCUM.iter().find(|(ucum, _)| *ucum == unit) {
        Some((_, unit)) => Quantity { value, unit: Some(unit), system: None, code: None },
        None => Quantity { value, unit: Some(unit), system: Some(UCUM), code: Some(unit) },
    }
}

fn data(samples: &[i16]) -> String {
    let mut data = String::with_capacity(5 * samples.len());
    for (index, count) in samples.iter().enumerate() {
        if index > 0 {
            data.push(' ');
        }
        data.push_str(itoa::Buffer::new().format(*count));
    }
    data
}
