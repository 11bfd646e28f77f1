//! `physio.seizure`: a generalised tonic-clonic seizure. A true event that looks like artefact.
//!
//! A tonic phase without breathing of some 15 s, then a clonic one with shallow breathing; the heart races and the
//! muscles burn oxygen, so the saturation falls (ictal tachycardia in most, hypoxaemia below 90 % in a third to a half of
//! convulsive seizures: Bateman, Li and Seyal, Brain 2008;131:3239; Eggleston, Olin and Fisher, Seizure 2014;23:496).

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, GRID, SignalAct};
use vocabulary::Dimension;

use super::{Cause, Seen, action, cause, quantity};
use physiology::convulsion::TONIC_S;
use physiology::{Inputs, RateDrive, Ventilation};

/// Effort of convulsing muscles, as a part of full effort; the shallow breathing of the clonic phase, as a depression of
/// its drive and as lung that is not ventilated. Calibrated together: a saturation of 80 to 90 % after 90 s.
const MUSCLE_EFFORT: f64 = 0.10;
const CLONIC_DEPRESSION: f64 = 1.0;
const CLONIC_SHUNT: f64 = 0.2;

/// Time in which the heart reaches its rate, and in which it slows afterwards [s].
const RACING_S: f64 = 15.0;

/// A seizure in progress.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seizure {
    elapsed_s: f64,
    ended: bool,
    heart: RateDrive,
}

impl Cause for Seizure {
    fn step(&mut self, seen: &Seen<'_>, inputs: &mut Inputs) -> bool {
        self.elapsed_s += GRID.seconds();
        inputs.heart_rate_drive_bpm += self.heart.step(seen.body.core.vitals().heart_rate_bpm);
        if self.ended {
            return true;
        }
        inputs.convulsing = true;
        inputs.exercise += MUSCLE_EFFORT;
        if self.elapsed_s > TONIC_S {
            inputs.opioid = (inputs.opioid + CLONIC_DEPRESSION).min(2.0);
            inputs.shunt += CLONIC_SHUNT;
        } else if inputs.ventilation == Ventilation::Spontaneous {
            inputs.ventilation = Ventilation::Apnoea;
        }
        true
    }

    fn release(&mut self) {
        self.ended = true;
        self.heart.release();
    }

    fn is_over(&self) -> bool {
        self.ended && self.heart.is_over()
    }

    fn answers(&self) -> bool {
        true
    }
}

fn convulse(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, body| {
        let rate_bpm = arguments.number("rate").unwrap_or(140.0);
        let heart = RateDrive::begin(rate_bpm, RACING_S, body.core.vitals().heart_rate_bpm);
        Seizure { elapsed_s: 0.0, ended: false, heart }
    });
}

/// The action.
pub(super) fn action_spec() -> ActionSpec {
    action(
        "physio.seizure",
        "a convulsion: breathing stops and then is shallow, the heart races, the saturation falls, muscles show in the ECG",
        convulse,
        vec![quantity("rate", Dimension::Rate, "heart rate reached").default("140 bpm").range(90.0, 180.0)],
        "the convulsion ends; breathing and saturation recover, the heart slows",
        "not filter it as artefact: raise the alarms of heart rate and saturation",
    )
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;
    use super::*;

    #[test]
    fn a_seizure_looks_like_one_and_passes() {
        let mut bench = Bench::new();
        bench.begin(Seizure { elapsed_s: 0.0, ended: false, heart: RateDrive::begin(140.0, RACING_S, 70.0) });
        bench.advance(10);
        assert_eq!(bench.body.core.vitals().respiratory_rate_bpm, 0.0);
        bench.advance(80);
        let vitals = *bench.body.core.vitals();
        assert!((vitals.heart_rate_bpm - 140.0).abs() < 5.0, "{vitals:?}");
        assert!((0.70..0.90).contains(&vitals.sao2) && vitals.respiratory_rate_bpm > 3.0, "{vitals:?}");
        bench.release();
        bench.advance(600);
        let vitals = bench.body.core.vitals();
        assert!(bench.is_quiet());
        assert!((vitals.heart_rate_bpm - 70.0).abs() < 4.0 && vitals.sao2 > 0.96, "{vitals:?}");
    }
}
