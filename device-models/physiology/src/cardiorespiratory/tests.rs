//! The core against a second implementation, against a table of results, and against itself at rest.

use proptest::prelude::*;
use sim_core::Key;

use super::*;
use crate::{Build, Inputs, Sex, Ventilation};

/// Advances by whole seconds; `act` sets the inputs at the beginning of each second.
fn run(core: &mut Core, seconds: u32, mut act: impl FnMut(&mut Inputs, f64)) {
    for second in 0..seconds {
        act(&mut core.inputs, f64::from(second));
        for _ in 0..10 {
            core.step();
        }
    }
}

fn act_of(scenario: &str) -> impl Fn(&mut Inputs, f64) {
    let scenario = scenario.to_owned();
    move |inputs, t| match scenario.as_str() {
        "bleed" => inputs.bleed_l_s = if t < 600.0 { 0.0025 } else { 0.0 },
        "opioid" => {
            inputs.opioid = if t < 600.0 { (t / 120.0).min(1.0) } else { (1.0 - (t - 600.0) / 60.0).max(0.1) };
        }
        "hypoxia" => inputs.fio2 = if t < 400.0 { 0.12 } else { 0.21 },
        "exercise" => inputs.exercise = if t < 300.0 { 0.5 } else { 0.0 },
        "sepsis" => inputs.sepsis = 1.0,
        "apnoea" => inputs.ventilation = if t < 120.0 { Ventilation::Apnoea } else { Ventilation::Spontaneous },
        "shunt" => {
            inputs.shunt = 0.25;
            inputs.fio2 = if t < 300.0 { 0.21 } else { 0.7 };
        }
        "tilt" => inputs.tilt = if t < 120.0 { 1.0 } else { 0.0 },
        "pressor" => {
            inputs.vasoconstriction = 0.3;
            inputs.venoconstriction_l = 0.09;
        }
        "fever" => {
            inputs.fever_c = 2.0;
            inputs.fluid_l_s = 1.0 / 900.0;
        }
        other => panic!("no scenario {other}"),
    }
}

/// Every line of `reference/core_reference.csv`, which a second implementation in another language wrote.
#[test]
fn agrees_with_a_second_implementation() {
    let mut reader = csv::Reader::from_reader(&include_bytes!("../../reference/core_reference.csv")[..]);
    let mut scenario = String::new();
    let mut core = Core::new(Parameters::textbook());
    let mut lines = 0;
    for record in reader.records() {
        let record = record.expect("the reference is well formed");
        if record[0] != scenario {
            record[0].clone_into(&mut scenario);
            core = Core::new(Parameters::textbook());
        }
        let end_s: u32 = record[1].parse().expect("a whole second");
        let act = act_of(&scenario);
        run(&mut core, 10, |inputs, t| act(inputs, f64::from(end_s) - 10.0 + t));
        let vitals = core.vitals();
        let ours = [
            vitals.heart_rate_bpm,
            vitals.map_mmhg,
            vitals.cardiac_output_l_min,
            vitals.pao2_mmhg,
            vitals.sao2,
            vitals.respiratory_rate_bpm,
        ];
        for (column, value) in ours.iter().enumerate() {
            let expected: f64 = record[column + 2].parse().expect("a number");
            let error = (value - expected).abs() / expected.abs().max(1e-3);
            assert!(error < 1e-6, "{scenario} at {end_s} s, column {column}: {value} instead of {expected}");
        }
        lines += 1;
    }
    assert_eq!(lines, 702);
}

/// What a row of the table of results states, in this order, after the row's number of seconds.
struct Row {
    heart_rate_bpm: f64,
    sbp_mmhg: f64,
    dbp_mmhg: f64,
    cardiac_output_l_min: f64,
    respiratory_rate_bpm: f64,
    paco2_mmhg: f64,
    sao2_percent: f64,
}

#[rustfmt::skip]
fn assert_row(core: &Core, name: &str, row: &Row) {
    let vitals = core.vitals();
    let pairs = [
        ("heart rate", vitals.heart_rate_bpm, row.heart_rate_bpm),
        ("systolic", vitals.sbp_mmhg, row.sbp_mmhg),
        ("diastolic", vitals.dbp_mmhg, row.dbp_mmhg),
        ("output", vitals.cardiac_output_l_min, row.cardiac_output_l_min),
        ("breaths", vitals.respiratory_rate_bpm, row.respiratory_rate_bpm),
        ("carbon dioxide", vitals.paco2_mmhg, row.paco2_mmhg),
        ("saturation", 100.0 * vitals.sao2, row.sao2_percent),
    ];
    for (what, value, expected) in pairs {
        assert!((value - expected).abs() <= 0.1 * expected, "{name}, {what}: {value} instead of {expected}");
    }
}

