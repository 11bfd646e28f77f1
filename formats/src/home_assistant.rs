//! What Home Assistant must be told to show the devices of the preset `home-assistant`: a discovery message a device
//! (<https://www.home-assistant.io/integrations/mqtt/>, device discovery).

use serde_json::{Map, Value, json};
use vocabulary::{DeviceIdentity, MetricId, MetricKind};

/// A device, and where it says what.
#[derive(Debug)]
pub struct Discovered<'a> {
    /// Serial number.
    pub serial: &'a str,
    /// Label.
    pub label: &'a DeviceIdentity,
    /// Topic of each stream, with the metrics that it says.
    pub streams: Vec<(&'a str, Vec<MetricId>)>,
}

/// Topic and payload of the discovery message, to be retained.
pub fn discovery(device: &Discovered<'_>) -> (String, String) {
    let node = word(device.serial);
    let mut components = Map::new();
    for (topic, metrics) in &device.streams {
        for metric in metrics.iter().map(|metric| metric.metric()).filter(|metric| metric.kind != MetricKind::Waveform)
        {
            let id = format!("{node}_{}", metric.id);
            let mut entity = json!({
                "platform": "sensor",
                "name": metric.display,
                "unique_id": id,
                "state_topic": topic,
                // A message without a value of it leaves the state as it is.
                "value_template": format!("{{{{ value_json.{0} if value_json.{0} is defined else this.state }}}}", metric.id),
            });
            if metric.kind == MetricKind::Numeric {
                entity["unit_of_measurement"] = Value::from(unit(metric.ucum));
                entity["state_class"] = Value::from("measurement");
            }
            components.insert(id, entity);
        }
    }
    let label = device.label;
    let about = json!({
        "identifiers": [device.serial],
        "name": device.serial,
        "manufacturer": label.manufacturer,
        "model": label.model,
        "sw_version": label.firmware,
        "serial_number": device.serial,
    });
    let payload = json!({"device": about, "origin": {"name": "iomt"}, "components": components});
    (format!("homeassistant/device/{node}/config"), payload.to_string())
}

/// Letters, digits, `_` and `-` are all that the topic may hold.
fn word(serial: &str) -> String {
    serial.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

/// A unit as people write it.
fn unit(ucum: Option<&'static str>) -> &'static str {
    match ucum {
        Some("/min") => "1/min",
        Some("mm[Hg]") => "mmHg",
        Some("cm[H2O]") => "cmH2O",
        Some("Cel") => "°C",
        Some(other) => other,
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::metrics;

    use super::*;

    #[test]
    fn a_device_tells_what_it_is_and_where_each_metric_stands() {
        let label = DeviceIdentity { model: "Oxi".to_owned(), ..DeviceIdentity::default() };
        let streams = vec![("iomt/a b/spo2", vec![metrics::SPO2, metrics::PLETH])];
        let (topic, payload) = discovery(&Discovered { serial: "a b", label: &label, streams });
        assert_eq!(topic, "homeassistant/device/a_b/config");
        let payload: Value = serde_json::from_str(&payload).expect("JSON");
        let components = payload["components"].as_object().expect("entities");
        assert_eq!(components.len(), 1, "waves are no states");
        assert_eq!(components["a_b_spo2"]["state_topic"], "iomt/a b/spo2");
        assert_eq!(components["a_b_spo2"]["unit_of_measurement"], "%");
        assert_eq!(payload["device"]["model"], "Oxi");
    }
}
