//! The whole patient: independence of how the run is grouped, and causes that reach the events.

use sim_core::SimTime;

use super::*;
use crate::{
    Desaturation, EcgCondition, Lead, RateDrive, Rhythm, RhythmKind, SampleGrid, Sex, add_capnogram, add_ecg,
    add_lung_volume, add_pulse_wave,
};

const BUILD: Build = Build { weight_kg: 82.0, height_cm: 178.0, age_years: 61.0, sex: Sex::Male };
const SITES: [PulseSite; 2] = [PulseSite::Finger, PulseSite::RadialArtery];

fn patient(seed: u64, reach_s: i64) -> Body {
    Body::new(&BUILD, Key::new(seed, "icu/1"), &SITES, reach_s * 1_000_000_000)
}

/// An eventful minute: bleeding, an apnoea, a ventilator.
fn act(body: &mut Body, step: usize) {
    let inputs = &mut body.core.inputs;
    inputs.bleed_l_s = 0.004;
    inputs.ventilation = match step {
        200..350 => Ventilation::Apnoea,
        350..500 => Ventilation::Ventilator { rate_bpm: 16.0, tidal_volume_l: 0.5 },
        _ => Ventilation::Spontaneous,
    };
}

/// All curves of a minute at 250 Hz, evaluated every `group` grid steps.
fn curves(group: usize) -> Vec<u32> {
    let mut body = patient(9, 12);
    let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 250_000 };
    let mut bits = Vec::new();
    for step in 0..600 {
        act(&mut body, step);
        body.step();
        if (step + 1) % group == 0 {
            let length = 25 * group;
            let first = (25 * (step + 1 - group)) as u64;
            let mut samples = vec![0.0_f32; 5 * length];
            let mut channels = samples.chunks_exact_mut(length);
            let mut next = || channels.next().unwrap_or_default();
            add_ecg(body.morphology(), Lead::II, &body.heart().events(), grid, first, next());
            add_pulse_wave(body.pulse_trains()[0].pulses(), grid, first, 1.0, next());
            add_pulse_wave(body.pulse_trains()[1].pulses(), grid, first, 1.0, next());
            add_lung_volume(body.breathing().breaths(), grid, first, 1.0, next());
            add_capnogram(body.breathing().breaths(), body.capnogram(), grid, first, next());
            for position in 0..length {
                bits.extend((0..5).map(|channel| samples[channel * length + position].to_bits()));
            }
        }
    }
    bits
}

/// Whether curves are evaluated every 100 ms, every second or every ten seconds changes no bit.
#[test]
fn grouping_of_steps_changes_no_bit() {
    let fine = curves(1);
    assert_eq!(fine.len(), 600 * 25 * 5);
    assert_eq!(fine, curves(10));
    assert_eq!(fine, curves(100));
}

#[test]
fn reach_and_sites_do_not_change_the_events() {
    let mut long = patient(5, 30);
    let mut short = Body::new(&BUILD, Key::new(5, "icu/1"), &[], 2_000_000_000);
    for step in 0..600 {
        act(&mut long, step);
        act(&mut short, step);
        long.step();
        short.step();
    }
    let from = short.heart().beats()[0].index;
    assert_eq!(long.heart().beats_from(from), short.heart().beats());
    assert_eq!(long.breathing().breaths().last(), short.breathing().breaths().last());
}

#[test]
fn the_start_is_in_full_swing() {
    for seed in 0..20 {
        let body = patient(seed, 12);
        assert!(body.heart().beats()[0].r_ns < -8_000_000_000);
        assert!(body.heart().beats().last().is_some_and(|beat| beat.r_ns > -1_500_000_000));
        assert!(body.breathing().breaths().len() >= 2);
        let oldest = body.pulse_trains()[0].pulses()[0];
        assert!(oldest.foot_ns < -8_000_000_000);
    }
}

#[test]
fn patients_do_not_beat_in_unison() {
    let phases: Vec<i64> = (0..40).map(|seed| patient(seed, 2).heart().beats()[0].r_ns).collect();
    let spread = phases.iter().max().zip(phases.iter().min()).map_or(0, |(max, min)| max - min);
    assert!(spread > 300_000_000, "{spread}");
}

#[test]
fn an_apnoea_stops_breaths_and_desaturates() {
    let mut body = patient(6, 2);
    body.core.inputs.ventilation = Ventilation::Apnoea;
    let before = body.breathing().breaths().last().map(|breath| breath.index);
    for _ in 0..900 {
        body.step();
    }
    assert_eq!(body.breathing().breaths().last().map(|breath| breath.index), before);
    assert!(body.core.vitals().sao2 < 0.90, "{:?}", body.core.vitals());
    body.core.inputs.ventilation = Ventilation::Spontaneous;
    for _ in 0..600 {
        body.step();
    }
    assert!(body.breathing().breaths().last().map(|breath| breath.index) > before.map(|index| index + 5));
    assert!(body.core.vitals().sao2 > 0.95, "{:?}", body.core.vitals());
}

#[test]
fn a_driven_tachycardia_reaches_the_beats() {
    let mut body = patient(7, 12);
    let mut cause = RateDrive::begin(150.0, 30.0, body.core.vitals().heart_rate_bpm);
    for _ in 0..900 {
        body.core.inputs.heart_rate_drive_bpm = cause.step(body.core.vitals().heart_rate_bpm);
        body.step();
    }
    let beats = body.heart().beats();
    let mean_ns = (beats[beats.len() - 1].r_ns - beats[0].r_ns) / (beats.len().cast_signed() as i64 - 1);
    assert!((60e9 / mean_ns as f64 - 150.0).abs() < 4.0, "{mean_ns}");
}

