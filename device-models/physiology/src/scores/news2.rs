//! National Early Warning Score 2.
//!
//! Royal College of Physicians, "National Early Warning Score (NEWS) 2", London 2017, charts 1 and 3.

use super::consciousness::Consciousness;
use super::{band, charted, charted_tenths};

/// How oxygen saturation is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OxygenScale {
    /// Scale 1: for most patients.
    #[default]
    Usual,
    /// Scale 2: for hypercapnic respiratory failure with a target of 88 to 92 %.
    Hypercapnic,
}

/// What is observed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct News2Observations {
    /// Respiratory rate [/min].
    pub respiratory_rate_bpm: f64,
    /// Oxygen saturation [%].
    pub spo2_percent: f64,
    /// Scale of the saturation.
    pub oxygen_scale: OxygenScale,
    /// Whether oxygen is given.
    pub supplemental_oxygen: bool,
    /// Systolic pressure [mmHg].
    pub sbp_mmhg: f64,
    /// Pulse [/min].
    pub pulse_bpm: f64,
    /// Level of consciousness.
    pub consciousness: Consciousness,
    /// Temperature [Cel].
    pub temperature_c: f64,
}

/// Points per observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News2 {
    /// Respiratory rate, 0 to 3.
    pub respiratory_rate: u8,
    /// Oxygen saturation, 0 to 3.
    pub spo2: u8,
    /// Supplemental oxygen, 0 or 2.
    pub supplemental_oxygen: u8,
    /// Systolic pressure, 0 to 3.
    pub sbp: u8,
    /// Pulse, 0 to 3.
    pub pulse: u8,
    /// Consciousness, 0 or 3.
    pub consciousness: u8,
    /// Temperature, 0 to 3.
    pub temperature: u8,
}

/// What the score asks of the ward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Response {
    /// 0: routine monitoring.
    Routine,
    /// 1 to 4: assessment by a nurse.
    Low,
    /// 3 in a single observation: urgent ward-based review.
    LowMedium,
    /// 5 or 6: urgent response, the threshold for acute illness.
    Medium,
    /// 7 or more: emergency response.
    High,
}

impl News2 {
    const fn points(self) -> [u8; 7] {
        [
            self.respiratory_rate,
            self.spo2,
            self.supplemental_oxygen,
            self.sbp,
            self.pulse,
            self.consciousness,
            self.temperature,
        ]
    }

    /// Sum, 0 to 20.
    pub fn total(self) -> u8 {
        self.points().iter().sum()
    }

    /// What the ward is asked to do.
    pub fn response(self) -> Response {
        match self.total() {
            7.. => Response::High,
            5..=6 => Response::Medium,
            _ if self.points().contains(&3) => Response::LowMedium,
            1..=4 => Response::Low,
            0 => Response::Routine,
        }
    }
}

/// Scores a set of observations.
pub fn news2(observed: &News2Observations) -> News2 {
    News2 {
        respiratory_rate: band(charted(observed.respiratory_rate_bpm), &[(8, 3), (11, 1), (20, 0), (24, 2)], 3),
        spo2: saturation(charted(observed.spo2_percent), observed.oxygen_scale, observed.supplemental_oxygen),
        supplemental_oxygen: if observed.supplemental_oxygen { 2 } else { 0 },
        sbp: band(charted(observed.sbp_mmhg), &[(90, 3), (100, 2), (110, 1), (219, 0)], 3),
        pulse: band(charted(observed.pulse_bpm), &[(40, 3), (50, 1), (90, 0), (110, 1), (130, 2)], 3),
        consciousness: if observed.consciousness == Consciousness::Alert { 0 } else { 3 },
        temperature: band(charted_tenths(observed.temperature_c), &[(350, 3), (360, 1), (380, 0), (390, 1)], 2),
    }
}

