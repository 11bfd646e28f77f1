//! The steps that act on the radio: what each one does, what it counts as done, how it is healed.

use ble::{Burst, Fault};
use sim_core::{
    ActionSpec, Arguments, DurationRule, Executor, Level, ParameterKind, ParameterSpec, Reach, Registry, Seam, Span,
};
use vocabulary::Dimension;

/// The seam in the air: on the radio of a device, its links and gateways.
#[derive(Debug, Clone, Copy)]
pub struct RadioAction;

impl Seam for RadioAction {
    const WORD: &'static str = "radio";
    const REACH: Reach = Reach::Radio;
}

/// What a step does to a device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Deed {
    /// Something the air knows how to do.
    Fault(Fault),
    /// Takes the power away, or gives it back.
    Power(bool),
    /// Lets the clock begin anew, or sets it right.
    Clock { is_reset: bool },
    /// So many foreign advertisers; none any more when 0.
    Crowd(u32),
    /// Takes a new address, now and then again.
    Rotate { every: Span },
    /// Sends again what waits for a listener.
    Resend,
}

/// An action on the link of a device.
#[derive(Debug)]
pub(super) struct Verb {
    pub(super) name: &'static str,
    about: &'static str,
    parameters: fn() -> Vec<ParameterSpec>,
    duration: DurationRule,
    pub(super) evidence: &'static [&'static str],
    pub(super) begin: fn(&Arguments) -> Vec<Deed>,
    pub(super) heal: fn() -> Vec<Deed>,
    heal_about: &'static str,
    stack_should: &'static str,
}

/// Name of the crash of a gateway.
pub(super) const CRASH: &str = "gw.crash";
/// Evidence of it.
pub(super) const LINKS_CUT: &str = "links_cut";
/// Evidence of it.
pub(super) const SECONDS_DOWN: &str = "seconds_down";

/// Reason "remote user terminated connection".
const REMOTE_USER: u8 = 0x13;

const fn fault(fault: Fault) -> Deed {
    Deed::Fault(fault)
}

fn none() -> Vec<ParameterSpec> {
    Vec::new()
}

fn nothing() -> Vec<Deed> {
    Vec::new()
}

/// Ends the links, so that gateways find everything anew.
fn renew_links() -> Vec<Deed> {
    vec![fault(Fault::DropLinks { reason: REMOTE_USER })]
}

fn count(arguments: &Arguments, name: &str) -> u32 {
    arguments.number(name).unwrap_or_default() as u32
}

fn share(name: &'static str, about: &'static str) -> ParameterSpec {
    ParameterSpec::optional(name, ParameterKind::Quantity(Dimension::Ratio), about).range(0.0, 1.0)
}

