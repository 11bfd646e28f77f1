//! Where the simulation meets the outside: messages that leave, commands that arrive, answers to them.

use bevy_ecs::prelude::*;
use bytes::Bytes;

use crate::{Arguments, RouteId, SimId, SimTime};

/// One encoded message on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// Who says it.
    pub device: SimId,
    /// On which route (device, stream, topic).
    pub route: RouteId,
    /// Sequence number within device and stream, from 0.
    pub sequence: u64,
    /// When the device's own schedule says it, whether or not the network is ready.
    pub intended: SimTime,
    /// Encoded payload.
    pub payload: Bytes,
    /// Who hands it on, for a message that another device has taken; `None` when the device itself sends it.
    pub relay: Option<Relay>,
}

impl Outbound {
    /// Whose connection carries the message.
    pub fn sender(&self) -> SimId {
        self.relay.map_or(self.device, |relay| relay.device)
    }

    /// When it is to be written.
    pub fn due(&self) -> SimTime {
        self.relay.map_or(self.intended, |relay| relay.at)
    }
}

/// The last leg of a message that another device hands on, as a gateway does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relay {
    /// Who hands it on.
    pub device: SimId,
    /// When that device sends it.
    pub at: SimTime,
}

/// A well-formed command for a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// To whom.
    pub device: SimId,
    /// Identity given by the sender; a device applies one id once.
    pub id: String,
    /// Operation.
    pub op: String,
    /// Arguments of the operation.
    pub arguments: Arguments,
}

/// What became of a command that could be read; one that could not never reaches a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyStatus {
    /// The device did it.
    Applied,
    /// The device understood it and will not do it.
    Refused,
}

/// A device's answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Who answers.
    pub device: SimId,
    /// Identity of the command.
    pub id: String,
    /// Outcome.
    pub status: ReplyStatus,
    /// Why, unless applied.
    pub reason: Option<String>,
    /// When.
    pub at: SimTime,
}

/// Messages encoded since the host last drained them.
#[derive(Debug, Default, Resource)]
pub struct Outbox(pub Vec<Outbound>);

/// Commands that take effect at the next grid step, in order of device and arrival.
#[derive(Debug, Default, Resource)]
pub struct CommandInbox(pub Vec<Command>);

/// Answers given since the host last drained them.
#[derive(Debug, Default, Resource)]
pub struct Replies(pub Vec<Reply>);
