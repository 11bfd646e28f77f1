//! What a payload format may demand of the connection that carries its messages: messages of its own when a session begins,
//! when somebody asks for them and when it ends, and what counts within it.
//!
//! The format knows the rules; whoever has the connection keeps a [`FormatSession`] of it, whoever watches from outside a
//! [`SessionFollower`]. Neither does any I/O or reads a clock.

use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;

use crate::{DeviceIdentity, MetricId};

/// The rules of a format that knows sessions.
pub trait SessionRules: Debug + Send + Sync {
    /// The session that a topic of messages belongs to. All topics of one connection belong to one session, and no two
    /// connections have the same.
    ///
    /// # Errors
    /// Why no message may be published there, and what was probably meant.
    fn session_of(&self, topic: &str) -> Result<String, String>;

    /// How messages must be published: delivery level, and whether the target keeps them.
    fn delivery(&self) -> (u8, bool);

    /// A device, or all that stand behind a gateway, with the streams that go over one connection.
    fn begin(&self, streams: &[SessionStream]) -> Box<dyn FormatSession>;

    /// Somebody begins to watch the sessions to which these topics of messages belong.
    fn follow(&self, topics: &[String]) -> Box<dyn SessionFollower>;
}

/// A stream whose messages go over a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionStream {
    /// Where they are published.
    pub topic: String,
    /// Serial number of the device.
    pub device_serial: String,
    /// The device's label.
    pub device: DeviceIdentity,
    /// What the messages say.
    pub metrics: Vec<MetricId>,
}

/// A message of the session itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionMessage {
    /// Where it is published.
    pub topic: String,
    /// Its bytes.
    pub payload: Bytes,
    /// Delivery level.
    pub qos: u8,
}

/// The session of one connection; it outlives the transports beneath. Instants are milliseconds since the Unix epoch.
pub trait FormatSession: Debug + Send {
    /// Where others speak to it.
    fn filters(&self) -> Vec<String>;

    /// A transport stands, and nothing was said over it yet: what the target is to publish should it break.
    fn connect(&mut self, now_ms: i64) -> SessionMessage;

    /// The target has accepted the connection: what is said before anything else.
    fn open(&mut self, now_ms: i64) -> Vec<SessionMessage>;

    /// What others have said, on a topic of [`FormatSession::filters`]; the answer goes out before anything else.
    fn hear(&mut self, topic: &[u8], payload: &[u8], now_ms: i64) -> Vec<SessionMessage>;

    /// A message as the format has encoded it, with what belongs to the session. It is written right after; `is_backfill`
    /// if it has waited for the connection.
    fn dress(&mut self, topic: &str, payload: &[u8], is_backfill: bool, now_ms: i64) -> Bytes;

    /// The connection is about to end cleanly: what is said last.
    fn close(&mut self, now_ms: i64) -> Vec<SessionMessage>;
}

/// Follows the sessions of many, from outside.
pub trait SessionFollower: Debug + Send {
    /// What was published on a topic; `None` where the topic is of none of the sessions.
    fn see(&mut self, topic: &str, payload: &[u8]) -> Option<SessionSighting>;

    /// Something may have been missed: what comes next need not follow on what came before.
    fn lost_sight(&mut self);
}

/// What a message is to those who follow sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSighting {
    /// Its kind, as the format calls it.
    pub kind: &'static str,
    /// Whether it is of the session itself, and says nothing that a device has measured.
    pub is_of_session: bool,
    /// Which rule it breaks; equal words for equal causes.
    pub flaw: Option<&'static str>,
}

/// The rules of a format, shared.
pub type SharedSessionRules = Arc<dyn SessionRules>;