/// Every action on the link of a device.
const VERBS: [Verb; 23] = [
    Verb {
        name: "ble.range_out",
        about: "takes the device out of everyone's range",
        parameters: none,
        duration: DurationRule::Required,
        evidence: &["packets_lost", "advertisements_lost", "links_lost"],
        begin: |_| vec![fault(Fault::OutOfRange(true))],
        heal: || vec![fault(Fault::OutOfRange(false))],
        heal_about: "back in range; the gateway connects again",
        stack_should: "notice the silence, and take what the device has stored when it is back",
    },
    Verb {
        name: "ble.loss",
        about: "loses every packet with this probability, on top of the channel",
        parameters: || vec![share("p", "probability").default("20 %")],
        duration: DurationRule::Optional,
        evidence: &["packets_lost", "advertisements_lost"],
        begin: |arguments| vec![fault(Fault::Loss(arguments.number("p").unwrap_or_default()))],
        heal: || vec![fault(Fault::Loss(0.0))],
        heal_about: "the channel's own losses only",
        stack_should: "bear some delay: the link layer sends again",
    },
    Verb {
        name: "ble.burst",
        about: "loses packets in bursts: the model of Gilbert and Elliott, a step each connection event",
        parameters: || {
            vec![
                share("p_gb", "probability that a good link turns bad").default("5 %"),
                share("p_bg", "probability that a bad link turns good").default("20 %"),
            ]
        },
        duration: DurationRule::Optional,
        evidence: &["packets_lost"],
        begin: |arguments| {
            let burst = Burst {
                good_to_bad: arguments.number("p_gb").unwrap_or_default(),
                bad_to_good: arguments.number("p_bg").unwrap_or_default(),
            };
            vec![fault(Fault::Bursts(Some(burst)))]
        },
        heal: || vec![fault(Fault::Bursts(None))],
        heal_about: "no bursts any more",
        stack_should: "bear delays that come in groups",
    },
    Verb {
        name: "ble.fade",
        about: "attenuates the signal, as a body or a blanket does",
        parameters: || {
            let db = ParameterSpec::optional("db", ParameterKind::Number, "attenuation [dB]");
            vec![db.default("20").range(0.0, 100.0)]
        },
        duration: DurationRule::Optional,
        evidence: &["packets_lost", "advertisements_lost", "links_lost"],
        begin: |arguments| vec![fault(Fault::Fade(arguments.number("db").unwrap_or_default()))],
        heal: || vec![fault(Fault::Fade(0.0))],
        heal_about: "the attenuation is gone",
        stack_should: "see a weaker signal; another gateway may take the device",
    },
    Verb {
        name: "ble.disconnect",
        about: "the device ends its links",
        parameters: || {
            let reason = ParameterSpec::optional("reason", ParameterKind::Count, "reason that the gateway sees");
            vec![reason.default("19").range(1.0, 255.0)]
        },
        duration: DurationRule::Instant,
        evidence: &["links_ended"],
        begin: |arguments| vec![fault(Fault::DropLinks { reason: count(arguments, "reason") as u8 })],
        heal: nothing,
        heal_about: "the gateway connects again",
        stack_should: "see a short gap",
    },
    Verb {
        name: "ble.mute",
        about: "values are lost inside the device while the link stays",
        parameters: none,
        duration: DurationRule::Required,
        evidence: &["values_muted"],
        begin: |_| vec![fault(Fault::Mute(true))],
        heal: || vec![fault(Fault::Mute(false)), Deed::Resend],
        heal_about: "values flow again; kept ones are sent",
        stack_should: "notice that a connected device is silent",
    },
    Verb {
        name: "ble.stall_att",
        about: "ends the links and leaves requests without an answer, so that a gateway runs into its timeout",
        parameters: none,
        duration: DurationRule::Required,
        evidence: &["requests_stalled"],
        begin: |_| vec![fault(Fault::StallRequests(true)), fault(Fault::DropLinks { reason: REMOTE_USER })],
        heal: || vec![fault(Fault::StallRequests(false)), fault(Fault::DropLinks { reason: REMOTE_USER })],
        heal_about: "requests are answered; the links are made anew",
        stack_should: "notice the silence",
    },
    Verb {
        name: "ble.wrong_crc",
        about: "damages the last octet of every value, and the checksum of those that have one",
        parameters: none,
        duration: DurationRule::Optional,
        evidence: &["values_damaged"],
        begin: |_| vec![fault(Fault::DamageValues(true))],
        heal: || vec![fault(Fault::DamageValues(false))],
        heal_about: "values are whole",
        stack_should: "refuse values with a wrong checksum; those without one come through wrong",
    },
    Verb {
        name: "ble.truncate",
        about: "cuts every value",
        parameters: || {
            let length = ParameterSpec::optional("length", ParameterKind::Count, "octets that are left");
            vec![length.default("2").range(0.0, 512.0)]
        },
        duration: DurationRule::Optional,
        evidence: &["values_cut"],
        begin: |arguments| vec![fault(Fault::TruncateValues(Some(count(arguments, "length") as usize)))],
        heal: || vec![fault(Fault::TruncateValues(None))],
        heal_about: "values are whole",
        stack_should: "refuse what is too short",
    },
    Verb {
        name: "ble.cccd_reset",
        about: "the device forgets who has subscribed",
        parameters: none,
        duration: DurationRule::Optional,
        evidence: &["configurations_reset"],
        begin: |_| vec![fault(Fault::ResetConfigurations)],
        heal: renew_links,
        heal_about: "the links are made anew, and with them the subscriptions",
        stack_should: "notice that a connected device is silent",
    },
    Verb {
        name: "ble.bond_lost",
        about: "the device forgets all bonds and ends its links: the next encryption fails, and it is paired with anew",
        parameters: none,
        duration: DurationRule::Instant,
        evidence: &["bonds_forgotten"],
        begin: |_| vec![fault(Fault::ForgetBonds), fault(Fault::DropLinks { reason: REMOTE_USER })],
        heal: nothing,
        heal_about: "the gateway pairs again",
        stack_should: "see a short gap, and no value over a link that is not encrypted",
    },
    Verb {
        name: "ble.mic_fail",
        about: "the next packet of an encrypted link fails its integrity check, which ends the link",
        parameters: none,
        duration: DurationRule::Optional,
        evidence: &["links_ended"],
        begin: |_| vec![fault(Fault::IntegrityFailure)],
        heal: nothing,
        heal_about: "the gateway connects again",
        stack_should: "see a short gap",
    },
    Verb {
        name: "ble.adv_stop",
        about: "ends the links and stops advertising",
        parameters: none,
        duration: DurationRule::Required,
        evidence: &["advertisements_lost"],
        begin: |_| vec![fault(Fault::Silent(true)), fault(Fault::DropLinks { reason: REMOTE_USER })],
        heal: || vec![fault(Fault::Silent(false))],
        heal_about: "advertises again, and is connected to",
        stack_should: "notice the silence",
    },
    Verb {
        name: "ble.adv_flood",
        about: "ends the links and advertises every 20 ms",
        parameters: none,
        duration: DurationRule::Required,
        evidence: &["advertisements_added"],
        begin: |_| vec![fault(Fault::Flood(true)), fault(Fault::DropLinks { reason: REMOTE_USER })],
        heal: || vec![fault(Fault::Flood(false))],
        heal_about: "its own interval again",
        stack_should: "not lose other devices",
    },
    Verb {
        name: "ble.rpa_rotate",
        about: "changes to a new private address, now and then again",
        parameters: || {
            let every = ParameterKind::Quantity(Dimension::Time);
            let every = ParameterSpec::optional("every", every, "time between addresses");
            vec![every.default("15m").range(1e9, 86_400e9)]
        },
        duration: DurationRule::Optional,
        evidence: &["addresses_changed"],
        begin: |arguments| {
            vec![Deed::Rotate { every: Span::from_nanos(arguments.number("every").unwrap_or(9e11) as i64) }]
        },
        heal: nothing,
        heal_about: "stays with the last address",
        stack_should: "know it for the same device",
    },
    Verb {
        name: "ble.battery_die",
        about: "the battery is empty: silence at once, and nothing is measured",
        parameters: none,
        duration: DurationRule::Optional,
        evidence: &["values_unsaid", "packets_lost", "advertisements_lost", "links_lost"],
        begin: |_| vec![Deed::Power(false)],
        heal: || vec![Deed::Power(true), Deed::Resend],
        heal_about: "a new battery",
        stack_should: "raise a technical alarm, since a low charge was told before",
    },
    Verb {
        name: "ble.duplicate",
        about: "sends every value twice",
        parameters: none,
        duration: DurationRule::Optional,
        evidence: &["values_doubled"],
        begin: |_| vec![fault(Fault::Duplicate(true))],
        heal: || vec![fault(Fault::Duplicate(false))],
        heal_about: "once again",
        stack_should: "count every measurement once",
    },
    Verb {
        name: "ble.reorder",
        about: "sends notifications in swapped pairs",
        parameters: none,
        duration: DurationRule::Optional,
        evidence: &["values_swapped"],
        begin: |_| vec![fault(Fault::Reorder(true))],
        heal: || vec![fault(Fault::Reorder(false))],
        heal_about: "in order again",
        stack_should: "sort by sequence, not by arrival",
    },
    Verb {
        name: "ble.mtu",
        about: "limits the MTU; the links are made anew with it",
        parameters: || {
            let to = ParameterSpec::optional("to", ParameterKind::Count, "octets of an attribute PDU");
            vec![to.default("23").range(23.0, 517.0)]
        },
        duration: DurationRule::Optional,
        evidence: &["links_made"],
        begin: |arguments| {
            let limit = Fault::LimitMtu(count(arguments, "to") as u16);
            vec![fault(limit), fault(Fault::DropLinks { reason: REMOTE_USER })]
        },
        heal: || {
            let limit = Fault::LimitMtu(ble::LinkPolicy::default().max_mtu);
            vec![fault(limit), fault(Fault::DropLinks { reason: REMOTE_USER })]
        },
        heal_about: "links are made anew with the device's own MTU",
        stack_should: "get the same values in more packets",
    },
    Verb {
        name: "ble.gatt_cache",
        about: "all handles move up, as after an update of the firmware",
        parameters: || {
            let shift = ParameterSpec::optional("shift", ParameterKind::Count, "by how many");
            let announced = ParameterSpec::optional(
                "announced",
                ParameterKind::Flag,
                "whether the device says so to connected gateways",
            );
            vec![shift.default("2").range(1.0, 1_000.0), announced.default("false")]
        },
        duration: DurationRule::Optional,
        evidence: &["handles_shifted"],
        begin: |arguments| {
            let by = count(arguments, "shift") as u16;
            let announced = arguments.flag("announced").unwrap_or_default();
            vec![fault(Fault::ShiftHandles { by, announced })]
        },
        heal: renew_links,
        heal_about: "the links are made anew, and the gateway finds everything again",
        stack_should: "notice that a connected device is silent, unless it was announced",
    },
    Verb {
        name: "ble.interval",
        about: "the device asks for another connection interval",
        parameters: || {
            let to = ParameterKind::Quantity(Dimension::Time);
            vec![ParameterSpec::optional("to", to, "interval").default("500ms").range(7.5e6, 4e9)]
        },
        duration: DurationRule::Optional,
        evidence: &["links_changed"],
        begin: |arguments| {
            let nanos = arguments.number("to").unwrap_or(5e8) as i64;
            vec![fault(Fault::Interval(Some(super::gateway::interval_units(Span::from_nanos(nanos)))))]
        },
        heal: || vec![fault(Fault::Interval(None))],
        heal_about: "the former interval again",
        stack_should: "bear delays of that length",
    },
    Verb {
        name: "ble.clock_reset",
        about: "the clock of the device begins anew at 2000-01-01, as after a new battery",
        parameters: none,
        duration: DurationRule::Optional,
        evidence: &["values_restamped"],
        begin: |_| vec![Deed::Clock { is_reset: true }],
        heal: || vec![Deed::Clock { is_reset: false }],
        heal_about: "the clock is set",
        stack_should: "not file measurements under a wrong time",
    },
    Verb {
        name: "ble.crowd",
        about: "foreign advertisers, every 100 ms each, disturb all devices of the site",
        parameters: || {
            let devices = ParameterSpec::optional("devices", ParameterKind::Count, "how many");
            vec![devices.default("60").range(1.0, 10_000.0)]
        },
        duration: DurationRule::Required,
        evidence: &["advertisements_lost"],
        begin: |arguments| vec![Deed::Crowd(count(arguments, "devices"))],
        heal: || vec![Deed::Crowd(0)],
        heal_about: "they are gone",
        stack_should: "connect later, and lose nothing of what is connected",
    },
];

