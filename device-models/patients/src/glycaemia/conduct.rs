//! What steps make of the conduct of a person with diabetes while they last.

use sim_core::{Evidence, OccurrenceId};

/// Boluses that are forgotten, meals that are misjudged, illnesses.
#[derive(Debug, Clone, Default)]
pub(super) struct Conduct {
    /// Occurrences during which boluses are forgotten.
    missing: Vec<OccurrenceId>,
    /// Occurrences during which carbohydrate is misjudged, with what is believed of each gram.
    misjudging: Vec<(OccurrenceId, f64)>,
    /// Illnesses with their severity.
    ill: Vec<(OccurrenceId, f64)>,
}

impl Conduct {
    /// What the person believes to eat [g], or nothing for a meal whose bolus is forgotten.
    pub(super) fn believed_g(&self, counted_g: f64, evidence: &mut Evidence) -> Option<f64> {
        if !self.missing.is_empty() {
            evidence.add_all(self.missing.iter().copied(), "boluses_missed", 1);
            return None;
        }
        evidence.add_all(self.misjudging.iter().map(|(occurrence, _)| *occurrence), "meals_misjudged", 1);
        Some(self.misjudging.iter().fold(counted_g, |grams, (_, factor)| grams * factor))
    }

    /// Forgets boluses from now on.
    pub(super) fn miss_from(&mut self, occurrence: OccurrenceId) {
        self.missing.push(occurrence);
    }

    /// Misjudges carbohydrate by this factor from now on.
    pub(super) fn misjudge_from(&mut self, occurrence: OccurrenceId, factor: f64) {
        self.misjudging.push((occurrence, factor));
    }

    /// Metabolic stress of the worst illness, 0 to 1.
    pub(super) fn illness(&self, evidence: &mut Evidence) -> f64 {
        evidence.add_all(self.ill.iter().map(|(occurrence, _)| *occurrence), "minutes_ill", 1);
        self.ill.iter().map(|(_, severity)| *severity).fold(0.0, f64::max)
    }

    /// Is ill from now on, with this severity (0 to 1).
    pub(super) fn fall_ill(&mut self, occurrence: OccurrenceId, severity: f64) {
        self.ill.push((occurrence, severity));
    }

    /// Whatever this occurrence makes of it is over.
    pub(super) fn recover_from(&mut self, occurrence: OccurrenceId) {
        self.missing.retain(|other| *other != occurrence);
        self.misjudging.retain(|(other, _)| *other != occurrence);
        self.ill.retain(|(other, _)| *other != occurrence);
    }
}
