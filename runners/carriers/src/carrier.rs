//! What a run needs of whatever carries its messages.

use bytes::Bytes;
use sim_core::{OccurrenceId, Outbound, SimId, SimTime};

use crate::error::FleetError;
use crate::mqtt::event::CommandArrival;
use crate::rules::link_rule::LinkRule;

/// The connections of devices and gateways to one target, whatever carries them and whatever keeps their time.
pub trait Carrier {
    /// Whether a device's connection is here.
    fn has(&self, device: SimId) -> bool;

    /// Hands over messages; each leaves over its sender's connection when it is due.
    ///
    /// # Errors
    /// [`FleetError::UnknownDevice`] or [`FleetError::UnknownRoute`], and then no message of the batch is taken;
    /// [`FleetError::Ended`].
    fn submit(&mut self, batch: Vec<Outbound>) -> Result<(), FleetError>;

    /// Commands that reached devices since the last call, in the order of each device.
    fn take_commands(&mut self) -> Vec<CommandArrival>;

    /// Answers a command, until the answer is acknowledged. Not part of the telemetry counts; a device that has nowhere
    /// to answer drops it.
    ///
    /// # Errors
    /// [`FleetError::UnknownDevice`] or [`FleetError::Ended`].
    fn reply(&mut self, device: SimId, payload: Bytes) -> Result<(), FleetError>;

    /// Puts rules on the links of devices at an instant; evidence is counted for the occurrence.
    ///
    /// # Errors
    /// [`FleetError::UnknownDevice`], and then nothing begins, or [`FleetError::Ended`].
    fn begin(
        &mut self,
        rules: Vec<(SimId, Box<dyn LinkRule>)>,
        occurrence: OccurrenceId,
        at: SimTime,
    ) -> Result<(), FleetError>;

    /// Heals every link that the occurrence has a rule on, at an instant.
    ///
    /// # Errors
    /// [`FleetError::Ended`].
    fn heal(&mut self, occurrence: OccurrenceId, at: SimTime) -> Result<(), FleetError>;
}
