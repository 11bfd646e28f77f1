//! Vendor JSON read in full, as strictly as its schema.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};
use vocabulary::Quality;

use super::key::{Text, sequence, supported_version};
use crate::JsonError;
use crate::whole_number::WholeNumber;

/// Most characters of a device serial or a stream id.
const NAME_LIMIT: usize = 64;

/// Everything one payload says.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedMessage {
    /// Serial number of the device (`d`).
    pub device_serial: String,
    /// Patient id, if the device is associated (`p`).
    pub patient_id: Option<String>,
    /// Stream id (`st`).
    pub stream: String,
    /// Sequence number within device and stream (`s`).
    pub sequence: u64,
    /// Device time [ms since the Unix epoch] (`t`).
    pub device_time_ms: i64,
    /// Numeric values by metric, in the metric's unit; `None` where the device has no value (`m`).
    pub numbers: BTreeMap<String, Option<f64>>,
    /// Coded values by metric (`c`).
    pub codes: BTreeMap<String, String>,
    /// Qualities by metric; one that is not listed is ok (`q`).
    pub qualities: BTreeMap<String, Quality>,
    /// Waveform chunks (`w`).
    pub waves: Vec<DecodedWave>,
}

/// One waveform chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedWave {
    /// Which channel (`id`).
    pub metric: String,
    /// Device time of the first sample [ms since the Unix epoch] (`t`).
    pub first_ms: i64,
    /// Sampling rate [Hz] (`f`).
    pub rate_hz: f64,
    /// Physical value of one count, in the metric's unit (`k`).
    pub gain: f64,
    /// Physical value of zero counts, in the metric's unit (`o`).
    pub offset: f64,
    /// Samples [counts]; `None` where there is none (`x`).
    pub samples: Vec<Option<i16>>,
}

/// Reads a whole payload.
///
/// # Errors
/// [`JsonError`] for whatever the schema does not allow, for a key that appears twice, and for anything after the
/// object.
pub fn decode(payload: &[u8]) -> Result<DecodedMessage, JsonError> {
    Ok(serde_json::from_slice(payload)?)
}

impl<'de> Deserialize<'de> for DecodedMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MessageVisitor)
    }
}

struct MessageVisitor;

impl<'de> Visitor<'de> for MessageVisitor {
    type Value = DecodedMessage;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a vendor JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DecodedMessage, A::Error> {
        let mut version = None;
        let mut device_serial = None;
        let mut patient_id = None;
        let mut stream = None;
        let mut sequence_number = None;
        let mut device_time_ms = None;
        let mut numbers: Option<ByMetric<Option<f64>>> = None;
        let mut codes: Option<ByMetric<String>> = None;
        let mut qualities: Option<ByMetric<QualityWord>> = None;
        let mut waves = None;
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "v" => set(&mut version, "v", map.next_value().and_then(supported_version)?)?,
                "d" => set(&mut device_serial, "d", map.next_value().and_then(|text| name("d", text))?)?,
                "p" => set(&mut patient_id, "p", map.next_value::<String>()?)?,
                "st" => set(&mut stream, "st", map.next_value().and_then(|text| name("st", text))?)?,
                "s" => set(&mut sequence_number, "s", map.next_value().and_then(sequence)?)?,
                "t" => set(&mut device_time_ms, "t", map.next_value::<WholeNumber>()?.0)?,
                "m" => set(&mut numbers, "m", map.next_value()?)?,
                "c" => set(&mut codes, "c", map.next_value()?)?,
                "q" => set(&mut qualities, "q", map.next_value()?)?,
                "w" => set(&mut waves, "w", map.next_value()?)?,
                other => return Err(A::Error::custom(format_args!("unknown key `{other}`"))),
            }
        }
        if numbers.as_ref().is_some_and(|section| section.0.is_empty()) {
            return Err(A::Error::custom("`m` is empty"));
        }
        if numbers.is_none() && codes.is_none() && waves.is_none() {
            return Err(A::Error::custom("none of `m`, `c`, `w` is present"));
        }
        need(version, "v")?;
        Ok(DecodedMessage {
            device_serial: need(device_serial, "d")?,
            patient_id,
            stream: need(stream, "st")?,
            sequence: need(sequence_number, "s")?,
            device_time_ms: need(device_time_ms, "t")?,
            numbers: numbers.map(|section| section.0).unwrap_or_default(),
            codes: codes.map(|section| section.0).unwrap_or_default(),
            qualities: qualities
                .map(|section| section.0.into_iter().map(|(metric, word)| (metric, word.0)).collect())
                .unwrap_or_default(),
            waves: waves.unwrap_or_default(),
        })
    }
}

