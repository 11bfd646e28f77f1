//! Insulin pump: basal rate and boluses in the steps of its maker, from a reservoir, into the patient's tissue.
//!
//! It pushes insulin minute by minute ([`physiology::glucose::InsulinPump`]). The wearer asks it for boluses; a
//! stack sets the rate, gives boluses and suspends it by command, within the limits of the pump. The wearer changes set and
//! reservoir every few days, and when the pump says that little or nothing is left.

mod alarms;
mod faults;

use bevy_ecs::prelude::*;
use sim_core::{Clock, Evidence, ParameterKind, ParameterSpec, Phase, Registry, Rest, SystemSpec};
use vocabulary::{Dimension, MetricId, Reading, metrics};

use self::alarms::PumpAlarms;
use self::faults::PumpFaults;
use super::battery::Battery;
use crate::device::{Device, DeviceKind, DeviceModel, EventStream, Order, Saying, Spawning, Watching, When};
use patients::glycaemia::{Filling, Glycaemia, Minute};
use patients::needs_glucose;
use physiology::glucose::{InsulinOnBoard, InsulinPump, PumpModel, Units, UnitsPerHour};

const KIND: &str = "insulin_pump";
const STATUS: EventStream = EventStream("status");

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
    battery: Battery,
    told: Option<&'static str>,
    /// Basal insulin and boluses told so far.
    basal_told: Told,
    bolus_told: Told,
}

/// What messages have told of an amount that only grows [units in the last decimal of its metric]. A message says what came
/// since the one before, and its value is written with so many decimals: what rounding leaves over is told by a later one,
/// so that the shares add up to what was delivered.
#[derive(Debug, Clone, Copy, Default)]
struct Told(i64);

impl Told {
    /// The share that is still to be told of this much in all.
    fn share(&mut self, metric: MetricId, delivered: Units) -> Reading {
        let scale = libm::exp10(f64::from(metric.metric().decimals));
        let told = libm::round(delivered.0 * scale) as i64;
        let share = told - self.0;
        self.0 = told;
        Reading::number(metric, share as f64 / scale)
    }
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

    /// How full the wearer finds the reservoir.
    fn filling(&self) -> Filling {
        match (self.is_empty(), self.is_low()) {
            (true, _) => Filling::Empty,
            (false, true) => Filling::Low,
            (false, false) => Filling::Enough,
        }
    }

    /// Takes a fresh reservoir, unless a step keeps it empty.
    fn change_reservoir(&mut self) {
        if !self.faults.is_empty_kept() {
            self.pump.refill(self.filling);
        }
    }

