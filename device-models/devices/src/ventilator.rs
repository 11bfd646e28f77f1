//! Ventilator: breathes for its patient or helps, obeys settings within limits, shows pressure, flow and volume at the
//! airway, and alarms.
//!
//! Breaths are those of the patient: the mode sets rate, volume and oxygen of the core, and the curves follow every
//! breath that comes of it. PEEP shows at the airway; it acts neither on the shunt nor on venous return.

mod airway_faults;
mod mechanics;
mod report;
mod settings;

use bevy_ecs::prelude::*;
use sim_core::{
    Cast, Clock, Command, CommandSpec, DevicePlan, DeviceSpec, Evidence, ParameterKind, ParameterSpec, Phase, Registry,
    SimId, SimTime, Span, SpawnError, StreamKind, StreamSpec,
};
use vocabulary::{Dimension, metrics};

use self::airway_faults::AirwayFaults;
use self::mechanics::{AirwayBreath, Drive, Lung};
use self::settings::{
    Mode, OXYGEN_PERCENT, PEEP_CMH2O, PRESSURE_CMH2O, RATE_MIN, Settings, VOLUME_ML, predicted_weight_kg,
};
use super::alarm;
use crate::device::Device;
use patients::{Physiology, build_of_wearer};
use physiology::{Breath, ROOM_AIR, Ventilation};

/// Without a breath for so long a helping ventilator alarms and takes over; 20 s is the usual limit.
const APNOEA: Span = Span::from_secs(20);

/// What was in force is remembered for so long: longer than any chunk reaches back, and a slow breath besides.
const MEMORY: Span = Span::from_secs(40);

/// State of a ventilator.
#[derive(Debug, Clone, Component)]
pub struct Ventilator {
    settings: Settings,
    lung: Lung,
    predicted_kg: f64,
    /// A helping ventilator has taken over after an apnoea.
    backup: bool,
    /// When the tube was put on last.
    connected: SimTime,
    /// What was in force since when, newest last.
    history: Vec<(SimTime, InForce)>,
    told: Option<(Settings, bool)>,
    alarms: report::Alarms,
}

/// How breaths are given.
#[derive(Debug, Clone, Copy, PartialEq)]
struct InForce {
    drive: Drive,
    peep_cmh2o: f64,
    lung: Lung,
}

impl Ventilator {
    /// The mode at work.
    fn mode(&self) -> Mode {
        if self.backup { Mode::VolumeControl } else { self.settings.mode }
    }

    /// The lung as the ventilator meets it under faults of the airway.
    fn lung_under(&self, faults: &AirwayFaults) -> Lung {
        Lung { resistance: self.lung.resistance * faults.narrowing(), ..self.lung }
    }

    /// Ventilates a patient for a grid step.
    fn ventilate(&mut self, faults: &AirwayFaults, now: SimTime, body: &mut physiology::Body) {
        let connected = !faults.disconnected();
        if !connected {
            self.connected = now;
        }
        let lung = self.lung_under(faults);
        let mode = self.mode();
        if mode == Mode::PressureSupport && self.is_apnoeic(body.breathing().breaths(), now) {
            self.backup = true;
        }
        let mode = if self.backup { Mode::VolumeControl } else { mode };
        let inputs = &mut body.core.inputs;
        inputs.ventilation = match mode {
            Mode::PressureSupport => Ventilation::Spontaneous,
            _ if !connected => Ventilation::Apnoea,
            _ => Ventilation::Ventilator {
                rate_bpm: self.settings.rate_min,
                tidal_volume_l: self.settings.delivered_l(mode, &lung),
            },
        };
        inputs.fio2 = if connected { self.settings.oxygen_percent / 100.0 } else { ROOM_AIR };
        let drive = if connected { self.settings.drive(mode) } else { Drive::Nothing };
        let force = InForce { drive, peep_cmh2o: self.settings.peep_cmh2o, lung };
        if self.history.last().is_none_or(|(_, last)| *last != force) {
            self.history.push((now, force));
            let old = self.history.partition_point(|(since, _)| *since < now - MEMORY);
            self.history.drain(..old.saturating_sub(1));
        }
    }

