//! The devices behind the peripherals: one of each service, with values that anyone can check.

use ble::advertising::{Advertising, AdvertisingData, AdvertisingKind};
use ble::gatt::{Access, ControlPoint, Service};
use ble::pairing::{Association, SecureConnections, SecurityPolicy};
use ble::pdu::att::Uuid;
use ble::propagation::Position;
use ble::services::device_information::DeviceInformation;
use ble::services::{
    DateTime, RecordAccess, battery, blood_pressure, body_composition, continuous_glucose, current_time, ecg_stream,
    glucose, health_thermometer, heart_rate, insulin_delivery, pulse_oximeter, weight_scale,
};
use ble::{Air, PeripheralId, PeripheralOptions};

type Failure = Box<dyn std::error::Error>;

const SENSOR: continuous_glucose::Sensor =
    continuous_glucose::Sensor { features: 0x01_D000, sample_kind: 9, sample_location: 5, run_time_h: 240 };

const TIME: DateTime = DateTime { year: 2026, month: 1, day: 15, hour: 8, minute: 30, second: 0 };

/// Rate of the ECG \[Hz\].
const ECG_RATE_HZ: u64 = 250;

/// All devices.
#[derive(Debug)]
pub(crate) struct Devices {
    named: Vec<(String, PeripheralId)>,
    heart_rate_sensors: Vec<PeripheralId>,
    seconds: u64,
    ecg_sequence: u16,
    ecg_sample: u64,
}

type Behaviour = (Uuid, Box<dyn ControlPoint>);

struct Device {
    name: &'static str,
    appearance: u16,
    services: Vec<Service>,
    behaviour: Option<Behaviour>,
    security: SecurityPolicy,
}

impl Device {
    fn new(name: &'static str, appearance: u16, service: Service) -> Self {
        let services = vec![service, battery::service(87), information().service()];
        Self { name, appearance, services, behaviour: None, security: SecurityPolicy::default() }
    }

    fn with(mut self, service: Uuid, control_point: impl ControlPoint) -> Self {
        self.behaviour = Some((service, Box::new(control_point)));
        self
    }

    fn locked(mut self, security: SecurityPolicy) -> Self {
        let passkey = matches!(security.association, Association::Passkey(_));
        let access = if passkey { Access::Authenticated } else { Access::Encrypted };
        self.services = self.services.into_iter().map(|service| service.protected(access)).collect();
        self.security = security;
        self
    }
}

fn information() -> DeviceInformation {
    DeviceInformation {
        manufacturer_name: Some("Virtual devices".to_owned()),
        model_number: Some("A model with a number that does not fit a short attribute PDU".to_owned()),
        serial_number: Some("0001".to_owned()),
        ..DeviceInformation::default()
    }
}

fn chest_strap() -> Service {
    heart_rate::service(heart_rate::BodySensorLocation::Chest, false)
}

fn devices() -> Vec<Device> {
    let legacy = SecureConnections::Unsupported;
    let just_works = SecurityPolicy::default();
    let passkey = |number| SecurityPolicy { association: Association::Passkey(number), ..just_works };
    let ecg = ecg_stream::Information { rate_hz: ECG_RATE_HZ as u16, resolution_nv: 5000, leads: 0b10, gain: 1 };
    let now = current_time::CurrentTime { time: TIME, day_of_week: 4, fraction_256: 0, reason: 0 };
    vec![
        Device::new("hrs", 0x0341, chest_strap()),
        Device::new("hts", 0x0300, health_thermometer::service(health_thermometer::Site::Body, 60)),
        Device::new("bps", 0x0381, blood_pressure::service(0x0004)),
        Device::new("gls", 0x0400, glucose::service(0)).with(glucose::SERVICE, RecordAccess),
        Device::new("cgm", 0x0D00, SENSOR.service())
            .with(continuous_glucose::SERVICE, continuous_glucose::Control::new(SENSOR, 5)),
        Device::new(
            "plx",
            0x0C41,
            pulse_oximeter::service(pulse_oximeter::Features { amplitude: true, ..Default::default() }),
        ),
        Device::new("wss", 0x0C80, weight_scale::service(0x0000_0007)),
        Device::new("bcs", 0x0C80, body_composition::service(0)),
        Device::new("ids", 0x0D40, insulin_delivery::service(100.0, 0x0000_0062))
            .with(insulin_delivery::SERVICE, insulin_delivery::PumpControl::default()),
        Device::new("cts", 0x0100, current_time::service(now, 4, 0))
            .with(current_time::SERVICE, current_time::ClockSetting),
        Device::new("ecg", 0x0340, ecg_stream::service(ecg))
            .with(ecg_stream::SERVICE, ecg_stream::StreamControl::new(0b10, vec![ECG_RATE_HZ as u16])),
        Device::new("sc-works", 0x0341, chest_strap()).locked(just_works),
        Device::new("legacy-works", 0x0341, chest_strap())
            .locked(SecurityPolicy { secure_connections: legacy, ..just_works }),
        Device::new("sc-passkey", 0x0341, chest_strap()).locked(passkey(123_456)),
        Device::new("legacy-passkey", 0x0341, chest_strap())
            .locked(SecurityPolicy { secure_connections: legacy, ..passkey(654_321) }),
    ]
}

