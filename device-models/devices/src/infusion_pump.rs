//! Infusion pump: obeys commands within its limits, and what it delivers reaches the patient's blood.
//!
//! A syringe pump for one drug, or a volumetric pump for a fluid. When the volume to be infused is used up it keeps the vein open at 1 mL/h, as
//! IEC 60601-2-24 asks, and raises an alarm.

mod drug_library;

use bevy_ecs::prelude::*;
use sim_core::{
    Argument, Arguments, Assembly, Clock, Command, CommandSpec, DevicePlan, DeviceSpec, GRID, ParameterKind,
    ParameterSpec, Phase, Registry, SimId, SpawnError, StreamKind, StreamSpec,
};
use vocabulary::{Dimension, Reading, metrics};

use self::drug_library::Content;
use super::alarm::{self, AlarmEvent};
use super::battery::Battery;
use crate::device::Device;
use patients::Person;
use patients::medication::Medication;
use physiology::pharmacology::{Drug, PropofolModel};

const KIND: &str = "infusion_pump";
const INFUSION: usize = 0;
const STATUS: usize = 1;
const ALARM: usize = 2;

/// Fastest delivery of the mechanism [mL/h], the usual top of volumetric pumps.
const MOST_RATE_ML_H: f64 = 1200.0;
/// Rate at which an emptied pump keeps the vein open [mL/h].
const KEEP_OPEN_ML_H: f64 = 1.0;
/// Rate at which a bolus is pushed [mL/h].
const BOLUS_ML_H: f64 = 600.0;
/// Doses by which a rate can be ordered: the argument, its meaning, and its value in ug per minute (per kg, when the
/// third says so).
const DOSES: [(&str, &str, f64, bool); 5] = [
    ("dose_ug_kg_min", "dose [ug/kg/min]", 1.0, true),
    ("dose_ug_kg_h", "dose [ug/kg/h]", 1.0 / 60.0, true),
    ("dose_mg_kg_h", "dose [mg/kg/h]", 1_000.0 / 60.0, true),
    ("dose_ug_min", "dose [ug/min]", 1.0, false),
    ("dose_mg_h", "dose [mg/h]", 1_000.0 / 60.0, false),
];

/// What the pump is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Stopped,
    Infusing,
    Bolus,
    KeepOpen,
}

impl State {
    /// Code of `inf_status`.
    const fn code(self) -> &'static str {
        match self {
            Self::Stopped => "not_infusing",
            Self::Infusing => "infusing",
            Self::Bolus => "bolus",
            Self::KeepOpen => "keep_vein_open",
        }
    }
}

/// State of a pump.
#[derive(Debug, Clone, Component)]
pub struct InfusionPump {
    content: Content,
    concentration_ug_ml: f64,
    rate_ml_h: f64,
    volume_to_infuse_ml: f64,
    infused_ml: f64,
    bolus_left_ml: f64,
    state: State,
    told: Option<State>,
    alarmed: bool,
}

impl InfusionPump {
    /// Delivery at this moment [mL/h].
    fn delivery_ml_h(&self) -> f64 {
        match self.state {
            State::Stopped => 0.0,
            State::Infusing => self.rate_ml_h,
            State::Bolus => BOLUS_ML_H,
            State::KeepOpen => KEEP_OPEN_ML_H.min(self.rate_ml_h),
        }
    }

    fn left_ml(&self) -> f64 {
        (self.volume_to_infuse_ml - self.infused_ml).max(0.0)
    }

    fn start(&mut self) -> Result<(), String> {
        if self.rate_ml_h <= 0.0 {
            return Err("no rate is set".to_owned());
        }
        if self.left_ml() <= 0.0 {
            return Err("the volume to be infused is used up".to_owned());
        }
        self.state = State::Infusing;
        Ok(())
    }

