//! Modified Early Warning Score.
//!
//! Subbe, Kruger, Rutherford and Gemmel, QJM 2001;94:521.

use super::consciousness::Consciousness;
use super::{band, charted, charted_tenths};

/// Points from which the patient should be seen at once.
const ALARM: u8 = 5;

/// Points per observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mews {
    /// Systolic pressure, 0 to 3.
    pub sbp: u8,
    /// Heart rate, 0 to 3.
    pub heart_rate: u8,
    /// Respiratory rate, 0 to 3.
    pub respiratory_rate: u8,
    /// Temperature, 0 or 2.
    pub temperature: u8,
    /// Consciousness, 0 to 3.
    pub consciousness: u8,
}

impl Mews {
    /// Sum, 0 to 14.
    pub fn total(self) -> u8 {
        self.sbp + self.heart_rate + self.respiratory_rate + self.temperature + self.consciousness
    }

    /// Whether the patient should be seen at once.
    pub fn is_alarming(self) -> bool {
        self.total() >= ALARM
    }
}

/// Scores systolic pressure [mmHg], heart rate and respiratory rate [/min], temperature [Cel] and consciousness. The
/// scale knows no confusion; a confused patient counts as one who responds to voice.
pub fn mews(
    sbp_mmhg: f64,
    heart_rate_bpm: f64,
    respiratory_rate_bpm: f64,
    temperature_c: f64,
    consciousness: Consciousness,
) -> Mews {
    Mews {
        sbp: band(charted(sbp_mmhg), &[(70, 3), (80, 2), (100, 1), (199, 0)], 2),
        heart_rate: band(charted(heart_rate_bpm), &[(40, 2), (50, 1), (100, 0), (110, 1), (129, 2)], 3),
        respiratory_rate: band(charted(respiratory_rate_bpm), &[(8, 2), (14, 0), (20, 1), (29, 2)], 3),
        temperature: band(charted_tenths(temperature_c), &[(349, 2), (384, 0)], 2),
        consciousness: match consciousness {
            Consciousness::Alert => 0,
            Consciousness::Confused | Consciousness::Voice => 1,
            Consciousness::Pain => 2,
            Consciousness::Unresponsive => 3,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_of_every_band() {
        let well = (120.0, 70.0, 12.0, 37.0, Consciousness::Alert);
        let score = |(sbp, heart, breath, temperature, level)| mews(sbp, heart, breath, temperature, level).total();
        assert_eq!(score(well), 0);
        for (value, points) in [
            (69.0, 3),
            (70.0, 3),
            (71.0, 2),
            (79.0, 2),
            (80.0, 2),
            (81.0, 1),
            (99.0, 1),
            (100.0, 1),
            (101.0, 0),
            (198.0, 0),
            (199.0, 0),
            (200.0, 2),
            (201.0, 2),
        ] {
            assert_eq!(score((value, well.1, well.2, well.3, well.4)), points, "{value} mmHg");
        }
        for (value, points) in [
            (39.0, 2),
            (40.0, 2),
            (41.0, 1),
            (50.0, 1),
            (51.0, 0),
            (99.0, 0),
            (100.0, 0),
            (101.0, 1),
            (109.0, 1),
            (110.0, 1),
            (111.0, 2),
            (128.0, 2),
            (129.0, 2),
            (130.0, 3),
            (131.0, 3),
        ] {
            assert_eq!(score((well.0, value, well.2, well.3, well.4)), points, "{value} /min");
        }
        for (value, points) in [
            (7.0, 2),
            (8.0, 2),
            (9.0, 0),
            (13.0, 0),
            (14.0, 0),
            (15.0, 1),
            (19.0, 1),
            (20.0, 1),
            (21.0, 2),
            (28.0, 2),
            (29.0, 2),
            (30.0, 3),
            (31.0, 3),
        ] {
            assert_eq!(score((well.0, well.1, value, well.3, well.4)), points, "{value} breaths");
        }
        for (value, points) in [(34.8, 2), (34.9, 2), (35.0, 0), (35.1, 0), (38.3, 0), (38.4, 0), (38.5, 2), (38.6, 2)]
        {
            assert_eq!(score((well.0, well.1, well.2, value, well.4)), points, "{value} Cel");
        }
        for (level, points) in Consciousness::ALL.into_iter().zip([0, 1, 1, 2, 3]) {
            assert_eq!(score((well.0, well.1, well.2, well.3, level)), points, "{}", level.letter());
        }
    }

    #[test]
    fn five_points_alarm() {
        assert!(!mews(100.0, 105.0, 18.0, 37.0, Consciousness::Voice).is_alarming());
        assert!(mews(80.0, 105.0, 18.0, 37.0, Consciousness::Voice).is_alarming());
    }
}
