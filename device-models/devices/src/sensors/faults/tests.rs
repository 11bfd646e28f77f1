use sim_core::{MessageHead, WaveHead};
use vocabulary::Reading;

use super::episodes::{Episodes, Length};
use super::motion::{Bursts, Motion};
use super::noise::{Colour, Noise};
use super::*;

const FIRST: SimTime = SimTime::from_nanos(10_000_000_000);
const LAST: SimTime = SimTime::from_nanos(20_000_000_000);

fn fault(metrics: &[MetricId], effect: impl Effect + 'static) -> Fault {
    Fault {
        term: Term { occurrence: OccurrenceId(0), from: FIRST, to: LAST },
        metrics: (!metrics.is_empty()).then(|| metrics.to_vec()),
        seed: 1,
        path: "ward/1/mon/fault/0".to_owned(),
        keys: BTreeMap::new(),
        heard: BTreeMap::new(),
        effect: Box::new(effect),
    }
}

fn at(seconds: f64) -> SimTime {
    SimTime::from_nanos((seconds * 1e9) as i64)
}

/// What becomes of one message with these readings and one wave of zeros per metric, which ends with the message.
struct Heard {
    readings: Vec<Reading>,
    waves: Vec<(MetricId, Quality, Option<Vec<i16>>)>,
    evidence: u64,
}

fn say(
    fault: &mut Fault,
    seconds: f64,
    readings: &[Reading],
    waves: &[MetricId],
    (rate_mhz, samples): (u32, usize),
) -> Heard {
    let mut assembly = Assembly::default();
    let intended = at(seconds);
    let head = MessageHead { device: SimId(0), stream: 0, sequence: seconds as u64, intended, device_time_ms: 0 };
    let mut message = assembly.message(head);
    for reading in readings {
        message.reading(*reading);
    }
    for &metric in waves {
        let head = WaveHead { metric, first_ms: 0, rate_mhz, gain: 0.001, offset: 0.0, quality: Quality::Ok };
        message.wave(head, |out, _| out.resize(out.len() + samples, 0));
    }
    let mut evidence = Evidence::default();
    let mut heard = Heard { readings: Vec::new(), waves: Vec::new(), evidence: 0 };
    assembly.alter(|mut draft| fault.alter(&mut draft, &mut evidence));
    assembly.alter(|mut draft| {
        heard.readings.extend_from_slice(draft.readings);
        draft.waves.for_each(|head, samples| {
            heard.waves.push((head.metric, head.quality, (!samples.is_empty()).then(|| samples.to_vec())));
            SampleFate::Kept
        });
    });
    heard.evidence = evidence.iter().map(|(.., count)| count).sum();
    heard
}

fn saturation_of(heard: &Heard) -> Value {
    heard.readings[0].value
}

#[test]
fn a_bias_acts_from_its_beginning_to_its_end_on_its_metrics() {
    let mut fault = fault(&[metrics::SPO2], offset::Affine { scale: 1.0, add: -5.0 });
    let readings = [Reading::number(metrics::SPO2, 97.0), Reading::number(metrics::PR, 70.0)];
    for (seconds, expected, evidence) in [(9.9, 97.0, 0), (10.0, 92.0, 1), (19.9, 92.0, 1), (20.0, 97.0, 0)] {
        let heard = say(&mut fault, seconds, &readings, &[], (0, 0));
        assert_eq!(saturation_of(&heard), Value::Number(expected), "{seconds} s");
        assert_eq!(heard.readings[1], readings[1]);
        assert_eq!(heard.evidence, evidence);
    }
}

/// A chunk of a second from 9.5 s on: the second half lies in the fault.
#[test]
fn only_samples_within_the_fault_change() {
    let mut fault = fault(&[metrics::ECG_II], offset::Affine { scale: 1.0, add: 1.0 });
    let heard = say(&mut fault, 10.5, &[], &[metrics::ECG_II, metrics::ECG_I], (250_000, 250));
    let mut expected = vec![0; 125];
    expected.resize(250, 1_000);
    assert_eq!(heard.waves[0].2.as_deref(), Some(&expected[..]));
    assert_eq!(heard.waves[1].2.as_deref(), Some(&[0; 250][..]));
    assert_eq!(heard.evidence, 125);
}

