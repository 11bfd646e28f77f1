//! Breath counts, coherence of the curves, and independence of chunks.

use proptest::prelude::*;
use sim_core::SimTime;

use super::*;
use crate::{CapnogramShape, SampleGrid, add_capnogram, add_lung_volume};

const REST: BreathDrive = BreathDrive {
    rate_bpm: 14.0,
    tidal_volume_l: 0.46,
    dead_space_l: 0.15,
    emptying_s: 0.45,
    etco2_mmhg: 37.0,
    inspired_share: None,
    rise_share: 1.0,
    mandatory: false,
};

/// Breaths of `seconds` under one drive, with the reach of the whole run.
fn breathe(key: Key, drive: &BreathDrive, seconds: i64) -> Breathing {
    let mut breathing = warm(key, drive, seconds * 1_000_000_000 + WARM_UP_NS);
    for _ in 0..seconds * 10 {
        breathing.step(drive);
    }
    breathing
}

/// A generator that has decided all breaths up to its lookahead.
fn warm(key: Key, drive: &BreathDrive, reach_ns: i64) -> Breathing {
    let mut breathing = Breathing::new(key, reach_ns);
    while breathing.horizon_ns() < LOOKAHEAD_NS {
        breathing.step(drive);
    }
    breathing
}

fn grid(rate_mhz: u32) -> SampleGrid {
    SampleGrid { origin: SimTime::ZERO, rate_mhz }
}

#[test]
fn a_ventilator_keeps_its_pace_exactly() {
    let drive = BreathDrive { rate_bpm: 12.0, mandatory: true, ..REST };
    let breathing = breathe(Key::new(1, "icu/1"), &drive, 600);
    let starts: Vec<i64> = breathing
        .breaths()
        .iter()
        .map(|breath| breath.start_ns)
        .filter(|&start| (0..600_000_000_000).contains(&start))
        .collect();
    assert_eq!(starts.len(), 120);
    assert!(starts.windows(2).all(|pair| (pair[1] - pair[0] - 5_000_000_000).abs() < 1_000));
}

#[test]
fn spontaneous_breaths_keep_the_mean_rate_and_vary() {
    let breathing = breathe(Key::new(2, "icu/1"), &REST, 3_600);
    let starts: Vec<i64> =
        breathing.breaths().iter().map(|breath| breath.start_ns).filter(|&start| start >= 0).collect();
    let expected = 14.0 * 60.0;
    assert!((starts.len() as f64 - expected).abs() < 0.01 * expected, "{}", starts.len());
    let periods: Vec<f64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) as f64 * 1e-9).collect();
    let mean = periods.iter().sum::<f64>() / periods.len() as f64;
    let deviation = (periods.iter().map(|p| libm::pow(p - mean, 2.0)).sum::<f64>() / periods.len() as f64).sqrt();
    assert!((0.03..0.07).contains(&(deviation / mean)), "{}", deviation / mean);
}

#[test]
fn indices_count_the_breaths() {
    let breathing = breathe(Key::new(3, "icu/1"), &REST, 120);
    assert!(breathing.breaths().windows(2).all(|pair| pair[1].index == pair[0].index + 1));
    assert!(breathing.breaths().windows(2).all(|pair| pair[1].start_ns > pair[0].start_ns));
}

#[test]
fn apnoea_has_no_breath_and_breathing_returns() {
    let mut breathing = warm(Key::new(4, "icu/1"), &REST, 12_000_000_000);
    let before = breathing.breaths().last().map(|breath| breath.index);
    let apnoea = BreathDrive { rate_bpm: 0.0, ..REST };
    for _ in 0..600 {
        breathing.step(&apnoea);
    }
    assert_eq!(breathing.breaths().last().map(|breath| breath.index), before);
    let mut flat = [0.0_f32; 10];
    add_capnogram(breathing.breaths(), &CapnogramShape::HEALTHY, grid(1_000), 50, &mut flat);
    add_lung_volume(breathing.breaths(), grid(1_000), 50, 1.0, &mut flat);
    assert!(flat.iter().all(|value| value.abs() < 1e-3), "{flat:?}");
    for _ in 0..100 {
        breathing.step(&REST);
    }
    let last = breathing.breaths().last().map(|breath| breath.index);
    assert!(last >= before.map(|index| index + 2), "{last:?}");
}

