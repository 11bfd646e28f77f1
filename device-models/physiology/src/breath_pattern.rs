//! Abnormal patterns of breathing, as what they make of the ventilation that the patient's own control asks for.
//!
//! A pattern acts on rate and depth before the lungs do, so gases, saturation and the capnogram follow from it.
//! Periods and shares: Yuan, Drost and `McIvor`, "Respiratory rate and breathing pattern", `McMaster` Univ Med J
//! 2013;10:23-5; Whited and Graham, "Abnormal Respirations", `StatPearls` 2023 (Cheyne-Stokes: cycles of 45 to 90 s with
//! 10 to 30 s of apnoea; Biot: clusters of equal breaths between abrupt pauses; Kussmaul: deep, fast and regular;
//! agonal: a few gasps a minute); Li and Yackle, "Sighing", Curr Biol 2017;27:R88 (about twelve sighs an hour of two to
//! five times the volume).

use sim_core::{Key, Purpose};

/// How a patient breathes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BreathPattern {
    /// Evenly.
    #[default]
    Regular,
    /// Depth waxes and wanes, then stops (heart failure, stroke).
    CheyneStokes,
    /// Clusters of equal breaths between pauses (damage of the pons).
    Biot,
    /// Deep and fast without rest (acidosis).
    Kussmaul,
    /// Single gasps (dying).
    Agonal,
    /// Held at the height of inspiration (damage of the upper pons).
    Apneustic,
    /// Irregular in everything (damage of the medulla).
    Ataxic,
    /// Evenly, with a deep breath every few minutes.
    Sighs,
}

/// What a pattern makes of the ventilation asked for, at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PatternAct {
    /// Factor of the rate.
    pub rate: f64,
    /// Factor of the tidal volume.
    pub volume: f64,
    /// Rate instead of the one asked for [/min].
    pub fixed_rate_bpm: Option<f64>,
    /// How far the set point of carbon dioxide lies below the usual one, as acidosis lowers it [mmHg].
    pub set_point_drop_mmhg: f64,
    /// Share of a breath spent inspiring, if not the usual one.
    pub inspired_share: Option<f64>,
    /// Share of the inspiration after which the lung is full; the rest is held.
    pub rise_share: f64,
}

impl PatternAct {
    /// Breathing as asked for.
    pub const NONE: Self = Self {
        rate: 1.0,
        volume: 1.0,
        fixed_rate_bpm: None,
        set_point_drop_mmhg: 0.0,
        inspired_share: None,
        rise_share: 1.0,
    };
}

/// Cycle and apnoea of Cheyne-Stokes breathing [s]; at the height of the cycle breaths are this much deeper.
const CHEYNE_STOKES_S: f64 = 60.0;
const CHEYNE_STOKES_APNOEA_S: f64 = 20.0;
const CHEYNE_STOKES_HEIGHT: f64 = 1.8;

/// Cycle of Biot's breathing [s], and bounds of the pause in it [s].
const BIOT_S: f64 = 32.0;
const BIOT_PAUSE_S: (f64, f64) = (10.0, 20.0);

/// Drop of the set point in a severe acidosis [mmHg]: a bicarbonate of 6 mmol/L is answered with 17 mmHg (Winters).
/// The drive falls with the carbon dioxide that it washes out, so that the set point must lie below what is reached.
const KUSSMAUL_DROP_MMHG: f64 = 28.0;

/// Gasps [/min] and their depth relative to the breaths asked for.
const AGONAL_BPM: f64 = 4.0;
const AGONAL_VOLUME: f64 = 0.8;
/// A gasp is short.
const AGONAL_INSPIRED_SHARE: f64 = 0.1;

/// Rate of apneusis [/min], and its share of inspiration.
const APNEUSTIC_BPM: f64 = 7.0;
const APNEUSTIC_INSPIRED_SHARE: f64 = 0.65;
const APNEUSTIC_RISE_SHARE: f64 = 0.3;

/// An ataxic patient changes rate and depth so often [s], and pauses in this share of the time.
const ATAXIC_S: f64 = 5.0;
const ATAXIC_PAUSE: f64 = 0.25;

/// Time between two sighs [s], and their depth.
const SIGH_S: f64 = 300.0;
const SIGH_VOLUME: f64 = 2.5;

const CYCLE: Purpose = Purpose::new("breathing.pattern");
const DEPTH: Purpose = Purpose::new("breathing.pattern.depth");

