//! One shard of the simulation: a world, and the schedule that moves it from grid instant to grid instant.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::{
    IntoScheduleConfigs, LogLevel, Schedule, ScheduleBuildSettings, ScheduleLabel, SingleThreadedExecutor,
};
use bytes::BytesMut;
use vocabulary::{Format, Message};

use crate::assembly::{Assembly, MessageHead, MessageNames};
use crate::commands::{Answered, CommandTable, obey_commands};
use crate::{
    Command, CommandInbox, DevicePlan, Edge, Evidence, FormatError, GRID, Occurrence, OccurrenceId, Outbound, Outbox,
    Owner, Registry, Replies, Reply, Rest, Roster, SignalAct, SignalAction, SimId, SimTime, SpawnError, StreamPlan,
    Subject, Truth, working_on,
};

/// The phases of one grid step that models add systems to, in order.
///
/// Before them accepted commands change devices and the timeline begins and heals steps; after them the assembled
/// messages are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// What causes added to a body's inputs is taken back; a minute of glucose ends.
    Opening,
    /// Devices act on patients: pumps deliver, ventilators breathe. It takes effect in the same grid step.
    Treatment,
    /// The day goes on, causes act, and circulation, respiration, drugs, beats and breaths move on.
    Physiology,
    /// Sensors read the truth and devices put messages together.
    Sample,
    /// Faults of sensors and of device clocks alter the messages.
    Fault,
}

/// Position of one system in the chain of all systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, SystemSet)]
pub struct Slot(pub(crate) u32);

/// The schedule of one grid step.
#[derive(Debug, Clone, PartialEq, Eq, Hash, ScheduleLabel)]
struct GridStep;

/// Where the simulation stands.
#[derive(Debug, Clone, Copy, Resource)]
pub struct Clock {
    /// Begin of this grid step.
    pub now: SimTime,
    /// End of this grid step; messages due in `now..end` are assembled in it.
    pub end: SimTime,
    /// Instant of the scenario's start [ns since the Unix epoch].
    pub start_epoch_ns: i64,
}

impl Clock {
    /// Wall-clock time of a simulated instant [ms since the Unix epoch].
    pub fn epoch_ms(&self, at: SimTime) -> i64 {
        (self.start_epoch_ns + at.nanos()).div_euclid(1_000_000)
    }
}

/// Who takes part, for systems that need names.
#[derive(Debug, Clone, Resource)]
pub struct Participants(pub Arc<Roster>);

/// The entities of this shard, by number.
#[derive(Debug, Clone, Default, Resource)]
pub struct Entities {
    first_patient: usize,
    patients: Vec<Entity>,
    first_device: usize,
    devices: Vec<Entity>,
}

impl Entities {
    /// The entity of a patient, if it lives in this shard.
    pub fn patient(&self, id: SimId) -> Option<Entity> {
        self.patients.get(id.index().checked_sub(self.first_patient)?).copied()
    }

    /// The entity of a device, if it lives in this shard.
    pub fn device(&self, id: SimId) -> Option<Entity> {
        self.devices.get(id.index().checked_sub(self.first_device)?).copied()
    }
}

/// Who says a message, and when.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// Number of the device.
    pub device: SimId,
    /// The device.
    pub plan: &'a DevicePlan,
    /// The stream.
    pub stream: &'a StreamPlan,
    /// Intended instant.
    pub intended: SimTime,
}

/// Sees every message before it is encoded; used to record.
pub trait Observer: Send + Sync {
    /// One message of one stream.
    fn observe(&mut self, said: &Said<'_>, message: &Message<'_>);
}

#[derive(Default, Resource)]
struct Observers(Vec<Box<dyn Observer>>);

#[derive(Resource)]
struct Encoding {
    by_route: Vec<Arc<dyn Format>>,
    arena: BytesMut,
}

#[derive(Resource)]
struct Timeline {
    occurrences: Arc<Vec<Occurrence>>,
    actions: Vec<Option<SignalAction>>,
    /// Signal edges of this shard by instant: (instant, begin before heal of others, occurrence).
    edges: Vec<(SimTime, OccurrenceId, Edge)>,
    next: usize,
}

