//! The kernel: simulated time, keyed randomness, identity, the schedule, the registry and the ports.
//!
//! It knows no disease, no device, no network and no radio. It is synchronous and deterministic: no wall clock, no operating
//! system randomness, no sockets.

mod assembly;
mod commands;
mod draw;
mod execution;
mod fingerprint;
mod local_clock;
mod parameter;
mod ports;
mod registry;
mod rest;
mod roster;
mod shards;
mod sim;
mod time;
mod timeline;
mod truth;

pub use assembly::{Assembly, Draft, DraftWaves, MessageBuilder, MessageHead, SampleFate, WaveHead};
pub use commands::Obey;
pub use draw::{Key, KeyedRng, Purpose, hash64, philox4x32_10};
pub use execution::{AtWork, ExecutionError, panic_words, working_on};
pub use fingerprint::{Fingerprint, FingerprintItem};
pub use local_clock::{LocalClock, Zone, ZoneChange};
pub use parameter::{Argument, Arguments, Change, CheckText, ParameterKind, ParameterSpec};
pub use ports::{Command, CommandInbox, Outbound, Outbox, Relay, Replies, Reply, ReplyStatus};
pub use registry::{
    ActionSpec, AddressSpec, CarrierChecks, CarrierKind, CloudLogin, CloudSpec, CommandAction, CommandCode,
    CommandSpec, Complaint, DeviceSpec, DurationRule, Executor, ExpectMetricSpec, Flaw, Flaws, FormatError,
    FormatSource, FormatSpec, Level, MakeFormat, MetricChoice, MetricShape, Need, OtherIds, PatientFaculties,
    PatientSpec, PatientText, Plugin, ProbeKind, ProfileFile, Program, Reach, Registry, Request, Row, Sampled, Seam,
    SignalAct, SignalAction, SignalCode, Spawn, SpawnError, StepCheck, StepFacts, StreamKind, StreamSpec, SystemSpec,
    TruthColumn,
};
pub use rest::Rest;
pub use roster::{Cadence, DevicePlan, FormatPlan, PatientPlan, Roster, Route, RouteId, SimId, StreamPlan};
pub use shards::Shards;
pub use sim::{BuildError, Clock, Entities, Observer, Participants, Phase, Said, Sim, Slot};
pub use time::{GRID, SimTime, Span, sample_instant};
pub use timeline::{Edge, Evidence, Occurrence, OccurrenceId, Subject};
pub use truth::{Annotation, DrugSample, LabelEdge, Owner, StateSample, Truth};
