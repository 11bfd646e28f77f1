//! Body weight as a scale sees it.

use sim_core::{Key, Purpose};

const SCALE: Purpose = Purpose::new("weight.scale");

/// Rise from morning to evening by food and drink [kg].
const DAILY_RISE_KG: f64 = 0.8;
/// Repeatability of a scale [kg].
const SCALE_KG: f64 = 0.1;

/// Weight of one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BodyWeight {
    /// Dry weight in the morning [kg].
    pub dry_kg: f64,
    /// Fluid that failing heart or kidneys retain [kg per day]; decompensation of a failing heart retains 0.5 to 1.
    pub retention_kg_day: f64,
    /// When the retention began [days of the simulation].
    pub retention_from_days: f64,
}

impl BodyWeight {
    /// Steady at this dry weight [kg].
    pub fn steady(dry_kg: f64) -> Self {
        Self { dry_kg, retention_kg_day: 0.0, retention_from_days: 0.0 }
    }

    /// True weight [kg] at a time [days of the simulation] and a local hour [h, 0 to 24], with blood and interstitial
    /// fluid this much above rest [L].
    pub fn true_kg(&self, days: f64, hour: f64, fluid_excess_l: f64) -> f64 {
        // Lowest at 6 in the morning, highest at 21.
        let awake_part = ((hour - 6.0).rem_euclid(24.0) / 15.0).min(1.0);
        let night_part = ((hour - 21.0).rem_euclid(24.0) / 9.0).min(1.0);
        let filled = if (6.0..21.0).contains(&hour) { awake_part } else { 1.0 - night_part };
        let retained_kg = self.retention_kg_day * (days - self.retention_from_days).max(0.0);
        self.dry_kg + DAILY_RISE_KG * filled + fluid_excess_l + retained_kg
    }

    /// What a scale shows at weighing number `index` [kg].
    pub fn weighed_kg(true_kg: f64, scale: Key, index: u64) -> f64 {
        true_kg + SCALE_KG * scale.normal(SCALE, index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_rises_and_falls_without_a_step() {
        let weight = BodyWeight::steady(80.0);
        let at = |hour: f64| weight.true_kg(0.0, hour, 0.0);
        assert_eq!(at(6.0), 80.0);
        assert!((at(20.999) - 80.8).abs() < 1e-3);
        for minute in 0..1_440 {
            let hour = f64::from(minute) / 60.0;
            let next = (hour + 1.0 / 60.0) % 24.0;
            assert!((at(next) - at(hour)).abs() < 0.01, "{hour}");
        }
    }

    #[test]
    fn a_failing_heart_gains() {
        let weight = BodyWeight { dry_kg: 80.0, retention_kg_day: 0.7, retention_from_days: 2.0 };
        assert_eq!(weight.true_kg(1.0, 6.0, 0.0), 80.0);
        assert!((weight.true_kg(5.0, 6.0, 0.0) - 82.1).abs() < 1e-9);
        let shown: Vec<f64> = (0..200).map(|index| BodyWeight::weighed_kg(82.1, Key::new(1, "scale"), index)).collect();
        let mean = shown.iter().sum::<f64>() / 200.0;
        assert!((mean - 82.1).abs() < 0.03);
        assert!(shown.iter().all(|kg| (kg - 82.1).abs() < 0.5));
    }
}