impl<'de> Deserialize<'de> for DecodedWave {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WaveVisitor)
    }
}

struct WaveVisitor;

impl<'de> Visitor<'de> for WaveVisitor {
    type Value = DecodedWave;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a waveform object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DecodedWave, A::Error> {
        let mut metric = None;
        let mut first_ms = None;
        let mut rate_hz = None;
        let mut gain = None;
        let mut offset = None;
        let mut samples: Option<Vec<Option<Count>>> = None;
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "id" => set(&mut metric, "id", map.next_value().and_then(metric_id)?)?,
                "t" => set(&mut first_ms, "t", map.next_value::<WholeNumber>()?.0)?,
                "f" => set(&mut rate_hz, "f", map.next_value::<f64>()?)?,
                "k" => set(&mut gain, "k", map.next_value::<f64>()?)?,
                "o" => set(&mut offset, "o", map.next_value::<f64>()?)?,
                "x" => set(&mut samples, "x", map.next_value()?)?,
                other => return Err(A::Error::custom(format_args!("unknown key `{other}` of a waveform"))),
            }
        }
        let rate_hz = need(rate_hz, "f")?;
        if rate_hz <= 0.0 {
            return Err(A::Error::custom(format_args!("sampling rate `f` is {rate_hz}, not above 0")));
        }
        let samples = need(samples, "x")?;
        if samples.is_empty() {
            return Err(A::Error::custom("`x` has no samples"));
        }
        Ok(DecodedWave {
            metric: need(metric, "id")?,
            first_ms: need(first_ms, "t")?,
            rate_hz,
            gain: need(gain, "k")?,
            offset: offset.unwrap_or(0.0),
            samples: samples.into_iter().map(|count| count.map(|Count(count)| count)).collect(),
        })
    }
}

/// A `{"metric": value}` section without repeated keys.
struct ByMetric<V>(BTreeMap<String, V>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for ByMetric<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ByMetricVisitor(PhantomData))
    }
}

struct ByMetricVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for ByMetricVisitor<V> {
    type Value = ByMetric<V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of metrics")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByMetric<V>, A::Error> {
        let mut values = BTreeMap::new();
        while let Some(text) = map.next_key()? {
            let metric = metric_id(text)?;
            if values.contains_key(&metric) {
                return Err(A::Error::custom(format_args!("metric `{metric}` appears twice")));
            }
            values.insert(metric, map.next_value()?);
        }
        Ok(ByMetric(values))
    }
}

/// A sample count of the converter.
struct Count(i16);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WholeNumber(count) = WholeNumber::deserialize(deserializer)?;
        i16::try_from(count)
            .map(Self)
            .map_err(|_| D::Error::invalid_value(Unexpected::Signed(count), &"a sample within -32768 to 32767"))
    }
}

struct QualityWord(Quality);

impl<'de> Deserialize<'de> for QualityWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const QUALITIES: [Quality; 7] = [
            Quality::Ok,
            Quality::Questionable,
            Quality::Invalid,
            Quality::Calibrating,
            Quality::NotAvailable,
            Quality::Test,
            Quality::Demo,
        ];
        let Text(word) = Text::deserialize(deserializer)?;
        QUALITIES
            .into_iter()
            .find(|quality| quality.word() == word)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format_args!("`{word}` is not a quality")))
    }
}

fn set<T, E: Error>(slot: &mut Option<T>, key: &str, value: T) -> Result<(), E> {
    if slot.replace(value).is_some() {
        return Err(E::custom(format_args!("key `{key}` appears twice")));
    }
    Ok(())
}

fn need<T, E: Error>(slot: Option<T>, key: &str) -> Result<T, E> {
    slot.ok_or_else(|| E::custom(format_args!("key `{key}` is missing")))
}

/// A device serial or stream id: 1 to 64 characters.
fn name<E: Error>(key: &str, Text(text): Text<'_>) -> Result<String, E> {
    match text.chars().count() {
        1..=NAME_LIMIT => Ok(text.into_owned()),
        count => Err(E::custom(format_args!("`{key}` has {count} characters, not 1 to {NAME_LIMIT}"))),
    }
}

