//! The active person: a day of bouts whose effort, posture and sleep act on the circulation and on sensors.
//!
//! Only patients whose scenario asks for it, and those who wear a wristband, have a [`Activity`]; to the others it
//! costs nothing. A day goes by the clock of the patient's zone.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, Annotation, Arguments, Clock, DevicePlan, DurationRule, Edge, Evidence, Executor, GRID, Key, Level,
    LocalClock, Owner, ParameterKind, ParameterSpec, Registry, SignalAct, SimId, SimTime, Span,
};
use vocabulary::Dimension;

use crate::causes::label_step;
use crate::glycaemia::Glycaemia;
use crate::medication::Medication;
use crate::{Physiology, can_act};
use physiology::activity::{Behaviour, Bout, Day, Habits};
use physiology::{Inputs, circadian_swing};

/// Kind of the device that somebody wears who has a day although the scenario does not say which.
pub const WRISTBAND: &str = "wearable";

/// Words for how a person lives.
pub const WORDS: &[&str] = &["none", "sedentary", "usual", "active"];

/// Lag of falling asleep and waking up [s].
const SLEEP_LAG_S: f64 = 120.0;

/// How often somebody is looked at who may no longer be able to act, and how long who is not lies at least.
const LOOKED_EVERY: Span = Span::from_secs(1);
const HELPLESS_FOR: Span = Span::from_secs(30);

/// The daily rhythm is set anew so often.
const RHYTHM_EVERY_NS: i64 = 60_000_000_000;

/// What a patient does all day.
#[derive(Debug, Clone, Component)]
pub struct Activity {
    day: Day,
    /// 0 awake to 1 asleep.
    sleep: f64,
    clock: LocalClock,
}

/// The habits behind one of [`WORDS`].
fn habits(word: &str) -> Habits {
    match word {
        "sedentary" => Habits { liveliness: 0.4, sports: 0.0, ..Habits::default() },
        "active" => Habits { liveliness: 1.5, sports: 4.0, ..Habits::default() },
        _ => Habits::default(),
    }
}

impl Activity {
    /// The day that a patient's parameters ask for: that of the parameter `activity`, or a usual one for those who
    /// wear a wristband and do not say.
    pub fn asked(arguments: &Arguments, devices: &[DevicePlan], key: Key, clock: LocalClock) -> Option<Self> {
        let word = match arguments.text("activity") {
            Some(word) => word,
            None if devices.iter().any(|device| device.kind == WRISTBAND) => "usual",
            None => "none",
        };
        (word != "none").then(|| Self { day: Day::new(key, habits(word), clock.clone()), sleep: 0.0, clock })
    }

    /// The chain of bouts, decided up to the end of this grid step.
    pub fn day(&self) -> &Day {
        &self.day
    }

    /// What the person does at an instant of the last few bouts.
    pub fn bout_at(&self, at: SimTime) -> &Bout {
        self.day.bout_at(at)
    }

    /// What the day asks of the body at an instant.
    pub(crate) fn act_on(&self, at: SimTime, inputs: &mut Inputs) {
        self.day.bout_at(at).act_on(inputs);
        inputs.sleep = self.sleep;
    }

    /// Whether arms and legs move at an instant.
    pub fn moves_at(&self, at: SimTime) -> bool {
        self.day.bout_at(at).cadence_hz > 0.0
    }

    /// Lets the person fall at an instant not before the present bout, and lie there for a while.
    pub fn fall(&mut self, at: SimTime, lies_for: Span) {
        self.day.fall(at, lies_for);
    }

    /// The clock that the person lives by.
    pub fn clock(&self) -> &LocalClock {
        &self.clock
    }

    /// Notes the bouts that begin in this grid step, and at the start the one that is under way.
    pub(crate) fn note(&self, patient: SimId, clock: &Clock, annotations: &mut Vec<Annotation>) {
        let bout = self.day.bout_at(clock.end - Span::from_nanos(1));
        if bout.start < clock.now {
            return;
        }
        let aux = if bout.falls { "fall" } else { bout.behaviour.name() };
        annotations.push(Annotation { owner: Owner::Patient(patient), at: bout.start, code: '"', aux: Some(aux) });
    }
}

/// An active person, and what tells whether it can act.
type Active<'a> = (&'a mut Activity, &'a mut Physiology, Option<&'a Medication>, Option<&'a Glycaemia>);

