//! Urine meter: what a catheter drains into a bag, as a volume and as a rate.

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, Command, CommandSpec, DevicePlan, DeviceSpec, GRID, Phase, Registry, SimId, SimTime, SpawnError,
    StreamKind, StreamSpec,
};
use vocabulary::{Reading, metrics};

use crate::device::Device;
use patients::{Person, Physiology};
use physiology::Body;
use physiology::urine::{RenalState, UrineBag, urine_output_ml_kg_h};

const OUTPUT: usize = 0;
const STATUS: usize = 1;

const STEPS_PER_SECOND: i64 = 10;
const SECONDS_PER_HOUR: f64 = 3_600.0;

/// Volume that the bag holds [mL]; the usual bags of urine meters.
const CAPACITY_ML: f64 = 2_000.0;

/// State of a meter.
#[derive(Debug, Clone, Component)]
pub struct UrineMeter {
    bag: UrineBag,
    /// Made since the last message [mL], and that message's instant.
    made_ml: f64,
    told: SimTime,
    status: Option<&'static str>,
}

impl UrineMeter {
    /// Collects what the kidneys make in a second.
    fn collect_second(&mut self, body: &Body, weight_kg: f64) {
        let (vitals, state) = (body.core.vitals(), body.core.state());
        let output_ml_kg_h = urine_output_ml_kg_h(&RenalState {
            map_mmhg: vitals.map_mmhg,
            volume_ratio: state.blood_volume_l / body.core.parameters().blood_volume_l,
            sepsis: state.sepsis,
            circadian: body.core.inputs.circadian,
        });
        // A full bag runs over: nothing more is measured until it is emptied.
        if self.bag.collected_ml() < CAPACITY_ML {
            self.bag.collect(output_ml_kg_h, weight_kg, 1.0);
            self.made_ml += output_ml_kg_h * weight_kg / SECONDS_PER_HOUR;
        }
    }

    const fn status_of(full: bool) -> &'static str {
        if full { "bag_full" } else { "operating" }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the registry's signature lets a device refuse")]
fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let device = Device::from_plan(world, id, plan, patient);
    let meter = UrineMeter { bag: UrineBag::default(), made_ml: 0.0, told: SimTime::ZERO, status: None };
    Ok(world.spawn((device, meter)).id())
}

fn obey(world: &mut World, device: Entity, command: &Command) -> Result<(), String> {
    let Some(mut meter) = world.get_mut::<UrineMeter>(device) else { return Err("not a urine meter".to_owned()) };
    match command.op.as_str() {
        "empty" => {
            meter.bag.empty();
            Ok(())
        }
        other => Err(format!("unknown operation `{other}`")),
    }
}

fn report_meters(
    clock: Res<Clock>,
    patients: Query<(&Physiology, &Person)>,
    mut devices: Query<(&mut Device, &mut UrineMeter)>,
    mut assembly: ResMut<Assembly>,
) {
    let whole_second = (clock.now.nanos() / GRID.nanos()) % STEPS_PER_SECOND == 0;
    for (mut device, mut meter) in &mut devices {
        if whole_second && let Ok((Physiology(body), person)) = patients.get(device.patient) {
            meter.collect_second(body, person.weight_kg);
            let status = UrineMeter::status_of(meter.bag.collected_ml() >= CAPACITY_ML);
            if meter.status != Some(status) {
                meter.status = Some(status);
                if let Some(due) = device.event(STATUS, clock.now) {
                    device.say(&due, &clock, &mut assembly).reading(Reading::code(metrics::DEVICE_STATUS, status));
                }
            }
        }
        while let Some(due) = device.take_due(&clock) {
            debug_assert_eq!(due.kind_index, OUTPUT);
            let hours = (due.intended - meter.told).seconds() / SECONDS_PER_HOUR;
            let flow_ml_h = if hours > 0.0 { meter.made_ml / hours } else { 0.0 };
            (meter.made_ml, meter.told) = (0.0, due.intended);
            device
                .say(&due, &clock, &mut assembly)
                .reading(Reading::number(metrics::URINE_FLOW, flow_ml_h))
                .reading(Reading::number(metrics::URINE_VOL, meter.bag.collected_ml()));
        }
    }
}

/// Adds the meter.
pub fn register(registry: &mut Registry) {
    registry.add(DeviceSpec {
        kind: "urine_meter",
        about: "urine meter of a catheter: volume in the bag, and rate since the message before",
        streams: vec![
            StreamSpec {
                id: "output",
                about: "rate and volume",
                kind: StreamKind::Numeric { period_ms: 600_000 },
                metrics: &[metrics::URINE_FLOW, metrics::URINE_VOL],
            },
            StreamSpec {
                id: "status",
                about: "when switched on, when the bag is full and when it is empty again",
                kind: StreamKind::Event,
                metrics: &[metrics::DEVICE_STATUS],
            },
        ],
        options: Vec::new(),
        commands: vec![CommandSpec { op: "empty", about: "empties the bag", parameters: Vec::new() }],
        obey: Some(obey),
        spawn,
    });
    registry.add_system(Phase::Sample, report_meters);
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::*;
    use physiology::{Build, Sex};

    #[test]
    fn an_hour_fills_the_bag_and_a_full_bag_takes_no_more() {
        let build = Build { weight_kg: 80.0, height_cm: 178.0, age_years: 50.0, sex: Sex::Male };
        let body = Body::new(&build, Key::new(1, "icu/1"), &[], 8_000_000_000);
        let mut meter = UrineMeter { bag: UrineBag::default(), made_ml: 0.0, told: SimTime::ZERO, status: None };
        for _ in 0..3_600 {
            meter.collect_second(&body, build.weight_kg);
        }
        assert!((40.0..120.0).contains(&meter.made_ml), "{} mL", meter.made_ml);
        assert!((meter.made_ml - meter.bag.collected_ml()).abs() < 1e-6);
        for _ in 0..40 * 3_600 {
            meter.collect_second(&body, build.weight_kg);
        }
        assert!((meter.bag.collected_ml() - CAPACITY_ML).abs() < 1.0);
    }
}
