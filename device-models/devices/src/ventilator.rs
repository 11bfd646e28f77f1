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
use sim_core::{Clock, Evidence, GRID, ParameterKind, ParameterSpec, Phase, Registry, SimTime, Span, SystemSpec};
use vocabulary::{Dimension, metrics};

use self::airway_faults::AirwayFaults;
use self::mechanics::{AirwayBreath, Drive, Lung};
use self::settings::{Mode, OXYGEN_PERCENT, PEEP_CMH2O, PRESSURE_CMH2O, RATE_MIN, Settings, VOLUME_ML};
use crate::device::{Device, DeviceKind, DeviceModel, Order, Sampling, Spawning, When};
use patients::{Physiology, needs_circulation};
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

impl DeviceModel for Ventilator {
    type Patient = &'static Physiology;
    type Parts = &'static AirwayFaults;
    type Room = report::Workshop;
}

impl Ventilator {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<(Self, AirwayFaults), String> {
        let build = spawning.build()?;
        let options = &spawning.plan.options;
        let option = |name: &str, usual: f64| options.number(name).unwrap_or(usual);
        let ventilator = Self {
            settings: Settings::from_options(options, &build),
            lung: Lung { resistance: option("resistance", 10.0), compliance: option("compliance", 50.0) / 1_000.0 },
            predicted_kg: build.predicted_weight_kg(),
            backup: false,
            connected: SimTime::ZERO,
            history: Vec::new(),
            told: None,
            alarms: report::Alarms::default(),
        };
        Ok((ventilator, AirwayFaults::default()))
    }

    fn obey_mode(&mut self, order: &Order<'_>) {
        self.settings.mode = Mode::from_word(order.arguments.text("mode").unwrap_or_default());
        self.backup = false;
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
        ParameterSpec::optional(
            "rate",
            ParameterKind::Quantity(Dimension::Rate),
            "mandatory breaths; when absent what suits the patient's size, age and sex",
        )
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

/// Adds the ventilator and the faults of its airway.
pub fn register(registry: &mut Registry) {
    let about = "intensive care ventilator on a one-compartment lung; sets breathing and oxygen of its patient";
    let measured = [
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
    ];
    let sampling = Sampling { rate_mhz: 50_000, samples: 50, highest_mhz: 250_000 };
    let settings = [
        metrics::VENT_MODE,
        metrics::RR_SET,
        metrics::VT_SET,
        metrics::PEEP_SET,
        metrics::PINSP_SET,
        metrics::FIO2_SET,
    ];
    registry.extend(airway_faults::actions());
    registry.schedule(SystemSpec::new(Phase::Treatment, ventilate).of::<Ventilator>());
    let kind = DeviceKind::new("ventilator", about, Ventilator::spawn)
        .needs(needs_circulation)
        .options(options())
        .watch(When::Every(GRID), Ventilator::watch_settings)
        .watch(When::Every(GRID), Ventilator::watch_alarms)
        .values(
            "measured",
            "volumes, rate and pressures of the last whole breath",
            1_000,
            &measured,
            Ventilator::say_measured,
        )
        .samples("airway", "pressure, flow and volume at the airway", sampling, &report::CURVES, Ventilator::say_curves)
        .event(report::SETTINGS, "on each change", &settings)
        .alarms("high pressure, disconnection, apnoea; at start and end");
    with_commands(kind).register(registry);
}

fn with_commands(kind: DeviceKind<Ventilator>) -> DeviceKind<Ventilator> {
    let number = |name, unit, (smallest, largest): (f64, f64)| {
        vec![ParameterSpec::required(name, ParameterKind::Number, unit).range(smallest, largest)]
    };
    let mode = vec![ParameterSpec::required("mode", ParameterKind::Choice(Mode::WORDS), "the mode")];
    let rate = number("rate_min", "breaths [/min]", RATE_MIN);
    let volume = number("volume_ml", "volume [mL]", VOLUME_ML);
    let volume_about = "sets the volume; refused above 12 mL/kg of predicted body weight";
    let peep = number("peep_cmh2o", "[cmH2O]", PEEP_CMH2O);
    let oxygen = number("fio2_percent", "oxygen [%]", OXYGEN_PERCENT);
    let pressure = number("pressure_cmh2o", "[cmH2O]", PRESSURE_CMH2O);
    let pressure_about = "sets the inspiratory pressure above PEEP; refused where it would exceed the limit";
    kind.command("set_mode", "changes the mode, and ends a backup", mode, |ventilator, order| {
        ventilator.obey_mode(order);
        Ok(())
    })
    .command("set_rate", "sets the mandatory rate", rate, |ventilator, order| {
        ventilator.settings.rate_min = order.number("rate_min");
        Ok(())
    })
    .command("set_tidal_volume", volume_about, volume, |ventilator, order| {
        ventilator.settings.set_volume(order.number("volume_ml"), ventilator.predicted_kg)
    })
    .command("set_peep", "sets PEEP; refused where it would exceed the limit", peep, |ventilator, order| {
        ventilator.settings.set_peep(order.number("peep_cmh2o"))
    })
    .command("set_fio2", "sets the oxygen", oxygen, |ventilator, order| {
        ventilator.settings.oxygen_percent = order.number("fio2_percent");
        Ok(())
    })
    .command("set_pressure", pressure_about, pressure, |ventilator, order| {
        ventilator.settings.set_pressure(order.number("pressure_cmh2o"))
    })
}

#[cfg(test)]
mod tests;
