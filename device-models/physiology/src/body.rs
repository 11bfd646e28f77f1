//! One patient's truth put together: the core, its breaths, its beats and its pulses, stepped in their order.

use std::sync::OnceLock;

use sim_core::Key;

use super::breath_pattern::{BreathPattern, PatternAct};
use super::breathing::{BreathDrive, Breathing};
use super::capnogram::CapnogramShape;
use super::cardiorespiratory::Core;
use super::convulsion::{Convulsion, Convulsions};
use super::ecg::{EcgCondition, EcgMorphology};
use super::heart::{CardiacDrive, Heart};
use super::inputs::Ventilation;
use super::parameters::{Build, Parameters};
use super::pulse::{PulseSite, PulseTrain, Vasculature};
use super::rhythm::{Rhythm, RhythmKind};
use super::variability::Variability;
use super::{LOOKAHEAD_NS, WARM_UP_NS};

/// Swing of the stroke with spontaneous breathing, and with a ventilator at full and at half blood volume.
const SPONTANEOUS_SWING: f64 = -0.05;
const VENTILATED_SWING: f64 = 0.05;
const VENTILATED_SWING_EMPTY: f64 = 0.15;

/// Slowest rate from which intervals are computed [/min]; only a heart that does not beat is slower.
const SLOWEST_BPM: f64 = 15.0;

/// How a patient's heart beats and what its electrocardiogram shows all the time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeartCondition {
    /// Rhythm from the beginning on.
    pub rhythm: Rhythm,
    /// Lasting conditions of the electrocardiogram.
    pub ecg: EcgCondition,
}

impl Default for HeartCondition {
    fn default() -> Self {
        Self { rhythm: Rhythm::usual(RhythmKind::Sinus), ecg: EcgCondition::default() }
    }
}

/// A patient.
#[derive(Debug, Clone)]
pub struct Body {
    /// Circulation, breathing and gases; set its inputs to act on the patient.
    pub core: Core,
    key: Key,
    breath_pattern: BreathPattern,
    capnogram: CapnogramShape,
    steps: u64,
    variability: Variability,
    vasculature: Vasculature,
    /// Drawn when somebody looks at it.
    morphology: OnceLock<Box<EcgMorphology>>,
    ecg: EcgCondition,
    breathing: Breathing,
    heart: Heart,
    convulsions: Convulsions,
    trains: Vec<PulseTrain>,
    next_pulse: u64,
}

impl Body {
    /// A patient at rest at the scenario's start, with the pulses of `sites` and `reach_ns` of events kept for
    /// waveforms that are evaluated later than the present [ns].
    pub fn new(build: &Build, key: Key, sites: &[PulseSite], reach_ns: i64) -> Self {
        let parameters = Parameters::adult(build, key);
        let vasculature = Vasculature::adult(build, key);
        let variability = Variability::adult(build.age_years, key);
        Self::with(parameters, variability, vasculature, &HeartCondition::default(), key, sites, reach_ns)
    }

    /// A patient with given parameters. A rhythm that patients live in sets the resting heart rate if it has one.
    pub fn with(
        mut parameters: Parameters,
        variability: Variability,
        vasculature: Vasculature,
        heart: &HeartCondition,
        key: Key,
        sites: &[PulseSite],
        reach_ns: i64,
    ) -> Self {
        let trains = sites.iter().map(|&site| PulseTrain::new(key, site, vasculature, reach_ns)).collect();
        let rhythm = heart.rhythm;
        if let (Some(rate_bpm), true) = (rhythm.rate_bpm, rhythm.kind.is_chronic()) {
            parameters.heart_rate_bpm = rate_bpm;
        }
        let mut body = Self {
            core: Core::new(parameters),
            key,
            breath_pattern: BreathPattern::Regular,
            capnogram: CapnogramShape::HEALTHY,
            steps: 0,
            variability,
            vasculature,
            morphology: OnceLock::new(),
            ecg: heart.ecg,
            breathing: Breathing::new(key, reach_ns),
            heart: Heart::new(key, 60.0 / parameters.heart_rate_bpm, reach_ns),
            convulsions: Convulsions::default(),
            trains,
            next_pulse: 0,
        };
        body.set_rhythm(rhythm);
        for _ in 0..(WARM_UP_NS + LOOKAHEAD_NS) / super::GRID_NS {
            body.advance_events();
        }
        body
    }

