//! How one device or gateway connects.

use serde_json::json;
use sim_core::Span;

use super::fields::{Fields, View};
use super::link::{AuthPlan, TokenPlan};

/// How one device connects, rendered from its link's templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// MQTT client id, unique among all that have a connection; may contain `${run}`, which the runner fills in.
    pub client_id: String,
    /// Where it listens for commands: `<prefix>/cmd`.
    pub command_topic: String,
    /// Where it answers: `<prefix>/ack`.
    pub reply_topic: String,
    /// Last will.
    pub will: Option<Will>,
    /// Name and password; may contain `${run}`.
    pub auth: Option<AuthPlan>,
    /// How it makes its password for itself; that of `auth` is empty then.
    pub token: Option<TokenPlan>,
    /// The certificate that it shows, if it has one of its own.
    pub certificate: Option<CertificatePlan>,
}

/// Certificate and private key of a device, in PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatePlan {
    /// File of the certificate, with those of its issuers if there are some; beside the scenario.
    pub certificate: String,
    /// File of the key.
    pub key: String,
}

/// A last will, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// Topic.
    pub topic: String,
    /// Payload.
    pub body: String,
    /// Delivery level, 0 to 2.
    pub qos: u8,
    /// Whether the broker keeps it.
    pub retain: bool,
    /// How long the broker waits with it (MQTT 5).
    pub delay: Span,
}

/// Adds how somebody connects.
pub(in crate::plan) fn connection(fields: Fields, endpoint: &Endpoint, view: View) -> Fields {
    // The link tells the name, and what somebody shows of itself is not what is tested.
    let Endpoint { client_id, command_topic, reply_topic, will, auth: _, token: _, certificate: _ } = endpoint;
    let will = will.as_ref().map(|Will { topic, body, qos, retain, delay }| {
        Fields::new(view)
            .field("topic", topic.clone())
            .field("body", body.clone())
            .field("qos", *qos)
            .field("retain", *retain)
            .given("delay", if *delay > Span::ZERO { json!({ "s": delay.seconds() }) } else { json!({}) })
            .done()
    });
    fields
        .field("client_id", client_id.clone())
        .field("command_topic", command_topic.clone())
        .field("reply_topic", reply_topic.clone())
        .field("will", will)
}
