//! The Bluetooth side: places in metres, passkeys as six digits.

use radio_plan::{GatewayPlan, RadioPlan, RadioSecurity, SitePlan};
use serde_json::Value;
use sim_core::DevicePlan;

use crate::plan::Plan;
use crate::plan::endpoint::connection;
use crate::plan::fields::{Fields, View};

/// One site.
pub(super) fn site(plan: &Plan, site: &SitePlan, view: View) -> Value {
    let SitePlan { id, patients, path_loss_exponent, shadowing_db } = site;
    let patients = patients.clone().map(|patient| plan.roster.patients[patient].path.clone());
    Fields::new(view)
        .field("id", id.clone())
        .field("patients", patients.collect::<Vec<_>>())
        .field("path_loss", *path_loss_exponent)
        .field("shadowing_db", *shadowing_db)
        .done()
}

/// One gateway.
pub(super) fn gateway(plan: &Plan, gateway: &GatewayPlan, view: View) -> Value {
    let roster = &plan.roster;
    let GatewayPlan { device, site, place, slots, interval, format, devices } = gateway;
    // A gateway says nothing of its own, wears nothing and belongs to its site.
    // What its label would say is in nothing that it says.
    let DevicePlan { path, id: _, patient: _, kind: _, serial, identity: _, options: _, link, aligned: _, streams: _ } =
        &roster.devices[device.index()];
    let heard = devices.iter().map(|device| roster.devices[device.index()].path.clone());
    let fields = Fields::new(view)
        .field("path", path.clone())
        .field("serial", serial.clone())
        .field("site", plan.air.sites[*site].id.clone())
        .field("place_m", *place)
        .field("slots", *slots)
        .field("interval_s", interval.seconds())
        .field("format", format.clone())
        .field("link", plan.links[*link].id.clone())
        .field("devices", heard.collect::<Vec<_>>());
    connection(fields, &plan.endpoints[device.index()], view).done()
}

/// The Bluetooth side of a device.
pub(super) fn radio(plan: &Plan, radio: &RadioPlan, view: View) -> Value {
    let RadioPlan { site, place, power_dbm, advertising, links, security, secure_connections } = radio;
    let (security, passkey) = match security {
        RadioSecurity::Open => ("none", None),
        RadioSecurity::JustWorks => ("just_works", None),
        RadioSecurity::Passkey(passkey) => ("passkey", Some(format!("{passkey:06}"))),
    };
    Fields::new(view)
        .field("site", plan.air.sites[*site].id.clone())
        .field("place_m", *place)
        .field("power_dbm", *power_dbm)
        .field("advertise_s", advertising.seconds())
        .field("links", *links)
        .field("security", security)
        .field("passkey", passkey)
        .field("pairing", if *secure_connections { "secure_connections" } else { "legacy" })
        .done()
}
