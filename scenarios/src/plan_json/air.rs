//! The Bluetooth side of a plan as JSON: places in metres, passkeys as six digits.

use serde_json::{Value, json};
use sim_core::{RadioPlan, RadioSecurity};

use crate::plan::Plan;

/// Every site.
pub(crate) fn sites(plan: &Plan) -> Vec<Value> {
    let site = |site: &sim_core::SitePlan| {
        let patients = site.patients.clone().map(|patient| &plan.roster.patients[patient].path);
        json!({
            "id": site.id,
            "patients": patients.collect::<Vec<_>>(),
            "path_loss": site.path_loss_exponent,
            "shadowing_db": site.shadowing_db,
        })
    };
    plan.roster.sites.iter().map(site).collect()
}

/// Every gateway.
pub(crate) fn gateways(plan: &Plan) -> Vec<Value> {
    let roster = &plan.roster;
    let gateway = |gateway: &sim_core::GatewayPlan| {
        let device = &roster.devices[gateway.device.index()];
        let endpoint = &plan.endpoints[gateway.device.index()];
        let devices = gateway.devices.iter().map(|device| &roster.devices[device.index()].path);
        json!({
            "path": device.path,
            "serial": device.serial,
            "site": roster.sites[gateway.site].id,
            "place_m": gateway.place,
            "slots": gateway.slots,
            "interval_s": gateway.interval.seconds(),
            "format": gateway.format,
            "link": plan.links[device.link].id,
            "client_id": endpoint.client_id,
            "command_topic": endpoint.command_topic,
            "devices": devices.collect::<Vec<_>>(),
        })
    };
    roster.gateways.iter().map(gateway).collect()
}

/// Every place where a host can attach.
pub(crate) fn hosts(plan: &Plan) -> Vec<Value> {
    let host = |host: &crate::plan::HostPlan| {
        json!({
            "target": plan.targets[host.target].id,
            "listen": host.listen,
            "site": plan.roster.sites[host.site].id,
            "place_m": host.place,
        })
    };
    plan.hosts.iter().map(host).collect()
}

/// The Bluetooth side of a device.
pub(crate) fn radio(plan: &Plan, radio: &RadioPlan) -> Value {
    let (security, passkey) = match radio.security {
        RadioSecurity::Open => ("none", None),
        RadioSecurity::JustWorks => ("just_works", None),
        RadioSecurity::Passkey(passkey) => ("passkey", Some(format!("{passkey:06}"))),
    };
    json!({
        "site": plan.roster.sites[radio.site].id,
        "place_m": radio.place,
        "power_dbm": radio.power_dbm,
        "advertise_s": radio.advertising.seconds(),
        "links": radio.links,
        "security": security,
        "passkey": passkey,
        "pairing": if radio.secure_connections { "secure_connections" } else { "legacy" },
    })
}
