//! Statistics of the intervals, coherence with breathing, and the promise that the past does not change.

use super::*;
use crate::{BreathDrive, Pacing};

const BREATHS: BreathDrive = BreathDrive {
    rate_bpm: 14.0,
    tidal_volume_l: 0.46,
    dead_space_l: 0.15,
    emptying_s: 0.45,
    etco2_mmhg: 37.0,
    inspired_share: None,
    rise_share: 1.0,
    mandatory: false,
};

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
    beat_in(Rhythm::usual(RhythmKind::Sinus), key, seconds, reach_s, drive_at)
}

/// As [`beat`], in any rhythm.
fn beat_in(
    rhythm: Rhythm,
    key: Key,
    seconds: i64,
    reach_s: i64,
    drive_at: impl Fn(i64) -> CardiacDrive,
) -> (Heart, Breathing) {
    let mut breathing = Breathing::new(key, reach_s * 1_000_000_000);
    let mut heart = Heart::new(key, drive_at(0).mean_rr_s, reach_s * 1_000_000_000);
    heart.set_rhythm(rhythm);
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
    (values.iter().map(|value| libm::pow(value - mean, 2.0)).sum::<f64>() / values.len() as f64).sqrt()
}

/// Ten minutes show the rate within 1.2 /min, which is what slow oscillations leave, and the variability within 15 %.
#[test]
fn rate_and_variability_are_those_asked_for() {
    for (heart_rate_bpm, sdnn_s) in [(70.0, 0.050), (45.0, 0.060), (150.0, 0.012)] {
        for seed in 1..=10 {
            let (heart, _) = beat(Key::new(seed, "icu/1"), 600, 700, |_| drive(heart_rate_bpm, sdnn_s, 1.5));
            let intervals = intervals_s(&heart);
            let rate_bpm = 60.0 / mean(&intervals);
            assert!((rate_bpm - heart_rate_bpm).abs() < 1.2, "seed {seed}: {rate_bpm} for {heart_rate_bpm}");
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

/// Ten minutes of a rhythm at a rate, seen from its start.
fn rhythm(kind: RhythmKind, rate_bpm: f64) -> Heart {
    beat_in(Rhythm::usual(kind), Key::new(7, "icu/1"), 600, 700, |_| drive(rate_bpm, 0.03, 1.5)).0
}

fn kinds(heart: &Heart) -> String {
    heart.beats().iter().map(|beat| beat.kind.code()).collect()
}

fn share(heart: &Heart, code: char) -> f64 {
    kinds(heart).chars().filter(|kind| *kind == code).count() as f64 / heart.beats().len() as f64
}

/// Every rhythm decides ahead of time, in order, and keeps the count of its beats.
#[test]
fn every_rhythm_is_decided_in_time_and_in_order() {
    for name in RhythmKind::NAMES {
        let kind = RhythmKind::named(name).unwrap();
        let heart = rhythm(kind, kind.own_rate_bpm().filter(|rate_bpm| *rate_bpm > 0.0).unwrap_or(70.0));
        for pair in heart.beats().windows(2) {
            assert!(pair[1].r_ns > pair[0].r_ns, "{name}");
            assert_eq!((pair[1].rr_ns, pair[1].index), (pair[1].r_ns - pair[0].r_ns, pair[0].index + 1), "{name}");
        }
        let events = heart.events();
        assert!(events.lone_p_waves.windows(2).all(|pair| pair[1].peak_ns > pair[0].peak_ns), "{name}");
        assert!(events.spikes.windows(2).all(|pair| pair[1].at_ns > pair[0].at_ns), "{name}");
        assert_eq!(kind.own_rate_bpm() == Some(0.0), !heart.beats().iter().any(|beat| beat.r_ns > 0), "{name}");
    }
}

#[test]
fn premature_beats_come_at_their_share_with_a_compensatory_pause() {
    let heart = rhythm(RhythmKind::VentricularPremature, 70.0);
    assert!((0.03..0.07).contains(&share(&heart, 'V')), "{}", share(&heart, 'V'));
    for triple in heart.beats().windows(3).filter(|triple| triple[1].kind == BeatKind::Ventricular) {
        let around_s = (triple[2].r_ns - triple[0].r_ns) as f64 * 1e-9;
        assert!((around_s - 2.0 * 60.0 / 70.0).abs() < 1e-3, "{around_s}");
        assert!(triple[1].stroke_scale < 0.5 && triple[2].stroke_scale > 1.1);
        assert!(triple[1].p.is_none() && triple[1].complex == Complex::Ventricular);
    }
    let atrial = rhythm(RhythmKind::AtrialPremature, 70.0);
    assert!((0.03..0.07).contains(&share(&atrial, 'A')), "{}", share(&atrial, 'A'));
}

#[test]
fn patterns_of_ectopy_repeat() {
    assert!(kinds(&rhythm(RhythmKind::Bigeminy, 70.0)).contains("NVNVNVNVNV"));
    assert!(kinds(&rhythm(RhythmKind::Trigeminy, 70.0)).contains("NNVNNVNNV"));
    let couplets = kinds(&rhythm(RhythmKind::Couplets, 70.0));
    assert!(couplets.contains("NVVN") && !couplets.contains("VVV") && !couplets.contains("NVN"));
    let runs = rhythm(RhythmKind::Runs, 70.0);
    let longest = kinds(&runs).split('N').map(str::len).max();
    assert!((3..=15).contains(&longest.unwrap_or(0)), "{longest:?}");
    assert!(kinds(&runs).split('N').all(|run| run.is_empty() || run.len() >= 3));
    let rhythms: Vec<_> = runs.marks().iter().filter_map(|mark| mark.aux).collect();
    assert!(rhythms.chunks_exact(2).all(|pair| pair == ["(VT", "(N"]), "{rhythms:?}");
    assert!(rhythms.len() > 4);
}

/// White intervals around the mean, with strokes that follow them.
#[test]
fn fibrillation_is_irregular() {
    let heart = rhythm(RhythmKind::AtrialFibrillation, 95.0);
    let intervals = intervals_s(&heart);
    assert!((60.0 / mean(&intervals) - 95.0).abs() < 3.0, "{}", 60.0 / mean(&intervals));
    assert!((0.17..0.25).contains(&(deviation(&intervals) / mean(&intervals))));
    let turning = intervals.windows(3).filter(|three| (three[1] - three[0]) * (three[2] - three[1]) < 0.0).count();
    assert!((0.60..0.73).contains(&(turning as f64 / (intervals.len() - 2) as f64)));
    let (long, short): (Vec<&Beat>, Vec<&Beat>) = heart.beats()[1..].iter().partition(|beat| beat.rr_ns > 700_000_000);
    let stroke =
        |beats: &[&Beat]| beats.iter().map(|beat| f64::from(beat.stroke_scale)).sum::<f64>() / beats.len() as f64;
    assert!(stroke(&long) > 1.1 * stroke(&short));
    assert!(heart.events().fibrillations.iter().any(|episode| episode.kind == FibrillationKind::Atrial));
}

/// Fast fibrillation has beats without a pulse, slow has none.
#[test]
fn fast_fibrillation_has_a_pulse_deficit() {
    let without = |rate_bpm: f64| {
        let heart = rhythm(RhythmKind::AtrialFibrillation, rate_bpm);
        let beats = &heart.beats()[1..];
        beats.iter().filter(|beat| !beat.has_pulse()).count() as f64 / beats.len() as f64
    };
    assert_eq!(without(80.0), 0.0);
    assert!((0.05..0.40).contains(&without(130.0)), "{}", without(130.0));
}

/// PR grows until a beat is dropped; type II drops without warning.
#[test]
fn second_degree_blocks_drop_beats() {
    let earlier = |heart: &Heart| -> Vec<i64> {
        heart.beats().iter().filter_map(|beat| beat.p.map(|p| p.earlier_ns / 1_000_000)).collect()
    };
    let wenckebach = rhythm(RhythmKind::Wenckebach, 75.0);
    assert!(earlier(&wenckebach).windows(6).any(|delays| delays == [25, 105, 165, 25, 105, 165]));
    let mobitz = rhythm(RhythmKind::Mobitz, 75.0);
    assert!(earlier(&mobitz).iter().all(|delay| *delay == 0));
    for heart in [wenckebach, mobitz] {
        let ratio = heart.beats().len() as f64 / heart.events().lone_p_waves.len() as f64;
        assert!((ratio - 3.0).abs() < 0.1, "{ratio}");
        assert!(heart.marks().iter().any(|mark| mark.code == 'x'));
    }
}

#[test]
fn complete_block_dissociates() {
    let heart = rhythm(RhythmKind::CompleteBlock, 35.0);
    assert!((60.0 / mean(&intervals_s(&heart)) - 35.0).abs() < 1.0);
    let atria_bpm = heart.events().lone_p_waves.len() as f64 / 10.2;
    assert!((atria_bpm - 75.0).abs() < 2.0, "{atria_bpm}");
    assert!(heart.beats()[2..].iter().all(|beat| beat.kind == BeatKind::VentricularEscape));
}

/// A pulse that does not capture leaves a pause that the escape focus ends; a pacemaker that senses waits for it.
#[test]
fn a_failing_pacemaker_leaves_pauses() {
    let paced = |capture, sense| {
        let rhythm = Rhythm { pacing: Pacing { capture, sense }, ..Rhythm::usual(RhythmKind::PacedVentricle) };
        beat_in(rhythm, Key::new(3, "icu/1"), 600, 700, |_| drive(60.0, 0.03, 1.5)).0
    };
    let working = paced(1.0, 1.0);
    assert!(working.beats()[2..].iter().all(|beat| beat.kind == BeatKind::Paced));
    assert!(working.events().spikes.len() >= working.beats().len() - 2);
    let failing = paced(0.5, 1.0);
    let missed = failing.marks().iter().filter(|mark| mark.code == '^').count() as f64;
    assert!((0.4..0.6).contains(&(missed / failing.events().spikes.len() as f64)));
    assert!(share(&failing, 'E') > 0.02, "{}", share(&failing, 'E'));
    // The next pulse after an escape beat keeps the whole interval only if the beat was sensed.
    let shortest_ns = |heart: &Heart| {
        let escapes = heart.beats().iter().filter(|beat| beat.kind == BeatKind::VentricularEscape && beat.r_ns > 0);
        let waits = escapes.filter_map(|beat| {
            heart.events().spikes.iter().map(|spike| spike.at_ns - beat.r_ns).find(|wait_ns| *wait_ns > 0)
        });
        waits.min().unwrap_or(i64::MAX)
    };
    assert!(shortest_ns(&failing) > 900_000_000, "{}", shortest_ns(&failing));
    assert!(shortest_ns(&paced(0.5, 0.0)) < 900_000_000);
}

/// Paroxysms come and go, and each change is labelled.
#[test]
fn paroxysms_are_labelled() {
    let heart = rhythm(RhythmKind::ParoxysmalFibrillation, 75.0);
    let rhythms: Vec<_> = heart.marks().iter().filter_map(|mark| mark.aux).collect();
    assert!(rhythms.len() >= 4, "{rhythms:?}");
    assert!(rhythms.chunks_exact(2).all(|pair| pair == ["(AFIB", "(N"]), "{rhythms:?}");
    let episodes = heart.events().fibrillations;
    assert_eq!(episodes.len(), rhythms.iter().filter(|rhythm| **rhythm == "(AFIB").count());
    assert!(episodes[..episodes.len() - 1].iter().all(|episode| episode.until_ns < i64::MAX));
}
