//! A smart inhaler: tells each puff with its flow, and now and then how many doses are left. `refill` puts a new canister
//! in.

// The derive macro of components looks for the crate under this name.
use iomt::bevy_ecs;
use iomt::bevy_ecs::prelude::*;
use iomt::device_models::devices::device::{
    DeviceKind, DeviceModel, EventStream, Order, Saying, Spawning, Watching, When,
};
use iomt::sim_core::{Key, ParameterKind, ParameterSpec, Purpose, Registry, Span};
use iomt::vocabulary::{Dimension, Metric, MetricId, MetricKind, Reading};

/// Metrics that the testbed's own table does not have.
const DOSES: Metric = Metric::new("acme_doses", "doses left in the canister", MetricKind::Numeric)
    .unit("{dose}")
    .resolution(1.0)
    .device_range(0.0, 200.0);
const FLOW: Metric = Metric::new("acme_puff_flow", "peak inspiratory flow of a puff", MetricKind::Numeric)
    .unit("L/min")
    .resolution(0.1)
    .device_range(0.0, 150.0);

const PUFF: EventStream = EventStream("puff");
const PUFF_FLOW: Purpose = Purpose::new("acme.puff_flow");
/// Doses of a new canister, as on its label.
const FULL: f64 = 200.0;
/// A practised adult inhales at some 60 L/min through this mouthpiece (Acme's own measurements).
const FLOW_L_MIN: (f64, f64) = (60.0, 8.0);

/// The inhaler of one patient.
#[derive(Debug, Clone, Component)]
struct SmartInhaler {
    key: Key,
    every_steps: i64,
    puffs: u64,
    doses: f64,
    doses_metric: MetricId,
    flow_metric: MetricId,
}

impl DeviceModel for SmartInhaler {
    type Patient = ();
    type Parts = ();
    type Room = ();
}

impl SmartInhaler {
    fn watch(&mut self, mut watching: Watching<'_, Self>) {
        let step = watching.clock.now.nanos() / Span::from_secs(1).nanos();
        if step == 0 || step % self.every_steps != 0 || self.doses < 1.0 {
            return;
        }
        let flow_l_min = FLOW_L_MIN.0 + FLOW_L_MIN.1 * self.key.normal(PUFF_FLOW, self.puffs);
        self.puffs += 1;
        self.doses -= 1.0;
        let (doses, flow) =
            (Reading::number(self.doses_metric, self.doses), Reading::number(self.flow_metric, flow_l_min));
        if let Some(mut message) = watching.event(PUFF) {
            message.reading(flow).reading(doses);
        }
    }

    fn say_status(&mut self, mut saying: Saying<'_, Self>) {
        saying.message.reading(Reading::number(self.doses_metric, self.doses));
    }

    fn refill(&mut self, order: &Order<'_>) -> Result<(), String> {
        let doses = order.number("doses");
        if doses < self.doses {
            return Err(format!("there are {} doses in the canister already", self.doses));
        }
        self.doses = doses;
        Ok(())
    }
}

/// Adds the inhaler and its metrics.
pub(crate) fn register(registry: &mut Registry) {
    let (Some(doses), Some(flow)) = (registry.add_metric(DOSES), registry.add_metric(FLOW)) else { return };
    let every = ParameterSpec::optional("every", ParameterKind::Quantity(Dimension::Time), "time between two puffs")
        .default("4h")
        .range(1e9, 8.64e13);
    let amount = ParameterSpec::optional("doses", ParameterKind::Number, "doses in the new canister")
        .default("200")
        .range(1.0, FULL);
    let make = |spawning: &mut Spawning<'_>| {
        let every_ns = spawning.plan.options.number("every").unwrap_or(14_400e9);
        let metric = |metric: Metric| MetricId::find(metric.id).ok_or_else(|| format!("no metric `{}`", metric.id));
        Ok(SmartInhaler {
            key: spawning.key(),
            every_steps: (every_ns / 1e9) as i64,
            puffs: 0,
            doses: FULL,
            doses_metric: metric(DOSES)?,
            flow_metric: metric(FLOW)?,
        })
    };
    DeviceKind::new("smart_inhaler", "Acme's inhaler with a flow sensor and a dose counter", make)
        .option(every)
        .watch(When::Every(Span::from_secs(1)), SmartInhaler::watch)
        .event(PUFF, "each puff with its flow", &[flow, doses])
        .values("status", "doses left", 60_000, &[doses], SmartInhaler::say_status)
        .command("refill", "a new canister", vec![amount], SmartInhaler::refill)
        .register(registry);
}