/// Noise of a sample is the same in every chunk that may carry it.
#[test]
fn noise_does_not_depend_on_chunks() {
    let noise = || fault(&[metrics::ECG_II], Noise { sigma: 0.5, colour: Colour::Pink });
    let samples = |seconds: f64, count: usize| {
        let heard = say(&mut noise(), seconds, &[], &[metrics::ECG_II], (250_000, count));
        heard.waves[0].2.clone().unwrap_or_default()
    };
    let (long, short) = (samples(15.0, 500), samples(15.0, 100));
    assert_eq!(long[400..], short[..]);
    assert!(long.iter().any(|sample| sample.abs() > 300));
}

#[test]
fn a_stuck_value_is_the_first_and_a_warm_up_has_none() {
    let mut stuck = fault(&[], stuck::Stuck::new(None));
    for (seconds, value) in [(11.0, 97.0), (12.0, 93.0), (13.0, 90.0)] {
        let heard = say(&mut stuck, seconds, &[Reading::number(metrics::SPO2, value)], &[], (0, 0));
        assert_eq!(saturation_of(&heard), Value::Number(97.0));
    }
    let mut warming = fault(&[], dropout::WarmUp);
    let readings = [Reading::number(metrics::SPO2, 97.0)];
    let heard = say(&mut warming, 12.0, &readings, &[metrics::PLETH], (62_500, 125));
    assert_eq!(heard.readings[0], Reading::missing(metrics::SPO2, Quality::Calibrating));
    assert_eq!(heard.waves[0], (metrics::PLETH, Quality::Calibrating, None));
}

#[test]
fn motion_moves_all_channels_together_and_says_so() {
    let mut motion =
        fault(&[], Motion::new(Key::new(1, "ward/1"), Bursts::many(Key::new(1, "ward/1"), FIRST, 4.0, 4.0), 1.0, true));
    let (mut doubtful, mut correlated) = (0, 0);
    for second in 11..20 {
        let heard = say(
            &mut motion,
            f64::from(second),
            &[],
            &[metrics::ECG_I, metrics::ECG_II, metrics::RESP_WAVE],
            (100_000, 100),
        );
        if heard.waves[0].1 == Quality::Questionable {
            doubtful += 1;
            assert_eq!(heard.waves[0].2, heard.waves[1].2);
            let pairs = heard.waves[0].2.iter().flatten().zip(heard.waves[2].2.iter().flatten());
            correlated += i32::from(pairs.map(|(a, b)| i64::from(*a) * i64::from(*b)).sum::<i64>() > 0);
        }
    }
    assert!((2..9).contains(&doubtful), "{doubtful} of 9 s");
    assert_eq!(correlated, doubtful);
}

#[test]
fn spikes_reach_numbers_between_their_messages() {
    let impulses = Episodes::new(Key::new(4, "x"), FIRST, 2.0, Length::Fixed(0.02));
    let mut spikes = fault(&[metrics::SPO2], spike::Spikes { impulses, amplitude: 30.0 });
    let off = (11..20)
        .filter(|second| {
            let reading = Reading::number(metrics::SPO2, 97.0);
            let heard = say(&mut spikes, f64::from(*second), &[reading], &[], (0, 0));
            saturation_of(&heard) != Value::Number(97.0)
        })
        .count();
    assert!((1..9).contains(&off), "{off} of 9");
}

#[test]
fn exchanged_channels_keep_their_samples() {
    let pair = (metrics::ECG_I, metrics::ECG_III);
    let heard = say(
        &mut fault(&[], dropout::Swap { pair }),
        12.0,
        &[],
        &[metrics::ECG_I, metrics::ECG_II, metrics::ECG_III],
        (250_000, 10),
    );
    let names: Vec<MetricId> = heard.waves.iter().map(|(metric, ..)| *metric).collect();
    assert_eq!(names, [metrics::ECG_III, metrics::ECG_II, metrics::ECG_I]);
    assert_eq!(heard.evidence, 20);
}

#[test]
fn a_single_burst_of_motion_ends_by_itself() {
    let bursts = Bursts::One { begins: FIRST, ends: at(13.0) };
    let motion = Motion::new(Key::new(1, "ward/1"), bursts, 1.0, true);
    assert_eq!(motion.over_at(), Some(at(13.0)));
    let mut motion = fault(&[], motion);
    let reading = [Reading::number(metrics::HR, 70.0)];
    let doubtful: Vec<bool> = (9..16)
        .map(|second| say(&mut motion, f64::from(second), &reading, &[], (0, 0)).readings[0].quality)
        .map(|quality| quality == Quality::Questionable)
        .collect();
    assert_eq!(doubtful, [false, true, true, true, false, false, false]);
}
