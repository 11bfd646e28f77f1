//! What a device is on the air: its services, its name, how it advertises and what it demands.

use ble::advertising::{Advertising, AdvertisingData, AdvertisingKind};
use ble::pairing::{SecureConnections, SecurityPolicy};
use ble::propagation::Position;
use ble::services::battery;
use ble::{LinkPolicy, PeripheralOptions};
use radio_plan::{Place, RadioPlan};
use sim_core::DevicePlan;

use crate::gateway;
use crate::profile::Profile;

/// Charge that a device shows until it says another [%].
const FIRST_CHARGE_PERCENT: u8 = 100;

/// Octets of a name that fit in a scan response.
const NAME_LIMIT: usize = 29;

pub(crate) fn position([x_m, y_m, z_m]: Place) -> Position {
    Position { x_m, y_m, z_m }
}

/// The peripheral of a device.
pub(crate) fn peripheral_options(profile: &Profile, device: &DevicePlan, radio: &RadioPlan) -> PeripheralOptions {
    let equipment = (profile.equip)(device);
    let information = equipment.information(device);
    let mut services = equipment.services;
    services.extend([battery::service(FIRST_CHARGE_PERCENT), information.service()]);
    let name = name_of(device);
    let mut options = PeripheralOptions::new(&*device.path, name, gateway::protected(services, radio.security));
    options.appearance = profile.appearance;
    options.position = position(radio.place);
    options.transmit_power_dbm = radio.power_dbm;
    options.control_points = equipment.control_points;
    options.security = SecurityPolicy {
        association: gateway::association(radio.security),
        secure_connections: if radio.secure_connections {
            SecureConnections::Preferred
        } else {
            SecureConnections::Unsupported
        },
        ..SecurityPolicy::default()
    };
    options.links = LinkPolicy { max_links: radio.links as usize, ..LinkPolicy::default() };
    options.advertising = Advertising {
        kind: AdvertisingKind::Connectable,
        interval_us: (radio.advertising.nanos() / 1000).clamp(20_000, 10_240_000) as u32,
        data: AdvertisingData::new().flags().services(&[profile.service]).build().expect("one service fits"),
        scan_response: AdvertisingData::new().name(name).build().expect("the name was cut to fit"),
    };
    options
}

/// The name a device advertises: its serial number, as far as it fits.
pub(crate) fn name_of(device: &DevicePlan) -> &str {
    let mut end = device.serial.len().min(NAME_LIMIT);
    while !device.serial.is_char_boundary(end) {
        end -= 1;
    }
    &device.serial[..end]
}