/// One shard: some patients with all their devices.
pub struct Sim {
    world: World,
    schedule: Schedule,
    /// Whether every system of the schedule tells how long it rests.
    can_rest: bool,
    /// Begin of the next grid step in which something may happen.
    wakes: SimTime,
}

impl std::fmt::Debug for Sim {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sim").field("clock", self.world.resource::<Clock>()).finish_non_exhaustive()
    }
}

/// A shard could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A model refused its parameters.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// The roster names something the registry does not have.
    #[error("{path}: no {what} `{name}` is registered")]
    Unregistered {
        /// Path of the patient, device or route.
        path: String,
        /// What is missing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The payload format of a device cannot be had.
    #[error("{path}: {error}")]
    Format {
        /// Path of the device.
        path: String,
        /// Why not.
        error: FormatError,
    },
    /// Two systems could run in either order.
    #[error("the schedule is not deterministic: {0}")]
    Ambiguous(String),
}

impl Sim {
    /// Builds the shard that holds `patients` of the roster.
    ///
    /// # Errors
    /// [`BuildError`] when a name is not registered, a model refuses its parameters, or two systems conflict
    /// without an order.
    pub fn new(
        registry: &Registry,
        roster: &Arc<Roster>,
        occurrences: &Arc<Vec<Occurrence>>,
        patients: Range<usize>,
    ) -> Result<Self, BuildError> {
        let mut world = World::new();
        let mut schedule = Schedule::new(GridStep);
        schedule.set_executor(SingleThreadedExecutor::default());
        schedule.set_build_settings(ScheduleBuildSettings {
            ambiguity_detection: LogLevel::Error,
            ..ScheduleBuildSettings::default()
        });
        world.insert_resource(Clock { now: SimTime::ZERO, end: SimTime::ZERO, start_epoch_ns: roster.start_epoch_ns });
        world.insert_resource(Participants(Arc::clone(roster)));
        world.init_resource::<Assembly>();
        world.init_resource::<Outbox>();
        world.init_resource::<CommandInbox>();
        world.init_resource::<Replies>();
        world.init_resource::<Evidence>();
        world.init_resource::<Truth>();
        world.init_resource::<Observers>();
        world.init_resource::<Rest>();
        world.insert_resource(encoding(registry, roster)?);
        world.insert_resource(CommandTable::new(registry));
        registry.furnish(&mut world);
        let entities = populate(&mut world, registry, roster, patients)?;
        let timeline = timeline(registry, occurrences, &entities);
        world.insert_resource(entities);
        world.insert_resource(timeline);

        let systems = registry.systems_for(&world, occurrences);
        let can_rest = systems.iter().all(|system| system.rests);
        let mut last = 0;
        for system in systems {
            system.install(&mut schedule, Slot(last));
            last += 1;
        }
        schedule.add_systems(encode_messages.in_set(Slot(last)));
        for slot in 0..last {
            schedule.configure_sets(Slot(slot).before(Slot(slot + 1)));
        }
        schedule
            .initialize(&mut world)
            .map_err(|error| BuildError::Ambiguous(error.to_string(schedule.graph(), &world)))?;
        Ok(Self { world, schedule, can_rest, wakes: SimTime::ZERO })
    }

    /// How far the simulation has come: the begin of the next grid step.
    pub fn reached(&self) -> SimTime {
        self.world.resource::<Clock>().end
    }

    /// Begin of the grid step that is simulated now, or was last.
    pub(crate) fn now(&self) -> SimTime {
        self.world.resource::<Clock>().now
    }

    /// Path of somebody who takes part.
    pub(crate) fn path_of(&self, owner: Owner) -> String {
        let roster = &self.world.resource::<Participants>().0;
        match owner {
            Owner::Patient(id) => roster.patients[id.index()].path.clone(),
            Owner::Device(id) => roster.devices[id.index()].path.clone(),
        }
    }

