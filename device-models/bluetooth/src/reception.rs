//! What a gateway reads out of the values it has heard.

use ble::pdu::att::Uuid;
use ble::services::{
    battery, blood_pressure, continuous_glucose, ecg_stream, glucose, health_thermometer, heart_rate, insulin_delivery,
    pulse_oximeter, weight_scale,
};
use insulin_delivery::Therapy;
use vocabulary::{MetricId, Quality, Reading, Wave, metrics};

use super::profiles::{ANNUNCIATIONS, CGM_SENSOR, ECG_LEAD_OFF, ECG_LEADS, SITES, cgm_quality, oximeter_quality};

/// What one value, or the packets of one message, say.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Reception {
    pub(super) readings: Vec<Reading>,
    pub(super) waves: Vec<HeardWave>,
    /// All intervals between beats [ms]; the readings hold the last one.
    pub(super) intervals_ms: Vec<f64>,
}

/// Samples of one lead.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeardWave {
    pub(super) metric: MetricId,
    pub(super) first_ms: i64,
    pub(super) quality: Quality,
    pub(super) scale: Scale,
    pub(super) samples: Vec<i16>,
}

impl HeardWave {
    /// As a message has it.
    pub(super) fn as_wave(&self) -> Wave<'_> {
        Wave {
            metric: self.metric,
            first_ms: self.first_ms,
            rate_mhz: self.scale.rate_mhz,
            gain: self.scale.gain,
            offset: self.scale.offset,
            samples: &self.samples,
            quality: self.quality,
        }
    }
}

/// What the samples of a patch mean; a gateway has it from the characteristic that tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) rate_mhz: u32,
    pub(super) gain: f64,
    pub(super) offset: f64,
}

impl Reception {
    fn of(readings: Vec<Reading>) -> Self {
        Self { readings, ..Self::default() }
    }
}

/// Reads a value. `None` when it is not what the characteristic holds.
pub(super) fn read(service: Uuid, characteristic: Uuid, octets: &[u8]) -> Option<Reception> {
    match (service, characteristic) {
        (battery::SERVICE, battery::LEVEL) => {
            let level = battery::decode(octets)?;
            Some(Reception::of(vec![Reading::number(metrics::BATTERY, f64::from(level))]))
        }
        (heart_rate::SERVICE, heart_rate::MEASUREMENT) => read_heart_rate(octets),
        (pulse_oximeter::SERVICE, pulse_oximeter::CONTINUOUS) => {
            let heard = pulse_oximeter::decode_continuous(octets)?;
            Some(read_saturation(heard.normal, heard.quality))
        }
        (pulse_oximeter::SERVICE, pulse_oximeter::SPOT_CHECK) => {
            let heard = pulse_oximeter::decode_spot_check(octets)?;
            Some(read_saturation(heard.saturation, heard.quality))
        }
        (blood_pressure::SERVICE, blood_pressure::MEASUREMENT) => {
            let heard = blood_pressure::Measurement::decode(octets)?;
            let mut readings = vec![
                number(metrics::NIBP_SYS, heard.systolic_mmhg),
                number(metrics::NIBP_DIA, heard.diastolic_mmhg),
                number(metrics::NIBP_MEAN, heard.mean_mmhg),
            ];
            readings.extend(heard.pulse_per_min.map(|pulse| number(metrics::PR_NIBP, pulse)));
            Some(Reception::of(readings))
        }
        (health_thermometer::SERVICE, health_thermometer::MEASUREMENT) => {
            let heard = health_thermometer::Measurement::decode(octets)?;
            let known = SITES.into_iter().find(|(_, site)| heard.site == Some(*site));
            let metric = known.map_or(metrics::TEMP_BODY, |(metric, _)| metric);
            Some(Reception::of(vec![number(metric, heard.temperature_celsius)]))
        }
        (weight_scale::SERVICE, weight_scale::MEASUREMENT) => {
            let heard = weight_scale::Measurement::decode(octets)?;
            let mut readings = vec![number(metrics::WEIGHT, heard.weight_kg.unwrap_or(f64::NAN))];
            if let Some((index, height_m)) = heard.index_and_height {
                readings.extend([number(metrics::BMI, index), number(metrics::HEIGHT, height_m * 100.0)]);
            }
            Some(Reception::of(readings))
        }
        (glucose::SERVICE, glucose::MEASUREMENT) => {
            let heard = glucose::Measurement::decode(octets)?;
            let glucose_mg_dl = heard.glucose_mg_dl.map_or(f64::NAN, |(glucose_mg_dl, _)| glucose_mg_dl);
            Some(Reception::of(vec![number(metrics::GLUCOSE_CAP, glucose_mg_dl)]))
        }
        (continuous_glucose::SERVICE, continuous_glucose::MEASUREMENT) => {
            let heard = continuous_glucose::Measurement::decode(octets, CGM_SENSOR.has_checksums())?;
            let quality = cgm_quality(heard.status);
            let glucose = number(metrics::GLUCOSE_ISF, heard.glucose_mg_dl);
            let glucose = if quality == Quality::Ok { glucose } else { glucose.with_quality(quality) };
            let mut readings = vec![glucose];
            readings.extend(heard.trend_mg_dl_min.map(|trend| number(metrics::GLUCOSE_TREND, trend)));
            Some(Reception::of(readings))
        }
        (insulin_delivery::SERVICE, insulin_delivery::STATUS) => {
            let heard = insulin_delivery::decode_status(octets)?;
            let state = match heard.therapy {
                Therapy::Undetermined => "unknown",
                Therapy::Stop => "stopped",
                Therapy::Pause => "suspended",
                Therapy::Run => "infusing",
            };
            let status = Reading::code(metrics::INF_STATUS, state);
            Some(Reception::of(vec![number(metrics::INS_RESERVOIR, heard.reservoir_iu), status]))
        }
        (insulin_delivery::SERVICE, insulin_delivery::ANNUNCIATION) => {
            let heard = insulin_delivery::decode_annunciation(octets)?;
            let word = heard.map(|heard| {
                let known = ANNUNCIATIONS.into_iter().find(|(_, kind)| *kind == heard.kind);
                known.map_or("other", |(word, _)| word)
            });
            Some(Reception::of(vec![Reading::code(metrics::ALARM, word.unwrap_or("none"))]))
        }
        _ => None,
    }
}

