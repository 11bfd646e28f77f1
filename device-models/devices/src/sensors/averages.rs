//! What monitors show of beats and breaths: averages over the last few of them.

use sim_core::SimTime;

use physiology::{Beat, Breath};

/// Intervals averaged by a heart-rate display; eight is the usual choice of monitors.
const BEATS: usize = 8;
/// Breaths averaged by a respiration display.
const BREATHS: usize = 4;
/// Without a beat for so long the display shows none [ns].
const NO_BEAT_NS: i64 = 4_000_000_000;
/// Without a breath for so long the display shows zero [ns]; 20 s is the usual apnoea limit.
const NO_BREATH_NS: i64 = 20_000_000_000;

/// Heart rate shown at an instant [/min]; `None` without beats.
pub fn heart_rate_bpm(beats: &[Beat], at: SimTime) -> Option<f64> {
    let past = past_beats(beats, at);
    let newest = past.last()?;
    if at.nanos() - newest.r_ns > NO_BEAT_NS {
        return None;
    }
    // The first beat after an arrest ends an interval that is no rate.
    let latest = past.iter().rev().take(BEATS).take_while(|beat| beat.rr_ns <= NO_BEAT_NS);
    let (intervals, total_ns) = latest.fold((0_u32, 0), |(count, sum), beat| (count + 1, sum + beat.rr_ns));
    (intervals > 0).then(|| 60e9 * f64::from(intervals) / total_ns as f64)
}

/// Pulse rate shown at an instant [/min]: as [`heart_rate_bpm`], but of the beats that send a pulse.
pub fn pulse_rate_bpm(beats: &[Beat], at: SimTime) -> Option<f64> {
    let newest = past_pulses(beats, at).next()?;
    if at.nanos() - newest.r_ns > NO_BEAT_NS {
        return None;
    }
    let (mut intervals, mut oldest_ns) = (0_u32, newest.r_ns);
    for beat in past_pulses(beats, at).skip(1).take(BEATS) {
        if oldest_ns - beat.r_ns > NO_BEAT_NS {
            break;
        }
        intervals += 1;
        oldest_ns = beat.r_ns;
    }
    (intervals > 0).then(|| 60e9 * f64::from(intervals) / (newest.r_ns - oldest_ns) as f64)
}

/// Arterial pressures shown at an instant [mmHg].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShownPressure {
    /// Systolic.
    pub systolic_mmhg: f64,
    /// Diastolic.
    pub diastolic_mmhg: f64,
    /// Mean.
    pub mean_mmhg: f64,
}

/// Arterial pressures shown at an instant; `None` without beats.
pub fn pressure(beats: &[Beat], at: SimTime) -> Option<ShownPressure> {
    if at.nanos() - past_pulses(beats, at).next()?.r_ns > NO_BEAT_NS {
        return None;
    }
    let averaged = past_pulses(beats, at).take(BEATS).count() as f64;
    let mean = |value: fn(&Beat) -> f32| {
        past_pulses(beats, at).take(BEATS).map(|beat| f64::from(value(beat))).sum::<f64>() / averaged
    };
    Some(ShownPressure {
        systolic_mmhg: mean(|beat| beat.sbp_mmhg),
        diastolic_mmhg: mean(|beat| beat.dbp_mmhg),
        mean_mmhg: mean(|beat| beat.map_mmhg),
    })
}

/// Respiratory rate shown at an instant [/min]; zero in apnoea.
pub fn respiratory_rate_bpm(breaths: &[Breath], at: SimTime) -> f64 {
    let past = past_breaths(breaths, at);
    let averaged = &past[past.len().saturating_sub(BREATHS + 1)..];
    match averaged {
        [first, .., last] if at.nanos() - last.start_ns <= NO_BREATH_NS => {
            60e9 * (averaged.len() - 1) as f64 / (last.start_ns - first.start_ns) as f64
        }
        _ => 0.0,
    }
}

/// End-tidal carbon dioxide of the last breath [mmHg]; `None` in apnoea.
pub fn etco2_mmhg(breaths: &[Breath], at: SimTime) -> Option<f64> {
    let newest = past_breaths(breaths, at).last()?;
    (at.nanos() - newest.start_ns <= NO_BREATH_NS).then_some(f64::from(newest.etco2_mmhg))
}

fn past_beats(beats: &[Beat], at: SimTime) -> &[Beat] {
    &beats[..beats.partition_point(|beat| beat.r_ns <= at.nanos())]
}

/// Beats with a pulse, newest first.
fn past_pulses(beats: &[Beat], at: SimTime) -> impl Iterator<Item = &Beat> {
    past_beats(beats, at).iter().rev().filter(|beat| beat.has_pulse())
}

fn past_breaths(breaths: &[Breath], at: SimTime) -> &[Breath] {
    &breaths[..breaths.partition_point(|breath| breath.start_ns <= at.nanos())]
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::*;
    use physiology::{Body, Build, Rhythm, RhythmKind, Sex};

    fn after(body: &mut Body, kind: RhythmKind, seconds: usize) {
        body.set_rhythm(Rhythm::usual(kind));
        for _ in 0..10 * seconds {
            body.step();
        }
    }

    /// A display goes blank in an arrest and comes back with the rate of the new beats, not with that of the pause.
    #[test]
    fn displays_follow_an_arrest() {
        let build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };
        let mut body = Body::new(&build, Key::new(1, "icu/1"), &[], 12_000_000_000);
        let rates = |body: &Body, seconds: i64| {
            let (beats, at) = (body.heart().beats(), SimTime::from_nanos(1_000_000_000 * seconds));
            (heart_rate_bpm(beats, at), pulse_rate_bpm(beats, at), pressure(beats, at))
        };
        after(&mut body, RhythmKind::PulselessActivity, 30);
        assert!(matches!(rates(&body, 30), (Some(rate_bpm), None, None) if (rate_bpm - 50.0).abs() < 2.0));
        after(&mut body, RhythmKind::Asystole, 30);
        assert_eq!(rates(&body, 60), (None, None, None));
        after(&mut body, RhythmKind::Sinus, 4);
        let (heart_rate, pulse_rate, _) = rates(&body, 64);
        assert!(heart_rate.is_some_and(|rate_bpm| rate_bpm > 40.0), "{heart_rate:?}");
        assert!(pulse_rate.is_some_and(|rate_bpm| rate_bpm > 40.0), "{pulse_rate:?}");
    }
}