    /// Whether a connected patient has not breathed for the apnoea time.
    fn is_apnoeic(&self, breaths: &[Breath], now: SimTime) -> bool {
        let since = now - APNOEA;
        self.connected <= since
            && !breaths.iter().any(|breath| since.nanos() < breath.start_ns && breath.start_ns <= now.nanos())
    }

    /// A breath of the patient as it shows at the airway.
    fn at_airway(&self, breath: &Breath) -> Option<AirwayBreath> {
        let begins = SimTime::from_nanos(breath.start_ns);
        let (_, force) = self.history.iter().rev().find(|(since, _)| *since <= begins).or(self.history.first())?;
        // A breath that the patient drew is not one that was pushed, whatever the mode is now.
        let drive = match force.drive {
            Drive::Volume | Drive::Pressure(_) if !breath.mandatory => Drive::Support(0.0),
            drive => drive,
        };
        Some(AirwayBreath {
            lung: force.lung,
            drive,
            peep_cmh2o: force.peep_cmh2o,
            volume_l: f64::from(breath.tidal_volume_l),
            inspiration_s: breath.inspiration_ns as f64 / 1e9,
        })
    }
}

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let device = Device::from_plan(world, id, plan, patient);
    let Some(build) = build_of_wearer(&world.resource::<Cast>().0, plan) else {
        return Err(SpawnError { path: plan.path.clone(), reason: "the ventilator belongs to nobody".to_owned() });
    };
    let predicted_kg = predicted_weight_kg(&build);
    let option = |name: &str, usual: f64| plan.options.number(name).unwrap_or(usual);
    let ventilator = Ventilator {
        settings: Settings::from_options(&plan.options, predicted_kg),
        lung: Lung { resistance: option("resistance", 10.0), compliance: option("compliance", 50.0) / 1_000.0 },
        predicted_kg,
        backup: false,
        connected: SimTime::ZERO,
        history: Vec::new(),
        told: None,
        alarms: report::Alarms::default(),
    };
    Ok(world.spawn((device, ventilator, AirwayFaults::default())).id())
}

fn obey(world: &mut World, device: Entity, command: &Command) -> Result<(), String> {
    let Some(mut ventilator) = world.get_mut::<Ventilator>(device) else { return Err("not a ventilator".to_owned()) };
    let predicted_kg = ventilator.predicted_kg;
    ventilator.settings.obey(command, predicted_kg)?;
    if command.op == "set_mode" {
        ventilator.backup = false;
    }
    Ok(())
}

/// Lets every ventilator act on its patient for a grid step.
fn ventilate(
    clock: Res<Clock>,
    mut devices: Query<(&Device, &mut Ventilator, &AirwayFaults)>,
    mut patients: Query<&mut Physiology>,
    mut evidence: ResMut<Evidence>,
) {
    for (device, mut ventilator, faults) in &mut devices {
        if let Ok(mut physiology) = patients.get_mut(device.patient) {
            ventilator.ventilate(faults, clock.now, &mut physiology.0);
            evidence.add_all(faults.acting(), "grid_steps_acted", 1);
        }
    }
}

fn options() -> Vec<ParameterSpec> {
    let number = |name, about, usual, (smallest, largest): (f64, f64)| {
        ParameterSpec::optional(name, ParameterKind::Number, about).default(usual).range(smallest, largest)
    };
    vec![
        ParameterSpec::optional(
            "mode",
            ParameterKind::Choice(Mode::WORDS),
            "volume control, pressure control, support",
        )
        .default("vc"),
        ParameterSpec::optional("rate", ParameterKind::Quantity(Dimension::Rate), "mandatory breaths")
            .default("15 /min")
            .range(RATE_MIN.0, RATE_MIN.1),
        ParameterSpec::optional(
            "tidal_volume",
            ParameterKind::Quantity(Dimension::Volume),
            "in volume control; 7 mL/kg of predicted body weight when absent",
        )
        .range(VOLUME_ML.0, VOLUME_ML.1),
        number("peep", "[cmH2O]", "5", PEEP_CMH2O),
        ParameterSpec::optional("fio2", ParameterKind::Quantity(Dimension::Percent), "inspired oxygen")
            .default("40 %")
            .range(OXYGEN_PERCENT.0, OXYGEN_PERCENT.1),
        number("pressure", "inspiratory pressure above PEEP, in pc and psv [cmH2O]", "12", PRESSURE_CMH2O),
        number("pressure_limit", "an inspiration ends there, with an alarm [cmH2O]", "40", (10.0, 80.0)),
        number("resistance", "of airways and tube [cmH2O s/L]", "10", (2.0, 100.0)),
        number("compliance", "of lungs and chest [mL/cmH2O]", "50", (5.0, 150.0)),
    ]
}

