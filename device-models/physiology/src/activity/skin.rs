//! Skin: its temperature and its conductance.

use std::collections::VecDeque;

use sim_core::{Key, Purpose, SimTime};

/// Room temperature to which the offsets below belong [Cel].
const COMFORTABLE_C: f64 = 23.0;
/// Rise of skin temperature per degree of the room.
const ROOM_GAIN: f64 = 0.15;
/// Fall with full sympathetic constriction of the skin's vessels [Cel].
const CONSTRICTION_C: f64 = 2.0;

/// Where skin temperature is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkinTemperatureSite {
    /// On the wrist, near 33 Cel.
    Wrist,
    /// In the axilla, half a degree below the core.
    Axilla,
}

impl SkinTemperatureSite {
    /// Difference to the core at rest [Cel], lag [s], and how much the surroundings matter.
    const fn constants(self) -> (f64, f64, f64) {
        match self {
            Self::Wrist => (3.5, 300.0, 1.0),
            Self::Axilla => (0.5, 240.0, 0.05),
        }
    }
}

/// Temperature of the skin at one place, following core and surroundings with a lag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SkinTemperature {
    site: SkinTemperatureSite,
    celsius: f64,
}

impl SkinTemperature {
    /// Settled at this core temperature [Cel] in a comfortable room.
    pub fn new(site: SkinTemperatureSite, core_c: f64) -> Self {
        Self { site, celsius: core_c - site.constants().0 }
    }

    /// Advances by some seconds at a core temperature [Cel], a sympathetic activity (0 at rest, up to 2) and a room
    /// temperature [Cel]; exact for any number of seconds.
    pub fn advance(&mut self, seconds: f64, core_c: f64, sympathetic: f64, room_c: f64) {
        let (below_core_c, lag_s, exposure) = self.site.constants();
        let surroundings = ROOM_GAIN * (room_c - COMFORTABLE_C) - CONSTRICTION_C * sympathetic.max(0.0);
        let target_c = core_c - below_core_c + exposure * surroundings;
        self.celsius += (target_c - self.celsius) * -libm::expm1(-seconds / lag_s);
    }

    /// Temperature [Cel].
    pub fn celsius(&self) -> f64 {
        self.celsius
    }
}

const TONIC: Purpose = Purpose::new("skin.tonic");
const RESPONSE: Purpose = Purpose::new("skin.response");

/// Range of the tonic level between persons [uS]; Boucsein, "Electrodermal activity", 2nd edition, 2012.
const TONIC_US: (f64, f64) = (2.0, 10.0);
/// Rise of the tonic level with full arousal, and its lag [s].
const TONIC_RISE: f64 = 0.3;
const TONIC_LAG_S: f64 = 30.0;
/// Responses per minute, calm and fully aroused.
const RESPONSES_PER_MIN: (f64, f64) = (1.0, 12.0);
/// Rise and decay of a response [s], and its median height [uS].
const RISE_S: f64 = 0.75;
const DECAY_S: f64 = 2.0;
const HEIGHT_US: f64 = 0.4;
/// A response is forgotten after this time [s], when e^-15 of it is left.
const FORGOTTEN_S: i64 = 30;

/// Conductance of the skin: a tonic level and responses to whatever happens.
#[derive(Debug, Clone)]
pub struct SkinConductance {
    key: Key,
    tonic_us: f64,
    arousal: f64,
    next_second: u64,
    /// Onset [ns] and height [uS] of recent responses.
    responses: VecDeque<(i64, f64)>,
}

impl SkinConductance {
    /// The skin of a person of this key, from second 0 on.
    pub fn new(key: Key) -> Self {
        let tonic_us = TONIC_US.0 + (TONIC_US.1 - TONIC_US.0) * key.uniform(TONIC, 0);
        Self { key, tonic_us, arousal: 0.0, next_second: 0, responses: VecDeque::new() }
    }

