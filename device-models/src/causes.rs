//! Steps that happen to a patient: each a cause acting on the model, never a value painted over the vitals.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, DurationRule, Edge, Evidence, Level, OccurrenceId, ParameterKind, ParameterSpec, Registry, Seam,
    SignalAct,
};
use vocabulary::Dimension;

use crate::patient::Physiology;
use crate::physiology::{Body, Desaturation, RateDrive, Rhythm, RhythmKind};

/// Causes at work in a patient.
#[derive(Debug, Clone, Default, Component)]
pub struct Causes {
    desaturations: Vec<(OccurrenceId, Desaturation)>,
    rate_drives: Vec<(OccurrenceId, RateDrive)>,
    /// Rhythms that steps have begun; the latest one is in force.
    rhythms: Vec<(OccurrenceId, Rhythm)>,
    /// The rhythm to come back to.
    own_rhythm: Option<Rhythm>,
}

impl Causes {
    /// Begins a rhythm; it ends with its occurrence.
    fn begin_rhythm(&mut self, occurrence: OccurrenceId, rhythm: Rhythm, body: &mut Body) {
        self.own_rhythm.get_or_insert(*body.heart().rhythm());
        self.rhythms.push((occurrence, rhythm));
        body.set_rhythm(rhythm);
    }

    /// Ends the rhythm of an occurrence: the one before it is back.
    fn end_rhythm(&mut self, occurrence: OccurrenceId, body: &mut Body) {
        self.rhythms.retain(|(id, _)| *id != occurrence);
        if let Some(rhythm) = self.rhythms.last().map(|(_, rhythm)| *rhythm).or(self.own_rhythm) {
            body.set_rhythm(rhythm);
        }
    }
}

/// Lets every cause act on the inputs of its patient's core for one grid step.
pub(crate) fn apply_causes(mut patients: Query<(&mut Causes, &mut Physiology)>, mut evidence: ResMut<Evidence>) {
    for (mut causes, mut physiology) in &mut patients {
        if let Some((occurrence, _)) = causes.rhythms.last() {
            evidence.add(*occurrence, "grid_steps_acted", 1);
        }
        if causes.desaturations.is_empty() && causes.rate_drives.is_empty() {
            continue;
        }
        let vitals = *physiology.0.core.vitals();
        let inputs = &mut physiology.0.core.inputs;
        let mut shunt = 0.0;
        for (occurrence, cause) in &mut causes.desaturations {
            let added = cause.step(vitals.sao2, inputs);
            evidence.add(*occurrence, "grid_steps_acted", u64::from(added > 0.0));
            shunt += added;
        }
        inputs.shunt = shunt;
        let mut drive_bpm = 0.0;
        for (occurrence, cause) in &mut causes.rate_drives {
            let added_bpm = cause.step(vitals.heart_rate_bpm);
            evidence.add(*occurrence, "grid_steps_acted", u64::from(added_bpm != 0.0));
            drive_bpm += added_bpm;
        }
        inputs.heart_rate_drive_bpm = drive_bpm;
        causes.desaturations.retain(|(_, cause)| !cause.is_over());
        causes.rate_drives.retain(|(_, cause)| !cause.is_over());
    }
}

/// The causes and the body of a patient that a step acts on.
fn patient(world: &mut World, entity: Entity) -> Option<(Mut<'_, Causes>, Mut<'_, Physiology>)> {
    world.query::<(&mut Causes, &mut Physiology)>().get_mut(world, entity).ok()
}

/// The causes that one occurrence began.
fn of_occurrence<C>(causes: &mut [(OccurrenceId, C)], occurrence: OccurrenceId) -> impl Iterator<Item = &mut C> {
    causes.iter_mut().filter(move |(id, _)| *id == occurrence).map(|(_, cause)| cause)
}

