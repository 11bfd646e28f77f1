//! Pulmonary artery catheter: central venous and pulmonary artery pressure, curves and means.

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, DevicePlan, DeviceSpec, Phase, Purpose, Registry, SimId, SimTime, SpawnError, StreamKind,
    StreamSpec,
};
use vocabulary::{Quality, Reading, metrics};

use crate::device::{Chunk, Device};
use crate::sensors::{WhiteNoise, quantise};
use patients::Physiology;
use physiology::{Body, Event, History, RightPressures, add_chest_pressure, add_pulmonary_pulses, add_venous_waves};

const PRESSURES: usize = 0;
const CVP: usize = 1;
const PAP: usize = 2;

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

/// Room to work in.
#[derive(Debug, Clone, Default, Resource)]
struct Workshop {
    scratch: Vec<f32>,
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

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let device = Device::from_plan(world, id, plan, patient);
    let Some(Physiology(body)) = world.get::<Physiology>(patient) else {
        return Err(SpawnError { path: plan.path.clone(), reason: "the patient model has no physiology".to_owned() });
    };
    let mut levels = History::new(REACH_NS);
    levels.push(Level { at_ns: -STEP_NS, pressures: pressures(body) });
    let catheter = PulmonaryCatheter {
        levels,
        cvp_noise: WhiteNoise::new(device.key, Purpose::new("cvp.noise"), NOISE),
        pap_noise: WhiteNoise::new(device.key, Purpose::new("pap.noise"), NOISE),
    };
    Ok(world.spawn((device, catheter)).id())
}

impl PulmonaryCatheter {
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

    /// Appends the counts of a chunk of a channel.
    fn digitise(&self, channel: usize, body: &Body, chunk: &Chunk, scratch: &mut Vec<f32>, out: &mut Vec<i16>) {
        let (grid, first) = (chunk.grid(), chunk.first_index);
        let mean = |at: SimTime| {
            let pressures = self.at(at.nanos());
            if channel == CVP { pressures.cvp_mmhg } else { pressures.pap_mmhg }
        };
        scratch.clear();
        scratch.extend((0..chunk.samples).map(|position| mean(chunk.instant(position))));
        let events = body.heart().events();
        if channel == CVP {
            add_venous_waves(events.beats, events.lone_p_waves, grid, first, scratch);
            self.cvp_noise.add(first, scratch);
        } else {
            add_pulmonary_pulses(events.beats, |at_ns| self.at(at_ns).pulse_mmhg, grid, first, scratch);
            self.pap_noise.add(first, scratch);
        }
        add_chest_pressure(body.breathing().breaths(), grid, first, scratch);
        quantise(scratch, GAIN as f32, 0.0, RANGE, out);
    }
}

/// Notes the pressures at whole seconds.
fn note_levels(
    clock: Res<Clock>,
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

fn report_catheters(
    clock: Res<Clock>,
    mut workshop: ResMut<Workshop>,
    patients: Query<&Physiology>,
    mut devices: Query<(&mut Device, &PulmonaryCatheter)>,
    mut assembly: ResMut<Assembly>,
) {
    let Workshop { scratch } = &mut *workshop;
    for (mut device, catheter) in &mut devices {
        if !device.is_due(&clock) {
            continue;
        }
        let Ok(Physiology(body)) = patients.get(device.patient) else { continue };
        while let Some(due) = device.take_due(&clock) {
            let mut message = device.say(&due, &clock, &mut assembly);
            match (due.kind_index, due.chunk) {
                (PRESSURES, _) => {
                    let shown = catheter.at(due.intended.nanos());
                    message
                        .reading(Reading::number(metrics::CVP_MEAN, f64::from(shown.cvp_mmhg)))
                        .reading(Reading::number(metrics::PAP_MEAN, f64::from(shown.pap_mmhg)));
                }
                (channel @ (CVP | PAP), Some(chunk)) => {
                    let metric = if channel == CVP { metrics::CVP_WAVE } else { metrics::PAP_WAVE };
                    let head = chunk.head(&clock, metric, GAIN, 0.0, Quality::Ok);
                    message.wave(head, |samples, _| catheter.digitise(channel, body, &chunk, scratch, samples));
                }
                _ => {}
            }
        }
    }
}

/// Adds the catheter.
pub fn register(registry: &mut Registry) {
    registry.add_resource(|world| {
        world.init_resource::<Workshop>();
    });
    let wave = |id, about, metrics| StreamSpec {
        id,
        about,
        kind: StreamKind::Wave { rate_mhz: 125_000, samples: 125, highest_mhz: 500_000 },
        metrics,
    };
    registry.add(patients::needs_circulation("pulmonary_catheter"));
    registry.add(DeviceSpec {
        kind: "pulmonary_catheter",
        about: "pulmonary artery catheter: central venous and pulmonary artery pressure",
        streams: vec![
            StreamSpec {
                id: "pressures",
                about: "mean pressures",
                kind: StreamKind::Numeric { period_ms: 1_000 },
                metrics: &[metrics::CVP_MEAN, metrics::PAP_MEAN],
            },
            wave("cvp", "central venous pressure with a, c, x, v and y", &[metrics::CVP_WAVE]),
            wave("pap", "pulmonary artery pressure", &[metrics::PAP_WAVE]),
        ],
        options: Vec::new(),
        commands: Vec::new(),
        obey: None,
        spawn,
    });
    registry.add_system(Phase::Treatment, note_levels);
    registry.add_system(Phase::Sample, report_catheters);
}