impl Devices {
    /// Adds one device of each kind, and `sensors` heart rate sensors named `hr-0`, `hr-1` and so on.
    pub(crate) fn add_to(air: &mut Air, sensors: u32) -> Result<Self, Failure> {
        let mut all =
            Self { named: Vec::new(), heart_rate_sensors: Vec::new(), seconds: 0, ecg_sequence: 0, ecg_sample: 0 };
        for device in devices() {
            let is_strap = device.services[0].uuid == heart_rate::SERVICE;
            let name = device.name;
            let id = add(air, name, device)?;
            all.named.push((name.to_owned(), id));
            if is_strap {
                all.heart_rate_sensors.push(id);
            }
        }
        for number in 0..sensors {
            let name = format!("hr-{number}");
            let id = add(air, &name, Device::new("", 0x0341, chest_strap()))?;
            all.named.push((name, id));
            all.heart_rate_sensors.push(id);
        }
        all.store_histories(air);
        Ok(all)
    }

    /// The device that a line of words names second.
    pub(crate) fn find(&self, line: &str) -> Option<PeripheralId> {
        let wanted = line.split_whitespace().nth(1)?;
        self.named.iter().find(|(name, _)| name == wanted).map(|(_, id)| *id)
    }

    fn named(&self, wanted: &str) -> Option<PeripheralId> {
        self.named.iter().find(|(name, _)| name == wanted).map(|(_, id)| *id)
    }

    fn store_histories(&self, air: &mut Air) {
        let (Some(meter), Some(sensor)) = (self.named("gls"), self.named("cgm")) else { return };
        for sequence in 0..20 {
            let measurement = glucose::Measurement {
                sequence,
                base_time: TIME,
                offset_min: Some(sequence as i16 * 10),
                glucose_mg_dl: Some((100.0 + f64::from(sequence), glucose::Sample { kind: 1, location: 1 })),
                status: None,
                carbohydrate: None,
                meal: (sequence % 5 == 0).then_some(1),
            };
            air.store_record(meter, glucose::SERVICE, measurement.record());
        }
        for index in 0..30 {
            air.store_record(sensor, continuous_glucose::SERVICE, reading(index * 5).record(SENSOR));
        }
    }

    /// Does what the devices do at this instant, a multiple of 50 ms.
    pub(crate) fn step(&mut self, air: &mut Air, now_ns: u64) {
        self.stream_ecg(air, now_ns);
        if now_ns / 1_000_000_000 > self.seconds {
            self.seconds = now_ns / 1_000_000_000;
            self.measure(air);
        }
    }

    fn stream_ecg(&mut self, air: &mut Air, now_ns: u64) {
        let Some(ecg) = self.named("ecg") else { return };
        let room = air.room(ecg);
        let fitting = ecg_stream::samples_that_fit(room, 0b10) as u64;
        let Some(control) = air.control_point::<ecg_stream::StreamControl>(ecg, ecg_stream::SERVICE) else { return };
        if control.running.is_none() {
            self.ecg_sequence = 0;
            self.ecg_sample = now_ns * ECG_RATE_HZ / 1_000_000_000;
            return;
        }
        while (self.ecg_sample + fitting) * 1_000_000_000 / ECG_RATE_HZ <= now_ns {
            // A saw tooth, so that a client sees every missing sample.
            let counts = (self.ecg_sample..self.ecg_sample + fitting).map(|sample| (sample % 1000) as i16).collect();
            let packet = ecg_stream::Packet {
                sequence: self.ecg_sequence,
                start_ms: (self.ecg_sample * 1000 / ECG_RATE_HZ) as u32,
                leads: 0b10,
                status: 0,
                counts,
            };
            let value = packet.encode();
            if let Some(control) = air.control_point::<ecg_stream::StreamControl>(ecg, ecg_stream::SERVICE) {
                control.keep(self.ecg_sequence, value.clone());
            }
            air.send(ecg, ecg_stream::SERVICE, ecg_stream::STREAM, &value);
            self.ecg_sequence = self.ecg_sequence.wrapping_add(1);
            self.ecg_sample += fitting;
        }
    }

