//! What a ventilator says: measurements, curves, settings, alarms.

use bevy_ecs::prelude::*;
use sim_core::{Assembly, Clock, Phase, Registry, SimTime};
use vocabulary::{Quality, Reading, metrics};

use super::super::alarm::{self, Condition, HeldAlarms};
use super::Ventilator;
use super::airway_faults::AirwayFaults;
use super::mechanics::Airway;
use crate::device::{Chunk, Device};
use crate::sensors::averages;
use crate::sensors::quantise;
use patients::Physiology;
use physiology::{Body, Breath};

const MEASURED: usize = 0;
const AIRWAY: usize = 1;
const SETTINGS: usize = 2;
const ALARM: usize = 3;

/// Value of a count and range of pressure [cmH2O], flow [L/min] and volume [mL].
const CHANNELS: [(f64, (f32, f32)); 3] = [(0.1, (-20.0, 120.0)), (0.1, (-250.0, 250.0)), (1.0, (-500.0, 3_000.0))];

/// A disconnection is noticed when the pressure has been missing so long, a few breaths [grid steps].
const NOTICED_STEPS: u32 = 60;

/// Conditions and their priorities (IEC 60601-1-8; ISO 80601-2-12 asks for high priority).
const CONDITIONS: [Condition; 3] = [("paw_high", "high"), ("disconnection", "high"), ("apnoea", "high")];

/// Which alarms are on.
#[derive(Debug, Clone, Default)]
pub(super) struct Alarms {
    held: HeldAlarms<{ CONDITIONS.len() }>,
    missing_steps: u32,
}

/// Room to work in.
#[derive(Debug, Clone, Default, Resource)]
struct Workshop {
    seen: Vec<Airway>,
    scratch: Vec<f32>,
}

impl Ventilator {
    fn conditions(&mut self, faults: &AirwayFaults, body: &Body, now: SimTime) -> [bool; CONDITIONS.len()] {
        let missing = if faults.disconnected() { self.alarms.missing_steps + 1 } else { 0 };
        self.alarms.missing_steps = missing.min(NOTICED_STEPS);
        let disconnected = self.alarms.missing_steps >= NOTICED_STEPS;
        let high = !faults.disconnected() && self.settings.reaches_limit(self.mode(), &self.lung_under(faults));
        let apnoea = self.backup || self.is_apnoeic(body.breathing().breaths(), now);
        [high, disconnected, apnoea]
    }

    /// Pressure, flow and volume of the samples of a chunk.
    fn see(&self, breaths: &[Breath], chunk: &Chunk, seen: &mut Vec<Airway>) {
        seen.clear();
        let mut known = None;
        seen.extend((0..chunk.samples).map(|offset| {
            let at_ns = chunk.instant(offset).nanos();
            let position = breaths.partition_point(|breath| breath.start_ns <= at_ns).checked_sub(1);
            if known.map(|(known, _)| known) != Some(position) {
                known = Some((position, position.and_then(|position| self.at_airway(&breaths[position]))));
            }
            let nothing = Airway { pressure_cmh2o: 0.0, flow_l_s: 0.0, volume_l: 0.0 };
            match (position, known) {
                (Some(position), Some((_, Some(breath)))) => {
                    breath.at((at_ns - breaths[position].start_ns) as f64 / 1e9)
                }
                _ => nothing,
            }
        }));
    }
}

fn watch_ventilators(
    clock: Res<Clock>,
    patients: Query<&Physiology>,
    mut devices: Query<(&mut Device, &mut Ventilator, &AirwayFaults)>,
    mut assembly: ResMut<Assembly>,
) {
    for (mut device, mut ventilator, faults) in &mut devices {
        let Ok(Physiology(body)) = patients.get(device.patient) else { continue };
        let told = (ventilator.settings, ventilator.backup);
        if ventilator.told != Some(told) {
            ventilator.told = Some(told);
            if let Some(due) = device.event(SETTINGS, clock.now) {
                let (settings, backup) = told;
                let mode = if backup { "backup" } else { settings.mode.code() };
                device
                    .say(&due, &clock, &mut assembly)
                    .reading(Reading::code(metrics::VENT_MODE, mode))
                    .reading(Reading::number(metrics::RR_SET, settings.rate_min))
                    .reading(Reading::number(metrics::VT_SET, settings.volume_ml))
                    .reading(Reading::number(metrics::PEEP_SET, settings.peep_cmh2o))
                    .reading(Reading::number(metrics::PINSP_SET, settings.pressure_cmh2o))
                    .reading(Reading::number(metrics::FIO2_SET, settings.oxygen_percent));
            }
        }
        let conditions = ventilator.conditions(faults, body, clock.now);
        for event in ventilator.alarms.held.look(&CONDITIONS, conditions) {
            alarm::say(event, ALARM, &mut device, &clock, &mut assembly);
        }
    }
}