    /// Runs whole grid steps until `end` is reached. Those in which nothing can happen are passed over.
    pub fn advance_to(&mut self, end: SimTime) {
        while self.reached() < end {
            let rested = self.wakes.min(end.ceil_to_grid());
            if self.reached() < rested {
                let mut clock = self.world.resource_mut::<Clock>();
                (clock.now, clock.end) = (rested - GRID, rested);
            } else {
                self.step();
            }
        }
    }

    /// Runs one grid step.
    fn step(&mut self) {
        let Self { world, schedule, .. } = self;
        let mut clock = world.resource_mut::<Clock>();
        clock.now = clock.end;
        clock.end += GRID;
        *world.resource_mut::<Rest>() = Rest::default();
        obey_commands(world);
        follow_timeline(world);
        schedule.run(world);
        if self.can_rest {
            let timeline = world.resource::<Timeline>();
            let next_edge = timeline.edges.get(timeline.next).map(|(at, ..)| *at);
            let mut rest = world.resource_mut::<Rest>();
            if let Some(at) = next_edge {
                rest.until_at_most(at);
            }
            self.wakes = rest.wakes();
        }
    }

    /// Gives a command to a device of this shard; it takes effect in the next grid step.
    pub fn inject(&mut self, command: Command) {
        self.wakes = SimTime::ZERO;
        self.world.resource_mut::<CommandInbox>().0.push(command);
    }

    /// Takes the messages encoded since the last call, ordered by intended instant and route.
    pub fn take_outbound(&mut self) -> Vec<Outbound> {
        let mut outbound = std::mem::take(&mut self.world.resource_mut::<Outbox>().0);
        outbound.sort_by_key(|message| (message.intended, message.route));
        outbound
    }

    /// Takes the answers to commands given since the last call.
    pub fn take_replies(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.world.resource_mut::<Replies>().0)
    }

    /// What the signal steps changed so far.
    pub fn evidence(&self) -> &Evidence {
        self.world.resource::<Evidence>()
    }

    /// Asks the models to note truth, and lets `observer` see every message.
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        self.world.resource_mut::<Truth>().wanted = true;
        self.world.resource_mut::<Observers>().0.push(observer);
    }

    /// Takes the truth noted since the last call.
    pub fn take_truth(&mut self) -> Truth {
        let mut truth = self.world.resource_mut::<Truth>();
        let wanted = truth.wanted;
        std::mem::replace(&mut truth, Truth { wanted, ..Truth::default() })
    }
}

fn encoding(registry: &Registry, roster: &Roster) -> Result<Encoding, BuildError> {
    // Most routes share a format, and one that is made from parameters takes a while.
    let mut made: BTreeMap<&str, Arc<dyn Format>> = BTreeMap::new();
    let mut by_route = Vec::with_capacity(roster.routes.len());
    for route in &roster.routes {
        if let Some(format) = made.get(route.format.as_str()) {
            by_route.push(Arc::clone(format));
            continue;
        }
        let path = || roster.devices[route.device.index()].path.clone();
        let format = registry.format_of(&roster.formats, &route.format);
        let format = format.map_err(|error| BuildError::Format { path: path(), error })?;
        made.insert(&route.format, Arc::clone(&format));
        by_route.push(format);
    }
    Ok(Encoding { by_route, arena: BytesMut::new() })
}

fn populate(
    world: &mut World,
    registry: &Registry,
    roster: &Roster,
    patients: Range<usize>,
) -> Result<Entities, BuildError> {
    let mut entities = Entities {
        first_patient: patients.start,
        first_device: roster.patients.get(patients.start).map_or(0, |patient| patient.devices.start),
        ..Entities::default()
    };
    for index in patients {
        let plan = &roster.patients[index];
        let spec = registry.patient(&plan.model).ok_or_else(|| BuildError::Unregistered {
            path: plan.path.clone(),
            what: "patient model",
            name: plan.model.clone(),
        })?;
        let patient = (spec.spawn)(world, SimId(index as u32), plan, roster.seed)?;
        entities.patients.push(patient);
        for device_index in plan.devices.clone() {
            let device = &roster.devices[device_index];
            let spec = registry.device(&device.kind).ok_or_else(|| BuildError::Unregistered {
                path: device.path.clone(),
                what: "device kind",
                name: device.kind.clone(),
            })?;
            let entity = spec.spawn.spawn(world, SimId(device_index as u32), device, patient)?;
            if !spec.commands.is_empty() {
                world.entity_mut(entity).insert(Answered::default());
            }
            entities.devices.push(entity);
        }
    }
    Ok(entities)
}

