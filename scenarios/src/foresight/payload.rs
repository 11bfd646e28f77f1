//! Whether payload formats can say what devices say, and read it back: each is tried with messages of every stream of the
//! devices that use it, before anything is sent.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::BytesMut;
use sim_core::{Cadence, DeviceSpec, Registry, StreamKind, StreamSpec};
use vocabulary::{
    AskedMetric, DeviceIdentity, Format, FormatFlaw, KeyError, Message, MetricId, MetricKind, Origin, PatientIdentity,
    Quality, Reading, Wave,
};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::suggestion::hint;
use crate::network::connection::LinkBody;
use crate::network::link::LinkDraft;
use crate::network::payload::{PayloadBody, PayloadDraft};
use crate::people::cohort::{CohortDraft, DeviceDraft};
use crate::people::identity::{device_identity, patient_id_of, patient_identity, serial_of};
use crate::plan::Carrier;

/// Samples of a wave in a message that only tries a format; a format that can say a few can say all.
const MOST_SAMPLES: u32 = 8;
/// Sequence number of such a message, which no field that is nothing shows by chance.
const SEQUENCE: u64 = 17;
/// Further ones, which a counter that begins anew after an octet, two or four does not show as they are.
const LARGE_SEQUENCES: [u64; 3] = [300, 70_000, 5_000_000_000];
/// Into the second, so that a format that drops milliseconds shows it [ms].
const INTO_THE_SECOND_MS: i64 = 123;
/// Octets of a payload that a complaint shows.
const SHOWN: usize = 200;
/// A coded value that is none of any device.
const CODE: &str = "sample";

/// The parts that are checked.
#[derive(Debug)]
pub(crate) struct Trials<'a> {
    pub(crate) notes: &'a Notes,
    pub(crate) registry: &'a Registry,
    pub(crate) payloads: &'a [PayloadDraft],
    pub(crate) links: &'a [LinkDraft],
    pub(crate) cohorts: &'a [CohortDraft],
    pub(crate) seed: u64,
    pub(crate) epoch_ns: i64,
}

/// What a message holds that tries a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fullness {
    /// A value of each metric.
    Full,
    /// Each metric, none with a value.
    Missing,
    /// Nothing, as an event may.
    Empty,
}

