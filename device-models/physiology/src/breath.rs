//! A breath, and the curves of lung volume and carbon dioxide that follow from it in closed form.

use std::ops::Range;

use super::capnogram::CapnogramShape;
use super::elementary::{cosine_of_turns, exp};
use super::history::Event;
use super::samples::{Block, SampleGrid};

/// Time constant of a healthy lung's passive expiration [s].
pub(super) const EXPIRATION_S: f64 = 0.45;

/// Rise of carbon dioxide when alveolar gas arrives in a healthy capnogram [s]. Obstructed airways slow the rise as they
/// slow the expiration.
const CAPNOGRAM_RISE_S: f32 = 0.12;
/// Fall of carbon dioxide when the patient inspires [s].
const CAPNOGRAM_FALL_S: f32 = 0.08;

/// The plateau of a long expiration slopes only towards its end [s]: gas that has stood in the lung is even.
const PLATEAU_SLOPES_S: f32 = 5.0;

/// When no breath follows, room air reaches the sampling line after this pause and with this time constant [s].
const CAPNOGRAM_PAUSE_S: f32 = 0.5;
const CAPNOGRAM_WASHOUT_S: f32 = 0.5;

/// One breath, fixed at its beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Breath {
    /// Number of the breath, counted from 0 within the patient.
    pub index: u64,
    /// Beginning of inspiration [ns since the scenario's start].
    pub start_ns: i64,
    /// Duration of inspiration [ns].
    pub inspiration_ns: i64,
    /// Duration of expiration, should the rate stay as it is [ns].
    pub expiration_ns: i64,
    /// Volume inspired [L].
    pub tidal_volume_l: f32,
    /// Volume above rest left over from the breath before [L].
    pub residual_l: f32,
    /// Carbon dioxide at the end of expiration [mmHg].
    pub etco2_mmhg: f32,
    /// Carbon dioxide at the mouth when the breath begins [mmHg].
    pub carryover_mmhg: f32,
    /// Time of expiration in which the dead space empties [s].
    pub dead_space_s: f32,
    /// Time constant with which the lung empties [s].
    pub emptying_s: f32,
    /// Share of the inspiration after which the lung is full; the rest is held.
    pub rise_share: f32,
    /// Given by a ventilator.
    pub mandatory: bool,
}

impl Event for Breath {
    fn begins_ns(&self) -> i64 {
        self.start_ns
    }
}

impl Breath {
    /// Inflation at an instant, and how long the expiration has been over [s].
    pub(super) fn inflation(&self, time_ns: i64) -> (f64, f64) {
        let inspired_ns = time_ns - self.start_ns;
        if inspired_ns < self.inspiration_ns {
            let angle = std::f64::consts::PI * inspired_ns as f64 / self.inspiration_ns as f64;
            return (-libm::cos(angle), 0.0);
        }
        let expired_ns = inspired_ns - self.inspiration_ns;
        if expired_ns < self.expiration_ns {
            let angle = std::f64::consts::PI * expired_ns as f64 / self.expiration_ns as f64;
            return (libm::cos(angle), 0.0);
        }
        (-1.0, (expired_ns - self.expiration_ns) as f64 * 1e-9)
    }

    /// Lung volume above rest at an instant of this breath [L].
    pub(super) fn volume_l(&self, time_ns: i64) -> f32 {
        let since_ns = (time_ns - self.start_ns) as f64;
        let inspiration_ns = self.inspiration_ns as f64;
        if since_ns < inspiration_ns {
            self.inspired_l((since_ns / inspiration_ns) as f32)
        } else {
            self.expired_l(((since_ns - inspiration_ns) * 1e-9) as f32)
        }
    }

    /// Volume [L] when `share` (0 to 1) of the inspiration has passed.
    #[inline]
    fn inspired_l(&self, share: f32) -> f32 {
        let risen = share * (1.0 / self.rise_share);
        let risen = if risen < 1.0 { risen } else { 1.0 };
        self.residual_l + 0.5 * self.tidal_volume_l * (1.0 - cosine_of_turns(0.5 * risen))
    }

    /// Volume [L] when the expiration has lasted `seconds`.
    #[inline]
    fn expired_l(&self, seconds: f32) -> f32 {
        (self.residual_l + self.tidal_volume_l) * exp(-seconds * (1.0 / self.emptying_s))
    }

    /// Rise of carbon dioxide when alveolar gas arrives [s].
    #[inline]
    fn rise_s(&self) -> f32 {
        CAPNOGRAM_RISE_S * (self.emptying_s / EXPIRATION_S as f32)
    }

    /// Carbon dioxide at the mouth at an instant of this breath [mmHg].
    pub(super) fn carbon_dioxide_mmhg(&self, time_ns: i64) -> f32 {
        let since_ns = (time_ns - self.start_ns) as f64;
        let inspiration_ns = self.inspiration_ns as f64;
        if since_ns < inspiration_ns {
            self.inspired_mmhg((since_ns * 1e-9) as f32, &CapnogramShape::HEALTHY)
        } else {
            self.expired_mmhg(((since_ns - inspiration_ns) * 1e-9) as f32, &CapnogramShape::HEALTHY)
        }
    }

