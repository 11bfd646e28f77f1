//! Arrival, pressures, continuity and chunk independence of pulses.

use proptest::prelude::*;
use sim_core::SimTime;

use super::*;
use crate::{BeatKind, Complex, PWave, Sex};

const BUILD: Build = Build { weight_kg: 75.0, height_cm: 175.0, age_years: 50.0, sex: Sex::Male };

fn train(site: PulseSite, intervals_ms: &[i64]) -> PulseTrain {
    let key = Key::new(1, "icu/1");
    let mut train = PulseTrain::new(key, site, Vasculature::adult(&BUILD, key), 600_000_000_000);
    let mut r_ns = 0;
    for (&interval_ms, index) in intervals_ms.iter().zip(0..) {
        r_ns += interval_ms * 1_000_000;
        let beat = Beat {
            index,
            r_ns,
            rr_ns: interval_ms * 1_000_000,
            cycle_ns: 857_000_000,
            kind: BeatKind::Normal,
            complex: Complex::Narrow,
            p: Some(PWave::SINUS),
            turn: 0.0,
            amplitude: 1.0,
            inflation: 0.0,
            sbp_mmhg: 117.3,
            dbp_mmhg: 73.3,
            map_mmhg: 90.0,
            stroke_scale: 1.0,
        };
        train.push(&beat, 0.0, 1.5);
    }
    train
}

const MILLISECONDS: SampleGrid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 1_000_000 };

fn wave(train: &PulseTrain, length: usize) -> Vec<f32> {
    let mut samples = vec![0.0_f32; length];
    add_pulse_wave(train.pulses(), MILLISECONDS, 0, 1.0, &mut samples);
    samples
}

#[test]
fn pulses_arrive_at_the_finger_when_they_should() {
    for age_years in [20.0, 50.0, 90.0] {
        for height_cm in [150.0, 175.0, 200.0] {
            let build = Build { height_cm, age_years, ..BUILD };
            let vessels = Vasculature::adult(&build, Key::new(1, "icu/1"));
            let at = |map_mmhg| vessels.arrival_s(PulseSite::Finger, map_mmhg, 70.0);
            assert!((0.17..0.35).contains(&at(90.0)), "{age_years} {height_cm}: {}", at(90.0));
            assert!(at(80.0) - at(90.0) > 0.005, "{age_years} {height_cm}: falls too little with pressure");
            assert!(vessels.arrival_s(PulseSite::Ear, 90.0, 70.0) < at(90.0));
            assert!(vessels.arrival_s(PulseSite::Toe, 90.0, 70.0) > at(90.0));
        }
    }
}

#[test]
fn every_beat_sends_one_pulse_in_order() {
    let train = train(PulseSite::Finger, &[857, 400, 300, 1_500, 857]);
    let pulses = train.pulses();
    assert_eq!(pulses.iter().map(|pulse| pulse.beat).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(pulses.windows(2).all(|pair| pair[1].foot_ns > pair[0].foot_ns));
}

#[test]
fn the_pressure_curve_agrees_with_the_pressures() {
    let train = train(PulseSite::RadialArtery, &[857; 40]);
    let samples = wave(&train, 30_000);
    let settled = &samples[5_000..];
    let highest = settled.iter().copied().fold(f32::MIN, f32::max);
    let lowest = settled.iter().copied().fold(f32::MAX, f32::min);
    let mean = settled.iter().sum::<f32>() / settled.len() as f32;
    assert!((highest - 117.3).abs() < 1.0, "{highest}");
    assert!((lowest - 73.3).abs() < 1.0, "{lowest}");
    assert!((mean - 90.0).abs() < 1.5, "{mean}");
}

#[test]
fn without_pulses_the_pressure_runs_off() {
    let train = train(PulseSite::RadialArtery, &[857; 5]);
    let samples = wave(&train, 30_000);
    let last_foot = (train.pulses()[4].foot_ns / 1_000_000) as usize;
    assert!(samples[last_foot + 400..].windows(2).all(|pair| pair[1] <= pair[0] + 1e-4));
    assert!((samples[29_999] - CLOSING_MMHG).abs() < 0.1, "{}", samples[29_999]);
    assert!(samples[last_foot + 2_000] < 60.0);
}

proptest! {
    /// Curves are continuous at any sequence of early and late beats.
    #[test]
    fn curves_are_continuous(intervals_ms in prop::collection::vec(300_i64..2_500, 3..30)) {
        let train = train(PulseSite::RadialArtery, &intervals_ms);
        let begin = (train.pulses()[0].foot_ns / 1_000_000) as usize + 1;
        let samples = wave(&train, 20_000);
        for (position, pair) in samples[begin..].windows(2).enumerate() {
            prop_assert!((pair[1] - pair[0]).abs() < 1.2, "{pair:?} at {position}");
        }
    }

    /// A sample's bits do not depend on how samples are chunked.
    #[test]
    fn chunks_do_not_matter(
        intervals_ms in prop::collection::vec(300_i64..2_500, 3..30),
        rate_mhz in prop_oneof![Just(62_500_u32), Just(125_000), 20_000_u32..1_000_000],
        cuts in prop::collection::vec(1_usize..500, 1..12),
        first in 0_u64..1_000,
    ) {
        let grid = SampleGrid { origin: SimTime::from_nanos(3), rate_mhz };
        for site in [PulseSite::RadialArtery, PulseSite::Finger] {
            let train = train(site, &intervals_ms);
            let total = cuts.iter().sum();
            let (mut whole, mut parts) = (vec![0.0_f32; total], vec![0.0_f32; total]);
            add_pulse_wave(train.pulses(), grid, first, 0.7, &mut whole);
            let mut done = 0;
            for &length in &cuts {
                let index = first + done as u64;
                let known = train.pulses().partition_point(|pulse| {
                    pulse.foot_ns <= grid.instant(index + length as u64 - 1).nanos()
                });
                add_pulse_wave(&train.pulses()[..known], grid, index, 0.7, &mut parts[done..done + length]);
                done += length;
            }
            let bits = |samples: &[f32]| samples.iter().map(|sample| sample.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&whole), bits(&parts));
        }
    }
}