impl Trials<'_> {
    /// Complains about formats that cannot do what the devices need, at their texts; and tells which are used by nobody.
    pub(crate) fn check(&self) {
        let mut said: Vec<BTreeSet<MetricId>> = vec![BTreeSet::new(); self.payloads.len()];
        let mut used = vec![false; self.payloads.len()];
        for (_, device, link) in self.devices() {
            if let (Some(own), Some(kind)) = (self.own_format(link), self.registry.device(&device.kind)) {
                used[own] = true;
                let streams = device.streams.iter();
                said[own].extend(streams.flat_map(|(index, ..)| kind.streams[*index].metrics_of(&device.options)));
            }
        }
        let sound = |(payload, said): (&PayloadDraft, &BTreeSet<MetricId>)| {
            payload.body.as_ref().is_ok_and(|body| self.check_names(body, said).is_ok())
        };
        let sound: Vec<bool> = self.payloads.iter().zip(&said).map(sound).collect();
        for (cohort, device, link) in self.devices() {
            if self.own_format(link).is_none_or(|own| sound[own]) {
                self.check_device(cohort, device, link);
            }
        }
        // A file that is included may well hold more than one scenario needs.
        let is_own = |payload: &PayloadDraft| payload.body.is_ok() && !self.notes.is_included(payload.id.place);
        for (payload, _) in self.payloads.iter().zip(used).filter(|(payload, used)| !used && is_own(payload)) {
            let message = format!("no device has a link with `format = \"{}\"`, so it is not tried", payload.id.value);
            self.notes.warning(payload.id.place, message);
        }
    }

    /// The devices that say messages of a format, each with its link.
    fn devices(&self) -> impl Iterator<Item = (&CohortDraft, &DeviceDraft, &LinkBody)> {
        let devices = self.cohorts.iter().flat_map(|cohort| cohort.devices.iter().map(move |device| (cohort, device)));
        devices.filter_map(|(cohort, device)| {
            let link = self.links[device.link].body.as_ref().ok()?;
            (link.plan.carrier == Carrier::Connection).then_some((cohort, device, link))
        })
    }

    /// Which of the scenario's own formats a link has.
    fn own_format(&self, link: &LinkBody) -> Option<usize> {
        self.payloads.iter().position(|payload| payload.id.value == link.plan.format)
    }

    /// Complains about metrics that a text names and nobody says: they would be empty in every message.
    fn check_names(&self, body: &PayloadBody, said: &BTreeSet<MetricId>) -> Checked<()> {
        let mut outcome = Ok(());
        for AskedMetric { parameter, at, id } in body.format.asks_for() {
            let metric = MetricId::find(&id);
            let reason = if metric.is_none() {
                let all: Vec<&str> = MetricId::all().map(|metric| metric.metric().id).collect();
                format!("there is no metric `{id}`{}", hint(&id, "metrics", all))
            } else if said.is_empty() || metric.is_some_and(|metric| said.contains(&metric)) {
                continue;
            } else {
                let names: Vec<&str> = said.iter().map(|metric| metric.metric().id).collect();
                let list = names.join(", ");
                format!("no stream of this format says `{id}`, so it would be empty in every message; they say {list}")
            };
            let flaw = FormatFlaw { parameter: Some(parameter), at, reason };
            outcome = Err(self.notes.error(body.texts.place(&flaw), flaw.reason));
        }
        outcome
    }

    fn check_device(&self, cohort: &CohortDraft, device: &DeviceDraft, link: &LinkBody) {
        let Some(kind) = self.registry.device(&device.kind) else { return };
        let body = self.own_format(link).and_then(|own| self.payloads[own].body.as_ref().ok());
        let fixed = || self.registry.format(&link.plan.format)?.as_fixed();
        let Some(format) = body.map(|body| &body.format).or_else(fixed) else { return };
        let carrier = self.registry.carrier(&link.plan.over);
        for (kind_index, cadence, _) in &device.streams {
            let stream = &kind.streams[*kind_index];
            let mut shapes = vec![Fullness::Full, Fullness::Missing];
            if stream.kind == StreamKind::Event {
                shapes.push(Fullness::Empty);
            }
            for shape in shapes {
                let trial = Trial { cohort, device, link, kind, stream, cadence: *cadence, shape };
                let sequences: &[u64] = if shape == Fullness::Full { &LARGE_SEQUENCES } else { &[] };
                let mut payloads =
                    [SEQUENCE].iter().chain(sequences).map(|sequence| self.trial(&trial, *sequence, format));
                let flaw = payloads.find_map(|tried| match tried {
                    Ok(payload) => Some(Err((carrier?.checks.payload)(&payload).err()?)),
                    Err(flaw) => Some(Ok(flaw)),
                });
                match flaw {
                    None => {}
                    Some(Ok(flaw)) => {
                        self.notes.error(place_of(body, device, &flaw), flaw.reason);
                        break;
                    }
                    // What the carrier does not take of one stream it takes of none.
                    Some(Err(reason)) => {
                        let message = format!("format `{}`: {reason}", link.plan.format);
                        self.notes.error(device.link_place, message);
                        return;
                    }
                }
            }
        }
    }

    /// Lets a format say one message and read it back; gives what it has written.
    fn trial(&self, trial: &Trial<'_>, sequence: u64, format: &Arc<dyn Format>) -> Result<BytesMut, FormatFlaw> {
        let path = format!("{}/1/{}", trial.cohort.id, trial.device.id);
        let patient_path = format!("{}/1", trial.cohort.id);
        let patient_id = patient_id_of(&trial.cohort.id, 1);
        let serial = serial_of(&patient_id, &trial.device.id);
        let arguments = trial.cohort.patient.arguments(self.seed, &patient_path);
        let patient: PatientIdentity = patient_identity(self.seed, &patient_path, &arguments, self.epoch_ns);
        let device: DeviceIdentity = device_identity(self.seed, &path, trial.kind.kind);
        let time_ms = self.epoch_ns.div_euclid(1_000_000) + INTO_THE_SECOND_MS;
        let samples: Vec<i16> = (0..trial.samples()).map(|index| index as i16).collect();
        let message = Message {
            device_serial: &serial,
            patient_id: Some(&patient_id),
            stream: trial.stream.id,
            sequence,
            device_time_ms: time_ms,
            readings: &trial.readings(),
            waves: &trial.waves(time_ms, &samples),
            origin: Origin { device_kind: trial.kind.kind, device: Some(&device), patient: Some(&patient), run: "" },
        };
        let mut payload = BytesMut::new();
        let of = format!("a message of `{}`, stream `{}`", trial.kind.kind, trial.stream.id);
        format
            .try_encode(&message, &mut payload)
            .map_err(|flaw| FormatFlaw { reason: format!("{}; it was tried with {of}", flaw.reason), ..flaw })?;
        let whole = |reason: String| FormatFlaw { parameter: format.read_by(), at: 0, reason };
        let key = match format.key(&payload) {
            Ok(key) => key,
            Err(KeyError::Absent) => return Ok(payload),
            Err(KeyError::Unreadable { reason }) => {
                return Err(whole(format!("{of} does not read back: {reason}; it was written as {}", shown(&payload))));
            }
        };
        if key.stream.is_empty() && trial.device.streams.len() > 1 && !trial.link.topic.names_stream() {
            let streams = trial.device.streams.len();
            return Err(whole(format!(
                "it tells no `stream`, and the topic is the same for all {streams} streams of `{}`: nobody could tell which \
                 message is which; put `${{stream}}` into the topic, or the stream into the payload",
                trial.kind.kind
            )));
        }
        let differences = [
            differs_if_told("serial number", &key.device_serial, &serial),
            differs_if_told("stream", &key.stream, trial.stream.id),
            key.patient_id.and_then(|read| differs("patient", &*read, &patient_id)),
            key.sequence.and_then(|read| {
                differs("sequence number", &read, &sequence).map(|told| told + begins_anew(read, sequence))
            }),
            key.device_time_ms.and_then(|read| {
                differs("time in ms", &read, &time_ms).map(|told| told + whole_seconds(read, time_ms, key.sequence))
            }),
        ];
        match differences.into_iter().flatten().next() {
            Some(difference) => {
                Err(whole(format!("{of} does not read back: {difference}; it was written as {}", shown(&payload))))
            }
            None => Ok(payload),
        }
    }
}

