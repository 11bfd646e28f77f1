//! Clinical thermometer: the temperature of one site, late by the lag of the site, in steps of 0.1 Cel.

use bevy_ecs::prelude::*;
use sim_core::{Key, ParameterKind, ParameterSpec, Purpose, Registry, Span};
use vocabulary::{Reading, metrics};

use crate::device::{DeviceKind, DeviceModel, Saying, Spawning, Watching, When};
use patients::{Physiology, needs_circulation};

/// Step of the display [Cel].
const RESOLUTION_C: f64 = 0.1;
/// Spread of the thermometers, and of the placement from one measurement to the next [Cel]; ISO 80601-2-56 allows a
/// laboratory error of 0.3.
const THERMOMETER_C: f64 = 0.08;
const PLACEMENT_C: f64 = 0.08;

const THERMOMETER: Purpose = Purpose::new("thermometer.error");
const PLACEMENT: Purpose = Purpose::new("thermometer.placement");

/// The core is followed so often: a lag is never shorter than ten times this.
const FOLLOWED: Span = Span::from_secs(1);

/// Where the temperature is taken.
///
/// Differences to the core after Sund-Levander, Forsberg and Wahren, Scand J Caring Sci 2002;16:122 (means of healthy
/// adults: rectal 37.0, oral 36.4, tympanic 36.4, axillary 36.3 Cel), smaller by the rectum's own excess over the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Site {
    Oral,
    Axilla,
    Ear,
    Rectal,
}

impl Site {
    const WORDS: &'static [&'static str] = &["oral", "axilla", "ear", "rectal"];

    fn from_word(word: &str) -> Self {
        match word {
            "axilla" => Self::Axilla,
            "ear" => Self::Ear,
            "rectal" => Self::Rectal,
            _ => Self::Oral,
        }
    }

    /// Difference to the core [Cel] and lag behind it [s].
    const fn constants(self) -> (f64, f64) {
        match self {
            Self::Oral => (-0.4, 60.0),
            Self::Axilla => (-0.5, 240.0),
            Self::Ear => (-0.4, 10.0),
            Self::Rectal => (0.1, 600.0),
        }
    }
}

/// State of a thermometer.
#[derive(Debug, Clone, Component)]
pub struct Thermometer {
    site: Site,
    /// Temperature of the site [Cel].
    site_c: f64,
    error_c: f64,
}

impl Thermometer {
    /// A thermometer for a person whose core has been at this temperature for a while [Cel].
    fn new(key: Key, site: Site, core_c: f64) -> Self {
        let error_c = THERMOMETER_C * key.normal(THERMOMETER, 0).clamp(-2.5, 2.5);
        Self { site, site_c: core_c + site.constants().0, error_c }
    }

    fn advance(&mut self, seconds: f64, core_c: f64) {
        let (difference_c, lag_s) = self.site.constants();
        self.site_c += (core_c + difference_c - self.site_c) * -libm::expm1(-seconds / lag_s);
    }

    /// What measurement number `index` shows [Cel].
    fn shown_c(&self, key: Key, index: u64) -> f64 {
        let placement_c = PLACEMENT_C * key.normal(PLACEMENT, index).clamp(-2.5, 2.5);
        let steps = libm::round((self.site_c + self.error_c + placement_c) / RESOLUTION_C);
        // A division by ten gives the decimal that people write; a product with 0.1 does not.
        steps / 10.0
    }
}

impl DeviceModel for Thermometer {
    type Patient = &'static Physiology;
    type Parts = ();
    type Room = ();
}

impl Thermometer {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<Self, String> {
        let site = Site::from_word(spawning.plan.options.text("site").unwrap_or_default());
        Ok(Self::new(spawning.key(), site, spawning.body()?.core.vitals().temperature_c))
    }

    fn follow(&mut self, watching: Watching<'_, Self>) {
        if let Some(Physiology(body)) = watching.patient() {
            self.advance(FOLLOWED.seconds(), body.core.vitals().temperature_c);
        }
    }

    fn say_temperature(&mut self, mut saying: Saying<'_, Self>) {
        let shown_c = self.shown_c(saying.device.key, saying.due.sequence);
        saying.message.reading(Reading::number(metrics::TEMP_BODY, shown_c));
    }
}

/// Adds the thermometer.
pub fn register(registry: &mut Registry) {
    let about = "clinical thermometer with the lag of its site, in steps of 0.1 Cel";
    let site = ParameterSpec::optional("site", ParameterKind::Choice(Site::WORDS), "where the temperature is taken");
    DeviceKind::new("thermometer", about, Thermometer::spawn)
        .needs(needs_circulation)
        .option(site.default("oral"))
        .watch(When::Every(FOLLOWED), Thermometer::follow)
        .values("temperature", "one measurement", 3_600_000, &[metrics::TEMP_BODY], Thermometer::say_temperature)
        .announced()
        .register(registry);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_differ_and_lag() {
        for (site, difference_c, lag_s) in [(Site::Oral, -0.4, 60), (Site::Axilla, -0.5, 240), (Site::Rectal, 0.1, 600)]
        {
            let mut thermometer = Thermometer::new(Key::new(1, "ward/1/thermometer"), site, 37.0);
            assert!((thermometer.site_c - 37.0 - difference_c).abs() < 1e-9);
            for _ in 0..lag_s {
                thermometer.advance(1.0, 39.0);
            }
            let risen_c = thermometer.site_c - 37.0 - difference_c;
            assert!((risen_c / 2.0 - 0.632).abs() < 0.001, "{site:?}: {risen_c}");
        }
    }

    #[test]
    fn the_display_has_tenths_and_a_small_error() {
        let mut errors = Vec::new();
        for seed in 0..200 {
            let key = Key::new(seed, "ward/1/thermometer");
            let thermometer = Thermometer::new(key, Site::Oral, 37.0);
            for index in 0..10 {
                let shown_c = thermometer.shown_c(key, index);
                assert!((shown_c * 10.0 - (shown_c * 10.0).round()).abs() < 1e-9);
                errors.push(shown_c - 36.6);
            }
        }
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let deviation = (errors.iter().map(|e| libm::pow(e - mean, 2.0)).sum::<f64>() / errors.len() as f64).sqrt();
        assert!(mean.abs() < 0.02 && (0.09..0.14).contains(&deviation), "{mean} {deviation}");
        assert!(errors.iter().all(|error| error.abs() < 0.5));
    }
}
