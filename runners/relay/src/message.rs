//! What a device says, in vendor JSON, and how it can be changed.

use serde_json::{Map, Value, json};

/// A message in vendor JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    fields: Map<String, Value>,
    pub(crate) sequence: u64,
}

impl Message {
    /// Reads a payload; `None` when it is something else.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_slice(payload).ok()?;
        let sequence = fields.get("s")?.as_u64()?;
        fields.get("d")?.as_str()?;
        Some(Self { fields, sequence })
    }

    /// The serial number of its device.
    pub(crate) fn serial(&self) -> &str {
        self.fields.get("d").and_then(Value::as_str).unwrap_or_default()
    }

    /// With each of its values one more.
    pub(crate) fn with_other_values(mut self) -> Self {
        if let Some(Value::Object(values)) = self.fields.get_mut("m") {
            for value in values.values_mut() {
                if let Some(number) = value.as_f64() {
                    *value = json!(number + 1.0);
                }
            }
        }
        self
    }

    /// With the serial number of another device.
    pub(crate) fn with_serial(mut self, serial: &str) -> Self {
        self.fields.insert("d".to_owned(), json!(serial));
        self
    }

    /// Which patient it is about, if it says so.
    pub(crate) fn patient(&self) -> Option<&str> {
        self.fields.get("p").and_then(Value::as_str)
    }

    /// As about another patient.
    pub(crate) fn with_patient(mut self, patient: &str) -> Self {
        self.fields.insert("p".to_owned(), json!(patient));
        self
    }

    /// With another number.
    pub(crate) fn with_sequence(mut self, sequence: u64) -> Self {
        self.fields.insert("s".to_owned(), json!(sequence));
        self
    }

    /// Its bytes.
    pub(crate) fn payload(&self) -> Vec<u8> {
        Value::Object(self.fields.clone()).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_changes_what_it_says_and_nothing_else() {
        let payload = br#"{"d":"SN-1","m":{"hr":61,"spo2":97.5},"p":"a-1","s":7,"st":"vitals","t":12,"v":1}"#;
        let message = Message::read(payload).expect("a message");
        assert_eq!((message.serial(), message.sequence), ("SN-1", 7));
        assert_eq!(message.payload(), payload);
        let changed = message.with_other_values().with_serial("SN-2").with_sequence(5).payload();
        let expected = br#"{"d":"SN-2","m":{"hr":62.0,"spo2":98.5},"p":"a-1","s":5,"st":"vitals","t":12,"v":1}"#;
        assert_eq!(String::from_utf8_lossy(&changed), String::from_utf8_lossy(expected));
        let message = Message::read(payload).expect("a message");
        assert_eq!(message.patient(), Some("a-1"));
        assert_eq!(message.with_patient("a-2").patient(), Some("a-2"));
        assert_eq!(Message::read(br#"{"id":"c1","status":"applied"}"#), None);
        assert_eq!(Message::read(b"offline"), None);
    }
}
