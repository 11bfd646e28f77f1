use sim_core::Arguments;

use super::*;
use physiology::activity::Habits;
use physiology::{Build, Sex};

const BUILD: Build = Build { weight_kg: 75.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };

fn band(key: Key, clock: &LocalClock) -> Wearable {
    Wearable {
        skin: SkinTemperature::new(SkinTemperatureSite::Wrist, 37.0),
        conductance: SkinConductance::new(key),
        light: WristLight::new(key),
        height_m: 1.75,
        counting: 1.0,
        steps_at_midnight: 0,
        today: clock.day(SimTime::ZERO),
        fall_seen: None,
    }
}

fn seconds(seconds: i64) -> SimTime {
    SimTime::from_nanos(seconds * 1_000_000_000)
}

#[test]
fn the_count_begins_anew_at_midnight() {
    let clock = LocalClock::utc(20_000 * NANOS_PER_DAY + 15 * 3_600_000_000_000);
    let key = Key::new(2, "home/1");
    let mut day = Day::new(key, Habits::default(), clock.clone());
    let mut band = band(key, &clock);
    let mut shown = Vec::new();
    for minute in 0..24 * 60 {
        let at = seconds(60 * minute);
        day.advance_to(at);
        shown.push(band.steps_today(&day, &clock, at));
    }
    let midnight = 9 * 60;
    assert!(shown[midnight - 1] > 500.0, "{}", shown[midnight - 1]);
    assert!(shown[midnight] < 150.0, "{}", shown[midnight]);
    let falls = shown.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert_eq!(falls, 1);
    let counted = shown[midnight - 1] + shown.last().unwrap();
    let made = day.steps(seconds(60 * (24 * 60 - 1))) as f64;
    assert!((counted - made).abs() < 200.0, "{counted} of {made}");
}

/// One alarm a fall, for some nine falls of ten, and none for who only lies down.
#[test]
fn falls_are_noticed_once_and_not_all() {
    let mut alarms = 0;
    let clock = LocalClock::utc(10 * 3_600_000_000_000);
    for seed in 0..300 {
        let key = Key::new(seed, "home/1/band");
        let asks = Arguments([("activity".to_owned(), sim_core::Argument::Text("usual".to_owned()))].into());
        let mut activity = Activity::asked(&asks, &[], key, clock.clone()).unwrap();
        let mut band = band(key, &clock);
        assert!(!band.fall_alarm(&activity, key, seconds(5)));
        activity.fall(seconds(20), Span::from_secs(120));
        let raised = (20..100).filter(|&second| band.fall_alarm(&activity, key, seconds(second))).count();
        assert!(raised <= 1, "seed {seed}: {raised} alarms");
        alarms += raised;
    }
    assert!((255..=295).contains(&alarms), "{alarms} of 300");
}

/// At rest the strongest rhythm of the green light is that of the heart.
#[test]
fn light_pulses_with_the_heart() {
    let key = Key::new(5, "home/1");
    let mut body = Body::new(&BUILD, key, &[physiology::PulseSite::Finger], 60_000_000_000);
    for _ in 0..400 {
        body.step();
    }
    let chunk = Chunk { first_index: 250, stream_first: 0, samples: 500, rate_mhz: 25_000 };
    let still = vec![Acceleration { x_g: 0.0, y_g: 0.0, z_g: 1.0 }; chunk.samples];
    let mut light = Vec::new();
    WristLight::new(key).counts(0, &body, &chunk, &still, &mut light);
    let mean = light.iter().sum::<f32>() / light.len() as f32;
    let power = |rate_bpm: f64| {
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (index, sample) in light.iter().enumerate() {
            let angle = std::f64::consts::TAU * rate_bpm / 60.0 * index as f64 / 25.0;
            sine += f64::from(sample - mean) * libm::sin(angle);
            cosine += f64::from(sample - mean) * libm::cos(angle);
        }
        sine * sine + cosine * cosine
    };
    let strongest = (40..150).map(f64::from).max_by(|first, second| power(*first).total_cmp(&power(*second))).unwrap();
    let shown = averages::heart_rate_bpm(body.heart().beats(), seconds(30)).unwrap();
    assert!((strongest - shown).abs() < 5.0, "{strongest} and {shown}");
}
