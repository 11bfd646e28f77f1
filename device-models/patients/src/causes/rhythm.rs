//! `physio.tachy`, `physio.brady`, `physio.arrhythmia` and `physio.arrest`: rate and rhythm of the heart.

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, Edge, OccurrenceId, ParameterKind, ParameterSpec, SignalAct};
use vocabulary::Dimension;

use super::{Cause, Causes, Seen, action, choice, patient, quantity};
use physiology::{Body, Inputs, RateDrive, Rhythm, RhythmKind};

impl Cause for RateDrive {
    fn step(&mut self, seen: &Seen<'_>, inputs: &mut Inputs) -> bool {
        let drive_bpm = Self::step(self, seen.body.core.vitals().heart_rate_bpm);
        inputs.heart_rate_drive_bpm += drive_bpm;
        drive_bpm != 0.0
    }

    fn release(&mut self) {
        Self::release(self);
    }

    fn is_over(&self) -> bool {
        Self::is_over(self)
    }

    /// It looks at the heart rate that the others leave.
    fn answers(&self) -> bool {
        true
    }
}

/// A rhythm that a step has begun; it acts while it is the one in force.
#[derive(Debug, Clone, Copy, PartialEq)]
struct HeldRhythm {
    rhythm: Rhythm,
    ended: bool,
}

impl Cause for HeldRhythm {
    fn step(&mut self, seen: &Seen<'_>, _: &mut Inputs) -> bool {
        !self.ended && *seen.body.heart().rhythm() == self.rhythm
    }

    fn release(&mut self) {
        self.ended = true;
    }

    fn is_over(&self) -> bool {
        self.ended
    }
}

impl Causes {
    /// Begins a rhythm; it ends with its occurrence.
    fn begin_rhythm(&mut self, act: &SignalAct<'_>, rhythm: Rhythm, body: &mut Body) {
        self.put_rhythm(act.id, rhythm, body);
        self.begin(act, Box::new(HeldRhythm { rhythm, ended: false }));
    }

    fn put_rhythm(&mut self, occurrence: OccurrenceId, rhythm: Rhythm, body: &mut Body) {
        self.own_rhythm.get_or_insert_with(|| Box::new(*body.heart().rhythm()));
        self.rhythms.push((occurrence, rhythm));
        body.set_rhythm(rhythm);
    }

    /// Ends the rhythm of an occurrence: the one before it is back.
    fn end_rhythm(&mut self, occurrence: OccurrenceId, body: &mut Body) {
        self.rhythms.retain(|(id, _)| *id != occurrence);
        if let Some(rhythm) = self.rhythms.last().map(|(_, rhythm)| *rhythm).or(self.own_rhythm.as_deref().copied()) {
            body.set_rhythm(rhythm);
        }
    }

    /// Changes the patient's own rhythm, which is in force unless a step holds another one.
    pub(super) fn change_own_rhythm(&mut self, rhythm: Rhythm, body: &mut Body) {
        self.own_rhythm = Some(Box::new(rhythm));
        if self.rhythms.is_empty() {
            body.set_rhythm(rhythm);
        }
    }

    /// The patient's own rhythm.
    pub(super) fn own_rhythm(&self, body: &Body) -> Rhythm {
        self.own_rhythm.as_deref().copied().unwrap_or(*body.heart().rhythm())
    }

    /// The rhythm that a step holds.
    pub(super) fn held_rhythm(&self) -> Option<Rhythm> {
        self.rhythms.last().map(|(_, rhythm)| *rhythm)
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
                causes.begin_rhythm(act, Rhythm::usual(kind).at_rate(rate_bpm), body);
            }
            // What has a rate of its own begins at it; the others are driven to it.
            if kind.own_rate_bpm().is_none() {
                let ramp_s = arguments.number("ramp").unwrap_or(60e9) / 1e9;
                let drive = RateDrive::begin(rate_bpm, ramp_s, body.core.vitals().heart_rate_bpm);
                causes.begin(act, Box::new(drive));
            }
        }
        Edge::Heal => {
            causes.end_rhythm(act.id, body);
            causes.release(act.id);
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
            causes.begin_rhythm(act, rhythm, body);
        }
        Edge::Heal => {
            causes.end_rhythm(act.id, body);
            causes.release(act.id);
        }
    }
}