fn saturation(percent: i32, scale: OxygenScale, on_oxygen: bool) -> u8 {
    match (scale, on_oxygen) {
        (OxygenScale::Usual, _) => band(percent, &[(91, 3), (93, 2), (95, 1)], 0),
        (OxygenScale::Hypercapnic, false) => band(percent, &[(83, 3), (85, 2), (87, 1)], 0),
        (OxygenScale::Hypercapnic, true) => band(percent, &[(83, 3), (85, 2), (87, 1), (92, 0), (94, 1), (96, 2)], 3),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WELL: News2Observations = News2Observations {
        respiratory_rate_bpm: 16.0,
        spo2_percent: 98.0,
        oxygen_scale: OxygenScale::Usual,
        supplemental_oxygen: false,
        sbp_mmhg: 120.0,
        pulse_bpm: 70.0,
        consciousness: Consciousness::Alert,
        temperature_c: 37.0,
    };

    /// Each edge of a band with its neighbours, and the points that the chart gives.
    #[test]
    fn every_edge_of_every_band() {
        let rate = |value| news2(&News2Observations { respiratory_rate_bpm: value, ..WELL }).respiratory_rate;
        for (value, points) in
            [(0.0, 3), (7.0, 3), (8.0, 3), (9.0, 1), (10.0, 1), (11.0, 1), (12.0, 0), (13.0, 0), (19.0, 0), (20.0, 0)]
        {
            assert_eq!(rate(value), points, "{value} /min");
        }
        for (value, points) in [(21.0, 2), (22.0, 2), (23.0, 2), (24.0, 2), (25.0, 3), (26.0, 3), (60.0, 3)] {
            assert_eq!(rate(value), points, "{value} /min");
        }

        let pressure = |value| news2(&News2Observations { sbp_mmhg: value, ..WELL }).sbp;
        for (value, points) in [
            (60.0, 3),
            (89.0, 3),
            (90.0, 3),
            (91.0, 2),
            (92.0, 2),
            (99.0, 2),
            (100.0, 2),
            (101.0, 1),
            (102.0, 1),
            (109.0, 1),
            (110.0, 1),
            (111.0, 0),
            (112.0, 0),
            (218.0, 0),
            (219.0, 0),
            (220.0, 3),
            (221.0, 3),
        ] {
            assert_eq!(pressure(value), points, "{value} mmHg");
        }

        let pulse = |value| news2(&News2Observations { pulse_bpm: value, ..WELL }).pulse;
        for (value, points) in [
            (0.0, 3),
            (39.0, 3),
            (40.0, 3),
            (41.0, 1),
            (42.0, 1),
            (49.0, 1),
            (50.0, 1),
            (51.0, 0),
            (52.0, 0),
            (89.0, 0),
            (90.0, 0),
            (91.0, 1),
            (92.0, 1),
            (109.0, 1),
            (110.0, 1),
            (111.0, 2),
            (112.0, 2),
            (129.0, 2),
            (130.0, 2),
            (131.0, 3),
            (132.0, 3),
        ] {
            assert_eq!(pulse(value), points, "{value} /min");
        }

        let temperature = |value| news2(&News2Observations { temperature_c: value, ..WELL }).temperature;
        for (value, points) in [
            (34.9, 3),
            (35.0, 3),
            (35.1, 1),
            (35.2, 1),
            (35.9, 1),
            (36.0, 1),
            (36.1, 0),
            (36.2, 0),
            (37.9, 0),
            (38.0, 0),
            (38.1, 1),
            (38.2, 1),
            (38.9, 1),
            (39.0, 1),
            (39.1, 2),
            (39.2, 2),
        ] {
            assert_eq!(temperature(value), points, "{value} Cel");
        }

        for level in Consciousness::ALL {
            let points = news2(&News2Observations { consciousness: level, ..WELL }).consciousness;
            assert_eq!(points, if level == Consciousness::Alert { 0 } else { 3 }, "{}", level.letter());
        }
    }

    #[test]
    fn every_edge_of_both_oxygen_scales() {
        let points = |percent, oxygen_scale, supplemental_oxygen| {
            news2(&News2Observations { spo2_percent: percent, oxygen_scale, supplemental_oxygen, ..WELL }).spo2
        };
        for oxygen in [false, true] {
            for (percent, expected) in [
                (80.0, 3),
                (90.0, 3),
                (91.0, 3),
                (92.0, 2),
                (93.0, 2),
                (94.0, 1),
                (95.0, 1),
                (96.0, 0),
                (97.0, 0),
                (100.0, 0),
            ] {
                assert_eq!(points(percent, OxygenScale::Usual, oxygen), expected, "{percent} %");
            }
            for (percent, expected) in [
                (70.0, 3),
                (82.0, 3),
                (83.0, 3),
                (84.0, 2),
                (85.0, 2),
                (86.0, 1),
                (87.0, 1),
                (88.0, 0),
                (89.0, 0),
                (91.0, 0),
                (92.0, 0),
            ] {
                assert_eq!(points(percent, OxygenScale::Hypercapnic, oxygen), expected, "{percent} %");
            }
        }
        for percent in [93.0, 94.0, 95.0, 96.0, 97.0, 98.0, 100.0] {
            assert_eq!(points(percent, OxygenScale::Hypercapnic, false), 0, "{percent} % on air");
        }
        for (percent, expected) in [(93.0, 1), (94.0, 1), (95.0, 2), (96.0, 2), (97.0, 3), (98.0, 3), (100.0, 3)] {
            assert_eq!(points(percent, OxygenScale::Hypercapnic, true), expected, "{percent} % on oxygen");
        }
    }

    #[test]
    fn totals_and_responses() {
        assert_eq!(news2(&WELL).total(), 0);
        assert_eq!(news2(&WELL).response(), Response::Routine);
        let oxygen = news2(&News2Observations { supplemental_oxygen: true, ..WELL });
        assert_eq!((oxygen.total(), oxygen.response()), (2, Response::Low));
        let single = news2(&News2Observations { respiratory_rate_bpm: 26.0, ..WELL });
        assert_eq!((single.total(), single.response()), (3, Response::LowMedium));
        let medium = News2Observations { respiratory_rate_bpm: 22.0, pulse_bpm: 112.0, temperature_c: 38.5, ..WELL };
        assert_eq!((news2(&medium).total(), news2(&medium).response()), (5, Response::Medium));
        let high = News2Observations { spo2_percent: 93.0, ..medium };
        assert_eq!((news2(&high).total(), news2(&high).response()), (7, Response::High));
        let worst = News2Observations {
            respiratory_rate_bpm: 40.0,
            spo2_percent: 70.0,
            oxygen_scale: OxygenScale::Usual,
            supplemental_oxygen: true,
            sbp_mmhg: 60.0,
            pulse_bpm: 150.0,
            consciousness: Consciousness::Unresponsive,
            temperature_c: 34.0,
        };
        assert_eq!(news2(&worst).total(), 20);
    }

    #[test]
    fn values_between_bands_are_rounded_first() {
        assert_eq!(news2(&News2Observations { respiratory_rate_bpm: 20.4, ..WELL }).respiratory_rate, 0);
        assert_eq!(news2(&News2Observations { respiratory_rate_bpm: 20.5, ..WELL }).respiratory_rate, 2);
        assert_eq!(news2(&News2Observations { temperature_c: 38.04, ..WELL }).temperature, 0);
        assert_eq!(news2(&News2Observations { temperature_c: 38.06, ..WELL }).temperature, 1);
        assert_eq!(news2(&News2Observations { spo2_percent: 95.6, ..WELL }).spo2, 0);
    }

    proptest! {
        /// The total is within the chart and zero points mean a routine response, for any numbers at all.
        #[test]
        fn any_numbers_score_within_the_chart(
            rate in any::<f64>(), spo2 in any::<f64>(), sbp in any::<f64>(), pulse in any::<f64>(),
            temperature in any::<f64>(), oxygen in any::<bool>(),
        ) {
            let score = news2(&News2Observations {
                respiratory_rate_bpm: rate,
                spo2_percent: spo2,
                oxygen_scale: OxygenScale::Hypercapnic,
                supplemental_oxygen: oxygen,
                sbp_mmhg: sbp,
                pulse_bpm: pulse,
                consciousness: Consciousness::Alert,
                temperature_c: temperature,
            });
            prop_assert!(score.total() <= 20);
            prop_assert_eq!(score.total() == 0, score.response() == Response::Routine);
        }
    }
}
