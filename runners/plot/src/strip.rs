//! A strip: all waveforms of a window below each other, aligned in time, on millimetre paper.

use crate::axis::{Scale, ticks};
use crate::colour::{GREY, GRID, INK, PAPER_COARSE, PAPER_FINE, VERMILLION, of_signal};
use crate::font::Fonts;
use crate::frame::{
    BAND_MM, Bands, FOOTER_MM, HEADING_MM, LEFT_MM, RIGHT_MM, SMALL_MM, TEXT_MM, TimeFrame, footnote, heading, rhythms,
    time_axis,
};
use crate::picture::{Anchor, Picture, Stroke, Weight};
use crate::recorded::{Heading, Mark, Recorded, Wave};
use crate::rhythm;

/// Paper speeds of electrocardiographs and monitors [mm/s], fastest first.
const SPEEDS_MM_S: [f64; 6] = [50.0, 25.0, 12.5, 6.25, 5.0, 2.5];
/// The usual speed: a faster one only for windows that would be thumbnails otherwise.
const USUAL_MM_S: f64 = 25.0;
/// Widest paper [mm], and narrowest [mm].
const WIDEST_MM: f64 = 330.0;
const NARROWEST_MM: f64 = 100.0;

/// Gain of the electrocardiogram [mm/mV], and for high voltages.
const GAIN_MM_MV: f32 = 10.0;
const HALF_GAIN_MM_MV: f32 = 5.0;
/// Range of a lead from which half the gain is used [mV].
const TALL_MV: f32 = 5.0;
/// What of a lead is drawn at most [mV]; a loose electrode lies beyond.
const MOST_MV: f32 = 4.0;
/// Least height of a lead, and height of other channels [mm].
const LEAD_MM: f32 = 20.0;
const CHANNEL_MM: f32 = 25.0;
/// Room between channels [mm].
const GAP_MM: f32 = 3.0;

/// Width of curves [mm].
pub(crate) const CURVE_MM: f32 = 0.32;

/// Draws the window.
pub fn strip(recorded: &Recorded, about: &Heading) -> Picture {
    let fonts = Fonts::new();
    let span_s = recorded.to_s - recorded.from_s;
    let speed_mm_s = speed_mm_s(span_s);
    let frame =
        TimeFrame { from_s: recorded.from_s, to_s: recorded.to_s, left: LEFT_MM, width: (span_s * speed_mm_s) as f32 };
    let bands = Bands::of(&recorded.periods, &frame);
    let labelled = !recorded.marks.is_empty() || !recorded.rhythms.is_empty();
    let bands_top = HEADING_MM;
    let rhythm_top = bands_top + bands.height();
    let lanes_top = rhythm_top + if labelled { 2.0 * BAND_MM } else { 0.0 };

    let gain_mm_mv = gain_mm_mv(&recorded.waves);
    let mut top = lanes_top;
    let mut lanes = Vec::new();
    for wave in &recorded.waves {
        let lane = Lane::of(wave, top, gain_mm_mv);
        top = lane.bottom() + if wave.is_lead() { 0.0 } else { GAP_MM };
        if let Some((Lane { wave: before, .. }, lead)) = lanes.last().map(|lane: &Lane<'_>| (lane, wave.is_lead())) {
            debug_assert!(before.is_lead() || !lead, "leads come first");
        }
        lanes.push(lane);
    }
    // Leads lie on one sheet; the first channel below keeps its distance.
    let leads = lanes.iter().filter(|lane| lane.wave.is_lead()).count();
    if leads > 0 {
        for lane in &mut lanes[leads..] {
            lane.top += GAP_MM;
        }
    }
    let lanes_bottom = lanes.last().map_or(lanes_top, Lane::bottom);

    let mut picture = Picture::new(LEFT_MM + frame.width + RIGHT_MM, lanes_bottom + FOOTER_MM);
    heading(&mut picture, &fonts, about);
    if leads > 0 {
        paper(&mut picture, (frame.left, frame.right()), (lanes_top, lanes[leads - 1].bottom()));
    }
    for lane in &lanes[leads..] {
        lane.draw_scale(&mut picture, &frame);
    }
    bands.draw(&mut picture, &fonts, &frame, bands_top, (lanes_top, lanes_bottom));
    if labelled {
        rhythms(&mut picture, &fonts, &frame, &recorded.rhythms, (rhythm_top, lanes_bottom));
        beats(&mut picture, &fonts, &frame, &recorded.marks, lanes_top);
        legend(&mut picture, &fonts, &frame, &recorded.marks, rhythm_top);
    }
    for lane in &lanes {
        lane.draw(&mut picture, &frame, gain_mm_mv);
    }
    time_axis(&mut picture, &frame, lanes_bottom);
    let scale = if leads > 0 { format!("{speed_mm_s} mm/s, {gain_mm_mv} mm/mV") } else { format!("{speed_mm_s} mm/s") };
    footnote(&mut picture, &fonts, about, &scale);
    picture
}

