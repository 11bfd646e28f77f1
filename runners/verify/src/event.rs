//! What happens in a run: one stream, in which every consumer (ledger, live counts, recorders, views) reads the same.

use bytes::Bytes;
use sim_core::{OccurrenceId, Outbound, ReplyStatus, RouteId, SimId, SimTime};
use vocabulary::Sighting;

/// Names one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageName {
    /// Its route.
    pub route: RouteId,
    /// Its sequence number within the route.
    pub sequence: u64,
}

/// Something that happened. Instants `at` are nanoseconds of wall clock since the run's origin, in virtual time
/// simulated ones; what happens inside the simulation carries its [`SimTime`].
///
/// More kinds may come: a consumer ignores what it does not know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A device said a message over its own connection. Comes before everything else that concerns the message.
    Generated {
        /// The message.
        message: Outbound,
        /// Its intended instant on the wall clock.
        wall_ns: i64,
    },
    /// A device said a message over the radio: how it reads at the target is up to the gateways that hand it on. Comes
    /// before everything else that concerns the message.
    Said {
        /// The message.
        name: MessageName,
        /// When the device meant to say it.
        intended: SimTime,
        /// That instant on the wall clock.
        wall_ns: i64,
    },
    /// A gateway hands a message on in its own words.
    HandedOn {
        /// The message as the gateway words it.
        message: Outbound,
    },
    /// A message said over the radio will not reach anybody any more.
    GivenUp {
        /// The message.
        name: MessageName,
        /// When.
        at: i64,
    },
    /// The last byte of a message went into a connection.
    Written {
        /// The message.
        name: MessageName,
        /// When.
        at: i64,
        /// 1 for the first transmission.
        attempt: u32,
    },
    /// The target acknowledged a message.
    Acked {
        /// The message.
        name: MessageName,
        /// When.
        at: i64,
    },
    /// The sender gave a message up and says so.
    Dropped {
        /// The message.
        name: MessageName,
        /// When.
        at: i64,
        /// Why.
        reason: &'static str,
    },
    /// The target acknowledged a message with an error.
    Refused {
        /// The message.
        name: MessageName,
        /// When.
        at: i64,
        /// The target's code.
        code: u8,
    },
    /// The run ended before a message was settled.
    Pending {
        /// The message.
        name: MessageName,
        /// Whether it was written at least once.
        written: bool,
    },
    /// A probe saw something.
    Sighted {
        /// Index of the probe in the plan.
        probe: usize,
        /// What it saw.
        sighting: Sighting,
    },
    /// A probe does not see.
    ProbeBlind {
        /// Index of the probe in the plan.
        probe: usize,
        /// The last instant at which it is known to have seen.
        since: i64,
        /// When it saw again, if it does already; else [`Event::ProbeSees`] follows.
        until: Option<i64>,
        /// When its target ended the connection, owing the probe whatever it had taken until then.
        ended_owing: Option<i64>,
        /// Why.
        reason: String,
    },
    /// A probe that was blind sees again.
    ProbeSees {
        /// Index of the probe in the plan.
        probe: usize,
        /// Since when.
        at: i64,
        /// Whether its target had kept for it what it took meanwhile.
        resumed: bool,
    },
    /// A device is online.
    Connected {
        /// Whose connection.
        device: SimId,
        /// When.
        at: i64,
        /// Whether the target remembered an earlier session.
        resumed: bool,
    },
    /// A device that was online lost its connection.
    Disconnected {
        /// Whose connection.
        device: SimId,
        /// When.
        at: i64,
        /// Why.
        reason: String,
    },
    /// An attempt to connect failed.
    ConnectFailed {
        /// Whose connection.
        device: SimId,
        /// When.
        at: i64,
        /// Why.
        reason: String,
    },
    /// The target does not let a device listen for commands.
    SubscriptionRefused {
        /// Whose subscription.
        device: SimId,
        /// When.
        at: i64,
        /// The target's code.
        code: u8,
    },
    /// What happened to a Bluetooth link of a device.
    RadioLink {
        /// Whose link.
        device: SimId,
        /// When.
        at: SimTime,
        /// What.
        change: RadioLinkChange,
    },
    /// A step takes effect.
    StepBegan {
        /// Which occurrence of which step.
        occurrence: OccurrenceId,
        /// When.
        at: SimTime,
    },
    /// A step is over.
    StepHealed {
        /// Which occurrence of which step.
        occurrence: OccurrenceId,
        /// When.
        at: SimTime,
    },
    /// A step gives a command to the stack.
    CommandGiven {
        /// For whom.
        device: SimId,
        /// Identity of the command.
        id: String,
        /// When.
        at: SimTime,
    },
    /// Who gave a command hears the answer to it for the first time.
    AnswerHeard {
        /// Who answered.
        device: SimId,
        /// Identity of the command.
        id: String,
        /// Whether the device has done what it was told.
        applied: bool,
        /// When the command was given: the window in which it counts.
        given: SimTime,
        /// When.
        at: i64,
    },
    /// A command reached a device through the stack.
    CommandArrived {
        /// To whom.
        device: SimId,
        /// What was published.
        payload: Bytes,
        /// When.
        at: i64,
    },
    /// A device answered a command.
    CommandAnswered {
        /// Who answers.
        device: SimId,
        /// Identity of the command.
        id: String,
        /// Outcome.
        status: ReplyStatus,
        /// When.
        at: SimTime,
    },
}

/// What happened to a Bluetooth link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RadioLinkChange {
    /// A device has a link.
    Linked,
    /// The last link of a device has ended.
    Unlinked,
    /// A link of a device has ended that had another one already.
    HandedOver,
    /// A gateway heard a value of the device.
    Heard {
        /// How strong [dBm].
        rssi_dbm: f64,
    },
}

impl Event {
    /// The device that it happened to, for what happens to devices and not to single messages.
    pub fn device(&self) -> Option<SimId> {
        match self {
            Self::Connected { device, .. }
            | Self::Disconnected { device, .. }
            | Self::ConnectFailed { device, .. }
            | Self::SubscriptionRefused { device, .. }
            | Self::RadioLink { device, .. }
            | Self::CommandGiven { device, .. }
            | Self::AnswerHeard { device, .. }
            | Self::CommandArrived { device, .. }
            | Self::CommandAnswered { device, .. } => Some(*device),
            _ => None,
        }
    }

    /// The words of a counterexample.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Generated { .. } | Self::Said { .. } => "said",
            Self::HandedOn { .. } => "handed on",
            Self::GivenUp { .. } => "given up",
            Self::Written { .. } => "written",
            Self::Acked { .. } => "acknowledged",
            Self::Dropped { .. } => "dropped, as declared",
            Self::Refused { .. } => "refused",
            Self::Pending { .. } => "pending",
            Self::Sighted { .. } => "observed",
            Self::ProbeBlind { .. } => "a probe was blind",
            Self::ProbeSees { .. } => "a probe saw again",
            Self::Connected { .. } => "connected",
            Self::Disconnected { .. } => "the connection ended",
            Self::ConnectFailed { .. } => "could not connect",
            Self::SubscriptionRefused { .. } => "not let listen for commands",
            Self::RadioLink { .. } => "a Bluetooth link changed",
            Self::StepBegan { .. } => "a step began",
            Self::StepHealed { .. } => "a step was over",
            Self::CommandGiven { .. } => "a command was given",
            Self::AnswerHeard { .. } => "its answer was heard",
            Self::CommandArrived { .. } => "a command arrived",
            Self::CommandAnswered { .. } => "a command was answered",
        }
    }
}
