//! One spelling for all JSON texts that mean the same.

use serde_json::Value;

/// Appends a value with sorted keys, no white space, and numbers as the shortest text that reads back as the same
/// `f64`: `12`, `12.0` and `1.2e1` mean the same.
pub(crate) fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Number(number) => {
            let text = number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string());
            out.extend(text.as_bytes());
        }
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write_canonical(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Value::Object(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| key.as_str());
            out.push(b'{');
            for (key, item) in sorted {
                write_canonical(&Value::String(key.clone()), out);
                out.push(b':');
                write_canonical(item, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => out.extend(value.to_string().as_bytes()),
    }
}

/// Appends what a JSON text means; false when it is none.
pub(crate) fn write_meaning(payload: &[u8], out: &mut Vec<u8>) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(payload) else { return false };
    write_canonical(&value, out);
    true
}

#[cfg(test)]
mod tests {
    use vocabulary::{Format, Sameness};

    use crate::vendor_json::VendorJson;

    #[test]
    fn order_space_and_spelling_of_numbers_mean_nothing() {
        let said = br#"{"v":1,"m":{"spo2":97,"pr":71.5},"w":[1,2]}"#;
        let reordered = br#"{ "m": {"pr": 7.15e1, "spo2": 97.0}, "w": [1, 2], "v": 1 }"#;
        assert_eq!(VendorJson.same(reordered, said), Sameness::Meaning);
        let changed = br#"{"v":1,"m":{"spo2":98,"pr":71.5},"w":[1,2]}"#;
        assert_eq!(VendorJson.same(changed, said), Sameness::Differs { at: 20 });
        let swapped = br#"{"v":1,"m":{"spo2":97,"pr":71.5},"w":[2,1]}"#;
        assert!(matches!(VendorJson.same(swapped, said), Sameness::Differs { .. }));
    }
}
