//! Bathroom scale: body weight, body-mass index and, with electrodes under the feet, body composition.

use bevy_ecs::prelude::*;
use sim_core::{LocalClock, ParameterKind, ParameterSpec, Registry};
use vocabulary::{Quality, Reading, metrics};

use crate::device::{DeviceKind, DeviceModel, Saying, Spawning};
use patients::{Ability, Physiology, needs_circulation};
use physiology::activity::BodyWeight;
use physiology::{Body, Build, Sex};

/// Step of the display [kg].
const STEPS_PER_KG: f64 = 10.0;

/// State of a scale.
#[derive(Debug, Clone, Component)]
pub struct WeightScale {
    build: Build,
    weight: BodyWeight,
    /// Blood and interstitial fluid of the person at the start [L].
    resting_fluid_l: f64,
    composition: bool,
    clock: LocalClock,
}

impl WeightScale {
    /// True weight at an instant [kg], with its day and local hour from the person's clock.
    fn true_kg(&self, body: &Body, at: sim_core::SimTime) -> f64 {
        // Whole milliseconds, as the payload says them.
        let local_hour = self.clock.of_day_ns(at).div_euclid(1_000_000) as f64 / 3_600_000.0;
        self.weight.true_kg(at.seconds() / 86_400.0, local_hour, fluid_l(body) - self.resting_fluid_l)
    }
}

fn fluid_l(body: &Body) -> f64 {
    body.core.state().blood_volume_l + body.core.state().interstitial_l
}

/// Body-mass index [kg/m2].
fn body_mass_index(build: &Build, weight_kg: f64) -> f64 {
    let height_m = build.height_cm / 100.0;
    weight_kg / (height_m * height_m)
}

/// Body fat [%]: Deurenberg, Weststrate and Seidell, Br J Nutr 1991;65:105, adults.
fn body_fat_percent(build: &Build, weight_kg: f64) -> f64 {
    let male = if build.sex == Sex::Male { 1.0 } else { 0.0 };
    (1.20 * body_mass_index(build, weight_kg) + 0.23 * build.age_years - 10.8 * male - 5.4).clamp(3.0, 70.0)
}

/// Total body water [kg]: Watson, Watson and Batt, Am J Clin Nutr 1980;33:27.
fn body_water_kg(build: &Build, weight_kg: f64) -> f64 {
    match build.sex {
        Sex::Male => 2.447 - 0.095_16 * build.age_years + 0.1074 * build.height_cm + 0.3362 * weight_kg,
        Sex::Female => -2.097 + 0.1069 * build.height_cm + 0.2466 * weight_kg,
    }
}

impl DeviceModel for WeightScale {
    type Patient = (&'static Physiology, Ability);
    type Parts = ();
    type Room = ();
}

impl WeightScale {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<Self, String> {
        let build = spawning.build()?;
        Ok(Self {
            build,
            weight: BodyWeight::steady(build.weight_kg),
            resting_fluid_l: fluid_l(spawning.body()?),
            composition: spawning.plan.options.flag("composition").unwrap_or(false),
            clock: spawning.roster().local_clock(spawning.plan.patient),
        })
    }

    fn say_weight(&mut self, saying: Saying<'_, Self>) {
        let Saying { device, due, patient: (Physiology(body), ability), mut message, .. } = saying;
        if !ability.can_act() {
            // Nobody stands on it.
            let carried = [metrics::WEIGHT, metrics::BMI, metrics::BODY_FAT, metrics::BODY_WATER];
            for metric in carried.into_iter().take(if self.composition { 4 } else { 2 }) {
                message.reading(Reading::missing(metric, Quality::NotAvailable));
            }
            return;
        }
        let true_kg = self.true_kg(body, due.intended);
        let weighed_kg = BodyWeight::weighed_kg(true_kg, device.key, due.sequence);
        let shown_kg = libm::round(weighed_kg * STEPS_PER_KG) / STEPS_PER_KG;
        message
            .reading(Reading::number(metrics::WEIGHT, shown_kg))
            .reading(Reading::number(metrics::BMI, body_mass_index(&self.build, shown_kg)));
        if self.composition {
            message
                .reading(Reading::number(metrics::BODY_FAT, body_fat_percent(&self.build, shown_kg)))
                .reading(Reading::number(metrics::BODY_WATER, body_water_kg(&self.build, shown_kg)));
        }
    }
}

/// Adds the scale.
pub fn register(registry: &mut Registry) {
    let about = "bathroom scale: weight, body-mass index and, if it can, body composition";
    let carried = [metrics::WEIGHT, metrics::BMI, metrics::BODY_FAT, metrics::BODY_WATER];
    let composition =
        ParameterSpec::optional("composition", ParameterKind::Flag, "whether it tells body fat and body water");
    DeviceKind::new("weight_scale", about, WeightScale::spawn)
        .needs(needs_circulation)
        .option(composition.default("false"))
        .values("weight", "one weighing", 86_400_000, &carried, WeightScale::say_weight)
        .announced()
        .register(registry);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAN: Build = Build { weight_kg: 80.0, height_cm: 180.0, age_years: 40.0, sex: Sex::Male };
    const WOMAN: Build = Build { weight_kg: 65.0, height_cm: 165.0, age_years: 40.0, sex: Sex::Female };

    /// Worked by hand from the formulas of the sources.
    #[test]
    fn composition_of_two_people() {
        assert!((body_mass_index(&MAN, 80.0) - 24.69).abs() < 0.01);
        assert!((body_fat_percent(&MAN, 80.0) - 22.63).abs() < 0.01);
        assert!((body_fat_percent(&WOMAN, 65.0) - 32.45).abs() < 0.01);
        assert!((body_water_kg(&MAN, 80.0) - 44.87).abs() < 0.01);
        assert!((body_water_kg(&WOMAN, 65.0) - 31.57).abs() < 0.01);
    }
}