impl BreathPattern {
    /// Names in scenarios.
    pub const NAMES: &'static [&'static str] =
        &["regular", "cheyne_stokes", "biot", "kussmaul", "agonal", "apneustic", "ataxic", "sighs"];

    const ALL: [Self; 8] = [
        Self::Regular,
        Self::CheyneStokes,
        Self::Biot,
        Self::Kussmaul,
        Self::Agonal,
        Self::Apneustic,
        Self::Ataxic,
        Self::Sighs,
    ];

    /// The pattern of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(|position| Self::ALL[position])
    }

    /// What the pattern does at `at_s` after the scenario's start [s], in a patient who is asked to breathe at `rate_bpm`.
    pub fn act(self, key: Key, at_s: f64, rate_bpm: f64) -> PatternAct {
        let act = PatternAct::NONE;
        match self {
            Self::Regular => act,
            Self::CheyneStokes => cheyne_stokes(at_s),
            Self::Biot => biot(key, at_s),
            Self::Kussmaul => PatternAct { rate: 0.85, volume: 1.35, set_point_drop_mmhg: KUSSMAUL_DROP_MMHG, ..act },
            Self::Agonal => {
                let gasp = cycle(at_s, 60.0 / AGONAL_BPM).0;
                let uneven = 0.6 + 0.8 * key.uniform(CYCLE, gasp);
                PatternAct {
                    fixed_rate_bpm: Some(AGONAL_BPM * uneven),
                    volume: AGONAL_VOLUME,
                    inspired_share: Some(AGONAL_INSPIRED_SHARE),
                    ..act
                }
            }
            Self::Apneustic => PatternAct {
                fixed_rate_bpm: Some(APNEUSTIC_BPM.min(rate_bpm)),
                volume: 1.4,
                inspired_share: Some(APNEUSTIC_INSPIRED_SHARE),
                rise_share: APNEUSTIC_RISE_SHARE,
                ..act
            },
            Self::Ataxic => ataxic(key, at_s),
            Self::Sighs => sighs(key, at_s, rate_bpm),
        }
    }
}

/// Number of the cycle that an instant lies in, and the time since its beginning [s].
fn cycle(at_s: f64, length_s: f64) -> (u64, f64) {
    let number = libm::floor(at_s.max(0.0) / length_s);
    (number as u64, at_s.max(0.0) - number * length_s)
}

fn cheyne_stokes(at_s: f64) -> PatternAct {
    let (_, since_s) = cycle(at_s, CHEYNE_STOKES_S);
    let breathing_s = CHEYNE_STOKES_S - CHEYNE_STOKES_APNOEA_S;
    if since_s >= breathing_s {
        return PatternAct { rate: 0.0, ..PatternAct::NONE };
    }
    let swell = libm::sin(std::f64::consts::PI * since_s / breathing_s);
    PatternAct { rate: 1.3, volume: 0.25 + (CHEYNE_STOKES_HEIGHT - 0.25) * swell, ..PatternAct::NONE }
}

fn biot(key: Key, at_s: f64) -> PatternAct {
    let (number, since_s) = cycle(at_s, BIOT_S);
    let (shortest_s, longest_s) = BIOT_PAUSE_S;
    let pause_s = shortest_s + (longest_s - shortest_s) * key.uniform(CYCLE, number);
    let breathes = since_s < BIOT_S - pause_s;
    PatternAct { rate: if breathes { 1.6 } else { 0.0 }, volume: 1.1, ..PatternAct::NONE }
}

fn ataxic(key: Key, at_s: f64) -> PatternAct {
    let (number, _) = cycle(at_s, ATAXIC_S);
    let draw = key.uniform(CYCLE, number);
    // What is left after the pauses is spread evenly from slow to fast.
    let rate = if draw < ATAXIC_PAUSE { 0.0 } else { 0.5 + 1.4 * (draw - ATAXIC_PAUSE) / (1.0 - ATAXIC_PAUSE) };
    PatternAct { rate, volume: 0.4 + 1.4 * key.uniform(DEPTH, number), ..PatternAct::NONE }
}

