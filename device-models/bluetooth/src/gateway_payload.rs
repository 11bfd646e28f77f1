//! What a gateway hands on.
//!
//! `gateway-json` is the vendor JSON of what was decoded, with one more section: `"g":{"id":gateway,"address":device,
//! "rssi":dBm,"t":gateway ms,"backfill":bool,"raw":hex,"rr":[ms]}`; `raw` is a list when the message came in several
//! packets, `rr` is there when there were several intervals between beats. `theengs` is the flat object of Theengs and
//! `OpenMQTTGateway` (`id`, `name`, `rssi`, values by metric) with the keys by which messages are told apart.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use formats::vendor_json;
use serde_json::{Map, Value as Json, json};
use sim_core::GatewayFormatSpec;
use vocabulary::{Message, Value, Wave};

use super::reception::{HeardWave, Reception};

/// Payload formats of gateways.
pub const FORMATS: [GatewayFormatSpec; 2] = [
    GatewayFormatSpec {
        name: "gateway-json",
        about: "vendor JSON of the device, decoded, with the raw octets, signal strength and both clocks in `g`",
        read_key: vendor_json::key,
    },
    GatewayFormatSpec {
        name: "theengs",
        about: "as Theengs and OpenMQTTGateway publish, with `d`, `st` and `s` beside",
        read_key: vendor_json::key,
    },
];

/// One of [`FORMATS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    GatewayJson,
    Theengs,
}

impl Format {
    /// The format with this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "gateway-json" => Some(Self::GatewayJson),
            "theengs" => Some(Self::Theengs),
            _ => None,
        }
    }
}

/// Everything that a gateway knows of a message.
#[derive(Debug)]
pub(super) struct Heard<'a> {
    pub(super) gateway: &'a str,
    pub(super) address: String,
    pub(super) name: &'a str,
    pub(super) rssi_dbm: i8,
    pub(super) gateway_time_ms: i64,
    pub(super) is_backfill: bool,
    pub(super) octets: &'a [Vec<u8>],
    pub(super) device_serial: &'a str,
    pub(super) patient_id: Option<&'a str>,
    pub(super) stream: &'a str,
    pub(super) sequence: u64,
    pub(super) device_time_ms: i64,
    pub(super) reception: &'a Reception,
}

impl Heard<'_> {
    /// The payload.
    pub(super) fn payload(&self, format: Format) -> Bytes {
        match format {
            Format::GatewayJson => self.gateway_json(),
            Format::Theengs => self.theengs(),
        }
    }

    fn gateway_json(&self) -> Bytes {
        let waves: Vec<Wave<'_>> = self.reception.waves.iter().map(HeardWave::as_wave).collect();
        let message = Message {
            device_serial: self.device_serial,
            patient_id: self.patient_id,
            stream: self.stream,
            sequence: self.sequence,
            device_time_ms: self.device_time_ms,
            readings: &self.reception.readings,
            waves: &waves,
        };
        let mut out = BytesMut::new();
        vendor_json::encode(&message, &mut out);
        // The object is opened again for one more section.
        out.truncate(out.len() - 1);
        let mut section = format!(
            ",\"g\":{{\"id\":{},\"address\":\"{}\",\"rssi\":{},\"t\":{},\"backfill\":{},\"raw\":",
            Json::from(self.gateway),
            self.address,
            self.rssi_dbm,
            self.gateway_time_ms,
            self.is_backfill,
        );
        match self.octets {
            [octets] => section.push_str(&quoted_hex(octets)),
            packets => {
                let packets: Vec<String> = packets.iter().map(|octets| quoted_hex(octets)).collect();
                let _ = write!(section, "[{}]", packets.join(","));
            }
        }
        if self.reception.intervals_ms.len() > 1 {
            let intervals: Vec<String> = self.reception.intervals_ms.iter().map(f64::to_string).collect();
            let _ = write!(section, ",\"rr\":[{}]", intervals.join(","));
        }
        section.push_str("}}");
        out.extend_from_slice(section.as_bytes());
        out.freeze()
    }

    fn theengs(&self) -> Bytes {
        let mut object = Map::new();
        for reading in &self.reception.readings {
            let metric = reading.metric.metric();
            let value = match reading.value {
                Value::Number(value) => json!(rounded(value, metric.decimals)),
                Value::Code(code) => json!(code),
                Value::Missing => Json::Null,
            };
            object.insert(metric.id.clone(), value);
        }
        for wave in &self.reception.waves {
            object.insert(wave.metric.metric().id.clone(), json!(wave.samples));
        }
        let frame = json!({
            "id": self.address,
            "name": self.name,
            "rssi": self.rssi_dbm,
            "v": 1,
            "d": self.device_serial,
            "st": self.stream,
            "s": self.sequence,
            "t": self.device_time_ms,
        });
        if let Json::Object(frame) = frame {
            object.extend(frame);
        }
        Bytes::from(Json::Object(object).to_string())
    }
}

