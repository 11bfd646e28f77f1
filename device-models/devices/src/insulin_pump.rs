//! Insulin pump: basal rate and boluses in the steps of its maker, from a reservoir, into the patient's tissue.
//!
//! It pushes insulin minute by minute ([`physiology::glucose::InsulinPump`]). The wearer asks it for boluses; a
//! stack sets the rate, gives boluses and suspends it by command, within the limits of the pump. Set and reservoir are
//! changed every few days.

mod alarms;
mod faults;
mod on_board;

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, Command, CommandSpec, DevicePlan, DeviceSpec, Evidence, ParameterKind, ParameterSpec, Phase,
    Registry, SimId, SpawnError, StreamKind, StreamSpec,
};
use vocabulary::{Dimension, Reading, metrics};

use self::alarms::PumpAlarms;
use self::faults::PumpFaults;
use self::on_board::InsulinOnBoard;
use super::alarm;
use super::battery::Battery;
use crate::device::{Device, Quiet};
use patients::glycaemia::{Glycaemia, Minute};
use physiology::glucose::{InsulinPump, PumpModel, Units, UnitsPerHour};

const KIND: &str = "insulin_pump";
const DELIVERY: usize = 0;
const STATUS: usize = 1;
const ALARM: usize = 2;

/// Makers in `data/glucose/pump_models.csv`.
const MODELS: &[&str] = &["insulet", "cozmo", "tandem", "670g", "ideal"];

/// Reservoir below which the pump warns [U], a usual default.
const LOW_RESERVOIR_U: f64 = 20.0;
/// Hard limits of any pump, for commands: largest bolus [U] and highest rate [U/h].
const MOST_BOLUS_U: f64 = 100.0;
const MOST_BASAL_U_H: f64 = 1_000.0;

/// State of a pump.
#[derive(Debug, Clone, Component)]
pub struct WornPump {
    pump: InsulinPump,
    on_board: InsulinOnBoard,
    faults: PumpFaults,
    alarms: PumpAlarms,
    /// What a fresh reservoir holds.
    filling: Units,
    /// Minutes between two changes of set and reservoir.
    change_min: i64,
    told: Option<&'static str>,
    /// Basal insulin and boluses told so far.
    basal_told: Units,
    bolus_told: Units,
}

