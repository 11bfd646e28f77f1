//! ECG front end: what the electrodes and the converter make of the heart's potential.

use sim_core::{DevicePlan, Key, ParameterKind, ParameterSpec, Purpose};
use vocabulary::{MetricId, Quality};

use super::lead_off::LeadsOff;
use super::muscle::add_convulsions;
use super::{Tone, WhiteNoise, add_tones, baseline_wander};
use crate::device::{Chunk, DeviceModel, Saying};
use physiology::{Body, Lead, add_ecg};

/// Value of one count [mV]: 1 uV, finer than the 5 uV that AAMI EC11 asks to be resolved.
pub const GAIN_MV: f64 = 0.001;

/// Range of the converter [mV] (AAMI EC11: at least +-5 mV).
const RANGE_MV: f32 = 5.0;

/// Noise of skin, electrode and amplifier [mV]; EC11 allows 0.03 mV peak to peak of the amplifier alone.
const NOISE_MV: f32 = 0.012;

/// Amplitude of the wander of the baseline with breathing and movement [mV].
const WANDER_MV: f32 = 0.06;

/// Metrics of all leads that a front end can have.
pub const LEADS: [MetricId; 12] = {
    let mut metrics = [Lead::I.metric(); 12];
    let mut index = 0;
    while index < 12 {
        metrics[index] = Lead::ALL[index].metric();
        index += 1;
    }
    metrics
};

/// The option that lists the leads sent.
pub const LEADS_OPTION: &str = "leads";

/// The leads of one device, as its electrodes and converters see them.
///
/// Limb leads other than I and II are computed from these two, in counts, as electrocardiographs do; their identities
/// hold within one count.
#[derive(Debug, Clone)]
pub struct EcgFrontEnd {
    leads: Vec<(Lead, MetricId)>,
    key: Key,
}

/// Room to work in.
#[derive(Debug, Clone, Default)]
pub struct EcgRoom {
    samples: Vec<f32>,
    counts: Vec<i16>,
    limbs: [Vec<i16>; 2],
}

impl EcgRoom {
    /// Room for the samples of any other channel.
    pub(crate) fn samples(&mut self) -> &mut Vec<f32> {
        &mut self.samples
    }
}

impl EcgFrontEnd {
    /// The leads of a device with this key; there must be one at least.
    pub fn new(device: Key, leads: &[Lead]) -> Self {
        Self { leads: leads.iter().map(|lead| (*lead, lead.metric())).collect(), key: device }
    }

    /// Metric of the first lead.
    pub fn first_metric(&self) -> MetricId {
        self.leads[0].1
    }

    /// Hands the counts of a chunk of every lead to `each`.
    pub fn digitise(&self, body: &Body, chunk: &Chunk, room: &mut EcgRoom, mut each: impl FnMut(MetricId, &[i16])) {
        let EcgRoom { samples, counts, limbs } = room;
        if self.leads.iter().any(|(lead, _)| lead.of_limbs().is_some()) {
            for (lead, limb) in [Lead::I, Lead::II].into_iter().zip(limbs.iter_mut()) {
                limb.clear();
                self.measure(lead, body, chunk, samples, limb);
            }
        }
        for &(lead, metric) in &self.leads {
            counts.clear();
            match lead.of_limbs() {
                Some(weights) => derive(weights, limbs, counts),
                None => self.measure(lead, body, chunk, samples, counts),
            }
            each(metric, counts);
        }
    }

    /// Writes a wave of every lead into a message; electrodes that are off let it rail.
    pub(crate) fn say<M: DeviceModel<Room = EcgRoom>>(
        &self,
        body: &Body,
        leads_off: &LeadsOff,
        chunk: &Chunk,
        saying: Saying<'_, M>,
    ) {
        let Saying { clock, mut message, evidence, room, .. } = saying;
        self.digitise(body, chunk, room, |metric, counts| {
            let head = chunk.head(clock, metric, GAIN_MV, 0.0, Quality::Ok);
            message.wave(head, |samples, quality| {
                let start = samples.len();
                samples.extend_from_slice(counts);
                *quality = leads_off.rail(metric, chunk, GAIN_MV, 0.0, &mut samples[start..], evidence);
            });
        });
    }

    /// Appends the counts of a lead that has its own converter.
    fn measure(&self, lead: Lead, body: &Body, chunk: &Chunk, samples: &mut Vec<f32>, out: &mut Vec<i16>) {
        let grid = chunk.grid();
        samples.clear();
        samples.resize(chunk.samples, 0.0);
        add_ecg(body.morphology(), lead, &body.heart().events(), grid, chunk.first_index, samples);
        add_tones(&wander(self.key, lead), grid, chunk.first_index, samples);
        WhiteNoise::new(self.key, noise(lead), NOISE_MV).add(chunk.first_index, samples);
        add_convulsions(body.convulsions(), self.key, cramp(lead), grid, chunk.first_index, samples);
        quantise(samples, GAIN_MV as f32, 0.0, (-RANGE_MV, RANGE_MV), out);
    }
}

/// Half of the weighted sum of leads I and II; a half count goes to the even one.
fn derive([one, two]: [i32; 2], [limb_i, limb_ii]: &[Vec<i16>; 2], out: &mut Vec<i16>) {
    out.extend(limb_i.iter().zip(limb_ii).map(|(&i, &ii)| {
        let doubled = one * i32::from(i) + two * i32::from(ii);
        let lower = doubled >> 1;
        (lower + (doubled & lower & 1)) as i16
    }));
}

