//! What all pictures share: heading, axis of time, labelled periods, changes of rhythm, footnote.

use crate::axis::{clock, ticks, time_step_s};
use crate::colour::{GREY, INK, PERIODS};
use crate::font::Fonts;
use crate::picture::{Anchor, Picture, Stroke, Weight};
use crate::recorded::{Heading, Mark, Period};
use crate::rhythm;

/// Room left of the curves, for names and scales [mm].
pub(crate) const LEFT_MM: f32 = 25.0;
/// Room right of the curves [mm].
pub(crate) const RIGHT_MM: f32 = 7.0;
/// Room of title and subtitle [mm].
pub(crate) const HEADING_MM: f32 = 13.0;
/// Room of the axis of time and the footnote [mm].
pub(crate) const FOOTER_MM: f32 = 12.0;
/// Height of a band of labels [mm].
pub(crate) const BAND_MM: f32 = 5.0;
/// Size of ordinary text, and of small text [mm].
pub(crate) const TEXT_MM: f32 = 2.9;
pub(crate) const SMALL_MM: f32 = 2.5;

/// Bands of periods at most; what does not fit is shaded without its name.
const MOST_BANDS: usize = 5;

/// Where instants lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeFrame {
    pub(crate) from_s: f64,
    pub(crate) to_s: f64,
    /// Left edge [mm].
    pub(crate) left: f32,
    /// Width of the window [mm].
    pub(crate) width: f32,
}

impl TimeFrame {
    /// Position of an instant [mm].
    pub(crate) fn x(&self, at_s: f64) -> f32 {
        let share = (at_s - self.from_s) / (self.to_s - self.from_s);
        self.left + self.width * share as f32
    }

    pub(crate) fn right(&self) -> f32 {
        self.left + self.width
    }

    /// Whether an instant lies in the window.
    pub(crate) fn holds(&self, at_s: f64) -> bool {
        (self.from_s..=self.to_s).contains(&at_s)
    }

    /// Step between labelled instants [s].
    pub(crate) fn step_s(&self) -> f64 {
        time_step_s(self.to_s - self.from_s, f64::from(self.width / 18.0))
    }
}

/// Draws title and subtitle.
pub(crate) fn heading(picture: &mut Picture, fonts: &Fonts, heading: &Heading) {
    let room = picture.width_mm - 8.0;
    let title = fonts.fit(&heading.title, 3.8, Weight::Bold, room);
    picture.bold((4.0, 5.8), 3.8, Anchor::Start, INK, title);
    let subtitle = fonts.fit(&heading.subtitle, TEXT_MM, Weight::Regular, room);
    picture.text((4.0, 10.4), TEXT_MM, Anchor::Start, GREY, subtitle);
}

/// Draws the footnote, and on its right how the picture is scaled.
pub(crate) fn footnote(picture: &mut Picture, fonts: &Fonts, heading: &Heading, scale: &str) {
    let base = picture.height_mm - 2.6;
    let scale_width = fonts.width(scale, SMALL_MM, Weight::Regular);
    picture.text((picture.width_mm - RIGHT_MM, base), SMALL_MM, Anchor::End, GREY, scale);
    let room = picture.width_mm - RIGHT_MM - 10.0 - scale_width;
    let note = fonts.fit(&heading.footnote, SMALL_MM, Weight::Regular, room);
    picture.text((4.0, base), SMALL_MM, Anchor::Start, GREY, note);
}

/// Draws the axis of time under `y`.
pub(crate) fn time_axis(picture: &mut Picture, frame: &TimeFrame, y: f32) {
    let step_s = frame.step_s();
    for at_s in ticks(frame.from_s, frame.to_s, step_s) {
        let x = frame.x(at_s);
        picture.line((x, y), (x, y + 1.2), Stroke::solid(GREY, 0.2));
        picture.text((x, y + 4.2), SMALL_MM, Anchor::Middle, GREY, clock(at_s, frame.to_s, step_s));
    }
}

/// Periods of the window in bands in which none overlaps another.
#[derive(Debug, Default)]
pub(crate) struct Bands<'a> {
    rows: Vec<Vec<(&'a Period, usize)>>,
}