    fn measure(&self, air: &mut Air) {
        for &sensor in &self.heart_rate_sensors {
            let measurement = heart_rate::Measurement {
                rate_per_min: 60 + (self.seconds % 40) as u16,
                contact: Some(true),
                energy_kj: None,
                rr_s: vec![1.0, 0.98],
            };
            let value = measurement.encode(air.room(sensor));
            air.send(sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &value);
        }
        let temperature = health_thermometer::Measurement {
            temperature_celsius: 36.8,
            time: Some(TIME),
            site: Some(health_thermometer::Site::Body),
        };
        let pressure = blood_pressure::Measurement {
            systolic_mmhg: 120.0,
            diastolic_mmhg: 80.0,
            mean_mmhg: 93.0,
            time: Some(TIME),
            pulse_per_min: Some(72.0),
            user: Some(1),
            status: Some(0),
        };
        let saturation = pulse_oximeter::Saturation { spo2_percent: 97.0, pulse_per_min: 72.0 };
        let quality = pulse_oximeter::Quality { amplitude_percent: Some(0.25), ..Default::default() };
        let weight = weight_scale::Measurement {
            weight_kg: Some(72.5),
            time: Some(TIME),
            user: Some(1),
            index_and_height: Some((22.4, 1.8)),
        };
        let composition = body_composition::Measurement { fat_percent: Some(18.5), ..Default::default() };
        let pump = insulin_delivery::encode_status(
            insulin_delivery::Therapy::Run,
            insulin_delivery::Operation::Ready,
            150.5,
            true,
        );
        let values = [
            ("hts", health_thermometer::SERVICE, health_thermometer::MEASUREMENT, temperature.encode()),
            ("bps", blood_pressure::SERVICE, blood_pressure::MEASUREMENT, pressure.encode()),
            (
                "bps",
                blood_pressure::SERVICE,
                blood_pressure::INTERMEDIATE_CUFF_PRESSURE,
                blood_pressure::Measurement::cuff(150.0).encode(),
            ),
            ("cgm", continuous_glucose::SERVICE, continuous_glucose::MEASUREMENT, reading(150).encode(SENSOR)),
            (
                "plx",
                pulse_oximeter::SERVICE,
                pulse_oximeter::CONTINUOUS,
                pulse_oximeter::encode_continuous(saturation, None, None, quality),
            ),
            ("wss", weight_scale::SERVICE, weight_scale::MEASUREMENT, weight.encode()),
            ("bcs", body_composition::SERVICE, body_composition::MEASUREMENT, composition.encode()),
            ("ids", insulin_delivery::SERVICE, insulin_delivery::STATUS, pump),
        ];
        for (name, service, characteristic, value) in values {
            let Some(device) = self.named(name) else { continue };
            if air.is_wanted(device, service, characteristic) {
                air.set_value(device, service, characteristic, &value);
                air.send(device, service, characteristic, &value);
            }
        }
    }
}

fn reading(offset_min: u16) -> continuous_glucose::Measurement {
    continuous_glucose::Measurement {
        glucose_mg_dl: 104.0,
        offset_min,
        status: continuous_glucose::Status::default(),
        trend_mg_dl_min: Some(-1.2),
        quality_percent: Some(98.0),
    }
}

fn add(air: &mut Air, name: &str, device: Device) -> Result<PeripheralId, Failure> {
    let advertised = device.services[0].uuid;
    let mut options = PeripheralOptions::new(format!("ward/{name}"), name, device.services);
    options.appearance = device.appearance;
    options.position = Position { x_m: 2.0, y_m: 1.0, z_m: 0.0 };
    options.security = device.security;
    options.control_points = device.behaviour.into_iter().collect();
    options.advertising = Advertising {
        kind: AdvertisingKind::Connectable,
        interval_us: 100_000,
        data: AdvertisingData::new().flags().services(&[advertised]).build()?,
        scan_response: AdvertisingData::new().name(name).build()?,
    };
    Ok(air.add_peripheral(options)?)
}
