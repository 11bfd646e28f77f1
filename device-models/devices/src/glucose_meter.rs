//! Blood glucose meter: a drop of blood before each meal and at bedtime, or at a period.
//!
//! Errors are those of a good meter: ISO 15197:2013 asks that 95 % of the readings lie within 15 mg/dL below
//! 100 mg/dL and within 15 % above.

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, DevicePlan, DeviceSpec, Key, ParameterKind, ParameterSpec, Phase, Purpose, Registry, SimId,
    SpawnError, StreamKind, StreamSpec,
};
use vocabulary::{Dimension, Reading, metrics};

use crate::device::Device;
use patients::glycaemia::{Glycaemia, Minute};

const KIND: &str = "glucose_meter";
const GLUCOSE: usize = 0;

const LOT: Purpose = Purpose::new("meter.lot");
const ERROR: Purpose = Purpose::new("meter.error");

/// Standard deviations of the error of a lot of strips and of a single reading; together 5.8 %, so that 15 % is 2.6
/// standard deviations. Below 100 mg/dL they are in mg/dL.
const LOT_PERCENT: f64 = 3.0;
const READING_PERCENT: f64 = 5.0;
/// What a meter can show [mg/dL].
const RANGE_MG_DL: (f64, f64) = (20.0, 600.0);
/// Minutes from the finger stick to the meal.
const BEFORE_MEAL_MIN: u32 = 10;
/// Bedtime [min after midnight].
const BEDTIME_MIN: u32 = 22 * 60 + 30;

/// A meter and its strips.
#[derive(Debug, Clone, Component)]
pub struct GlucoseMeter {
    key: Key,
    /// Minutes between two readings; before meals and at bedtime when absent.
    period_min: Option<i64>,
}

impl GlucoseMeter {
    /// Whether blood is taken in this minute.
    fn measures_at(&self, minute: &Minute, glycaemia: &Glycaemia) -> bool {
        match self.period_min {
            Some(period_min) => minute.index % period_min == 0,
            None => minute.of_day == BEDTIME_MIN || glycaemia.eats_at(minute.of_day + BEFORE_MEAL_MIN),
        }
    }

    /// What the meter makes of plasma glucose [mg/dL] in a minute of the run.
    fn measure_mg_dl(&self, plasma_mg_dl: f64, minute: i64) -> f64 {
        let error_percent = LOT_PERCENT * self.key.normal(LOT, 0).clamp(-2.5, 2.5)
            + READING_PERCENT * self.key.normal(ERROR, minute as u64).clamp(-3.0, 3.0);
        plasma_mg_dl + error_percent / 100.0 * plasma_mg_dl.max(100.0)
    }
}

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    if world.get::<Glycaemia>(patient).is_none() {
        let reason = "the patient has no glucose; choose a diabetic model or set `glucose`".to_owned();
        return Err(SpawnError { path: plan.path.clone(), reason });
    }
    let device = Device::from_plan(world, id, plan, patient);
    let period_min = plan.options.number("every").map(|period_ns| (period_ns / 60e9) as i64);
    let meter = GlucoseMeter { key: device.key, period_min };
    Ok(world.spawn((device, meter)).id())
}

fn measure_blood(
    clock: Res<Clock>,
    patients: Query<&Glycaemia>,
    mut devices: Query<(&mut Device, &GlucoseMeter)>,
    mut assembly: ResMut<Assembly>,
) {
    let Some(minute) = Minute::beginning(&clock) else { return };
    for (mut device, meter) in &mut devices {
        let Ok(glycaemia) = patients.get(device.patient) else { continue };
        if !meter.measures_at(&minute, glycaemia) {
            continue;
        }
        let shown_mg_dl = meter.measure_mg_dl(glycaemia.metabolism().plasma_mg_dl(), minute.index);
        let reading = if shown_mg_dl < RANGE_MG_DL.0 {
            Reading::code(metrics::GLUCOSE_CAP, "low")
        } else if shown_mg_dl > RANGE_MG_DL.1 {
            Reading::code(metrics::GLUCOSE_CAP, "high")
        } else {
            Reading::number(metrics::GLUCOSE_CAP, shown_mg_dl)
        };
        if let Some(due) = device.event(GLUCOSE, clock.now) {
            device.say(&due, &clock, &mut assembly).reading(reading);
        }
    }
}

/// Adds the meter.
pub fn register(registry: &mut Registry) {
    registry.add(DeviceSpec {
        kind: KIND,
        about: "blood glucose meter for finger sticks",
        streams: vec![StreamSpec {
            id: "glucose",
            about: "a finger stick; `low` and `high` stand for values outside 20 to 600 mg/dL",
            kind: StreamKind::Event,
            metrics: &[metrics::GLUCOSE_CAP],
        }],
        options: vec![
            ParameterSpec::optional(
                "every",
                ParameterKind::Quantity(Dimension::Time),
                "time between two readings; 10 min before meals and at 22:30 when absent",
            )
            .range(60e9, 7.0 * 86_400e9),
        ],
        commands: Vec::new(),
        obey: None,
        spawn,
    });
    registry.add_system(Phase::Sample, measure_blood);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ISO 15197:2013, over many lots and readings.
    #[test]
    fn errors_are_within_the_standard() {
        for plasma_mg_dl in [50.0, 90.0, 150.0, 350.0] {
            let allowed_mg_dl = 0.15 * f64::max(plasma_mg_dl, 100.0);
            let mut within = 0;
            for lot in 0..200 {
                let meter = GlucoseMeter { key: Key::new(lot, "home/1/meter"), period_min: None };
                within += (0..20)
                    .filter(|minute| (meter.measure_mg_dl(plasma_mg_dl, *minute) - plasma_mg_dl).abs() <= allowed_mg_dl)
                    .count();
            }
            let share = within as f64 / 4_000.0;
            assert!((0.95..1.0).contains(&share), "{share} at {plasma_mg_dl} mg/dL");
        }
    }
}
