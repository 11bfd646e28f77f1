//! The section about the Bluetooth side.

use super::markup::{escape, facts, table};
use verify::{RadioReport, RunReport, figures};

/// Most devices in the table; all of them stand in `run.json`.
const DEVICES_SHOWN: usize = 200;

/// The section, empty when the scenario has no Bluetooth.
pub(super) fn section(report: &RunReport) -> String {
    let Some(radio) = &report.radio else { return String::new() };
    super::section("Bluetooth", &(endpoints(radio) + &gateways(radio) + &devices(radio)))
}

fn endpoints(radio: &RadioReport) -> String {
    let mut rows: Vec<(String, String)> = radio
        .endpoints
        .iter()
        .map(|endpoint| {
            let hosts = format!("{} hosts attached", figures::count(endpoint.hosts));
            (format!("{} at {}", endpoint.target, endpoint.listen), hosts)
        })
        .collect();
    rows.extend(
        radio.given_up.iter().map(|(reason, count)| (format!("reached nobody: {reason}"), figures::count(*count))),
    );
    if rows.is_empty() {
        return String::new();
    }
    let rows: Vec<(&str, String)> = rows.iter().map(|(name, value)| (name.as_str(), escape(value))).collect();
    facts(&rows)
}

fn gateways(radio: &RadioReport) -> String {
    if radio.gateways.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = radio
        .gateways
        .iter()
        .map(|gateway| {
            vec![
                escape(&gateway.path),
                figures::count(gateway.handed_on),
                figures::count(gateway.backfilled),
                figures::count(gateway.repeated),
                figures::count(gateway.links),
                figures::count(gateway.losses),
                gateway.rssi_mean_dbm.map_or_else(|| "\u{2013}".to_owned(), |dbm| format!("{dbm:.0} dBm")),
            ]
        })
        .collect();
    table(
        "Backfilled: fetched from the memory of a device. Repeated: handed on before by another gateway.",
        &["gateway", "#handed on", "#backfilled", "#repeated", "#links", "#ended", "#mean RSSI"],
        &rows,
    )
}

fn devices(radio: &RadioReport) -> String {
    let rows: Vec<Vec<String>> = radio
        .devices
        .iter()
        .take(DEVICES_SHOWN)
        .map(|device| {
            let passkey = device.passkey.as_ref().map(|passkey| format!(" {passkey}")).unwrap_or_default();
            vec![
                escape(&device.path),
                escape(&device.name),
                format!("<code>{}</code>", escape(&device.address)),
                escape(&format!("{}{passkey}", device.security)),
                figures::count(device.links),
                figures::count(device.losses),
            ]
        })
        .collect();
    let table = table("Links to gateways.", &["device", "name", "address", "security", "#links", "#ended"], &rows);
    format!("<details><summary>{} devices</summary>\n{table}</details>\n", figures::count(radio.devices.len() as u64))
}
