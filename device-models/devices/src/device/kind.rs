//! A kind of device as one expression: what it is, its streams with what says them, its commands with what obeys them.
//!
//! [`DeviceKind`] makes the row of the registry and one system of it. The system looks at every device of the kind in
//! turn, and calls the model only when a stream is due or something is watched.

use std::fmt;
use std::sync::Arc;

use bevy_ecs::component::Mutable;
use bevy_ecs::prelude::*;
use bevy_ecs::query::ReadOnlyQueryData;
use sim_core::{
    CommandSpec, DeviceSpec, MetricChoice, Need, Obey, ParameterSpec, Phase, Registry, Span, Spawn, SpawnError,
    StreamKind, StreamSpec, SystemSpec,
};
use vocabulary::{MetricId, metrics};

use super::service::serve;
use super::{Chunk, Device, Order, Saying, Spawning, Watching};
use crate::alarm;

/// The component that makes an entity a device of one kind, and what its functions see besides.
pub trait DeviceModel: Component<Mutability = Mutable> {
    /// Components of the patient.
    type Patient: ReadOnlyQueryData + 'static;
    /// Other components of the device, such as faults that steps put there.
    type Parts: ReadOnlyQueryData + 'static;
    /// Room to work in, which the devices of a shard share.
    type Room: Default + Send + 'static;
}

