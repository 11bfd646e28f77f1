//! Pulses in the arteries and at the skin: arrival, height, and the curves that follow from them.
//!
//! A pulse begins (its foot) one pulse arrival time after the R wave: the pre-ejection period plus the path over the
//! pulse wave velocity, which rises with pressure (Moens and Korteweg, with Hughes' exponential stiffness). Whatever
//! a pulse looks like is fixed when its beat is decided; if the next one comes late, the level runs off, and if it
//! comes early, it starts from the level reached.

use sim_core::{Key, Purpose};

use super::LOOKAHEAD_NS;
use super::beat::Beat;
use super::elementary::exp;
use super::history::{Event, History};
use super::parameters::Build;
use super::pulse_shape::{PulseShape, VesselTone};
use super::samples::SampleGrid;

/// Where a pulse is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PulseSite {
    /// Pressure in a radial artery.
    RadialArtery,
    /// Volume in a finger.
    Finger,
    /// Volume in an ear lobe.
    Ear,
    /// Volume in a toe.
    Toe,
}

impl PulseSite {
    /// Path from the heart in body heights.
    fn path_heights(self) -> f64 {
        match self {
            Self::RadialArtery => 0.45,
            Self::Finger => 0.55,
            Self::Ear => 0.35,
            Self::Toe => 0.95,
        }
    }

    fn purpose(self) -> Purpose {
        match self {
            Self::RadialArtery => Purpose::new("pulse.radial"),
            Self::Finger => Purpose::new("pulse.finger"),
            Self::Ear => Purpose::new("pulse.ear"),
            Self::Toe => Purpose::new("pulse.toe"),
        }
    }
}

/// Spread of the arrival from beat to beat [s].
const ARRIVAL_SPREAD_S: f64 = 0.004;

/// Rise of the pulse wave velocity with pressure [1/mmHg] (Hughes: E = E0 exp(0.017 P), velocity as its root).
const STIFFENING_PER_MMHG: f64 = 0.0085;

/// Arterial pressure towards which the arteries run off when no pulse comes [mmHg]: their critical closing pressure,
/// 24 mmHg in patients during induced fibrillation (Kottenberg-Assenmacher et al., Anesthesiology 2009).
const CLOSING_MMHG: f32 = 24.0;

/// Time constant of that run-off [s].
const RUNOFF_S: f64 = 0.6;

/// Pulses follow one another by at least this [ns].
const CLOSEST_NS: i64 = 50_000_000;

/// One pulse at one site.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pulse {
    /// Number of the beat that sent it.
    pub beat: u64,
    /// Beginning of its upstroke [ns since the scenario's start].
    pub foot_ns: i64,
    /// Duration that its shape spans [ns].
    pub period_ns: i64,
    /// Level between pulses: diastolic pressure [mmHg], or 0 for a volume pulse.
    pub base: f32,
    /// Height above the base: pulse pressure [mmHg], or the modulation of light [%].
    pub height: f32,
    /// Level at the foot, reached by the pulse before.
    pub entry: f32,
    /// Share of the period in which that level is forgotten.
    entry_share: f32,
    /// Level towards which the curve runs off after the period.
    rest: f32,
    shape: PulseShape,
}

impl Event for Pulse {
    fn begins_ns(&self) -> i64 {
        self.foot_ns
    }
}

/// The arteries of one patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vasculature {
    height_m: f64,
    /// Pulse wave velocity at 90 mmHg [m/s].
    velocity_m_s: f64,
    /// Stiffness of the arteries, 0 (young) to 1 (old).
    pub stiffness: f32,
    /// Perfusion index of a warm finger [%].
    pub perfusion_index_percent: f64,
}

impl Vasculature {
    /// Arteries of an adult: velocity grows with age; perfusion indices of fingers scatter around 1.5 %.
    pub fn adult(build: &Build, key: Key) -> Self {
        let perfusion_index_percent = key.log_normal(Purpose::new("patient.perfusion_index"), 0, 1.5, 0.7);
        Self {
            height_m: build.height_cm / 100.0,
            velocity_m_s: 5.5 + 0.06 * (build.age_years - 20.0).max(0.0),
            stiffness: ((build.age_years - 40.0) / 40.0).clamp(0.0, 1.0) as f32,
            perfusion_index_percent: perfusion_index_percent.clamp(0.2, 10.0),
        }
    }

    /// Pulse arrival time at a site [s], at a mean arterial pressure [mmHg] and a heart rate [/min].
    pub fn arrival_s(&self, site: PulseSite, map_mmhg: f64, heart_rate_bpm: f64) -> f64 {
        let pre_ejection_s = (0.100 - 0.0004 * (heart_rate_bpm - 60.0)).clamp(0.05, 0.13);
        let velocity_m_s = self.velocity_m_s * libm::exp(STIFFENING_PER_MMHG * (map_mmhg - 90.0));
        pre_ejection_s + site.path_heights() * self.height_m / velocity_m_s
    }
}

/// The pulses at one site of one patient.
#[derive(Debug, Clone)]
pub struct PulseTrain {
    key: Key,
    site: PulseSite,
    vasculature: Vasculature,
    dilation: f32,
    shape: PulseShape,
    pulses: History<Pulse>,
}

/// The shape is computed anew only when the dilation has moved by this much.
const DILATION_STEP: f64 = 1.0 / 32.0;

impl PulseTrain {
    /// No pulse yet; keeps `reach_ns` of pulses.
    pub fn new(key: Key, site: PulseSite, vasculature: Vasculature, reach_ns: i64) -> Self {
        let shape = shape(site, VesselTone { stiffness: vasculature.stiffness, dilation: 0.0 });
        let pulses = History::new(reach_ns + LOOKAHEAD_NS + MOST_AHEAD_NS);
        Self { key, site, vasculature, dilation: 0.0, shape, pulses }
    }