/// One message that tries a format.
#[derive(Debug)]
struct Trial<'a> {
    cohort: &'a CohortDraft,
    device: &'a DeviceDraft,
    link: &'a LinkBody,
    kind: &'a DeviceSpec,
    stream: &'a StreamSpec,
    cadence: Cadence,
    shape: Fullness,
}

impl Trial<'_> {
    fn samples(&self) -> u32 {
        match (self.cadence, self.shape) {
            (Cadence::Sampled { samples, .. }, Fullness::Full) => samples.min(MOST_SAMPLES),
            _ => 0,
        }
    }

    /// What the device carries of the stream: a patch of one lead says nothing of the other eleven.
    fn metrics(&self) -> impl Iterator<Item = MetricId> {
        self.stream.metrics_of(&self.device.options).into_iter()
    }

    fn readings(&self) -> Vec<Reading> {
        if self.shape == Fullness::Empty {
            return Vec::new();
        }
        let metrics = self.metrics().filter(|metric| metric.metric().kind != MetricKind::Waveform);
        metrics
            .map(|id| match (self.shape, id.metric().kind) {
                (Fullness::Missing, _) => Reading::missing(id, Quality::NotAvailable),
                (_, MetricKind::Coded) => Reading::code(id, CODE),
                _ => {
                    let (lowest, highest) = id.metric().device_range.unwrap_or((0.0, 100.0));
                    Reading::number(id, f64::midpoint(lowest, highest))
                }
            })
            .collect()
    }

    fn waves<'s>(&self, first_ms: i64, samples: &'s [i16]) -> Vec<Wave<'s>> {
        let Cadence::Sampled { rate_mhz, .. } = self.cadence else { return Vec::new() };
        let metrics = self.metrics().filter(|metric| metric.metric().kind == MetricKind::Waveform);
        let quality = if self.shape == Fullness::Full { Quality::Ok } else { Quality::NotAvailable };
        metrics
            .map(|metric| Wave {
                metric,
                first_ms,
                rate_mhz,
                gain: metric.metric().resolution.unwrap_or(1.0),
                offset: 0.0,
                samples,
                quality,
            })
            .collect()
    }
}

/// Where a flaw is told: at the text of a format of the scenario's own, else at the device that has the link.
fn place_of(body: Option<&PayloadBody>, device: &DeviceDraft, flaw: &FormatFlaw) -> Place {
    body.map_or(device.link_place, |body| body.texts.place(flaw))
}

fn differs<T: PartialEq + std::fmt::Display + ?Sized>(what: &str, read: &T, said: &T) -> Option<String> {
    (read != said).then(|| format!("its {what} is `{said}` and is read as `{read}`"))
}

/// The same, of what a payload may leave to its topic.
fn differs_if_told(what: &str, read: &str, said: &str) -> Option<String> {
    if read.is_empty() { None } else { differs(what, read, said) }
}

/// What mends a counter that begins anew, by the number that it shows.
const fn begins_anew(read: u64, said: u64) -> &'static str {
    if read < said && said > SEQUENCE {
        " (a counter that begins anew names several messages; take `sequence` out, and let `time` tell which message it is)"
    } else {
        ""
    }
}

/// What mends a time without its milliseconds.
const fn whole_seconds(read_ms: i64, said_ms: i64, sequence: Option<u64>) -> &'static str {
    match (read_ms == said_ms - INTO_THE_SECOND_MS, sequence) {
        (true, Some(_)) => " (it is in whole seconds; take `time` out, for `sequence` tells which message it is)",
        (true, None) => " (it is in whole seconds; write `time.ms` or `time.rfc3339`, or a `sequence` besides)",
        _ => "",
    }
}

/// A payload for people.
fn shown(payload: &[u8]) -> String {
    let text = String::from_utf8_lossy(payload);
    let mut characters = text.chars();
    let head: String = characters.by_ref().take(SHOWN).collect();
    let more = if characters.next().is_some() { " ..." } else { "" };
    format!("`{}{more}`", head.replace('\n', "\\n"))
}