/// Rows of the table computed once with a first implementation at a step of 0.25 s.
#[test]
fn reproduces_the_table_of_results() {
    type Act = fn(&mut Inputs, f64);
    let rows: [(&str, u32, Act, [f64; 7]); 15] = [
        ("rest", 60, |_, _| (), [70.0, 117.0, 73.0, 5.4, 14.0, 40.0, 97.2]),
        ("bleed 65 mL/min", 675, |i, _| i.bleed_l_s = 2.6 / 2_400.0, [85.0, 104.0, 76.0, 4.3, 16.5, 38.8, 97.2]),
        ("bleed 65 mL/min", 1_350, |i, _| i.bleed_l_s = 2.6 / 2_400.0, [107.0, 92.0, 75.0, 3.3, 19.7, 36.8, 97.2]),
        ("bleed 65 mL/min", 2_025, |i, _| i.bleed_l_s = 2.6 / 2_400.0, [138.0, 66.0, 59.0, 2.3, 21.8, 35.7, 96.7]),
        ("opioid 0.6", 300, |i, t| i.opioid = (0.6 * t / 120.0).min(0.6), [72.0, 116.0, 73.0, 5.5, 10.2, 45.8, 94.6]),
        ("opioid 1", 300, |i, t| i.opioid = (t / 120.0).min(1.0), [85.0, 126.0, 81.0, 6.1, 7.7, 50.0, 87.6]),
        ("12 % oxygen", 120, |i, _| i.fio2 = 0.12, [85.0, 131.0, 86.0, 6.1, 19.2, 36.9, 88.1]),
        ("12 % oxygen", 600, |i, _| i.fio2 = 0.12, [88.0, 133.0, 88.0, 6.2, 16.9, 33.2, 82.1]),
        ("effort 0.5", 60, |i, _| i.exercise = 0.5, [120.0, 140.0, 77.0, 12.1, 29.6, 34.5, 97.5]),
        ("effort 0.9", 299, |i, _| i.exercise = 0.9, [163.0, 165.0, 81.0, 20.3, 39.5, 32.2, 97.6]),
        ("sepsis 0.6", 14_400, |i, _| i.sepsis = 0.6, [117.0, 107.0, 71.0, 7.6, 22.1, 32.4, 95.3]),
        ("sepsis 1", 7_200, |i, _| i.sepsis = 1.0, [133.0, 104.0, 67.0, 9.2, 24.9, 29.8, 95.3]),
        ("apnoea", 60, |i, _| i.ventilation = Ventilation::Apnoea, [85.0, 131.0, 86.0, 6.1, 0.0, 48.7, 87.6]),
        ("apnoea", 120, |i, _| i.ventilation = Ventilation::Apnoea, [89.0, 135.0, 89.0, 6.3, 0.0, 52.6, 70.2]),
        ("standing", 180, |i, _| i.tilt = 1.0, [80.0, 108.0, 76.0, 4.7, 15.9, 39.1, 97.3]),
    ];
    for (name, seconds, act, [heart_rate_bpm, sbp_mmhg, dbp_mmhg, cardiac_output_l_min, rate, paco2, sao2]) in rows {
        let mut core = Core::new(Parameters::textbook());
        run(&mut core, seconds, act);
        let row = Row {
            heart_rate_bpm,
            sbp_mmhg,
            dbp_mmhg,
            cardiac_output_l_min,
            respiratory_rate_bpm: rate,
            paco2_mmhg: paco2,
            sao2_percent: sao2,
        };
        assert_row(&core, &format!("{name} after {seconds} s"), &row);
    }
}

#[test]
fn oxygen_restores_what_a_shunt_took() {
    let mut core = Core::new(Parameters::textbook());
    run(&mut core, 300, |inputs, _| inputs.shunt = 0.25);
    assert!(core.vitals().sao2 < 0.92);
    run(&mut core, 300, |inputs, _| inputs.fio2 = 0.7);
    assert!(core.vitals().sao2 > 0.95, "{}", core.vitals().sao2);
}

#[test]
fn breathing_returns_when_an_opioid_is_reversed() {
    let mut core = Core::new(Parameters::textbook());
    run(&mut core, 1_200, |inputs, t| inputs.opioid = (t / 120.0).min(1.0));
    assert!(core.vitals().respiratory_rate_bpm < 10.0);
    run(&mut core, 180, |inputs, t| inputs.opioid = (1.0 - t / 60.0).max(0.1));
    assert!(core.vitals().respiratory_rate_bpm > 12.0);
    assert!(core.vitals().sao2 > 0.95);
}

/// A loss of 37 % shows as class III: fast pulse, narrow pulse pressure, shock index above one.
#[test]
fn a_third_of_the_blood_lost_is_shock() {
    let mut core = Core::new(Parameters::textbook());
    run(&mut core, 1_850, |inputs, _| inputs.bleed_l_s = 0.001);
    let vitals = core.vitals();
    assert!(vitals.heart_rate_bpm > 110.0, "{vitals:?}");
    assert!(vitals.sbp_mmhg - vitals.dbp_mmhg < 25.0, "{vitals:?}");
    assert!(vitals.heart_rate_bpm / vitals.sbp_mmhg > 1.0, "{vitals:?}");
}

#[test]
fn pure_oxygen_fills_the_arteries() {
    let mut core = Core::new(Parameters::textbook());
    run(&mut core, 600, |inputs, _| inputs.fio2 = 1.0);
    assert!((550.0..680.0).contains(&core.vitals().pao2_mmhg), "{}", core.vitals().pao2_mmhg);
}

