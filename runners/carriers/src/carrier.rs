//! What a run needs of whatever carries its messages.

use std::time::Duration;

use bytes::Bytes;
use sim_core::{OccurrenceId, Outbound, SimId, SimTime, Span};

use crate::error::CarrierError;
use crate::event::CommandArrival;
use crate::other_end::OtherEnd;
use crate::rules::link_rule::LinkRule;
use crate::stats::CarrierStats;

/// The connections of devices and gateways to one target, whatever carries them and whatever keeps their time.
///
/// What becomes of messages is told in batches to whoever was given with the [`Opening`](crate::Opening): in virtual time
/// within [`Carrier::advance_to`] and [`Carrier::finish`], on the wall clock as it happens, from any thread.
pub trait Carrier {
    /// Whether a device's connection is here.
    fn has(&self, device: SimId) -> bool;

    /// Hands over messages; each leaves over its sender's connection when it is due.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`] or [`CarrierError::UnknownRoute`], and then no message of the batch is taken;
    /// [`CarrierError::Ended`].
    fn submit(&mut self, batch: Vec<Outbound>) -> Result<(), CarrierError>;

    /// On the wall clock, waits until devices are connected, at most for `lead` unless nobody is by then, and tells how
    /// many are.
    ///
    /// # Errors
    /// [`CarrierError::NobodyOnline`] when not one is in the end.
    fn wait_online(&mut self, lead: Duration) -> Result<usize, CarrierError>;

    /// In virtual time, when something is to happen next, as far as it is known [ns]. Who looks at the target looks then.
    fn next_ns(&self) -> i64 {
        i64::MAX
    }

    /// In virtual time, lets it pass up to and with an instant [ns].
    fn advance_to(&mut self, until_ns: i64);

    /// Ends the connections: sends what is due, waits at most for `patience` until everything is settled, and declares the
    /// rest as [`CarrierEvent::Pending`](crate::CarrierEvent::Pending).
    ///
    /// # Errors
    /// [`CarrierError::Ended`] when they had ended before.
    fn finish(&mut self, patience: Span) -> Result<CarrierStats, CarrierError>;

    /// Takes away from the target, after the end, what the run has left there, and tells what could not be taken away.
    fn clean_up(&mut self) -> Vec<Leftover> {
        Vec::new()
    }

    /// What the report says of a target that is not a broker; empty where the address says everything.
    fn identity(&self) -> String {
        String::new()
    }

    /// What stands at the other end, if that is in this process: probes listen there in virtual time, and commands are
    /// given there unless the target is a broker on the wall clock.
    fn other_end(&mut self) -> Option<&mut dyn OtherEnd> {
        None
    }

    /// Commands that reached devices since the last call, in the order of each device.
    fn take_commands(&mut self) -> Vec<CommandArrival> {
        Vec::new()
    }

    /// Answers a command, until the answer is acknowledged. Not part of the telemetry counts; a device that has nowhere
    /// to answer drops it.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`], [`CarrierError::NoCommands`] or [`CarrierError::Ended`].
    fn reply(&mut self, device: SimId, payload: Bytes) -> Result<(), CarrierError> {
        drop(payload);
        Err(CarrierError::NoCommands { device })
    }

    /// Puts rules on the links of devices at an instant; evidence is counted for the occurrence. A carrier without links
    /// that could fail has nothing to put them on.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`], and then nothing begins, or [`CarrierError::Ended`].
    fn begin(
        &mut self,
        rules: Vec<(SimId, Box<dyn LinkRule>)>,
        occurrence: OccurrenceId,
        at: SimTime,
    ) -> Result<(), CarrierError> {
        let _ = (rules, occurrence, at);
        Ok(())
    }

    /// Heals every link that the occurrence has a rule on, at an instant.
    ///
    /// # Errors
    /// [`CarrierError::Ended`].
    fn heal(&mut self, occurrence: OccurrenceId, at: SimTime) -> Result<(), CarrierError> {
        let _ = (occurrence, at);
        Ok(())
    }
}

/// Something of the run that may still be at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leftover {
    /// So many sessions.
    Sessions(usize),
    /// Retained messages, and why.
    Retained(String),
}