    /// Advances by one grid step of 100 ms. Events are then decided up to [`LOOKAHEAD_NS`] after the new present.
    pub fn step(&mut self) {
        if self.breath_pattern != BreathPattern::Regular {
            let at_s = self.steps as f64 * super::GRID_NS as f64 * 1e-9;
            let rate_bpm = self.core.parameters().respiratory_rate_bpm;
            self.core.inputs.breath_pattern = self.breath_pattern.act(self.key, at_s, rate_bpm);
        }
        self.steps += 1;
        self.core.step();
        self.convulsions.step(self.core.inputs.convulsing);
        self.advance_events();
    }

    /// Goes over into a pattern of breathing.
    pub fn set_breath_pattern(&mut self, pattern: BreathPattern) {
        self.breath_pattern = pattern;
        if self.core.inputs.breath_pattern != PatternAct::NONE {
            self.core.inputs.breath_pattern = PatternAct::NONE;
        }
    }

    /// The pattern of breathing in force.
    pub fn breath_pattern(&self) -> BreathPattern {
        self.breath_pattern
    }

    /// Gives the patient airways that form the capnogram so.
    pub fn set_capnogram(&mut self, shape: CapnogramShape) {
        self.capnogram = shape;
    }

    /// Form that the airways give to the capnogram.
    pub fn capnogram(&self) -> &CapnogramShape {
        &self.capnogram
    }

    /// Goes over into a rhythm; the circulation follows it from the next step on, the beats as soon as undecided.
    pub fn set_rhythm(&mut self, rhythm: Rhythm) {
        self.heart.set_rhythm(rhythm);
        let (rate_bpm, ejection) = (rhythm.rate_bpm, rhythm.kind.ejection());
        let inputs = &mut self.core.inputs;
        if (inputs.ventricular_rate_bpm, inputs.ejection) != (rate_bpm, ejection) {
            (inputs.ventricular_rate_bpm, inputs.ejection) = (rate_bpm, ejection);
        }
    }

    fn advance_events(&mut self) {
        self.breathing.step(&self.breath_drive());
        let (mean_rr_s, sdnn_s) = self.intervals_s();
        if self.heart.passes(mean_rr_s, sdnn_s) {
            return;
        }
        self.heart.step(&self.cardiac_drive(mean_rr_s, sdnn_s), &self.breathing);
        if !self.trains.is_empty() {
            self.send_pulses();
        }
    }

    /// Sends the pulses of the beats that have just been decided.
    fn send_pulses(&mut self) {
        let dilation = self.dilation();
        let perfusion_percent = self.perfusion_index_percent();
        let pulse_damping = 1.0 - 0.35 * self.core.state().sympathetic.max(0.0);
        for beat in self.heart.beats_from(self.next_pulse) {
            self.next_pulse = beat.index + 1;
            if !beat.has_pulse() {
                continue;
            }
            let modulation_percent = perfusion_percent * f64::from(beat.stroke_scale) * pulse_damping.max(0.1);
            for train in &mut self.trains {
                train.push(beat, dilation, modulation_percent);
            }
        }
    }

