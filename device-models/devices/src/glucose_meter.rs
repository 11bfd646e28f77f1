//! Blood glucose meter: a drop of blood before each meal and at bedtime, or at a period.
//!
//! Errors are those of a good meter: ISO 15197:2013 asks that 95 % of the readings lie within 15 mg/dL below
//! 100 mg/dL and within 15 % above.

use bevy_ecs::prelude::*;
use sim_core::{Key, ParameterKind, ParameterSpec, Purpose, Registry, Span};
use vocabulary::{Dimension, Reading, metrics};

use crate::device::{DeviceKind, DeviceModel, EventStream, Spawning, Watching, When};
use patients::glycaemia::{Glycaemia, LocalMinute, Minute};
use patients::{Ability, WallClock, needs_glucose};

const GLUCOSE: EventStream = EventStream("glucose");

const LOT: Purpose = Purpose::new("meter.lot");
const ERROR: Purpose = Purpose::new("meter.error");

/// Standard deviations of the error of a lot of strips and of a single reading; together 5.8 %, so that 15 % is 2.6
/// standard deviations. Below 100 mg/dL they are in mg/dL.
const LOT_PERCENT: f64 = 3.0;
const READING_PERCENT: f64 = 5.0;
/// What a meter can show [mg/dL].
const RANGE_MG_DL: (f64, f64) = (20.0, 600.0);
/// Minutes from the finger stick to the meal.
const BEFORE_MEAL_MIN: u32 = 10;
/// Bedtime [min after midnight].
const BEDTIME_MIN: u32 = 22 * 60 + 30;

/// A meter and its strips.
#[derive(Debug, Clone, Component)]
pub struct GlucoseMeter {
    key: Key,
    /// Minutes between two readings; before meals and at bedtime when absent.
    period_min: Option<i64>,
}

impl GlucoseMeter {
    /// Whether blood is taken in this minute: at a period by whoever cares for the patient, else by a person who can act.
    fn measures_at(&self, minute: &LocalMinute, glycaemia: &Glycaemia, can_act: impl Fn() -> bool) -> bool {
        match self.period_min {
            Some(period_min) => minute.index % period_min == 0,
            None => {
                let is_time = minute.of_day == BEDTIME_MIN || glycaemia.eats_at(minute.of_day + BEFORE_MEAL_MIN);
                is_time && can_act()
            }
        }
    }

    /// What the meter makes of plasma glucose [mg/dL] in a minute of the run.
    fn measure_mg_dl(&self, plasma_mg_dl: f64, minute: i64) -> f64 {
        let error_percent = LOT_PERCENT * self.key.normal(LOT, 0).clamp(-2.5, 2.5)
            + READING_PERCENT * self.key.normal(ERROR, minute as u64).clamp(-3.0, 3.0);
        plasma_mg_dl + error_percent / 100.0 * plasma_mg_dl.max(100.0)
    }
}

impl DeviceModel for GlucoseMeter {
    type Patient = (&'static Glycaemia, &'static WallClock, Ability);
    type Parts = ();
    type Room = ();
}

impl GlucoseMeter {
    fn spawn(spawning: &mut Spawning<'_>) -> Self {
        let period_min = spawning.plan.options.number("every").map(|period_ns| (period_ns / 60e9) as i64);
        Self { key: spawning.key(), period_min }
    }

    fn take_blood(&mut self, mut watching: Watching<'_, Self>) {
        let Some(minute) = Minute::beginning(watching.clock) else { return };
        let Some((glycaemia, WallClock(clock), ability)) = watching.patient() else { return };
        if !self.measures_at(&minute.by(clock), glycaemia, || ability.can_act()) {
            return;
        }
        let shown_mg_dl = self.measure_mg_dl(glycaemia.metabolism().plasma_mg_dl(), minute.index);
        let reading = if shown_mg_dl < RANGE_MG_DL.0 {
            Reading::code(metrics::GLUCOSE_CAP, "low")
        } else if shown_mg_dl > RANGE_MG_DL.1 {
            Reading::code(metrics::GLUCOSE_CAP, "high")
        } else {
            Reading::number(metrics::GLUCOSE_CAP, shown_mg_dl)
        };
        if let Some(mut message) = watching.event(GLUCOSE) {
            message.reading(reading);
        }
    }
}

/// Adds the meter.
pub fn register(registry: &mut Registry) {
    let about = "a finger stick; `low` and `high` stand for values outside 20 to 600 mg/dL";
    let every = ParameterSpec::optional(
        "every",
        ParameterKind::Quantity(Dimension::Time),
        "time between two readings, also of somebody who cannot act; when absent, 10 min before meals and at 22:30 by a person who can",
    );
    DeviceKind::new("glucose_meter", "blood glucose meter for finger sticks", |spawning| {
        Ok(GlucoseMeter::spawn(spawning))
    })
    .needs(needs_glucose)
    .option(every.range(60e9, 7.0 * 86_400e9))
    .watch(When::Every(Span::from_secs(60)), GlucoseMeter::take_blood)
    .event(GLUCOSE, about, &[metrics::GLUCOSE_CAP])
    .register(registry);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ISO 15197:2013, over many lots and readings.
    #[test]
    fn errors_are_within_the_standard() {
        for plasma_mg_dl in [50.0, 90.0, 150.0, 350.0] {
            let allowed_mg_dl = 0.15 * f64::max(plasma_mg_dl, 100.0);
            let mut within = 0;
            for lot in 0..200 {
                let meter = GlucoseMeter { key: Key::new(lot, "home/1/meter"), period_min: None };
                within += (0..20)
                    .filter(|minute| (meter.measure_mg_dl(plasma_mg_dl, *minute) - plasma_mg_dl).abs() <= allowed_mg_dl)
                    .count();
            }
            let share = within as f64 / 4_000.0;
            assert!((0.95..1.0).contains(&share), "{share} at {plasma_mg_dl} mg/dL");
        }
    }
}