    fn set_rate(&mut self, rate_ml_h: f64, weight_kg: f64) -> Result<(), String> {
        let dose = self.dose_ug_kg_min(rate_ml_h, weight_kg);
        if let Some(entry) = self.content.entry()
            && dose > entry.hard_limit_ug_kg_min
        {
            let (limit, drug) = (entry.hard_limit_ug_kg_min, self.content.code());
            return Err(format!(
                "{rate_ml_h} mL/h is {dose:.2} ug/kg/min of {drug}, above the hard limit of {limit:.3} ug/kg/min"
            ));
        }
        self.rate_ml_h = rate_ml_h;
        match self.state {
            State::Infusing if rate_ml_h == 0.0 => self.state = State::Stopped,
            State::Stopped if rate_ml_h > 0.0 && self.left_ml() > 0.0 => self.state = State::Infusing,
            _ => {}
        }
        Ok(())
    }

    fn dose_ug_kg_min(&self, rate_ml_h: f64, weight_kg: f64) -> f64 {
        rate_ml_h / 60.0 * self.concentration_ug_ml / weight_kg
    }

    /// Rate that a command orders, by volume or by dose [mL/h].
    fn rate_ordered(&self, arguments: &Arguments, weight_kg: f64) -> Result<f64, String> {
        let doses: Vec<_> =
            DOSES.iter().filter_map(|dose| arguments.number(dose.0).map(|amount| (amount, dose))).collect();
        match (arguments.number("rate_ml_h"), doses.as_slice()) {
            (Some(rate_ml_h), []) => Ok(rate_ml_h),
            (None, [_]) if self.concentration_ug_ml <= 0.0 => {
                Err("the syringe holds no drug, a dose means nothing".to_owned())
            }
            (None, [(amount, (_, about, ug_min, by_weight))]) => {
                let mass_kg = if *by_weight { weight_kg } else { 1.0 };
                let rate_ml_h = amount * ug_min * mass_kg * 60.0 / self.concentration_ug_ml;
                if rate_ml_h > MOST_RATE_ML_H {
                    return Err(format!("{about} of {amount} needs {rate_ml_h:.0} mL/h, above {MOST_RATE_ML_H}"));
                }
                Ok(rate_ml_h)
            }
            _ => Err("give either `rate_ml_h` or one dose, such as `dose_ug_kg_min`".to_owned()),
        }
    }

    /// Moves the plunger for one grid step and returns what left the syringe [mL].
    fn push(&mut self) -> f64 {
        let wanted_ml = self.delivery_ml_h() / 3600.0 * GRID.seconds();
        match self.state {
            State::Bolus => {
                let given_ml = wanted_ml.min(self.bolus_left_ml);
                self.bolus_left_ml -= given_ml;
                if self.bolus_left_ml <= 0.0 {
                    self.state = if self.rate_ml_h > 0.0 { State::Infusing } else { State::Stopped };
                }
                self.infused_ml += given_ml;
                given_ml
            }
            State::Infusing => {
                let given_ml = wanted_ml.min(self.left_ml());
                self.infused_ml += given_ml;
                if self.left_ml() <= 0.0 {
                    self.state = State::KeepOpen;
                }
                given_ml
            }
            State::KeepOpen => {
                self.infused_ml += wanted_ml;
                wanted_ml
            }
            State::Stopped => 0.0,
        }
    }
}

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let option = |name: &str| plan.options.number(name).unwrap_or_default();
    let content = Content::from_word(plan.options.text("drug").unwrap_or_default());
    let mut pump = InfusionPump {
        content,
        concentration_ug_ml: content
            .entry()
            .map_or(0.0, |entry| plan.options.number("concentration").unwrap_or(entry.concentration_ug_ml)),
        rate_ml_h: 0.0,
        volume_to_infuse_ml: option("vtbi"),
        infused_ml: 0.0,
        bolus_left_ml: 0.0,
        state: State::Stopped,
        told: None,
        alarmed: false,
    };
    if let (Content::Drug(Drug::Propofol), Some(model), Some(mut medication)) =
        (content, plan.options.text("model").and_then(PropofolModel::find), world.get_mut::<Medication>(patient))
    {
        medication.choose_propofol_model(model);
    }
    let weight_kg = world.get::<Person>(patient).map_or(70.0, |person| person.weight_kg);
    pump.set_rate(option("rate"), weight_kg).map_err(|reason| SpawnError { path: plan.path.clone(), reason })?;
    let device = Device::from_plan(world, id, plan, patient);
    let battery = Battery::new(device.key);
    Ok(world.spawn((device, pump, battery)).id())
}

