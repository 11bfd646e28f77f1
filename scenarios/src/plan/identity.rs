//! The identity of a plan: SHA-256 over everything that is tested.

use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::plan::Plan;
use crate::plan::document::{Piece, View, tell};

/// Counts the ways in which identities have been made, so that none of two ways are equal by chance.
const WAY: &str = "plan/2";

/// SHA-256 of a plan, as 64 hexadecimal digits.
pub fn plan_sha256(plan: &Plan) -> String {
    let mut hasher = Sha256::new();
    hasher.update(WAY);
    tell(plan, View::Tested, &mut |piece| match piece {
        Piece::Single(name, value) => {
            hasher.update(format!("\n{name} "));
            update(&mut hasher, &value);
        }
        Piece::List(name) => hasher.update(format!("\n{name}")),
        Piece::Item(item) => {
            hasher.update("\n ");
            update(&mut hasher, &item);
        }
    });
    hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a text never fails");
        text
    })
}

/// Adds a value as JSON with its keys in order, whatever order maps keep. No text can look like structure.
fn update(hasher: &mut Sha256, value: &Value) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            hasher.update("{");
            for name in names {
                update(hasher, &Value::String(name.clone()));
                hasher.update(":");
                update(hasher, &fields[name]);
                hasher.update(",");
            }
            hasher.update("}");
        }
        Value::Array(items) => {
            hasher.update("[");
            for item in items {
                update(hasher, item);
                hasher.update(",");
            }
            hasher.update("]");
        }
        plain => hasher.update(plain.to_string()),
    }
}
