//! The end of a circulation that nobody rescues: bradycardia, pulseless electrical activity, asystole.
//!
//! A mean pressure below 35 mmHg for a minute, or a saturation below 50 % once the muscle of the heart has gone without
//! oxygen for the equivalent of a minute and a half, bring the heart to a slow ventricular escape rhythm; it stops pumping
//! and then falls silent. The order is that of asphyxia and exsanguination
//! (Varvarousis et al., Am J Emerg Med 2015;33:1297): the pulse is lost within minutes, electrical silence takes several
//! more. The dwell times are drawn within ranges chosen for that, not fitted to patients.

use bevy_ecs::prelude::*;
use sim_core::{GRID, Key, Purpose};

use super::Causes;
use physiology::{Body, Core, Rhythm, RhythmKind};

/// What a heart does not survive, and for how long it does.
const LETHAL_MAP_MMHG: f64 = 35.0;
const LETHAL_MAP_S: f64 = 60.0;
const LETHAL_SATURATION: f64 = 0.50;
const LETHAL_ISCHAEMIA_S: f64 = 90.0;

/// A slow heart recovers when pressure and saturation stay above these for so long.
const RECOVERED_SATURATION: f64 = 0.60;
const RECOVERY_S: f64 = 10.0;

/// Rate of the escape rhythm of a dying heart [/min].
const ESCAPE_BPM: f64 = 35.0;

/// Shortest and longest time in bradycardia, and in pulseless electrical activity [s].
const BRADYCARDIA_S: (f64, f64) = (30.0, 120.0);
const PULSELESS_S: (f64, f64) = (120.0, 600.0);

const BRADYCARDIA: Purpose = Purpose::new("arrest.bradycardia");
const PULSELESS: Purpose = Purpose::new("arrest.pulseless");

/// How far a patient is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Stage {
    #[default]
    Alive,
    Bradycardia {
        left_s: f64,
        recovering_s: f64,
    },
    Pulseless {
        left_s: f64,
    },
    Silent,
}

/// The watch over one patient's heart.
#[derive(Debug, Clone, Default, Component)]
pub(crate) struct Collapse {
    low_pressure_s: f64,
    stage: Stage,
    /// The rhythm before the collapse.
    before: Option<Box<Rhythm>>,
    /// Collapses so far: the counter of the draws.
    times: u64,
}

impl Collapse {
    /// Looks at a patient once per grid step.
    pub(crate) fn step(&mut self, key: Key, causes: &mut Causes, body: &mut Body) {
        let vitals = body.core.vitals();
        let count =
            |lasting_s: &mut f64, holds: bool| *lasting_s = if holds { *lasting_s + GRID.seconds() } else { 0.0 };
        count(&mut self.low_pressure_s, vitals.map_mmhg < LETHAL_MAP_MMHG);
        let starved = vitals.sao2 < LETHAL_SATURATION && starves(&body.core);
        if self.stage == Stage::Alive && self.low_pressure_s == 0.0 && !starved {
            return;
        }
        let recovers = vitals.map_mmhg > LETHAL_MAP_MMHG && vitals.sao2 > RECOVERED_SATURATION;
        self.progress(recovers, starved, key, causes, body);
    }

    fn progress(&mut self, recovers: bool, starved: bool, key: Key, causes: &mut Causes, body: &mut Body) {
        if self.stage != Stage::Alive && causes.held_rhythm().is_some_and(|rhythm| rhythm.kind.ejection() == 1.0) {
            // Somebody has restored a rhythm that pumps.
            self.rescue(causes, body);
            return;
        }
        match &mut self.stage {
            Stage::Alive => {
                let lethal = self.low_pressure_s >= LETHAL_MAP_S || starved;
                let own = causes.own_rhythm(body);
                // A heart that a step has arrested, or that races by itself, is judged by that rhythm.
                if lethal && causes.held_rhythm().is_none() && own.kind.ejection() == 1.0 {
                    self.before = Some(Box::new(own));
                    self.stage = Stage::Bradycardia {
                        left_s: between(BRADYCARDIA_S, key.uniform(BRADYCARDIA, self.times)),
                        recovering_s: 0.0,
                    };
                    self.times += 1;
                    causes.change_own_rhythm(Rhythm::usual(RhythmKind::Idioventricular).at_rate(ESCAPE_BPM), body);
                }
            }
            Stage::Bradycardia { left_s, recovering_s } => {
                *left_s -= GRID.seconds();
                *recovering_s = if recovers { *recovering_s + GRID.seconds() } else { 0.0 };
                if *recovering_s >= RECOVERY_S {
                    self.rescue(causes, body);
                } else if *left_s <= 0.0 && !recovers {
                    let left_s = between(PULSELESS_S, key.uniform(PULSELESS, self.times));
                    self.stage = Stage::Pulseless { left_s };
                    causes.change_own_rhythm(Rhythm::usual(RhythmKind::PulselessActivity).at_rate(ESCAPE_BPM), body);
                }
            }
            Stage::Pulseless { left_s } => {
                *left_s -= GRID.seconds();
                if *left_s <= 0.0 {
                    self.stage = Stage::Silent;
                    causes.change_own_rhythm(Rhythm::usual(RhythmKind::Asystole), body);
                }
            }
            Stage::Silent => {}
        }
    }

    fn rescue(&mut self, causes: &mut Causes, body: &mut Body) {
        self.stage = Stage::Alive;
        self.low_pressure_s = 0.0;
        if let Some(before) = self.before.take() {
            causes.change_own_rhythm(*before, body);
        }
    }
}

