//! Links, and what is agreed on them.

use ble::Fault;
use sim_core::{DurationRule, ParameterKind, ParameterSpec, Span};
use vocabulary::Dimension;

use super::{DeviceRow, count, fault, renew_links};
use crate::gateway::interval_units;

pub(super) static ROWS: [DeviceRow; 8] = [
    DeviceRow {
        name: "ble.disconnect",
        about: "the device ends its links",
        parameters: || {
            let reason = ParameterSpec::optional("reason", ParameterKind::Count, "reason that the gateway sees");
            vec![reason.default("19").range(1.0, 255.0)]
        },
        duration: DurationRule::Instant,
        evidence: &["links_ended"],
        begin: |arguments| vec![fault(Fault::DropLinks { reason: count(arguments, "reason") as u8 })],
        heal: Vec::new,
        heal_about: "the gateway connects again",
        stack_should: "see a short gap",
    },
    DeviceRow {
        name: "ble.stall_att",
        about: "ends the links and leaves requests without an answer, so that a gateway runs into its timeout",
        parameters: Vec::new,
        duration: DurationRule::Required,
        evidence: &["requests_stalled"],
        begin: |_| vec![fault(Fault::StallRequests(true)), renew_links()],
        heal: || vec![fault(Fault::StallRequests(false)), renew_links()],
        heal_about: "requests are answered; the links are made anew",
        stack_should: "notice the silence",
    },
    DeviceRow {
        name: "ble.cccd_reset",
        about: "the device forgets who has subscribed",
        parameters: Vec::new,
        duration: DurationRule::Optional,
        evidence: &["configurations_reset"],
        begin: |_| vec![fault(Fault::ResetConfigurations)],
        heal: || vec![renew_links()],
        heal_about: "the links are made anew, and with them the subscriptions",
        stack_should: "notice that a connected device is silent",
    },
    DeviceRow {
        name: "ble.bond_lost",
        about: "the device forgets all bonds and ends its links: the next encryption fails, and it is paired with anew",
        parameters: Vec::new,
        duration: DurationRule::Instant,
        evidence: &["bonds_forgotten"],
        begin: |_| vec![fault(Fault::ForgetBonds), renew_links()],
        heal: Vec::new,
        heal_about: "the gateway pairs again",
        stack_should: "see a short gap, and no value over a link that is not encrypted",
    },
    DeviceRow {
        name: "ble.mic_fail",
        about: "the next packet of an encrypted link fails its integrity check, which ends the link",
        parameters: Vec::new,
        duration: DurationRule::Optional,
        evidence: &["links_ended"],
        begin: |_| vec![fault(Fault::IntegrityFailure)],
        heal: Vec::new,
        heal_about: "the gateway connects again",
        stack_should: "see a short gap",
    },
    DeviceRow {
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
            vec![fault(limit), renew_links()]
        },
        heal: || {
            let limit = Fault::LimitMtu(ble::LinkPolicy::default().max_mtu);
            vec![fault(limit), renew_links()]
        },
        heal_about: "links are made anew with the device's own MTU",
        stack_should: "get the same values in more packets",
    },
    DeviceRow {
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
        heal: || vec![renew_links()],
        heal_about: "the links are made anew, and the gateway finds everything again",
        stack_should: "notice that a connected device is silent, unless it was announced",
    },
    DeviceRow {
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
            vec![fault(Fault::Interval(Some(interval_units(Span::from_nanos(nanos)))))]
        },
        heal: || vec![fault(Fault::Interval(None))],
        heal_about: "the former interval again",
        stack_should: "bear delays of that length",
    },
];