fn desaturation(world: &mut World, act: &SignalAct<'_>) {
    let Some((mut causes, physiology)) = patient(world, act.entity) else { return };
    match act.edge {
        Edge::Begin => {
            let target = act.occurrence.arguments.number("to").unwrap_or(82.0) / 100.0;
            let ramp_s = act.occurrence.arguments.number("ramp").unwrap_or(90e9) / 1e9;
            let core = &physiology.0.core;
            causes.desaturations.push((act.id, Desaturation::begin(target, ramp_s, core.vitals().sao2, &core.inputs)));
        }
        Edge::Heal => {
            of_occurrence(&mut causes.desaturations, act.id).for_each(Desaturation::release);
        }
    }
}

/// A faster or slower heart, in sinus rhythm or another one.
fn change_rate(world: &mut World, act: &SignalAct<'_>) {
    let Some((mut causes, mut physiology)) = patient(world, act.entity) else { return };
    let body = &mut physiology.0;
    match act.edge {
        Edge::Begin => {
            let arguments = &act.occurrence.arguments;
            let rate_bpm = arguments.number("rate").unwrap_or(150.0);
            let kind = match arguments.text("rhythm") {
                Some("af") => RhythmKind::AtrialFibrillation,
                Some("vt") => RhythmKind::Ventricular,
                Some("svt") => RhythmKind::Supraventricular,
                _ => RhythmKind::Sinus,
            };
            if kind != RhythmKind::Sinus {
                causes.begin_rhythm(act.id, Rhythm::usual(kind).at_rate(rate_bpm), body);
            }
            // What has a rate of its own begins at it; the others are driven to it.
            if kind.own_rate_bpm().is_none() {
                let ramp_s = arguments.number("ramp").unwrap_or(60e9) / 1e9;
                let drive = RateDrive::begin(rate_bpm, ramp_s, body.core.vitals().heart_rate_bpm);
                causes.rate_drives.push((act.id, drive));
            }
        }
        Edge::Heal => {
            causes.end_rhythm(act.id, body);
            of_occurrence(&mut causes.rate_drives, act.id).for_each(RateDrive::release);
        }
    }
}

/// Another rhythm, by its name or by the kind of an arrest.
fn change_rhythm(world: &mut World, act: &SignalAct<'_>) {
    let Some((mut causes, mut physiology)) = patient(world, act.entity) else { return };
    let body = &mut physiology.0;
    match act.edge {
        Edge::Begin => {
            let arguments = &act.occurrence.arguments;
            let name = arguments.text("rhythm").or_else(|| arguments.text("kind"));
            let Some(kind) = name.and_then(RhythmKind::named) else { return };
            let usual = Rhythm::usual(kind);
            let mut rhythm = arguments.number("rate").map_or(usual, |rate_bpm| usual.at_rate(rate_bpm));
            if let Some(percent) = arguments.number("ectopy") {
                rhythm.ectopy_share = percent / 100.0;
            }
            causes.begin_rhythm(act.id, rhythm, body);
        }
        Edge::Heal => causes.end_rhythm(act.id, body),
    }
}

/// Adds the `physio.*` actions.
pub fn register(registry: &mut Registry) {
    register_rhythms(registry);
    let quantity = |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about);
    registry.actions.push(ActionSpec {
        name: "physio.desaturation",
        about: "a growing shunt lets the arterial oxygen saturation fall; heart, breathing and pressure answer",
        level: Level::Patient,
        seam: Seam::Signal(desaturation),
        parameters: vec![
            quantity("to", Dimension::Percent, "saturation reached without treatment")
                .default("82 %")
                .range(60.0, 95.0),
            quantity("ramp", Dimension::Time, "how long the fall takes, and the healing")
                .default("90s")
                .range(1e9, 3.6e12),
        ],
        duration: DurationRule::Optional,
        evidence: &["grid_steps_acted"],
        heal: "the shunt closes over the ramp",
        stack_should: "raise a saturation alarm, not a lead-off alarm",
    });
}

