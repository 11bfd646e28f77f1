//! A picture as a list of shapes in millimetres, from the upper left corner.

use crate::colour::Colour;

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Width [mm].
    pub width_mm: f32,
    /// Height [mm].
    pub height_mm: f32,
    /// Shapes, those behind first.
    pub shapes: Vec<Shape>,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Colour.
    pub colour: Colour,
    /// Width [mm].
    pub width_mm: f32,
    /// Whether it is dashed.
    pub dashed: bool,
}

impl Stroke {
    /// A solid line.
    pub const fn solid(colour: Colour, width_mm: f32) -> Self {
        Self { colour, width_mm, dashed: false }
    }

    /// A dashed line.
    pub const fn dashed(colour: Colour, width_mm: f32) -> Self {
        Self { colour, width_mm, dashed: true }
    }
}

/// Which end of a text lies at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Ordinary.
    Regular,
    /// Bold.
    Bold,
}

/// One shape; coordinates in millimetres.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A filled rectangle.
    Rectangle {
        /// Left edge.
        x: f32,
        /// Upper edge.
        y: f32,
        /// Width.
        width: f32,
        /// Height.
        height: f32,
        /// Fill.
        fill: Colour,
    },
    /// Connected points.
    Line {
        /// Points (x, y), two at least.
        points: Vec<(f32, f32)>,
        /// How it is drawn.
        stroke: Stroke,
    },
    /// A filled polygon.
    Area {
        /// Corners (x, y), three at least.
        points: Vec<(f32, f32)>,
        /// Fill.
        fill: Colour,
    },
    /// A line of text.
    Text {
        /// Where the anchor lies.
        x: f32,
        /// Base line.
        y: f32,
        /// Height of the letters' em.
        size: f32,
        /// Which end lies at `x`.
        anchor: Anchor,
        /// How heavy.
        weight: Weight,
        /// Colour.
        colour: Colour,
        /// What it says.
        text: String,
    },
}

impl Picture {
    /// An empty picture of this size [mm].
    pub fn new(width_mm: f32, height_mm: f32) -> Self {
        Self { width_mm, height_mm, shapes: Vec::new() }
    }

    pub(crate) fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32, fill: Colour) {
        self.shapes.push(Shape::Rectangle { x, y, width, height, fill });
    }

    pub(crate) fn line(&mut self, from: (f32, f32), to: (f32, f32), stroke: Stroke) {
        self.shapes.push(Shape::Line { points: vec![from, to], stroke });
    }

    pub(crate) fn path(&mut self, points: Vec<(f32, f32)>, stroke: Stroke) {
        if points.len() > 1 {
            self.shapes.push(Shape::Line { points, stroke });
        }
    }

    pub(crate) fn text(&mut self, at: (f32, f32), size: f32, anchor: Anchor, colour: Colour, text: impl Into<String>) {
        self.write(at, size, anchor, Weight::Regular, colour, text.into());
    }

    pub(crate) fn bold(&mut self, at: (f32, f32), size: f32, anchor: Anchor, colour: Colour, text: impl Into<String>) {
        self.write(at, size, anchor, Weight::Bold, colour, text.into());
    }

    fn write(&mut self, at: (f32, f32), size: f32, anchor: Anchor, weight: Weight, colour: Colour, text: String) {
        self.shapes.push(Shape::Text { x: at.0, y: at.1, size, anchor, weight, colour, text });
    }
}
