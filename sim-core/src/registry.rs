//! The registry: everything a scenario can name, as rows with the code behind them.
//!
//! Models, runners and vendors add rows at start, each under the name of a [`Plugin`]. The checker, `iomt actions`, the
//! JSON Schema and the reference are drawn from these rows, so they cannot differ from what runs. A row of a type that
//! the kernel does not know is kept as well: carriers, probes and the radio have rows of their own.

mod action;
mod carrier;
mod cloud;
mod device;
mod executor;
mod expectation_metric;
mod foresight;
mod format;
mod patient;
mod plugin;
mod probe;
mod program;
mod rows;
mod system;

use std::fmt;

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::IntoScheduleConfigs;
use bevy_ecs::system::ScheduleSystem;
use vocabulary::{Metric, MetricId, register_metric};

pub use action::{
    ActionSpec, CommandAction, CommandCode, DurationRule, Level, Request, SignalAct, SignalAction, SignalCode,
};
pub use carrier::{AddressSpec, CarrierChecks, CarrierKind};
pub use cloud::{CloudLogin, CloudSpec, OtherIds};
pub use device::{CommandSpec, DeviceSpec, MetricChoice, Spawn, StreamKind, StreamSpec};
pub use executor::{Executor, Reach, Seam};
pub use expectation_metric::{ExpectMetricSpec, MetricShape, Sampled};
pub use foresight::{Complaint, Need, PatientFaculties, PatientText, StepCheck, StepFacts};
pub use format::{FormatError, FormatSource, FormatSpec, MakeFormat};
pub use patient::{PatientSpec, ProfileFile, SpawnError, TruthColumn};
pub use plugin::{Flaw, Flaws, Plugin};
pub use probe::ProbeKind;
pub use program::Program;
pub use rows::Row;
pub use system::SystemSpec;

use crate::sim::Phase;
use crate::{DevicePlan, Occurrence, StreamPlan};
use rows::Lists;

type Furnisher = Box<dyn Fn(&mut World) + Send + Sync>;

/// All rows.
pub struct Registry {
    lists: Lists,
    /// Names of the plugins so far; the first one stands for rows added outside any plugin.
    plugins: Vec<String>,
    /// Which program this is.
    program: Program,
    /// The plugin that is registering.
    plugin: usize,
    /// What was wrong while rows were added.
    flaws: Vec<Flaw>,
    resources: Vec<Furnisher>,
    systems: Vec<SystemSpec>,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            lists: Lists::default(),
            plugins: vec!["the program".to_owned()],
            program: Program::default(),
            plugin: 0,
            flaws: Vec::new(),
            resources: Vec::new(),
            systems: Vec::new(),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Registry")
            .field("plugins", &self.plugins)
            .field("actions", &self.actions().len())
            .field("devices", &self.devices().len())
            .field("patients", &self.patients().len())
            .field("formats", &self.formats().len())
            .field("systems", &self.systems.len())
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a plugin add its rows, systems and resources. A flaw in any of them will name it.
    pub fn add_plugin(&mut self, plugin: &dyn Plugin) -> &mut Self {
        let before = self.plugin;
        self.plugins.push(plugin.name().to_owned());
        self.plugin = self.plugins.len() - 1;
        plugin.register(self);
        self.plugin = before;
        self
    }

    /// Gives the program a name and a version of its own.
    pub fn name_program(&mut self, program: Program) -> &mut Self {
        self.program = program;
        self
    }

    /// Which program this is.
    pub fn program(&self) -> Program {
        self.program
    }

    /// Adds a row, and those that come with it.
    pub fn add<R: Row>(&mut self, row: R) -> &mut Self {
        row.announce(self);
        self.lists.add(row, self.plugin);
        self
    }

    /// Adds rows.
    pub fn extend<R: Row>(&mut self, rows: impl IntoIterator<Item = R>) -> &mut Self {
        for row in rows {
            self.add(row);
        }
        self
    }

    /// Lets an action that another plugin has named act at one more seam.
    pub fn extend_action<S: Seam>(&mut self, name: &'static str, code: S) -> &mut Self {
        match self.lists.all_mut::<ActionSpec>().iter_mut().find(|action| action.name == name) {
            Some(action) => action.executor = action.executor.clone().and(code),
            None => self.flaws.push(Flaw {
                plugin: self.plugins[self.plugin].clone(),
                noun: ActionSpec::NOUN,
                row: name.to_owned(),
                reason: format!("is to act at the {} seam too, but no plugin before has it", S::WORD),
            }),
        }
        self
    }

    /// Adds a metric to the table of this process; `None` when it cannot be one, which is then a flaw of the plugin.
    pub fn add_metric(&mut self, metric: Metric) -> Option<MetricId> {
        let added = register_metric(metric);
        added
            .map_err(|error| {
                self.flaws.push(Flaw {
                    plugin: self.plugins[self.plugin].clone(),
                    noun: "metric",
                    row: metric.id.to_owned(),
                    reason: error.to_string(),
                });
            })
            .ok()
    }

