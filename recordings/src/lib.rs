//! Physiological recordings: the files of WFDB ([`wfdb`]) and of EDF+ ([`edf`]), a record decoded to be played
//! ([`Recording`]), and the [`Resampler`] between sampling rates. No I/O, no clock, no ECS.
//!
//! Whatever comes from outside is read by total functions: any bytes give either a value or an error that says where
//! and what.

pub mod edf;
pub mod wfdb;

mod decoding;
mod joined_signal;
mod recording;
mod resampler;

pub use recording::{Channel, DecodeError, Label, NO_SAMPLE, Recording, RecordingError, metric_of};
pub use resampler::{RatioError, Resampler};