impl<'a> Bands<'a> {
    /// Spreads the periods that reach into the window.
    pub(crate) fn of(periods: &'a [Period], frame: &TimeFrame) -> Self {
        let mut bands = Self::default();
        let seen = periods.iter().filter(|period| period.to_s >= frame.from_s && period.from_s <= frame.to_s);
        for (number, period) in seen.enumerate() {
            let is_free = |row: &Vec<(&Period, usize)>| row.iter().all(|(other, _)| other.to_s <= period.from_s);
            let row = bands.rows.iter().position(is_free).unwrap_or_else(|| {
                bands.rows.push(Vec::new());
                bands.rows.len() - 1
            });
            bands.rows[row].push((period, number));
        }
        bands
    }

    /// Room that the bands take [mm].
    pub(crate) fn height(&self) -> f32 {
        BAND_MM * self.rows.len().min(MOST_BANDS) as f32
    }

    /// Draws the bands from `top` on, and shades the curves between `from` and `to`.
    pub(crate) fn draw(
        &self,
        picture: &mut Picture,
        fonts: &Fonts,
        frame: &TimeFrame,
        top: f32,
        (from, to): (f32, f32),
    ) {
        for (row, periods) in self.rows.iter().enumerate() {
            for (period, number) in periods {
                let colour = PERIODS[number % PERIODS.len()];
                let left = frame.x(period.from_s.max(frame.from_s));
                let right = frame.x(period.to_s.min(frame.to_s));
                let width = (right - left).max(0.5);
                // What holds all the time tells nothing apart.
                if period.from_s > frame.from_s || period.to_s < frame.to_s {
                    picture.rectangle(left, from, width, to - from, colour.with_opacity(0.10));
                }
                if row < MOST_BANDS {
                    let y = top + BAND_MM * row as f32;
                    picture.rectangle(left, y + 0.4, width, BAND_MM - 0.8, colour.with_opacity(0.45));
                    let next = periods.iter().map(|(other, _)| other.from_s).find(|start| *start > period.from_s);
                    let room = frame.x(next.unwrap_or(frame.to_s).min(frame.to_s)) - left - 2.0;
                    let name = fonts.fit(&period.label, SMALL_MM, Weight::Regular, room.max(width - 2.0));
                    picture.text((left + 1.0, y + 3.4), SMALL_MM, Anchor::Start, INK, name);
                }
            }
        }
    }
}

/// Draws the rhythm in force and its changes in the band under `top`, with lines down to `bottom`.
pub(crate) fn rhythms(
    picture: &mut Picture,
    fonts: &Fonts,
    frame: &TimeFrame,
    changes: &[Mark],
    (top, bottom): (f32, f32),
) {
    let before = changes.iter().rev().find(|change| change.at_s <= frame.from_s);
    let within = changes.iter().filter(|change| change.at_s > frame.from_s && frame.holds(change.at_s));
    let mut shown: Vec<(f64, &str)> =
        before.map(|change| (frame.from_s, rhythm::words(&change.text))).into_iter().collect();
    shown.extend(within.map(|change| (change.at_s, rhythm::words(&change.text))));
    // Two labels may say the same, when a step begins the rhythm that is there already.
    shown.dedup_by(|next, previous| next.1 == previous.1);
    for (position, (at_s, words)) in shown.iter().enumerate() {
        let x = frame.x(*at_s);
        let end = shown.get(position + 1).map_or(frame.right(), |(next_s, _)| frame.x(*next_s));
        if *at_s > frame.from_s {
            picture.line((x, top + 0.8), (x, bottom), Stroke::dashed(INK, 0.25));
        }
        let name = fonts.fit(words, SMALL_MM, Weight::Bold, end - x - 1.5);
        picture.bold((x + 0.8, top + 3.6), SMALL_MM, Anchor::Start, INK, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_periods_take_bands_of_their_own() {
        let period = |from_s, to_s| Period { from_s, to_s, label: "bleed".to_owned() };
        let periods = [period(0.0, 10.0), period(5.0, 15.0), period(10.0, 20.0), period(50.0, 60.0)];
        let frame = TimeFrame { from_s: 0.0, to_s: 30.0, left: 25.0, width: 100.0 };
        let bands = Bands::of(&periods, &frame);
        let counts: Vec<usize> = bands.rows.iter().map(Vec::len).collect();
        assert_eq!(counts, [2, 1]);
        assert_eq!(bands.height(), 2.0 * BAND_MM);
    }
}