/// The fastest paper on which the window fits.
fn speed_mm_s(span_s: f64) -> f64 {
    let fits = |speed: &f64| span_s * speed <= WIDEST_MM;
    let wanted = |speed: &f64| *speed <= USUAL_MM_S || span_s * USUAL_MM_S < NARROWEST_MM;
    SPEEDS_MM_S.into_iter().filter(wanted).find(fits).unwrap_or(WIDEST_MM / span_s)
}

fn gain_mm_mv(waves: &[Wave]) -> f32 {
    let tallest = waves
        .iter()
        .filter(|wave| wave.is_lead())
        .filter_map(Wave::range)
        .map(|(low, high)| high.min(MOST_MV) - low.max(-MOST_MV))
        .fold(0.0, f32::max);
    if tallest > TALL_MV { HALF_GAIN_MM_MV } else { GAIN_MM_MV }
}

/// Where a channel is drawn.
struct Lane<'a> {
    wave: &'a Wave,
    top: f32,
    height: f32,
    scale: Scale,
}

impl<'a> Lane<'a> {
    fn of(wave: &'a Wave, top: f32, gain_mm_mv: f32) -> Self {
        let (low, high) = wave.range().unwrap_or((0.0, 0.0));
        if wave.is_lead() {
            // Zero lies on a coarse line of the paper.
            let coarse = |mm: f32| (mm / 5.0).ceil() * 5.0;
            let above = coarse(high.clamp(0.0, MOST_MV) * gain_mm_mv + 1.0).max(0.5 * LEAD_MM);
            let below = coarse(-low.clamp(-MOST_MV, 0.0) * gain_mm_mv + 1.0).max(0.25 * LEAD_MM);
            let height = above + below;
            let per_mm = 1.0 / f64::from(gain_mm_mv);
            let scale = Scale { low: -f64::from(below) * per_mm, high: f64::from(above) * per_mm, step: 1.0 };
            return Self { wave, top, height, scale };
        }
        let (low, high) = (f64::from(low), f64::from(high));
        let scale = match wave.name.as_str() {
            "co2" => Scale::around(0.0, high.max(40.0), 40.0, 4.0),
            "resp" => Scale::around(low, high, 0.2, 3.0),
            _ if wave.unit == "mmHg" => Scale::around(low, high, 10.0, 4.0),
            _ => Scale::around(low, high, 1e-3, 3.0),
        };
        Self { wave, top, height: CHANNEL_MM, scale }
    }

    fn bottom(&self) -> f32 {
        self.top + self.height
    }

    fn y(&self, value: f64) -> f32 {
        self.bottom() - self.height * self.scale.share(value).clamp(0.0, 1.0) as f32
    }

    /// Lines and numbers of the values; channels without a unit have none worth reading.
    fn draw_scale(&self, picture: &mut Picture, frame: &TimeFrame) {
        for at_s in ticks(frame.from_s, frame.to_s, frame.step_s()) {
            let x = frame.x(at_s);
            picture.line((x, self.top), (x, self.bottom()), Stroke::solid(GRID, 0.15));
        }
        for value in ticks(self.scale.low, self.scale.high, self.scale.step) {
            let y = self.y(value);
            picture.line((frame.left, y), (frame.right(), y), Stroke::solid(GRID, 0.15));
            if self.wave.unit != "NU" {
                let at = (frame.left - 1.2, y + 0.9);
                picture.text(at, SMALL_MM, Anchor::End, GREY, self.scale.text(value));
            }
        }
    }

    fn draw(&self, picture: &mut Picture, frame: &TimeFrame, gain_mm_mv: f32) {
        let colour = of_signal(&self.wave.name);
        let middle = if self.wave.is_lead() { self.y(0.0) } else { self.top + 0.5 * self.height };
        let name = (3.0, if self.wave.is_lead() { middle + 1.2 } else { middle });
        picture.bold(name, 3.3, Anchor::Start, colour, self.wave.title.as_str());
        if self.wave.is_lead() {
            calibration(picture, frame.left, middle, gain_mm_mv);
        } else if self.wave.unit != "NU" {
            picture.text((3.0, middle + 3.8), TEXT_MM, Anchor::Start, GREY, self.wave.unit.as_str());
        }
        for points in
            pieces(self.wave, (frame.from_s, frame.to_s), |at_s, value| (frame.x(at_s), self.y(f64::from(value))))
        {
            picture.path(points, Stroke::solid(colour, CURVE_MM));
        }
    }
}

/// The parts of a wave between gaps, placed.
pub(crate) fn pieces(
    wave: &Wave,
    (from_s, to_s): (f64, f64),
    place: impl Fn(f64, f32) -> (f32, f32),
) -> Vec<Vec<(f32, f32)>> {
    let mut pieces = vec![Vec::new()];
    for (index, value) in wave.between(from_s, to_s) {
        if value.is_finite() {
            let last = pieces.len() - 1;
            pieces[last].push(place(wave.instant_s(index), value));
        } else if pieces.last().is_some_and(|piece| !piece.is_empty()) {
            pieces.push(Vec::new());
        }
    }
    pieces
}

