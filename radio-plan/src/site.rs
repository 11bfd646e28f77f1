//! Places with a medium of their own.

use std::ops::Range;

/// A place with one shared Bluetooth medium: a ward, or the home of one patient.
#[derive(Debug, Clone, PartialEq)]
pub struct SitePlan {
    /// Its name: the key of the medium's draws.
    pub id: String,
    /// The patients whose devices are there; contiguous, and one of [`sim_core::Roster::components`].
    pub patients: Range<usize>,
    /// Path loss exponent: 2.0 line of sight, 2.7 an open ward, 3.3 rooms.
    pub path_loss_exponent: f64,
    /// Standard deviation of the shadowing [dB].
    pub shadowing_db: f64,
}

/// A place in a site [m]: east, north, up.
pub type Place = [f64; 3];