fn obey(world: &mut World, device: Entity, command: &Command) -> Result<(), String> {
    let patient = world.get::<Device>(device).map(|device| device.patient);
    let weight_kg = patient.and_then(|patient| world.get::<Person>(patient)).map_or(70.0, |person| person.weight_kg);
    let Some(mut pump) = world.get_mut::<InfusionPump>(device) else { return Err("not a pump".to_owned()) };
    let number = |name: &str| match command.arguments.0.get(name) {
        Some(Argument::Number(number)) => Some(*number),
        _ => None,
    };
    match command.op.as_str() {
        "set_rate" => {
            let rate_ml_h = pump.rate_ordered(&command.arguments, weight_kg)?;
            pump.set_rate(rate_ml_h, weight_kg)
        }
        "start" => pump.start(),
        "stop" => {
            pump.state = State::Stopped;
            Ok(())
        }
        "bolus" => {
            let volume_ml = number("volume_ml").unwrap_or_default();
            if volume_ml > pump.left_ml() {
                return Err(format!("{volume_ml} mL asked, {:.1} mL left", pump.left_ml()));
            }
            pump.bolus_left_ml = volume_ml;
            pump.state = State::Bolus;
            Ok(())
        }
        "set_vtbi" => {
            pump.volume_to_infuse_ml = pump.infused_ml + number("volume_ml").unwrap_or_default();
            pump.alarmed = false;
            if pump.state == State::KeepOpen {
                pump.state = State::Infusing;
            }
            Ok(())
        }
        other => Err(format!("unknown operation `{other}`")),
    }
}

/// Gives each patient what its pumps deliver in this grid step.
fn deliver_infusions(mut pumps: Query<(&Device, &mut InfusionPump)>, mut patients: Query<&mut Medication>) {
    for (device, mut pump) in &mut pumps {
        if pump.state == State::Stopped {
            continue;
        }
        let given_ml = pump.push();
        let Ok(mut medication) = patients.get_mut(device.patient) else { continue };
        match pump.content {
            Content::Drug(drug) => medication.infuse(drug, given_ml * pump.concentration_ug_ml),
            Content::Saline | Content::Crystalloid => medication.infuse_crystalloid(given_ml / 1_000.0),
            Content::Blood => medication.infuse_blood(given_ml / 1_000.0),
        }
    }
}

fn report_infusions(
    clock: Res<Clock>,
    mut pumps: Query<(&mut Device, &mut InfusionPump, &Battery)>,
    mut assembly: ResMut<Assembly>,
) {
    for (mut device, mut pump, battery) in &mut pumps {
        if pump.told != Some(pump.state) {
            pump.told = Some(pump.state);
            if let Some(due) = device.event(STATUS, clock.now) {
                device
                    .say(&due, &clock, &mut assembly)
                    .reading(Reading::code(metrics::INF_STATUS, pump.state.code()))
                    .reading(Reading::code(metrics::INF_DRUG, pump.content.code()))
                    .reading(Reading::number(metrics::BATTERY, battery.percent(clock.now)));
            }
        }
        if pump.state == State::KeepOpen && !pump.alarmed {
            pump.alarmed = true;
            let complete = AlarmEvent::start(("infusion_complete", "medium"));
            alarm::say(complete, ALARM, &mut device, &clock, &mut assembly);
        }
        while let Some(due) = device.take_due(&clock) {
            debug_assert_eq!(due.kind_index, INFUSION);
            let delivery_ml_h = pump.delivery_ml_h();
            let mut message = device.say(&due, &clock, &mut assembly);
            message
                .reading(Reading::number(metrics::INF_RATE, delivery_ml_h))
                .reading(Reading::number(metrics::INF_VOL_TOTAL, pump.infused_ml))
                .reading(Reading::number(metrics::INF_VTBI_REMAIN, pump.left_ml()));
            if pump.state == State::Infusing {
                message.reading(Reading::number(metrics::INF_TIME_REMAIN, pump.left_ml() / delivery_ml_h * 3600.0));
            }
            message.reading(Reading::code(metrics::INF_STATUS, pump.state.code()));
        }
    }
}

