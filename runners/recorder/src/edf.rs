//! EDF+ beside WFDB: all waveforms of a device in one file, with beats, rhythms and labelled periods.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use bytes::BytesMut;
use recordings::edf::{Annotation, Annotations, Header, Signal, Start, encode_record};
use recordings::wfdb::AnnotationCode;

use crate::error::Error;
use crate::folder::{Folder, Label, Record};
use crate::manifest::Manifest;
use crate::start;

/// Longest data record that is tried so that every rate has whole samples in it [s].
const LONGEST_RECORD_S: u32 = 60;

/// Writes an EDF+ file for every device of a recording that has waveforms, and notes it in the manifest.
///
/// # Errors
/// [`Error`] when the recording cannot be read, or holds what EDF+ has no form for.
pub(crate) fn write(folder: &Folder, start_epoch_ns: i64, manifest: &mut Manifest) -> Result<(), Error> {
    let start = header_start(start_epoch_ns);
    let start_us = start_epoch_ns.rem_euclid(1_000_000_000) as u64 / 1_000;
    for owner in folder.owners() {
        let mut records = folder.records(owner)?;
        // The electrocardiogram, which is sampled finest, comes first.
        records.sort_by(|a, b| b.header.frame_rate_hz.total_cmp(&a.header.frame_rate_hz));
        if records.is_empty() {
            continue;
        }
        let (patient, device) = owner.rsplit_once('/').unwrap_or((owner, owner));
        let labels = folder.labels(patient)?.0;
        let name = format!("{device}.edf");
        let file = folder.root().join(owner).join(&name);
        let refuse = |error: recordings::edf::EdfError| Error::write(&file)(std::io::Error::other(error));

        let duration_s = duration_s(&records);
        let length_s = records.iter().map(length_s).fold(0.0, f64::max);
        let count = (length_s / f64::from(duration_s)).ceil() as u64;
        let annotations = Annotations::new(&annotations(&records, &labels, length_s), count, duration_s, start_us);
        let header = Header {
            patient: patient.to_owned(),
            equipment: format!("{device} {}", manifest.tool),
            start,
            records: count,
            duration_s,
            signals: records.iter().flat_map(|record| signals(record, duration_s)).collect(),
            annotation_bytes: annotations.bytes(),
        };
        let mut out = BufWriter::new(File::create(&file).map_err(Error::write(&file))?);
        let mut bytes = BytesMut::new();
        header.encode(&mut bytes).map_err(refuse)?;
        for number in 0..count {
            let parts = parts(&records, &header, number);
            let views: Vec<&[i16]> = parts.iter().map(Vec::as_slice).collect();
            encode_record(&header, number, &views, &annotations, &mut bytes).map_err(refuse)?;
            out.write_all(&bytes).map_err(Error::write(&file))?;
            bytes.clear();
        }
        out.flush().map_err(Error::write(&file))?;
        manifest.add_table(owner, &name, "edf", count);
    }
    Ok(())
}

/// The shortest record in which every rate has whole samples [s].
fn duration_s(records: &[Record]) -> u32 {
    let is_whole = |duration_s: &u32| {
        records.iter().all(|record| {
            let samples = record.header.frame_rate_hz * f64::from(*duration_s);
            (samples - samples.round()).abs() < 1e-6
        })
    };
    (1..=LONGEST_RECORD_S).find(is_whole).unwrap_or(LONGEST_RECORD_S)
}

fn length_s(record: &Record) -> f64 {
    record.counts.first().map_or(0, Vec::len) as f64 / record.header.frame_rate_hz
}

fn signals(record: &Record, duration_s: u32) -> impl Iterator<Item = Signal> + '_ {
    let samples = (record.header.frame_rate_hz * f64::from(duration_s)).round() as u32;
    record.header.signals.iter().map(move |signal| {
        let physical = |count: i16| (f64::from(count) - f64::from(signal.baseline)) / signal.gain.unwrap_or(1.0);
        Signal {
            label: label(&signal.description),
            unit: if signal.units == "NU" { String::new() } else { signal.units.clone() },
            gain: physical(1) - physical(0),
            offset: physical(0),
            samples,
        }
    })
}