impl WornPump {
    /// Code of `device_status`.
    fn status(&self) -> &'static str {
        if self.pump.notices_occlusion() {
            "occluded"
        } else if self.is_empty() {
            "empty"
        } else if self.pump.is_suspended() {
            "suspended"
        } else {
            "operating"
        }
    }

    /// Whether less is left than a step needs.
    fn is_empty(&self) -> bool {
        self.pump.reservoir() < self.pump.model().bolus_step
    }

    fn is_low(&self) -> bool {
        self.pump.reservoir() < Units(LOW_RESERVOIR_U)
    }

    /// Pushes the insulin of a minute and returns what reaches the tissue.
    fn push_minute(&mut self, minute: &Minute, wanted_bolus: Units, evidence: &mut Evidence) -> Units {
        if minute.index > 0 && minute.index % self.change_min == 0 && !self.faults.is_empty_kept() {
            self.pump.refill(self.filling);
        }
        if wanted_bolus > Units(0.0) && !self.pump.is_suspended() {
            self.pump.bolus(wanted_bolus);
        }
        let before = self.pump.bolus_pushed();
        let arriving = self.pump.advance_minute();
        self.on_board.add(minute.index, Units(self.pump.bolus_pushed().0 - before.0));
        self.faults.note(&self.pump, evidence);
        arriving
    }

    fn bolus(&mut self, wanted: Units) -> Result<(), String> {
        if self.pump.is_suspended() {
            return Err("delivery is suspended".to_owned());
        }
        if self.pump.notices_occlusion() {
            return Err("the tube is occluded".to_owned());
        }
        let largest = self.pump.model().largest_bolus;
        if wanted > largest {
            return Err(format!("{} U asked, the largest bolus is {} U", wanted.0, largest.0));
        }
        let free_u = self.pump.reservoir().0 - self.pump.bolus_left().0;
        if wanted.0 > free_u {
            return Err(format!("{} U asked, {free_u:.1} U left", wanted.0));
        }
        if self.pump.bolus(wanted) == Units(0.0) {
            return Err(format!("{} U is less than a step of {} U", wanted.0, self.pump.model().bolus_step.0));
        }
        Ok(())
    }

    fn set_basal(&mut self, wanted: UnitsPerHour) -> Result<(), String> {
        let highest = self.pump.model().highest_basal;
        if wanted > highest {
            return Err(format!("{} U/h asked, the highest rate is {} U/h", wanted.0, highest.0));
        }
        self.pump.set_basal(wanted);
        Ok(())
    }
}

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let refuse = |reason: String| SpawnError { path: plan.path.clone(), reason };
    let Some(mut glycaemia) = world.get_mut::<Glycaemia>(patient) else {
        return Err(refuse("the patient has no glucose; choose a diabetic model or set `glucose`".to_owned()));
    };
    glycaemia.attach_pump();
    let need = glycaemia.basal_need();
    let name = plan.options.text("model").unwrap_or(MODELS[0]);
    let model = PumpModel::find(name).ok_or_else(|| refuse(format!("no pump `{name}` in the table")))?;
    let filling = plan.options.number("reservoir").map_or(model.reservoir, Units);
    if filling > model.reservoir {
        return Err(refuse(format!("{} U do not fit into a reservoir of {} U", filling.0, model.reservoir.0)));
    }
    let basal = plan.options.number("basal").map_or(need, UnitsPerHour);
    if basal > model.highest_basal {
        return Err(refuse(format!("{} U/h is above the highest rate of {} U/h", basal.0, model.highest_basal.0)));
    }
    let mut pump = InsulinPump::new(model, basal);
    pump.refill(filling);
    let change_ns = plan.options.number("change").unwrap_or(3.0 * 86_400e9);
    let worn = WornPump {
        pump,
        on_board: InsulinOnBoard::default(),
        faults: PumpFaults::default(),
        alarms: PumpAlarms::default(),
        filling,
        change_min: (change_ns / 60e9) as i64,
        told: None,
        basal_told: Units(0.0),
        bolus_told: Units(0.0),
    };
    let device = Device::from_plan(world, id, plan, patient);
    let battery = Battery::new(device.key);
    Ok(world.spawn((device, worn, battery)).id())
}

fn obey(world: &mut World, device: Entity, command: &Command) -> Result<(), String> {
    let Some(mut worn) = world.get_mut::<WornPump>(device) else { return Err("not an insulin pump".to_owned()) };
    let number = |name: &str| command.arguments.number(name).unwrap_or_default();
    match command.op.as_str() {
        "set_basal" => worn.set_basal(UnitsPerHour(number("rate_u_h"))),
        "bolus" => worn.bolus(Units(number("amount_u"))),
        "stop_bolus" => {
            worn.pump.stop_bolus();
            Ok(())
        }
        "suspend" => {
            worn.pump.set_suspended(true);
            Ok(())
        }
        "resume" => {
            worn.pump.set_suspended(false);
            Ok(())
        }
        other => Err(format!("unknown operation `{other}`")),
    }
}

/// Gives each wearer what the pump pushes in this minute.
fn deliver_insulin(
    clock: Res<Clock>,
    mut pumps: Query<(&Device, &mut WornPump)>,
    mut patients: Query<&mut Glycaemia>,
    mut evidence: ResMut<Evidence>,
) {
    let Some(minute) = Minute::beginning(&clock) else { return };
    for (device, mut worn) in &mut pumps {
        let Ok(mut glycaemia) = patients.get_mut(device.patient) else { continue };
        let wanted = glycaemia.take_wanted_bolus();
        glycaemia.receive(worn.push_minute(&minute, wanted, &mut evidence));
    }
}

