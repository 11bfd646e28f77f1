//! What a device says of an alarm: its condition, its priority (IEC 60601-1-8) and whether it begins or ends.

use sim_core::MessageBuilder;
use vocabulary::{MetricId, Reading, metrics};

use crate::device::EventStream;

/// A condition and the priority of its alarm.
pub type Condition = (&'static str, &'static str);

/// An alarm begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmEvent {
    /// What is wrong.
    pub condition: &'static str,
    /// How urgent it is: `high`, `medium`, `low`.
    pub priority: &'static str,
    /// `start` or `end`.
    pub phase: &'static str,
}

impl AlarmEvent {
    /// The begin of an alarm.
    pub const fn start((condition, priority): Condition) -> Self {
        Self { condition, priority, phase: "start" }
    }

    /// The end of an alarm.
    pub const fn end((condition, priority): Condition) -> Self {
        Self { condition, priority, phase: "end" }
    }

    /// The begin or the end of an alarm.
    pub const fn edge(condition: Condition, begins: bool) -> Self {
        if begins { Self::start(condition) } else { Self::end(condition) }
    }

    /// Writes it into a message.
    pub(crate) fn write(self, message: &mut MessageBuilder<'_>) {
        message
            .reading(Reading::code(metrics::ALARM, self.condition))
            .reading(Reading::code(metrics::ALARM_PRIORITY, self.priority))
            .reading(Reading::code(metrics::ALARM_PHASE, self.phase));
    }
}

/// Alarms that are on for as long as their conditions hold.
#[derive(Debug, Clone, Copy)]
pub struct HeldAlarms<const N: usize> {
    on: [bool; N],
}

impl<const N: usize> Default for HeldAlarms<N> {
    fn default() -> Self {
        Self { on: [false; N] }
    }
}

impl<const N: usize> HeldAlarms<N> {
    /// Which alarms are on.
    pub const fn on(&self) -> [bool; N] {
        self.on
    }

    /// Takes which conditions hold now; tells the alarms that begin or end.
    pub fn look(&mut self, conditions: &[Condition; N], hold: [bool; N]) -> Vec<AlarmEvent> {
        let before = std::mem::replace(&mut self.on, hold);
        let changes = conditions.iter().zip(before).zip(hold).filter(|((_, before), holds)| before != holds);
        changes.map(|((condition, _), holds)| AlarmEvent::edge(*condition, holds)).collect()
    }
}

/// The event stream of alarms.
pub const STREAM: EventStream = EventStream("alarm");

/// Metrics of an alarm's message.
pub const METRICS: [MetricId; 3] = [metrics::ALARM, metrics::ALARM_PRIORITY, metrics::ALARM_PHASE];
