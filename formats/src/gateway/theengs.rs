//! `theengs`: the flat object of Theengs and `OpenMQTTGateway` (`id`, `name`, `rssi`, values by metric) with the keys by
//! which messages are told apart.

use bytes::BytesMut;
use serde_json::{Map, Value as Json, json};
use vocabulary::{Heard, Value};

/// Appends what a gateway hands on.
pub(super) fn encode(heard: &Heard<'_>, out: &mut BytesMut) {
    let message = &heard.message;
    let mut object = Map::new();
    for reading in message.readings {
        let metric = reading.metric.metric();
        let value = match reading.value {
            Value::Number(value) => json!(rounded(value, metric.decimals)),
            Value::Code(code) => json!(code),
            Value::Missing => Json::Null,
        };
        object.insert(metric.id.to_owned(), value);
    }
    for wave in message.waves {
        object.insert(wave.metric.metric().id.to_owned(), json!(wave.samples));
    }
    let frame = json!({
        "id": heard.address,
        "name": heard.name,
        "rssi": heard.rssi_dbm,
        "v": 1,
        "d": message.device_serial,
        "st": message.stream,
        "s": message.sequence,
        "t": message.device_time_ms,
    });
    if let Json::Object(frame) = frame {
        object.extend(frame);
    }
    out.extend_from_slice(Json::Object(object).to_string().as_bytes());
}

/// As many decimals as the metric has.
fn rounded(value: f64, decimals: u8) -> f64 {
    let scale = (0..decimals).fold(1.0, |scale, _| scale * 10.0);
    libm::round(value * scale) / scale
}

#[cfg(test)]
mod tests {
    use super::super::tests::with_heard;
    use super::*;
    use crate::vendor_json;

    #[test]
    fn it_is_flat_and_can_be_told_apart() {
        let mut out = BytesMut::new();
        with_heard(&[&[0x16, 0x48]], |heard| encode(heard, &mut out));
        let object: Json = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(object["hr"], 72.0);
        assert_eq!(object["id"], "C1:02:03:04:05:06");
        assert_eq!(object["name"], "belt \"7\"");
        let key = vendor_json::peek(&out).expect("a key");
        assert_eq!((&*key.device_serial, &*key.stream, key.sequence), ("HRB-7", "hr", Some(12)));
    }
}