/// Says the message of a stream of values.
pub type Say<M> = fn(model: &mut M, saying: Saying<'_, M>);

/// Says the message of a stream of samples.
pub type SayWave<M> = fn(model: &mut M, chunk: &Chunk, saying: Saying<'_, M>);

/// Watches over something beside the streams.
pub type Watch<M> = fn(model: &mut M, watching: Watching<'_, M>);

/// Carries out a checked command; an error is the reason for refusing it.
pub type Carry<M> = fn(model: &mut M, order: &Order<'_>) -> Result<(), String>;

/// A stream on which a device speaks when something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventStream(pub &'static str);

/// The usual sampling of a stream of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Sampling rate [mHz].
    pub rate_mhz: u32,
    /// Samples per message.
    pub samples: u32,
    /// Highest accepted rate [mHz].
    pub highest_mhz: u32,
}

/// When a device watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// In grid steps that begin at multiples of this span.
    Every(Span),
    /// Before it speaks on a stream of values or samples.
    Speaking,
    /// When a command, a step or a treatment has changed its model.
    Changed,
}

/// How a stream is said.
pub(super) enum Speech<M: DeviceModel> {
    Values(Say<M>),
    Samples(SayWave<M>),
    Event,
}

/// What the system of a kind works by.
pub(super) struct Table<M: DeviceModel> {
    pub(super) kind: &'static str,
    /// The streams in the order of the registry's row.
    pub(super) streams: Vec<(&'static str, Speech<M>)>,
    pub(super) watches: Vec<(When, Watch<M>)>,
    /// The event stream on which the kind says that it was switched on.
    pub(super) announced: Option<EventStream>,
}

impl<M: DeviceModel> Table<M> {
    /// Position of an event stream.
    ///
    /// # Panics
    /// When the kind has no such event stream: its model then speaks on a stream that nobody can ask for.
    pub(super) fn position(&self, EventStream(id): EventStream) -> usize {
        let declared = |(known, speech): &(&str, Speech<M>)| *known == id && matches!(speech, Speech::Event);
        let position = self.streams.iter().position(declared);
        position.unwrap_or_else(|| panic!("device kind `{}` declares no event stream `{id}`", self.kind))
    }
}

/// The table of a kind, in every world.
#[derive(Resource)]
pub(super) struct Kind<M: DeviceModel>(pub(super) Arc<Table<M>>);

/// A kind of device that is being put together; [`DeviceKind::register`] adds it.
pub struct DeviceKind<M: DeviceModel> {
    spec: DeviceSpec,
    needs: Vec<Need>,
    table: Table<M>,
}

impl<M: DeviceModel> fmt::Debug for DeviceKind<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DeviceKind").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl<M: DeviceModel> DeviceKind<M> {
    /// A kind with a name, a line for people, and what makes the components of a new device, the model among them; an
    /// error is the reason why there cannot be one.
    pub fn new<B: Bundle>(
        kind: &'static str,
        about: &'static str,
        make: fn(spawning: &mut Spawning<'_>) -> Result<B, String>,
    ) -> Self {
        let spawn = Spawn::new(move |world, id, plan, patient| {
            let device = Device::from_plan(world, id, plan, patient);
            let made = make(&mut Spawning { world, plan, device: &device });
            let components = made.map_err(|reason| SpawnError { path: plan.path.clone(), reason })?;
            Ok(world.spawn((device, components)).id())
        });
        Self {
            spec: DeviceSpec { kind, about, streams: Vec::new(), options: Vec::new(), commands: Vec::new(), spawn },
            needs: Vec::new(),
            table: Table { kind, streams: Vec::new(), watches: Vec::new(), announced: None },
        }
    }

    /// Its patients must have something, such as [`patients::needs_circulation`].
    #[must_use]
    pub fn needs(mut self, need: fn(kind: &'static str) -> Need) -> Self {
        self.needs.push(need(self.spec.kind));
        self
    }

    /// An option of its devices.
    #[must_use]
    pub fn option(mut self, option: ParameterSpec) -> Self {
        self.spec.options.push(option);
        self
    }

    /// Options of its devices.
    #[must_use]
    pub fn options(mut self, options: impl IntoIterator<Item = ParameterSpec>) -> Self {
        self.spec.options.extend(options);
        self
    }

    /// A stream of values, with its usual period.
    #[must_use]
    pub fn values(
        self,
        id: &'static str,
        about: &'static str,
        period_ms: u32,
        metrics: &[MetricId],
        say: Say<M>,
    ) -> Self {
        self.stream(id, about, StreamKind::Numeric { period_ms }, metrics, Speech::Values(say))
    }

    /// A stream of samples.
    #[must_use]
    pub fn samples(
        self,
        id: &'static str,
        about: &'static str,
        Sampling { rate_mhz, samples, highest_mhz }: Sampling,
        metrics: &[MetricId],
        say: SayWave<M>,
    ) -> Self {
        let kind = StreamKind::Wave { rate_mhz, samples, highest_mhz };
        self.stream(id, about, kind, metrics, Speech::Samples(say))
    }

    /// An option of the device lists which of its metrics the stream that was added last carries.
    #[must_use]
    pub fn chosen_by(mut self, option: &'static str, usual: MetricId) -> Self {
        if let Some(stream) = self.spec.streams.last_mut() {
            stream.choice = Some(MetricChoice { option, usual });
        }
        self
    }

    /// A stream on which the device speaks when something happens: [`Watching::event`].
    #[must_use]
    pub fn event(self, EventStream(id): EventStream, about: &'static str, metrics: &[MetricId]) -> Self {
        self.stream(id, about, StreamKind::Event, metrics, Speech::Event)
    }

    /// The stream of its alarms: [`Watching::alarm`].
    #[must_use]
    pub fn alarms(self, about: &'static str) -> Self {
        self.event(alarm::STREAM, about, &alarm::METRICS)
    }

    /// The device says once that it works and how full its battery is, when it is switched on: at the scenario's start.
    #[must_use]
    pub fn announced(mut self) -> Self {
        const STATUS: EventStream = EventStream("status");
        self.table.announced = Some(STATUS);
        self.event(STATUS, "when switched on", &[metrics::DEVICE_STATUS, metrics::BATTERY])
    }

    /// A command that it obeys.
    #[must_use]
    pub fn command(
        mut self,
        op: &'static str,
        about: &'static str,
        parameters: Vec<ParameterSpec>,
        carry: Carry<M>,
    ) -> Self {
        let kind = self.spec.kind;
        let obey = Obey::new(move |world, device, command| {
            let now = world.resource::<sim_core::Clock>().now;
            let mut model = world.get_mut::<M>(device).ok_or_else(|| format!("the device is no {kind}"))?;
            carry(&mut model, &Order { arguments: &command.arguments, now })
        });
        self.spec.commands.push(CommandSpec { op, about, parameters, alternatives: Vec::new(), obey });
        self
    }

    /// Exactly one of these arguments of the command that was added last must be given.
    #[must_use]
    pub fn one_of(mut self, arguments: impl IntoIterator<Item = &'static str>) -> Self {
        if let Some(command) = self.spec.commands.last_mut() {
            command.alternatives = arguments.into_iter().collect();
        }
        self
    }

    /// Something that its devices watch over. Watches come before streams, in their own order.
    #[must_use]
    pub fn watch(mut self, when: When, watch: Watch<M>) -> Self {
        self.table.watches.push((when, watch));
        self
    }

    /// Adds the kind.
    pub fn register(self, registry: &mut Registry) {
        let table = Arc::new(self.table);
        registry.extend(self.needs).add(self.spec);
        registry.add_resource(move |world| world.insert_resource(Kind(Arc::clone(&table))));
        registry.schedule(SystemSpec::new(Phase::Sample, serve::<M>).of::<M>().rests());
    }

    fn stream(
        mut self,
        id: &'static str,
        about: &'static str,
        kind: StreamKind,
        metrics: &[MetricId],
        speech: Speech<M>,
    ) -> Self {
        self.spec.streams.push(StreamSpec { id, about, kind, metrics: metrics.to_vec(), choice: None });
        self.table.streams.push((id, speech));
        self
    }
}