/// What the noise of a lead is drawn for.
fn noise(lead: Lead) -> Purpose {
    match lead {
        Lead::I => Purpose::new("ecg.noise.i"),
        Lead::V1 => Purpose::new("ecg.noise.v1"),
        Lead::V2 => Purpose::new("ecg.noise.v2"),
        Lead::V3 => Purpose::new("ecg.noise.v3"),
        Lead::V4 => Purpose::new("ecg.noise.v4"),
        Lead::V5 => Purpose::new("ecg.noise.v5"),
        Lead::V6 => Purpose::new("ecg.noise.v6"),
        Lead::II | Lead::III | Lead::Avr | Lead::Avl | Lead::Avf => Purpose::new("ecg.noise"),
    }
}

/// What the interference of convulsing muscles is drawn for.
fn cramp(lead: Lead) -> Purpose {
    match lead {
        Lead::I => Purpose::new("ecg.cramp.i"),
        Lead::V1 => Purpose::new("ecg.cramp.v1"),
        Lead::V2 => Purpose::new("ecg.cramp.v2"),
        Lead::V3 => Purpose::new("ecg.cramp.v3"),
        Lead::V4 => Purpose::new("ecg.cramp.v4"),
        Lead::V5 => Purpose::new("ecg.cramp.v5"),
        Lead::V6 => Purpose::new("ecg.cramp.v6"),
        Lead::II | Lead::III | Lead::Avr | Lead::Avl | Lead::Avf => Purpose::new("ecg.cramp"),
    }
}

/// The wander of the baseline, which breathing and movement bring into all leads in different strength.
fn wander(device: Key, lead: Lead) -> [Tone; 3] {
    let share = match lead {
        Lead::I => 0.5,
        Lead::V1 | Lead::V2 | Lead::V3 => 0.7,
        _ => 1.0,
    };
    baseline_wander(device, share * WANDER_MV)
}

/// The option by which a device is given its leads.
pub fn leads_option() -> ParameterSpec {
    ParameterSpec::optional(
        LEADS_OPTION,
        ParameterKind::Texts,
        "leads sent: `ecg_i` to `ecg_v6`; `[\"ecg_ii\"]` when absent",
    )
}

/// The leads that a plan gives to a device, lead II when it gives none.
///
/// # Errors
/// When the plan names something that is not a lead, or a lead twice.
pub fn leads_of(plan: &DevicePlan) -> Result<Vec<Lead>, String> {
    let mut leads = Vec::new();
    for name in plan.options.texts(LEADS_OPTION).unwrap_or_default() {
        let lead = MetricId::find(name).and_then(Lead::of_metric).ok_or_else(|| {
            let known = LEADS.map(|lead| lead.metric().id);
            format!("`{name}` is not a lead; leads are {known:?}")
        })?;
        if leads.contains(&lead) {
            return Err(format!("lead `{name}` is given twice"));
        }
        leads.push(lead);
    }
    Ok(if leads.is_empty() { vec![Lead::II] } else { leads })
}

/// Appends `values` as counts of a converter with this gain, offset and range.
pub fn quantise(values: &[f32], gain: f32, offset: f32, range: (f32, f32), out: &mut Vec<i16>) {
    let per_count = 1.0 / gain;
    out.extend(values.iter().map(|value| count_of((value.clamp(range.0, range.1) - offset) * per_count)));
}

/// The nearest count, a half going to the even one; beyond the converter's 16 bits the outermost count.
#[inline]
fn count_of(value: f32) -> i16 {
    /// 1.5 * 2^23: the low bits of a sum with it are the nearest integer, and its own low 16 bits are zero.
    const ROUNDING: f32 = 12_582_912.0;
    (value.clamp(f32::from(i16::MIN), f32::from(i16::MAX)) + ROUNDING).to_bits() as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use physiology::{Build, Sex};

    #[test]
    fn counts_are_the_nearest_whole_numbers() {
        for step in -70_000..70_000 {
            for value in [0.5 * step as f32, 0.5 * step as f32 + 0.49, 0.731 * step as f32] {
                assert_eq!(count_of(value), libm::rintf(value) as i16, "{value}");
            }
        }
        assert_eq!((count_of(f32::INFINITY), count_of(f32::NEG_INFINITY), count_of(f32::NAN)), (i16::MAX, i16::MIN, 0));
    }

    /// Einthoven's and Goldberger's identities hold within one count, noise and all.
    #[test]
    fn limb_leads_agree_within_one_count() {
        let build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };
        let mut body = Body::new(&build, Key::new(1, "icu/1"), &[], 12_000_000_000);
        for _ in 0..100 {
            body.step();
        }
        let front_end = EcgFrontEnd::new(Key::new(1, "icu/1/patch"), &Lead::ALL);
        let chunk = Chunk { first_index: 0, stream_first: 0, samples: 2_500, rate_mhz: 250_000 };
        let mut leads = Vec::new();
        front_end.digitise(&body, &chunk, &mut EcgRoom::default(), |_, counts| leads.push(counts.to_vec()));
        assert_eq!(leads.len(), 12);
        let limbs = leads[0].iter().zip(&leads[1]).zip(&leads[2]);
        let augmented = leads[3].iter().zip(&leads[4]).zip(&leads[5]);
        for (((one, two), three), ((avr, avl), avf)) in limbs.zip(augmented) {
            let [one, two, three, avr, avl, avf] = [one, two, three, avr, avl, avf].map(|count| i32::from(*count));
            assert_eq!(one + three, two);
            assert!((avr + avl + avf).abs() <= 1);
            assert!((2 * avr + one + two).abs() <= 1 && (2 * avl - 2 * one + two).abs() <= 1);
        }
        assert!(leads[0].iter().max() > Some(&300));
    }
}