    /// Pushes the insulin of a minute; returns what reaches the tissue, and how much of a bolus was pushed.
    fn push_minute(&mut self, minute: Minute, wanted_bolus: Units, evidence: &mut Evidence) -> (Units, Units) {
        if wanted_bolus > Units(0.0) && !self.pump.is_suspended() {
            self.pump.bolus(wanted_bolus);
        }
        let before = self.pump.bolus_pushed();
        let arriving = self.pump.advance_minute();
        let bolus = Units(self.pump.bolus_pushed().0 - before.0);
        self.on_board.add(minute.index, bolus);
        self.faults.note(&self.pump, evidence);
        (arriving, bolus)
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

/// Gives each wearer what the pump pushes in this minute.
fn deliver_insulin(
    clock: Res<Clock>,
    mut pumps: Query<(&Device, &mut WornPump)>,
    mut patients: Query<&mut Glycaemia>,
    mut evidence: ResMut<Evidence>,
    mut rest: ResMut<Rest>,
) {
    rest.until_at_most(Minute::next_begin(&clock));
    let Some(minute) = Minute::beginning(&clock) else { return };
    for (device, mut worn) in &mut pumps {
        let Ok(mut glycaemia) = patients.get_mut(device.patient) else { continue };
        if glycaemia.take_change_of_reservoir() {
            worn.change_reservoir();
        }
        let wanted = glycaemia.take_wanted_bolus();
        let (arriving, bolus) = worn.push_minute(minute, wanted, &mut evidence);
        glycaemia.receive(arriving);
        glycaemia.hear_pump(minute, worn.filling(), bolus);
    }
}

impl DeviceModel for WornPump {
    type Patient = ();
    type Parts = ();
    type Room = ();
}

impl WornPump {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<Self, String> {
        let change_ns = spawning.plan.options.number("change").unwrap_or(3.0 * 86_400e9);
        if let Some(mut glycaemia) = spawning.world.get_mut::<Glycaemia>(spawning.device.patient) {
            glycaemia.attach_pump((change_ns / 60e9) as i64);
        }
        let programmed = spawning.glycaemia()?.programmed_basal();
        let options = &spawning.plan.options;
        let name = options.text("model").unwrap_or(MODELS[0]);
        let model = PumpModel::find(name).ok_or_else(|| format!("no pump `{name}` in the table"))?;
        let filling = options.number("reservoir").map_or(model.reservoir, Units);
        if filling > model.reservoir {
            return Err(format!("{} U do not fit into a reservoir of {} U", filling.0, model.reservoir.0));
        }
        let basal = options.number("basal").map_or(programmed, UnitsPerHour);
        if basal > model.highest_basal {
            return Err(format!("{} U/h is above the highest rate of {} U/h", basal.0, model.highest_basal.0));
        }
        let mut pump = InsulinPump::new(model, basal);
        pump.refill(filling);
        Ok(Self::new(pump, filling, Battery::new(spawning.key())))
    }

    fn new(pump: InsulinPump, filling: Units, battery: Battery) -> Self {
        Self {
            pump,
            on_board: InsulinOnBoard::default(),
            faults: PumpFaults::default(),
            alarms: PumpAlarms::default(),
            filling,
            battery,
            told: None,
            basal_told: Told::default(),
            bolus_told: Told::default(),
        }
    }

    fn obey_basal(&mut self, order: &Order<'_>) -> Result<(), String> {
        self.set_basal(UnitsPerHour(order.number("rate_u_h")))
    }

    fn obey_bolus(&mut self, order: &Order<'_>) -> Result<(), String> {
        self.bolus(Units(order.number("amount_u")))
    }

    /// Tells changes of state and alarms: at the begin of a minute, or when a command has just changed the state.
    fn watch_state(&mut self, mut watching: Watching<'_, Self>) {
        let (status, now) = (self.status(), watching.clock.now);
        if self.told.replace(status) != Some(status)
            && let Some(mut message) = watching.event(STATUS)
        {
            message
                .reading(Reading::code(metrics::DEVICE_STATUS, status))
                .reading(Reading::number(metrics::INS_RESERVOIR, self.pump.reservoir().0))
                .reading(Reading::number(metrics::BATTERY, self.battery.percent(now)));
        }
        let (occluded, empty, low) = (self.pump.notices_occlusion(), self.is_empty(), self.is_low());
        for event in self.alarms.look(occluded, empty, low) {
            watching.alarm(event);
        }
    }

    fn say_delivery(&mut self, mut saying: Saying<'_, Self>) {
        let basal_rate = if self.pump.is_suspended() { UnitsPerHour(0.0) } else { self.pump.basal() };
        let (basal, bolus) = (self.pump.basal_pushed(), self.pump.bolus_pushed());
        let minute = saying.due.intended.nanos() / 60_000_000_000;
        saying
            .message
            .reading(Reading::number(metrics::INS_BASAL_RATE, basal_rate.0))
            .reading(self.basal_told.share(metrics::INS_BASAL, basal))
            .reading(self.bolus_told.share(metrics::INS_BOLUS, bolus))
            .reading(Reading::number(metrics::INS_ON_BOARD, self.on_board.at(minute).0))
            .reading(Reading::number(metrics::INS_RESERVOIR, self.pump.reservoir().0));
    }
}

fn options() -> [ParameterSpec; 4] {
    let quantity = |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about);
    [
        ParameterSpec::optional("model", ParameterKind::Choice(MODELS), "whose steps and limits the pump has")
            .default(MODELS[0]),
        quantity("basal", Dimension::InsulinRate, "basal rate at the start instead of what the wearer has programmed")
            .range(0.0, MOST_BASAL_U_H),
        quantity("reservoir", Dimension::Insulin, "what a fresh reservoir holds instead of a full one")
            .range(1.0, 1_000.0),
        quantity(
            "change",
            Dimension::Time,
            "time between two changes of set and reservoir, when the wearer means to change both; sooner at its alarm",
        )
        .default("3d")
        .range(3_600e9, 365.0 * 86_400e9),
    ]
}

/// Adds the pump and its faults.
pub fn register(registry: &mut Registry) {
    let about = "insulin pump that obeys commands and its wearer, and changes the patient";
    let delivery_about =
        "basal rate; basal insulin and boluses since the message before; bolus insulin on board; reservoir";
    let delivery = [
        metrics::INS_BASAL_RATE,
        metrics::INS_BASAL,
        metrics::INS_BOLUS,
        metrics::INS_ON_BOARD,
        metrics::INS_RESERVOIR,
    ];
    let status_about = "on each change of what the pump does: operating, suspended, occluded, empty";
    let status = [metrics::DEVICE_STATUS, metrics::INS_RESERVOIR, metrics::BATTERY];
    let number = |name, about, most| vec![ParameterSpec::required(name, ParameterKind::Number, about).range(0.0, most)];
    let basal_about = "sets the basal rate, rounded to the steps of the pump; refused above its highest";
    let bolus_about = "gives a bolus, rounded to the steps of the pump; refused above its largest, when suspended and when \
                       too little is left";
    let (rate, amount) =
        (number("rate_u_h", "rate [U/h]", MOST_BASAL_U_H), number("amount_u", "insulin [U]", MOST_BOLUS_U));
    registry.schedule(SystemSpec::new(Phase::Treatment, deliver_insulin).of::<WornPump>().rests());
    DeviceKind::new(KIND, about, WornPump::spawn)
        .needs(needs_glucose)
        .options(options())
        .watch(When::Changed, WornPump::watch_state)
        .values("delivery", delivery_about, 300_000, &delivery, WornPump::say_delivery)
        .event(STATUS, status_about, &status)
        .alarms("occlusion, low or empty reservoir")
        .command("set_basal", basal_about, rate, WornPump::obey_basal)
        .command("bolus", bolus_about, amount, WornPump::obey_bolus)
        .command("stop_bolus", "stops a running bolus", Vec::new(), |worn, _| {
            worn.pump.stop_bolus();
            Ok(())
        })
        .command("suspend", "suspends all delivery; a running bolus is lost", Vec::new(), |worn, _| {
            worn.pump.set_suspended(true);
            Ok(())
        })
        .command("resume", "resumes the basal rate", Vec::new(), |worn, _| {
            worn.pump.set_suspended(false);
            Ok(())
        })
        .register(registry);
    faults::register(registry);
}

#[cfg(test)]
mod tests {
    use vocabulary::Value;

