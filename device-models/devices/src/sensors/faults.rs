//! Faults of sensors: what a step makes of the values that a device would have said.
//!
//! Faults act on the messages that devices have put together ([`Phase::Fault`]), so every device has them without code
//! of its own, and a device without faults pays for one look at an empty list. A fault changes numbers and samples
//! whose instants lie within it. What is drawn is keyed by the fault, the metric and the sample (for a number by the
//! sequence of its message). A device's own alarms and displays do not see these faults: they lie behind them.

mod actions;
mod amplitude;
mod device_clock;
mod dropout;
mod effect;
mod episodes;
pub(crate) mod foresight;
mod motion;
mod noise;
mod offset;
mod spike;
mod stuck;

use std::collections::BTreeMap;

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, Draft, Evidence, Key, OccurrenceId, Participants, Phase, Registry, SampleFate, SignalAct, SimId,
    SimTime, Span, SystemSpec,
};
use vocabulary::{MetricId, Quality, Value, metrics};

use self::device_clock::ClockFault;
use self::effect::{Effect, Made, Moment};
use physiology::SampleGrid;

/// How long a healed fault is remembered: the longest chunk that may still reach back into it.
const MEMORY: Span = Span::from_secs(11);

/// Faults of every device that has or lately had some.
#[derive(Debug, Default, Resource)]
pub struct FaultBoard(BTreeMap<SimId, DeviceFaults>);

#[derive(Debug, Default)]
struct DeviceFaults {
    values: Vec<Fault>,
    clocks: Vec<ClockFault>,
}

/// When a fault acts, and for whom its evidence counts.
#[derive(Debug, Clone, Copy)]
struct Term {
    occurrence: OccurrenceId,
    from: SimTime,
    to: SimTime,
}

impl Term {
    fn covers(&self, at: SimTime) -> bool {
        self.from <= at && at < self.to
    }
}

/// What a device can show of a value: no sensor, however wrong, takes it beyond the range of its metric.
fn shown(metric: MetricId, value: f64) -> f64 {
    metric.metric().device_range.map_or(value, |(lowest, highest)| value.clamp(lowest, highest))
}

/// One fault of one device.
#[derive(Debug)]
struct Fault {
    term: Term,
    /// Metrics concerned; without a list all but the battery.
    metrics: Option<Vec<MetricId>>,
    seed: u64,
    /// Path of the draws, before the metric.
    path: String,
    keys: BTreeMap<MetricId, Key>,
    /// Instant of the last message of each stream under this fault.
    heard: BTreeMap<u16, SimTime>,
    effect: Box<dyn Effect>,
}

impl Fault {
    fn concerns(&self, metric: MetricId) -> bool {
        self.metrics.as_ref().map_or(metric != metrics::BATTERY, |metrics| metrics.contains(&metric))
    }

    fn key(&mut self, metric: MetricId) -> Key {
        let (seed, path) = (self.seed, &self.path);
        *self.keys.entry(metric).or_insert_with(|| Key::new(seed, &format!("{path}/{}", metric.metric().id)))
    }

    fn alter(&mut self, draft: &mut Draft<'_>, evidence: &mut Evidence) {
        let intended = draft.head.intended;
        if let Some((first, second)) = self.effect.exchanged() {
            self.exchange(draft, (first, second), evidence);
            return;
        }
        if self.term.covers(intended) {
            self.alter_readings(draft, evidence);
        }
        self.alter_waves(draft, evidence);
        self.heard.insert(draft.head.stream, intended);
    }

    fn alter_readings(&mut self, draft: &mut Draft<'_>, evidence: &mut Evidence) {
        let (at, index) = (draft.head.intended, draft.head.sequence);
        let after = self.heard.get(&draft.head.stream).copied().unwrap_or(self.term.from);
        let mut changed = 0;
        for reading in &mut *draft.readings {
            let Value::Number(value) = reading.value else { continue };
            if !self.concerns(reading.metric) {
                continue;
            }
            let (metric, key) = (reading.metric, self.key(reading.metric));
            let moment = Moment { metric, key, at, index, after: Some(after), since: at - self.term.from };
            let before = *reading;
            match self.effect.make(&moment, value) {
                Made::Value(made) => {
                    let shown = shown(metric, made);
                    reading.value = Value::Number(shown);
                    // A device that is at the end of its range says so.
                    if shown.to_bits() != made.to_bits() {
                        reading.quality = Quality::Questionable;
                    }
                }
                Made::OtherUnit(made) => reading.value = Value::Number(made),
                Made::Doubtful(made) => {
                    (reading.value, reading.quality) = (Value::Number(shown(metric, made)), Quality::Questionable);
                }
                Made::Nothing(quality) => (reading.value, reading.quality) = (Value::Missing, quality),
            }
            changed += u64::from(*reading != before);
        }
        evidence.add(self.term.occurrence, "readings_changed", changed);
    }

