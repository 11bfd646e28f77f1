//! Every way in which one thing of a JSON payload can be another, for tests.

use serde_json::{Value, json};

/// By how much numbers are altered at least, and as a share that a float of this size still shows.
const LEAST: f64 = 0.001;
const LEAST_SHARE: f64 = 1e-12;

/// The payload with each plain value in turn replaced by another, and with each key in turn left out.
pub(crate) fn alterations(payload: &[u8]) -> Vec<Vec<u8>> {
    let value: Value = serde_json::from_slice(payload).expect("JSON");
    let altered = (0..).map_while(|target| {
        let (mut copy, mut at) = (value.clone(), 0);
        alter(&mut copy, &mut at, target).then(|| serde_json::to_vec(&copy).expect("JSON"))
    });
    altered.collect()
}

/// Alters what stands at the place `target`, counted from `at`; false when there are not so many.
fn alter(value: &mut Value, at: &mut usize, target: usize) -> bool {
    match value {
        Value::Object(entries) => {
            for key in entries.keys().cloned().collect::<Vec<_>>() {
                if *at == target {
                    entries.remove(&key);
                    return true;
                }
                *at += 1;
                if entries.get_mut(&key).is_some_and(|below| alter(below, at, target)) {
                    return true;
                }
            }
            false
        }
        Value::Array(items) => items.iter_mut().any(|item| alter(item, at, target)),
        plain => {
            *at += 1;
            if *at - 1 != target {
                return false;
            }
            *plain = match plain {
                Value::Number(number) => {
                    let number = number.as_f64().expect("a number");
                    json!(number + (number.abs() * LEAST_SHARE).max(LEAST))
                }
                Value::String(text) => json!(format!("{text}1")),
                _ => json!("altered"),
            };
            true
        }
    }
}
