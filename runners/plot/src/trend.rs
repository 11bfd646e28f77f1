//! A trend: values over minutes to days, a panel a quantity, with what the devices show beside the truth.

use crate::axis::{Scale, ticks};
use crate::colour::{Colour, GREY, GRID, INK, of_signal};
use crate::font::Fonts;
use crate::frame::{
    BAND_MM, Bands, FOOTER_MM, HEADING_MM, LEFT_MM, RIGHT_MM, SMALL_MM, TEXT_MM, TimeFrame, footnote, heading, rhythms,
    time_axis,
};
use crate::picture::{Anchor, Picture, Shape, Stroke, Weight};
use crate::recorded::{Heading, Recorded, Role, Series};

/// Width of the curves' field and height of a panel [mm].
const WIDTH_MM: f32 = 240.0;
const PANEL_MM: f32 = 24.0;
const GAP_MM: f32 = 4.0;
/// Room for the names of quantities, which are longer than those of channels [mm].
const TITLES_MM: f32 = 11.0;
/// From so many points on a curve is drawn thin.
const DENSE_POINTS: usize = 3_600;
/// Columns into which longer series are gathered [mm].
const COLUMN_MM: f32 = 0.25;

/// Quantities that share a scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Name; picks the colour.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Unit; empty for none.
    pub unit: String,
    /// The scale spans this much at least, so that noise stays small.
    pub least_span: f64,
    /// The values.
    pub series: Vec<Series>,
    /// Whether the area between the first and the last series of each role is filled: systolic to diastolic.
    pub filled: bool,
}

/// Draws the panels over the window, with the labels of `recorded`.
pub fn trend(recorded: &Recorded, panels: &[Panel], about: &Heading) -> Picture {
    let fonts = Fonts::new();
    let frame = TimeFrame { from_s: recorded.from_s, to_s: recorded.to_s, left: LEFT_MM + TITLES_MM, width: WIDTH_MM };
    let bands = Bands::of(&recorded.periods, &frame);
    let rhythm_top = HEADING_MM + bands.height();
    let changes = recorded.rhythms.len() > 1;
    let panels_top = rhythm_top + if changes { BAND_MM } else { 2.0 };
    let height = panels.len() as f32 * (PANEL_MM + GAP_MM) - GAP_MM;
    let bottom = panels_top + height.max(0.0);

    let mut picture = Picture::new(frame.right() + RIGHT_MM, bottom + FOOTER_MM);
    heading(&mut picture, &fonts, about);
    let tops = (0..panels.len()).map(|index| panels_top + index as f32 * (PANEL_MM + GAP_MM));
    for (panel, top) in panels.iter().zip(tops.clone()) {
        Field::of(panel, top, &frame).draw_scale(&mut picture);
    }
    bands.draw(&mut picture, &fonts, &frame, HEADING_MM, (panels_top, bottom));
    if changes {
        rhythms(&mut picture, &fonts, &frame, &recorded.rhythms, (rhythm_top, bottom));
    }
    for (panel, top) in panels.iter().zip(tops) {
        Field::of(panel, top, &frame).draw(&mut picture, &fonts);
    }
    time_axis(&mut picture, &frame, bottom);
    let both = panels.iter().any(|panel| has(panel, Role::Truth)) && panels.iter().any(|panel| has(panel, Role::Shown));
    footnote(&mut picture, &fonts, about, if both { "colour: shown by the device; black, thin: truth" } else { "" });
    picture
}

fn has(panel: &Panel, role: Role) -> bool {
    panel.series.iter().any(|series| series.role == role)
}

/// A panel in its place.
struct Field<'a> {
    panel: &'a Panel,
    frame: &'a TimeFrame,
    top: f32,
    scale: Scale,
}

