//! Kinds of devices.

use bevy_ecs::prelude::*;
use vocabulary::MetricId;

use super::{Row, SpawnError};
use crate::{DevicePlan, Obey, ParameterSpec, SimId};

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
    /// Metrics it carries.
    pub metrics: &'static [MetricId],
}

impl StreamSpec {
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
    /// Carries out a checked command; `None` when it takes none.
    pub obey: Option<Obey>,
    /// Puts one into the world.
    pub spawn: fn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError>,
}

impl Row for DeviceSpec {
    const NOUN: &'static str = "device kind";

    fn name(&self) -> &str {
        self.kind
    }
}
