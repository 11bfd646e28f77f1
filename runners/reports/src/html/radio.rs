//! The section about the Bluetooth side.

use super::markup::{escape, facts, table};
use verify::{RadioReport, RunReport, figures};

/// Most devices in the table; all of them stand in `run.json`.
const DEVICES_SHOWN: usize = 200;

/// The section, empty when the scenario has no Bluetooth.
pub(super) fn section(report: &RunReport) -> String {
    let Some(radio) = &report.radio else { return String::new() };
    super::section("Bluetooth", &(endpoints(radio) + &hosts(radio) + &gateways(radio) + &devices(radio)))
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

/// What hosts took, by device and stream.
fn hosts(radio: &RadioReport) -> String {
    if radio.hosts.is_empty() {
        return String::new();
    }
    let delay = |value: Option<f64>| value.map_or_else(|| "\u{2013}".to_owned(), figures::seconds);
    let rows: Vec<Vec<String>> = radio
        .hosts
        .iter()
        .take(DEVICES_SHOWN)
        .map(|stream| {
            vec![
                escape(&stream.path),
                figures::count(stream.said),
                figures::count(stream.received),
                figures::count(stream.lost),
                figures::count(stream.dropped_declared),
                figures::count(stream.kept),
                delay(stream.delay_p50_s),
                delay(stream.delay_p99_s),
                delay(stream.longest_pause_s),
            ]
        })
        .collect();
    table(
        "What hosts took. Lost: from a link, or never read. Dropped: nobody had subscribed, or not carried. Kept: still in the \
         device at the end.",
        &["stream", "#said", "#received", "#lost", "#dropped", "#kept", "#median delay", "#p99", "#longest pause"],
        &rows,
    )
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
    let table =
        table("Links to gateways and hosts.", &["device", "name", "address", "security", "#links", "#ended"], &rows);
    format!("<details><summary>{} devices</summary>\n{table}</details>\n", figures::count(radio.devices.len() as u64))
}
