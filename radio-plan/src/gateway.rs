//! Gateways, and what they make of what they hear.

use std::sync::Arc;

use bytes::BytesMut;
use sim_core::{Row, SimId, Span};
use vocabulary::{Format, Heard};

use crate::site::Place;

/// A gateway: listens to Bluetooth devices and hands on over its own connection what they say.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayPlan {
    /// Its number among the devices.
    pub device: SimId,
    /// Its site, among [`crate::AirPlan::sites`].
    pub site: usize,
    /// Where it is.
    pub place: Place,
    /// Most Bluetooth links at a time.
    pub slots: u32,
    /// Connection interval it asks for.
    pub interval: Span,
    /// Payload format of what it hands on: the name of a [`GatewayFormatSpec`].
    pub format: String,
    /// The devices it may connect to, ascending.
    pub devices: Vec<SimId>,
}

/// What a gateway makes of what it hears, before it hands it on.
#[derive(Debug, Clone)]
pub struct GatewayFormatSpec {
    /// Name, such as `gateway-json`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Appends what is handed on to `out`.
    pub encode: fn(heard: &Heard<'_>, out: &mut BytesMut),
    /// The format that reads back which message a payload is, and whether it still means the same.
    pub reader: Arc<dyn Format>,
}

impl Row for GatewayFormatSpec {
    const NOUN: &'static str = "payload format of gateways";

    fn name(&self) -> &str {
        self.name
    }
}