/// The action with this name.
pub(super) fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

/// Adds all actions on radio and gateways.
pub(super) fn register(registry: &mut Registry) {
    for verb in &VERBS {
        registry.add(ActionSpec {
            name: verb.name,
            about: verb.about,
            level: Level::Link,
            executor: Executor::new(RadioAction),
            parameters: (verb.parameters)(),
            duration: verb.duration,
            evidence: verb.evidence,
            heal: verb.heal_about,
            stack_should: verb.stack_should,
        });
    }
    let restart = ParameterSpec::optional(
        "restart",
        ParameterKind::Quantity(Dimension::Time),
        "how long it is down; to the end of the run without",
    );
    registry.add(ActionSpec {
        name: CRASH,
        about: "the gateway stops at once: its links, its scan and its connection; what it had handed on is in flash",
        level: Level::Gateway,
        executor: Executor::new(RadioAction),
        parameters: vec![restart.range(1e9, 1e18)],
        duration: DurationRule::Instant,
        evidence: &[LINKS_CUT, SECONDS_DOWN],
        heal: "comes back after `restart`, remembers bonds and how far it had read histories",
        stack_should: "take the silence of all its devices for one failure, and take what comes later without alarm",
    });
    registry.add(ActionSpec {
        name: "gw.uplink_down",
        about: "the gateway's own connection is cut; it goes on listening and keeps messages in its outbox",
        level: Level::Gateway,
        executor: Executor::new(RadioAction),
        parameters: Vec::new(),
        duration: DurationRule::Required,
        evidence: &[LINKS_CUT, "bytes_held", "connects_blocked"],
        heal: "connects again and hands on what it has kept",
        stack_should: "notice one silent gateway, and take what comes late in its place",
    });
}
