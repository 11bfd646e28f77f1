use sim_core::{Argument, Arguments, GRID, Key};

use super::*;
use physiology::{Body, Build, Sex};

const BUILD: Build = Build { weight_kg: 80.0, height_cm: 178.0, age_years: 60.0, sex: Sex::Male };

fn ventilator(options: &[(&str, Argument)]) -> Ventilator {
    let options = Arguments(options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect());
    Ventilator {
        settings: Settings::from_options(&options, &BUILD),
        lung: Lung { resistance: 10.0, compliance: 0.05 },
        predicted_kg: BUILD.predicted_weight_kg(),
        backup: false,
        connected: SimTime::ZERO,
        history: Vec::new(),
        told: None,
        alarms: report::Alarms::default(),
    }
}

fn body() -> Body {
    Body::new(&BUILD, Key::new(1, "icu/1"), &[], 8_000_000_000)
}

/// Lets them live for some seconds from a grid step on.
fn live(ventilator: &mut Ventilator, faults: &AirwayFaults, body: &mut Body, from_s: i64, seconds: i64) {
    for step in 10 * from_s..10 * (from_s + seconds) {
        ventilator.ventilate(faults, SimTime::from_nanos(step * GRID.nanos()), body);
        body.step();
    }
}

/// Carbon dioxide after ten minutes of the usual rate and after a quarter of an hour of half of it [mmHg], under this much
/// opioid.
fn slowed(opioid: f64) -> (f64, f64) {
    let (mut ventilator, mut body) = (ventilator(&[]), body());
    body.core.inputs.opioid = opioid;
    live(&mut ventilator, &AirwayFaults::default(), &mut body, 0, 600);
    let before = body.core.vitals().paco2_mmhg;
    ventilator.settings.rate_min *= 0.5;
    live(&mut ventilator, &AirwayFaults::default(), &mut body, 600, 900);
    (before, body.core.vitals().paco2_mmhg)
}

#[test]
fn a_slower_ventilator_lets_carbon_dioxide_rise_in_who_cannot_trigger() {
    let (before, after) = slowed(1.0);
    assert!((25.0..50.0).contains(&before), "{before}");
    assert!(after > before + 10.0, "{before} to {after}");
    let (before, after) = slowed(0.0);
    assert!((35.0..45.0).contains(&before) && (35.0..45.0).contains(&after), "{before} to {after}");
}

#[test]
fn a_disconnection_takes_the_breath_and_the_oxygen() {
    let (mut ventilator, mut body) = (ventilator(&[]), body());
    live(&mut ventilator, &AirwayFaults::default(), &mut body, 0, 120);
    let before = body.core.vitals().sao2;
    live(&mut ventilator, &AirwayFaults::one_disconnection(), &mut body, 120, 240);
    assert!(body.core.vitals().sao2 < before - 0.1, "{before} {}", body.core.vitals().sao2);
    live(&mut ventilator, &AirwayFaults::default(), &mut body, 360, 180);
    assert!(body.core.vitals().sao2 > before - 0.02);
}

/// The usual rate clears the usual carbon dioxide of small and great, lean and heavy, young and old; nobody triggers here.
#[test]
fn the_usual_rate_suits_the_build() {
    for (weight_kg, height_cm, age_years, sex) in
        [(80.0, 178.0, 60.0, Sex::Male), (55.0, 156.0, 80.0, Sex::Female), (120.0, 172.0, 50.0, Sex::Female)]
    {
        let build = Build { weight_kg, height_cm, age_years, sex };
        let settings = Settings::from_options(&Arguments::default(), &build);
        let alveolar_l_min = settings.rate_min * (settings.volume_ml / 1_000.0 - build.dead_space_l());
        let paco2_mmhg = 40.0 * build.alveolar_ventilation_l_min(40.0) / alveolar_l_min;
        assert!((41.0..45.0).contains(&paco2_mmhg), "{build:?}: {paco2_mmhg} mmHg at {settings:?}");
        assert!((60.0..130.0).contains(&(settings.rate_min * 7.0)), "{settings:?}");
    }
}

#[test]
fn a_narrow_tube_ends_inspirations_at_the_limit() {
    let ventilator = ventilator(&[("rate", Argument::Number(15.0))]);
    let free = ventilator.lung_under(&AirwayFaults::default());
    let narrow = ventilator.lung_under(&AirwayFaults::one_narrowing(8.0));
    let mode = Mode::VolumeControl;
    assert!(!ventilator.settings.reaches_limit(mode, &free));
    assert!(ventilator.settings.reaches_limit(mode, &narrow));
    assert!(ventilator.settings.delivered_l(mode, &narrow) < 0.8 * ventilator.settings.delivered_l(mode, &free));
}

#[test]
fn support_takes_over_from_who_stops_breathing() {
    let mut ventilator = ventilator(&[("mode", Argument::Text("psv".to_owned()))]);
    let mut body = body();
    live(&mut ventilator, &AirwayFaults::default(), &mut body, 0, 60);
    assert!(!ventilator.backup);
    assert_eq!(body.core.inputs.ventilation, Ventilation::Spontaneous);
    body.core.inputs.opioid = 2.0;
    live(&mut ventilator, &AirwayFaults::default(), &mut body, 60, 600);
    assert!(ventilator.backup, "{}", body.core.vitals().respiratory_rate_bpm);
    assert!(matches!(body.core.inputs.ventilation, Ventilation::Ventilator { .. }));
}

#[test]
fn orders_beyond_safe_limits_are_refused() {
    let mut settings = ventilator(&[]).settings;
    let predicted_kg = BUILD.predicted_weight_kg();
    assert!(settings.set_volume(450.0, predicted_kg).is_ok());
    assert!(settings.set_volume(1_200.0, predicted_kg).is_err());
    assert!(settings.set_pressure(30.0).is_ok());
    assert!(settings.set_peep(12.0).is_err());
    assert_eq!((settings.volume_ml, settings.peep_cmh2o), (450.0, 5.0));
}
