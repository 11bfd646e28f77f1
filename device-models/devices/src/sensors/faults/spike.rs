//! Single values far off.

use sim_core::Purpose;

use super::effect::{Effect, Made, Moment};
use super::episodes::Episodes;

const SIGN: Purpose = Purpose::new("fault.spike");

/// Impulses at random instants: all samples of an impulse, or the first number after it, are off by the amplitude, up
/// or down.
#[derive(Debug)]
pub(super) struct Spikes {
    pub(super) impulses: Episodes,
    pub(super) amplitude: f64,
}

impl Effect for Spikes {
    fn make(&mut self, moment: &Moment, value: f64) -> Made {
        let impulse = match moment.after {
            Some(after) => self.impulses.begins_within(after, moment.at),
            None => self.impulses.at(moment.at).map(|(number, ..)| number),
        };
        Made::Value(impulse.map_or(value, |number| {
            let sign = if moment.key.uniform(SIGN, number) < 0.5 { -1.0 } else { 1.0 };
            value + sign * self.amplitude
        }))
    }
}
