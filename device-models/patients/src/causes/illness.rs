//! `physio.sepsis` and `physio.fever`: illnesses of hours.

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, ParameterKind, ParameterSpec, SignalAct};
use vocabulary::Dimension;

use super::course::Course;
use super::exertion::Push;
use super::{action, cause, quantity, seconds};

fn infect(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, _| {
        let severity = arguments.number("severity").unwrap_or(1.0);
        Push { course: Course::new(severity, seconds(arguments, "over"), 0.0), input: |inputs| &mut inputs.sepsis }
    });
}

fn raise_temperature(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, _| {
        let rise_c = arguments.number("rise").unwrap_or(2.0);
        Push { course: Course::new(rise_c, 0.0, 0.0), input: |inputs| &mut inputs.fever_c }
    });
}

/// The actions.
pub(super) fn actions() -> [ActionSpec; 2] {
    [
        action(
            "physio.sepsis",
            "vessels dilate and leak, the heart races, fever, oxygen and lactate show it; all of it slowly",
            infect,
            vec![
                ParameterSpec::optional("severity", ParameterKind::Number, "severity reached, 1: septic shock")
                    .default("1.0")
                    .range(0.1, 1.0),
                quantity("over", Dimension::Time, "time in which the cause grows; the body follows with 1.5 h")
                    .default("6h")
                    .range(6e10, 1.728e14),
            ],
            "the cause is gone; the body recovers with a time constant of 1.5 h",
            "show an early-warning score rise before any single limit is crossed",
        ),
        action(
            "physio.fever",
            "the set point of the temperature rises; temperature follows with a time constant of 40 min",
            raise_temperature,
            vec![quantity("rise", Dimension::Temperature, "rise of the set point").default("2 Cel").range(0.3, 4.5)],
            "the set point is back; the fever falls as it rose",
            "raise a temperature alarm; the heart rate explains itself by it",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;
    use super::*;

    #[test]
    fn sepsis_grows_and_heals() {
        let mut bench = Bench::new();
        bench.begin(Push { course: Course::new(1.0, 3_600.0, 0.0), input: |inputs| &mut inputs.sepsis });
        bench.advance(3 * 3_600);
        let vitals = *bench.body.core.vitals();
        assert!(vitals.heart_rate_bpm > 110.0 && vitals.respiratory_rate_bpm > 20.0, "{vitals:?}");
        assert!(vitals.temperature_c > 38.0 && vitals.lactate_mmol_l > 2.0, "{vitals:?}");
        bench.release();
        bench.advance(12 * 3_600);
        let vitals = bench.body.core.vitals();
        assert!(bench.is_quiet());
        assert!((vitals.heart_rate_bpm - 70.0).abs() < 7.0 && (vitals.temperature_c - 37.0).abs() < 0.3, "{vitals:?}");
    }

    #[test]
    fn fever_rises_and_falls() {
        let mut bench = Bench::new();
        bench.begin(Push { course: Course::new(2.0, 0.0, 0.0), input: |inputs| &mut inputs.fever_c });
        bench.advance(3 * 3_600);
        let vitals = bench.body.core.vitals();
        assert!(vitals.temperature_c > 38.8 && vitals.heart_rate_bpm > 82.0, "{vitals:?}");
        bench.release();
        bench.advance(3 * 3_600);
        assert!((bench.body.core.vitals().temperature_c - 37.0).abs() < 0.1 && bench.is_quiet());
    }
}
