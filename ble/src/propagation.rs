//! The radio channel: path loss, shadowing, packet error, airtime.
//!
//! Log-distance path loss with log-normal shadowing (Rappaport, "Wireless Communications", 2nd edition, section 4.9).

use sim_core::{Key, Purpose};

/// Free-space loss over the first metre at 2.44 GHz: 20 log10(4 pi / 0.1229 m) = 40.2 dB.
const FIRST_METRE_DB: f64 = 40.2;

/// Nearest distance the formula is used for; closer is near field \[m\].
const NEAREST_M: f64 = 0.1;

/// Below the sensitivity by more than this nothing is heard and nothing disturbs \[dB\].
pub const INVISIBLE_MARGIN_DB: f64 = 10.0;

/// Time between frames of one connection event \[us\].
pub const INTER_FRAME_US: u32 = 150;

const SHADOW: Purpose = Purpose::new("ble.shadow");

/// The shadowing is piecewise constant over this time \[ns\].
const SHADOW_STEP_NS: u64 = 1_000_000_000;

/// How many past innovations shape the shadowing; the weight of the next one is below 2 % of the first.
const SHADOW_MEMORY: usize = 20;

/// A place \[m\].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Position {
    /// East.
    pub x_m: f64,
    /// North.
    pub y_m: f64,
    /// Up.
    pub z_m: f64,
}

impl Position {
    /// Straight-line distance \[m\].
    pub fn distance_m(self, other: Self) -> f64 {
        let (x, y, z) = (self.x_m - other.x_m, self.y_m - other.y_m, self.z_m - other.z_m);
        libm::sqrt(x * x + y * y + z * z)
    }
}

/// A straight wall from floor to ceiling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wall {
    /// One end; the height is not used.
    pub from: Position,
    /// The other end.
    pub to: Position,
    /// What a path through it loses \[dB\].
    pub loss_db: f64,
}

impl Wall {
    /// Whether the straight path between two places passes through the wall (seen from above).
    fn is_crossed(self, a: Position, b: Position) -> bool {
        let side = |p: Position, q: Position, r: Position| {
            (q.x_m - p.x_m) * (r.y_m - p.y_m) - (q.y_m - p.y_m) * (r.x_m - p.x_m)
        };
        side(self.from, self.to, a) * side(self.from, self.to, b) < 0.0
            && side(a, b, self.from) * side(a, b, self.to) < 0.0
    }
}

/// What the air of a site is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// Path loss exponent: 2.0 line of sight, 2.7 an open ward, 3.3 rooms whose walls are not listed.
    pub exponent: f64,
    /// Standard deviation of the shadowing \[dB\].
    pub shadow_sigma_db: f64,
    /// Correlation time of the shadowing \[s\].
    pub shadow_tau_s: f64,
    /// Half-width of the uniform jitter of reported RSSI \[dB\].
    pub report_jitter_db: f64,
    /// Walls.
    pub walls: Vec<Wall>,
}

impl Default for Environment {
    fn default() -> Self {
        Self { exponent: 2.7, shadow_sigma_db: 4.0, shadow_tau_s: 5.0, report_jitter_db: 2.0, walls: Vec::new() }
    }
}

impl Environment {
    /// A channel without shadowing, jitter and walls: for tests of everything else.
    pub fn ideal() -> Self {
        Self { exponent: 2.0, shadow_sigma_db: 0.0, shadow_tau_s: 5.0, report_jitter_db: 0.0, walls: Vec::new() }
    }

    /// Mean path loss between two places \[dB\].
    pub fn path_loss_db(&self, a: Position, b: Position) -> f64 {
        let distance_m = a.distance_m(b).max(NEAREST_M);
        let walls_db: f64 = self.walls.iter().filter(|wall| wall.is_crossed(a, b)).map(|wall| wall.loss_db).sum();
        FIRST_METRE_DB + 10.0 * self.exponent * libm::log10(distance_m) + walls_db
    }

    /// Shadowing of the path `key` at an instant \[dB\]: a first-order autoregressive Gaussian process on a grid of one
    /// second, evaluated in closed form from keyed innovations, so that it does not depend on when it was looked at.
    pub fn shadow_db(&self, key: Key, at_ns: u64) -> f64 {
        if self.shadow_sigma_db == 0.0 {
            return 0.0;
        }
        let step_s = SHADOW_STEP_NS as f64 * 1e-9;
        let memory = libm::exp(-step_s / self.shadow_tau_s);
        let now = at_ns / SHADOW_STEP_NS + SHADOW_MEMORY as u64;
        let (mut sum, mut weight, mut power) = (0.0, 1.0, 0.0);
        for past in 0..SHADOW_MEMORY as u64 {
            sum += weight * key.normal(SHADOW, now - past);
            power += weight * weight;
            weight *= memory;
        }
        self.shadow_sigma_db * sum / libm::sqrt(power)
    }
}

/// The step of the shadowing's grid at an instant; the shadowing of a path is constant within a step.
pub fn shadow_step(at_ns: u64) -> u64 {
    at_ns / SHADOW_STEP_NS
}

