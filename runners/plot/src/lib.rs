//! Pictures of recordings as a clinician reads them: strips on millimetre paper, twelve-lead sheets, trends.
//!
//! A [`Recorded`] window of waveforms, series and labels becomes a [`Picture`] by [`strip`], [`twelve_leads`] or
//! [`trend`]; the picture is a list of shapes measured in millimetres, written as PNG or SVG. Nothing here reads files or
//! knows of simulations.

mod axis;
mod colour;
mod font;
mod frame;
mod picture;
mod png;
mod recorded;
mod rhythm;
mod strip;
mod svg;
mod trend;
mod twelve_leads;

pub use colour::Colour;
pub use picture::{Anchor, Picture, Shape, Stroke, Weight};
pub use png::PngError;
pub use recorded::{Heading, Mark, Period, Recorded, Role, Series, Wave};
pub use strip::strip;
pub use trend::{Panel, trend};
pub use twelve_leads::{TWELVE_LEADS, twelve_leads};
