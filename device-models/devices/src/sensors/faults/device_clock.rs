//! Faults of a device's clock: its messages carry wrong times. Sequences, and the instants at which messages are said,
//! are those of before.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, Clock, Draft, DurationRule, Edge, Evidence, Executor, Level, ParameterKind, ParameterSpec, SampleFate,
    SignalAct, Subject,
};
use vocabulary::Dimension;

use super::{FaultBoard, Term, end, term};

const NANOS_PER_MILLI: f64 = 1e6;

/// Largest offset that a step may ask for: ten years [ns].
const LONGEST_NS: f64 = 3.2e17;

/// What is wrong with a clock.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Error {
    /// Off by so much [ms].
    Offset(i64),
    /// Off by so much for each unit of time since the beginning.
    Rate(f64),
    /// Begins at the Unix epoch when the fault begins.
    Reset,
}

/// One fault of one clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockFault {
    pub(super) term: Term,
    error: Error,
}

impl ClockFault {
    /// Changes the times in a message that is said under the fault.
    pub(super) fn alter(&self, draft: &mut Draft<'_>, clock: &Clock, evidence: &mut Evidence) {
        let at = draft.head.intended;
        if !self.term.covers(at) {
            return;
        }
        let error_ms = match self.error {
            Error::Offset(offset_ms) => offset_ms,
            Error::Rate(rate) => libm::round(rate * (at - self.term.from).nanos() as f64 / NANOS_PER_MILLI) as i64,
            Error::Reset => -clock.epoch_ms(self.term.from),
        };
        draft.head.device_time_ms += error_ms;
        draft.waves.for_each(|head, _| {
            head.first_ms += error_ms;
            SampleFate::Kept
        });
        evidence.add(self.term.occurrence, "messages_changed", u64::from(error_ms != 0));
    }
}

fn place(world: &mut World, act: &SignalAct<'_>, error: Error) {
    let Subject::Device(device) = *act.subject else { return };
    let now = world.resource::<Clock>().now;
    let mut board = world.resource_mut::<FaultBoard>();
    let clocks = &mut board.0.entry(device).or_default().clocks;
    match act.edge {
        Edge::Begin => clocks.push(ClockFault { term: term(act), error }),
        Edge::Heal => end(clocks.iter_mut().map(|fault| &mut fault.term), act.id, now),
    }
}

fn offset_ms(act: &SignalAct<'_>, name: &str) -> i64 {
    libm::round(act.occurrence.arguments.number(name).unwrap_or_default() / NANOS_PER_MILLI) as i64
}

fn skew(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, Error::Offset(offset_ms(act, "offset")));
}

fn drift(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, Error::Rate(act.occurrence.arguments.number("ppm").unwrap_or(100.0) * 1e-6));
}

fn jump(world: &mut World, act: &SignalAct<'_>) {
    let reset = act.occurrence.arguments.flag("reset").unwrap_or(false);
    place(world, act, if reset { Error::Reset } else { Error::Offset(offset_ms(act, "by")) });
}

/// The `clock.*` actions.
pub(super) fn actions() -> [ActionSpec; 3] {
    let action = |name, about, act, parameters, stack_should| ActionSpec {
        name,
        about,
        level: Level::Device,
        executor: Executor::signal(act),
        parameters,
        duration: DurationRule::Optional,
        evidence: &["messages_changed"],
        heal: "the clock is set right",
        stack_should,
    };
    let time = |name, about| {
        ParameterSpec::optional(name, ParameterKind::Quantity(Dimension::Time), about).range(-LONGEST_NS, LONGEST_NS)
    };
    [
        action(
            "clock.skew",
            "the device's clock is off by a constant; the times in its messages are",
            skew,
            vec![time("offset", "how far ahead; negative: behind").default("5m")],
            "correct or flag the time; neither reorder nor drop silently",
        ),
        action(
            "clock.drift",
            "the device's clock runs fast or slow",
            drift,
            vec![
                ParameterSpec::optional("ppm", ParameterKind::Number, "parts per million fast; negative: slow")
                    .default("100")
                    .range(-100_000.0, 100_000.0),
            ],
            "correct or flag the time, bounded over days",
        ),
        action(
            "clock.jump",
            "the device's clock jumps, or begins at 1970 as after an empty battery",
            jump,
            vec![
                time("by", "how far forwards; negative: back").default("-1h"),
                ParameterSpec::optional("reset", ParameterKind::Flag, "begin at 1970-01-01 instead").default("false"),
            ],
            "quarantine the messages; never take an old one for the newest",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use sim_core::{Assembly, GRID, MessageHead, OccurrenceId, SimId, SimTime, WaveHead};
    use vocabulary::{Quality, metrics};

    use super::*;

    const START_EPOCH_NS: i64 = 1_767_225_600_000_000_000;

    /// Device time and time of the first sample of a message said at a second [ms since the scenario's start].
    fn told(error: Error, second: i64) -> (i64, i64) {
        let at = |second: i64| SimTime::from_nanos(second * 1_000_000_000);
        let term = Term { occurrence: OccurrenceId(0), from: at(100), to: at(200) };
        let clock = Clock { now: at(second), end: at(second) + GRID, start_epoch_ns: START_EPOCH_NS };
        let head = MessageHead {
            device: SimId(0),
            stream: 0,
            sequence: 0,
            intended: at(second),
            device_time_ms: clock.epoch_ms(at(second)),
        };
        let wave = WaveHead {
            metric: metrics::PLETH,
            first_ms: clock.epoch_ms(at(second - 1)),
            rate_mhz: 125_000,
            gain: 1.0,
            offset: 0.0,
            quality: Quality::Ok,
        };
        let mut assembly = Assembly::default();
        assembly.message(head).wave(wave, |samples, _| samples.resize(125, 0));
        let fault = ClockFault { term, error };
        assembly.alter(|mut draft| fault.alter(&mut draft, &clock, &mut Evidence::default()));
        let mut times = (0, 0);
        assembly.alter(|mut draft| {
            times.0 = draft.head.device_time_ms - clock.epoch_ms(SimTime::ZERO);
            draft.waves.for_each(|head, _| {
                times.1 = head.first_ms - clock.epoch_ms(SimTime::ZERO);
                SampleFate::Kept
            });
        });
        times
    }

    #[test]
    fn clocks_are_wrong_as_long_as_the_fault_lasts() {
        let offset = Error::Offset(-7_000);
        assert_eq!(told(offset, 99), (99_000, 98_000));
        assert_eq!(told(offset, 100), (93_000, 92_000));
        assert_eq!(told(offset, 199), (192_000, 191_000));
        assert_eq!(told(offset, 200), (200_000, 199_000));
        assert_eq!(told(Error::Rate(1e-3), 150), (150_050, 149_050));
        assert_eq!(told(Error::Rate(-1e-3), 150), (149_950, 148_950));
    }

    #[test]
    fn an_empty_battery_begins_at_the_epoch() {
        let start_ms = START_EPOCH_NS / 1_000_000;
        assert_eq!(told(Error::Reset, 100).0, -start_ms);
        assert_eq!(told(Error::Reset, 160).0, 60_000 - start_ms);
    }
}
