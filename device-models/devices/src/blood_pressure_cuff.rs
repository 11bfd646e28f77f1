//! Blood pressure cuff: an oscillometric measurement of 25 to 40 s, at a period or on demand, that fails when the arm
//! moves, the pulse is irregular or there is none.

mod measurement;

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, Command, CommandSpec, DevicePlan, DeviceSpec, MessageBuilder, Phase, Registry, SimId, SimTime,
    SpawnError, StreamKind, StreamSpec,
};
use vocabulary::{MetricId, Quality, Reading, metrics};

use self::measurement::{Measurement, Outcome};
use super::announcement::Announcement;
use super::battery::Battery;
use crate::device::Device;
use patients::Physiology;
use patients::activity::Activity;

const PRESSURE: usize = 0;
const ON_DEMAND: usize = 1;
const STATUS: usize = 2;

/// State of a cuff.
#[derive(Debug, Clone, Component)]
pub struct BloodPressureCuff {
    /// The measurement under way or the next one of the schedule, which ends with its message.
    scheduled: Option<Measurement>,
    /// A measurement that a command began.
    demanded: Option<Measurement>,
    /// A command that has not been begun.
    asked: bool,
    /// Measurements on demand so far.
    demands: u64,
}

#[expect(clippy::unnecessary_wraps, reason = "the registry's signature lets a device refuse")]
fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let device = Device::from_plan(world, id, plan, patient);
    let cuff = BloodPressureCuff { scheduled: None, demanded: None, asked: false, demands: 0 };
    let battery = Battery::new(device.key);
    Ok(world.spawn((device, cuff, battery, Announcement(STATUS))).id())
}

fn obey(world: &mut World, device: Entity, command: &Command) -> Result<(), String> {
    let now = world.resource::<Clock>().now;
    let Some(mut cuff) = world.get_mut::<BloodPressureCuff>(device) else { return Err("not a cuff".to_owned()) };
    match command.op.as_str() {
        "measure" => {
            let inflated = cuff.scheduled.as_ref().is_some_and(|measurement| measurement.has_begun(now));
            if inflated || cuff.demanded.is_some() || cuff.asked {
                return Err("a measurement is under way".to_owned());
            }
            cuff.asked = true;
            Ok(())
        }
        other => Err(format!("unknown operation `{other}`")),
    }
}

fn say_outcome(message: &mut MessageBuilder<'_>, outcome: &Outcome) {
    match outcome {
        Outcome::Measured(pressure) => {
            message
                .reading(Reading::number(metrics::NIBP_SYS, pressure.systolic_mmhg))
                .reading(Reading::number(metrics::NIBP_DIA, pressure.diastolic_mmhg))
                .reading(Reading::number(metrics::NIBP_MEAN, pressure.mean_mmhg))
                .reading(Reading::number(metrics::PR_NIBP, pressure.pulse_rate_bpm));
        }
        Outcome::Failed(_) => {
            for metric in [metrics::NIBP_SYS, metrics::NIBP_DIA, metrics::NIBP_MEAN, metrics::PR_NIBP] {
                message.reading(Reading::missing(metric, Quality::NotAvailable));
            }
        }
    }
    message.reading(Reading::code(metrics::DEVICE_STATUS, outcome.code()));
}

fn measure_pressures(
    clock: Res<Clock>,
    patients: Query<(&Physiology, Option<&Activity>)>,
    mut devices: Query<(&mut Device, &mut BloodPressureCuff)>,
    mut assembly: ResMut<Assembly>,
) {
    for (mut device, mut cuff) in &mut devices {
        let cuff = &mut *cuff;
        if std::mem::take(&mut cuff.asked) {
            cuff.demanded = Some(Measurement::from(device.key, clock.now, cuff.demands));
            cuff.demands += 1;
        }
        if cuff.scheduled.is_none() {
            let (ends, sequence) = device.next_of(PRESSURE).unwrap_or((SimTime::from_nanos(i64::MAX), 0));
            cuff.scheduled = Some(Measurement::until(device.key, ends, sequence));
        }
        let busy = cuff.demanded.is_some() || cuff.scheduled.as_ref().is_some_and(|next| next.has_begun(clock.now));
        if !busy {
            continue;
        }
        let Ok((Physiology(body), activity)) = patients.get(device.patient) else { continue };
        let moves = activity.is_some_and(|activity| activity.moves_at(clock.now));
        for measurement in cuff.scheduled.iter_mut().chain(&mut cuff.demanded) {
            measurement.follow(body, moves, &clock);
        }
        while let Some(due) = device.take_due(&clock) {
            debug_assert_eq!(due.kind_index, PRESSURE);
            let next = cuff.scheduled.take();
            let measurement = next.unwrap_or_else(|| Measurement::until(device.key, due.intended, due.sequence));
            let outcome = measurement.outcome(device.key);
            say_outcome(&mut device.say(&due, &clock, &mut assembly), &outcome);
        }
        if let Some(measurement) = cuff.demanded.take_if(|measurement| measurement.ends() < clock.end) {
            let outcome = measurement.outcome(device.key);
            if let Some(due) = device.event(ON_DEMAND, measurement.ends()) {
                say_outcome(&mut device.say(&due, &clock, &mut assembly), &outcome);
            }
        }
    }
}

/// Adds the cuff.
pub fn register(registry: &mut Registry) {
    let carried: &'static [MetricId] =
        &[metrics::NIBP_SYS, metrics::NIBP_DIA, metrics::NIBP_MEAN, metrics::PR_NIBP, metrics::DEVICE_STATUS];
    registry.add(DeviceSpec {
        kind: "blood_pressure_cuff",
        about: "upper-arm cuff: 25 to 40 s a measurement, error of 3 mmHg, fails by motion or an irregular pulse",
        streams: vec![
            StreamSpec {
                id: "pressure",
                about: "a measurement that ends with its message, and how it went",
                kind: StreamKind::Numeric { period_ms: 900_000 },
                metrics: carried,
            },
            StreamSpec {
                id: "on_demand",
                about: "a measurement that the command `measure` began",
                kind: StreamKind::Event,
                metrics: carried,
            },
            StreamSpec {
                id: "status",
                about: "when switched on",
                kind: StreamKind::Event,
                metrics: &[metrics::DEVICE_STATUS, metrics::BATTERY],
            },
        ],
        options: Vec::new(),
        commands: vec![CommandSpec {
            op: "measure",
            about: "measures now; refused while a measurement is under way",
            parameters: Vec::new(),
        }],
        obey: Some(obey),
        spawn,
    });
    registry.add_system(Phase::Sample, measure_pressures);
}