/// The id of a metric: `^[a-z][a-z0-9_]*$`.
fn metric_id<E: Error>(Text(text): Text<'_>) -> Result<String, E> {
    let mut characters = text.bytes();
    let starts_well = characters.next().is_some_and(|byte| byte.is_ascii_lowercase());
    if starts_well && characters.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
        Ok(text.into_owned())
    } else {
        Err(E::custom(format_args!("`{text}` is not a metric id")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"w":[{"x":[1,null,-32768],"k":0.5,"f":250,"t":3,"id":"ecg_ii"}],"q":{"hr":"demo"},
        "c":{"rhythm":"sinus"},"m":{"hr":72.5,"spo2":null},"t":5.0,"s":7,"st":"ecg","p":"P1","d":"mon-1","v":1}"#;

    fn refusal(payload: &str) -> String {
        decode(payload.as_bytes()).expect_err(payload).to_string()
    }

    #[test]
    fn reads_every_section_in_any_order() {
        let message = decode(WHOLE.as_bytes()).expect("follows the schema");
        let expected = DecodedMessage {
            device_serial: "mon-1".into(),
            patient_id: Some("P1".into()),
            stream: "ecg".into(),
            sequence: 7,
            device_time_ms: 5,
            numbers: BTreeMap::from([("hr".into(), Some(72.5)), ("spo2".into(), None)]),
            codes: BTreeMap::from([("rhythm".into(), "sinus".into())]),
            qualities: BTreeMap::from([("hr".into(), Quality::Demo)]),
            waves: vec![DecodedWave {
                metric: "ecg_ii".into(),
                first_ms: 3,
                rate_hz: 250.0,
                gain: 0.5,
                offset: 0.0,
                samples: vec![Some(1), None, Some(-32768)],
            }],
        };
        assert_eq!(message, expected);
    }

    #[test]
    fn what_the_schema_forbids_is_refused() {
        for (from, to, reason) in [
            (r#""v":1"#, r#""v":2"#, "version `v` is 2, but only 1 is known"),
            (r#""d":"mon-1","#, "", "key `d` is missing"),
            (r#""d":"mon-1""#, r#""d":"""#, "`d` has 0 characters, not 1 to 64"),
            (r#""st":"ecg""#, r#""st":null"#, "invalid type: null, expected a string"),
            (r#""s":7"#, r#""s":7.5"#, "expected an integer within"),
            (r#""s":7"#, r#""s":7,"s":7"#, "key `s` appears twice"),
            (r#""s":7"#, r#""s":7,"extra":7"#, "unknown key `extra`"),
            (r#"{"hr":72.5,"spo2":null}"#, "{}", "`m` is empty"),
            (r#""spo2":null"#, r#""spo2":"97""#, r#"invalid type: string "97", expected f64"#),
            (r#""spo2":null"#, r#""hr":73"#, "metric `hr` appears twice"),
            (r#""spo2":null"#, r#""SpO2":97"#, "`SpO2` is not a metric id"),
            (r#""demo""#, r#""fine""#, "`fine` is not a quality"),
            (r#""rhythm":"sinus""#, r#""rhythm":1"#, "invalid type: integer `1`, expected a string"),
            ("-32768", "-32769", "expected a sample within -32768 to 32767"),
            ("[1,null,-32768]", "[]", "`x` has no samples"),
            (r#""f":250"#, r#""f":0"#, "sampling rate `f` is 0, not above 0"),
            (r#""f":250"#, r#""f":250,"g":1"#, "unknown key `g` of a waveform"),
            (r#""k":0.5,"#, "", "key `k` is missing"),
            (
                r#"{"x":[1,null,-32768],"k":0.5,"f":250,"t":3,"id":"ecg_ii"}"#,
                r#"["ecg_ii",3,250,1,[1]]"#,
                "a waveform object",
            ),
        ] {
            let payload = WHOLE.replace(from, to);
            assert_ne!(payload, WHOLE, "{from} is part of the message");
            let refusal = refusal(&payload);
            assert!(refusal.contains(reason), "{refusal} does not say {reason}");
        }
        assert!(refusal(r#"{"v":1,"d":"a","st":"b","s":0,"t":0,"q":{}}"#).contains("none of `m`, `c`, `w` is present"));
        assert!(refusal(&format!("{WHOLE} {{}}")).contains("trailing characters"));
        assert!(refusal(r#"[1,"a"]"#).contains("a vendor JSON object"));
    }
}
