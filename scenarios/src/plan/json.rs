//! A plan as JSON, for tools.

use serde_json::{Map, Value};

use crate::plan::Plan;
use crate::plan::document::{Piece, View, tell};
use crate::plan::identity::plan_sha256;

/// The plan as `iomt plan --json` prints it (`"format": "plan/1"`): times in seconds, everybody by path, no passwords.
pub fn plan_json(plan: &Plan) -> Value {
    let mut document = Map::new();
    document.insert("format".to_owned(), "plan/1".into());
    document.insert("plan_sha256".to_owned(), plan_sha256(plan).into());
    let mut list: Option<(&'static str, Vec<Value>)> = None;
    tell(plan, View::Shown, &mut |piece| match piece {
        Piece::Single(name, value) => {
            document.insert(name.to_owned(), value);
        }
        Piece::List(name) => {
            if let Some((name, items)) = list.replace((name, Vec::new())) {
                document.insert(name.to_owned(), items.into());
            }
        }
        Piece::Item(item) => list.as_mut().expect("a list has begun").1.push(item),
    });
    if let Some((name, items)) = list {
        document.insert(name.to_owned(), items.into());
    }
    Value::Object(document)
}
