//! How a kind of device speaks Bluetooth: one row, with both directions of every characteristic.
//!
//! A device says messages as any other. Its profile makes characteristic values of a message ([`Profile::parts`]), and a
//! gateway reads them back by the same profile ([`Profile::read`]). What no characteristic carries is lost on the way,
//! as it is with real devices; it is declared as such.

use ble::gatt::{ControlPoint, Service};
use ble::pdu::att::Uuid;
use ble::services::device_information::DeviceInformation;
use ble::services::{DateTime, battery};
use radio_plan::BluetoothKind;
use sim_core::{DevicePlan, Registry, Row};
use vocabulary::{MetricId, OwnedMessage, OwnedValue, OwnedWave, Quality, Reading, metrics};

/// The maker of devices whose profile names none.
const MANUFACTURER: &str = "IoMT testbed";

/// Their hardware.
const HARDWARE: &str = "virtual";

/// How a kind of device speaks Bluetooth.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// The device kind.
    pub kind: &'static str,
    /// Appearance (assigned numbers).
    pub appearance: u16,
    /// The service it advertises, and the one that its history belongs to.
    pub service: Uuid,
    /// Messages that it keeps until they are confirmed, or records that its history holds; 0 for a device without.
    pub history: usize,
    /// Its services beyond battery and device information, with their behaviour.
    pub equip: fn(&DevicePlan) -> Equipment,
    /// The characteristic values that it sends for a message; none for a message that no characteristic carries.
    pub parts: fn(&OwnedMessage, &mut Sender<'_>) -> Vec<Part>,
    /// What a gateway reads out of the values of a message; nothing when they are not what the characteristics hold.
    pub read: fn(&Received<'_>) -> Option<Reception>,
}

impl Row for Profile {
    const NOUN: &'static str = "Bluetooth profile";

    fn name(&self) -> &str {
        self.kind
    }

    fn flaws(&self, registry: &Registry) -> Vec<String> {
        let is_known = registry.device(self.kind).is_some();
        if is_known { Vec::new() } else { vec!["there is no device kind of that name".to_owned()] }
    }

    /// The checker of scenarios knows the kind by a row of its own.
    fn announce(&self, registry: &mut Registry) {
        registry.add(BluetoothKind(self.kind));
    }
}

/// Services with their behaviour.
#[derive(Debug)]
pub struct Equipment {
    /// The services.
    pub services: Vec<Service>,
    /// Behaviour of those that have control points.
    pub control_points: Vec<(Uuid, Box<dyn ControlPoint>)>,
    /// What the device says about itself, where it is not what every virtual device says: see `Equipment`.
    pub information: DeviceInformation,
}

impl From<Service> for Equipment {
    fn from(service: Service) -> Self {
        Self { services: vec![service], control_points: Vec::new(), information: DeviceInformation::default() }
    }
}

impl Equipment {
    /// The Device Information service: what the profile does not say is said for it. The maker's name is mandatory in
    /// most profiles of health devices.
    pub(crate) fn information(&self, plan: &DevicePlan) -> DeviceInformation {
        let said = self.information.clone();
        let or = |said: Option<String>, usual: &str| Some(said.unwrap_or_else(|| usual.to_owned()));
        // The label that its messages show, where the device has one.
        let label = |of: &'_ str, usual: &str| if of.is_empty() { usual.to_owned() } else { of.to_owned() };
        let identity = &plan.identity;
        DeviceInformation {
            manufacturer_name: or(said.manufacturer_name, &label(&identity.manufacturer, MANUFACTURER)),
            model_number: or(said.model_number, &label(&identity.model, &plan.kind)),
            serial_number: or(said.serial_number, &plan.serial),
            firmware_revision: or(said.firmware_revision, &label(&identity.firmware, env!("CARGO_PKG_VERSION"))),
            hardware_revision: or(said.hardware_revision, HARDWARE),
            software_revision: said.software_revision,
            system_id: said.system_id,
            plug_and_play: said.plug_and_play,
        }
    }
}

/// What a device knows while it puts a value together.
#[derive(Debug)]
pub struct Sender<'a> {
    /// Octets that a value may have so that every listener gets all of it.
    pub room: usize,
    /// Its clock \[ms since the Unix epoch\].
    pub clock_ms: i64,
    /// Since the scenario's start \[ms\].
    pub since_start_ms: u64,
    /// Number of its next packet, for those that number them.
    pub packets: &'a mut u16,
}

impl Sender<'_> {
    /// Its clock as services carry it.
    pub fn date_time(&self) -> DateTime {
        DateTime::from_unix_seconds(self.clock_ms.div_euclid(1000))
    }
}

/// How a value reaches a central.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Notified once; who does not listen misses it.
    Notified,
    /// Indicated, and kept until somebody has confirmed it.
    Confirmed,
    /// Stored under this key, to be asked for; notified as well when `live`.
    Recorded {
        /// Number or time offset by which records are asked for.
        key: u32,
        /// Whether it is notified at once as well.
        live: bool,
    },
}

/// A value of a characteristic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The service.
    pub service: Uuid,
    /// The characteristic.
    pub characteristic: Uuid,
    /// Its octets.
    pub value: Vec<u8>,
    /// How it reaches a central.
    pub manner: Manner,
}

