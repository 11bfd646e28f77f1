//! ORU^R01 (IHE PCD-01): what a device measures.

use bytes::BytesMut;
use vocabulary::{Message, Metric, Quality, Reading, Value, Wave};

use super::containment::{MODULES, Term, device, module_of};
use super::equipment::{eui64, identifier};
use super::header::{Header, LOCAL, OBSERVATIONS};
use super::patient;
use super::segment_writer::SegmentWriter;
use crate::decimal::{sample_decimals, scaled, write_rounded};
use crate::instant::hl7;

/// Nomenclature of IEEE 11073-10101, as HL7 table 0396 names it.
pub(super) const MDC: &str = "MDC";
/// Status of an observation (HL7 table 0085): as the device has measured it, and without a result.
pub(super) const RAW: &str = "R";
pub(super) const NO_RESULT: &str = "X";
/// Monitoring of a patient (SNOMED CT), what every such report is of.
const MONITORING: [&str; 3] = ["182777000", "monitoring of patient", "SCT"];
/// How long a sample lasts (IEEE 11073-10101).
const SAMPLE_PERIOD: Term = Term { code: 67_981, refid: "MDC_ATTR_TIME_PD_SAMP" };
const MILLISECONDS: [&str; 3] = ["264338", "MDC_DIM_MILLI_SEC", MDC];
/// What the label of a device says (IEEE 11073-10101, partition 8).
const MAKER: Term = Term { code: 531_970, refid: "MDC_ID_MODEL_MANUFACTURER" };
const MODEL: Term = Term { code: 531_969, refid: "MDC_ID_MODEL_NUMBER" };
const FIRMWARE: Term = Term { code: 531_976, refid: "MDC_ID_PROD_SPEC_FW" };

/// The most decimals that a number of a wave and the length of a sample have.
const MOST_DECIMALS: u8 = 6;

/// Appends a message.
pub(super) fn write(message: &Message<'_>, out: &mut BytesMut) {
    let eui = eui64(message.device_serial);
    begin(message, &eui, ["ORU", "R01", "ORU_R01"], &OBSERVATIONS, out);
    let began_ms = message.waves.iter().map(|wave| wave.first_ms).chain([message.device_time_ms]).min();
    let ended_ms = (!message.waves.is_empty()).then_some(message.device_time_ms);
    request(message, &MONITORING, began_ms.unwrap_or(message.device_time_ms), ended_ms, out);
    let mut observations = Observations { out, count: 0 };
    observations.device(message, &eui);
    observations.metrics(message, |_| true);
}

/// Appends header and patient.
pub(super) fn begin(message: &Message<'_>, eui: &str, kind: [&str; 3], profile: &[&str], out: &mut BytesMut) {
    Header {
        sender: &["IOMT_SIM", eui, "EUI-64"],
        sent_ms: message.device_time_ms,
        kind,
        control_id: &format!("{}/{}/{}", message.device_serial, message.stream, message.sequence),
        profile,
        acknowledged: true,
    }
    .write(out);
    patient::write(message.patient_id, message.origin.patient, out);
}

/// Appends what the observations are of; OBR-3 is what tells which message this is.
pub(super) fn request(message: &Message<'_>, of: &[&str], began_ms: i64, ended_ms: Option<i64>, out: &mut BytesMut) {
    let sequence = message.sequence.to_string();
    let mut segment = SegmentWriter::begin("OBR", out);
    segment
        .put(1, &["1"])
        .put(3, &[&sequence, message.stream, message.device_serial, "L"])
        .put(4, of)
        .put(7, &[&hl7(began_ms)]);
    segment.put(8, &[&ended_ms.map(hl7).unwrap_or_default()]).end();
}

/// Writes the OBX segments of a message, and numbers them.
#[derive(Debug)]
pub(super) struct Observations<'o> {
    pub(super) out: &'o mut BytesMut,
    pub(super) count: u32,
}

