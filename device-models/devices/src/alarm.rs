//! What a device says of an alarm: its condition, its priority (IEC 60601-1-8) and whether it begins or ends.

use sim_core::{Assembly, Clock};
use vocabulary::{MetricId, Reading, metrics};

use crate::device::Device;

/// A condition and the priority of its alarm.
pub(super) type Condition = (&'static str, &'static str);

/// An alarm begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AlarmEvent {
    pub(super) condition: &'static str,
    pub(super) priority: &'static str,
    pub(super) phase: &'static str,
}

impl AlarmEvent {
    /// The begin of an alarm.
    pub(super) const fn start((condition, priority): Condition) -> Self {
        Self { condition, priority, phase: "start" }
    }

    /// The end of an alarm.
    pub(super) const fn end((condition, priority): Condition) -> Self {
        Self { condition, priority, phase: "end" }
    }

    /// The begin or the end of an alarm.
    pub(super) const fn edge(condition: Condition, begins: bool) -> Self {
        if begins { Self::start(condition) } else { Self::end(condition) }
    }
}

/// Alarms that are on for as long as their conditions hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldAlarms<const N: usize> {
    on: [bool; N],
}

impl<const N: usize> Default for HeldAlarms<N> {
    fn default() -> Self {
        Self { on: [false; N] }
    }
}

impl<const N: usize> HeldAlarms<N> {
    /// Which alarms are on.
    pub(super) const fn on(&self) -> [bool; N] {
        self.on
    }

    /// Takes which conditions hold now; tells the alarms that begin or end.
    pub(super) fn look(&mut self, conditions: &[Condition; N], hold: [bool; N]) -> Vec<AlarmEvent> {
        let before = std::mem::replace(&mut self.on, hold);
        let changes = conditions.iter().zip(before).zip(hold).filter(|((_, before), holds)| before != holds);
        changes.map(|((condition, _), holds)| AlarmEvent::edge(*condition, holds)).collect()
    }
}

/// Metrics of an alarm's message.
pub(super) const METRICS: &[MetricId] = &[metrics::ALARM, metrics::ALARM_PRIORITY, metrics::ALARM_PHASE];

/// Says an alarm now, on the event stream at `kind_index` of the kind's list, if the scenario has it.
pub(super) fn say(event: AlarmEvent, kind_index: usize, device: &mut Device, clock: &Clock, assembly: &mut Assembly) {
    if let Some(due) = device.event(kind_index, clock.now) {
        device
            .say(&due, clock, assembly)
            .reading(Reading::code(metrics::ALARM, event.condition))
            .reading(Reading::code(metrics::ALARM_PRIORITY, event.priority))
            .reading(Reading::code(metrics::ALARM_PHASE, event.phase));
    }
}