/// Tells changes of state and alarms at the begin of a minute, or when a command has just changed the state.
fn announce_pumps(
    clock: Res<Clock>,
    mut pumps: Query<(&mut Device, &mut WornPump, &Battery), Changed<WornPump>>,
    mut assembly: ResMut<Assembly>,
) {
    for (mut device, mut worn, battery) in &mut pumps {
        let worn = worn.bypass_change_detection();
        let status = worn.status();
        if worn.told != Some(status) {
            worn.told = Some(status);
            if let Some(due) = device.event(STATUS, clock.now) {
                device
                    .say(&due, &clock, &mut assembly)
                    .reading(Reading::code(metrics::DEVICE_STATUS, status))
                    .reading(Reading::number(metrics::INS_RESERVOIR, worn.pump.reservoir().0))
                    .reading(Reading::number(metrics::BATTERY, battery.percent(clock.now)));
            }
        }
        let (occluded, empty, low) = (worn.pump.notices_occlusion(), worn.is_empty(), worn.is_low());
        for event in worn.alarms.look(occluded, empty, low) {
            alarm::say(event, ALARM, &mut device, &clock, &mut assembly);
        }
    }
}

fn report_pumps(
    clock: Res<Clock>,
    mut quiet: Local<Quiet>,
    mut pumps: Query<(&mut Device, &mut WornPump)>,
    mut assembly: ResMut<Assembly>,
) {
    if quiet.holds(&clock) {
        return;
    }
    for (mut device, mut worn) in &mut pumps {
        while let Some(due) = device.take_due(&clock) {
            debug_assert_eq!(due.kind_index, DELIVERY);
            let worn = worn.bypass_change_detection();
            let basal_rate = if worn.pump.is_suspended() { UnitsPerHour(0.0) } else { worn.pump.basal() };
            let (basal, bolus) = (worn.pump.basal_pushed(), worn.pump.bolus_pushed());
            let minute = due.intended.nanos() / 60_000_000_000;
            device
                .say(&due, &clock, &mut assembly)
                .reading(Reading::number(metrics::INS_BASAL_RATE, basal_rate.0))
                .reading(Reading::number(metrics::INS_BASAL, basal.0 - worn.basal_told.0))
                .reading(Reading::number(metrics::INS_BOLUS, bolus.0 - worn.bolus_told.0))
                .reading(Reading::number(metrics::INS_ON_BOARD, worn.on_board.at(minute).0))
                .reading(Reading::number(metrics::INS_RESERVOIR, worn.pump.reservoir().0));
            (worn.basal_told, worn.bolus_told) = (basal, bolus);
        }
        quiet.until(&device);
    }
}

/// Adds the pump and its faults.
pub fn register(registry: &mut Registry) {
    registry.add(DeviceSpec {
        kind: KIND,
        about: "insulin pump that obeys commands and its wearer, and changes the patient",
        streams: streams(),
        options: options(),
        commands: commands(),
        obey: Some(obey),
        spawn,
    });
    registry.add_system(Phase::Treatment, deliver_insulin);
    registry.add_system(Phase::Sample, announce_pumps);
    registry.add_system(Phase::Sample, report_pumps);
    faults::register(registry);
}

fn streams() -> Vec<StreamSpec> {
    let event = |id, about, metrics| StreamSpec { id, about, kind: StreamKind::Event, metrics };
    vec![
        StreamSpec {
            id: "delivery",
            about: "basal rate; basal insulin and boluses since the message before; bolus insulin on board; reservoir",
            kind: StreamKind::Numeric { period_ms: 300_000 },
            metrics: &[
                metrics::INS_BASAL_RATE,
                metrics::INS_BASAL,
                metrics::INS_BOLUS,
                metrics::INS_ON_BOARD,
                metrics::INS_RESERVOIR,
            ],
        },
        event(
            "status",
            "on each change of what the pump does: operating, suspended, occluded, empty",
            &[metrics::DEVICE_STATUS, metrics::INS_RESERVOIR, metrics::BATTERY],
        ),
        event("alarm", "occlusion, low or empty reservoir", alarm::METRICS),
    ]
}

