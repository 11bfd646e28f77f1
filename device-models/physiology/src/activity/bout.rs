//! One stretch of one behaviour.

use sim_core::{Key, Purpose, SimTime};

use super::behaviour::Behaviour;
use crate::Inputs;

const EFFORT: Purpose = Purpose::new("activity.effort");
const CADENCE: Purpose = Purpose::new("activity.cadence");

const NANOS: f64 = 1e9;

/// A stretch of one behaviour; all of its motion follows from these fields and its index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bout {
    /// Its number from the start of the simulation; what is drawn for it is keyed by this.
    pub index: u64,
    /// What is done.
    pub behaviour: Behaviour,
    /// When it begins.
    pub start: SimTime,
    /// When it ends.
    pub end: SimTime,
    /// Effort, 0 to 1 of twelve times the resting oxygen uptake.
    pub effort: f64,
    /// Steps or pedal strokes per second, 0 where the legs rest.
    pub cadence_hz: f64,
    /// Steps made before it begins.
    pub steps_before: u64,
    /// Whether it begins with a fall.
    pub falls: bool,
}

impl Bout {
    pub(super) fn new(key: Key, index: u64, behaviour: Behaviour, span: (SimTime, SimTime), steps_before: u64) -> Self {
        let spread =
            |(mean, deviation): (f64, f64), purpose| mean + deviation * key.normal(purpose, index).clamp(-2.5, 2.5);
        Self {
            index,
            behaviour,
            start: span.0,
            end: span.1,
            effort: spread(behaviour.effort(), EFFORT).max(0.0),
            cadence_hz: behaviour.cadence_hz().map_or(0.0, |cadence| spread(cadence, CADENCE)),
            steps_before,
            falls: false,
        }
    }

    /// Orthostatic shift, 0 lying, 0.5 sitting or moving, 1 standing.
    pub fn tilt(&self) -> f64 {
        self.behaviour.tilt()
    }

    /// Lets effort and posture act on a core.
    pub fn act_on(&self, inputs: &mut Inputs) {
        inputs.exercise = self.effort;
        inputs.tilt = self.tilt();
    }

    /// Cycles of the legs since the beginning.
    pub(super) fn cycles(&self, at: SimTime) -> f64 {
        self.cadence_hz * ((at - self.start).nanos() as f64 / NANOS)
    }

    /// Steps made up to an instant of the bout, counted from the start of the simulation.
    pub fn steps(&self, at: SimTime) -> u64 {
        if !self.behaviour.has_steps() {
            return self.steps_before;
        }
        let until = if at < self.end { at } else { self.end };
        self.steps_before + self.cycles(until).max(0.0) as u64
    }
}