#[test]
fn volume_swings_by_the_tidal_volume_and_carbon_dioxide_reaches_its_end_tidal_value() {
    let breathing = breathe(Key::new(5, "icu/1"), &REST, 60);
    let mut volume = vec![0.0_f32; 40 * 125];
    let mut carbon_dioxide = volume.clone();
    add_lung_volume(breathing.breaths(), grid(125_000), 10 * 125, 1.0, &mut volume);
    add_capnogram(breathing.breaths(), &CapnogramShape::HEALTHY, grid(125_000), 10 * 125, &mut carbon_dioxide);
    let highest = volume.iter().copied().fold(f32::MIN, f32::max);
    let lowest = volume.iter().copied().fold(f32::MAX, f32::min);
    assert!((highest - lowest - 0.46).abs() < 0.02, "{lowest} to {highest}");
    for breath in breathing.breaths() {
        let end_ns = breath.start_ns + breath.inspiration_ns + breath.expiration_ns - 50_000_000;
        assert!((breath.carbon_dioxide_mmhg(end_ns) - 37.0).abs() < 1.0);
        let inspiring_ns = breath.start_ns + breath.inspiration_ns / 2;
        assert!(breath.carbon_dioxide_mmhg(inspiring_ns).abs() < 0.01);
    }
    let top = carbon_dioxide.iter().copied().fold(f32::MIN, f32::max);
    assert!((top - 37.0).abs() < 1.0, "{top}");
}

/// The curves have no jumps where breaths meet, even when the rate changes abruptly.
#[test]
fn curves_are_continuous() {
    let mut breathing = warm(Key::new(6, "icu/1"), &REST, 120_000_000_000);
    for step in 0..600 {
        let rate_bpm = [8.0, 35.0, 20.0][step / 37 % 3];
        breathing.step(&BreathDrive { rate_bpm, ..REST });
    }
    let mut volume = vec![0.0_f32; 60_000];
    add_lung_volume(breathing.breaths(), grid(1_000_000), 0, 1.0, &mut volume);
    for pair in volume.windows(2) {
        assert!((pair[1] - pair[0]).abs() < 0.004, "{pair:?}");
    }
}

proptest! {
    /// A sample's bits do not depend on how samples are chunked, nor on which later breaths are already known.
    #[test]
    fn chunks_do_not_matter(
        rate_mhz in prop_oneof![Just(25_000_u32), Just(62_500), Just(125_000), 25_000_u32..400_000],
        cuts in prop::collection::vec(1_usize..400, 1..12),
        seed in 0_u64..1_000,
    ) {
        let mut breathing = warm(Key::new(seed, "icu/1"), &REST, 200_000_000_000);
        let total: usize = cuts.iter().sum();
        let mut whole_volume = vec![0.0_f32; total];
        let mut whole_gas = whole_volume.clone();
        let mut parts_volume = whole_volume.clone();
        let mut parts_gas = whole_volume.clone();
        let grid = grid(rate_mhz);
        let seconds = (total as u64 * 1_000).div_ceil(u64::from(rate_mhz)) + 1;
        let mut done = 0_usize;
        let mut cut = cuts.iter();
        for step in 0..seconds * 10 {
            breathing.step(&REST);
            let now_ns = (step.cast_signed() + 1) * GRID_NS;
            while done < total {
                let mut next = cut.clone();
                let Some(&length) = next.next() else { break };
                if grid.instant((done + length - 1) as u64).nanos() > now_ns {
                    break;
                }
                add_lung_volume(breathing.breaths(), grid, done as u64, 2.0, &mut parts_volume[done..done + length]);
                add_capnogram(breathing.breaths(), &CapnogramShape::HEALTHY, grid, done as u64, &mut parts_gas[done..done + length]);
                done += length;
                cut = next;
            }
        }
        prop_assert_eq!(done, total);
        add_lung_volume(breathing.breaths(), grid, 0, 2.0, &mut whole_volume);
        add_capnogram(breathing.breaths(), &CapnogramShape::HEALTHY, grid, 0, &mut whole_gas);
        prop_assert_eq!(whole_volume, parts_volume);
        prop_assert_eq!(whole_gas, parts_gas);
    }
}