/// Lets effort, posture, sleep and the time of day act on every active patient for one grid step.
pub(crate) fn live_days(clock: Res<Clock>, mut patients: Query<Active<'_>>) {
    let looks = clock.now.nanos() % LOOKED_EVERY.nanos() == 0;
    for (mut activity, mut physiology, medication, glycaemia) in &mut patients {
        if looks && !can_act(Some(&physiology.0), medication.and_then(Medication::drugs), glycaemia) {
            activity.day.lie_helpless(clock.now, clock.now + HELPLESS_FOR);
        }
        activity.day.advance_to(clock.end);
        let bout = *activity.day.bout_at(clock.now);
        let asleep = if bout.behaviour == Behaviour::Sleep { 1.0 } else { 0.0 };
        activity.sleep += GRID.seconds() / SLEEP_LAG_S * (asleep - activity.sleep);
        let inputs = &mut physiology.0.core.inputs;
        activity.act_on(clock.now, inputs);
        if clock.now.nanos() % RHYTHM_EVERY_NS == 0 {
            inputs.circadian = circadian_swing(activity.clock.hour(clock.now));
        }
    }
}

fn fall(world: &mut World, act: &SignalAct<'_>) {
    if act.edge == Edge::Heal {
        return;
    }
    label_step(world, act, true);
    let now = act.occurrence.start;
    let lies_for = Span::from_nanos(act.occurrence.arguments.number("lies").unwrap_or(600e9) as i64);
    let Some(mut activity) = world.get_mut::<Activity>(act.entity) else { return };
    activity.fall(now, lies_for);
    world.resource_mut::<Evidence>().add(act.id, "falls", 1);
}

/// Adds `physio.fall`.
pub fn register(registry: &mut Registry) {
    registry.add(ActionSpec {
        name: "physio.fall",
        about: "an active person falls and stays on the floor; others do not fall, and the step is without evidence",
        level: Level::Patient,
        executor: Executor::signal(fall),
        parameters: vec![
            ParameterSpec::optional("lies", ParameterKind::Quantity(Dimension::Time), "how long the person lies there")
                .default("10m")
                .range(5e9, 8.64e13),
        ],
        duration: DurationRule::Instant,
        evidence: &["falls"],
        heal: "the person goes on with the day after lying",
        stack_should: "raise the fall alarm within a minute, and call somebody if the person does not answer",
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use physiology::{Body, Build, Sex};

    /// A day of one person: mean heart rate, arterial pressure and respiratory rate asleep, resting and walking.
    #[test]
    fn sleep_slows_and_walking_speeds() {
        let build = Build { weight_kg: 75.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };
        let mut world = World::new();
        let key = Key::new(4, "home/1");
        let midnight = LocalClock::utc(0);
        let day = Day::new(key, Habits::default(), midnight.clone());
        let body = Body::new(&build, key, &[], 8_000_000_000);
        let person = world.spawn((Activity { day, sleep: 0.0, clock: midnight }, Physiology(body))).id();
        let mut schedule = Schedule::default();
        schedule.add_systems(live_days);
        let mut sums = [[0.0_f64; 4]; 3];
        for step in 0..864_000_i64 {
            let now = SimTime::from_nanos(step * GRID.nanos());
            world.insert_resource(Clock { now, end: now + GRID, start_epoch_ns: 0 });
            schedule.run(&mut world);
            let mut person = world.entity_mut(person);
            let bout = *person.get::<Activity>().unwrap().bout_at(now);
            let core = &mut person.get_mut::<Physiology>().unwrap().into_inner().0.core;
            core.step();
            let settled = (now - bout.start) > Span::from_secs(90);
            let row = match bout.behaviour {
                Behaviour::Sleep if settled => 0,
                Behaviour::Sit if settled => 1,
                Behaviour::Walk if settled => 2,
                _ => continue,
            };
            let vitals = core.vitals();
            let values = [vitals.heart_rate_bpm, vitals.map_mmhg, vitals.respiratory_rate_bpm, 1.0];
            for (sum, value) in sums[row].iter_mut().zip(values) {
                *sum += value;
            }
        }
        let [sleep, sit, walk] = sums.map(|[rate, pressure, breathing, n]| [rate / n, pressure / n, breathing / n]);
        // Day and night of 24 h electrocardiograms: some 80 and 63 /min.
        assert!((0.72..0.90).contains(&(sleep[0] / sit[0])), "{sleep:?} {sit:?} {walk:?}");
        assert!((0.80..0.95).contains(&(sleep[1] / sit[1])), "pressure {} {}", sleep[1], sit[1]);
        assert!((0.80..0.99).contains(&(sleep[2] / sit[2])), "breathing {} {}", sleep[2], sit[2]);
        assert!(walk[0] > sit[0] + 10.0 && walk[2] > sit[2], "{walk:?} {sit:?}");
    }
}
