//! Pulmonary artery catheter: central venous and pulmonary artery pressure, curves and means.

use bevy_ecs::prelude::*;
use sim_core::{Phase, Purpose, Registry, SimTime, SystemSpec};
use vocabulary::{MetricId, Quality, Reading, metrics};

use crate::device::{Chunk, Device, DeviceKind, DeviceModel, Sampling, Saying, Spawning};
use crate::sensors::{WhiteNoise, quantise};
use patients::{Physiology, needs_circulation};
use physiology::{Body, Event, History, RightPressures, add_chest_pressure, add_pulmonary_pulses, add_venous_waves};

/// Value of one count, range of the channel and noise of the transducer line [mmHg].
const GAIN: f64 = 0.1;
const RANGE: (f32, f32) = (-50.0, 120.0);
const NOISE: f32 = 0.15;

/// Levels are noted so often [ns]; curves move between them one step later, so that all they need is past.
const STEP_NS: i64 = 1_000_000_000;
/// Levels are kept for so long [ns]: the longest chunk, a beat and a step.
const REACH_NS: i64 = 16_000_000_000;

/// State of a catheter.
#[derive(Debug, Clone, Component)]
pub struct PulmonaryCatheter {
    levels: History<Level>,
    cvp_noise: WhiteNoise,
    pap_noise: WhiteNoise,
}

/// Pressures at a whole second.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Level {
    at_ns: i64,
    pressures: RightPressures,
}

impl Event for Level {
    fn begins_ns(&self) -> i64 {
        self.at_ns
    }
}

fn pressures(body: &Body) -> RightPressures {
    let (vitals, parameters) = (body.core.vitals(), body.core.parameters());
    let rest_stroke_ml = 1_000.0 * parameters.cardiac_output_l_min / parameters.heart_rate_bpm;
    RightPressures::of(
        vitals.cvp_mmhg,
        vitals.cardiac_output_l_min,
        vitals.stroke_volume_ml / rest_stroke_ml,
        body.core.state().alveolar_po2_mmhg,
    )
}

/// Notes the pressures at whole seconds, before the body moves on.
fn note_levels(
    clock: Res<sim_core::Clock>,
    patients: Query<&Physiology>,
    mut catheters: Query<(&Device, &mut PulmonaryCatheter)>,
) {
    if clock.now.nanos() % STEP_NS != 0 {
        return;
    }
    for (device, mut catheter) in &mut catheters {
        let Ok(Physiology(body)) = patients.get(device.patient) else { continue };
        catheter.levels.push(Level { at_ns: clock.now.nanos(), pressures: pressures(body) });
    }
}

impl DeviceModel for PulmonaryCatheter {
    type Patient = &'static Physiology;
    type Parts = ();
    type Room = Vec<f32>;
}

impl PulmonaryCatheter {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<Self, String> {
        let mut levels = History::new(REACH_NS);
        levels.push(Level { at_ns: -STEP_NS, pressures: pressures(spawning.body()?) });
        let noise = |name| WhiteNoise::new(spawning.key(), Purpose::new(name), NOISE);
        Ok(Self { levels, cvp_noise: noise("cvp.noise"), pap_noise: noise("pap.noise") })
    }

    /// Pressures at an instant, between the two levels noted before it.
    fn at(&self, at_ns: i64) -> RightPressures {
        let levels = self.levels.as_slice();
        let begun = levels.partition_point(|level| level.at_ns <= at_ns);
        let newest = levels[begun.saturating_sub(1).min(levels.len() - 1)];
        let before = levels[begun.saturating_sub(2).min(levels.len() - 1)];
        let share = ((at_ns - newest.at_ns) as f64 / STEP_NS as f64).clamp(0.0, 1.0) as f32;
        let between = |from: f32, to: f32| from + (to - from) * share;
        let (from, to) = (before.pressures, newest.pressures);
        RightPressures {
            cvp_mmhg: between(from.cvp_mmhg, to.cvp_mmhg),
            pap_mmhg: between(from.pap_mmhg, to.pap_mmhg),
            pulse_mmhg: between(from.pulse_mmhg, to.pulse_mmhg),
        }
    }

    fn say_means(&mut self, mut saying: Saying<'_, Self>) {
        let shown = self.at(saying.due.intended.nanos());
        saying
            .message
            .reading(Reading::number(metrics::CVP_MEAN, f64::from(shown.cvp_mmhg)))
            .reading(Reading::number(metrics::PAP_MEAN, f64::from(shown.pap_mmhg)));
    }

    fn say_venous_pressure(&mut self, chunk: &Chunk, mut saying: Saying<'_, Self>) {
        let events = saying.patient.0.heart().events();
        self.fill(chunk, saying.room, |pressures| pressures.cvp_mmhg);
        add_venous_waves(events.beats, events.lone_p_waves, chunk.grid(), chunk.first_index, saying.room);
        self.cvp_noise.add(chunk.first_index, saying.room);
        write(metrics::CVP_WAVE, chunk, &mut saying);
    }

    fn say_pulmonary_pressure(&mut self, chunk: &Chunk, mut saying: Saying<'_, Self>) {
        let beats = saying.patient.0.heart().events().beats;
        self.fill(chunk, saying.room, |pressures| pressures.pap_mmhg);
        let pulse_mmhg = |at_ns| self.at(at_ns).pulse_mmhg;
        add_pulmonary_pulses(beats, pulse_mmhg, chunk.grid(), chunk.first_index, saying.room);
        self.pap_noise.add(chunk.first_index, saying.room);
        write(metrics::PAP_WAVE, chunk, &mut saying);
    }

    /// Fills the room with the mean pressures at the samples of a chunk.
    fn fill(&self, chunk: &Chunk, room: &mut Vec<f32>, mean: fn(&RightPressures) -> f32) {
        let at = |instant: SimTime| mean(&self.at(instant.nanos()));
        room.clear();
        room.extend((0..chunk.samples).map(|position| at(chunk.instant(position))));
    }
}

/// Adds what breathing does to the pressures in the room, and writes them as a wave.
fn write(metric: MetricId, chunk: &Chunk, saying: &mut Saying<'_, PulmonaryCatheter>) {
    let Physiology(body) = saying.patient;
    add_chest_pressure(body.breathing().breaths(), chunk.grid(), chunk.first_index, saying.room);
    let head = chunk.head(saying.clock, metric, GAIN, 0.0, Quality::Ok);
    saying.message.wave(head, |samples, _| quantise(saying.room, GAIN as f32, 0.0, RANGE, samples));
}

/// Adds the catheter.
pub fn register(registry: &mut Registry) {
    let about = "pulmonary artery catheter: central venous and pulmonary artery pressure";
    let means = [metrics::CVP_MEAN, metrics::PAP_MEAN];
    let sampling = Sampling { rate_mhz: 125_000, samples: 125, highest_mhz: 500_000 };
    let (venous, pulmonary) = (PulmonaryCatheter::say_venous_pressure, PulmonaryCatheter::say_pulmonary_pressure);
    registry.schedule(SystemSpec::new(Phase::Treatment, note_levels).of::<PulmonaryCatheter>());
    DeviceKind::new("pulmonary_catheter", about, PulmonaryCatheter::spawn)
        .needs(needs_circulation)
        .values("pressures", "mean pressures", 1_000, &means, PulmonaryCatheter::say_means)
        .samples("cvp", "central venous pressure with a, c, x, v and y", sampling, &[metrics::CVP_WAVE], venous)
        .samples("pap", "pulmonary artery pressure", sampling, &[metrics::PAP_WAVE], pulmonary)
        .register(registry);
}
