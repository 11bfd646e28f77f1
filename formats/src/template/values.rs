//! What a template can name. Nothing is made before it is asked for, so a template pays for what it uses.

use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use vocabulary::{
    DeviceIdentity, Message, MetricId, MetricKind, Origin, OwnedWave, PatientIdentity, Quality, Reading,
    Value as Measured,
};

use super::number::{decimals_of_gain, rounded, rounded_text};
use crate::instant::{hl7, rfc3339};

/// Every name, and what it stands for.
pub const VARIABLES: &[(&str, &str)] = &[
    ("device.serial, .kind", "serial number, unique in the run; device kind, such as `pulse_oximeter`"),
    ("device.manufacturer, .model, .firmware, .canary", "label of the device, invented; a word that nothing else says"),
    ("patient.id", "identifier of the patient, unique in the run; `null` where the device knows none"),
    (
        "patient.given_name, .family_name, .sex, .birth_date, .record_number, .canary",
        "wristband of the patient, invented; `null` as above",
    ),
    ("stream", "stream id"),
    ("sequence", "number of the message within device and stream, from 0"),
    (
        "time.ms, .us, .ns, .s",
        "device time since the Unix epoch: whole milliseconds and the like, seconds with decimals",
    ),
    ("time.rfc3339, .hl7", "`2026-01-15T10:00:00.123Z`, `20260115100000.123+0000`"),
    ("metrics.ID", "a metric by its id, as `metrics.spo2`; true where it has a value, and printed as that value"),
    ("metrics.ID.value, .text", "rounded as the device reports it: a number, a word, or `null`; the same as a text"),
    ("metrics.ID.id, .name, .unit, .quality", "short name, name for people, UCUM unit, and `ok`, `questionable` ..."),
    ("metrics.ID.mdc, .mdc_name, .loinc, .snomed", "codes; `null` where there is none"),
    ("readings", "every metric of the message, in the device's order, each as above"),
    ("waves", "every run of samples: `.id`, `.name`, `.unit`, `.quality` and codes as above"),
    ("waves[0].start.ms", "time of the first sample, in every form of `time`"),
    ("waves[0].rate_hz, .period_ms, .gain, .offset", "sampling; a sample is `offset + gain * count`"),
    (
        "waves[0].counts, .samples, .times",
        "lists of counts, of values in the unit, and of the times of the samples (RFC 3339, to the millisecond)",
    ),
    ("quality", "the words of those metrics and waves whose quality is not ok, by id"),
    ("run", "a word that is different in every run; empty in `iomt fingerprint` and `iomt record`"),
];

/// A message as the context of a template.
pub(super) fn of(message: &Message<'_>) -> Value {
    let Origin { device_kind, device, patient, run } = message.origin;
    Value::from_object(Said {
        serial: message.device_serial.to_owned(),
        kind: device_kind.to_owned(),
        device: device.cloned().unwrap_or_default(),
        patient_id: message.patient_id.map(str::to_owned),
        patient: patient.cloned(),
        stream: message.stream.to_owned(),
        sequence: message.sequence,
        time_ms: message.device_time_ms,
        metrics: Arc::new(Metrics(message.readings.to_vec())),
        waves: message
            .waves
            .iter()
            .map(|wave| {
                let wave = OwnedWave {
                    metric: wave.metric,
                    first_ms: wave.first_ms,
                    rate_mhz: wave.rate_mhz,
                    gain: wave.gain,
                    offset: wave.offset,
                    samples: wave.samples.to_vec(),
                    quality: wave.quality,
                };
                Arc::new(WaveValue(Arc::new(wave)))
            })
            .collect(),
        run: run.to_owned(),
    })
}

/// The names of one object, all of them known beforehand.
macro_rules! names {
    ($($name:literal),* $(,)?) => {
        fn enumerate(self: &Arc<Self>) -> Enumerator {
            Enumerator::Str(&[$($name),*])
        }

        fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
            self.get_value_by_str(key.as_str()?)
        }
    };
}

#[derive(Debug)]
struct Said {
    serial: String,
    kind: String,
    device: DeviceIdentity,
    patient_id: Option<String>,
    patient: Option<PatientIdentity>,
    stream: String,
    sequence: u64,
    time_ms: i64,
    metrics: Arc<Metrics>,
    waves: Vec<Arc<WaveValue>>,
    run: String,
}