/// A value as a gateway has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedValue {
    /// The service.
    pub service: Uuid,
    /// The characteristic.
    pub characteristic: Uuid,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// All values of one message.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// In the order of the message's parts.
    pub values: &'a [ReceivedValue],
    /// What samples among them mean; a gateway has it from a characteristic that tells once.
    pub sampling: Option<Sampling>,
}

impl<'a> Received<'a> {
    /// The value of a message of one part, if it is one of this characteristic.
    pub fn only(&self, characteristic: Uuid) -> Option<&'a [u8]> {
        let [value] = self.values else { return None };
        (value.characteristic == characteristic).then_some(&*value.octets)
    }
}

/// What samples mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// When the first one was taken \[ms since the Unix epoch, by the device's clock\].
    pub first_ms: i64,
    /// Sampling rate \[mHz\].
    pub rate_mhz: u32,
    /// Physical value of one count, in the metric's unit.
    pub gain: f64,
    /// Physical value of zero counts, in the metric's unit.
    pub offset: f64,
}

/// What a gateway has read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reception {
    /// Numeric and coded values.
    pub readings: Vec<Reading>,
    /// Waveform chunks.
    pub waves: Vec<OwnedWave>,
}

impl From<Vec<Reading>> for Reception {
    fn from(readings: Vec<Reading>) -> Self {
        Self { readings, waves: Vec::new() }
    }
}

impl Profile {
    /// What is sent for a message. The charge of the battery goes by itself only when nothing else does.
    pub(crate) fn send(&self, message: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
        let parts = (self.parts)(message, sender);
        match charge_percent(message) {
            Some(charge_percent) if parts.is_empty() => vec![Part {
                service: battery::SERVICE,
                characteristic: battery::LEVEL,
                value: vec![charge_percent],
                manner: Manner::Notified,
            }],
            _ => parts,
        }
    }

    /// What a gateway reads; the charge of the battery is read alike of all devices.
    pub(crate) fn receive(&self, received: &Received<'_>) -> Option<Reception> {
        if let Some(octets) = received.only(battery::LEVEL) {
            let charge_percent = battery::decode(octets)?;
            return Some(vec![Reading::number(metrics::BATTERY, f64::from(charge_percent))].into());
        }
        (self.read)(received)
    }
}

/// The charge of the battery that a message tells \[%\].
pub(crate) fn charge_percent(message: &OwnedMessage) -> Option<u8> {
    message.number(metrics::BATTERY).map(|percent| libm::round(percent).clamp(0.0, 100.0) as u8)
}

/// The number of a metric that the message speaks of, NaN when it has no value: what services send for "not measured".
pub fn number_or_nan(message: &OwnedMessage, metric: MetricId) -> Option<f64> {
    message.reading(metric).map(|reading| match reading.value {
        OwnedValue::Number(value) => value,
        OwnedValue::Code(_) | OwnedValue::Missing => f64::NAN,
    })
}

/// A reading of a number that a service carries, or of none where it says that nothing could be measured.
pub fn reading_of(metric: MetricId, value: f64) -> Reading {
    if value.is_finite() { Reading::number(metric, value) } else { Reading::missing(metric, Quality::NotAvailable) }
}

#[cfg(test)]
mod tests {
    use vocabulary::DeviceIdentity;

    use super::*;

    #[test]
    fn what_a_profile_does_not_say_of_a_device_is_said_for_it() {
        let plan = DevicePlan {
            path: String::new(),
            id: String::new(),
            patient: sim_core::SimId(0),
            kind: "belt".to_owned(),
            serial: "B-1".to_owned(),
            identity: DeviceIdentity::default(),
            options: sim_core::Arguments::default(),
            link: 0,
            aligned: true,
            streams: Vec::new(),
        };
        let mut equipment =
            Equipment { services: Vec::new(), control_points: Vec::new(), information: DeviceInformation::default() };
        equipment.information.model_number = Some("Acme 7".to_owned());
        let information = equipment.information(&plan);
        let given = [&information.manufacturer_name, &information.model_number, &information.serial_number];
        assert_eq!(given.map(Option::as_deref), [Some(MANUFACTURER), Some("Acme 7"), Some("B-1")]);
        assert!(information.firmware_revision.is_some() && information.hardware_revision.is_some());
        let identity = DeviceIdentity {
            manufacturer: "Maker".to_owned(),
            firmware: "3.1".to_owned(),
            ..DeviceIdentity::default()
        };
        let information = equipment.information(&DevicePlan { identity, ..plan });
        let label = [&information.manufacturer_name, &information.firmware_revision];
        assert_eq!(label.map(Option::as_deref), [Some("Maker"), Some("3.1")], "as messages show it");
    }

    #[test]
    fn only_is_the_value_of_a_message_of_one_part() {
        let value =
            |short| ReceivedValue { service: Uuid::Short(1), characteristic: Uuid::Short(short), octets: vec![7] };
        let (one, two) = ([value(2)], [value(2), value(2)]);
        assert_eq!(Received { values: &one, sampling: None }.only(Uuid::Short(2)), Some(&[7][..]));
        assert_eq!(Received { values: &one, sampling: None }.only(Uuid::Short(3)), None);
        assert_eq!(Received { values: &two, sampling: None }.only(Uuid::Short(2)), None);
    }
}