/// The pulse of 1 mV and 5 mm that tells the gain.
pub(crate) fn calibration(picture: &mut Picture, left: f32, zero: f32, gain_mm_mv: f32) {
    let (x, high) = (left - 8.0, zero - gain_mm_mv);
    let points = vec![(x, zero), (x + 1.5, zero), (x + 1.5, high), (x + 6.5, high), (x + 6.5, zero), (x + 8.0, zero)];
    picture.path(points, Stroke::solid(INK, CURVE_MM));
}

/// Millimetre paper between two corners, whose lines begin at the upper left one.
pub(crate) fn paper(picture: &mut Picture, (left, right): (f32, f32), (top, bottom): (f32, f32)) {
    for (every, stroke) in [(1, Stroke::solid(PAPER_FINE, 0.2)), (5, Stroke::solid(PAPER_COARSE, 0.25))] {
        for mm in (0..=(right - left) as usize).step_by(every) {
            let x = left + mm as f32;
            picture.line((x, top), (x, bottom), stroke);
        }
        for mm in (0..=(bottom - top) as usize).step_by(every) {
            let y = top + mm as f32;
            picture.line((left, y), (right, y), stroke);
        }
    }
}

/// Codes of beats over the lanes; those that are not normal stand out.
fn beats(picture: &mut Picture, fonts: &Fonts, frame: &TimeFrame, marks: &[Mark], bottom: f32) {
    let mut free_from = f32::MIN;
    for mark in marks.iter().filter(|mark| frame.holds(mark.at_s)) {
        let x = frame.x(mark.at_s);
        let normal = mark.text == "N";
        let colour = if normal { GREY } else { VERMILLION };
        picture.line((x, bottom - 1.2), (x, bottom), Stroke::solid(colour, 0.25));
        let weight = if normal { Weight::Regular } else { Weight::Bold };
        let width = fonts.width(&mark.text, SMALL_MM, weight);
        if x - 0.5 * width < free_from {
            continue;
        }
        free_from = x + 0.5 * width + 0.4;
        let at = (x, bottom - 2.1);
        match weight {
            Weight::Regular => picture.text(at, SMALL_MM, Anchor::Middle, colour, mark.text.as_str()),
            Weight::Bold => picture.bold(at, SMALL_MM, Anchor::Middle, colour, mark.text.as_str()),
        }
    }
}

/// Says what the codes over the lanes stand for, at the right end of the band of rhythms.
fn legend(picture: &mut Picture, fonts: &Fonts, frame: &TimeFrame, marks: &[Mark], top: f32) {
    let mut codes: Vec<&str> =
        marks.iter().filter(|mark| frame.holds(mark.at_s)).map(|mark| mark.text.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let words = codes.iter().filter_map(|code| rhythm::beat(code).map(|words| format!("{code} {words}")));
    let text = fonts.fit(&words.collect::<Vec<_>>().join("   "), SMALL_MM, Weight::Regular, 0.75 * frame.width);
    picture.text((frame.right(), top + 3.6), SMALL_MM, Anchor::End, GREY, text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Shape;

    fn wave(name: &str, unit: &str, values: Vec<f32>) -> Wave {
        Wave {
            name: name.to_owned(),
            title: name.to_owned(),
            unit: unit.to_owned(),
            rate_hz: 100.0,
            first_s: 0.0,
            values,
        }
    }

    #[test]
    fn ten_seconds_are_drawn_at_the_usual_speed() {
        assert_eq!(speed_mm_s(10.0), 25.0);
        assert_eq!(speed_mm_s(2.0), 50.0);
        assert_eq!(speed_mm_s(60.0), 5.0);
        assert!(speed_mm_s(1_000.0) * 1_000.0 <= WIDEST_MM);
    }

    #[test]
    fn one_millivolt_is_ten_millimetres_and_one_second_twenty_five() {
        let mut values = vec![0.0; 1_000];
        values[500] = 1.0;
        let recorded = Recorded { to_s: 10.0, waves: vec![wave("ecg_ii", "mV", values)], ..Recorded::default() };
        let picture = strip(&recorded, &Heading::default());
        let curve = picture.shapes.iter().find_map(|shape| match shape {
            Shape::Line { points, .. } if points.len() == 1_000 => Some(points),
            _ => None,
        });
        let curve = curve.expect("the curve is drawn");
        assert!((curve[0].1 - curve[500].1 - 10.0).abs() < 1e-3);
        assert!((curve[200].0 - curve[100].0 - 25.0).abs() < 1e-3);
    }

    #[test]
    fn a_gap_parts_the_curve() {
        let values = vec![1.0, 2.0, f32::NAN, f32::NAN, 3.0, 4.0];
        let wave = wave("abp", "mmHg", values);
        let parts = pieces(&wave, (0.0, 1.0), |at_s, value| (at_s as f32, value));
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    }
}