    /// Adds the pulse of a beat. `dilation` of the resistance vessels is 0 to 1; `modulation_percent` is the height of
    /// a volume pulse [%] and without meaning in an artery.
    pub fn push(&mut self, beat: &Beat, dilation: f64, modulation_percent: f64) {
        let dilation = (libm::round(dilation.clamp(0.0, 1.0) / DILATION_STEP) * DILATION_STEP) as f32;
        if dilation.to_bits() != self.dilation.to_bits() {
            self.dilation = dilation;
            self.shape = shape(self.site, VesselTone { stiffness: self.vasculature.stiffness, dilation });
        }
        let heart_rate_bpm = 60e9 / beat.cycle_ns as f64;
        let jitter_s = ARRIVAL_SPREAD_S * self.key.normal(self.site.purpose(), beat.index).clamp(-3.0, 3.0);
        let arrival_s = self.vasculature.arrival_s(self.site, f64::from(beat.map_mmhg), heart_rate_bpm) + jitter_s;
        let arrival_ns = ((arrival_s * 1e9) as i64).min(MOST_AHEAD_NS);
        let earliest_ns = self.pulses.newest().map_or(i64::MIN, |pulse| pulse.foot_ns + CLOSEST_NS);
        let foot_ns = (beat.r_ns + arrival_ns).max(earliest_ns);
        let (base, height, rest) = match self.site {
            PulseSite::RadialArtery => (beat.dbp_mmhg, beat.sbp_mmhg - beat.dbp_mmhg, CLOSING_MMHG.min(beat.dbp_mmhg)),
            PulseSite::Finger | PulseSite::Ear | PulseSite::Toe => (0.0, modulation_percent as f32, 0.0),
        };
        let entry = self.pulses.newest().map_or(base, |pulse| pulse.level(foot_ns));
        self.pulses.push(Pulse {
            beat: beat.index,
            foot_ns,
            period_ns: beat.cycle_ns,
            base,
            height,
            entry,
            entry_share: PulseShape::entry_share((entry - base) / height.max(f32::MIN_POSITIVE)),
            rest,
            shape: self.shape,
        });
    }

    /// The pulses known so far, oldest first.
    pub fn pulses(&self) -> &[Pulse] {
        self.pulses.as_slice()
    }
}

/// No pulse arrives later than this after its R wave [ns].
const MOST_AHEAD_NS: i64 = 1_000_000_000;

fn shape(site: PulseSite, tone: VesselTone) -> PulseShape {
    match site {
        PulseSite::RadialArtery => PulseShape::arterial(tone),
        PulseSite::Finger | PulseSite::Ear | PulseSite::Toe => PulseShape::peripheral(tone),
    }
}

impl Pulse {
    /// Level at an instant at or after the foot and before the next pulse.
    fn level(&self, time_ns: i64) -> f32 {
        let share = (time_ns - self.foot_ns) as f64 / self.period_ns as f64;
        if share < 1.0 { self.beating(share as f32) } else { self.running_off(((share - 1.0) * self.runoffs()) as f32) }
    }

    /// Level at the share `u` (0 to 1) of the period.
    #[inline]
    fn beating(&self, u: f32) -> f32 {
        self.base
            + self.height * self.shape.at(u)
            + (self.entry - self.base) * PulseShape::entry_weight(u, self.entry_share)
    }

    /// Level when `runoffs` time constants have passed since the period; it leaves the base without a kink.
    #[inline]
    fn running_off(&self, runoffs: f32) -> f32 {
        self.rest + (self.base - self.rest) * (1.0 + runoffs) * exp(-runoffs)
    }

    /// Run-off time constants per period.
    fn runoffs(&self) -> f64 {
        self.period_ns as f64 * 1e-9 / RUNOFF_S
    }
}

/// Adds `gain` times the curve of a pulse train to `out`, whose first element is sample `first` of the grid.
///
/// In an artery the curve is the pressure [mmHg], elsewhere the modulation of light [%]. Before the first pulse it is 0.
pub fn add_pulse_wave(pulses: &[Pulse], grid: SampleGrid, first: u64, gain: f32, out: &mut [f32]) {
    grid.for_each_block(first, out, |block, chunk| {
        let begun = pulses.partition_point(|pulse| pulse.foot_ns <= block.first_ns());
        for (position, pulse) in pulses.iter().enumerate().skip(begun.saturating_sub(1)) {
            if pulse.foot_ns > block.last_ns() {
                break;
            }
            let end_ns = pulses.get(position + 1).map_or(i64::MAX, |next| next.foot_ns);
            let turn_ns = (pulse.foot_ns + pulse.period_ns).min(end_ns);
            let per_ns = 1.0 / pulse.period_ns as f64;
            let page_share = (block.page_ns - pulse.foot_ns) as f64 * per_ns;

            let beating = block.within(pulse.foot_ns, turn_ns);
            let samples = block.offsets_ns()[beating.clone()].iter().zip(&mut chunk[beating]);
            let (start, slope) = (page_share as f32, per_ns as f32);
            for (&offset_ns, out) in samples {
                *out += gain * pulse.beating(start + offset_ns as f32 * slope);
            }
            let running_off = block.within(turn_ns, end_ns);
            let samples = block.offsets_ns()[running_off.clone()].iter().zip(&mut chunk[running_off]);
            let runoffs = pulse.runoffs();
            let (start, slope) = (((page_share - 1.0) * runoffs) as f32, (per_ns * runoffs) as f32);
            for (&offset_ns, out) in samples {
                *out += gain * pulse.running_off(start + offset_ns as f32 * slope);
            }
        }
    });
}

#[cfg(test)]
mod tests;
