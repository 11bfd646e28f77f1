//! `physio.exercise`, `physio.posture` and `physio.pain`: what a day does to a patient.

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, ParameterKind, ParameterSpec, SignalAct};
use vocabulary::Dimension;

use super::course::Course;
use super::{Cause, Seen, action, cause, choice, quantity};
use physiology::Inputs;

/// Oxygen uptake above rest at full effort [MET]: the core's aerobic scope of eleven times rest.
const SCOPE_MET: f64 = 11.0;

/// Time in which a patient stands up or lies down [s].
const RISING_S: f64 = 3.0;

/// Arousal by the worst pain (10 of 10): the upper end of what pain and fear do to heart and vessels, at which the
/// heart of a young adult beats 13 times a minute faster.
const WORST_PAIN_AROUSAL: f64 = 0.15;
/// Time in which pain comes and goes [s].
const PAIN_S: f64 = 5.0;

/// Something that pushes one input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Push {
    pub(super) course: Course,
    pub(super) input: fn(&mut Inputs) -> &mut f64,
}

impl Cause for Push {
    fn step(&mut self, _: &Seen<'_>, inputs: &mut Inputs) -> bool {
        let level = self.course.step();
        *(self.input)(inputs) += level;
        level != 0.0
    }

    fn release(&mut self) {
        self.course.release();
    }

    fn is_over(&self) -> bool {
        self.course.is_over()
    }
}

/// Effort, for as long as the patient can act.
#[derive(Debug, Clone, Copy)]
struct Effort(Push);

impl Cause for Effort {
    fn step(&mut self, seen: &Seen<'_>, inputs: &mut Inputs) -> bool {
        seen.can_act() && self.0.step(seen, inputs)
    }

    fn release(&mut self) {
        self.0.release();
    }

    fn is_over(&self) -> bool {
        self.0.is_over()
    }
}

/// A posture. The one begun last is taken, however the patient lay or stood before.
#[derive(Debug, Clone, Copy)]
struct Posture {
    tilt: f64,
    /// How much of the way is done.
    share: Course,
}

impl Cause for Posture {
    fn step(&mut self, seen: &Seen<'_>, inputs: &mut Inputs) -> bool {
        let share = self.share.step();
        if !seen.can_act() {
            // Nobody sits or stands without consciousness.
            return false;
        }
        inputs.tilt += share * (self.tilt - inputs.tilt);
        share > 0.0
    }

    fn release(&mut self) {
        self.share.release();
    }

    fn is_over(&self) -> bool {
        self.share.is_over()
    }
}

fn exercise(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, _| {
        let effort = ((arguments.number("met").unwrap_or(8.0) - 1.0) / SCOPE_MET).clamp(0.0, 1.0);
        Effort(Push { course: Course::new(effort, 0.0, 0.0), input: |inputs| &mut inputs.exercise })
    });
}

fn take_posture(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, _| Posture {
        tilt: match arguments.text("to") {
            Some("lie") => 0.0,
            Some("sit") => 0.5,
            _ => 1.0,
        },
        share: Course::new(1.0, RISING_S, RISING_S),
    });
}

fn hurt(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, _| {
        let arousal = WORST_PAIN_AROUSAL * arguments.number("score").unwrap_or(7.0) / 10.0;
        Push { course: Course::new(arousal, PAIN_S, PAIN_S), input: |inputs| &mut inputs.arousal }
    });
}

/// The actions.
pub(super) fn actions() -> [ActionSpec; 3] {
    [
        action(
            "physio.exercise",
            "effort: the heart, the breathing and the pressure rise as in a healthy person; benign",
            exercise,
            vec![
                quantity("met", Dimension::Metabolic, "oxygen uptake in multiples of rest")
                    .default("8 MET")
                    .range(1.1, 12.0),
            ],
            "the effort ends; heart and breathing settle within minutes",
            "not raise an alarm that calls this an illness",
        ),
        action(
            "physio.posture",
            "the patient sits or stands up, and blood shifts into the legs; lying is rest",
            take_posture,
            vec![choice("to", &["lie", "sit", "stand"], "posture taken").default("stand")],
            "the patient lies again",
            "not raise an alarm in a healthy person",
        ),
        action(
            "physio.pain",
            "pain or fear: heart rate, pressure and breathing rise without effort",
            hurt,
            vec![
                ParameterSpec::optional("score", ParameterKind::Number, "pain on the numeric rating scale, 1 to 10")
                    .default("7")
                    .range(1.0, 10.0),
            ],
            "the pain fades within seconds",
            "not call it a deterioration, or ask about pain",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;
    use super::*;

    fn settles(bench: &mut Bench, seconds: u32) {
        bench.release();
        bench.advance(seconds);
        assert!(bench.is_quiet());
        let vitals = bench.body.core.vitals();
        assert!((vitals.heart_rate_bpm - 70.0).abs() < 3.0 && (vitals.map_mmhg - 90.0).abs() < 3.0, "{vitals:?}");
    }

    #[test]
    fn effort_drives_heart_and_breathing() {
        let mut bench = Bench::new();
        let effort = 7.0 / SCOPE_MET;
        bench.begin(Push { course: Course::new(effort, 0.0, 0.0), input: |inputs| &mut inputs.exercise });
        bench.advance(300);
        let vitals = bench.body.core.vitals();
        assert!((130.0..155.0).contains(&vitals.heart_rate_bpm), "{vitals:?}");
        assert!(vitals.minute_ventilation_l_min > 35.0 && vitals.sao2 > 0.95, "{vitals:?}");
        settles(&mut bench, 900);
    }

    #[test]
    fn standing_shifts_blood_and_the_latest_posture_counts() {
        let mut bench = Bench::new();
        bench.begin(Posture { tilt: 1.0, share: Course::new(1.0, RISING_S, RISING_S) });
        bench.advance(30);
        let standing = *bench.body.core.vitals();
        assert!(standing.heart_rate_bpm > 76.0 && standing.cardiac_output_l_min < 5.0, "{standing:?}");
        bench.begin(Posture { tilt: 0.5, share: Course::new(1.0, RISING_S, RISING_S) });
        bench.advance(30);
        assert!((bench.body.core.inputs.tilt - 0.5).abs() < 1e-12);
        assert!(bench.body.core.vitals().heart_rate_bpm < standing.heart_rate_bpm);
        bench.causes.release(sim_core::OccurrenceId(1));
        settles(&mut bench, 300);
    }

    #[test]
    fn pain_rouses_and_fades() {
        let mut bench = Bench::new();
        bench.begin(Push { course: Course::new(0.15, PAIN_S, PAIN_S), input: |inputs| &mut inputs.arousal });
        bench.advance(180);
        let vitals = bench.body.core.vitals();
        assert!((78.0..95.0).contains(&vitals.heart_rate_bpm), "{vitals:?}");
        assert!(vitals.map_mmhg > 91.0 && vitals.minute_ventilation_l_min > 7.0, "{vitals:?}");
        settles(&mut bench, 600);
    }
}