/// `ECG II` for `ecg_ii`: the kind, a space and the lead, as EDF+ names signals.
fn label(name: &str) -> String {
    match name.strip_prefix("ecg_") {
        Some(lead) if lead.starts_with('a') => format!("ECG aV{}", lead[2..].to_uppercase()),
        Some(lead) => format!("ECG {}", lead.to_uppercase()),
        None => name.to_uppercase(),
    }
}

/// The samples of one data record; what the last one lacks repeats the last sample.
fn parts(records: &[Record], header: &Header, number: u64) -> Vec<Vec<i16>> {
    let counts = records.iter().flat_map(|record| &record.counts);
    counts
        .zip(&header.signals)
        .map(|(counts, signal)| {
            let wanted = signal.samples as usize;
            let begin = (number as usize * wanted).min(counts.len());
            let end = (begin + wanted).min(counts.len());
            let mut part = counts[begin..end].to_vec();
            part.resize(wanted, counts.last().copied().unwrap_or_default());
            part
        })
        .collect()
}

/// Beats and rhythms of the finest record, then what lasts, in order of time.
fn annotations(records: &[Record], labels: &[Label], length_s: f64) -> Vec<Annotation> {
    let us = |seconds: f64| (seconds * 1e6).round() as u64;
    let finest = records.first();
    let mut all: Vec<Annotation> = finest
        .into_iter()
        .flat_map(|record| record.annotations.iter().map(|annotation| (record.header.frame_rate_hz, annotation)))
        .map(|(rate_hz, annotation)| {
            let symbol = annotation.code.symbol().map(String::from).unwrap_or_default();
            let words = annotation.text();
            let text = match (annotation.code == AnnotationCode::RHYTHM, words.is_empty()) {
                (true, _) => words.into_owned(),
                (false, true) => symbol,
                (false, false) => format!("{symbol} {words}"),
            };
            Annotation { onset_us: us(annotation.sample as f64 / rate_hz), duration_us: None, text }
        })
        .collect();
    all.extend(labels.iter().filter(|label| label.onset_s < length_s).map(|label| Annotation {
        onset_us: us(label.onset_s),
        duration_us: Some(us(label.end_s.unwrap_or(length_s).min(length_s) - label.onset_s)),
        text: label.name.clone(),
    }));
    // Data records are whole; this tells where what follows is only filling.
    all.push(Annotation { onset_us: us(length_s), duration_us: None, text: "Recording ends".to_owned() });
    all.sort_by_key(|annotation| annotation.onset_us);
    all
}

fn header_start(epoch_ns: i64) -> Start {
    let at = start::civil(epoch_ns);
    Start {
        // A year before the first one that the format knows is refused when the header is written.
        year: u16::try_from(at.year()).unwrap_or_default(),
        month: at.month() as u8,
        day: at.day() as u8,
        hour: at.hour() as u8,
        minute: at.minute() as u8,
        second: at.second() as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_has_a_duration_and_ends_with_the_recording() {
        let label = |onset_s, end_s, name: &str| Label { onset_s, end_s, name: name.to_owned() };
        let labels = [label(90.0, None, "sepsis"), label(60.0, Some(80.5), "bleed"), label(130.0, None, "later")];
        let told: Vec<_> = annotations(&[], &labels, 120.0)
            .into_iter()
            .map(|annotation| (annotation.onset_us, annotation.duration_us, annotation.text))
            .collect();
        assert_eq!(
            told,
            [
                (60_000_000, Some(20_500_000), "bleed".to_owned()),
                (90_000_000, Some(30_000_000), "sepsis".to_owned()),
                (120_000_000, None, "Recording ends".to_owned()),
            ]
        );
    }

    #[test]
    fn leads_are_named_as_the_format_does() {
        assert_eq!(label("ecg_ii"), "ECG II");
        assert_eq!(label("ecg_avl"), "ECG aVL");
        assert_eq!(label("ecg_v3"), "ECG V3");
        assert_eq!(label("abp"), "ABP");
    }
}
