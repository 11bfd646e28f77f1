//! The letters: subsets of `DejaVu Sans` that come with the program, so that pictures do not depend on the machine's
//! fonts.

use ttf_parser::{Face, OutlineBuilder};

use crate::picture::Weight;

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");

/// Both weights, ready to measure and to draw.
pub(crate) struct Fonts {
    regular: Face<'static>,
    bold: Face<'static>,
}

impl Fonts {
    pub(crate) fn new() -> Self {
        let face = |bytes| Face::parse(bytes, 0).expect("the fonts are part of the program");
        Self { regular: face(REGULAR), bold: face(BOLD) }
    }

    fn face(&self, weight: Weight) -> &Face<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// Width of a text whose em is `size`, in the unit of `size`.
    pub(crate) fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        let face = self.face(weight);
        let units: u32 = text.chars().map(|letter| u32::from(advance(face, letter))).sum();
        units as f32 * size / f32::from(face.units_per_em())
    }

    /// Draws the outlines of a text that begins at (`x`, `y`); y grows downwards.
    pub(crate) fn outline(&self, text: &str, size: f32, weight: Weight, (x, y): (f32, f32), pen: &mut impl Pen) {
        let face = self.face(weight);
        let scale = size / f32::from(face.units_per_em());
        let mut left = x;
        for letter in text.chars() {
            if let Some(glyph) = face.glyph_index(letter) {
                face.outline_glyph(glyph, &mut Placed { pen, left, base: y, scale });
            }
            left += f32::from(advance(face, letter)) * scale;
        }
    }

    /// The text cut so that it is no wider than `room`; empty when not even two letters fit.
    pub(crate) fn fit(&self, text: &str, size: f32, weight: Weight, room: f32) -> String {
        if self.width(text, size, weight) <= room {
            return text.to_owned();
        }
        let mut cut: String = text.to_owned();
        while cut.pop().is_some() {
            let shown = format!("{}\u{2026}", cut.trim_end());
            if cut.chars().count() >= 2 && self.width(&shown, size, weight) <= room {
                return shown;
            }
        }
        String::new()
    }
}

fn advance(face: &Face<'_>, letter: char) -> u16 {
    // A letter that the subset lacks takes the room of a digit.
    let glyph = face.glyph_index(letter).or_else(|| face.glyph_index('0'));
    glyph.and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or_default()
}

/// What takes the outlines.
pub(crate) trait Pen {
    fn move_to(&mut self, x: f32, y: f32);
    fn line_to(&mut self, x: f32, y: f32);
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32);
    fn cubic_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32);
    fn close(&mut self);
}

struct Placed<'a, P> {
    pen: &'a mut P,
    left: f32,
    base: f32,
    scale: f32,
}

impl<P> Placed<'_, P> {
    fn x(&self, x: f32) -> f32 {
        self.left + x * self.scale
    }

    fn y(&self, y: f32) -> f32 {
        self.base - y * self.scale
    }
}

impl<P: Pen> OutlineBuilder for Placed<'_, P> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.pen.move_to(self.x(x), self.y(y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.pen.line_to(self.x(x), self.y(y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.pen.quad_to(self.x(x1), self.y(y1), self.x(x), self.y(y));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.pen.cubic_to(self.x(x1), self.y(y1), self.x(x2), self.y(y2), self.x(x), self.y(y));
    }

    fn close(&mut self) {
        self.pen.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_does_not_fit_is_cut() {
        let fonts = Fonts::new();
        let width = fonts.width("norepinephrine", 3.0, Weight::Regular);
        assert!((15.0..35.0).contains(&width), "{width}");
        let cut = fonts.fit("norepinephrine", 3.0, Weight::Regular, 15.0);
        assert!(cut.ends_with('\u{2026}') && fonts.width(&cut, 3.0, Weight::Regular) <= 15.0, "{cut}");
        assert_eq!(fonts.fit("norepinephrine", 3.0, Weight::Regular, 1.0), "");
    }

    #[test]
    fn the_letters_that_pictures_use_are_there() {
        let fonts = Fonts::new();
        for letter in "abcXYZ0189 .,:;/%()[]\u{b0}\u{b1}\u{b7}\u{2026}\u{2013}\u{2082}\u{2192}".chars() {
            for weight in [Weight::Regular, Weight::Bold] {
                assert!(fonts.face(weight).glyph_index(letter).is_some(), "{letter}");
            }
        }
    }
}