impl Object for Said {
    names!("device", "patient", "stream", "sequence", "time", "metrics", "readings", "waves", "quality", "run");

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        Some(match key {
            "device" => Value::from_object(DeviceValue(Arc::clone(self))),
            "patient" => Value::from_object(PatientValue(Arc::clone(self))),
            "stream" => Value::from(self.stream.as_str()),
            "sequence" => Value::from(self.sequence),
            "time" => Value::from_object(Instant(self.time_ms)),
            "metrics" => Value::from_dyn_object(Arc::clone(&self.metrics)),
            "readings" => self.metrics.0.iter().map(|reading| Value::from_object(MetricValue(*reading))).collect(),
            "waves" => self.waves.iter().map(|wave| Value::from_dyn_object(Arc::clone(wave))).collect(),
            "quality" => self.quality(),
            "run" => Value::from(self.run.as_str()),
            _ => return None,
        })
    }
}

impl Said {
    fn quality(&self) -> Value {
        let readings = self.metrics.0.iter().map(|reading| (reading.metric, reading.quality));
        let waves = self.waves.iter().map(|wave| (wave.0.metric, wave.0.quality));
        let doubtful = readings.chain(waves).filter(|(_, quality)| *quality != Quality::Ok);
        Value::from_pairs(doubtful.map(|(id, quality)| (id.metric().id, quality.word())))
    }
}

/// The label of a device.
#[derive(Debug)]
struct DeviceValue(Arc<Said>);

impl Object for DeviceValue {
    names!("serial", "kind", "manufacturer", "model", "firmware", "canary");

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let DeviceIdentity { manufacturer, model, firmware, canary } = &self.0.device;
        Some(Value::from(match key {
            "serial" => self.0.serial.as_str(),
            "kind" => &self.0.kind,
            "manufacturer" => manufacturer,
            "model" => model,
            "firmware" => firmware,
            "canary" => canary,
            _ => return None,
        }))
    }
}

/// The wristband of a patient.
#[derive(Debug)]
struct PatientValue(Arc<Said>);

impl Object for PatientValue {
    names!("id", "given_name", "family_name", "sex", "birth_date", "record_number", "canary");

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let of =
            |part: fn(&PatientIdentity) -> &String| optional(self.0.patient.as_ref().map(part).map(String::as_str));
        Some(match key {
            "id" => optional(self.0.patient_id.as_deref()),
            "given_name" => of(|patient| &patient.given_name),
            "family_name" => of(|patient| &patient.family_name),
            "sex" => of(|patient| &patient.sex),
            "birth_date" => of(|patient| &patient.birth_date),
            "record_number" => of(|patient| &patient.record_number),
            "canary" => of(|patient| &patient.canary),
            _ => return None,
        })
    }
}

/// An instant [ms since the Unix epoch].
#[derive(Debug)]
struct Instant(i64);

impl Object for Instant {
    names!("ms", "us", "ns", "s", "rfc3339", "hl7");

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let ms = self.0;
        Some(match key {
            "ms" => Value::from(ms),
            "us" => Value::from(i128::from(ms) * 1_000),
            "ns" => Value::from(i128::from(ms) * 1_000_000),
            "s" => rounded(ms as f64 / 1e3, 3),
            "rfc3339" => Value::from(rfc3339(ms)),
            "hl7" => Value::from(hl7(ms)),
            _ => return None,
        })
    }
}

/// The metrics of a message, by id. One that the message does not have is there without a value, since a device may leave
/// it out; one that nobody knows is not.
#[derive(Debug)]
struct Metrics(Vec<Reading>);