fn sighs(key: Key, at_s: f64, rate_bpm: f64) -> PatternAct {
    let (number, since_s) = cycle(at_s, SIGH_S);
    let begin_s = (0.2 + 0.6 * key.uniform(CYCLE, number)) * SIGH_S;
    let breath_s = 60.0 / rate_bpm.max(4.0);
    // For the length of one breath the next one to begin is a sigh; a slower one follows it.
    let breaths_since = (since_s - begin_s) / breath_s;
    if (0.0..1.0).contains(&breaths_since) {
        PatternAct { volume: SIGH_VOLUME, ..PatternAct::NONE }
    } else if (1.0..2.5).contains(&breaths_since) {
        PatternAct { rate: 0.6, ..PatternAct::NONE }
    } else {
        PatternAct::NONE
    }
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::super::parameters::{Build, Sex};
    use super::super::{Body, Breath};
    use super::*;

    /// Ten minutes of a pattern: the breaths, and lowest and highest saturation.
    fn breathe(pattern: BreathPattern) -> (Vec<Breath>, (f64, f64), Body) {
        let build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };
        let mut body = Body::new(&build, Key::new(3, "icu/1"), &[], 700_000_000_000);
        body.set_breath_pattern(pattern);
        let (mut lowest, mut highest) = (1.0_f64, 0.0_f64);
        for _ in 0..6_000 {
            body.step();
            let sao2 = body.core.vitals().sao2;
            (lowest, highest) = (lowest.min(sao2), highest.max(sao2));
        }
        let breaths = body.breathing().breaths().iter().filter(|breath| breath.start_ns > 0).copied().collect();
        (breaths, (lowest, highest), body)
    }

    fn gaps_s(breaths: &[Breath]) -> Vec<f64> {
        breaths.windows(2).map(|pair| (pair[1].start_ns - pair[0].start_ns) as f64 * 1e-9).collect()
    }

    #[test]
    fn every_name_has_its_pattern() {
        for name in BreathPattern::NAMES {
            assert!(BreathPattern::named(name).is_some(), "{name}");
        }
        assert_eq!(BreathPattern::named("regular"), Some(BreathPattern::Regular));
        assert_eq!(BreathPattern::named("sighs"), Some(BreathPattern::Sighs));
        assert_eq!(BreathPattern::named("fast"), None);
    }

    #[test]
    fn cheyne_stokes_stops_every_minute_and_the_saturation_follows() {
        let (breaths, (lowest, highest), _) = breathe(BreathPattern::CheyneStokes);
        let pauses = gaps_s(&breaths).into_iter().filter(|gap_s| *gap_s > 15.0).count();
        assert!((9..=10).contains(&pauses), "{pauses}");
        let deepest = breaths.iter().map(|breath| breath.tidal_volume_l).fold(0.0, f32::max);
        let shallowest = breaths.iter().map(|breath| breath.tidal_volume_l).fold(9.0, f32::min);
        assert!(deepest > 3.0 * shallowest, "{shallowest} to {deepest}");
        assert!(highest - lowest > 0.01, "{lowest} to {highest}");
    }

    #[test]
    fn kussmaul_is_deep_and_fast_and_washes_out_carbon_dioxide() {
        let (breaths, _, body) = breathe(BreathPattern::Kussmaul);
        let vitals = body.core.vitals();
        let parameters = body.core.parameters();
        assert!((18.0..34.0).contains(&vitals.respiratory_rate_bpm), "{}", vitals.respiratory_rate_bpm);
        assert!(vitals.tidal_volume_l > 1.2 * parameters.tidal_volume_l(), "{}", vitals.tidal_volume_l);
        assert!((14.0..26.0).contains(&vitals.paco2_mmhg), "{}", vitals.paco2_mmhg);
        assert!(breaths.len() > 180);
    }

    #[test]
    fn gasps_are_few() {
        let (breaths, (lowest, _), _) = breathe(BreathPattern::Agonal);
        assert!((25..=55).contains(&breaths.len()), "{}", breaths.len());
        assert!(lowest < 0.9, "{lowest}");
    }

    #[test]
    fn pauses_of_biot_and_ataxia_are_irregular() {
        for pattern in [BreathPattern::Biot, BreathPattern::Ataxic] {
            let gaps = gaps_s(&breathe(pattern).0);
            let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
            let deviation = (gaps.iter().map(|gap| libm::pow(gap - mean, 2.0)).sum::<f64>() / gaps.len() as f64).sqrt();
            assert!(deviation > 0.4 * mean, "{pattern:?}: {deviation} of {mean}");
        }
    }

    #[test]
    fn a_sigh_comes_every_five_minutes() {
        let (breaths, _, body) = breathe(BreathPattern::Sighs);
        let usual = body.core.parameters().tidal_volume_l() as f32;
        let sighs = breaths.iter().filter(|breath| breath.tidal_volume_l > 1.8 * usual).count();
        assert_eq!(sighs, 2);
    }
}
