//! The begins and heals of a plan's steps, in order of time.

use sim_core::{Edge, Occurrence, OccurrenceId, SimTime};

/// One begin or heal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepEdge {
    pub(crate) at: SimTime,
    pub(crate) occurrence: OccurrenceId,
    pub(crate) edge: Edge,
}

/// Begins and heals that are still to come, latest first. At one instant heals come before begins.
#[derive(Debug)]
pub(crate) struct Timeline(Vec<StepEdge>);

impl Timeline {
    /// Of all occurrences of a plan.
    pub(crate) fn of(occurrences: &[Occurrence]) -> Self {
        let mut edges = Vec::new();
        for (index, occurrence) in occurrences.iter().enumerate() {
            let id = OccurrenceId(index as u32);
            edges.push(StepEdge { at: occurrence.start, occurrence: id, edge: Edge::Begin });
            edges.extend(occurrence.end.map(|at| StepEdge { at, occurrence: id, edge: Edge::Heal }));
        }
        edges.sort_by_key(|step| std::cmp::Reverse((step.at, step.edge == Edge::Begin, step.occurrence)));
        Self(edges)
    }

    /// The next begin or heal before `end`.
    pub(crate) fn next_before(&mut self, end: SimTime) -> Option<StepEdge> {
        self.0.pop_if(|step| step.at < end)
    }

    /// Heals of what has begun before `end` and would have lasted beyond.
    pub(crate) fn cut_short(
        self,
        begun_before: SimTime,
        occurrences: &[Occurrence],
    ) -> impl Iterator<Item = OccurrenceId> {
        let has_begun: Vec<bool> = occurrences.iter().map(|occurrence| occurrence.start < begun_before).collect();
        self.0
            .into_iter()
            .rev()
            .filter(move |step| step.edge == Edge::Heal && has_begun[step.occurrence.0 as usize])
            .map(|step| step.occurrence)
    }
}

#[cfg(test)]
mod tests {
    use sim_core::Arguments;

    use super::*;

    fn occurrence(start_s: i64, end_s: Option<i64>) -> Occurrence {
        let at = |seconds: i64| SimTime::from_nanos(seconds * 1_000_000_000);
        Occurrence {
            step: "s".to_owned(),
            repetition: 0,
            action: "net.cut".to_owned(),
            start: at(start_s),
            end: end_s.map(at),
            arguments: Arguments::default(),
            subjects: Vec::new(),
        }
    }

    #[test]
    fn heals_come_before_begins_and_what_lasts_is_cut_short() {
        let occurrences = [occurrence(1, Some(3)), occurrence(3, Some(9)), occurrence(8, Some(9)), occurrence(2, None)];
        let mut timeline = Timeline::of(&occurrences);
        let end = SimTime::from_nanos(5_000_000_000);
        let mut seen = Vec::new();
        while let Some(step) = timeline.next_before(end) {
            seen.push((step.at.nanos() / 1_000_000_000, step.occurrence.0, step.edge));
        }
        let expected = [(1, 0, Edge::Begin), (2, 3, Edge::Begin), (3, 0, Edge::Heal), (3, 1, Edge::Begin)];
        assert_eq!(seen, expected);
        assert_eq!(timeline.cut_short(end, &occurrences).collect::<Vec<_>>(), [OccurrenceId(1)]);
    }
}
