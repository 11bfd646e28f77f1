//! Reads how often a stream speaks: `"1s"`, `"250Hz / 25"`, `"on"`.

use sim_core::{Cadence, DeviceSpec, Span, StreamKind, StreamSpec};
use vocabulary::{Dimension, Quantity};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::document::{Table, Value};
use crate::language::plain_value::{parse_duration, value_place};
use crate::language::suggestion::hint;

/// A message that carries more than this much of a waveform is no longer telemetry [s].
const LONGEST_CHUNK_S: f64 = 10.0;
/// Shortest period of a numeric stream [ms].
const SHORTEST_PERIOD_MS: i64 = 1;

/// A stream of a device: position in its kind, cadence, and where the file says so.
pub(crate) type StreamDraft = (usize, Cadence, Option<Place>);

/// The streams of a device in the order of its kind.
pub(crate) fn read_streams(notes: &Notes, table: Option<&Table>, device: &DeviceSpec) -> Checked<Vec<StreamDraft>> {
    let Some(table) = table else {
        let every = device.streams.iter().enumerate();
        return Ok(every.map(|(index, stream)| (index, usual_cadence(stream.kind), None)).collect());
    };
    let mut streams = Vec::new();
    let mut outcome = Ok(());
    for (key, node) in &table.entries {
        notes.mark_read(key.place);
        let Some(index) = device.streams.iter().position(|stream| stream.id == key.name) else {
            let names: Vec<&str> = device.streams.iter().map(|stream| stream.id).collect();
            let hint = hint(&key.name, "its streams", names);
            let message = format!("device kind `{}` has no stream `{}`{hint}", device.kind, key.name);
            outcome = Err(notes.error(key.place, message));
            continue;
        };
        let place = value_place(node);
        let cadence = match &node.value {
            Value::Text(text) => read_cadence(notes, &text.text, place, &device.streams[index]),
            other => {
                let message = format!("`{}` must be a cadence such as \"1s\", not {}", key.name, other.word());
                Err(notes.error(place, message))
            }
        };
        match cadence {
            Ok(cadence) => streams.push((index, cadence, Some(place))),
            Err(refused) => outcome = Err(refused),
        }
    }
    streams.sort_by_key(|(index, ..)| *index);
    outcome.map(|()| streams)
}

fn usual_cadence(kind: StreamKind) -> Cadence {
    match kind {
        StreamKind::Numeric { period_ms } => Cadence::Periodic { period: Span::from_millis(i64::from(period_ms)) },
        StreamKind::Wave { rate_mhz, samples, .. } => Cadence::Sampled { rate_mhz, samples },
        StreamKind::Event => Cadence::OnEvent,
    }
}

fn read_cadence(notes: &Notes, text: &str, place: Place, stream: &StreamSpec) -> Checked<Cadence> {
    match stream.kind {
        StreamKind::Event if text == "on" => Ok(Cadence::OnEvent),
        StreamKind::Event => {
            let message = format!("stream `{}` speaks when something happens; write `\"on\"`", stream.id);
            Err(notes.error(place, message))
        }
        StreamKind::Numeric { .. } => read_period(notes, text, place, stream.id),
        StreamKind::Wave { rate_mhz, samples, highest_mhz } => {
            read_rate(notes, text, place, &Usual { id: stream.id, rate_mhz, samples, highest_mhz })
        }
    }
}

fn read_period(notes: &Notes, text: &str, place: Place, id: &str) -> Checked<Cadence> {
    let period = if text.contains('/') && !text.trim_end().ends_with("/s") || text == "on" {
        let message = format!("stream `{id}` carries single values; write their period, such as \"1s\"");
        return Err(notes.error(place, message));
    } else if let Ok(rate) = Quantity::parse(text, Dimension::Frequency) {
        if rate.value <= 0.0 {
            return Err(notes.error(place, format!("`{text}` is not a rate above zero")));
        }
        Span::from_nanos((1e9 / rate.value).round() as i64)
    } else {
        parse_duration(notes, text, place)?
    };
    if period < Span::from_millis(SHORTEST_PERIOD_MS) {
        return Err(notes.error(place, format!("the shortest period is {SHORTEST_PERIOD_MS}ms, got {period}")));
    }
    Ok(Cadence::Periodic { period })
}

/// A wave stream as its kind makes it.
struct Usual<'a> {
    id: &'a str,
    rate_mhz: u32,
    samples: u32,
    highest_mhz: u32,
}

fn read_rate(notes: &Notes, text: &str, place: Place, usual: &Usual<'_>) -> Checked<Cadence> {
    let (rate, samples) = match text.rsplit_once('/') {
        Some((rate, samples)) if samples.trim() != "s" => (rate, Some(samples.trim())),
        _ => (text, None),
    };
    if samples.is_none() && Quantity::parse(text, Dimension::Time).is_ok() {
        let period = parse_duration(notes, text, place)?;
        let samples = (period.seconds() * f64::from(usual.rate_mhz) / 1e3).round();
        return check_chunk(notes, place, usual.id, usual.rate_mhz, samples);
    }
    let rate_mhz = match Quantity::parse(rate, Dimension::Frequency) {
        Ok(rate) => rate.value * 1e3,
        Err(error) => {
            return Err(notes.error(place, error.to_string()));
        }
    };
    let highest = f64::from(usual.highest_mhz);
    if !(1.0..=highest).contains(&rate_mhz) {
        let message = format!("stream `{}` samples at up to {} Hz, got {rate}", usual.id, highest / 1e3);
        return Err(notes.error(place, message.trim_end().to_owned()));
    }
    if (rate_mhz - rate_mhz.round()).abs() > 1e-6 {
        return Err(notes.error(place, format!("`{}` is finer than a thousandth of a hertz", rate.trim())));
    }
    let rate_mhz = rate_mhz.round() as u32;
    let samples = match samples {
        Some(samples) => {
            let Ok(samples) = samples.parse::<u32>() else {
                let message = format!("`{samples}` is not a number of samples; write \"rate / samples per message\"");
                return Err(notes.error(place, message));
            };
            f64::from(samples)
        }
        // As many seconds a message as the kind usually sends.
        None => (f64::from(usual.samples) * f64::from(rate_mhz) / f64::from(usual.rate_mhz)).round().max(1.0),
    };
    check_chunk(notes, place, usual.id, rate_mhz, samples)
}

fn check_chunk(notes: &Notes, place: Place, id: &str, rate_mhz: u32, samples: f64) -> Checked<Cadence> {
    let seconds = samples * 1e3 / f64::from(rate_mhz);
    if samples < 1.0 {
        return Err(notes.error(place, format!("a message of stream `{id}` holds no sample")));
    }
    if seconds > LONGEST_CHUNK_S {
        let message = format!("a message of stream `{id}` spans {seconds} s; the longest is {LONGEST_CHUNK_S} s");
        return Err(notes.error(place, message));
    }
    Ok(Cadence::Sampled { rate_mhz, samples: samples as u32 })
}
