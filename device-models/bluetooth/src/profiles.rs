//! Which Bluetooth services a kind of device has, and what it sends for what it says.

mod blood_pressure_cuff;
mod cgm;
mod ecg_patch;
mod glucose_meter;
mod heart_rate_belt;
mod insulin_pump;
mod pulse_oximeter;
mod thermometer;
mod weight_scale;

pub(super) use cgm::{SENSOR as CGM_SENSOR, quality_of as cgm_quality};
pub(super) use ecg_patch::{LEAD_OFF as ECG_LEAD_OFF, LEADS as ECG_LEADS};
pub(super) use insulin_pump::ANNUNCIATIONS;
pub(super) use pulse_oximeter::quality_of as oximeter_quality;
pub(super) use thermometer::SITES;

use ble::gatt::{ControlPoint, Service};
use ble::pdu::att::Uuid;
use ble::services::{DateTime, battery};
use sim_core::DevicePlan;
use vocabulary::{MetricId, OwnedMessage, OwnedReading, OwnedValue, Quality, metrics};

/// How a kind of device speaks Bluetooth.
#[derive(Debug)]
pub(super) struct Profile {
    /// The device kind.
    pub(super) kind: &'static str,
    /// Appearance (assigned numbers).
    pub(super) appearance: u16,
    /// The service it advertises.
    pub(super) service: Uuid,
    /// Records that its history holds; 0 for a device without one.
    pub(super) history: usize,
    /// Its services beyond battery and device information, with their behaviour.
    pub(super) equip: fn(&DevicePlan) -> Equipment,
    /// What it sends for a message; nothing for a message that no characteristic carries.
    pub(super) parts: fn(&OwnedMessage, &mut Sender<'_>) -> Vec<Part>,
}

/// Services with their behaviour.
#[derive(Debug)]
pub(super) struct Equipment {
    pub(super) services: Vec<Service>,
    pub(super) control_points: Vec<(Uuid, Box<dyn ControlPoint>)>,
}

impl From<Service> for Equipment {
    fn from(service: Service) -> Self {
        Self { services: vec![service], control_points: Vec::new() }
    }
}

/// What a device knows while it puts a value together.
#[derive(Debug)]
pub(super) struct Sender<'a> {
    /// Octets that a value may have.
    pub(super) room: usize,
    /// Its clock [ms since the Unix epoch].
    pub(super) clock_ms: i64,
    /// Since the scenario's start [ms].
    pub(super) since_start_ms: u64,
    /// Number of its next packet, for those that number them.
    pub(super) packets: &'a mut u16,
}

impl Sender<'_> {
    /// Its clock as services carry it.
    fn date_time(&self) -> DateTime {
        DateTime::from_unix_seconds(self.clock_ms.div_euclid(1000))
    }
}

/// How a value reaches a central.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Notified once; who does not listen misses it.
    Notified,
    /// Indicated, and kept until somebody has confirmed it.
    Confirmed,
    /// Stored under this key, to be asked for; notified as well when `live`.
    Recorded { key: u32, live: bool },
}

/// A value of a characteristic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) service: Uuid,
    pub(super) characteristic: Uuid,
    pub(super) value: Vec<u8>,
    pub(super) manner: Manner,
}

const PROFILES: [&Profile; 9] = [
    &blood_pressure_cuff::PROFILE,
    &cgm::PROFILE,
    &ecg_patch::PROFILE,
    &glucose_meter::PROFILE,
    &heart_rate_belt::PROFILE,
    &insulin_pump::PROFILE,
    &pulse_oximeter::PROFILE,
    &thermometer::PROFILE,
    &weight_scale::PROFILE,
];

/// Kinds of devices that have a Bluetooth side.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|profile| profile.kind)
}

/// The profile of a device kind.
pub(super) fn of(kind: &str) -> Option<&'static Profile> {
    PROFILES.into_iter().find(|profile| profile.kind == kind)
}

impl Profile {
    /// What is sent for a message. The charge of the battery goes by itself only when nothing else does.
    pub(super) fn send(&self, said: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
        let parts = (self.parts)(said, sender);
        match charge_percent(said) {
            Some(charge_percent) if parts.is_empty() => vec![Part {
                service: battery::SERVICE,
                characteristic: battery::LEVEL,
                value: vec![charge_percent],
                manner: Manner::Notified,
            }],
            _ => parts,
        }
    }
}

/// The charge of the battery that a message tells [%].
pub(super) fn charge_percent(said: &OwnedMessage) -> Option<u8> {
    number(said, metrics::BATTERY).map(|percent| libm::round(percent).clamp(0.0, 100.0) as u8)
}

/// The reading of a metric.
fn reading(said: &OwnedMessage, metric: MetricId) -> Option<&OwnedReading> {
    said.readings.iter().find(|reading| reading.metric == metric)
}

/// The number of a metric, if there is one.
fn number(said: &OwnedMessage, metric: MetricId) -> Option<f64> {
    match reading(said, metric)?.value {
        OwnedValue::Number(value) => Some(value),
        _ => None,
    }
}

/// The code of a metric, if there is one.
fn code(said: &OwnedMessage, metric: MetricId) -> Option<&str> {
    match &reading(said, metric)?.value {
        OwnedValue::Code(code) => Some(code),
        _ => None,
    }
}

/// The number of a metric that the message speaks of, NaN when it has no value.
fn number_or_nan(said: &OwnedMessage, metric: MetricId) -> Option<f64> {
    reading(said, metric).map(|reading| match reading.value {
        OwnedValue::Number(value) => value,
        _ => f64::NAN,
    })
}

/// The quality of a metric that the message speaks of.
fn quality(said: &OwnedMessage, metric: MetricId) -> Quality {
    reading(said, metric).map_or(Quality::Ok, |reading| reading.quality)
}
