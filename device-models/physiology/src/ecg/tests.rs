//! Chunk independence, the exact R annotation, and the identities of the limb leads.

use proptest::prelude::*;
use sim_core::{Key, SimTime};

use super::*;
use crate::{BeatKind, Complex, Fibrillation, FibrillationKind, LOOKAHEAD_NS, LonePWave, PWave, Spike};

/// Beats at the given intervals [ms], the first at 1 s.
fn beats(intervals_ms: &[i64]) -> Vec<Beat> {
    let mut r_ns = 1_000_000_000;
    intervals_ms
        .iter()
        .zip(0..)
        .map(|(&interval_ms, index)| {
            let rr_ns = interval_ms * 1_000_000 + 137 * u64::cast_signed(index);
            r_ns += rr_ns;
            Beat {
                index,
                r_ns,
                rr_ns,
                cycle_ns: rr_ns,
                kind: BeatKind::Normal,
                complex: Complex::Narrow,
                p: Some(PWave::SINUS),
                turn: 0.0,
                amplitude: 1.0 + 0.01 * (index % 5) as f32,
                inflation: 0.3 * (index % 7) as f32 - 1.0,
                sbp_mmhg: 120.0,
                dbp_mmhg: 80.0,
                map_mmhg: 93.0,
                stroke_scale: 1.0,
            }
        })
        .collect()
}

fn adult(seed: u64) -> EcgMorphology {
    EcgMorphology::adult(Key::new(seed, "icu/1"), &EcgCondition::default())
}

fn only(beats: &[Beat]) -> CardiacEvents<'_> {
    CardiacEvents { beats, ..CardiacEvents::default() }
}

/// Beats together with everything else that an electrocardiogram may show.
fn everything(beats: &[Beat]) -> CardiacEvents<'_> {
    const fn episode(index: u64, kind: FibrillationKind, from_ns: i64, until_ns: i64) -> Fibrillation {
        Fibrillation { index, kind, from_ns, until_ns }
    }
    const EPISODES: [Fibrillation; 3] = [
        episode(0, FibrillationKind::Atrial, 700_000_001, 2_900_000_007),
        episode(1, FibrillationKind::Ventricular, 2_500_000_001, 4_000_000_000),
        episode(2, FibrillationKind::Flutter, 3_900_000_001, i64::MAX),
    ];
    CardiacEvents {
        beats,
        lone_p_waves: &[LonePWave { peak_ns: 1_234_567_890 }, LonePWave { peak_ns: 2_000_000_000 }],
        spikes: &[Spike { at_ns: 1_100_000_001 }, Spike { at_ns: 2_100_000_000 }],
        fibrillations: &EPISODES,
    }
}

proptest! {
    /// A sample's bits depend neither on the chunk it is evaluated in nor on beats more than the lookahead after it.
    #[test]
    fn chunks_and_later_beats_do_not_matter(
        intervals_ms in prop::collection::vec(250_i64..1_800, 5..30),
        rate_mhz in prop_oneof![Just(125_000_u32), Just(250_000), Just(360_000), Just(500_000), 20_000_u32..1_000_000],
        cuts in prop::collection::vec(1_usize..700, 1..12),
        seed in any::<u64>(),
        lead in prop::sample::select(&Lead::ALL[..]),
        first in 0_u64..2_000,
    ) {
        let beats = beats(&intervals_ms);
        let morphology = adult(seed);
        let grid = SampleGrid { origin: SimTime::from_nanos(-7), rate_mhz };
        let total = cuts.iter().sum();
        let (mut whole, mut parts) = (vec![0.0_f32; total], vec![0.0_f32; total]);
        add_ecg(&morphology, lead, &everything(&beats), grid, first, &mut whole);
        let mut done = 0;
        for length in cuts {
            let index = first + done as u64;
            let from_ns = grid.instant(index).nanos();
            let until_ns = grid.instant(index + length as u64 - 1).nanos();
            let known: Vec<Beat> = beats
                .iter()
                .copied()
                .filter(|beat| beat.r_ns >= from_ns - 1_200_000_000 && beat.r_ns <= until_ns + LOOKAHEAD_NS)
                .collect();
            add_ecg(&morphology, lead, &everything(&known), grid, index, &mut parts[done..done + length]);
            done += length;
        }
        let bits = |samples: &[f32]| samples.iter().map(|sample| sample.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&whole), bits(&parts));
    }

    /// The highest sample of every complex is the one nearest to the annotation, at any healthy morphology.
    #[test]
    fn the_annotation_marks_the_peak(seed in any::<u64>(), interval_ms in 350_i64..1_500) {
        let beats = beats(&[interval_ms; 8]);
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 1_000_000 };
        let mut samples = vec![0.0_f32; 16_000];
        add_ecg(&adult(seed), Lead::II, &only(&beats), grid, 0, &mut samples);
        for beat in &beats {
            let annotated = (beat.r_ns / 1_000_000) as usize;
            let window = &samples[annotated - 40..annotated + 40];
            let highest = (0..80).max_by(|&a, &b| window[a].total_cmp(&window[b])).unwrap_or(0);
            prop_assert!((38..=42).contains(&highest), "{highest} ms instead of 40");
        }
    }
}

