//! Front ends: what a sensor makes of the truth, with its lag, averaging, errors and faults.

pub mod averages;
pub mod capnograph;
pub mod cgm;
pub mod compression;
mod ecg_front_end;
pub mod faults;
pub mod lead_off;
mod muscle;
mod noise;
mod oximeter;
pub mod pinned;
pub mod pressure_line;

pub use ecg_front_end::{EcgFrontEnd, EcgRoom, GAIN_MV, LEADS, LEADS_OPTION, leads_of, leads_option, quantise};
pub use noise::{Tone, WhiteNoise, add_tones, baseline_wander};
pub use oximeter::{Oximeter, ratio_of_ratios, saturation_of_ratio};

use sim_core::Registry;

/// Adds the actions on sensors, and the systems that carry them out.
pub(crate) fn register(registry: &mut Registry) {
    lead_off::register(registry);
    faults::register(registry);
    pinned::register(registry);
    compression::register(registry);
    capnograph::register(registry);
    pressure_line::register(registry);
}
