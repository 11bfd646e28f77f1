//! The rules in force on one link, as one.

use bytes::Bytes;
use sim_core::{Evidence, OccurrenceId};

use super::link_rule::{Closing, Dial, Direction, LinkRule, LinkState, Onset, Tally, Verdict};

/// Rules in the order in which they began.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    rules: Vec<(OccurrenceId, Box<dyn LinkRule>)>,
    /// Bytes already counted as held.
    held: usize,
}

/// What the rules together make of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// These bytes pass, at this instant or later.
    Passes { bytes: Bytes, not_before_ns: i64 },
    /// Nothing passes.
    Vanishes,
    /// Nothing passes, and the connection ends.
    Cut(Closing),
}

impl RuleSet {
    /// Puts a rule in force; tells what it does at once and what an attempt in progress meets.
    pub(crate) fn begin(
        &mut self,
        occurrence: OccurrenceId,
        mut rule: Box<dyn LinkRule>,
        state: LinkState,
        now_ns: i64,
        evidence: &mut Evidence,
    ) -> (Onset, Dial) {
        let mut tally = Tally { occurrence, evidence };
        let onset = rule.begin(state, &mut tally);
        let dial = if state == LinkState::Connecting { rule.on_connect(now_ns, &mut tally) } else { Dial::Pass };
        self.rules.push((occurrence, rule));
        (onset, dial)
    }

    /// Ends the rule of an occurrence; whether there was one.
    pub(crate) fn heal(&mut self, occurrence: OccurrenceId, evidence: &mut Evidence) -> bool {
        let Some(position) = self.rules.iter().position(|(other, _)| *other == occurrence) else { return false };
        let (_, mut rule) = self.rules.remove(position);
        rule.heal(&mut Tally { occurrence, evidence });
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What a new connection meets.
    pub(crate) fn dial(&mut self, now_ns: i64, evidence: &mut Evidence) -> Dial {
        let rules = self.rules.iter_mut();
        let answers =
            rules.map(|(occurrence, rule)| rule.on_connect(now_ns, &mut Tally { occurrence: *occurrence, evidence }));
        answers.max().unwrap_or(Dial::Pass)
    }

    /// Whether every byte of a direction waits.
    pub(crate) fn holds(&self, direction: Direction) -> bool {
        self.rules.iter().any(|(_, rule)| rule.holds(direction))
    }

    /// Counts the bytes that wait, each once.
    pub(crate) fn hold(&mut self, waiting: usize, evidence: &mut Evidence) {
        let more = waiting.saturating_sub(self.held) as u64;
        self.held = waiting;
        if more > 0 {
            for (occurrence, rule) in &mut self.rules {
                rule.held(more, &mut Tally { occurrence: *occurrence, evidence });
            }
        }
    }

    /// The connection is gone and with it the bytes it held.
    pub(crate) fn forget_held(&mut self) {
        self.held = 0;
    }

    /// Whether a rule wants to see frames.
    pub(crate) fn sees_frames(&self) -> bool {
        self.rules.iter().any(|(_, rule)| rule.sees_frames())
    }

    /// What becomes of a frame; a rule sees what the rules before it left of it.
    pub(crate) fn judge(
        &mut self,
        direction: Direction,
        frame: Bytes,
        now_ns: i64,
        evidence: &mut Evidence,
    ) -> Passage {
        let mut bytes = frame;
        let mut not_before_ns = now_ns;
        for (occurrence, rule) in self.rules.iter_mut().filter(|(_, rule)| rule.sees_frames()) {
            match rule.on_frame(direction, &bytes, now_ns, &mut Tally { occurrence: *occurrence, evidence }) {
                Verdict::Pass => {}
                Verdict::Drop => return Passage::Vanishes,
                Verdict::Alter(altered) => bytes = altered,
                Verdict::Delay { until_ns } => not_before_ns = not_before_ns.max(until_ns),
                Verdict::Cut(closing) => return Passage::Cut(closing),
            }
        }
        Passage::Passes { bytes, not_before_ns }
    }
}
