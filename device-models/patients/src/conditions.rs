//! Conditions that are true of a patient, with the grid instants of their begin and end: what an alarm engine should say.
//!
//! They are read from the truth, not from what a device shows, without delay or hysteresis. Their names are those of the
//! bedside monitor's alarms where it has one; limits are the usual adult ones.

use bevy_ecs::prelude::*;
use sim_core::{Clock, GRID, LabelEdge, Truth};

use crate::causes::Causes;
use crate::{Person, Physiology};
use physiology::{Body, RhythmKind};

/// Without a breath for so long a patient has an apnoea [s].
const APNOEA_S: f64 = 20.0;

/// A condition: its name, and whether it holds.
struct Condition {
    name: &'static str,
    holds: fn(&Body) -> bool,
}

const fn condition(name: &'static str, holds: fn(&Body) -> bool) -> Condition {
    Condition { name, holds }
}

fn is_in(body: &Body, kinds: &[RhythmKind]) -> bool {
    kinds.contains(&body.heart().rhythm().kind)
}

/// Heart rate of a heart that beats [/min].
fn heart_rate_bpm(body: &Body) -> Option<f64> {
    Some(body.core.vitals().heart_rate_bpm).filter(|rate_bpm| *rate_bpm > 0.0)
}

static CONDITIONS: [Condition; 16] = [
    condition("hr_high", |body| heart_rate_bpm(body).is_some_and(|bpm| bpm > 120.0)),
    condition("hr_low", |body| heart_rate_bpm(body).is_some_and(|bpm| bpm < 50.0)),
    condition("hr_very_low", |body| heart_rate_bpm(body).is_some_and(|bpm| bpm < 40.0)),
    condition("spo2_low", |body| body.core.vitals().sao2 < 0.90),
    condition("desaturation", |body| body.core.vitals().sao2 < 0.85),
    condition("resp_rate_high", |body| body.core.vitals().respiratory_rate_bpm > 30.0),
    condition("map_low", |body| body.core.vitals().map_mmhg < 65.0),
    condition("map_high", |body| body.core.vitals().map_mmhg > 120.0),
    condition("temperature_high", |body| body.core.vitals().temperature_c > 38.5),
    condition("asystole", |body| is_in(body, &[RhythmKind::Asystole])),
    condition("pea", |body| is_in(body, &[RhythmKind::PulselessActivity])),
    condition("vf", |body| is_in(body, &[RhythmKind::VentricularFibrillation])),
    condition("vt", |body| is_in(body, &[RhythmKind::Ventricular, RhythmKind::Torsades])),
    condition("svt", |body| is_in(body, &[RhythmKind::Supraventricular])),
    condition("af", |body| is_in(body, &[RhythmKind::AtrialFibrillation])),
    // Kept last: it is a matter of time as well.
    condition("apnoea", |body| body.core.vitals().respiratory_rate_bpm == 0.0),
];

/// Which conditions hold in a patient.
#[derive(Debug, Clone, Default, Component)]
pub(crate) struct Conditions {
    /// Positions of those that hold, with the causes that acted when they began.
    holding: Vec<(usize, Box<str>)>,
    breathless_s: f64,
}

impl Conditions {
    /// Looks at a body after a grid step; `note` hears of what begins (with the causes) and ends.
    fn look(&mut self, body: &Body, causes: impl Fn() -> String, mut note: impl FnMut(&'static str, &str, bool)) {
        let breathless = (CONDITIONS[CONDITIONS.len() - 1].holds)(body);
        self.breathless_s = if breathless { self.breathless_s + GRID.seconds() } else { 0.0 };
        for (position, condition) in CONDITIONS.iter().enumerate() {
            let holds = (condition.holds)(body)
                && (condition.name != "apnoea" || self.breathless_s > APNOEA_S + 0.5 * GRID.seconds());
            let held = self.holding.iter().position(|(held, _)| *held == position);
            match (holds, held) {
                (true, None) => {
                    let causes = causes();
                    note(condition.name, &causes, true);
                    self.holding.push((position, causes.into()));
                }
                (false, Some(held)) => {
                    let (_, causes) = self.holding.swap_remove(held);
                    note(condition.name, &causes, false);
                }
                _ => {}
            }
        }
    }
}

/// Notes the conditions of every patient that begin or end with this grid step.
pub(crate) fn note(
    clock: Res<Clock>,
    mut patients: Query<(&Person, &Physiology, &Causes, &mut Conditions)>,
    mut truth: ResMut<Truth>,
) {
    if !truth.wanted {
        return;
    }
    for (person, Physiology(body), causes, mut conditions) in &mut patients {
        conditions.look(
            body,
            || causes.acting(),
            |name, cause, begins| {
                let (label, cause) = (name.to_owned(), cause.to_owned());
                truth.labels.push(LabelEdge { patient: person.id, at: clock.now, label, cause, begins });
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::*;
    use physiology::{Build, Rhythm, Sex, Ventilation};

    fn body() -> Body {
        let build = Build { weight_kg: 70.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };
        Body::new(&build, Key::new(1, "ward/1"), &[], 8_000_000_000)
    }

    /// Steps a body and collects what is noted: (step, name, begins).
    fn observe(body: &mut Body, conditions: &mut Conditions, steps: u32) -> Vec<(u32, &'static str, bool)> {
        let mut noted = Vec::new();
        for step in 0..steps {
            body.step();
            conditions.look(
                body,
                || "cause".to_owned(),
                |name, cause, begins| {
                    assert_eq!(cause, "cause");
                    noted.push((step, name, begins));
                },
            );
        }
        noted
    }

    #[test]
    fn an_apnoea_is_one_after_twenty_seconds() {
        let (mut body, mut conditions) = (body(), Conditions::default());
        assert_eq!(observe(&mut body, &mut conditions, 100), []);
        body.core.inputs.ventilation = Ventilation::Apnoea;
        assert_eq!(observe(&mut body, &mut conditions, 210), [(200, "apnoea", true)]);
        body.core.inputs.ventilation = Ventilation::Spontaneous;
        assert_eq!(observe(&mut body, &mut conditions, 10), [(0, "apnoea", false)]);
    }

    #[test]
    fn an_arrest_is_no_bradycardia() {
        let (mut body, mut conditions) = (body(), Conditions::default());
        body.set_rhythm(Rhythm::usual(RhythmKind::VentricularFibrillation));
        let noted = observe(&mut body, &mut conditions, 300);
        assert_eq!(noted.first(), Some(&(0, "vf", true)));
        assert!(noted.iter().any(|(_, name, begins)| *name == "map_low" && *begins));
        assert!(noted.iter().all(|(_, name, _)| !name.starts_with("hr_")), "{noted:?}");
    }
}