    fn alter_waves(&mut self, draft: &mut Draft<'_>, evidence: &mut Evidence) {
        let intended = draft.head.intended;
        let mut changed = 0;
        draft.waves.for_each(|head, samples| {
            if !self.concerns(head.metric) || samples.is_empty() {
                return SampleFate::Kept;
            }
            let (metric, key) = (head.metric, self.key(head.metric));
            // A chunk ends at the instant of its message.
            let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: head.rate_mhz };
            let end = grid.samples_before(intended);
            let first = end.saturating_sub(samples.len() as u64);
            for (index, sample) in (first..).zip(&mut *samples) {
                let at = grid.instant(index);
                if !self.term.covers(at) {
                    continue;
                }
                let moment = Moment { metric, key, at, index, after: None, since: at - self.term.from };
                let value = head.offset + head.gain * f64::from(*sample);
                let made = match self.effect.make(&moment, value) {
                    Made::Value(made) | Made::OtherUnit(made) => made,
                    Made::Doubtful(made) => {
                        head.quality = Quality::Questionable;
                        made
                    }
                    Made::Nothing(quality) => {
                        head.quality = quality;
                        changed += samples.len() as u64;
                        return SampleFate::Lost;
                    }
                };
                let count = libm::round((made - head.offset) / head.gain);
                let count = count.clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16;
                changed += u64::from(count != *sample);
                *sample = count;
            }
            SampleFate::Kept
        });
        evidence.add(self.term.occurrence, "samples_changed", changed);
    }

    /// Exchanges two metrics of a message.
    fn exchange(&self, draft: &mut Draft<'_>, pair: (MetricId, MetricId), evidence: &mut Evidence) {
        if !self.term.covers(draft.head.intended) {
            return;
        }
        let other = |metric: MetricId| match metric {
            metric if metric == pair.0 => Some(pair.1),
            metric if metric == pair.1 => Some(pair.0),
            _ => None,
        };
        let mut readings = 0;
        for reading in &mut *draft.readings {
            if let Some(metric) = other(reading.metric) {
                reading.metric = metric;
                readings += 1;
            }
        }
        let mut samples_changed = 0;
        draft.waves.for_each(|head, samples| {
            if let Some(metric) = other(head.metric) {
                head.metric = metric;
                samples_changed += samples.len() as u64;
            }
            SampleFate::Kept
        });
        evidence.add(self.term.occurrence, "readings_changed", readings);
        evidence.add(self.term.occurrence, "samples_changed", samples_changed);
    }
}

/// Puts a fault on the device of a step, or ends it.
fn place(world: &mut World, act: &SignalAct<'_>, make: impl FnOnce(&Placing<'_>) -> Box<dyn Effect>) {
    let sim_core::Subject::Device(device) = *act.subject else { return };
    let now = world.resource::<Clock>().now;
    let Participants(roster) = world.resource::<Participants>().clone();
    let plan = &roster.devices[device.index()];
    let patient = &roster.patients[plan.patient.index()];
    let mut board = world.resource_mut::<FaultBoard>();
    let faults = &mut board.0.entry(device).or_default().values;
    if act.edge == sim_core::Edge::Heal {
        end(faults.iter_mut().map(|fault| &mut fault.term), act.id, now);
        return;
    }
    let occurrence = act.occurrence;
    let own = |path: &str| format!("{path}/{}/{}", occurrence.step, occurrence.repetition);
    let path = own(&plan.path);
    let placing = Placing {
        arguments: &occurrence.arguments,
        from: occurrence.start,
        key: Key::new(roster.seed, &path),
        shared_key: Key::new(roster.seed, &own(&patient.path)),
    };
    // A name that is no metric concerns nothing, and the step is without evidence.
    let metrics = occurrence.arguments.texts("metrics");
    let effect = make(&placing);
    let mut term = term(act);
    term.to = effect.over_at().map_or(term.to, |over| over.min(term.to));
    faults.push(Fault {
        term,
        metrics: metrics.map(|names| names.iter().filter_map(|name| MetricId::find(name)).collect()),
        seed: roster.seed,
        path,
        keys: BTreeMap::new(),
        heard: BTreeMap::new(),
        effect,
    });
}

/// What an effect is made of.
struct Placing<'a> {
    arguments: &'a sim_core::Arguments,
    from: SimTime,
    /// Key of the fault on this device.
    key: Key,
    /// Key of the fault on all devices of the patient.
    shared_key: Key,
}

fn term(act: &SignalAct<'_>) -> Term {
    let to = act.occurrence.end.unwrap_or(SimTime::from_nanos(i64::MAX));
    Term { occurrence: act.id, from: act.occurrence.start, to }
}

fn end<'a>(terms: impl Iterator<Item = &'a mut Term>, occurrence: OccurrenceId, now: SimTime) {
    for term in terms.filter(|term| term.occurrence == occurrence) {
        term.to = term.to.min(now);
    }
}

/// Alters what faulty devices say in this grid step.
fn act_faults(
    clock: Res<Clock>,
    mut board: ResMut<FaultBoard>,
    mut assembly: ResMut<Assembly>,
    mut evidence: ResMut<Evidence>,
) {
    if board.0.is_empty() {
        return;
    }
    assembly.alter(|mut draft| {
        let Some(faults) = board.0.get_mut(&draft.head.device) else { return };
        for fault in &mut faults.values {
            fault.alter(&mut draft, &mut evidence);
        }
        for fault in &faults.clocks {
            fault.alter(&mut draft, &clock, &mut evidence);
        }
    });
    let oldest = clock.now - MEMORY;
    board.0.retain(|_, faults| {
        faults.values.retain(|fault| fault.term.to > oldest);
        faults.clocks.retain(|fault| fault.term.to > oldest);
        !(faults.values.is_empty() && faults.clocks.is_empty())
    });
}

/// Adds the `sensor.*` faults of values and the `clock.*` faults.
pub fn register(registry: &mut Registry) {
    registry.add_resource(|world| world.insert_resource(FaultBoard::default()));
    registry.extend(actions::actions());
    registry.extend(device_clock::actions());
    registry.extend(foresight::checks());
    registry.schedule(SystemSpec::new(Phase::Fault, act_faults).of_actions(&["sensor.", "clock."]).rests());
}

#[cfg(test)]
mod tests;