fn quoted_hex(octets: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * octets.len());
    text.push('"');
    for octet in octets {
        let _ = write!(text, "{octet:02x}");
    }
    text.push('"');
    text
}

/// As many decimals as the metric has.
fn rounded(value: f64, decimals: u8) -> f64 {
    let scale = (0..decimals).fold(1.0, |scale, _| scale * 10.0);
    libm::round(value * scale) / scale
}

#[cfg(test)]
mod tests {
    use vocabulary::{MetricId, Reading};

    use super::*;

    fn heard(reception: &Reception) -> Heard<'_> {
        const OCTETS: &[Vec<u8>] = &[];
        Heard {
            gateway: "gw/ward/1",
            address: "C1:02:03:04:05:06".to_owned(),
            name: "belt \"7\"",
            rssi_dbm: -61,
            gateway_time_ms: 1_700_000_000_250,
            is_backfill: false,
            octets: OCTETS,
            device_serial: "HRB-7",
            patient_id: Some("P1"),
            stream: "hr",
            sequence: 12,
            device_time_ms: 1_700_000_000_000,
            reception,
        }
    }

    fn reception() -> Reception {
        Reception {
            readings: vec![Reading::number(MetricId::named("hr"), 72.0)],
            waves: Vec::new(),
            intervals_ms: vec![830.0, 841.0],
        }
    }

    #[test]
    fn gateway_json_is_vendor_json_with_one_more_section() {
        let reception = reception();
        let octets = [vec![0x16, 0x48]];
        let payload = Heard { octets: &octets, ..heard(&reception) }.payload(Format::GatewayJson);
        let text = std::str::from_utf8(&payload).expect("text");
        let expected = concat!(
            r#"{"v":1,"d":"HRB-7","p":"P1","st":"hr","s":12,"t":1700000000000,"m":{"hr":72},"#,
            r#""g":{"id":"gw/ward/1","address":"C1:02:03:04:05:06","rssi":-61,"t":1700000000250,"backfill":false,"#,
            r#""raw":"1648","rr":[830,841]}}"#
        );
        assert_eq!(text, expected);
        let key = vendor_json::peek(&payload).expect("a key");
        assert_eq!((&*key.device_serial, &*key.stream, key.sequence), ("HRB-7", "hr", Some(12)));
    }

    #[test]
    fn theengs_is_flat_and_can_be_told_apart() {
        let reception = reception();
        let payload = heard(&reception).payload(Format::Theengs);
        let object: Json = serde_json::from_slice(&payload).expect("JSON");
        assert_eq!(object["hr"], 72.0);
        assert_eq!(object["id"], "C1:02:03:04:05:06");
        assert_eq!(object["name"], "belt \"7\"");
        let key = vendor_json::peek(&payload).expect("a key");
        assert_eq!((&*key.device_serial, &*key.stream, key.sequence), ("HRB-7", "hr", Some(12)));
    }
}
