//! The Bluetooth side of a run, as reports show it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything about the radio.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RadioReport {
    /// Where real hosts could attach.
    pub endpoints: Vec<RadioEndpointReport>,
    /// Gateways in the simulation.
    pub gateways: Vec<GatewayReport>,
    /// Devices with a radio.
    pub devices: Vec<RadioDeviceReport>,
    /// Messages that reached nobody, by reason.
    pub given_up: BTreeMap<String, u64>,
    /// What hosts took of devices that nobody else listens to, by device and stream.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostStreamReport>,
}

/// What hosts took of one stream of a device that nobody else listens to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostStreamReport {
    /// Target id.
    pub target: String,
    /// Path of the stream.
    pub path: String,
    /// Messages said.
    pub said: u64,
    /// Of them, taken: notifications and records that the host has read, indications that it has confirmed.
    pub received: u64,
    /// Copies beyond the first: taken by another host, or fetched again.
    pub again: u64,
    /// Lost after a link had taken them over: it ended, its queue was full, or the host did not read.
    pub lost: u64,
    /// Kept by the device as declared: nobody had subscribed, not carried by the service, no power.
    pub dropped_declared: u64,
    /// Still kept for the host at the end.
    pub kept: u64,
    /// Median from the intended instant until it was taken \[s\].
    pub delay_p50_s: Option<f64>,
    /// 99th percentile \[s\].
    pub delay_p99_s: Option<f64>,
    /// Largest \[s\].
    pub delay_max_s: Option<f64>,
    /// Longest time without a message, the one up to the last message said among them \[s\]; `null` when none was taken.
    pub longest_pause_s: Option<f64>,
}

/// A place where real hosts could attach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RadioEndpointReport {
    /// Target id.
    pub target: String,
    /// Address with the port that was taken, such as `tcp://127.0.0.1:6402`.
    pub listen: String,
    /// Hosts that attached.
    pub hosts: u64,
}

/// A gateway in the simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayReport {
    /// Path, such as `gw/hub/2`.
    pub path: String,
    /// Messages handed on.
    pub handed_on: u64,
    /// Of them, fetched from the memory of a device.
    pub backfilled: u64,
    /// Of them, handed on before by another gateway.
    pub repeated: u64,
    /// Links made.
    pub links: u64,
    /// Links that ended.
    pub losses: u64,
    /// Mean signal strength of what it handed on [dBm].
    pub rssi_mean_dbm: Option<f64>,
}

/// A device with a radio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RadioDeviceReport {
    /// Path.
    pub path: String,
    /// Name that it advertises.
    pub name: String,
    /// Address at the end, such as `C0:12:34:56:78:9A`.
    pub address: String,
    /// `none`, `just_works` or `passkey`.
    pub security: String,
    /// Six digits to be typed at the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passkey: Option<String>,
    /// Links to gateways.
    pub links: u64,
    /// Of them, ended.
    pub losses: u64,
}
