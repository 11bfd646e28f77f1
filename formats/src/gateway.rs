//! Payload formats of gateways: what they make of a message that they have heard, before they hand it on.
//!
//! Those of JSON are read as vendor JSON: their keys say which message they are.

mod gateway_json;
mod gateway_sparkplug;
mod theengs;

use std::sync::Arc;

use radio_plan::GatewayFormatSpec;
use sim_core::Registry;

use crate::sparkplug::Sparkplug;
use crate::vendor_json::VendorJson;

/// Adds them.
pub(crate) fn register(registry: &mut Registry) {
    registry.extend([
        GatewayFormatSpec {
            name: "gateway-json",
            about: "vendor JSON of the device, decoded, with the raw octets, signal strength and both clocks in `g`",
            encode: gateway_json::encode,
            reader: Arc::new(VendorJson),
        },
        GatewayFormatSpec {
            name: "theengs",
            about: "as Theengs and OpenMQTTGateway publish, with `d`, `st` and `s` beside",
            encode: theengs::encode,
            reader: Arc::new(VendorJson),
        },
        GatewayFormatSpec {
            name: "sparkplug",
            about: "Sparkplug B 3.0: the gateway is a node, the devices that it hears are below it",
            encode: gateway_sparkplug::encode,
            reader: Arc::new(Sparkplug),
        },
    ]);
}

#[cfg(test)]
mod tests {
    use vocabulary::{Heard, Message, Origin, Reading, metrics};

    /// A heart rate that a gateway has heard in these packets.
    pub(super) fn with_heard(packets: &[&[u8]], look: impl FnOnce(&Heard<'_>)) {
        let readings = [Reading::number(metrics::HR, 72.0)];
        look(&Heard {
            message: Message {
                device_serial: "HRB-7",
                patient_id: Some("P1"),
                stream: "hr",
                sequence: 12,
                device_time_ms: 1_700_000_000_000,
                readings: &readings,
                waves: &[],
                origin: Origin::default(),
            },
            gateway: "gw/ward/1",
            address: "C1:02:03:04:05:06",
            name: "belt \"7\"",
            rssi_dbm: -61,
            gateway_time_ms: 1_700_000_000_250,
            is_backfill: false,
            packets,
        });
    }
}