#[test]
fn an_isolated_complex_has_the_textbook_heights() {
    let mut lone = beats(&[1_000]);
    lone[0].inflation = 0.0;
    lone[0].amplitude = 1.0;
    let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 1_000_000 };
    let mut samples = vec![0.0_f32; 4_000];
    add_ecg(&EcgMorphology::textbook(), Lead::II, &only(&lone), grid, 0, &mut samples);
    let at = |after_r_ms: i64| f64::from(samples[(2_000 + after_r_ms) as usize]);
    assert!((at(0) - 1.20).abs() < 0.01, "R {}", at(0));
    assert!((at(-160) - 0.15).abs() < 0.001, "P {}", at(-160));
    assert!((at(285) - 0.30).abs() < 0.001, "T {}", at(285));
    assert!(at(34) < -0.15, "S {}", at(34));
    assert!(at(-400).abs() < 1e-6 && at(700).abs() < 1e-6);
}

/// The QRS complex keeps its width while the T wave comes closer.
#[test]
fn only_repolarisation_follows_the_rate() {
    let samples_at = |interval_ms: i64| {
        let mut lone = beats(&[interval_ms]);
        lone[0].r_ns = 2_000_000_000;
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 1_000_000 };
        let mut samples = vec![0.0_f32; 3_000];
        add_ecg(&EcgMorphology::textbook(), Lead::II, &only(&lone), grid, 0, &mut samples);
        samples
    };
    let (slow, fast) = (samples_at(1_000), samples_at(400));
    for position in 1_980..2_030 {
        assert!((slow[position] - fast[position]).abs() < 0.02, "at {position}");
    }
    let t_peak = |samples: &[f32]| (2_060..2_600).max_by(|&a, &b| samples[a].total_cmp(&samples[b])).unwrap_or(0);
    assert!(t_peak(&fast) + 70 < t_peak(&slow), "{} {}", t_peak(&fast), t_peak(&slow));
}

/// Einthoven's and Goldberger's identities hold for every sample.
#[test]
fn limb_leads_belong_together() {
    let beats = beats(&[800, 500, 1_100, 900]);
    let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 500_000 };
    let [one, two, three, avr, avl, avf] =
        [Lead::I, Lead::II, Lead::III, Lead::Avr, Lead::Avl, Lead::Avf].map(|lead| {
            let mut samples = vec![0.0_f32; 2_500];
            add_ecg(&adult(5), lead, &everything(&beats), grid, 0, &mut samples);
            samples
        });
    for position in 0..2_500 {
        assert!((one[position] + three[position] - two[position]).abs() < 1e-5);
        assert!((avr[position] + avl[position] + avf[position]).abs() < 1e-5);
        assert!((avr[position] + 0.5 * (one[position] + two[position])).abs() < 1e-5);
    }
}

/// A pacing pulse shows in exactly one sample.
#[test]
fn a_pacing_pulse_takes_one_sample() {
    for rate_mhz in [125_000, 250_000, 360_000, 1_000_000] {
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz };
        for at_ns in [100_000_000, 100_000_001, 123_456_789] {
            let events = CardiacEvents { spikes: &[Spike { at_ns }], ..CardiacEvents::default() };
            let mut samples = vec![0.0_f32; 200];
            add_ecg(&EcgMorphology::textbook(), Lead::II, &events, grid, 0, &mut samples);
            assert_eq!(samples.iter().filter(|sample| **sample > 1.9).count(), 1);
            assert_eq!(samples.iter().filter(|sample| **sample != 0.0).count(), 1);
        }
    }
}