    use super::*;

    fn worn(model: &str, basal_u_h: f64) -> WornPump {
        let model = PumpModel::find(model).unwrap();
        let filling = model.reservoir;
        let battery = Battery::new(sim_core::Key::new(1, "home/1/pump"));
        WornPump::new(InsulinPump::new(model, UnitsPerHour(basal_u_h)), filling, battery)
    }

    fn minute(index: i64) -> Minute {
        Minute { index }
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
    fn shares_add_up_however_small_they_are() {
        // 0.05 U/h told every five minutes, 0.0042 U each: less than half of what a message can write.
        let mut told = Told::default();
        let shares: Vec<f64> = (1..=288)
            .map(|message| match told.share(metrics::INS_BASAL, Units(f64::from(message) * 0.05 / 12.0)).value {
                Value::Number(share) => share,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(shares.iter().all(|share| [0.0, 0.01].contains(share)), "{shares:?}");
        assert!((shares.iter().sum::<f64>() - 1.2).abs() < 1e-9);
    }

    #[test]
    fn a_change_of_the_reservoir_ends_an_empty_one() {
        let mut evidence = Evidence::default();
        let mut pump = worn("insulet", 1.0);
        pump.filling = Units(30.0);
        pump.pump.refill(Units(30.0));
        for index in 0..1_800 {
            assert_eq!(pump.filling() == Filling::Low, pump.is_low() && !pump.is_empty(), "minute {index}");
            pump.push_minute(minute(index), Units(0.0), &mut evidence);
        }
        assert_eq!((pump.status(), pump.filling()), ("empty", Filling::Empty));
        pump.change_reservoir();
        pump.push_minute(minute(1_800), Units(2.0), &mut evidence);
        assert_eq!((pump.status(), pump.filling()), ("operating", Filling::Enough));
        assert!((pump.on_board.at(1_800).0 - 1.5).abs() < 1e-9);
    }
}
