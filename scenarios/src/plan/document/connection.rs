//! How somebody connects.

use super::fields::{Fields, View};
use crate::plan::{Endpoint, Will};

/// Adds how somebody connects.
pub(super) fn connection(fields: Fields, endpoint: &Endpoint, view: View) -> Fields {
    let Endpoint { client_id, command_topic, reply_topic, will } = endpoint;
    let will = will.as_ref().map(|Will { topic, body, qos, retain }| {
        Fields::new(view)
            .field("topic", topic.clone())
            .field("body", body.clone())
            .field("qos", *qos)
            .field("retain", *retain)
            .done()
    });
    fields
        .field("client_id", client_id.clone())
        .field("command_topic", command_topic.clone())
        .field("reply_topic", reply_topic.clone())
        .field("will", will)
}
