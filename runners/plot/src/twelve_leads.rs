//! The twelve-lead sheet: three rows of four leads, a quarter of the window each, over a rhythm strip.

use crate::colour::INK;
use crate::font::Fonts;
use crate::frame::{FOOTER_MM, HEADING_MM, RIGHT_MM, TimeFrame, footnote, heading};
use crate::picture::{Anchor, Picture, Stroke};
use crate::recorded::{Heading, Recorded, Wave};
use crate::strip::{CURVE_MM, calibration, paper, pieces};

/// Metrics of the leads in the order of the sheet: down the columns.
pub const TWELVE_LEADS: [&str; 12] = [
    "ecg_i", "ecg_ii", "ecg_iii", "ecg_avr", "ecg_avl", "ecg_avf", "ecg_v1", "ecg_v2", "ecg_v3", "ecg_v4", "ecg_v5",
    "ecg_v6",
];

const ROWS: usize = 3;
const COLUMNS: usize = 4;
/// The lead of the rhythm strip.
const RHYTHM_LEAD: &str = "ecg_ii";
/// Least distance of the base lines of two rows [mm].
const ROW_MM: f32 = 25.0;
/// Room for the calibration pulse [mm].
const LEFT_MM: f32 = 15.0;
/// Size of a lead's name, and what of the curve it may hide [mm].
const LABEL_MM: f32 = 3.3;
const LABEL_ROOM_MM: f32 = 10.0;
/// Speed [mm/s] and gain [mm/mV] of the standard sheet.
const SPEED_MM_S: f64 = 25.0;
const GAIN_MM_MV: f32 = 10.0;

/// Draws the sheet of a window; leads that the recording lacks stay empty.
pub fn twelve_leads(recorded: &Recorded, about: &Heading) -> Picture {
    let fonts = Fonts::new();
    let span_s = recorded.to_s - recorded.from_s;
    let width = (span_s * SPEED_MM_S) as f32;
    let lead = |name: &str| recorded.waves.iter().find(|wave| wave.name == name);

    // Rows as far apart as the complexes in them need.
    let rows: Vec<Vec<&str>> = (0..ROWS)
        .map(|row| (0..COLUMNS).map(|column| TWELVE_LEADS[column * ROWS + row]).collect())
        .chain([vec![RHYTHM_LEAD]])
        .collect();
    let mut bottom = HEADING_MM;
    let mut zeros = Vec::new();
    for row in &rows {
        let ranges = row.iter().filter_map(|name| lead(name)).filter_map(Wave::range);
        let (low, high) = ranges.fold((0.0_f32, 0.0_f32), |(low, high), range| (low.min(range.0), high.max(range.1)));
        let coarse = |mm: f32, least: f32| ((mm / 5.0).ceil() * 5.0).max(least).min(45.0);
        let above = coarse(high * GAIN_MM_MV + 4.0, 0.6 * ROW_MM);
        let below = coarse(-low * GAIN_MM_MV + 1.0, 0.4 * ROW_MM);
        zeros.push(bottom + above);
        bottom += above + below;
    }

    let mut picture = Picture::new(LEFT_MM + width + RIGHT_MM, bottom + FOOTER_MM - 4.0);
    heading(&mut picture, &fonts, about);
    paper(&mut picture, (LEFT_MM - 10.0, LEFT_MM + width), (HEADING_MM, bottom));
    for (row, zero) in rows.iter().zip(&zeros) {
        calibration(&mut picture, LEFT_MM, *zero, GAIN_MM_MV);
        let part_s = span_s / row.len() as f64;
        for (column, name) in row.iter().enumerate() {
            let from_s = recorded.from_s + part_s * column as f64;
            let frame = TimeFrame {
                from_s,
                to_s: from_s + part_s,
                left: LEFT_MM + width / row.len() as f32 * column as f32,
                width: width / row.len() as f32,
            };
            if column > 0 {
                picture.line((frame.left, zero - 4.0), (frame.left, zero + 4.0), Stroke::solid(INK, 0.25));
            }
            let Some(wave) = lead(name) else { continue };
            let place = |at_s: f64, value: f32| (frame.x(at_s), zero - value.clamp(-4.5, 4.5) * GAIN_MM_MV);
            for points in pieces(wave, (frame.from_s, frame.to_s), place) {
                picture.path(points, Stroke::solid(INK, CURVE_MM));
            }
            picture.bold(
                (frame.left + 1.5, label_y(wave, &frame, *zero)),
                LABEL_MM,
                Anchor::Start,
                INK,
                wave.title.as_str(),
            );
        }
    }
    footnote(&mut picture, &fonts, about, "25 mm/s, 10 mm/mV");
    picture
}

/// Base line of a lead's name: above the part of the curve that begins under it.
fn label_y(wave: &Wave, frame: &TimeFrame, zero: f32) -> f32 {
    let under_s = f64::from(LABEL_ROOM_MM) / SPEED_MM_S;
    let begun = wave.between(frame.from_s, frame.from_s + under_s).map(|(_, value)| value);
    let highest = begun.filter(|value| value.is_finite()).fold(0.0, f32::max);
    zero - (highest * GAIN_MM_MV + 1.5).max(6.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Shape;

    #[test]
    fn each_lead_takes_its_quarter_and_the_strip_the_whole() {
        let waves = TWELVE_LEADS.map(|name| Wave {
            name: name.to_owned(),
            title: name.to_owned(),
            unit: "mV".to_owned(),
            rate_hz: 100.0,
            first_s: 0.0,
            values: vec![0.1; 1_000],
        });
        let recorded = Recorded { to_s: 10.0, waves: waves.to_vec(), ..Recorded::default() };
        let picture = twelve_leads(&recorded, &Heading::default());
        let lengths: Vec<usize> = picture
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Line { points, .. } if points.len() > 10 => Some(points.len()),
                _ => None,
            })
            .collect();
        assert_eq!(lengths, [[250; 12].as_slice(), &[1_000]].concat());
    }
}