impl<'a> Field<'a> {
    fn of(panel: &'a Panel, top: f32, frame: &'a TimeFrame) -> Self {
        let values = panel
            .series
            .iter()
            .flat_map(|series| &series.points)
            .filter(|(at_s, value)| frame.holds(*at_s) && value.is_finite())
            .map(|(_, value)| *value);
        let range = values.fold(None, |range: Option<(f64, f64)>, value| {
            Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let (low, high) = range.unwrap_or((0.0, 1.0));
        let mut scale = Scale::around(low, high, panel.least_span, 4.0);
        // What is measured from nothing has no values below it.
        if low >= 0.0 && scale.low < 0.0 {
            scale.low = 0.0;
        }
        // No share exceeds the whole.
        if panel.unit == "%" && high <= 100.0 {
            scale.high = scale.high.min(100.0);
        }
        Self { panel, frame, top, scale }
    }

    fn y(&self, value: f64) -> f32 {
        self.top + PANEL_MM * (1.0 - self.scale.share(value).clamp(0.0, 1.0) as f32)
    }

    fn draw_scale(&self, picture: &mut Picture) {
        let (left, right, bottom) = (self.frame.left, self.frame.right(), self.top + PANEL_MM);
        for at_s in ticks(self.frame.from_s, self.frame.to_s, self.frame.step_s()) {
            let x = self.frame.x(at_s);
            picture.line((x, self.top), (x, bottom), Stroke::solid(GRID, 0.15));
        }
        let all = ticks(self.scale.low, self.scale.high, self.scale.step);
        // Five numbers are enough for a panel of this height.
        let every = all.len().div_ceil(6).max(1);
        for value in all.into_iter().step_by(every) {
            let y = self.y(value);
            picture.line((left, y), (right, y), Stroke::solid(GRID, 0.15));
            picture.text((left - 1.2, y + 0.9), SMALL_MM, Anchor::End, GREY, self.scale.text(value));
        }
    }

    fn draw(&self, picture: &mut Picture, fonts: &Fonts) {
        let colour = of_signal(&self.panel.name);
        let middle = self.top + 0.5 * PANEL_MM;
        let title = fonts.fit(&self.panel.title, TEXT_MM, Weight::Bold, LEFT_MM + TITLES_MM - 12.0);
        picture.bold((3.0, middle - 0.4), TEXT_MM, Anchor::Start, colour, title);
        if !self.panel.unit.is_empty() {
            picture.text((3.0, middle + 3.4), SMALL_MM, Anchor::Start, GREY, self.panel.unit.as_str());
        }
        for role in [Role::Shown, Role::Truth] {
            let series: Vec<&Series> = self.panel.series.iter().filter(|series| series.role == role).collect();
            if let (true, Role::Shown, [first, .., last]) = (self.panel.filled, role, series.as_slice()) {
                self.fill(picture, first, last, colour);
            }
            for one in &series {
                let own = one.colour.unwrap_or(colour);
                let both = has(self.panel, Role::Truth) && has(self.panel, Role::Shown);
                // Many values a column make a band already.
                let is_dense = one.points.len() > DENSE_POINTS;
                let stroke = match role {
                    Role::Shown if is_dense => Stroke::solid(own, 0.25),
                    Role::Shown => Stroke::solid(own, if both { 0.55 } else { 0.4 }),
                    Role::Truth if both => Stroke::solid(INK, 0.2),
                    Role::Truth => Stroke::solid(own, 0.4),
                };
                for points in self.places(one) {
                    picture.path(points, stroke);
                }
            }
        }
    }

    /// Points of a series, gathered into columns; a silence of more than a few times the usual distance is a gap.
    fn places(&self, series: &Series) -> Vec<Vec<(f32, f32)>> {
        let gap_s = 5.0 * usual_distance_s(&series.points).max(1.0);
        let mut pieces: Vec<Vec<(f32, f32)>> = vec![Vec::new()];
        let mut last_s = f64::NEG_INFINITY;
        for &(at_s, value) in series.points.iter().filter(|(at_s, _)| self.frame.holds(*at_s)) {
            let broken = !value.is_finite() || (at_s - last_s > gap_s && last_s.is_finite());
            if broken && pieces.last().is_some_and(|piece| !piece.is_empty()) {
                pieces.push(Vec::new());
            }
            if value.is_finite() {
                last_s = at_s;
                if let Some(piece) = pieces.last_mut() {
                    piece.push((self.frame.x(at_s), self.y(value)));
                }
            }
        }
        pieces.iter().map(|piece| gathered(piece)).collect()
    }

    fn fill(&self, picture: &mut Picture, upper: &Series, lower: &Series, colour: Colour) {
        for (above, below) in self.places(upper).into_iter().zip(self.places(lower)) {
            let points: Vec<(f32, f32)> = above.into_iter().chain(below.into_iter().rev()).collect();
            if points.len() > 2 {
                picture.shapes.push(Shape::Area { points, fill: colour.with_opacity(0.15) });
            }
        }
    }
}

/// Median distance of points [s].
fn usual_distance_s(points: &[(f64, f64)]) -> f64 {
    let mut distances: Vec<f64> = points.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    distances.sort_by(f64::total_cmp);
    distances.get(distances.len() / 2).copied().unwrap_or(0.0)
}

/// At most four points a column: the first, the highest, the lowest and the last.
fn gathered(points: &[(f32, f32)]) -> Vec<(f32, f32)> {
    let column = |x: f32| (x / COLUMN_MM).floor();
    points
        .chunk_by(|left, right| column(left.0) == column(right.0))
        .flat_map(|group| {
            let extreme = |pick: fn(&(usize, f32), &(usize, f32)) -> bool| {
                let heights = group.iter().map(|point| point.1).enumerate();
                heights.reduce(|best, next| if pick(&next, &best) { next } else { best }).map_or(0, |(index, _)| index)
            };
            let mut kept = vec![0, extreme(|a, b| a.1 < b.1), extreme(|a, b| a.1 > b.1), group.len() - 1];
            kept.sort_unstable();
            kept.dedup();
            kept.into_iter().map(|index| group[index]).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(points: Vec<(f64, f64)>) -> Panel {
        Panel {
            name: "hr".to_owned(),
            title: "heart rate".to_owned(),
            unit: "/min".to_owned(),
            least_span: 20.0,
            series: vec![Series { title: "hr".to_owned(), role: Role::Truth, colour: None, points }],
            filled: false,
        }
    }

    #[test]
    fn long_series_keep_their_extremes() {
        let mut points: Vec<(f64, f64)> = (0..36_000).map(|second| (f64::from(second), 70.0)).collect();
        points[18_001].1 = 150.0;
        let recorded = Recorded { to_s: 36_000.0, ..Recorded::default() };
        let picture = trend(&recorded, &[panel(points)], &Heading::default());
        let curve = picture.shapes.iter().find_map(|shape| match shape {
            Shape::Line { points, .. } if points.len() > 100 => Some(points),
            _ => None,
        });
        let curve = curve.expect("the curve is drawn");
        assert!(curve.len() < 4_000);
        let highest = curve.iter().map(|point| point.1).fold(f32::MAX, f32::min);
        let usual = curve[0].1;
        assert!(usual - highest > 10.0, "{usual} {highest}");
    }

    #[test]
    fn silence_parts_a_curve() {
        let points = (0..100).filter(|second| !(40..60).contains(second)).map(|s| (f64::from(s), 70.0)).collect();
        let recorded = Recorded { to_s: 100.0, ..Recorded::default() };
        let picture = trend(&recorded, &[panel(points)], &Heading::default());
        let long =
            picture.shapes.iter().filter(|shape| matches!(shape, Shape::Line { points, .. } if points.len() > 10));
        assert_eq!(long.count(), 2);
    }
}