fn read_heart_rate(octets: &[u8]) -> Option<Reception> {
    let heard = heart_rate::Measurement::decode(octets)?;
    let rate = metrics::HR;
    let reading = if heard.contact == Some(false) && heard.rate_per_min == 0 {
        Reading::missing(rate, Quality::NotAvailable)
    } else {
        let quality = if heard.contact == Some(false) { Quality::Invalid } else { Quality::Ok };
        Reading::number(rate, f64::from(heard.rate_per_min)).with_quality(quality)
    };
    let intervals_ms: Vec<f64> = heard.rr_s.iter().map(|rr_s| libm::round(rr_s * 1000.0)).collect();
    let mut readings = vec![reading];
    readings.extend(intervals_ms.last().map(|rr_ms| number(metrics::RR_INTERVAL, *rr_ms)));
    Some(Reception { readings, waves: Vec::new(), intervals_ms })
}

fn read_saturation(saturation: pulse_oximeter::Saturation, quality: pulse_oximeter::Quality) -> Reception {
    let trust = oximeter_quality(quality.measurement_status);
    let seen = |metric, value: f64| {
        let reading = number(metric, value);
        if value.is_finite() && trust != Quality::Ok { reading.with_quality(trust) } else { reading }
    };
    let mut readings = vec![seen(metrics::SPO2, saturation.spo2_percent), seen(metrics::PR, saturation.pulse_per_min)];
    readings.extend(quality.amplitude_percent.map(|index| seen(metrics::PERF_IDX, index)));
    Reception::of(readings)
}

/// A number, or none where the value says that nothing could be measured.
fn number(metric: MetricId, value: f64) -> Reading {
    if value.is_finite() { Reading::number(metric, value) } else { Reading::missing(metric, Quality::NotAvailable) }
}

/// Joins the packets of an ECG message, in their order.
pub(super) fn join_ecg(packets: &[Vec<u8>], scale: Scale, first_ms: i64) -> Option<Reception> {
    let packets: Option<Vec<ecg_stream::Packet>> =
        packets.iter().map(|octets| ecg_stream::Packet::decode(octets)).collect();
    let packets = packets?;
    let leads = packets.first()?.leads;
    if packets.iter().any(|packet| packet.leads != leads) {
        return None;
    }
    let is_off = packets.iter().any(|packet| packet.status & ECG_LEAD_OFF != 0);
    let quality = if is_off { Quality::Invalid } else { Quality::Ok };
    let count = ecg_stream::lead_count(leads);
    let present = ECG_LEADS.into_iter().enumerate().filter(|(bit, _)| leads >> bit & 1 != 0);
    let waves = present
        .enumerate()
        .map(|(position, (_, metric))| HeardWave {
            metric,
            first_ms,
            quality,
            scale,
            samples: packets
                .iter()
                .flat_map(|packet| packet.counts.iter().skip(position).step_by(count.max(1)).copied())
                .collect(),
        })
        .collect();
    Some(Reception { readings: Vec::new(), waves, intervals_ms: Vec::new() })
}