/// A rate, or one of the doses; the hard limit of the drug is checked by the pump.
fn set_rate_parameters() -> Vec<ParameterSpec> {
    let rate = ParameterSpec::optional("rate_ml_h", ParameterKind::Number, "rate [mL/h]").range(0.0, MOST_RATE_ML_H);
    let doses =
        DOSES.map(|(name, about, ..)| ParameterSpec::optional(name, ParameterKind::Number, about).range(0.0, 1e6));
    std::iter::once(rate).chain(doses).collect()
}

/// Adds the pump.
pub fn register(registry: &mut Registry) {
    registry.add(DeviceSpec {
        kind: KIND,
        about: "pump for one drug or fluid that obeys commands and changes the patient",
        streams: vec![
            StreamSpec {
                id: "infusion",
                about: "rate, volumes, status",
                kind: StreamKind::Numeric { period_ms: 5_000 },
                metrics: &[
                    metrics::INF_RATE,
                    metrics::INF_VOL_TOTAL,
                    metrics::INF_VTBI_REMAIN,
                    metrics::INF_TIME_REMAIN,
                    metrics::INF_STATUS,
                ],
            },
            StreamSpec {
                id: "status",
                about: "on each change of what the pump does",
                kind: StreamKind::Event,
                metrics: &[metrics::INF_STATUS, metrics::INF_DRUG, metrics::BATTERY],
            },
            StreamSpec {
                id: "alarm",
                about: "volume to be infused used up",
                kind: StreamKind::Event,
                metrics: alarm::METRICS,
            },
        ],
        options: vec![
            ParameterSpec::optional("drug", ParameterKind::Choice(Content::WORDS), "what the syringe holds")
                .default("norepinephrine"),
            ParameterSpec::optional(
                "concentration",
                ParameterKind::Quantity(Dimension::Concentration),
                "drug per volume; the usual one of the drug when absent: 80 ug/mL norepinephrine, 20 ug/mL \
                 epinephrine, 10 mg/mL propofol, 50 ug/mL remifentanil and fentanyl, 1 mg/mL morphine and midazolam, \
                 4 ug/mL naloxone",
            )
            .range(0.01, 1e6),
            ParameterSpec::optional("model", ParameterKind::Choice(PropofolModel::NAMES), "kinetics of propofol")
                .default("schnider"),
            ParameterSpec::optional("rate", ParameterKind::Quantity(Dimension::Flow), "rate at the start")
                .default("0 mL/h")
                .range(0.0, MOST_RATE_ML_H),
            ParameterSpec::optional("vtbi", ParameterKind::Quantity(Dimension::Volume), "volume to be infused")
                .default("50 mL")
                .range(0.0, 10_000.0),
        ],
        commands: vec![
            CommandSpec {
                op: "set_rate",
                about: "sets the rate, by volume or by dose; starts when it was stopped, stops at 0",
                parameters: set_rate_parameters(),
            },
            CommandSpec { op: "start", about: "infuses at the set rate", parameters: Vec::new() },
            CommandSpec { op: "stop", about: "stops", parameters: Vec::new() },
            CommandSpec {
                op: "bolus",
                about: "pushes a volume at 600 mL/h, then goes on as before",
                parameters: vec![
                    ParameterSpec::required("volume_ml", ParameterKind::Number, "volume [mL]").range(0.1, 50.0),
                ],
            },
            CommandSpec {
                op: "set_vtbi",
                about: "sets the volume still to be infused",
                parameters: vec![
                    ParameterSpec::required("volume_ml", ParameterKind::Number, "volume [mL]").range(0.0, 10_000.0),
                ],
            },
        ],
        obey: Some(obey),
        spawn,
    });
    registry.add_system(Phase::Treatment, deliver_infusions);
    registry.add_system(Phase::Sample, report_infusions);
}
