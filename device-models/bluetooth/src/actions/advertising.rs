//! How a device advertises, and under which address.

use ble::Fault;
use sim_core::{DurationRule, ParameterKind, ParameterSpec, Span};
use vocabulary::Dimension;

use super::{DeviceRow, fault, renew_links};
use crate::radio_action::Effect;

pub(super) static ROWS: [DeviceRow; 3] = [
    DeviceRow {
        name: "ble.adv_stop",
        about: "ends the links and stops advertising",
        parameters: Vec::new,
        duration: DurationRule::Required,
        evidence: &["advertisements_lost"],
        begin: |_| vec![fault(Fault::Silent(true)), renew_links()],
        heal: || vec![fault(Fault::Silent(false))],
        heal_about: "advertises again, and is connected to",
        stack_should: "notice the silence",
    },
    DeviceRow {
        name: "ble.adv_flood",
        about: "ends the links and advertises every 20 ms",
        parameters: Vec::new,
        duration: DurationRule::Required,
        evidence: &["advertisements_added"],
        begin: |_| vec![fault(Fault::Flood(true)), renew_links()],
        heal: || vec![fault(Fault::Flood(false))],
        heal_about: "its own interval again",
        stack_should: "not lose other devices",
    },
    DeviceRow {
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
            vec![Effect::Rotate { every: Span::from_nanos(arguments.number("every").unwrap_or(9e11) as i64) }]
        },
        heal: Vec::new,
        heal_about: "stays with the last address",
        stack_should: "know it for the same device",
    },
];
