//! What steps do to glucose while they last: lows and highs under way, and failing infusion sites.

use physiology::glucose::GlucoseDrive;
use sim_core::{Evidence, OccurrenceId};

/// A low or a high in progress.
#[derive(Debug, Clone)]
pub(super) struct Course {
    occurrence: OccurrenceId,
    drive: GlucoseDrive,
    /// Whether it ends by itself where it wanted to go.
    passes: bool,
}

impl Course {
    /// One that a step asks for; `passes` if it ends by itself where it wanted to go.
    pub(super) fn new(occurrence: OccurrenceId, drive: GlucoseDrive, passes: bool) -> Self {
        Self { occurrence, drive, passes }
    }

    pub(super) fn occurrence(&self) -> OccurrenceId {
        self.occurrence
    }

    /// Advances by one minute and returns the flux into the plasma [mg/kg/min].
    pub(super) fn advance(&mut self, plasma_mg_dl: f64, evidence: &mut Evidence) -> f64 {
        if self.passes && self.drive.has_arrived(plasma_mg_dl) {
            self.drive.release();
        }
        let flux_mg_kg_min = self.drive.advance_minute(plasma_mg_dl);
        evidence.add(self.occurrence, "minutes_acted", u64::from(flux_mg_kg_min != 0.0));
        flux_mg_kg_min
    }

    pub(super) fn is_over(&self) -> bool {
        self.drive.is_over()
    }
}

/// An infusion site that lets only part of the insulin through.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailingSite {
    pub(super) occurrence: OccurrenceId,
    /// Part that arrives, 0 to 1.
    pub(super) delivery: f64,
}
