//! Blood pressure cuff: an oscillometric measurement of 25 to 40 s, at a period or on demand, that fails when the arm
//! moves, the pulse is irregular or there is none.

mod measurement;

use bevy_ecs::prelude::*;
use sim_core::{GRID, MessageBuilder, Registry, SimTime};
use vocabulary::{Quality, Reading, metrics};

use self::measurement::{Measurement, Outcome};
use crate::device::{DeviceKind, DeviceModel, EventStream, Order, Saying, Watching, When};
use patients::activity::Activity;
use patients::{Physiology, needs_circulation};

const ON_DEMAND: EventStream = EventStream("on_demand");

/// State of a cuff.
#[derive(Debug, Clone, Default, Component)]
pub struct BloodPressureCuff {
    /// The measurement under way or the next one of the schedule, which ends with its message.
    scheduled: Option<Measurement>,
    /// A measurement that a command began.
    demanded: Option<Measurement>,
    /// A command that has not been begun.
    asked: bool,
    /// Measurements on demand so far.
    demands: u64,
}

fn say_outcome(message: &mut MessageBuilder<'_>, outcome: &Outcome) {
    match outcome {
        Outcome::Measured(pressure) => {
            message
                .reading(Reading::number(metrics::NIBP_SYS, pressure.systolic_mmhg))
                .reading(Reading::number(metrics::NIBP_DIA, pressure.diastolic_mmhg))
                .reading(Reading::number(metrics::NIBP_MEAN, pressure.mean_mmhg))
                .reading(Reading::number(metrics::PR_NIBP, pressure.pulse_rate_bpm));
        }
        Outcome::Failed(_) => {
            for metric in [metrics::NIBP_SYS, metrics::NIBP_DIA, metrics::NIBP_MEAN, metrics::PR_NIBP] {
                message.reading(Reading::missing(metric, Quality::NotAvailable));
            }
        }
    }
    message.reading(Reading::code(metrics::DEVICE_STATUS, outcome.code()));
}

impl DeviceModel for BloodPressureCuff {
    type Patient = (&'static Physiology, Option<&'static Activity>);
    type Parts = ();
    type Room = ();
}

impl BloodPressureCuff {
    fn measure_on_demand(&mut self, order: &Order<'_>) -> Result<(), String> {
        let inflated = self.scheduled.as_ref().is_some_and(|measurement| measurement.has_begun(order.now));
        if inflated || self.demanded.is_some() || self.asked {
            return Err("a measurement is under way".to_owned());
        }
        self.asked = true;
        Ok(())
    }

    fn follow_pulse(&mut self, mut watching: Watching<'_, Self>) {
        let (clock, key) = (watching.clock, watching.device().key);
        if std::mem::take(&mut self.asked) {
            self.demanded = Some(Measurement::from(key, clock.now, self.demands));
            self.demands += 1;
        }
        let scheduled = self.scheduled.get_or_insert_with(|| {
            let (ends, sequence) = watching.device().next_message().unwrap_or((SimTime::from_nanos(i64::MAX), 0));
            Measurement::until(key, ends, sequence)
        });
        if self.demanded.is_none() && !scheduled.has_begun(clock.now) {
            return;
        }
        let Some((Physiology(body), activity)) = watching.patient() else { return };
        let moves = activity.is_some_and(|activity| activity.moves_at(clock.now));
        for measurement in self.scheduled.iter_mut().chain(&mut self.demanded) {
            measurement.follow(body, moves, clock);
        }
        if let Some(measurement) = self.demanded.take_if(|measurement| measurement.ends() < clock.end)
            && let Some(mut message) = watching.event_at(ON_DEMAND, measurement.ends())
        {
            say_outcome(&mut message, &measurement.outcome(key));
        }
    }

    fn say_pressure(&mut self, mut saying: Saying<'_, Self>) {
        let (key, due) = (saying.device.key, saying.due);
        let next = self.scheduled.take();
        let measurement = next.unwrap_or_else(|| Measurement::until(key, due.intended, due.sequence));
        say_outcome(&mut saying.message, &measurement.outcome(key));
    }
}

/// Adds the cuff.
pub fn register(registry: &mut Registry) {
    let about = "upper-arm cuff: 25 to 40 s a measurement, error of 3 mmHg, fails by motion or an irregular pulse";
    let pressure_about = "a measurement that ends with its message, and how it went";
    let measure_about = "measures now; refused while a measurement is under way";
    let carried = [metrics::NIBP_SYS, metrics::NIBP_DIA, metrics::NIBP_MEAN, metrics::PR_NIBP, metrics::DEVICE_STATUS];
    DeviceKind::new("blood_pressure_cuff", about, |_| Ok(BloodPressureCuff::default()))
        .needs(needs_circulation)
        .watch(When::Every(GRID), BloodPressureCuff::follow_pulse)
        .values("pressure", pressure_about, 900_000, &carried, BloodPressureCuff::say_pressure)
        .event(ON_DEMAND, "a measurement that the command `measure` began", &carried)
        .announced()
        .command("measure", measure_about, Vec::new(), BloodPressureCuff::measure_on_demand)
        .register(registry);
}