fn options() -> Vec<ParameterSpec> {
    let quantity = |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about);
    vec![
        ParameterSpec::optional("model", ParameterKind::Choice(MODELS), "whose steps and limits the pump has")
            .default(MODELS[0]),
        quantity("basal", Dimension::InsulinRate, "basal rate at the start instead of what the wearer needs")
            .range(0.0, MOST_BASAL_U_H),
        quantity("reservoir", Dimension::Insulin, "what a fresh reservoir holds instead of a full one")
            .range(1.0, 1_000.0),
        quantity("change", Dimension::Time, "time between two changes of set and reservoir")
            .default("3d")
            .range(3_600e9, 365.0 * 86_400e9),
    ]
}

fn commands() -> Vec<CommandSpec> {
    vec![
        CommandSpec {
            op: "set_basal",
            about: "sets the basal rate, rounded to the steps of the pump; refused above its highest",
            parameters: vec![
                ParameterSpec::required("rate_u_h", ParameterKind::Number, "rate [U/h]").range(0.0, MOST_BASAL_U_H),
            ],
        },
        CommandSpec {
            op: "bolus",
            about: "gives a bolus, rounded to the steps of the pump; refused above its largest, when suspended and when \
                    too little is left",
            parameters: vec![
                ParameterSpec::required("amount_u", ParameterKind::Number, "insulin [U]").range(0.0, MOST_BOLUS_U),
            ],
        },
        CommandSpec { op: "stop_bolus", about: "stops a running bolus", parameters: Vec::new() },
        CommandSpec { op: "suspend", about: "suspends all delivery; a running bolus is lost", parameters: Vec::new() },
        CommandSpec { op: "resume", about: "resumes the basal rate", parameters: Vec::new() },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worn(model: &str, basal_u_h: f64) -> WornPump {
        let model = PumpModel::find(model).unwrap();
        let filling = model.reservoir;
        WornPump {
            pump: InsulinPump::new(model, UnitsPerHour(basal_u_h)),
            on_board: InsulinOnBoard::default(),
            faults: PumpFaults::default(),
            alarms: PumpAlarms::default(),
            filling,
            change_min: 4_320,
            told: None,
            basal_told: Units(0.0),
            bolus_told: Units(0.0),
        }
    }

    fn minute(index: i64) -> Minute {
        Minute { index, day: 0, of_day: 0 }
    }

    #[test]
    fn every_choice_is_in_the_table() {
        for name in MODELS {
            assert!(PumpModel::find(name).is_some(), "{name}");
        }
        assert_eq!(PumpModel::shipped().len(), MODELS.len());
    }

    #[test]
    fn limits_are_those_of_the_pump() {
        let mut pump = worn("tandem", 1.0);
        assert_eq!(pump.set_basal(UnitsPerHour(16.0)).unwrap_err(), "16 U/h asked, the highest rate is 15 U/h");
        assert_eq!(pump.bolus(Units(26.0)).unwrap_err(), "26 U asked, the largest bolus is 25 U");
        assert_eq!(pump.bolus(Units(0.001)).unwrap_err(), "0.001 U is less than a step of 0.01 U");
        assert!(pump.bolus(Units(5.0)).is_ok());
        pump.pump.set_suspended(true);
        assert_eq!(pump.bolus(Units(5.0)).unwrap_err(), "delivery is suspended");
        pump.pump.set_suspended(false);
        pump.pump.refill(Units(4.0));
        assert_eq!(pump.bolus(Units(5.0)).unwrap_err(), "5 U asked, 4.0 U left");
    }

    #[test]
    fn a_change_of_the_reservoir_ends_an_empty_one() {
        let mut evidence = Evidence::default();
        let mut pump = worn("insulet", 1.0);
        pump.filling = Units(30.0);
        pump.pump.refill(Units(30.0));
        for index in 0..4_320 {
            pump.push_minute(&minute(index), Units(0.0), &mut evidence);
        }
        assert_eq!(pump.status(), "empty");
        pump.push_minute(&minute(4_320), Units(2.0), &mut evidence);
        assert_eq!(pump.status(), "operating");
        assert!((pump.on_board.at(4_320).0 - 1.5).abs() < 1e-9);
    }
}
