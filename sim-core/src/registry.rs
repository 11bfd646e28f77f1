//! The registry: everything a scenario can name, as data, with the code behind it.
//!
//! Models, runners and vendors add rows at start. The checker, `iomt actions`, the JSON Schema and the reference are
//! drawn from these rows, so they cannot differ from what runs.

use std::fmt;

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::{IntoScheduleConfigs, Schedule};
use bevy_ecs::system::ScheduleSystem;
use vocabulary::{Dimension, Encode, MetricId};

use crate::sim::{Phase, Slot};
use crate::{DevicePlan, Edge, Obey, Occurrence, OccurrenceId, ParameterSpec, PatientPlan, SimId, Subject};

/// The level of path an action is matched at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `cohort/patient`.
    Patient,
    /// `cohort/patient/device`.
    Device,
    /// `cohort/patient/device/stream`.
    Stream,
    /// The link of `cohort/patient/device`.
    Link,
    /// `target/id`.
    Target,
    /// `gw/id/number`.
    Gateway,
}

impl Level {
    /// The word for it in reference tables and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Device => "device",
            Self::Stream => "stream",
            Self::Link => "link",
            Self::Target => "target",
            Self::Gateway => "gateway",
        }
    }
}

/// Where an action acts.
#[derive(Debug, Clone, Copy)]
pub enum Seam {
    /// On patients, devices and samples, inside the simulation.
    Signal(SignalAction),
    /// On the bytes of a connection.
    Link,
    /// On the Bluetooth radio, its links and gateways.
    Radio,
    /// As an additional client of the stack, or by a command.
    Actor,
}

impl Seam {
    /// The word for it in reference tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Signal(_) => "signal",
            Self::Link => "link",
            Self::Radio => "radio",
            Self::Actor => "actor",
        }
    }
}

/// Begins or heals an action on one subject inside the simulation.
pub type SignalAction = fn(world: &mut World, act: &SignalAct<'_>);

/// One edge of one occurrence on one subject.
#[derive(Debug, Clone, Copy)]
pub struct SignalAct<'a> {
    /// Which occurrence, for evidence.
    pub id: OccurrenceId,
    /// Its parameters and times.
    pub occurrence: &'a Occurrence,
    /// On whom.
    pub subject: &'a Subject,
    /// The entity of the subject's patient or device.
    pub entity: Entity,
    /// Begin or heal.
    pub edge: Edge,
}

/// Whether a step of this action takes `for`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationRule {
    /// It must say how long.
    Required,
    /// Without `for` it lasts to the end of the run.
    Optional,
    /// It happens at an instant.
    Instant,
}

/// An action a step can do.
#[derive(Debug, Clone)]
pub struct ActionSpec {
    /// Name, such as `net.cut`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Level of path it acts on.
    pub level: Level,
    /// Where it acts.
    pub seam: Seam,
    /// Its parameters.
    pub parameters: Vec<ParameterSpec>,
    /// Whether it takes `for`.
    pub duration: DurationRule,
    /// Names of its evidence counters; any of them above zero makes an occurrence effective.
    pub evidence: &'static [&'static str],
    /// How it is healed.
    pub heal: &'static str,
    /// What a good stack does about it.
    pub stack_should: &'static str,
}

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

/// One column of a patient model's truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TruthColumn {
    /// Name.
    pub name: &'static str,
    /// Unit.
    pub unit: &'static str,
}

/// A patient model.
#[derive(Debug, Clone)]
pub struct PatientSpec {
    /// Name, such as `adult_icu`.
    pub model: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Parameters; numbers may be written as distributions.
    pub parameters: Vec<ParameterSpec>,
    /// Columns of the states it notes.
    pub truth: &'static [TruthColumn],
    /// Puts one into the world.
    pub spawn: fn(world: &mut World, id: SimId, plan: &PatientPlan, seed: u64) -> Result<Entity, SpawnError>,
}

/// A file of patient profiles and conditions, in the language of scenario files.
#[derive(Debug, Clone)]
pub struct ProfileFile {
    /// Name in diagnostics.
    pub name: String,
    /// Its text: `[profile.ID]` and `[condition.ID]` tables.
    pub text: String,
}

/// A payload format.
#[derive(Debug, Clone, Copy)]
pub struct FormatSpec {
    /// Name, such as `vendor-json`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// The encoder.
    pub encode: Encode,
}

