//! A picture as PNG: shapes rasterised with smooth edges, and the true size noted in the file.

use tiny_skia::{FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, StrokeDash, Transform};

use crate::colour::Colour;
use crate::font::{Fonts, Pen};
use crate::picture::{Anchor, Picture, Shape, Stroke};

/// Pixels per millimetre: about 100 dots an inch, so that one millimetre of paper is four pixels sharp.
const PIXELS_PER_MM: f32 = 4.0;
/// The same, as PNG notes it [1/m].
const PIXELS_PER_M: u32 = 4_000;

/// Why a picture could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// There is nothing to draw on, or too much.
    #[error("a picture of {width_mm} mm x {height_mm} mm cannot be drawn")]
    Size {
        /// Width [mm].
        width_mm: f32,
        /// Height [mm].
        height_mm: f32,
    },
    /// The encoder failed.
    #[error("cannot encode the picture")]
    Encode(#[from] png::EncodingError),
}

/// No picture is larger [pixel a side].
const MOST_PIXELS: f32 = 16_384.0;

impl Picture {
    /// The picture as a PNG file of 4 pixels a millimetre.
    ///
    /// # Errors
    /// [`PngError`] when the picture is empty or beyond 4 m a side.
    pub fn to_png(&self) -> Result<Vec<u8>, PngError> {
        let pixels = |length_mm: f32| (length_mm * PIXELS_PER_MM).ceil();
        let (width, height) = (pixels(self.width_mm), pixels(self.height_mm));
        let size = PngError::Size { width_mm: self.width_mm, height_mm: self.height_mm };
        if !(width <= MOST_PIXELS && height <= MOST_PIXELS) {
            return Err(size);
        }
        let mut canvas = Pixmap::new(width as u32, height as u32).ok_or(size)?;
        canvas.fill(tiny_skia::Color::WHITE);
        let fonts = Fonts::new();
        for shape in &self.shapes {
            draw(shape, &fonts, &mut canvas);
        }
        encode(&canvas)
    }
}

fn draw(shape: &Shape, fonts: &Fonts, canvas: &mut Pixmap) {
    let scale = Transform::from_scale(PIXELS_PER_MM, PIXELS_PER_MM);
    match shape {
        Shape::Rectangle { x, y, width, height, fill } => {
            if let Some(rectangle) = Rect::from_xywh(*x, *y, *width, *height) {
                canvas.fill_rect(rectangle, &paint(*fill), scale, None);
            }
        }
        Shape::Line { points, stroke } => {
            if let Some(path) = path(points, false) {
                canvas.stroke_path(&path, &paint(stroke.colour), &pen(*stroke), scale, None);
            }
        }
        Shape::Area { points, fill } => {
            if let Some(path) = path(points, true) {
                canvas.fill_path(&path, &paint(*fill), FillRule::Winding, scale, None);
            }
        }
        Shape::Text { x, y, size, anchor, weight, colour, text } => {
            let width = fonts.width(text, *size, *weight);
            let left = match anchor {
                Anchor::Start => *x,
                Anchor::Middle => x - 0.5 * width,
                Anchor::End => x - width,
            };
            let mut letters = Letters(PathBuilder::new());
            fonts.outline(text, *size, *weight, (left, *y), &mut letters);
            if let Some(path) = letters.0.finish() {
                canvas.fill_path(&path, &paint(*colour), FillRule::Winding, scale, None);
            }
        }
    }
}

fn paint(colour: Colour) -> Paint<'static> {
    let [red, green, blue] = colour.rgb;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(red, green, blue, (colour.opacity.clamp(0.0, 1.0) * 255.0).round() as u8);
    paint
}

fn pen(stroke: Stroke) -> tiny_skia::Stroke {
    tiny_skia::Stroke {
        width: stroke.width_mm,
        line_join: LineJoin::Round,
        line_cap: LineCap::Butt,
        dash: if stroke.dashed { StrokeDash::new(vec![1.0, 0.75], 0.0) } else { None },
        ..tiny_skia::Stroke::default()
    }
}

fn path(points: &[(f32, f32)], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::with_capacity(points.len() + 1, points.len() + 1);
    let (first, rest) = points.split_first()?;
    builder.move_to(first.0, first.1);
    for point in rest {
        builder.line_to(point.0, point.1);
    }
    if closed {
        builder.close();
    }
    builder.finish()
}

struct Letters(PathBuilder);

impl Pen for Letters {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn cubic_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

fn encode(canvas: &Pixmap) -> Result<Vec<u8>, PngError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, canvas.width(), canvas.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: PIXELS_PER_M,
        yppu: PIXELS_PER_M,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    // The paper is opaque everywhere, so alpha carries nothing.
    let rgb: Vec<u8> = canvas.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_lands_on_its_pixels() {
        let mut picture = Picture::new(10.0, 5.0);
        picture.rectangle(2.0, 1.0, 3.0, 2.0, Colour::rgb(200, 0, 0));
        let bytes = picture.to_png().expect("a small picture");
        let decoder = png::Decoder::new(std::io::Cursor::new(&bytes));
        let mut reader = decoder.read_info().expect("a header");
        let mut pixels = vec![0; reader.output_buffer_size().expect("known")];
        let info = reader.next_frame(&mut pixels).expect("a frame");
        assert_eq!((info.width, info.height), (40, 20));
        let at = |x: usize, y: usize| &pixels[3 * (40 * y + x)..][..3];
        assert_eq!(at(8, 4), [200, 0, 0]);
        assert_eq!(at(19, 11), [200, 0, 0]);
        assert_eq!(at(7, 4), [255, 255, 255]);
        assert_eq!(at(20, 11), [255, 255, 255]);
    }

    #[test]
    fn a_picture_without_size_is_refused() {
        for (width_mm, height_mm) in [(0.0, 5.0), (1e6, 5.0), (f32::NAN, 5.0)] {
            assert!(matches!(Picture::new(width_mm, height_mm).to_png(), Err(PngError::Size { .. })));
        }
    }
}