    /// Decides the responses of the next second at this arousal, 0 calm to 1.
    pub fn advance_second(&mut self, arousal: f64) {
        let second = self.next_second;
        let arousal = arousal.clamp(0.0, 1.0);
        self.next_second += 1;
        self.arousal += (arousal - self.arousal) / TONIC_LAG_S;
        let per_second = (RESPONSES_PER_MIN.0 + (RESPONSES_PER_MIN.1 - RESPONSES_PER_MIN.0) * arousal) / 60.0;
        let bits = self.key.block(RESPONSE, second).map(|bits| f64::from(bits) / 4_294_967_296.0);
        if bits[0] < per_second {
            let onset_ns = second.cast_signed() * 1_000_000_000 + (bits[1] * 1e9) as i64;
            self.responses.push_back((onset_ns, HEIGHT_US * (0.25 + 1.5 * bits[2]) * (1.0 + arousal)));
        }
        let oldest_ns = (second.cast_signed() - FORGOTTEN_S) * 1_000_000_000;
        while self.responses.front().is_some_and(|(onset_ns, _)| *onset_ns < oldest_ns) {
            self.responses.pop_front();
        }
    }

    /// Conductance at an instant within the seconds decided so far, not older than some twenty seconds [uS].
    pub fn microsiemens(&self, at: SimTime) -> f64 {
        let phasic: f64 = self
            .responses
            .iter()
            .filter(|(onset_ns, _)| *onset_ns < at.nanos())
            .map(|(onset_ns, height_us)| height_us * response((at.nanos() - onset_ns) as f64 / 1e9))
            .sum();
        self.tonic_us * (1.0 + TONIC_RISE * self.arousal) + phasic
    }
}

/// Shape of a response, 1 at its height.
fn response(seconds: f64) -> f64 {
    let ratio = RISE_S / DECAY_S;
    let peak_s = -libm::log(ratio) * RISE_S * DECAY_S / (DECAY_S - RISE_S);
    let shape = |time_s: f64| libm::exp(-time_s / DECAY_S) - libm::exp(-time_s / RISE_S);
    shape(seconds) / shape(peak_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skin_follows_the_core_and_cools_in_shock() {
        let mut wrist = SkinTemperature::new(SkinTemperatureSite::Wrist, 37.0);
        assert!((wrist.celsius() - 33.5).abs() < 1e-9);
        let mut fine = wrist;
        wrist.advance(600.0, 37.0, 1.0, 23.0);
        for _ in 0..6_000 {
            fine.advance(0.1, 37.0, 1.0, 23.0);
        }
        assert!((wrist.celsius() - fine.celsius()).abs() < 1e-9);
        assert!(wrist.celsius() < 32.0, "{}", wrist.celsius());
        let mut axilla = SkinTemperature::new(SkinTemperatureSite::Axilla, 37.0);
        axilla.advance(3_600.0, 39.0, 1.0, 23.0);
        assert!((axilla.celsius() - 38.5).abs() < 0.2, "{}", axilla.celsius());
    }

    #[test]
    fn a_response_peaks_at_one() {
        let peak = (0..1_000).map(|step| response(f64::from(step) * 0.01)).fold(0.0, f64::max);
        assert!((peak - 1.0).abs() < 1e-3);
        assert_eq!(response(0.0), 0.0);
        assert!(response(30.0) < 1e-6);
    }

    /// Responses begun in ten minutes, calm and aroused.
    #[test]
    fn arousal_multiplies_responses() {
        let count = |arousal: f64| {
            let mut skin = SkinConductance::new(Key::new(3, "home/1"));
            let mut onsets = std::collections::BTreeSet::new();
            for second in 0..600 {
                skin.advance_second(arousal);
                onsets.extend(skin.responses.iter().map(|(onset_ns, _)| *onset_ns));
                let at = SimTime::from_nanos(second * 1_000_000_000 + 900_000_000);
                assert!((1.9..40.0).contains(&skin.microsiemens(at)));
            }
            onsets.len()
        };
        let (calm, aroused) = (count(0.0), count(1.0));
        assert!((4..=20).contains(&calm), "{calm}");
        assert!((90..=150).contains(&aroused), "{aroused}");
    }
}