fn commands() -> Vec<CommandSpec> {
    let number = |op, about, name, unit, (smallest, largest): (f64, f64)| CommandSpec {
        op,
        about,
        parameters: vec![ParameterSpec::required(name, ParameterKind::Number, unit).range(smallest, largest)],
    };
    vec![
        CommandSpec {
            op: "set_mode",
            about: "changes the mode, and ends a backup",
            parameters: vec![ParameterSpec::required("mode", ParameterKind::Choice(Mode::WORDS), "the mode")],
        },
        number("set_rate", "sets the mandatory rate", "rate_min", "breaths [/min]", RATE_MIN),
        number(
            "set_tidal_volume",
            "sets the volume; refused above 12 mL/kg of predicted body weight",
            "volume_ml",
            "volume [mL]",
            VOLUME_ML,
        ),
        number("set_peep", "sets PEEP; refused where it would exceed the limit", "peep_cmh2o", "[cmH2O]", PEEP_CMH2O),
        number("set_fio2", "sets the oxygen", "fio2_percent", "oxygen [%]", OXYGEN_PERCENT),
        number(
            "set_pressure",
            "sets the inspiratory pressure above PEEP; refused where it would exceed the limit",
            "pressure_cmh2o",
            "[cmH2O]",
            PRESSURE_CMH2O,
        ),
    ]
}

/// Adds the ventilator and the faults of its airway.
pub fn register(registry: &mut Registry) {
    report::furnish(registry);
    registry.add(patients::needs_circulation("ventilator"));
    registry.add(DeviceSpec {
        kind: "ventilator",
        about: "intensive care ventilator on a one-compartment lung; sets breathing and oxygen of its patient",
        streams: vec![
            StreamSpec {
                id: "measured",
                about: "volumes, rate and pressures of the last whole breath",
                kind: StreamKind::Numeric { period_ms: 1_000 },
                metrics: &[
                    metrics::VT,
                    metrics::MV,
                    metrics::RR_VENT,
                    metrics::IE_RATIO,
                    metrics::PIP,
                    metrics::PPLAT,
                    metrics::PMEAN,
                    metrics::PEEP,
                    metrics::COMPLIANCE,
                    metrics::FIO2,
                ],
            },
            StreamSpec {
                id: "airway",
                about: "pressure, flow and volume at the airway",
                kind: StreamKind::Wave { rate_mhz: 50_000, samples: 50, highest_mhz: 250_000 },
                metrics: &[metrics::PAW_WAVE, metrics::FLOW_WAVE, metrics::VOL_WAVE],
            },
            StreamSpec {
                id: "settings",
                about: "on each change",
                kind: StreamKind::Event,
                metrics: &[
                    metrics::VENT_MODE,
                    metrics::RR_SET,
                    metrics::VT_SET,
                    metrics::PEEP_SET,
                    metrics::PINSP_SET,
                    metrics::FIO2_SET,
                ],
            },
            StreamSpec {
                id: "alarm",
                about: "high pressure, disconnection, apnoea; at start and end",
                kind: StreamKind::Event,
                metrics: alarm::METRICS,
            },
        ],
        options: options(),
        commands: commands(),
        obey: Some(obey),
        spawn,
    });
    registry.extend(airway_faults::actions());
    registry.add_system(Phase::Treatment, ventilate);
    report::add_systems(registry);
}

#[cfg(test)]
mod tests;
