//! Battery charge of a device: falls linearly from a drawn level over a drawn runtime.

use sim_core::{Key, Purpose, SimTime};

const CHARGE: Purpose = Purpose::new("battery.charge");

/// Runtime of a full charge [h]; patches and pumps are specified between one day and three.
const SHORTEST_RUNTIME_H: f64 = 24.0;
const LONGEST_RUNTIME_H: f64 = 72.0;

/// A battery that is not charged during the run.
#[derive(Debug, Clone, Copy)]
pub struct Battery {
    charge_percent: f64,
    drain_percent_h: f64,
}

impl Battery {
    /// A battery somewhere between 60 and 100 % at the start.
    pub fn new(key: Key) -> Self {
        let runtime_h = SHORTEST_RUNTIME_H + key.uniform(CHARGE, 1) * (LONGEST_RUNTIME_H - SHORTEST_RUNTIME_H);
        Self { charge_percent: 60.0 + 40.0 * key.uniform(CHARGE, 0), drain_percent_h: 100.0 / runtime_h }
    }

    /// Charge at an instant [%], never below 1: a device that says anything still has power.
    pub fn percent(&self, at: SimTime) -> f64 {
        (self.charge_percent - self.drain_percent_h * at.seconds() / 3600.0).max(1.0)
    }
}
