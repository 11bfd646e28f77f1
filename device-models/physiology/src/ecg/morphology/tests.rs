//! Clinical intervals and what each lead shows.

use proptest::prelude::*;

use super::*;
use crate::beat::{Beat, BeatKind, CardiacEvents, PWave};
use crate::ecg::{Lead, add_ecg};
use crate::samples::SampleGrid;

proptest! {
    /// PR, QRS and the corrected QT interval of drawn adults are healthy, at rest.
    #[test]
    fn intervals_are_healthy(seed in any::<u64>()) {
        let morphology = EcgMorphology::adult(Key::new(seed, "icu/1"), &EcgCondition::default());
        let (p, [q, _, s, t, ..]) = (morphology.p, morphology.narrow);
        let (pr, qrs) = (q.begins_s() - p.begins_s(), s.ends_s() - q.begins_s());
        let qt = t.ends_s() - q.begins_s();
        prop_assert!((0.120..=0.200).contains(&pr), "PR {pr}");
        prop_assert!((0.080..=0.110).contains(&qrs), "QRS {qrs}");
        prop_assert!((0.380..=0.440).contains(&qt), "QT {qt}");
    }

    /// A condition stretches QT as asked.
    #[test]
    fn a_long_qt_is_as_long_as_asked(seed in any::<u64>(), qt_scale in 1.0_f64..1.4) {
        let qt_s = |condition: &EcgCondition| {
            let morphology = EcgMorphology::adult(Key::new(seed, "icu/1"), condition);
            morphology.narrow[3].ends_s() - morphology.narrow[0].begins_s()
        };
        let long = EcgCondition { qt_scale, ..EcgCondition::default() };
        prop_assert!((qt_s(&long) / qt_s(&EcgCondition::default()) - qt_scale).abs() < 1e-9);
    }
}

/// One complex from 0.5 s before its R wave on, at 1 kHz.
fn complex(morphology: &EcgMorphology, lead: Lead, complex: Complex) -> Vec<f32> {
    let beat = Beat {
        index: 0,
        r_ns: 500_000_000,
        rr_ns: 1_000_000_000,
        cycle_ns: 1_000_000_000,
        kind: BeatKind::Normal,
        complex,
        p: Some(PWave::SINUS),
        turn: 0.0,
        amplitude: 1.0,
        inflation: 0.0,
        sbp_mmhg: 120.0,
        dbp_mmhg: 80.0,
        map_mmhg: 93.0,
        stroke_scale: 1.0,
    };
    let grid = SampleGrid { origin: sim_core::SimTime::ZERO, rate_mhz: 1_000_000 };
    let mut samples = vec![0.0; 1_200];
    add_ecg(morphology, lead, &CardiacEvents { beats: &[beat], ..CardiacEvents::default() }, grid, 0, &mut samples);
    samples
}

/// Highest and lowest value within some milliseconds of the R wave [mV].
fn extremes(samples: &[f32], from_ms: i64, until_ms: i64) -> (f32, f32) {
    let window = &samples[(500 + from_ms) as usize..(500 + until_ms) as usize];
    (window.iter().copied().fold(f32::MIN, f32::max), window.iter().copied().fold(f32::MAX, f32::min))
}

#[test]
fn a_healthy_adult_reads_normal_in_every_lead() {
    let textbook = EcgMorphology::textbook();
    let qrs = |lead| extremes(&complex(&textbook, lead, Complex::Narrow), -60, 60);
    for lead in [Lead::I, Lead::II, Lead::V4, Lead::V5, Lead::V6] {
        let (highest, lowest) = qrs(lead);
        assert!(highest > 0.5 && highest > -2.0 * lowest, "{lead:?}: {highest} {lowest}");
        let (t, _) = extremes(&complex(&textbook, lead, Complex::Narrow), 200, 400);
        assert!(t > 0.1, "{lead:?}: T {t}");
    }
    // Small r and deep S in V1, the transition by V3 or V4, everything upside down in aVR.
    let (r, s) = qrs(Lead::V1);
    assert!((0.05..0.5).contains(&r) && s < -0.7, "V1 {r} {s}");
    assert!(qrs(Lead::V2).0 < -qrs(Lead::V2).1);
    assert!(qrs(Lead::V4).0 > -qrs(Lead::V4).1);
    assert!(qrs(Lead::Avr).1 < -0.5);
}

#[test]
fn bundle_branch_blocks_have_their_signs() {
    let textbook = EcgMorphology::textbook();
    let right = |lead| complex(&textbook, lead, Complex::RightBundleBranchBlock);
    assert!(extremes(&right(Lead::V1), 40, 80).0 > 0.4, "R' in V1");
    assert!(extremes(&right(Lead::V6), 40, 80).1 < -0.3, "S in V6");
    let left = |lead| complex(&textbook, lead, Complex::LeftBundleBranchBlock);
    assert!(extremes(&left(Lead::V1), -40, 100).1 < -0.8, "deep S in V1");
    assert!(extremes(&left(Lead::V6), -40, 100).0 > 0.8, "broad R in V6");
    assert!(extremes(&left(Lead::V6), 250, 350).1 < -0.1, "opposite T in V6");
}

/// Each territory lifts the leads that face it and lowers the opposite ones.
#[test]
fn injuries_elevate_the_leads_that_face_them() {
    let st = |injury, lead| {
        let condition = EcgCondition { injury: Some(injury), st_elevation_mv: 0.3, ..EcgCondition::default() };
        let key = Key::new(1, "icu/1");
        let with = complex(&EcgMorphology::adult(key, &condition), lead, Complex::Narrow)[630];
        with - complex(&EcgMorphology::adult(key, &EcgCondition::default()), lead, Complex::Narrow)[630]
    };
    for (injury, facing, away) in [
        (Territory::Inferior, &[Lead::II, Lead::III, Lead::Avf][..], &[Lead::I, Lead::Avl][..]),
        (Territory::Anterior, &[Lead::V1, Lead::V2, Lead::V3, Lead::V4][..], &[Lead::III][..]),
        (Territory::Lateral, &[Lead::I, Lead::Avl, Lead::V5, Lead::V6][..], &[Lead::III, Lead::V1][..]),
    ] {
        for &lead in facing {
            assert!((0.1..0.4).contains(&st(injury, lead)), "{injury:?} {lead:?}: {}", st(injury, lead));
        }
        for &lead in away {
            assert!(st(injury, lead) < -0.03, "{injury:?} {lead:?}: {}", st(injury, lead));
        }
    }
}

#[test]
fn potassium_shapes_the_t_wave() {
    let t = |potassium_mmol_l| {
        let condition = EcgCondition { potassium_mmol_l, ..EcgCondition::default() };
        let morphology = EcgMorphology::adult(Key::new(1, "icu/1"), &condition);
        extremes(&complex(&morphology, Lead::II, Complex::Narrow), 200, 400).0
    };
    assert!(t(7.5) > 2.0 * t(4.2));
    assert!(t(2.5) < 0.6 * t(4.2));
}