    fn breath_drive(&self) -> BreathDrive {
        let vitals = self.core.vitals();
        BreathDrive {
            rate_bpm: vitals.respiratory_rate_bpm,
            tidal_volume_l: vitals.tidal_volume_l,
            dead_space_l: self.core.parameters().dead_space_l,
            emptying_s: self.core.parameters().emptying_s,
            etco2_mmhg: vitals.etco2_mmhg,
            inspired_share: self.core.inputs.breath_pattern.inspired_share,
            rise_share: self.core.inputs.breath_pattern.rise_share,
            mandatory: matches!(self.core.inputs.ventilation, Ventilation::Ventilator { .. }),
        }
    }

    /// Mean interval between beats now, and the standard deviation of those of the sinus node [s].
    fn intervals_s(&self) -> (f64, f64) {
        let rate_bpm = self.core.inputs.ventricular_rate_bpm.unwrap_or(self.core.vitals().heart_rate_bpm);
        let rate_bpm = rate_bpm.max(SLOWEST_BPM);
        let slowness = self.core.parameters().heart_rate_bpm / rate_bpm;
        // Variability falls with the power 1.5 of the heart rate (Sacha and Pluta, Int J Cardiol 2008, observe a
        // dependence of this kind).
        (60.0 / rate_bpm, self.variability.sdnn_s * slowness * libm::sqrt(slowness))
    }

    fn cardiac_drive(&self, mean_rr_s: f64, sdnn_s: f64) -> CardiacDrive {
        let vitals = self.core.vitals();
        let parameters = self.core.parameters();
        let rest_stroke_ml = 1_000.0 * parameters.cardiac_output_l_min / parameters.heart_rate_bpm;
        CardiacDrive {
            mean_rr_s,
            variability: Variability { sdnn_s, ..self.variability },
            respiratory_gain: (1.0 + self.core.state().vagal).max(0.0),
            map_mmhg: vitals.map_mmhg,
            pulse_pressure_mmhg: vitals.sbp_mmhg - vitals.dbp_mmhg,
            stroke_scale: vitals.stroke_volume_ml / rest_stroke_ml,
            respiratory_swing: self.respiratory_swing(),
        }
    }

    fn respiratory_swing(&self) -> f64 {
        match self.core.inputs.ventilation {
            Ventilation::Spontaneous | Ventilation::Apnoea => SPONTANEOUS_SWING,
            Ventilation::Ventilator { .. } => {
                let volume = self.core.state().blood_volume_l / self.core.parameters().blood_volume_l;
                let emptiness = (2.0 * (1.0 - volume)).clamp(0.0, 1.0);
                VENTILATED_SWING + (VENTILATED_SWING_EMPTY - VENTILATED_SWING) * emptiness
            }
        }
    }

    /// Dilation of the resistance vessels, 0 to 1: resistance at half its value at rest counts as 1.
    fn dilation(&self) -> f64 {
        let relative = self.core.vitals().systemic_resistance / self.core.parameters().systemic_resistance();
        (2.0 * (1.0 - relative)).clamp(0.0, 1.0)
    }

    /// Perfusion index of a finger [%]; sympathetic drive constricts the skin.
    pub fn perfusion_index_percent(&self) -> f64 {
        let constriction = 0.5 * self.core.state().sympathetic.max(0.0);
        self.vasculature.perfusion_index_percent * (1.0 - constriction).max(0.1)
    }

    /// The beat generator and its beats.
    pub fn heart(&self) -> &Heart {
        &self.heart
    }

    /// The shape of the electrocardiogram.
    pub fn morphology(&self) -> &EcgMorphology {
        self.morphology.get_or_init(|| Box::new(EcgMorphology::adult(self.key, &self.ecg)))
    }

    /// The breath generator and its breaths.
    pub fn breathing(&self) -> &Breathing {
        &self.breathing
    }

    /// The latest convulsions.
    pub fn convulsions(&self) -> &[Convulsion] {
        self.convulsions.latest()
    }

    /// The pulses at the sites asked for, in their order.
    pub fn pulse_trains(&self) -> &[PulseTrain] {
        &self.trains
    }
}

#[cfg(test)]
mod tests;