    /// Carbon dioxide [mmHg] when the inspiration has lasted `seconds`.
    #[inline]
    fn inspired_mmhg(&self, seconds: f32, shape: &CapnogramShape) -> f32 {
        let left = 1.0 - seconds * (1.0 / CAPNOGRAM_FALL_S);
        // What comes over is what the shape has left of the plateau.
        let carryover = self.carryover_mmhg * shape.plateau_factor(1.0);
        let level = carryover * if left > 0.0 { left } else { 0.0 };
        if level > shape.inspired_mmhg { level } else { shape.inspired_mmhg }
    }

    /// Carbon dioxide [mmHg] when the expiration has lasted `seconds`.
    #[inline]
    fn expired_mmhg(&self, seconds: f32, shape: &CapnogramShape) -> f32 {
        let expiration_s = self.expiration_ns as f32 * 1e-9;
        let alveolar_s = seconds - self.dead_space_s;
        let rise_s = self.rise_s() * (shape.rise_s / CAPNOGRAM_RISE_S);
        let rising = 1.0 - exp(-(if alveolar_s > 0.0 { alveolar_s } else { 0.0 }) * (1.0 / rise_s));
        let before_end_s = expiration_s - seconds;
        let sloping_s = if before_end_s < PLATEAU_SLOPES_S { before_end_s } else { PLATEAU_SLOPES_S };
        let plateau = self.etco2_mmhg - shape.slope_mmhg_s * if sloping_s > 0.0 { sloping_s } else { 0.0 };
        let pause_s = -before_end_s - CAPNOGRAM_PAUSE_S;
        let washout = exp(-(if pause_s > 0.0 { pause_s } else { 0.0 }) * (1.0 / CAPNOGRAM_WASHOUT_S));
        let level = plateau * rising * washout * shape.plateau_factor(seconds / expiration_s);
        if level > shape.inspired_mmhg { level } else { shape.inspired_mmhg }
    }
}

/// Adds `gain` times the lung volume above rest [L] to `out`, whose first element is sample `first` of the grid.
///
/// `breaths` must cover the samples; before the first breath the volume counts as 0.
pub fn add_lung_volume(breaths: &[Breath], grid: SampleGrid, first: u64, gain: f32, out: &mut [f32]) {
    grid.for_each_block(first, out, |block, chunk| {
        for_each_part(breaths, block, |part| {
            let breath = part.breath;
            let per_ns = if part.inspiring { 1.0 / breath.inspiration_ns as f64 } else { 1e-9 };
            let (start, slope) = ((part.page_ns as f64 * per_ns) as f32, per_ns as f32);
            let samples = block.offsets_ns()[part.samples.clone()].iter().zip(&mut chunk[part.samples]);
            if part.inspiring {
                for (&offset_ns, out) in samples {
                    *out += gain * breath.inspired_l(start + offset_ns as f32 * slope);
                }
            } else {
                for (&offset_ns, out) in samples {
                    *out += gain * breath.expired_l(start + offset_ns as f32 * slope);
                }
            }
        });
    });
}

/// Adds the carbon dioxide at the mouth [mmHg], as `shape` makes it, to `out`, whose first element is sample `first` of the grid.
///
/// A side-stream capnograph sees it 2 to 3 s later: move the origin of the grid back by its delay.
pub fn add_capnogram(breaths: &[Breath], shape: &CapnogramShape, grid: SampleGrid, first: u64, out: &mut [f32]) {
    grid.for_each_block(first, out, |block, chunk| {
        for_each_part(breaths, block, |part| {
            let breath = part.breath;
            let start_s = (part.page_ns as f64 * 1e-9) as f32;
            let samples = block.offsets_ns()[part.samples.clone()].iter().zip(&mut chunk[part.samples]);
            if part.inspiring {
                for (&offset_ns, out) in samples {
                    *out += breath.inspired_mmhg(start_s + offset_ns as f32 * 1e-9, shape);
                }
            } else {
                for (&offset_ns, out) in samples {
                    *out += breath.expired_mmhg(start_s + offset_ns as f32 * 1e-9, shape);
                }
            }
        });
    });
}

/// The inspiration or the expiration of a breath, as far as it falls into a block.
struct Part<'a> {
    breath: &'a Breath,
    inspiring: bool,
    /// Positions in the block.
    samples: Range<usize>,
    /// Time from the beginning of the part to the beginning of the page [ns].
    page_ns: i64,
}

fn for_each_part(breaths: &[Breath], block: &Block, mut visit: impl FnMut(Part<'_>)) {
    let begun = breaths.partition_point(|breath| breath.start_ns <= block.first_ns());
    for (position, breath) in breaths.iter().enumerate().skip(begun.saturating_sub(1)) {
        if breath.start_ns > block.last_ns() {
            break;
        }
        let end_ns = breaths.get(position + 1).map_or(i64::MAX, |next| next.start_ns);
        let turn_ns = (breath.start_ns + breath.inspiration_ns).min(end_ns);
        for (inspiring, from_ns, until_ns) in [(true, breath.start_ns, turn_ns), (false, turn_ns, end_ns)] {
            let samples = block.within(from_ns, until_ns);
            if !samples.is_empty() {
                visit(Part { breath, inspiring, samples, page_ns: block.page_ns - from_ns });
            }
        }
    }
}
