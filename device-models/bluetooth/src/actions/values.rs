//! The values that a device sends.

use ble::Fault;
use sim_core::{DurationRule, ParameterKind, ParameterSpec};

use super::{DeviceRow, count, fault};
use crate::radio_action::Effect;

pub(super) static ROWS: [DeviceRow; 5] = [
    DeviceRow {
        name: "ble.mute",
        about: "values are lost inside the device while the link stays",
        parameters: Vec::new,
        duration: DurationRule::Required,
        evidence: &["values_muted"],
        begin: |_| vec![fault(Fault::Mute(true))],
        heal: || vec![fault(Fault::Mute(false)), Effect::Resend],
        heal_about: "values flow again; kept ones are sent",
        stack_should: "notice that a connected device is silent",
    },
    DeviceRow {
        name: "ble.wrong_crc",
        about: "damages the last octet of every value, and the checksum of those that have one",
        parameters: Vec::new,
        duration: DurationRule::Optional,
        evidence: &["values_damaged"],
        begin: |_| vec![fault(Fault::DamageValues(true))],
        heal: || vec![fault(Fault::DamageValues(false))],
        heal_about: "values are whole",
        stack_should: "refuse values with a wrong checksum; those without one come through wrong",
    },
    DeviceRow {
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
    DeviceRow {
        name: "ble.duplicate",
        about: "sends every value twice",
        parameters: Vec::new,
        duration: DurationRule::Optional,
        evidence: &["values_doubled"],
        begin: |_| vec![fault(Fault::Duplicate(true))],
        heal: || vec![fault(Fault::Duplicate(false))],
        heal_about: "once again",
        stack_should: "count every measurement once",
    },
    DeviceRow {
        name: "ble.reorder",
        about: "sends notifications in swapped pairs",
        parameters: Vec::new,
        duration: DurationRule::Optional,
        evidence: &["values_swapped"],
        begin: |_| vec![fault(Fault::Reorder(true))],
        heal: || vec![fault(Fault::Reorder(false))],
        heal_about: "in order again",
        stack_should: "sort by sequence, not by arrival",
    },
];
