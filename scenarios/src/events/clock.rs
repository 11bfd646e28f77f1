//! Reads `[time]`.

use std::sync::Arc;

use sim_core::{SimTime, Span, Zone};

use crate::language::diagnostic::Checked;
use crate::language::document::Value;
use crate::language::plain_value::value_place;
use crate::language::reader::Reader;
use crate::language::schema::TableSpec;
use crate::people::zone::{offset_zone, read_zone};
use crate::plan::{TimeMode, TimePlan};

/// What payload timestamps say at the start of a virtual run, and what stands in for the wall clock before a run:
/// 2026-01-01T00:00:00Z [ns since the Unix epoch].
pub const VIRTUAL_EPOCH_NS: i64 = 1_767_225_600_000_000_000;

/// Reads the table.
pub(crate) fn read_time(root: &Reader<'_>, spec: &'static TableSpec) -> Checked<TimePlan> {
    let table = root.table_below("time")?;
    let reader = Reader::new(root.notes, table, spec, "[time]".to_owned(), None);
    let mode = read_mode(&reader);
    let start = read_start(&reader, mode.ok());
    let zone = reader.optional("zone", read_zone);
    let warmup = reader.duration("warmup");
    let drain = reader.duration("drain");
    let length = reader.duration("length").and_then(|length| {
        let whole = SimTime::from_nanos(length.value.nanos()).ceil_to_grid() - SimTime::ZERO;
        if whole == Span::ZERO {
            return Err(reader.notes.error(length.place, "a run of no length"));
        }
        if whole != length.value {
            reader
                .notes
                .warning(length.place, format!("{} is rounded up to {whole}, a multiple of 100ms", length.value));
        }
        Ok(whole)
    });
    if let (Ok(warmup), Ok(length)) = (&warmup, length)
        && warmup.value >= length
    {
        reader.notes.error(warmup.place, format!("warmup is {}, but length is {length}", warmup.value));
    }
    let (start_epoch_ns, zone_of_start) = start?;
    let zone = zone?.or(zone_of_start).unwrap_or_else(|| Arc::new(Zone::utc()));
    Ok(TimePlan { mode: mode?, start_epoch_ns, zone, warmup: warmup?.value, length: length?, drain: drain?.value })
}

fn read_mode(reader: &Reader<'_>) -> Checked<TimeMode> {
    Ok(match reader.choice("mode")? {
        "scaled" => TimeMode::Scaled { speed: reader.number("speed")?.value },
        "real" => TimeMode::Real,
        _ => TimeMode::Virtual,
    })
}

/// What payload timestamps say at the start, `None` is the wall clock; and the offset it is written with.
fn read_start(reader: &Reader<'_>, mode: Option<TimeMode>) -> Checked<(Option<i64>, Option<Arc<Zone>>)> {
    let Some(node) = reader.node("start") else {
        return Ok(((mode == Some(TimeMode::Virtual)).then_some(VIRTUAL_EPOCH_NS), None));
    };
    let place = value_place(node);
    let text = match &node.value {
        Value::Text(text) => &text.text,
        Value::Instant(instant) => instant,
        other => {
            let message = format!("`start` must be `now` or an instant, not {}", other.word());
            return Err(reader.notes.error(place, message));
        }
    };
    if text == "now" {
        if mode == Some(TimeMode::Virtual) {
            let message = "a virtual run has no wall clock; leave `start` out or give an instant";
            return Err(reader.notes.error(place, message));
        }
        return Ok((None, None));
    }
    let nanos = text.parse::<jiff::Timestamp>().ok().and_then(|instant| i64::try_from(instant.as_nanosecond()).ok());
    // Timestamps of devices begin in 1970, and ten years of run must still fit behind the start.
    let nanos = nanos.filter(|nanos| (0..i64::MAX / 2).contains(nanos));
    nanos.map(|nanos| (Some(nanos), offset_zone(text))).ok_or_else(|| {
        let message = format!("`{text}` is not an instant; write it like `2026-01-22T07:00:00+01:00`");
        reader.notes.error(place, message)
    })
}
