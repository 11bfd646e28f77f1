//! What the functions of a device are given: while it is put into the world, watches, speaks and obeys.

use std::fmt;

use bevy_ecs::prelude::*;
use bevy_ecs::query::QueryData;
use sim_core::{Arguments, Assembly, Clock, DevicePlan, Evidence, Key, MessageBuilder, Participants, Roster, SimTime};

use super::kind::Table;
use super::{Device, DeviceModel, Due, EventStream};
use crate::alarm::{self, AlarmEvent};
use patients::glycaemia::Glycaemia;
use patients::{Physiology, build_of_wearer};
use physiology::{Body, Build};

/// Components of the patient, as a device of model `M` sees them.
pub type PatientOf<'a, M> = <<M as DeviceModel>::Patient as QueryData>::Item<'a, 'a>;

/// Other components of the device, as model `M` sees them.
pub type PartsOf<'a, M> = <<M as DeviceModel>::Parts as QueryData>::Item<'a, 'a>;

/// A device that is being put into the world.
#[derive(Debug)]
pub struct Spawning<'a> {
    /// The world, in which its patient lives already.
    pub world: &'a mut World,
    /// What the scenario says of it.
    pub plan: &'a DevicePlan,
    /// Its number, key and streams.
    pub device: &'a Device,
}

impl Spawning<'_> {
    /// Key of its draws.
    pub fn key(&self) -> Key {
        self.device.key
    }

    /// Everybody who takes part.
    pub fn roster(&self) -> &Roster {
        &self.world.resource::<Participants>().0
    }

    /// A component of its patient.
    pub fn patient<C: Component>(&self) -> Option<&C> {
        self.world.get::<C>(self.device.patient)
    }

    /// The body of its patient.
    ///
    /// # Errors
    /// When the patient has none.
    pub fn body(&self) -> Result<&Body, String> {
        let physiology = self.patient::<Physiology>();
        physiology.map(|Physiology(body)| body).ok_or_else(|| "the patient has no circulation".to_owned())
    }

    /// Glucose and insulin of its patient.
    ///
    /// # Errors
    /// When the patient has none.
    pub fn glycaemia(&self) -> Result<&Glycaemia, String> {
        self.patient::<Glycaemia>().ok_or_else(|| "the patient has no glucose".to_owned())
    }

    /// Build of its patient.
    ///
    /// # Errors
    /// When it belongs to nobody.
    pub fn build(&self) -> Result<Build, String> {
        build_of_wearer(self.roster(), self.plan).ok_or_else(|| "the device belongs to nobody".to_owned())
    }
}

/// An accepted command.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Its arguments, which are those of its row.
    pub arguments: &'a Arguments,
    /// When it takes effect.
    pub now: SimTime,
}

impl Order<'_> {
    /// A number among the arguments, 0 when it was left out.
    pub fn number(&self, name: &str) -> f64 {
        self.arguments.number(name).unwrap_or_default()
    }
}

/// A device that says the message of a stream.
pub struct Saying<'a, M: DeviceModel> {
    /// This grid step.
    pub clock: &'a Clock,
    /// The device.
    pub device: &'a Device,
    /// Which message it is, and when it is said.
    pub due: Due,
    /// Its patient.
    pub patient: PatientOf<'a, M>,
    /// Its other components.
    pub parts: PartsOf<'a, M>,
    /// The message, so far without content.
    pub message: MessageBuilder<'a>,
    /// What steps have changed.
    pub evidence: &'a mut Evidence,
    /// Room to work in; what is in it is of no meaning.
    pub room: &'a mut M::Room,
}

impl<M: DeviceModel> fmt::Debug for Saying<'_, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Saying").field("device", &self.device).field("due", &self.due).finish_non_exhaustive()
    }
}

/// A device that watches over something.
pub struct Watching<'a, M: DeviceModel> {
    /// This grid step.
    pub clock: &'a Clock,
    /// What steps have changed.
    pub evidence: &'a mut Evidence,
    pub(super) entity: Entity,
    pub(super) device: &'a mut Device,
    pub(super) patients: Query<'a, 'a, M::Patient>,
    pub(super) parts: Query<'a, 'a, M::Parts, With<M>>,
    pub(super) table: &'a Table<M>,
    pub(super) assembly: &'a mut Assembly,
}

impl<'a, M: DeviceModel> Watching<'a, M> {
    /// The device.
    pub fn device(&self) -> &Device {
        self.device
    }

    /// Its patient, if it has what the model looks at.
    pub fn patient(&self) -> Option<PatientOf<'a, M>> {
        self.patients.get_inner(self.device.patient).ok()
    }

    /// Its other components, if it has all of them.
    pub fn parts(&self) -> Option<PartsOf<'a, M>> {
        self.parts.get_inner(self.entity).ok()
    }

    /// Speaks on an event stream now; `None` when the scenario leaves the stream out.
    pub fn event(&mut self, stream: EventStream) -> Option<MessageBuilder<'_>> {
        self.event_at(stream, self.clock.now)
    }

    /// As [`Watching::event`], at an instant of this grid step.
    pub fn event_at(&mut self, stream: EventStream, at: SimTime) -> Option<MessageBuilder<'_>> {
        let due = self.device.event(self.table.position(stream), at)?;
        Some(self.device.say(&due, self.clock, self.assembly))
    }

    /// Says that an alarm begins or ends.
    pub fn alarm(&mut self, event: AlarmEvent) {
        if let Some(mut message) = self.event(alarm::STREAM) {
            event.write(&mut message);
        }
    }
}

impl<M: DeviceModel> fmt::Debug for Watching<'_, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watching").field("device", &self.device).finish_non_exhaustive()
    }
}