/// Adds the actions on rate and rhythm.
fn register_rhythms(registry: &mut Registry) {
    let quantity = |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about);
    let choice = |name, words, about| ParameterSpec::optional(name, ParameterKind::Choice(words), about);
    registry.actions.push(ActionSpec {
        name: "physio.tachy",
        about: "a fast rhythm; filling and pressure answer",
        level: Level::Patient,
        seam: Seam::Signal(change_rate),
        parameters: vec![
            quantity("rate", Dimension::Rate, "heart rate reached").default("150 bpm").range(90.0, 220.0),
            quantity("ramp", Dimension::Time, "how long the rise takes, and the fall; svt and vt begin at their rate")
                .default("60s")
                .range(1e9, 3.6e12),
            choice("rhythm", &["sinus", "af", "vt", "svt"], "which rhythm is fast").default("sinus"),
        ],
        duration: DurationRule::Optional,
        evidence: &["grid_steps_acted"],
        heal: "the drive fades over the ramp; the patient's own rhythm is back",
        stack_should: "raise an alarm by rhythm: ventricular tachycardia outranks a sinus tachycardia",
    });
    registry.actions.push(ActionSpec {
        name: "physio.brady",
        about: "a slow sinus rhythm; pressure and reflexes answer",
        level: Level::Patient,
        seam: Seam::Signal(change_rate),
        parameters: vec![
            quantity("rate", Dimension::Rate, "heart rate reached").default("35 bpm").range(20.0, 60.0),
            quantity("ramp", Dimension::Time, "how long the fall takes, and the rise")
                .default("30s")
                .range(1e9, 3.6e12),
        ],
        duration: DurationRule::Optional,
        evidence: &["grid_steps_acted"],
        heal: "the drive fades over the ramp",
        stack_should: "raise a high-priority rate alarm",
    });
    registry.actions.push(ActionSpec {
        name: "physio.arrhythmia",
        about: "the heart goes over into a rhythm; pulses and pressure follow it",
        level: Level::Patient,
        seam: Seam::Signal(change_rhythm),
        parameters: vec![
            ParameterSpec::required("rhythm", ParameterKind::Choice(RhythmKind::NAMES), "which rhythm"),
            quantity("rate", Dimension::Rate, "rate of the ventricles, for rhythms that set it").range(20.0, 220.0),
            quantity("ectopy", Dimension::Percent, "share of premature beats, for the rhythms that have them")
                .default("5 %")
                .range(0.0, 40.0),
        ],
        duration: DurationRule::Optional,
        evidence: &["grid_steps_acted"],
        heal: "the patient's own rhythm is back",
        stack_should: "raise the alarm of that rhythm, once",
    });
    registry.actions.push(ActionSpec {
        name: "physio.arrest",
        about: "the heart no longer pumps: no pulse, pressure and saturation fall",
        level: Level::Patient,
        seam: Seam::Signal(change_rhythm),
        parameters: vec![choice("kind", &["vf", "asystole", "pea"], "what the electrocardiogram shows").default("vf")],
        duration: DurationRule::Optional,
        evidence: &["grid_steps_acted"],
        heal: "the patient's own rhythm is back; the circulation recovers as it can",
        stack_should: "raise one high-priority alarm, not many unrelated ones",
    });
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::*;
    use crate::physiology::{Build, Sex};

    /// The latest rhythm is in force, whichever ends first, and the patient's own one comes back.
    #[test]
    fn rhythms_of_steps_nest() {
        let build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };
        let mut body = Body::new(&build, Key::new(1, "icu/1"), &[], 8_000_000_000);
        let mut causes = Causes::default();
        let kind = |body: &Body| body.heart().rhythm().kind;
        let [first, second] = [0, 1].map(OccurrenceId);
        causes.begin_rhythm(first, Rhythm::usual(RhythmKind::AtrialFibrillation), &mut body);
        causes.begin_rhythm(second, Rhythm::usual(RhythmKind::VentricularFibrillation), &mut body);
        assert_eq!(kind(&body), RhythmKind::VentricularFibrillation);
        assert_eq!(body.core.inputs.ejection, 0.0);
        causes.end_rhythm(first, &mut body);
        assert_eq!(kind(&body), RhythmKind::VentricularFibrillation);
        causes.end_rhythm(second, &mut body);
        assert_eq!(kind(&body), RhythmKind::Sinus);
        assert_eq!((body.core.inputs.ejection, body.core.inputs.ventricular_rate_bpm), (1.0, None));
    }
}