/// Whether the muscle of the heart has gone without oxygen for too long.
fn starves(core: &Core) -> bool {
    core.oxygen_debt().is_some_and(|debt| debt.heart_ischaemia_s() >= LETHAL_ISCHAEMIA_S)
}

fn between((shortest_s, longest_s): (f64, f64), share: f64) -> f64 {
    shortest_s + (longest_s - shortest_s) * share
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;
    use super::super::breathing::Apnoea;
    use super::super::course::Course;
    use super::super::exertion::Push;
    use super::*;
    use physiology::Inputs;
    use physiology::RhythmKind::{Asystole, Idioventricular, PulselessActivity, Sinus};

    /// Lets a patient live under a cause; returns the instants [s] at which the rhythm changed, with the rhythm.
    fn live(bench: &mut Bench, collapse: &mut Collapse, seconds: u32) -> Vec<(u32, RhythmKind)> {
        let mut changes = vec![(0, bench.body.heart().rhythm().kind)];
        for second in 1..=seconds {
            bench.advance(1);
            for _ in 0..10 {
                collapse.step(Key::new(3, "bench/1"), &mut bench.causes, &mut bench.body);
            }
            let kind = bench.body.heart().rhythm().kind;
            if changes.last().is_some_and(|(_, last)| *last != kind) {
                changes.push((second, kind));
            }
        }
        changes
    }

    fn push(input: fn(&mut Inputs) -> &mut f64, value: f64) -> Push {
        Push { course: Course::new(value, 0.0, 0.0), input }
    }

    #[test]
    fn exsanguination_ends_in_asystole() {
        let mut bench = Bench::new();
        bench.begin(push(|inputs| &mut inputs.bleed_l_s, 0.004));
        let changes = live(&mut bench, &mut Collapse::default(), 2_400);
        let kinds: Vec<RhythmKind> = changes.iter().map(|(_, kind)| *kind).collect();
        assert_eq!(kinds, [Sinus, Idioventricular, PulselessActivity, Asystole]);
        let at = |index: usize| f64::from(changes[index].0);
        assert!((30.0..=121.0).contains(&(at(2) - at(1))), "{changes:?}");
        assert!((120.0..=601.0).contains(&(at(3) - at(2))), "{changes:?}");
        assert_eq!(bench.body.core.vitals().heart_rate_bpm, 0.0);
    }

    /// A heart slowed by want of oxygen recovers with oxygen.
    #[test]
    fn ventilation_in_time_rescues() {
        let mut bench = Bench::new();
        bench.begin(Apnoea { left_s: 3_600.0 });
        let mut collapse = Collapse::default();
        for _ in 0..3_600 {
            live(&mut bench, &mut collapse, 1);
            if collapse.stage != Stage::Alive {
                break;
            }
        }
        assert!(matches!(collapse.stage, Stage::Bradycardia { .. }), "{:?}", bench.body.core.vitals());
        bench.release();
        let changes = live(&mut bench, &mut collapse, 300);
        assert_eq!(changes.last().map(|(_, kind)| *kind), Some(RhythmKind::Sinus), "{changes:?}");
        assert!(bench.body.core.vitals().heart_rate_bpm > 60.0, "{:?}", bench.body.core.vitals());
    }

    /// Air with 7 % oxygen is not survived for half an hour.
    #[test]
    fn deep_hypoxia_ends_in_an_arrest() {
        let mut bench = Bench::new();
        bench.begin(push(|inputs| &mut inputs.fio2, -0.14));
        let changes = live(&mut bench, &mut Collapse::default(), 1_800);
        let kinds: Vec<RhythmKind> = changes.iter().map(|(_, kind)| *kind).collect();
        assert_eq!(kinds[..3], [Sinus, Idioventricular, PulselessActivity], "{changes:?}");
        assert!((300..1_200).contains(&changes[1].0), "{changes:?}");
    }

    /// Half of the blood lost in twenty minutes is lethal within the hour, septic shock within half a day.
    #[test]
    fn untreated_shock_is_lethal() {
        let mut bench = Bench::new();
        bench.begin(push(|inputs| &mut inputs.bleed_l_s, 2.5 / 1_200.0));
        let mut collapse = Collapse::default();
        live(&mut bench, &mut collapse, 1_200);
        assert_eq!(collapse.stage, Stage::Alive);
        bench.release();
        let changes = live(&mut bench, &mut collapse, 2_400);
        assert!(changes.iter().any(|(_, kind)| *kind == PulselessActivity), "{changes:?}");

        let mut bench = Bench::new();
        bench.begin(push(|inputs| &mut inputs.sepsis, 1.0));
        let mut collapse = Collapse::default();
        let early = live(&mut bench, &mut collapse, 2 * 3_600);
        assert_eq!(early.len(), 1, "{early:?}");
        let changes = live(&mut bench, &mut collapse, 8 * 3_600);
        assert!(changes.iter().any(|(_, kind)| *kind == PulselessActivity), "{changes:?}");
    }

    /// Rhythms that steps hold are theirs: no fibrillation turns into a slow rhythm by itself.
    #[test]
    fn a_fibrillating_heart_is_left_alone() {
        let mut bench = Bench::new();
        bench.body.set_rhythm(Rhythm::usual(RhythmKind::VentricularFibrillation));
        let changes = live(&mut bench, &mut Collapse::default(), 300);
        assert!(bench.body.core.vitals().map_mmhg < LETHAL_MAP_MMHG);
        assert_eq!(changes.len(), 1, "{changes:?}");
    }
}
