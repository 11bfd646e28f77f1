//! The channel between a device and those who hear it.

use ble::{Burst, Fault};
use sim_core::{DurationRule, ParameterKind, ParameterSpec};

use super::{DeviceRow, count, fault, share};
use crate::radio_action::Effect;

pub(super) static ROWS: [DeviceRow; 5] = [
    DeviceRow {
        name: "ble.range_out",
        about: "takes the device out of everyone's range",
        parameters: Vec::new,
        duration: DurationRule::Required,
        evidence: &["packets_lost", "advertisements_lost", "links_lost"],
        begin: |_| vec![fault(Fault::OutOfRange(true))],
        heal: || vec![fault(Fault::OutOfRange(false))],
        heal_about: "back in range; the gateway connects again",
        stack_should: "notice the silence, and take what the device has stored when it is back",
    },
    DeviceRow {
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
    DeviceRow {
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
    DeviceRow {
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
    DeviceRow {
        name: "ble.crowd",
        about: "foreign advertisers, every 100 ms each, disturb all devices of the site",
        parameters: || {
            let devices = ParameterSpec::optional("devices", ParameterKind::Count, "how many");
            vec![devices.default("60").range(1.0, 10_000.0)]
        },
        duration: DurationRule::Required,
        evidence: &["advertisements_lost"],
        begin: |arguments| vec![Effect::Crowd(count(arguments, "devices"))],
        heal: || vec![Effect::Crowd(0)],
        heal_about: "they are gone",
        stack_should: "connect later, and lose nothing of what is connected",
    },
];
