//! The power of a device, and its clock.

use sim_core::DurationRule;

use super::DeviceRow;
use crate::radio_action::Effect;

pub(super) static ROWS: [DeviceRow; 2] = [
    DeviceRow {
        name: "ble.battery_die",
        about: "the battery is empty: silence at once, and nothing is measured",
        parameters: Vec::new,
        duration: DurationRule::Optional,
        evidence: &["values_unsaid", "packets_lost", "advertisements_lost", "links_lost"],
        begin: |_| vec![Effect::Power(false)],
        heal: || vec![Effect::Power(true), Effect::Resend],
        heal_about: "a new battery",
        stack_should: "raise a technical alarm, since a low charge was told before",
    },
    DeviceRow {
        name: "ble.clock_reset",
        about: "the clock of the device begins anew at 2000-01-01, as after a new battery",
        parameters: Vec::new,
        duration: DurationRule::Optional,
        evidence: &["values_restamped"],
        begin: |_| vec![Effect::Clock { is_reset: true }],
        heal: || vec![Effect::Clock { is_reset: false }],
        heal_about: "the clock is set",
        stack_should: "not file measurements under a wrong time",
    },
];