/// What a gateway makes of what it hears, before it hands it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayFormatSpec {
    /// Name, such as `gateway-json`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
}

/// What kind of number an expectation metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricShape {
    /// Whole number of events.
    Count,
    /// A share of a whole, written in percent.
    Share,
    /// Many values, to be reduced by a statistic such as `p99`.
    Distribution(Dimension),
}

/// A metric an expectation can speak about.
#[derive(Debug, Clone, Copy)]
pub struct ExpectMetricSpec {
    /// Name, such as `latency.e2e`.
    pub name: &'static str,
    /// Exact definition.
    pub about: &'static str,
    /// Kind of number.
    pub shape: MetricShape,
    /// Words accepted in parentheses, such as `acked` in `lost(acked)`.
    pub arguments: &'static [&'static str],
}

/// A model could not be put into the world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct SpawnError {
    /// Path of the patient or device.
    pub path: String,
    /// What is wrong.
    pub reason: String,
}

type Furnisher = Box<dyn Fn(&mut World) + Send + Sync>;
type Installer = Box<dyn Fn(&mut Schedule, Slot) + Send + Sync>;

/// All rows.
#[derive(Default)]
pub struct Registry {
    /// Actions by name.
    pub actions: Vec<ActionSpec>,
    /// Device kinds.
    pub devices: Vec<DeviceSpec>,
    /// Patient models.
    pub patients: Vec<PatientSpec>,
    /// Profiles and conditions of patients; a later file replaces what an earlier one says under the same id.
    pub profiles: Vec<ProfileFile>,
    /// Payload formats.
    pub formats: Vec<FormatSpec>,
    /// Payload formats of gateways.
    pub gateway_formats: Vec<GatewayFormatSpec>,
    /// Kinds of devices that speak Bluetooth; while the list is empty nobody is asked.
    pub bluetooth_kinds: Vec<&'static str>,
    /// Expectation metrics.
    pub metrics: Vec<ExpectMetricSpec>,
    resources: Vec<Furnisher>,
    systems: Vec<(Phase, Installer)>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Registry")
            .field("actions", &self.actions.len())
            .field("devices", &self.devices.len())
            .field("patients", &self.patients.len())
            .field("profiles", &self.profiles.len())
            .field("formats", &self.formats.len())
            .field("gateway_formats", &self.gateway_formats.len())
            .field("bluetooth_kinds", &self.bluetooth_kinds.len())
            .field("metrics", &self.metrics.len())
            .field("systems", &self.systems.len())
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a system. Systems run in the order of their phases and, within a phase, of their registration.
    pub fn add_system<Marker>(
        &mut self,
        phase: Phase,
        system: impl IntoScheduleConfigs<ScheduleSystem, Marker> + Clone + Send + Sync + 'static,
    ) {
        let installer: Installer = Box::new(move |schedule, slot| {
            schedule.add_systems(system.clone().in_set(slot));
        });
        self.systems.push((phase, installer));
    }

    /// Runs `insert` on every new world, before patients and devices enter it.
    pub fn add_resource(&mut self, insert: impl Fn(&mut World) + Send + Sync + 'static) {
        self.resources.push(Box::new(insert));
    }

    /// The action with this name.
    pub fn action(&self, name: &str) -> Option<&ActionSpec> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// The device kind with this name.
    pub fn device(&self, kind: &str) -> Option<&DeviceSpec> {
        self.devices.iter().find(|device| device.kind == kind)
    }

    /// The patient model with this name.
    pub fn patient(&self, model: &str) -> Option<&PatientSpec> {
        self.patients.iter().find(|patient| patient.model == model)
    }

    /// The payload format with this name.
    pub fn format(&self, name: &str) -> Option<&FormatSpec> {
        self.formats.iter().find(|format| format.name == name)
    }

    /// The expectation metric with this name.
    pub fn metric(&self, name: &str) -> Option<&ExpectMetricSpec> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    pub(crate) fn install(&self, world: &mut World, schedule: &mut Schedule, first_slot: u32) -> u32 {
        for insert in &self.resources {
            insert(world);
        }
        let mut ordered: Vec<&(Phase, Installer)> = self.systems.iter().collect();
        ordered.sort_by_key(|(phase, _)| *phase);
        let mut slot = first_slot;
        for (_, install) in ordered {
            install(schedule, Slot(slot));
            slot += 1;
        }
        slot
    }
}
