//! Kinds of devices.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bevy_ecs::prelude::*;
use vocabulary::MetricId;

use super::{Registry, Row, SpawnError};
use crate::{Arguments, DevicePlan, Obey, ParameterSpec, SimId};

/// What a stream of a device kind is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// Values at a period.
    Numeric {
        /// Default period [ms].
        period_ms: u32,
    },
    /// Samples at a rate.
    Wave {
        /// Default sampling rate [mHz].
        rate_mhz: u32,
        /// Default samples per message.
        samples: u32,
        /// Highest accepted rate [mHz].
        highest_mhz: u32,
    },
    /// Messages when something happens.
    Event,
}

/// A stream a device kind offers.
#[derive(Debug, Clone)]
pub struct StreamSpec {
    /// Stream id.
    pub id: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Kind and default cadence.
    pub kind: StreamKind,
    /// Metrics it can carry.
    pub metrics: Vec<MetricId>,
    /// What chooses among them; without it all are carried.
    pub choice: Option<MetricChoice>,
}

/// An option of the device lists which of a stream's metrics are carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricChoice {
    /// The option, which takes texts: short names of metrics.
    pub option: &'static str,
    /// What is carried when the option is absent.
    pub usual: MetricId,
}

impl StreamSpec {
    /// The metrics that the stream carries of a device with these options.
    pub fn metrics_of(&self, options: &Arguments) -> Vec<MetricId> {
        let Some(MetricChoice { option, usual }) = self.choice else { return self.metrics.clone() };
        let chosen = options.texts(option).unwrap_or_default();
        if chosen.is_empty() {
            return vec![usual];
        }
        chosen.iter().filter_map(|name| MetricId::find(name)).collect()
    }

    /// Short names of its metrics, with commas between them.
    pub fn metric_names(&self) -> String {
        let names: Vec<_> = self.metrics.iter().map(|metric| metric.metric().id).collect();
        names.join(", ")
    }
}

/// A command a device kind obeys.
#[derive(Debug, Clone)]
pub struct CommandSpec {
    /// Operation.
    pub op: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Arguments.
    pub parameters: Vec<ParameterSpec>,
    /// Arguments of which exactly one must be given; empty when there are none.
    pub alternatives: Vec<&'static str>,
    /// Carries it out.
    pub obey: Obey,
}

/// Puts a device into the world.
#[derive(Clone)]
pub struct Spawn(Arc<SpawnCode>);

type SpawnCode = dyn Fn(&mut World, SimId, &DevicePlan, Entity) -> Result<Entity, SpawnError> + Send + Sync;

impl Spawn {
    /// A device that this code puts into the world: it is given its number, its plan and the entity of its patient.
    pub fn new(
        code: impl Fn(&mut World, SimId, &DevicePlan, Entity) -> Result<Entity, SpawnError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(code))
    }

    pub(crate) fn spawn(
        &self,
        world: &mut World,
        id: SimId,
        plan: &DevicePlan,
        patient: Entity,
    ) -> Result<Entity, SpawnError> {
        (self.0)(world, id, plan, patient)
    }
}

impl fmt::Debug for Spawn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Spawn").finish_non_exhaustive()
    }
}

/// A kind of device.
#[derive(Debug, Clone)]
pub struct DeviceSpec {
    /// Name, such as `pulse_oximeter`.
    pub kind: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Streams it offers; without a `stream` table a scenario gets all of them.
    pub streams: Vec<StreamSpec>,
    /// Options of the device.
    pub options: Vec<ParameterSpec>,
    /// Commands it obeys.
    pub commands: Vec<CommandSpec>,
    /// Puts one into the world.
    pub spawn: Spawn,
}

impl Row for DeviceSpec {
    const NOUN: &'static str = "device kind";

    fn name(&self) -> &str {
        self.kind
    }

    fn flaws(&self, _: &Registry) -> Vec<String> {
        let mut streams = BTreeSet::new();
        let mut operations = BTreeSet::new();
        let twice = self.streams.iter().filter(|stream| !streams.insert(stream.id));
        let mut flaws: Vec<_> = twice.map(|stream| format!("has two streams `{}`", stream.id)).collect();
        let twice = self.commands.iter().filter(|command| !operations.insert(command.op));
        flaws.extend(twice.map(|command| format!("has two commands `{}`", command.op)));
        flaws
    }
}
