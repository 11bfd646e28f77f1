//! What monitors show of beats and breaths: averages over the last few of them.

use sim_core::SimTime;

use crate::physiology::{Beat, Breath};

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
    let averaged = &past[past.len().saturating_sub(BEATS)..];
    let total_ns: i64 = averaged.iter().map(|beat| beat.rr_ns).sum();
    Some(60e9 * averaged.len() as f64 / total_ns as f64)
}

/// Pulse rate shown at an instant [/min]: as [`heart_rate_bpm`], but of the beats that send a pulse.
pub fn pulse_rate_bpm(beats: &[Beat], at: SimTime) -> Option<f64> {
    let newest = past_pulses(beats, at).next()?;
    let (intervals, oldest) = past_pulses(beats, at).take(BEATS + 1).enumerate().last()?;
    if at.nanos() - newest.r_ns > NO_BEAT_NS || intervals == 0 {
        return None;
    }
    Some(60e9 * intervals as f64 / (newest.r_ns - oldest.r_ns) as f64)
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