impl Observations<'_> {
    /// Begins a segment: its number, type of value, code and place in the tree.
    pub(super) fn begin(&mut self, kind: &str, code: &[&str], place: &str) -> SegmentWriter<'_> {
        self.count += 1;
        let mut segment = SegmentWriter::begin("OBX", self.out);
        segment.put(1, &[&self.count.to_string()]).put(2, &[kind]).put(3, code).put(4, &[place]);
        segment
    }

    /// The device itself, with its label.
    pub(super) fn device(&mut self, message: &Message<'_>, eui: &str) {
        let Term { code, refid } = device(message.origin.device_kind);
        let mut segment = self.begin("", &[&code.to_string(), refid, MDC], "1.0.0.0");
        segment.put(11, &[NO_RESULT]).put(18, &identifier(message, eui)).end();
        let Some(label) = message.origin.device else { return };
        for (index, (term, text)) in
            [(MAKER, &label.manufacturer), (MODEL, &label.model), (FIRMWARE, &label.firmware)].into_iter().enumerate()
        {
            let code = [&term.code.to_string(), term.refid, MDC];
            self.begin("ST", &code, &format!("1.0.0.{}", index + 1)).put(5, &[text]).put(11, &[RAW]).end();
        }
    }

    /// The metrics that are asked for, each below its module.
    pub(super) fn metrics(&mut self, message: &Message<'_>, asked_for: impl Fn(&Metric) -> bool) {
        for (index, module) in MODULES.iter().enumerate() {
            let of_module = |metric: &Metric| module_of(metric) == index && asked_for(metric);
            let readings = || message.readings.iter().filter(|reading| of_module(reading.metric.metric()));
            let waves = || message.waves.iter().filter(|wave| of_module(wave.metric.metric()));
            if readings().next().is_none() && waves().next().is_none() {
                continue;
            }
            let place = index + 1;
            for (term, place) in [(module.vmd, format!("1.{place}.0.0")), (module.channel, format!("1.{place}.1.0"))] {
                self.begin("", &[&term.code.to_string(), term.refid, MDC], &place).put(11, &[NO_RESULT]).end();
            }
            let at = hl7(message.device_time_ms);
            for (number, reading) in (1..).zip(readings()) {
                self.reading(reading, &format!("1.{place}.1.{number}"), &at);
            }
            for (number, wave) in (1 + readings().count()..).zip(waves()) {
                self.wave(wave, &format!("1.{place}.1.{number}"));
            }
        }
    }

    fn reading(&mut self, reading: &Reading, place: &str, at: &str) {
        let metric = reading.metric.metric();
        let number = match reading.value {
            Value::Number(number) => scaled(number, metric.decimals).map(|_| number),
            Value::Code(_) | Value::Missing => None,
        };
        let word = match reading.value {
            Value::Code(word) => Some(word).filter(|word| !word.is_empty()),
            Value::Number(_) | Value::Missing => None,
        };
        let kind = match (number, word) {
            (Some(_), _) => "NM",
            (_, Some(_)) => "CWE",
            _ => "",
        };
        let (code, unit) = (digits(metric.mdc_code), digits(metric.mdc_unit_code));
        let mut segment = self.begin(kind, &codes_of(metric, &code), place);
        if let Some(number) = number {
            write_rounded(number, metric.decimals, segment.at(5));
            segment.put(6, &unit_of(metric, &unit));
        }
        if let Some(word) = word {
            segment.put(5, &[word, "", LOCAL]);
        }
        finish(&mut segment, kind, reading.quality, at);
    }

    fn wave(&mut self, wave: &Wave<'_>, place: &str) {
        let metric = wave.metric.metric();
        let at = hl7(wave.first_ms);
        let decimals = sample_decimals(wave.gain.abs(), MOST_DECIMALS);
        let value = |count: &i16| f64::from(*count) * wave.gain + wave.offset;
        // A sample without decimal text leaves nothing that could be said of the others in their order.
        let speaks =
            !wave.samples.is_empty() && wave.samples.iter().all(|count| scaled(value(count), decimals).is_some());
        let kind = if speaks { "NA" } else { "" };
        let (code, unit) = (digits(metric.mdc_code), digits(metric.mdc_unit_code));
        let mut segment = self.begin(kind, &codes_of(metric, &code), place);
        if speaks {
            let out = segment.at(5);
            for (index, count) in wave.samples.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(b"^");
                }
                write_rounded(value(count), decimals, out);
            }
            segment.put(6, &unit_of(metric, &unit));
        }
        finish(&mut segment, kind, wave.quality, &at);
        let code = [&SAMPLE_PERIOD.code.to_string(), SAMPLE_PERIOD.refid, MDC];
        let mut segment = self.begin("NM", &code, &format!("{place}.1"));
        write_rounded(1e6 / f64::from(wave.rate_mhz), MOST_DECIMALS, segment.at(5));
        segment.put(6, &MILLISECONDS).put(11, &[RAW]).end();
    }
}

/// A code as text; nothing where there is none.
fn digits(code: Option<u32>) -> String {
    code.map(|code| code.to_string()).unwrap_or_default()
}

/// What a metric is called: by IEEE 11073 or by our own name, and by LOINC besides.
fn codes_of<'c>(metric: &'static Metric, code: &'c str) -> [&'c str; 6] {
    let loinc = metric.loinc.unwrap_or_default();
    let system = if loinc.is_empty() { "" } else { "LN" };
    if code.is_empty() {
        return [metric.id, metric.display, LOCAL, loinc, "", system];
    }
    [code, metric.mdc_refid.unwrap_or_default(), MDC, loinc, "", system]
}

/// The unit of a metric by IEEE 11073, or by UCUM.
fn unit_of<'c>(metric: &'static Metric, code: &'c str) -> [&'c str; 3] {
    match metric.ucum {
        _ if !code.is_empty() => [code, metric.mdc_unit_refid.unwrap_or_default(), MDC],
        Some(unit) => [unit, "", "UCUM"],
        None => [""; 3],
    }
}

/// Quality, status and time.
fn finish(segment: &mut SegmentWriter<'_>, kind: &str, quality: Quality, at: &str) {
    let status = if kind.is_empty() { NO_RESULT } else { RAW };
    segment.put(8, &[flag(quality)]).put(11, &[status]).put(14, &[at]).end();
}

/// How far to trust a value (IHE PCD TF volume 2, appendix B.8).
const fn flag(quality: Quality) -> &'static str {
    match quality {
        Quality::Ok => "",
        Quality::Questionable => "QUES",
        Quality::Invalid => "INV",
        Quality::Calibrating => "CAL",
        Quality::NotAvailable => "NAV",
        Quality::Test => "TEST",
        Quality::Demo => "DEMO",
    }
}