#[test]
fn a_desaturation_leaves_the_rest_of_the_patient_plausible() {
    let mut body = patient(8, 2);
    let mut cause = Desaturation::begin(0.82, 90.0, body.core.vitals().sao2, &body.core.inputs);
    for _ in 0..1_800 {
        body.core.inputs.shunt = cause.step(body.core.vitals().sao2, &body.core.inputs);
        body.step();
    }
    let vitals = body.core.vitals();
    assert!((vitals.sao2 - 0.82).abs() < 0.01, "{vitals:?}");
    assert!(vitals.heart_rate_bpm > 1.1 * body.core.parameters().heart_rate_bpm, "{vitals:?}");
    assert!(vitals.respiratory_rate_bpm > body.core.parameters().respiratory_rate_bpm, "{vitals:?}");
}

fn run(body: &mut Body, seconds: usize) {
    for _ in 0..10 * seconds {
        body.step();
    }
}

/// Without beats there are no pulses and hardly any flow; all figures stay finite; the heart may come back.
#[test]
fn an_arrest_stops_the_circulation() {
    for kind in [RhythmKind::VentricularFibrillation, RhythmKind::Asystole, RhythmKind::PulselessActivity] {
        let mut body = patient(11, 12);
        run(&mut body, 10);
        body.set_rhythm(Rhythm::usual(kind));
        run(&mut body, 20);
        let last = body.pulse_trains()[0].pulses().last().map(|pulse| pulse.beat);
        run(&mut body, 40);
        assert_eq!(body.pulse_trains()[0].pulses().last().map(|pulse| pulse.beat), last, "{kind:?}");
        let vitals = *body.core.vitals();
        assert_eq!(vitals.respiratory_rate_bpm, 0.0, "{kind:?}");
        assert!(vitals.map_mmhg < 30.0 && vitals.cardiac_output_l_min < 0.1, "{kind:?} {vitals:?}");
        body.set_rhythm(Rhythm::usual(RhythmKind::Sinus));
        run(&mut body, 300);
        let vitals = body.core.vitals();
        assert!(vitals.map_mmhg > 60.0 && vitals.sao2 > 0.9, "{kind:?} {vitals:?}");
    }
    let mut body = patient(12, 12);
    body.set_rhythm(Rhythm::usual(RhythmKind::Asystole));
    run(&mut body, 1_800);
    let vitals = body.core.vitals();
    let figures = [vitals.map_mmhg, vitals.sao2, vitals.paco2_mmhg, vitals.temperature_c, vitals.lactate_mmol_l];
    assert!(figures.iter().all(|figure| figure.is_finite()), "{vitals:?}");
}

#[test]
fn a_ventricular_tachycardia_lowers_the_pressure() {
    let mut body = patient(13, 12);
    let before = *body.core.vitals();
    body.set_rhythm(Rhythm::usual(RhythmKind::Ventricular));
    run(&mut body, 60);
    let vitals = body.core.vitals();
    assert!(vitals.map_mmhg < before.map_mmhg - 8.0, "{before:?} {vitals:?}");
    assert!(vitals.cardiac_output_l_min < 0.75 * before.cardiac_output_l_min, "{before:?} {vitals:?}");
    assert!(vitals.sbp_mmhg - vitals.dbp_mmhg < 0.5 * (before.sbp_mmhg - before.dbp_mmhg), "{before:?} {vitals:?}");
    assert!((vitals.heart_rate_bpm - 180.0).abs() < 1e-9);
}

/// Every beat of every rhythm with a pulse has exactly one, and nothing depends on how steps are grouped.
#[test]
fn every_rhythm_beats_alike_however_it_is_looked_at() {
    for name in RhythmKind::NAMES {
        let kind = RhythmKind::named(name).unwrap();
        let heart = HeartCondition { rhythm: Rhythm::usual(kind), ecg: EcgCondition::default() };
        let key = Key::new(21, "icu/1");
        let spawn = || {
            let (vessels, variability) = (Vasculature::adult(&BUILD, key), Variability::adult(61.0, key));
            Body::with(Parameters::adult(&BUILD, key), variability, vessels, &heart, key, &SITES, 40_000_000_000)
        };
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 250_000 };
        let curve = |group: usize| {
            let mut body = spawn();
            let mut bits = Vec::new();
            for round in 0..300 / group {
                (0..group).for_each(|_| body.step());
                let mut samples = vec![0.0_f32; 25 * group];
                let first = (25 * group * round) as u64;
                add_ecg(body.morphology(), Lead::V2, &body.heart().events(), grid, first, &mut samples);
                bits.extend(samples.iter().map(|sample| sample.to_bits()));
            }
            (bits, body)
        };
        let (fine, body) = curve(1);
        assert!(fine == curve(50).0, "{name}");
        let beats: Vec<u64> =
            body.heart().beats().iter().filter(|beat| beat.has_pulse()).map(|beat| beat.index).collect();
        let pulses: Vec<u64> = body.pulse_trains()[0].pulses().iter().map(|pulse| pulse.beat).collect();
        let common = beats.len().min(pulses.len());
        assert_eq!(beats[beats.len() - common..], pulses[pulses.len() - common..], "{name}");
    }
}

/// Skin perfusion of a population scatters around its median and falls in shock.
#[test]
fn perfusion_falls_in_shock() {
    let mut indices: Vec<f64> = (0..200).map(|seed| patient(seed, 2).perfusion_index_percent()).collect();
    indices.sort_by(f64::total_cmp);
    assert!((1.2..1.9).contains(&indices[100]), "{}", indices[100]);
    let mut body = patient(1, 2);
    let before = body.perfusion_index_percent();
    body.core.inputs.bleed_l_s = 0.004;
    for _ in 0..4_000 {
        body.step();
    }
    assert!(body.perfusion_index_percent() < 0.8 * before);
}