impl Object for Metrics {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let said = self.0.iter().find(|reading| reading.metric.metric().id == key).copied();
        let reading = said.or_else(|| {
            let metric = MetricId::find(key)?;
            Some(Reading::missing(metric, Quality::NotAvailable))
        })?;
        Some(Value::from_object(MetricValue(reading)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let ids: Vec<Value> = self.0.iter().map(|reading| Value::from(reading.metric.metric().id)).collect();
        Enumerator::Iter(Box::new(ids.into_iter()))
    }
}

/// One metric of a message.
#[derive(Debug)]
pub(super) struct MetricValue(Reading);

impl MetricValue {
    /// Its value as the device reports it.
    pub(super) fn value(&self) -> Value {
        match self.0.value {
            Measured::Number(value) => rounded(value, self.0.metric.metric().decimals),
            Measured::Code(code) => Value::from(code),
            Measured::Missing => Value::from(()),
        }
    }

    fn text(&self) -> Option<String> {
        match self.0.value {
            Measured::Number(value) => rounded_text(value, self.0.metric.metric().decimals),
            Measured::Code(code) => Some(code.to_owned()),
            Measured::Missing => None,
        }
    }
}

impl Object for MetricValue {
    names!("id", "name", "value", "text", "unit", "quality", "is_coded", "mdc", "mdc_name", "loinc", "snomed");

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let Reading { metric, quality, .. } = self.0;
        Some(match key {
            "value" => self.value(),
            "text" => optional(self.text().as_deref()),
            "quality" => Value::from(quality.word()),
            "is_coded" => Value::from(metric.metric().kind == MetricKind::Coded),
            other => return described(metric, other),
        })
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.text().is_some()
    }

    fn render(self: &Arc<Self>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text().as_deref().unwrap_or("null"))
    }
}

/// What the table of metrics says of one.
fn described(metric: MetricId, key: &str) -> Option<Value> {
    let row = metric.metric();
    Some(match key {
        "id" => Value::from(row.id),
        "name" => Value::from(row.display),
        "unit" => optional(row.ucum),
        "mdc" => row.mdc_code.map_or_else(|| Value::from(()), Value::from),
        "mdc_name" => optional(row.mdc_refid),
        "loinc" => optional(row.loinc),
        "snomed" => optional(row.snomed),
        _ => return None,
    })
}

fn optional(text: Option<&str>) -> Value {
    text.map_or_else(|| Value::from(()), Value::from)
}

/// A run of samples.
#[derive(Debug)]
struct WaveValue(Arc<OwnedWave>);

impl Object for WaveValue {
    names!(
        "id",
        "name",
        "unit",
        "quality",
        "start",
        "rate_hz",
        "period_ms",
        "gain",
        "offset",
        "counts",
        "samples",
        "times",
        "mdc",
        "mdc_name",
        "loinc",
        "snomed",
    );

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let wave = &self.0;
        Some(match key {
            "quality" => Value::from(wave.quality.word()),
            "start" => Value::from_object(Instant(wave.first_ms)),
            "rate_hz" => rounded(f64::from(wave.rate_mhz) / 1e3, 3),
            "period_ms" => rounded(1e6 / f64::from(wave.rate_mhz.max(1)), 6),
            "gain" => Value::from(wave.gain),
            "offset" => rounded(wave.offset, decimals_of_gain(wave.gain)),
            "counts" => Value::from_object(Samples { wave: Arc::clone(wave), what: Part::Counts }),
            "samples" => Value::from_object(Samples { wave: Arc::clone(wave), what: Part::Values }),
            "times" => Value::from_object(Samples { wave: Arc::clone(wave), what: Part::Times }),
            other => return described(wave.metric, other),
        })
    }
}

/// The samples of a wave, or when they were.
#[derive(Debug)]
struct Samples {
    wave: Arc<OwnedWave>,
    what: Part,
}

/// What of samples is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Counts,
    /// In the unit of the wave.
    Values,
    /// RFC 3339.
    Times,
}

impl Object for Samples {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let index = key.as_usize()?;
        let count = *self.wave.samples.get(index)?;
        let OwnedWave { gain, offset, first_ms, rate_mhz, .. } = &*self.wave;
        Some(match self.what {
            Part::Counts => Value::from(count),
            Part::Values => rounded(offset + gain * f64::from(count), decimals_of_gain(*gain)),
            Part::Times => {
                let after_ms = (index as u64).saturating_mul(1_000_000) / u64::from((*rate_mhz).max(1));
                Value::from(rfc3339(first_ms.saturating_add_unsigned(after_ms)))
            }
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.wave.samples.len())
    }
}