#[test]
fn ventilation_without_a_circulation_brings_hardly_any_carbon_dioxide() {
    let mut core = Core::new(Parameters::textbook());
    run(&mut core, 60, |inputs, _| inputs.ejection = 0.0);
    let ventilated = Ventilation::Ventilator { rate_bpm: 10.0, tidal_volume_l: 0.5 };
    run(&mut core, 480, |inputs, _| (inputs.ventilation, inputs.fio2) = (ventilated, 1.0));
    assert!(core.vitals().etco2_mmhg < 10.0, "{:?}", core.vitals());
}

#[test]
fn a_driven_heart_rate_follows_its_drive_beyond_the_sinus_limit() {
    let mut core = Core::new(Parameters::textbook());
    run(&mut core, 60, |inputs, _| inputs.heart_rate_drive_bpm = 130.0);
    assert!(core.vitals().heart_rate_bpm > core.parameters().heart_rate_max_bpm);
    run(&mut core, 60, |inputs, _| inputs.heart_rate_drive_bpm = -200.0);
    assert!((core.vitals().heart_rate_bpm - 20.0).abs() < 1e-12);
}

#[test]
fn a_resting_rate_above_the_greatest_of_the_age_is_kept() {
    let mut core = Core::new(Parameters { heart_rate_bpm: 180.0, heart_rate_max_bpm: 150.0, ..Parameters::textbook() });
    run(&mut core, 600, |_, _| ());
    assert!((core.vitals().heart_rate_bpm - 180.0).abs() < 1e-3, "{:?}", core.vitals());
}

fn any_build() -> impl Strategy<Value = Build> {
    (14.0_f64..55.0, 130.0_f64..220.0, 18.0_f64..100.0, any::<bool>()).prop_map(
        |(body_mass_index, height_cm, age_years, female)| Build {
            weight_kg: body_mass_index * height_cm * height_cm / 10_000.0,
            height_cm,
            age_years,
            sex: if female { Sex::Female } else { Sex::Male },
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Rest is a fixed point for everybody: an hour changes nothing by more than one part in 10^6.
    #[test]
    fn rest_is_a_fixed_point(build in any_build(), seed in any::<u64>()) {
        let mut core = Core::new(Parameters::adult(&build, Key::new(seed, "icu/1")));
        let before = *core.vitals();
        run(&mut core, 3_600, |_, _| ());
        let after = core.vitals();
        for (what, before, after) in [
            ("heart rate", before.heart_rate_bpm, after.heart_rate_bpm),
            ("map", before.map_mmhg, after.map_mmhg),
            ("systolic", before.sbp_mmhg, after.sbp_mmhg),
            ("output", before.cardiac_output_l_min, after.cardiac_output_l_min),
            ("breaths", before.respiratory_rate_bpm, after.respiratory_rate_bpm),
            ("oxygen", before.pao2_mmhg, after.pao2_mmhg),
            ("carbon dioxide", before.paco2_mmhg, after.paco2_mmhg),
            ("temperature", before.temperature_c, after.temperature_c),
            ("lactate", before.lactate_mmol_l, after.lactate_mmol_l),
        ] {
            prop_assert!((after / before - 1.0).abs() < 1e-6, "{what}: {before} became {after}");
        }
    }

    /// No combination of causes drives a state out of the finite, however absurd.
    #[test]
    fn nothing_blows_up(
        build in any_build(),
        bleed in 0.0_f64..0.05,
        opioid in 0.0_f64..2.0,
        sepsis in 0.0_f64..1.0,
        exercise in 0.0_f64..1.0,
        vasoconstriction in 0.0_f64..3.0,
        shunt in 0.0_f64..0.6,
        fio2 in 0.05_f64..1.0,
        drive in -100.0_f64..200.0,
    ) {
        let mut core = Core::new(Parameters::adult(&build, Key::new(1, "icu/1")));
        run(&mut core, 900, |inputs, _| {
            *inputs = Inputs {
                bleed_l_s: bleed,
                fio2,
                opioid,
                sepsis,
                exercise,
                vasoconstriction,
                venoconstriction_l: 0.3 * vasoconstriction,
                shunt,
                heart_rate_drive_bpm: drive,
                ..Inputs::default()
            };
        });
        let vitals = core.vitals();
        for (what, value, low, high) in [
            ("heart rate", vitals.heart_rate_bpm, 20.0, 250.0),
            ("map", vitals.map_mmhg, -5.0, 400.0),
            ("output", vitals.cardiac_output_l_min, 0.05, 80.0),
            ("oxygen", vitals.pao2_mmhg, 0.5, 690.0),
            ("saturation", vitals.sao2, 0.0, 1.0),
            // What a body without circulation makes in a quarter of an hour stays in it.
            ("carbon dioxide", vitals.paco2_mmhg, 1.0, 2_000.0),
            ("breaths", vitals.respiratory_rate_bpm, 0.0, 70.0),
        ] {
            prop_assert!(value >= low && value <= high, "{what}: {value}");
        }
    }
}