fn report_ventilators(
    clock: Res<Clock>,
    mut workshop: ResMut<Workshop>,
    patients: Query<&Physiology>,
    mut devices: Query<(&mut Device, &Ventilator, &AirwayFaults)>,
    mut assembly: ResMut<Assembly>,
) {
    let workshop = &mut *workshop;
    for (mut device, ventilator, faults) in &mut devices {
        if !device.is_due(&clock) {
            continue;
        }
        let Ok(Physiology(body)) = patients.get(device.patient) else { continue };
        let breaths = body.breathing().breaths();
        while let Some(due) = device.take_due(&clock) {
            let mut message = device.say(&due, &clock, &mut assembly);
            match (due.kind_index, due.chunk) {
                (AIRWAY, Some(chunk)) => {
                    ventilator.see(breaths, &chunk, &mut workshop.seen);
                    let values: [fn(&Airway) -> f64; 3] =
                        [|seen| seen.pressure_cmh2o, |seen| 60.0 * seen.flow_l_s, |seen| 1_000.0 * seen.volume_l];
                    for ((metric, value), (gain, range)) in
                        [metrics::PAW_WAVE, metrics::FLOW_WAVE, metrics::VOL_WAVE].into_iter().zip(values).zip(CHANNELS)
                    {
                        let scratch = &mut workshop.scratch;
                        scratch.clear();
                        scratch.extend(workshop.seen.iter().map(|seen| value(seen) as f32));
                        let head = chunk.head(&clock, metric, gain, 0.0, Quality::Ok);
                        message.wave(head, |samples, _| quantise(scratch, gain as f32, 0.0, range, samples));
                    }
                }
                (MEASURED, _) => {
                    for reading in measured(ventilator, faults, body, due.intended) {
                        message.reading(reading);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The numbers of the last whole breath; none without one, or with the tube off.
fn measured(ventilator: &Ventilator, faults: &AirwayFaults, body: &Body, at: SimTime) -> [Reading; 10] {
    let breaths = body.breathing().breaths();
    let past = &breaths[..breaths.partition_point(|breath| breath.start_ns <= at.nanos())];
    let rate_bpm = averages::respiratory_rate_bpm(breaths, at);
    let last = match past {
        [.., last, next] if !faults.disconnected() && rate_bpm > 0.0 => {
            ventilator.at_airway(last).map(|breath| (breath, (next.start_ns - last.start_ns) as f64 / 1e9))
        }
        _ => None,
    };
    let value = |metric, value: Option<f64>| {
        value.map_or(Reading::missing(metric, Quality::NotAvailable), |value| Reading::number(metric, value))
    };
    let of = |metric, number: fn(&super::AirwayBreath, f64) -> f64| {
        value(metric, last.map(|(breath, period_s)| number(&breath, period_s)))
    };
    [
        of(metrics::VT, |breath, _| 1_000.0 * breath.volume_l),
        value(metrics::MV, last.map(|(breath, _)| breath.volume_l * rate_bpm)),
        value(metrics::RR_VENT, last.map(|_| rate_bpm)),
        of(metrics::IE_RATIO, |breath, period_s| breath.inspiration_s / (period_s - breath.inspiration_s).max(0.1)),
        of(metrics::PIP, |breath, _| breath.peak_cmh2o()),
        of(metrics::PPLAT, |breath, _| breath.plateau_cmh2o()),
        of(metrics::PMEAN, super::AirwayBreath::mean_cmh2o),
        of(metrics::PEEP, |breath, _| breath.peep_cmh2o),
        // Dynamic compliance: volume over the whole pressure swing.
        of(metrics::COMPLIANCE, |breath, _| {
            1_000.0 * breath.volume_l / (breath.peak_cmh2o() - breath.peep_cmh2o).max(0.1)
        }),
        Reading::number(metrics::FIO2, 100.0 * body.core.inputs.fio2),
    ]
}

/// Adds the resources.
pub(super) fn furnish(registry: &mut Registry) {
    registry.add_resource(|world| {
        world.init_resource::<Workshop>();
    });
}

/// Adds the systems.
pub(super) fn add_systems(registry: &mut Registry) {
    registry.add_system(Phase::Sample, watch_ventilators);
    registry.add_system(Phase::Sample, report_ventilators);
}
