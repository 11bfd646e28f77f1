//! Spirometer: the best of three forced expirations, at a period or on demand.

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Cast, Clock, Command, CommandSpec, DevicePlan, DeviceSpec, Key, MessageBuilder, Phase, Registry, SimId,
    SpawnError, StreamKind, StreamSpec,
};
use vocabulary::{MetricId, Reading, metrics};

use super::announcement::Announcement;
use super::battery::Battery;
use crate::device::Device;
use patients::{Person, build_of_wearer};
use physiology::lung_function::{Blow, LungFunction};

const SPIROMETRY: usize = 0;
const ON_DEMAND: usize = 1;
const STATUS: usize = 2;

/// Blows of a session; the best FEV1 and the best FVC of at least three count (Graham et al., "Standardization of
/// spirometry 2019 update", Am J Respir Crit Care Med 2019;200:e70).
const BLOWS: u64 = 3;
/// Number of the first blow on demand; those of the schedule count from 0.
const ON_DEMAND_BLOWS: u64 = 1 << 40;

/// State of a spirometer.
#[derive(Debug, Clone, Component)]
pub struct Spirometer {
    lungs: LungFunction,
    /// Sessions on demand so far, and those that have not been blown.
    demands: u64,
    asked: u64,
}

/// Results of a session.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Session {
    fev1_l: f64,
    fvc_l: f64,
    peak_flow_l_min: f64,
}

impl Session {
    /// The best of the blows from number `first` on.
    fn of(lungs: &LungFunction, blower: Key, first: u64) -> Self {
        let blows = || (first..first + BLOWS).map(|index| lungs.blow(blower, index));
        let best = |value: fn(&Blow) -> f64| blows().map(|blow| value(&blow)).fold(0.0, f64::max);
        Self { fev1_l: best(Blow::fev1_l), fvc_l: best(Blow::fvc_l), peak_flow_l_min: 60.0 * best(Blow::peak_flow_l_s) }
    }

    fn say(&self, message: &mut MessageBuilder<'_>) {
        message
            .reading(Reading::number(metrics::FEV1, self.fev1_l))
            .reading(Reading::number(metrics::FVC, self.fvc_l))
            .reading(Reading::number(metrics::FEV1_FVC, 100.0 * self.fev1_l / self.fvc_l))
            .reading(Reading::number(metrics::PEF, self.peak_flow_l_min));
    }
}

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let device = Device::from_plan(world, id, plan, patient);
    let Cast(roster) = world.resource::<Cast>();
    let (Some(build), Some(person)) = (build_of_wearer(roster, plan), world.get::<Person>(patient)) else {
        return Err(SpawnError { path: plan.path.clone(), reason: "the spirometer belongs to nobody".to_owned() });
    };
    let disease = |name: &str| roster.patients[plan.patient.index()].arguments.number(name).unwrap_or_default();
    let lungs = LungFunction::healthy(&build, person.key).with_disease(disease("obstruction"), disease("restriction"));
    let battery = Battery::new(device.key);
    Ok(world.spawn((device, Spirometer { lungs, demands: 0, asked: 0 }, battery, Announcement(STATUS))).id())
}

fn obey(world: &mut World, device: Entity, command: &Command) -> Result<(), String> {
    let Some(mut spirometer) = world.get_mut::<Spirometer>(device) else { return Err("not a spirometer".to_owned()) };
    match command.op.as_str() {
        "blow" => {
            spirometer.asked += 1;
            Ok(())
        }
        other => Err(format!("unknown operation `{other}`")),
    }
}

fn report_spirometers(
    clock: Res<Clock>,
    mut devices: Query<(&mut Device, &mut Spirometer)>,
    mut assembly: ResMut<Assembly>,
) {
    for (mut device, mut spirometer) in &mut devices {
        while spirometer.asked > 0 {
            spirometer.asked -= 1;
            let first = ON_DEMAND_BLOWS + BLOWS * spirometer.demands;
            spirometer.demands += 1;
            if let Some(due) = device.event(ON_DEMAND, clock.now) {
                let session = Session::of(&spirometer.lungs, device.key, first);
                session.say(&mut device.say(&due, &clock, &mut assembly));
            }
        }
        while let Some(due) = device.take_due(&clock) {
            debug_assert_eq!(due.kind_index, SPIROMETRY);
            let session = Session::of(&spirometer.lungs, device.key, BLOWS * due.sequence);
            session.say(&mut device.say(&due, &clock, &mut assembly));
        }
    }
}

/// Adds the spirometer.
pub fn register(registry: &mut Registry) {
    let carried: &'static [MetricId] = &[metrics::FEV1, metrics::FVC, metrics::FEV1_FVC, metrics::PEF];
    registry.add(DeviceSpec {
        kind: "spirometer",
        about: "home spirometer: the best of three blows",
        streams: vec![
            StreamSpec {
                id: "spirometry",
                about: "one session",
                kind: StreamKind::Numeric { period_ms: 43_200_000 },
                metrics: carried,
            },
            StreamSpec {
                id: "on_demand",
                about: "a session that the command `blow` asked for",
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
        commands: vec![CommandSpec { op: "blow", about: "asks for a session now", parameters: Vec::new() }],
        obey: Some(obey),
        spawn,
    });
    registry.add_system(Phase::Sample, report_spirometers);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best of three comes within the repeatability that the standard demands of acceptable blows (150 mL).
    #[test]
    fn sessions_repeat() {
        let lungs = LungFunction { fvc_l: 4.8, first_second_part: 0.8 };
        let key = Key::new(1, "home/1/spirometer");
        let sessions: Vec<Session> = (0..50).map(|session| Session::of(&lungs, key, BLOWS * session)).collect();
        assert!(sessions.iter().all(|session| session.fvc_l <= 4.8 && session.fvc_l > 4.6), "{sessions:?}");
        assert!(sessions.windows(2).any(|pair| pair[0] != pair[1]));
        let single = (0..150).map(|index| lungs.blow(key, index).fvc_l()).fold(9.0, f64::min);
        assert!(sessions.iter().all(|session| session.fvc_l > single));
    }
}
