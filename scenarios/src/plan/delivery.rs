//! How the messages of one route are published.

use super::fields::Fields;

/// How the messages of a route are published, rendered from its link's templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Topic; may contain `${run}`, which the runner fills in.
    pub topic: String,
    /// Delivery level, 0 to 2.
    pub qos: u8,
    /// Whether the broker keeps the last message.
    pub retain: bool,
}

/// Adds what it holds.
pub(super) fn delivery(fields: Fields, delivery: &Delivery) -> Fields {
    let Delivery { topic, qos, retain } = delivery;
    fields.field("topic", topic.clone()).field("qos", *qos).field("retain", *retain)
}
