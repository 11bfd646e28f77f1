//! Sparkplug B 3.0: metrics in Protocol Buffers, and sessions of nodes with births and deaths.
//!
//! A message is a payload with its metrics by name. Over a connection that keeps the session of a node it gets what belongs to
//! that: numbers for names, the sequence number, the mark of what has waited (`node`). Whoever watches follows births and
//! deaths (`host`). A payload means the same with and without what belongs to the session.

pub(crate) mod encode;
mod host;
mod meaning;
mod node;
mod payload;
mod tag;
#[cfg(test)]
mod tests;
mod topic;
mod wire;

use std::sync::Arc;

use bytes::BytesMut;
use vocabulary::{
    Format, FormatSession, KeyError, Message, MessageKey, SessionFollower, SessionRules, SessionStream,
    SharedSessionRules,
};

use self::host::Host;
use self::node::Node;
use self::topic::Topic;

/// Sparkplug B.
#[derive(Debug, Clone, Copy)]
pub struct Sparkplug;

/// The schema of payloads, as far as Sparkplug gives the fields a meaning.
pub const PROTO: &str = include_str!("../schemas/sparkplug.proto");

impl Format for Sparkplug {
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
        encode::encode(message, false, out);
    }

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        meaning::key(payload)
    }

    /// The metrics, in whatever order, by name or by number; not what belongs to the session.
    fn write_meaning(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        meaning::write_meaning(payload, out)
    }

    fn content_type(&self) -> &'static str {
        "application/x-protobuf"
    }

    fn schema(&self) -> Option<&'static str> {
        Some(PROTO)
    }

    fn session(&self) -> Option<SharedSessionRules> {
        Some(Arc::new(*self))
    }
}

impl SessionRules for Sparkplug {
    fn session_of(&self, topic: &str) -> Result<String, String> {
        let Topic { group, node, .. } = Topic::of_data(topic)?;
        Ok(format!("{group}/{node}"))
    }

    /// Data are published at `QoS` 0 and never kept (tck-id-topics-ndata-mqtt, tck-id-topics-ddata-mqtt).
    fn delivery(&self) -> (u8, bool) {
        (0, false)
    }

    fn begin(&self, streams: &[SessionStream]) -> Box<dyn FormatSession> {
        Box::new(Node::new(streams))
    }

    fn follow(&self, topics: &[String]) -> Box<dyn SessionFollower> {
        Box::new(Host::of(topics))
    }
}
