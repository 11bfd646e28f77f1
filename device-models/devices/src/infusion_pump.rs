//! Infusion pump: obeys commands within its limits, and what it delivers reaches the patient's blood.
//!
//! A syringe pump for one drug, or a volumetric pump for a fluid. When the volume to be infused is used up it keeps the vein open at 1 mL/h, as
//! IEC 60601-2-24 asks, and raises an alarm.

mod drug_library;

use bevy_ecs::prelude::*;
use sim_core::{Arguments, GRID, ParameterKind, ParameterSpec, Phase, Registry, SystemSpec};
use vocabulary::{Dimension, Reading, metrics};

use self::drug_library::Content;
use super::alarm::AlarmEvent;
use super::battery::Battery;
use crate::device::{Device, DeviceKind, DeviceModel, EventStream, Order, Saying, Spawning, Watching, When};
use patients::Person;
use patients::medication::Medication;
use physiology::pharmacology::{Drug, PropofolModel};

const STATUS: EventStream = EventStream("status");

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
    /// Body weight that the pump was given [kg].
    weight_kg: f64,
    rate_ml_h: f64,
    volume_to_infuse_ml: f64,
    infused_ml: f64,
    bolus_left_ml: f64,
    state: State,
    told: Option<State>,
    alarmed: bool,
    battery: Battery,
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

    fn set_rate(&mut self, rate_ml_h: f64) -> Result<(), String> {
        let dose = self.dose_ug_kg_min(rate_ml_h);
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

    fn dose_ug_kg_min(&self, rate_ml_h: f64) -> f64 {
        rate_ml_h / 60.0 * self.concentration_ug_ml / self.weight_kg
    }

    /// Rate that a command orders, by volume or by dose [mL/h].
    fn rate_ordered(&self, arguments: &Arguments) -> Result<f64, String> {
        let doses: Vec<_> =
            DOSES.iter().filter_map(|dose| arguments.number(dose.0).map(|amount| (amount, dose))).collect();
        match (arguments.number("rate_ml_h"), doses.as_slice()) {
            (Some(rate_ml_h), []) => Ok(rate_ml_h),
            (None, [_]) if self.concentration_ug_ml <= 0.0 => {
                Err("the syringe holds no drug, a dose means nothing".to_owned())
            }
            (None, [(amount, (_, about, ug_min, by_weight))]) => {
                let mass_kg = if *by_weight { self.weight_kg } else { 1.0 };
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

impl DeviceModel for InfusionPump {
    type Patient = ();
    type Parts = ();
    type Room = ();
}

impl InfusionPump {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<Self, String> {
        let options = &spawning.plan.options;
        let content = Content::from_word(options.text("drug").unwrap_or_default());
        let usual_ug_ml = content.entry().map(|entry| entry.concentration_ug_ml);
        let asked_ug_ml = usual_ug_ml.and_then(|_| options.number("concentration"));
        let mut pump = Self {
            content,
            concentration_ug_ml: asked_ug_ml.or(usual_ug_ml).unwrap_or_default(),
            weight_kg: spawning.patient::<Person>().map_or(70.0, |person| person.weight_kg),
            rate_ml_h: 0.0,
            volume_to_infuse_ml: options.number("vtbi").unwrap_or_default(),
            infused_ml: 0.0,
            bolus_left_ml: 0.0,
            state: State::Stopped,
            told: None,
            alarmed: false,
            battery: Battery::new(spawning.key()),
        };
        pump.set_rate(options.number("rate").unwrap_or_default())?;
        let model = options.text("model").and_then(PropofolModel::find);
        if let (Content::Drug(Drug::Propofol), Some(model)) = (content, model)
            && let Some(mut medication) = spawning.world.get_mut::<Medication>(spawning.device.patient)
        {
            medication.choose_propofol_model(model);
        }
        Ok(pump)
    }

    fn obey_rate(&mut self, order: &Order<'_>) -> Result<(), String> {
        self.set_rate(self.rate_ordered(order.arguments)?)
    }

    fn obey_bolus(&mut self, order: &Order<'_>) -> Result<(), String> {
        let volume_ml = order.number("volume_ml");
        if volume_ml > self.left_ml() {
            return Err(format!("{volume_ml} mL asked, {:.1} mL left", self.left_ml()));
        }
        self.bolus_left_ml = volume_ml;
        self.state = State::Bolus;
        Ok(())
    }

    fn set_volume_to_infuse(&mut self, volume_ml: f64) {
        self.volume_to_infuse_ml = self.infused_ml + volume_ml;
        self.alarmed = false;
        if self.state == State::KeepOpen {
            self.state = State::Infusing;
        }
    }

    fn watch_state(&mut self, mut watching: Watching<'_, Self>) {
        let now = watching.clock.now;
        if self.told.replace(self.state) != Some(self.state)
            && let Some(mut message) = watching.event(STATUS)
        {
            message
                .reading(Reading::code(metrics::INF_STATUS, self.state.code()))
                .reading(Reading::code(metrics::INF_DRUG, self.content.code()))
                .reading(Reading::number(metrics::BATTERY, self.battery.percent(now)));
        }
        if self.state == State::KeepOpen && !self.alarmed {
            self.alarmed = true;
            watching.alarm(AlarmEvent::start(("infusion_complete", "medium")));
        }
    }

    fn say_infusion(&mut self, mut saying: Saying<'_, Self>) {
        let delivery_ml_h = self.delivery_ml_h();
        let message = &mut saying.message;
        message
            .reading(Reading::number(metrics::INF_RATE, delivery_ml_h))
            .reading(Reading::number(metrics::INF_VOL_TOTAL, self.infused_ml))
            .reading(Reading::number(metrics::INF_VTBI_REMAIN, self.left_ml()));
        if self.state == State::Infusing {
            let left_s = self.left_ml() / delivery_ml_h * 3600.0;
            message.reading(Reading::number(metrics::INF_TIME_REMAIN, left_s));
        }
        message.reading(Reading::code(metrics::INF_STATUS, self.state.code()));
    }
}

/// A rate, or one of the doses; the hard limit of the drug is checked by the pump.
fn set_rate_parameters() -> Vec<ParameterSpec> {
    let rate = ParameterSpec::optional("rate_ml_h", ParameterKind::Number, "rate [mL/h]").range(0.0, MOST_RATE_ML_H);
    let doses =
        DOSES.map(|(name, about, ..)| ParameterSpec::optional(name, ParameterKind::Number, about).range(0.0, 1e6));
    std::iter::once(rate).chain(doses).collect()
}

fn options() -> [ParameterSpec; 5] {
    let quantity = |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about);
    [
        ParameterSpec::optional("drug", ParameterKind::Choice(Content::WORDS), "what the syringe holds")
            .default("norepinephrine"),
        quantity(
            "concentration",
            Dimension::Concentration,
            "drug per volume; the usual one of the drug when absent: 80 ug/mL norepinephrine, 20 ug/mL epinephrine, \
             10 mg/mL propofol, 50 ug/mL remifentanil and fentanyl, 1 mg/mL morphine and midazolam, 4 ug/mL naloxone",
        )
        .range(0.01, 1e6),
        ParameterSpec::optional("model", ParameterKind::Choice(PropofolModel::NAMES), "kinetics of propofol")
            .default("schnider"),
        quantity("rate", Dimension::Flow, "rate at the start").default("0 mL/h").range(0.0, MOST_RATE_ML_H),
        quantity("vtbi", Dimension::Volume, "volume to be infused").default("50 mL").range(0.0, 10_000.0),
    ]
}

/// Adds the pump.
pub fn register(registry: &mut Registry) {
    let about = "pump for one drug or fluid that obeys commands and changes the patient";
    let infusion = [
        metrics::INF_RATE,
        metrics::INF_VOL_TOTAL,
        metrics::INF_VTBI_REMAIN,
        metrics::INF_TIME_REMAIN,
        metrics::INF_STATUS,
    ];
    let status = [metrics::INF_STATUS, metrics::INF_DRUG, metrics::BATTERY];
    let rate_about = "sets the rate, by volume or by dose; starts when it was stopped, stops at 0";
    let volume = |least_ml, most_ml| {
        vec![ParameterSpec::required("volume_ml", ParameterKind::Number, "volume [mL]").range(least_ml, most_ml)]
    };
    let (bolus, vtbi) = (volume(0.1, 50.0), volume(0.0, 10_000.0));
    registry.schedule(SystemSpec::new(Phase::Treatment, deliver_infusions).of::<InfusionPump>());
    DeviceKind::new("infusion_pump", about, InfusionPump::spawn)
        .options(options())
        .watch(When::Every(GRID), InfusionPump::watch_state)
        .values("infusion", "rate, volumes, status", 5_000, &infusion, InfusionPump::say_infusion)
        .event(STATUS, "on each change of what the pump does", &status)
        .alarms("volume to be infused used up")
        .command("set_rate", rate_about, set_rate_parameters(), InfusionPump::obey_rate)
        .one_of(set_rate_parameters().iter().map(|parameter| parameter.name))
        .command("start", "infuses at the set rate", Vec::new(), |pump, _| pump.start())
        .command("stop", "stops", Vec::new(), |pump, _| {
            pump.state = State::Stopped;
            Ok(())
        })
        .command("bolus", "pushes a volume at 600 mL/h, then goes on as before", bolus, InfusionPump::obey_bolus)
        .command("set_vtbi", "sets the volume still to be infused", vtbi, |pump, order| {
            pump.set_volume_to_infuse(order.number("volume_ml"));
            Ok(())
        })
        .register(registry);
}