/// The physical layer of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phy {
    /// 1 Mbit/s.
    OneMegabit,
    /// 2 Mbit/s.
    TwoMegabit,
}

impl Phy {
    /// The number in HCI.
    pub const fn number(self) -> u8 {
        match self {
            Self::OneMegabit => 1,
            Self::TwoMegabit => 2,
        }
    }

    /// Weakest signal that half of the packets survive \[dBm\].
    pub const fn sensitivity_dbm(self) -> f64 {
        match self {
            Self::OneMegabit => -95.0,
            Self::TwoMegabit => -92.0,
        }
    }

    /// Time on the air of a data packet with this payload \[us\]; an integrity check makes it four octets longer.
    pub const fn airtime_us(self, payload: usize, encrypted: bool) -> u32 {
        let check = if encrypted && payload > 0 { 4 } else { 0 };
        // Access address 4, header 2, CRC 3, and a preamble of 1 or 2 octets.
        match self {
            Self::OneMegabit => 8 * (1 + 4 + 2 + payload as u32 + check + 3),
            Self::TwoMegabit => 4 * (2 + 4 + 2 + payload as u32 + check + 3),
        }
    }

    /// Probability that a packet is not understood at this signal strength.
    pub fn packet_error(self, rssi_dbm: f64) -> f64 {
        if rssi_dbm < self.sensitivity_dbm() - INVISIBLE_MARGIN_DB {
            return 1.0;
        }
        1.0 / (1.0 + libm::exp(rssi_dbm - self.sensitivity_dbm()))
    }
}

/// Time on the air of a legacy advertising packet with this much data \[us\].
pub const fn advertising_airtime_us(data: usize) -> u32 {
    // The advertiser's address goes before the data.
    Phy::OneMegabit.airtime_us(6 + data, false)
}

/// Probability that no other advertiser speaks during a packet, `offered_load` being the sum over the others of airtime
/// divided by interval (unslotted access: a packet is vulnerable for twice its length; Abramson 1970).
pub fn no_collision(offered_load: f64) -> f64 {
    libm::exp(-2.0 * offered_load)
}

/// A signal strength as HCI reports it: -127 to 20 dBm.
pub fn reported_dbm(rssi_dbm: f64) -> i8 {
    libm::round(rssi_dbm).clamp(-127.0, 20.0) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x_m: f64) -> Position {
        Position { x_m, y_m: 0.0, z_m: 0.0 }
    }

    #[test]
    fn loss_grows_with_distance_and_walls() {
        let mut environment = Environment::ideal();
        assert!((environment.path_loss_db(at(0.0), at(1.0)) - 40.2).abs() < 1e-9);
        assert!((environment.path_loss_db(at(0.0), at(10.0)) - 60.2).abs() < 1e-9);
        environment.walls.push(Wall {
            from: Position { x_m: 5.0, y_m: -1.0, z_m: 0.0 },
            to: Position { x_m: 5.0, y_m: 1.0, z_m: 0.0 },
            loss_db: 12.0,
        });
        assert!((environment.path_loss_db(at(0.0), at(10.0)) - 72.2).abs() < 1e-9);
        assert!((environment.path_loss_db(at(0.0), at(4.0)) - 52.241).abs() < 1e-2, "not through the wall");
    }

    #[test]
    fn airtime_of_the_core_specification() {
        assert_eq!(Phy::OneMegabit.airtime_us(0, true), 80);
        assert_eq!(Phy::TwoMegabit.airtime_us(0, false), 44);
        assert_eq!(Phy::OneMegabit.airtime_us(251, true), 2120);
        assert_eq!(Phy::OneMegabit.airtime_us(27, true), 328);
        assert_eq!(advertising_airtime_us(31), 376);
    }

    #[test]
    fn half_of_the_packets_at_the_sensitivity() {
        assert!((Phy::OneMegabit.packet_error(-95.0) - 0.5).abs() < 1e-12);
        assert!(Phy::OneMegabit.packet_error(-80.0) < 1e-6);
        assert!((Phy::OneMegabit.packet_error(-106.0) - 1.0).abs() < 1e-12);
    }

    /// Standard deviation and correlation of the process are those that were asked for.
    #[test]
    fn moments_of_the_shadowing() {
        let environment = Environment::default();
        let key = Key::new(1, "path");
        let values: Vec<f64> = (0..20_000).map(|second| environment.shadow_db(key, second * 1_000_000_000)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|value| libm::pow(value - mean, 2.0)).sum::<f64>() / values.len() as f64;
        let lagged = values.windows(6).map(|pair| (pair[0] - mean) * (pair[5] - mean)).sum::<f64>();
        let correlation = lagged / values.len() as f64 / variance;
        // About 20 000 / 10 independent values: standard errors of 0.09 dB and 0.4 dB^2.
        assert!(mean.abs() < 0.4, "mean {mean}");
        assert!((variance - 16.0).abs() < 2.0, "variance {variance}");
        assert!((correlation - libm::exp(-1.0)).abs() < 0.06, "correlation after tau {correlation}");
    }
}