fn timeline(registry: &Registry, occurrences: &Arc<Vec<Occurrence>>, entities: &Entities) -> Timeline {
    let actions: Vec<Option<SignalAction>> = occurrences
        .iter()
        .map(|occurrence| registry.action(&occurrence.action)?.executor.code::<SignalAction>().copied())
        .collect();
    let mut edges = Vec::new();
    for (index, occurrence) in occurrences.iter().enumerate() {
        if actions[index].is_none() || !occurrence.subjects.iter().any(|subject| entity(entities, subject).is_some()) {
            continue;
        }
        let id = OccurrenceId(index as u32);
        edges.push((occurrence.start, id, Edge::Begin));
        if let Some(end) = occurrence.end {
            edges.push((end, id, Edge::Heal));
        }
    }
    // A heal comes before a begin at the same instant, so that back-to-back repetitions do not cancel each other.
    edges.sort_by_key(|(at, id, edge)| (*at, *edge == Edge::Begin, *id));
    Timeline { occurrences: Arc::clone(occurrences), actions, edges, next: 0 }
}

fn entity(entities: &Entities, subject: &Subject) -> Option<Entity> {
    match subject {
        Subject::Patient(id) => entities.patient(*id),
        Subject::Device(id) | Subject::Stream(id, _) => entities.device(*id),
        Subject::Target(_) => None,
    }
}

/// Begins and heals the signal steps whose instant this grid step opens with.
fn follow_timeline(world: &mut World) {
    let now = world.resource::<Clock>().now;
    world.resource_scope(|world, mut timeline: Mut<Timeline>| {
        while let Some((at, id, edge)) = timeline.edges.get(timeline.next).copied() {
            if at > now {
                break;
            }
            timeline.next += 1;
            let occurrence = &timeline.occurrences[id.0 as usize];
            let Some(SignalAction(act_on)) = timeline.actions[id.0 as usize] else { continue };
            for subject in &occurrence.subjects {
                if let Some(entity) = entity(world.resource::<Entities>(), subject) {
                    let _at_work = subject.owner().map(working_on);
                    act_on(world, &SignalAct { id, occurrence, subject, entity, edge });
                }
            }
        }
    });
}

/// Renders the assembled messages into payload bytes.
fn encode_messages(
    participants: Res<Participants>,
    mut assembly: ResMut<Assembly>,
    mut encoding: ResMut<Encoding>,
    mut observers: ResMut<Observers>,
    mut outbox: ResMut<Outbox>,
) {
    /// Room for a few dozen messages; one allocation serves them all.
    const ARENA_BYTES: usize = 64 * 1024;
    if assembly.is_empty() {
        return;
    }
    let roster = &*participants.0;
    let Encoding { by_route, arena } = &mut *encoding;
    let names = |head: &MessageHead| {
        let device = &roster.devices[head.device.index()];
        let patient = &roster.patients[device.patient.index()];
        MessageNames {
            device_serial: &device.serial,
            patient_id: Some(&patient.patient_id),
            stream: &device.streams[usize::from(head.stream)].id,
            origin: roster.origin(head.device),
        }
    };
    assembly.for_each(names, |head, message| {
        let device = &roster.devices[head.device.index()];
        let stream = &device.streams[usize::from(head.stream)];
        let _at_work = working_on(Owner::Device(head.device));
        for observer in &mut observers.0 {
            observer.observe(&Said { device: head.device, plan: device, stream, intended: head.intended }, message);
        }
        if arena.capacity() < ARENA_BYTES / 16 {
            arena.reserve(ARENA_BYTES);
        }
        by_route[stream.route.index()].encode(message, arena);
        outbox.0.push(Outbound {
            device: head.device,
            route: stream.route,
            sequence: head.sequence,
            intended: head.intended,
            payload: arena.split().freeze(),
            relay: None,
        });
    });
    assembly.clear();
}
