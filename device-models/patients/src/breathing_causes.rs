//! Steps that change how a patient breathes: a pattern of breathing, and narrow airways.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, DurationRule, Edge, Evidence, Executor, Level, OccurrenceId, ParameterKind, ParameterSpec, Phase,
    Registry, SignalAct, SystemSpec,
};

use crate::Physiology;
use crate::causes::label_step;
use physiology::{Body, BreathPattern, CapnogramShape};

/// What steps have done to a patient's breathing, and what it was before.
#[derive(Debug, Clone, Default, Component)]
struct BreathingCauses {
    /// Patterns that steps have begun; the latest one is in force.
    patterns: Vec<(OccurrenceId, BreathPattern)>,
    /// The pattern to come back to.
    own_pattern: Option<BreathPattern>,
    /// Attacks of bronchospasm that last.
    attacks: Vec<OccurrenceId>,
    /// The airways to come back to.
    own_shape: Option<CapnogramShape>,
}

impl BreathingCauses {
    fn begin_pattern(&mut self, occurrence: OccurrenceId, pattern: BreathPattern, body: &mut Body) {
        self.own_pattern.get_or_insert(body.breath_pattern());
        self.patterns.push((occurrence, pattern));
        body.set_breath_pattern(pattern);
    }

    fn end_pattern(&mut self, occurrence: OccurrenceId, body: &mut Body) {
        self.patterns.retain(|(id, _)| *id != occurrence);
        if let Some(pattern) = self.patterns.last().map(|(_, pattern)| *pattern).or(self.own_pattern) {
            body.set_breath_pattern(pattern);
        }
    }

    fn begin_attack(&mut self, occurrence: OccurrenceId, body: &mut Body) {
        self.own_shape.get_or_insert(*body.capnogram());
        self.attacks.push(occurrence);
        body.set_capnogram(CapnogramShape::BRONCHOSPASM);
    }

    fn end_attack(&mut self, occurrence: OccurrenceId, body: &mut Body) {
        self.attacks.retain(|id| *id != occurrence);
        if let (true, Some(shape)) = (self.attacks.is_empty(), self.own_shape) {
            body.set_capnogram(shape);
        }
    }
}

/// Lets `change` act on the causes and the body of the patient of a step.
fn with_causes(world: &mut World, act: &SignalAct<'_>, change: impl FnOnce(&mut BreathingCauses, &mut Body)) {
    let mut patient = world.entity_mut(act.entity);
    let mut causes = patient.take::<BreathingCauses>().unwrap_or_default();
    if let Some(mut physiology) = patient.get_mut::<Physiology>() {
        change(&mut causes, &mut physiology.0);
    }
    patient.insert(causes);
}

fn change_pattern(world: &mut World, act: &SignalAct<'_>) {
    label_step(world, act, false);
    let pattern = act.occurrence.arguments.text("pattern").and_then(BreathPattern::named).unwrap_or_default();
    with_causes(world, act, |causes, body| match act.edge {
        Edge::Begin => causes.begin_pattern(act.id, pattern, body),
        Edge::Heal => causes.end_pattern(act.id, body),
    });
}

fn narrow_airways(world: &mut World, act: &SignalAct<'_>) {
    label_step(world, act, false);
    with_causes(world, act, |causes, body| match act.edge {
        Edge::Begin => causes.begin_attack(act.id, body),
        Edge::Heal => causes.end_attack(act.id, body),
    });
}

/// Counts the grid steps in which a cause is in force.
fn count_causes(patients: Query<&BreathingCauses>, mut evidence: ResMut<Evidence>) {
    for causes in &patients {
        let pattern = causes.patterns.last().map(|(occurrence, _)| *occurrence);
        for occurrence in pattern.into_iter().chain(causes.attacks.iter().copied()) {
            evidence.add(occurrence, "grid_steps_acted", 1);
        }
    }
}

/// Adds `physio.breathing` and `physio.bronchospasm`.
pub(crate) fn register(registry: &mut Registry) {
    registry.add(ActionSpec {
        name: "physio.breathing",
        about: "the patient goes over into a pattern of breathing; gases and saturation follow",
        level: Level::Patient,
        executor: Executor::signal(change_pattern),
        parameters: vec![ParameterSpec::required(
            "pattern",
            ParameterKind::Choice(BreathPattern::NAMES),
            "which pattern",
        )],
        duration: DurationRule::Optional,
        evidence: &["grid_steps_acted"],
        heal: "the patient's own breathing is back",
        stack_should: "raise an apnoea or rate alarm as the pattern deserves, once",
    });
    registry.add(ActionSpec {
        name: "physio.bronchospasm",
        about: "airways narrow: carbon dioxide rises slowly, the shark's fin of the capnogram",
        level: Level::Patient,
        executor: Executor::signal(narrow_airways),
        parameters: Vec::new(),
        duration: DurationRule::Optional,
        evidence: &["grid_steps_acted"],
        heal: "the airways are as before",
        stack_should: "show the curve; the numbers hardly change",
    });
    registry.schedule(
        SystemSpec::new(Phase::Physiology, count_causes).of_actions(&["physio.breathing", "physio.bronchospasm"]),
    );
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::*;
    use physiology::{Build, Sex};

    #[test]
    fn the_latest_cause_is_in_force_and_the_own_breathing_comes_back() {
        let build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };
        let mut body = Body::new(&build, Key::new(1, "icu/1"), &[], 8_000_000_000);
        let mut causes = BreathingCauses::default();
        let [first, second] = [0, 1].map(OccurrenceId);
        causes.begin_pattern(first, BreathPattern::CheyneStokes, &mut body);
        causes.begin_pattern(second, BreathPattern::Agonal, &mut body);
        causes.end_pattern(first, &mut body);
        assert_eq!(body.breath_pattern(), BreathPattern::Agonal);
        causes.end_pattern(second, &mut body);
        assert_eq!(body.breath_pattern(), BreathPattern::Regular);

        causes.begin_attack(first, &mut body);
        causes.begin_attack(second, &mut body);
        causes.end_attack(second, &mut body);
        assert_eq!(*body.capnogram(), CapnogramShape::BRONCHOSPASM);
        causes.end_attack(first, &mut body);
        assert_eq!(*body.capnogram(), CapnogramShape::HEALTHY);
    }
}