    /// All rows of a type, in the order of their registration.
    pub fn all<R: Row>(&self) -> &[R] {
        self.lists.all()
    }

    /// As [`Registry::all`], to be changed: a program may reword or restrict what plugins have registered.
    pub fn all_mut<R: Row>(&mut self) -> &mut [R] {
        self.lists.all_mut()
    }

    /// The row of a type with this name.
    pub fn find<R: Row>(&self, name: &str) -> Option<&R> {
        self.all::<R>().iter().find(|row| row.name() == name)
    }

    /// Checks everything that is registered. A program does so before it reads a scenario.
    ///
    /// # Errors
    /// [`Flaws`] names every flaw, with the plugin it came from.
    pub fn check(&self) -> Result<(), Flaws> {
        let mut flaws = self.flaws.clone();
        flaws.extend(self.lists.flaws(self));
        flaws.sort();
        if flaws.is_empty() { Ok(()) } else { Err(Flaws(flaws)) }
    }

    /// Names of the plugins, in the order of their registration.
    pub fn plugins(&self) -> impl Iterator<Item = &str> {
        self.plugins.iter().skip(1).map(String::as_str)
    }

    pub(crate) fn plugin_name(&self, plugin: usize) -> &str {
        &self.plugins[plugin]
    }

    /// Adds a system that runs in every world and every grid step.
    pub fn add_system<Marker>(
        &mut self,
        phase: Phase,
        system: impl IntoScheduleConfigs<ScheduleSystem, Marker> + Clone + Send + Sync + 'static,
    ) {
        self.schedule(SystemSpec::new(phase, system));
    }

    /// Adds a system. Systems run in the order of their phases and, within a phase, of their registration.
    pub fn schedule(&mut self, system: SystemSpec) {
        self.systems.push(system);
    }

    /// Runs `insert` on every new world, before patients and devices enter it.
    pub fn add_resource(&mut self, insert: impl Fn(&mut World) + Send + Sync + 'static) {
        self.resources.push(Box::new(insert));
    }

    /// Actions.
    pub fn actions(&self) -> &[ActionSpec] {
        self.all()
    }

    /// Device kinds.
    pub fn devices(&self) -> &[DeviceSpec] {
        self.all()
    }

    /// Patient models.
    pub fn patients(&self) -> &[PatientSpec] {
        self.all()
    }

    /// Profiles and conditions of patients; a later file replaces what an earlier one says under the same id.
    pub fn profiles(&self) -> &[ProfileFile] {
        self.all()
    }

    /// Payload formats.
    pub fn formats(&self) -> &[FormatSpec] {
        self.all()
    }

    /// Payload formats that a scenario may name.
    pub fn public_formats(&self) -> impl Iterator<Item = &FormatSpec> + Clone {
        self.formats().iter().filter(|format| format.is_public)
    }

    /// Carriers.
    pub fn carriers(&self) -> &[CarrierKind] {
        self.all()
    }

    /// Kinds of probes.
    pub fn probe_kinds(&self) -> &[ProbeKind] {
        self.all()
    }

    /// Expectation metrics.
    pub fn metrics(&self) -> &[ExpectMetricSpec] {
        self.all()
    }

    /// The action with this name.
    pub fn action(&self, name: &str) -> Option<&ActionSpec> {
        self.find(name)
    }

    /// The device kind with this name.
    pub fn device(&self, kind: &str) -> Option<&DeviceSpec> {
        self.find(kind)
    }

    /// The metrics that a stream of this device carries; none of a kind that nobody registered.
    pub fn metrics_of(&self, device: &DevicePlan, stream: &StreamPlan) -> Vec<MetricId> {
        let spec = self.device(&device.kind).and_then(|kind| kind.streams.get(stream.kind_index));
        spec.map_or_else(Vec::new, |spec| spec.metrics_of(&device.options))
    }

    /// The patient model with this name.
    pub fn patient(&self, model: &str) -> Option<&PatientSpec> {
        self.find(model)
    }

    /// The payload format with this name.
    pub fn format(&self, name: &str) -> Option<&FormatSpec> {
        self.find(name)
    }

    /// The carrier with this name.
    pub fn carrier(&self, name: &str) -> Option<&CarrierKind> {
        self.find(name)
    }

    /// The expectation metric with this name.
    pub fn metric(&self, name: &str) -> Option<&ExpectMetricSpec> {
        self.find(name)
    }

    /// Makes a new world ready for patients and devices.
    pub(crate) fn furnish(&self, world: &mut World) {
        for insert in &self.resources {
            insert(world);
        }
    }

    /// The systems that a world needs, in the order in which they run.
    pub(crate) fn systems_for(&self, world: &World, occurrences: &[Occurrence]) -> Vec<&SystemSpec> {
        let mut ordered: Vec<&SystemSpec> =
            self.systems.iter().filter(|system| system.is_needed(world, occurrences)).collect();
        ordered.sort_by_key(|system| system.phase);
        ordered
    }
}
