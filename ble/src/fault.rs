//! What a scenario can do to a peripheral, its radio and its links.

/// Losses in bursts: the two-state model of Gilbert and Elliott, stepped once a connection event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// Probability that a good link turns bad at an event.
    pub good_to_bad: f64,
    /// Probability that a bad link, which loses everything, turns good at an event.
    pub bad_to_good: f64,
}

/// A fault of a peripheral. Those with a state stay until they are set back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Out of everyone's range (and back).
    OutOfRange(bool),
    /// Additional attenuation \[dB\], such as a body or a blanket.
    Fade(f64),
    /// Every packet is lost with this probability on top of the channel.
    Loss(f64),
    /// Losses in bursts.
    Bursts(Option<Burst>),
    /// No advertising.
    Silent(bool),
    /// Advertising every 20 ms, the shortest interval.
    Flood(bool),
    /// Asks for this connection interval \[1.25 ms\] on every link (and for the former one again).
    Interval(Option<u16>),
    /// Ends all links with this reason.
    DropLinks {
        /// Reason that the central sees, such as 0x13.
        reason: u8,
    },
    /// Notifications and indications are lost inside the device.
    Mute(bool),
    /// Requests are not answered, so that the central runs into its timeout of 30 s.
    StallRequests(bool),
    /// Values sent are cut to this many octets.
    TruncateValues(Option<usize>),
    /// The last octet of values sent is damaged, and with it the checksum of those that have one.
    DamageValues(bool),
    /// Every value is sent twice.
    Duplicate(bool),
    /// Values are sent in swapped pairs.
    Reorder(bool),
    /// Forgets the client configurations of connected centrals.
    ResetConfigurations,
    /// Forgets all bonds: the next encryption fails with "key missing".
    ForgetBonds,
    /// The next packet of an encrypted link fails its integrity check: the link ends with 0x3D.
    IntegrityFailure,
    /// Changes to a new resolvable private address.
    RotateAddress,
    /// The battery is empty: silence at once (and a new battery).
    PowerOff(bool),
    /// The MTU is limited to this from the next connection on.
    LimitMtu(u16),
    /// All handles move up, as after an update of the firmware.
    ShiftHandles {
        /// By how many.
        by: u16,
        /// Whether Service Changed is indicated to connected clients that asked for it.
        announced: bool,
    },
}

impl Fault {
    /// Whether it begins a state that stays until it is set back.
    pub const fn lasts(self) -> bool {
        match self {
            Self::OutOfRange(state)
            | Self::Silent(state)
            | Self::Flood(state)
            | Self::Mute(state)
            | Self::StallRequests(state)
            | Self::DamageValues(state)
            | Self::Duplicate(state)
            | Self::Reorder(state)
            | Self::PowerOff(state) => state,
            Self::Bursts(bursts) => bursts.is_some(),
            Self::Interval(interval) => interval.is_some(),
            Self::TruncateValues(length) => length.is_some(),
            Self::Fade(_) | Self::Loss(_) | Self::LimitMtu(_) => true,
            Self::DropLinks { .. }
            | Self::ResetConfigurations
            | Self::ForgetBonds
            | Self::IntegrityFailure
            | Self::RotateAddress
            | Self::ShiftHandles { .. } => false,
        }
    }
}

/// The faults in force at a peripheral.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each fault is there or not, whatever the others are")]
pub(crate) struct FaultState {
    pub(crate) out_of_range: bool,
    pub(crate) fade_db: f64,
    pub(crate) loss: f64,
    pub(crate) bursts: Option<Burst>,
    pub(crate) silent: bool,
    pub(crate) flood: bool,
    /// The interval that links had before another one was asked for \[1.25 ms\].
    pub(crate) interval_before: Option<u16>,
    pub(crate) mute: bool,
    pub(crate) stall_requests: bool,
    pub(crate) truncate: Option<usize>,
    pub(crate) damage: bool,
    pub(crate) duplicate: bool,
    pub(crate) reorder: bool,
    pub(crate) power_off: bool,
    pub(crate) fail_integrity: bool,
}

impl FaultState {
    /// Whether nothing of the peripheral can be heard.
    pub(crate) fn is_unheard(&self) -> bool {
        self.out_of_range || self.power_off
    }

    /// Whether anything changes what is heard of the peripheral.
    pub(crate) fn are_on_the_air(&self) -> bool {
        self.is_unheard() || self.silent || self.fade_db != 0.0 || self.loss > 0.0 || self.bursts.is_some()
    }
}

/// What faults have changed at a peripheral since the beginning. Losses of the channel itself are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FaultCounters {
    /// Packets of links lost because of a fault.
    pub packets_lost: u64,
    /// Advertising events that a listening host would have heard without a fault.
    pub advertisements_lost: u64,
    /// Advertising events more than the peripheral's own interval gives.
    pub advertisements_added: u64,
    /// Values lost inside the device.
    pub values_muted: u64,
    /// Values cut.
    pub values_cut: u64,
    /// Values damaged.
    pub values_damaged: u64,
    /// Values sent a second time.
    pub values_doubled: u64,
    /// Values sent in the wrong order.
    pub values_swapped: u64,
    /// Requests left without an answer.
    pub requests_stalled: u64,
    /// Links ended on purpose, or by a failed integrity check.
    pub links_ended: u64,
    /// Client configurations forgotten.
    pub configurations_reset: u64,
    /// Bonds forgotten.
    pub bonds_forgotten: u64,
    /// New addresses taken.
    pub addresses_changed: u64,
    /// Tables of handles laid out anew.
    pub handles_shifted: u64,
}
