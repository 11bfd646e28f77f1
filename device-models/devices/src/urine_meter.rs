//! Urine meter: what a catheter drains into a bag, as a volume and as a rate.

use bevy_ecs::prelude::*;
use sim_core::{Registry, SimTime, Span};
use vocabulary::{Reading, metrics};

use crate::device::{DeviceKind, DeviceModel, EventStream, Saying, Watching, When};
use patients::{Person, Physiology, needs_circulation};
use physiology::Body;
use physiology::urine::{RenalState, UrineBag, urine_output_ml_kg_h};

const STATUS: EventStream = EventStream("status");

const SECONDS_PER_HOUR: f64 = 3_600.0;

/// Volume that the bag holds [mL]; the usual bags of urine meters.
const CAPACITY_ML: f64 = 2_000.0;

/// State of a meter.
#[derive(Debug, Clone, Component)]
pub struct UrineMeter {
    bag: UrineBag,
    /// Made since the last message [mL], and that message's instant.
    made_ml: f64,
    told: SimTime,
    status: Option<&'static str>,
}

impl UrineMeter {
    /// Collects what the kidneys make in a second.
    fn collect_second(&mut self, body: &Body, weight_kg: f64) {
        let (vitals, state) = (body.core.vitals(), body.core.state());
        let output_ml_kg_h = urine_output_ml_kg_h(&RenalState {
            map_mmhg: vitals.map_mmhg,
            volume_ratio: state.blood_volume_l / body.core.parameters().blood_volume_l,
            sepsis: state.sepsis,
            circadian: body.core.inputs.circadian,
            osmotic_ml_kg_h: body.core.inputs.osmotic_urine_ml_kg_h,
        });
        // A full bag runs over: nothing more is measured until it is emptied.
        if self.bag.collected_ml() < CAPACITY_ML {
            self.bag.collect(output_ml_kg_h, weight_kg, 1.0);
            self.made_ml += output_ml_kg_h * weight_kg / SECONDS_PER_HOUR;
        }
    }
}

impl DeviceModel for UrineMeter {
    type Patient = (&'static Physiology, &'static Person);
    type Parts = ();
    type Room = ();
}

impl UrineMeter {
    fn new() -> Self {
        Self { bag: UrineBag::default(), made_ml: 0.0, told: SimTime::ZERO, status: None }
    }

    fn watch_bag(&mut self, mut watching: Watching<'_, Self>) {
        let Some((Physiology(body), person)) = watching.patient() else { return };
        self.collect_second(body, person.weight_kg);
        let status = if self.bag.collected_ml() >= CAPACITY_ML { "bag_full" } else { "operating" };
        if self.status.replace(status) != Some(status)
            && let Some(mut message) = watching.event(STATUS)
        {
            message.reading(Reading::code(metrics::DEVICE_STATUS, status));
        }
    }

    fn say_output(&mut self, mut saying: Saying<'_, Self>) {
        let hours = (saying.due.intended - self.told).seconds() / SECONDS_PER_HOUR;
        let flow_ml_h = if hours > 0.0 { self.made_ml / hours } else { 0.0 };
        (self.made_ml, self.told) = (0.0, saying.due.intended);
        saying
            .message
            .reading(Reading::number(metrics::URINE_FLOW, flow_ml_h))
            .reading(Reading::number(metrics::URINE_VOL, self.bag.collected_ml()));
    }
}

/// Adds the meter.
pub fn register(registry: &mut Registry) {
    let about = "urine meter of a catheter: volume in the bag, and rate since the message before";
    let output = [metrics::URINE_FLOW, metrics::URINE_VOL];
    let status_about = "when switched on, when the bag is full and when it is empty again";
    DeviceKind::new("urine_meter", about, |_| Ok(UrineMeter::new()))
        .needs(needs_circulation)
        .watch(When::Every(Span::from_secs(1)), UrineMeter::watch_bag)
        .values("output", "rate and volume", 600_000, &output, UrineMeter::say_output)
        .event(STATUS, status_about, &[metrics::DEVICE_STATUS])
        .command("empty", "empties the bag", Vec::new(), |meter, _| {
            meter.bag.empty();
            Ok(())
        })
        .register(registry);
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::*;
    use physiology::{Build, Sex};

    #[test]
    fn an_hour_fills_the_bag_and_a_full_bag_takes_no_more() {
        let build = Build { weight_kg: 80.0, height_cm: 178.0, age_years: 50.0, sex: Sex::Male };
        let body = Body::new(&build, Key::new(1, "icu/1"), &[], 8_000_000_000);
        let mut meter = UrineMeter::new();
        for _ in 0..3_600 {
            meter.collect_second(&body, build.weight_kg);
        }
        assert!((40.0..120.0).contains(&meter.made_ml), "{} mL", meter.made_ml);
        assert!((meter.made_ml - meter.bag.collected_ml()).abs() < 1e-6);
        for _ in 0..40 * 3_600 {
            meter.collect_second(&body, build.weight_kg);
        }
        assert!((meter.bag.collected_ml() - CAPACITY_ML).abs() < 1.0);
    }
}
