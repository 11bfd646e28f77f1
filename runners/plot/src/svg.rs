//! A picture as SVG: the same shapes in millimetres, so that a print has the true paper speed.

use std::fmt::Write as _;

use crate::picture::{Anchor, Picture, Shape, Weight};

impl Picture {
    /// The picture as an SVG file.
    pub fn to_svg(&self) -> String {
        let (width, height) = (self.width_mm, self.height_mm);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        for shape in &self.shapes {
            write_shape(&mut svg, shape);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn write_shape(svg: &mut String, shape: &Shape) {
    let hex = |[red, green, blue]: [u8; 3]| format!("#{red:02x}{green:02x}{blue:02x}");
    // Writing to a string does not fail.
    let _ = match shape {
        Shape::Rectangle { x, y, width, height, fill } => writeln!(
            svg,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{}\" fill-opacity=\"{}\"/>",
            hex(fill.rgb),
            fill.opacity
        ),
        Shape::Line { points, stroke } => {
            let dash = if stroke.dashed { " stroke-dasharray=\"1 0.75\"" } else { "" };
            writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-opacity=\"{}\" stroke-width=\"{}\" \
                 stroke-linejoin=\"round\"{dash}/>",
                corners(points),
                hex(stroke.colour.rgb),
                stroke.colour.opacity,
                stroke.width_mm
            )
        }
        Shape::Area { points, fill } => writeln!(
            svg,
            "<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>",
            corners(points),
            hex(fill.rgb),
            fill.opacity
        ),
        Shape::Text { x, y, size, anchor, weight, colour, text } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let bold = if *weight == Weight::Bold { " font-weight=\"bold\"" } else { "" };
            writeln!(
                svg,
                "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{}\"{bold}>{}</text>",
                hex(colour.rgb),
                escaped(text)
            )
        }
    };
}

fn corners(points: &[(f32, f32)]) -> String {
    let mut text = String::with_capacity(points.len() * 14);
    for (x, y) in points {
        let _ = write!(text, "{x:.2},{y:.2} ");
    }
    text.truncate(text.trim_end().len());
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::Colour;

    #[test]
    fn text_from_outside_cannot_break_the_markup() {
        let mut picture = Picture::new(20.0, 10.0);
        picture.text((1.0, 5.0), 3.0, Anchor::Start, Colour::rgb(0, 0, 0), "<b>&");
        let svg = picture.to_svg();
        assert!(svg.contains(">&lt;b&gt;&amp;</text>"), "{svg}");
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("width=\"20mm\""), "{svg}");
    }
}
