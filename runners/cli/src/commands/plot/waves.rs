//! Waveforms and labels of a recording, in the order in which monitors show them.

use plot::{Mark, Recorded, TWELVE_LEADS, Wave};
use recorder::{Folder, REPLAYED, Record};
use recordings::wfdb::{AnnotationCode, Signal};

use crate::failure::Failure;

/// Order and names of channels below the electrocardiogram.
const CHANNELS: [(&str, &str); 6] =
    [("abp", "ABP"), ("pap", "PAP"), ("cvp", "CVP"), ("pleth", "Pleth"), ("resp", "Resp"), ("co2", "CO\u{2082}")];

/// Names of the leads, in the order of [`TWELVE_LEADS`].
const LEADS: [&str; 12] = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"];

/// Reads what the devices recorded; a trend only needs the changes of rhythm.
///
/// Whether any of it was recorded from a person and replayed is returned.
///
/// # Errors
/// [`Failure::Recorder`] when a file is missing or damaged.
pub(super) fn read(folder: &Folder, owners: &[&str], recorded: &mut Recorded, is_trend: bool) -> Result<bool, Failure> {
    // Every record of a patient carries the same labels; the finest one places them best.
    let mut finest_hz = 0.0;
    let mut is_replayed = false;
    for owner in owners {
        for record in folder.records(owner)? {
            is_replayed |= record.header.comments.iter().any(|comment| comment.trim().starts_with(REPLAYED));
            if record.header.frame_rate_hz > finest_hz && !record.annotations.is_empty() {
                finest_hz = record.header.frame_rate_hz;
                take_labels(&record, recorded);
            }
            if !is_trend {
                for (signal, counts) in record.header.signals.iter().zip(&record.counts) {
                    recorded.waves.push(wave(&record, signal, counts, (recorded.from_s, recorded.to_s)));
                }
            }
        }
    }
    recorded.waves.sort_by_key(|wave| rank(&wave.name));
    name_devices_apart(&mut recorded.waves);
    Ok(is_replayed)
}

/// Keeps the channels asked for; all when none is.
pub(super) fn select(waves: &mut Vec<Wave>, show: &[String]) {
    if !show.is_empty() {
        waves.retain(|wave| {
            show.iter().any(|name| *name == wave.name || (name == "ecg" && wave.name.starts_with("ecg")))
        });
    }
}

fn take_labels(record: &Record, recorded: &mut Recorded) {
    recorded.marks.clear();
    recorded.rhythms.clear();
    for annotation in &record.annotations {
        let at_s = annotation.sample as f64 / record.header.frame_rate_hz;
        if annotation.code == AnnotationCode::RHYTHM {
            recorded.rhythms.push(Mark { at_s, text: annotation.text().into_owned() });
        } else if let Some(symbol) = annotation.code.symbol() {
            recorded.marks.push(Mark { at_s, text: symbol.to_string() });
        }
    }
}

fn wave(record: &Record, signal: &Signal, counts: &[i16], (from_s, to_s): (f64, f64)) -> Wave {
    let rate_hz = record.header.frame_rate_hz;
    let begin = ((from_s * rate_hz) as usize).min(counts.len());
    let end = ((to_s * rate_hz).ceil() as usize + 1).clamp(begin, counts.len());
    let values = counts[begin..end].iter().map(|count| signal.physical(*count).map_or(f32::NAN, |value| value as f32));
    Wave {
        name: signal.description.clone(),
        title: title(&signal.description),
        unit: signal.units.clone(),
        rate_hz,
        first_s: begin as f64 / rate_hz,
        values: values.collect(),
    }
}

fn title(name: &str) -> String {
    if let Some(lead) = TWELVE_LEADS.iter().position(|lead| *lead == name) {
        return LEADS[lead].to_owned();
    }
    CHANNELS
        .iter()
        .find(|(channel, _)| *channel == name)
        .map_or_else(|| name.to_uppercase(), |(_, title)| (*title).to_owned())
}

/// Position of a channel in the picture: leads first, then pressures, then the rest.
fn rank(name: &str) -> usize {
    let lead = TWELVE_LEADS.iter().position(|lead| *lead == name);
    let channel = CHANNELS.iter().position(|(channel, _)| *channel == name).map(|position| position + LEADS.len());
    match (lead, channel) {
        (Some(position), _) | (None, Some(position)) => position,
        _ if name.starts_with("ecg") => 1,
        _ => LEADS.len() + CHANNELS.len(),
    }
}

/// Two devices may record the same channel: the second one of a name is numbered.
fn name_devices_apart(waves: &mut [Wave]) {
    for position in 1..waves.len() {
        let same = waves[..position].iter().filter(|other| other.name == waves[position].name).count();
        if same > 0 {
            waves[position].title = format!("{} ({})", waves[position].title, same + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_stand_in_the_order_of_a_monitor() {
        let mut names = ["co2", "resp", "ecg_v1", "abp", "ecg_ii", "pleth", "paw"];
        names.sort_by_key(|name| rank(name));
        assert_eq!(names, ["ecg_ii", "ecg_v1", "abp", "pleth", "resp", "co2", "paw"]);
        assert_eq!(title("ecg_avl"), "aVL");
    }
}
