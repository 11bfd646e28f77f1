//! Statistics of the intervals, coherence with breathing, and the promise that the past does not change.

use super::*;
use crate::physiology::BreathDrive;

const BREATHS: BreathDrive =
    BreathDrive { rate_bpm: 14.0, tidal_volume_l: 0.46, dead_space_l: 0.15, etco2_mmhg: 37.0, mandatory: false };

fn drive(heart_rate_bpm: f64, sdnn_s: f64, lf_hf_ratio: f64) -> CardiacDrive {
    CardiacDrive {
        mean_rr_s: 60.0 / heart_rate_bpm,
        variability: Variability { sdnn_s, lf_hf_ratio },
        respiratory_gain: 1.0,
        map_mmhg: 90.0,
        pulse_pressure_mmhg: 44.0,
        stroke_scale: 1.0,
        respiratory_swing: -0.05,
    }
}

/// Beats under a drive that may change with the step; `reach_s` of them are kept.
fn beat(key: Key, seconds: i64, reach_s: i64, drive_at: impl Fn(i64) -> CardiacDrive) -> (Heart, Breathing) {
    let mut breathing = Breathing::new(key, reach_s * 1_000_000_000);
    let mut heart = Heart::new(key, drive_at(0).mean_rr_s, reach_s * 1_000_000_000);
    let mut step = 0;
    while heart.horizon_ns() < seconds * 1_000_000_000 {
        breathing.step(&BREATHS);
        let decided_ns = heart.horizon_ns();
        let known = heart.beats().last().map_or(0, |beat| beat.index + 1);
        heart.step(&drive_at(step), &breathing);
        assert!(heart.beats_from(known).iter().all(|beat| beat.r_ns > decided_ns && beat.r_ns <= heart.horizon_ns()));
        step += 1;
    }
    (heart, breathing)
}

fn intervals_s(heart: &Heart) -> Vec<f64> {
    heart.beats().iter().filter(|beat| beat.r_ns > 0).map(|beat| beat.rr_ns as f64 * 1e-9).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

/// Ten minutes show the rate within 1 /min and the variability within 15 %.
#[test]
fn rate_and_variability_are_those_asked_for() {
    for (heart_rate_bpm, sdnn_s) in [(70.0, 0.050), (45.0, 0.060), (150.0, 0.012)] {
        for seed in 1..=10 {
            let (heart, _) = beat(Key::new(seed, "icu/1"), 600, 700, |_| drive(heart_rate_bpm, sdnn_s, 1.5));
            let intervals = intervals_s(&heart);
            let rate_bpm = 60.0 / mean(&intervals);
            assert!((rate_bpm - heart_rate_bpm).abs() < 1.0, "seed {seed}: {rate_bpm} for {heart_rate_bpm}");
            let ratio = deviation(&intervals) / sdnn_s;
            assert!((0.85..1.15).contains(&ratio), "seed {seed}: {ratio} at {heart_rate_bpm}");
        }
    }
}

#[test]
fn intervals_add_up_and_count() {
    let (heart, _) = beat(Key::new(1, "icu/1"), 60, 100, |_| drive(70.0, 0.05, 1.5));
    for pair in heart.beats().windows(2) {
        assert_eq!(pair[1].rr_ns, pair[1].r_ns - pair[0].r_ns);
        assert_eq!(pair[1].index, pair[0].index + 1);
    }
}

/// The interval is long when the beat before it fell into expiration.
#[test]
fn sinus_arrhythmia_follows_the_lung() {
    let (heart, _) = beat(Key::new(2, "icu/1"), 300, 400, |_| drive(70.0, 0.05, 0.3));
    let beats = heart.beats();
    let exhaled: Vec<f64> = beats.iter().map(|beat| -f64::from(beat.inflation)).collect();
    let following: Vec<f64> = beats.windows(2).map(|pair| pair[1].rr_ns as f64 * 1e-9).collect();
    let exhaled = &exhaled[..following.len()];
    let (mean_exhaled, mean_following) = (mean(exhaled), mean(&following));
    let covariance =
        exhaled.iter().zip(&following).map(|(a, b)| (a - mean_exhaled) * (b - mean_following)).sum::<f64>()
            / following.len() as f64;
    let correlation = covariance / deviation(exhaled) / deviation(&following);
    assert!(correlation > 0.6, "{correlation}");
}

/// How much of the past is kept changes nothing.
#[test]
fn the_reach_does_not_change_the_beats() {
    let (long, _) = beat(Key::new(3, "icu/1"), 30, 60, |_| drive(70.0, 0.05, 1.5));
    let (short, _) = beat(Key::new(3, "icu/1"), 30, 2, |_| drive(70.0, 0.05, 1.5));
    let from = short.beats()[0].index;
    assert!(from > 10);
    assert_eq!(long.beats_from(from), short.beats());
}

/// A sudden jump of the rate makes the beat overdue, not retroactive; a sudden stop leaves a pause.
#[test]
fn jumps_of_the_rate_are_followed_at_once() {
    let (heart, _) =
        beat(Key::new(4, "icu/1"), 60, 100, |step| drive(if step / 150 % 2 == 0 { 35.0 } else { 190.0 }, 0.01, 1.5));
    let intervals = intervals_s(&heart);
    assert!(intervals.iter().all(|interval| (0.2..2.0).contains(interval)), "{intervals:?}");
    assert!(intervals.iter().filter(|interval| **interval < 0.35).count() > 60);
    assert!(intervals.iter().filter(|interval| **interval > 1.5).count() > 10);
}
