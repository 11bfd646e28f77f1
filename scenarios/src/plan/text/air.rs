//! The Bluetooth side of a plan for people: sites, gateways, devices with place and passkey.

use std::fmt::{self, Write};

use radio_plan::{AirPlan, GatewayPlan, Place, RadioPlan, RadioSecurity, SitePlan};
use sim_core::{DevicePlan, Roster, SimId};

/// Sites listed before the rest is only counted.
const LISTED_SITES: usize = 20;
/// Devices listed of a site.
const LISTED_DEVICES: usize = 100;

/// Writes every site with who is there.
pub(crate) fn write_air(out: &mut String, roster: &Roster, air: &AirPlan) -> fmt::Result {
    for (index, site) in air.sites.iter().enumerate().take(LISTED_SITES) {
        let SitePlan { id, path_loss_exponent, shadowing_db, .. } = site;
        writeln!(out, "  site {id}: path loss exponent {path_loss_exponent}, shadowing {shadowing_db} dB")?;
        for gateway in air.gateways.iter().filter(|gateway| gateway.site == index) {
            write_gateway(out, roster, gateway)?;
        }
        let devices = site.patients.clone().flat_map(|patient| roster.patients[patient].devices.clone());
        let devices: Vec<(&DevicePlan, &RadioPlan)> = devices
            .filter_map(|device| Some((&roster.devices[device], air.radios.get(&SimId(device as u32))?)))
            .collect();
        for (device, radio) in devices.iter().take(LISTED_DEVICES) {
            write_device(out, device, radio)?;
        }
        if devices.len() > LISTED_DEVICES {
            writeln!(out, "    and {} more devices", devices.len() - LISTED_DEVICES)?;
        }
    }
    if air.sites.len() > LISTED_SITES {
        writeln!(out, "  and {} more sites", air.sites.len() - LISTED_SITES)?;
    }
    writeln!(out, "  {} sites, {} gateways, {} devices", air.sites.len(), air.gateways.len(), air.radios.len())
}

fn write_gateway(out: &mut String, roster: &Roster, gateway: &GatewayPlan) -> fmt::Result {
    let GatewayPlan { slots, interval, format, .. } = gateway;
    writeln!(
        out,
        "    {} at {}: {slots} links at a time, interval {interval}, {format}; may hear {} devices",
        roster.devices[gateway.device.index()].path,
        place(gateway.place),
        gateway.devices.len()
    )
}

fn write_device(out: &mut String, device: &DevicePlan, radio: &RadioPlan) -> fmt::Result {
    let RadioPlan { power_dbm, advertising, links, .. } = radio;
    let more = if *links == 1 { String::new() } else { format!(", {links} links") };
    writeln!(
        out,
        "    {} at {}: {power_dbm} dBm every {advertising}{more}, {}",
        device.path,
        place(radio.place),
        security(radio)
    )
}

/// What a device demands, with its passkey: whoever plays the host has to type it.
fn security(radio: &RadioPlan) -> String {
    let pairing = if radio.secure_connections { "secure connections" } else { "legacy pairing" };
    match radio.security {
        RadioSecurity::Open => "open".to_owned(),
        RadioSecurity::JustWorks => format!("just works, {pairing}"),
        RadioSecurity::Passkey(passkey) => format!("passkey {passkey:06}, {pairing}"),
    }
}

/// A place to the centimetre.
pub(crate) fn place(place: Place) -> String {
    let [east, north, up] = place;
    format!("({east:.2}, {north:.2}, {up:.2}) m")
}