/// The actions.
pub(super) fn actions() -> [ActionSpec; 4] {
    [
        action(
            "physio.tachy",
            "a fast rhythm; filling and pressure answer",
            change_rate,
            vec![
                quantity("rate", Dimension::Rate, "heart rate reached").default("150 bpm").range(90.0, 220.0),
                quantity(
                    "ramp",
                    Dimension::Time,
                    "how long the rise takes, and the fall; svt and vt begin at their rate",
                )
                .default("60s")
                .range(1e9, 3.6e12),
                choice("rhythm", &["sinus", "af", "vt", "svt"], "which rhythm is fast").default("sinus"),
            ],
            "the drive fades over the ramp; the patient's own rhythm is back",
            "raise an alarm by rhythm: ventricular tachycardia outranks a sinus tachycardia",
        ),
        action(
            "physio.brady",
            "a slow sinus rhythm; pressure and reflexes answer",
            change_rate,
            vec![
                quantity("rate", Dimension::Rate, "heart rate reached").default("35 bpm").range(20.0, 60.0),
                quantity("ramp", Dimension::Time, "how long the fall takes, and the rise")
                    .default("30s")
                    .range(1e9, 3.6e12),
            ],
            "the drive fades over the ramp",
            "raise a high-priority rate alarm",
        ),
        action(
            "physio.arrhythmia",
            "the heart goes over into a rhythm; pulses and pressure follow it",
            change_rhythm,
            vec![
                ParameterSpec::required("rhythm", ParameterKind::Choice(RhythmKind::NAMES), "which rhythm"),
                quantity("rate", Dimension::Rate, "rate of the ventricles, for rhythms that set it").range(20.0, 220.0),
                quantity("ectopy", Dimension::Percent, "share of premature beats, for the rhythms that have them")
                    .default("5 %")
                    .range(0.0, 40.0),
            ],
            "the patient's own rhythm is back",
            "raise the alarm of that rhythm, once",
        ),
        action(
            "physio.arrest",
            "the heart no longer pumps: no pulse, pressure and saturation fall",
            change_rhythm,
            vec![choice("kind", &["vf", "asystole", "pea"], "what the electrocardiogram shows").default("vf")],
            "the patient's own rhythm is back; the circulation recovers as it can",
            "raise one high-priority alarm, not many unrelated ones",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;
    use super::*;

    /// The latest rhythm is in force, whichever ends first, and the patient's own one comes back.
    #[test]
    fn rhythms_of_steps_nest() {
        let Bench { mut body, mut causes, .. } = Bench::new();
        let kind = |body: &Body| body.heart().rhythm().kind;
        let [first, second] = [0, 1].map(OccurrenceId);
        causes.put_rhythm(first, Rhythm::usual(RhythmKind::AtrialFibrillation), &mut body);
        causes.put_rhythm(second, Rhythm::usual(RhythmKind::VentricularFibrillation), &mut body);
        assert_eq!(kind(&body), RhythmKind::VentricularFibrillation);
        assert_eq!(body.core.inputs.ejection, 0.0);
        causes.end_rhythm(first, &mut body);
        assert_eq!(kind(&body), RhythmKind::VentricularFibrillation);
        causes.end_rhythm(second, &mut body);
        assert_eq!(kind(&body), RhythmKind::Sinus);
        assert_eq!((body.core.inputs.ejection, body.core.inputs.ventricular_rate_bpm), (1.0, None));
    }

    /// A drive acts with the others and fades when it is released.
    #[test]
    fn a_fast_heart_slows_down_again() {
        let mut bench = Bench::new();
        bench.begin(RateDrive::begin(150.0, 30.0, 70.0));
        bench.advance(60);
        assert!((bench.body.core.vitals().heart_rate_bpm - 150.0).abs() < 2.0);
        bench.release();
        bench.advance(180);
        assert!((bench.body.core.vitals().heart_rate_bpm - 70.0).abs() < 2.0 && bench.is_quiet());
    }
}
