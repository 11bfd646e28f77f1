//! Continuous Glucose Monitoring service 0x181F (CGM Service 1.0.2).

mod operations;

use crate::pdu::att::{ErrorCode, Uuid};
use crate::pdu::float11073::Sfloat;

use super::checksum::{append_checksum, checked};
use super::octets::Octets;
use super::record_access::{RECORD_ACCESS, RecordAccess};
use super::{DateTime, end_to_end_checksum};
use crate::gatt::{Characteristic, Context, ControlPoint, Outgoing, Properties, Service, ValueLength};
use crate::records::Record;

pub use operations::{Calibration, Operations, Threshold};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x181F);
/// CGM Measurement, notified.
pub const MEASUREMENT: Uuid = Uuid::Short(0x2AA7);
/// CGM Feature.
pub const FEATURE: Uuid = Uuid::Short(0x2AA8);
/// CGM Status.
pub const STATUS: Uuid = Uuid::Short(0x2AA9);
/// CGM Session Start Time.
pub const SESSION_START_TIME: Uuid = Uuid::Short(0x2AAA);
/// CGM Session Run Time \[h\].
pub const SESSION_RUN_TIME: Uuid = Uuid::Short(0x2AAB);
/// CGM Specific Ops Control Point.
pub const OPERATIONS: Uuid = Uuid::Short(0x2AAC);
/// Record Access Control Point.
pub const RECORD_ACCESS_CONTROL_POINT: Uuid = RECORD_ACCESS;

/// Feature bit 12: values carry a checksum.
pub const CHECKSUM_FEATURE: u32 = 1 << 12;

/// Error "missing checksum".
const MISSING_CHECKSUM: ErrorCode = ErrorCode::APPLICATION_0;
/// Error "invalid checksum".
const INVALID_CHECKSUM: ErrorCode = ErrorCode::APPLICATION_1;

/// What a sensor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sensor {
    /// Bits: 0 calibration, 1 patient limits, 2 hypo, 3 hyper, 4 rate, 5 device alert, 6 malfunction, 7 temperature, 8
    /// result limits, 9 battery, 10 sensor type, 11 fault, 12 checksum, 13 several bonds, 14 several sessions, 15 trend,
    /// 16 quality.
    pub features: u32,
    /// 1 capillary whole blood, 2 capillary plasma, 9 interstitial fluid, others as in the glucose service.
    pub sample_kind: u8,
    /// 1 finger, 5 subcutaneous tissue, others as specified.
    pub sample_location: u8,
    /// \[h\]
    pub run_time_h: u16,
}

impl Sensor {
    /// Whether values carry a checksum.
    pub const fn has_checksums(self) -> bool {
        self.features & CHECKSUM_FEATURE != 0
    }

    fn finish(self, mut value: Vec<u8>) -> Vec<u8> {
        if self.has_checksums() {
            append_checksum(&mut value);
        }
        value
    }

    /// The service; its behaviour is [`Control`].
    pub fn service(self) -> Service {
        let mut feature = self.features.to_le_bytes()[..3].to_vec();
        feature.push(self.sample_kind & 0x0F | self.sample_location << 4);
        // The field is there in any case; 0xFFFF says that there are no checksums.
        let checksum = if self.has_checksums() { end_to_end_checksum(&feature) } else { 0xFFFF };
        feature.extend_from_slice(&checksum.to_le_bytes());
        let extra = if self.has_checksums() { 2 } else { 0 };
        let control = Properties::WRITE | Properties::INDICATE;
        Service {
            uuid: SERVICE,
            characteristics: vec![
                Characteristic::new(MEASUREMENT, Properties::NOTIFY),
                Characteristic::new(FEATURE, Properties::READ).with_value(feature),
                Characteristic::new(STATUS, Properties::READ).with_value(self.encode_status(0, Status::default())),
                Characteristic::new(SESSION_START_TIME, Properties::READ | Properties::WRITE)
                    .with_value(self.encode_start_time(DateTime::default(), 0, 0xFF))
                    .accepting(ValueLength::exactly(9 + extra)),
                Characteristic::new(SESSION_RUN_TIME, Properties::READ)
                    .with_value(self.finish(self.run_time_h.to_le_bytes().to_vec())),
                Characteristic::new(RECORD_ACCESS, control).accepting(ValueLength { min: 2, max: 20 }),
                Characteristic::new(OPERATIONS, control).accepting(ValueLength { min: 1, max: 20 }),
            ],
        }
    }

    /// The value of CGM Status, `offset_min` after the start of the session.
    pub fn encode_status(self, offset_min: u16, status: Status) -> Vec<u8> {
        let mut value = offset_min.to_le_bytes().to_vec();
        value.extend_from_slice(&[status.status, status.calibration, status.warning]);
        self.finish(value)
    }

    /// The value of Session Start Time: zone \[15 min\] and daylight saving (0, 2, 4, 8 or 255 for unknown).
    pub fn encode_start_time(self, time: DateTime, zone_15_min: i8, daylight_saving: u8) -> Vec<u8> {
        let mut value = time.to_bytes().to_vec();
        value.extend_from_slice(&[zone_15_min as u8, daylight_saving]);
        self.finish(value)
    }
}

/// The three octets of the sensor status annunciation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Bits: 0 session stopped, 1 battery low, 2 wrong sensor type, 3 malfunction, 4 device alert, 5 general fault.
    pub status: u8,
    /// Bits: 0 time synchronisation wanted, 1 calibration not allowed, 2 recommended, 3 required, 4 too warm, 5 too cold,
    /// 6 calibration pending.
    pub calibration: u8,
    /// Bits: 0 below patient limit, 1 above, 2 hypo, 3 hyper, 4 falls too fast, 5 rises too fast, 6 below device limit,
    /// 7 above.
    pub warning: u8,
}

/// A measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// \[mg/dL\]
    pub glucose_mg_dl: f64,
    /// Since the start of the session \[min\].
    pub offset_min: u16,
    /// Only octets that are not zero are sent.
    pub status: Status,
    /// \[mg/dL/min\]
    pub trend_mg_dl_min: Option<f64>,
    /// \[%\]
    pub quality_percent: Option<f64>,
}

impl Measurement {
    /// The value of the characteristic: one record.
    pub fn encode(&self, sensor: Sensor) -> Vec<u8> {
        let Status { status, calibration, warning } = self.status;
        let flags = u8::from(self.trend_mg_dl_min.is_some())
            | u8::from(self.quality_percent.is_some()) << 1
            | u8::from(warning != 0) << 5
            | u8::from(calibration != 0) << 6
            | u8::from(status != 0) << 7;
        let mut value = vec![0, flags];
        value.extend_from_slice(&Sfloat::with_exponent(self.glucose_mg_dl, 0).to_le_bytes());
        value.extend_from_slice(&self.offset_min.to_le_bytes());
        value.extend([status, calibration, warning].into_iter().filter(|octet| *octet != 0));
        if let Some(trend) = self.trend_mg_dl_min {
            value.extend_from_slice(&Sfloat::with_exponent(trend, -1).to_le_bytes());
        }
        if let Some(quality) = self.quality_percent {
            value.extend_from_slice(&Sfloat::with_exponent(quality, 0).to_le_bytes());
        }
        // The size counts itself and the checksum.
        value[0] = value.len() as u8 + if sensor.has_checksums() { 2 } else { 0 };
        sensor.finish(value)
    }

    /// Reads a value that holds one record. A wrong checksum makes it unreadable.
    pub fn decode(octets: &[u8], has_checksums: bool) -> Option<Self> {
        if octets.first().map(|size| usize::from(*size)) != Some(octets.len()) {
            return None;
        }
        let mut octets = Octets(if has_checksums { checked(octets)? } else { octets });
        let (_, flags) = (octets.u8()?, octets.u8()?);
        let (glucose_mg_dl, offset_min) = (octets.sfloat()?, octets.u16()?);
        let mut annunciation = |bit: u8| octets.when(flags & 1 << bit != 0, Octets::u8).map(Option::unwrap_or_default);
        let (status, calibration, warning) = (annunciation(7)?, annunciation(6)?, annunciation(5)?);
        let trend_mg_dl_min = octets.when(flags & 1 != 0, Octets::sfloat)?;
        let quality_percent = octets.when(flags & 2 != 0, Octets::sfloat)?;
        let status = Status { status, calibration, warning };
        octets.end(Self { glucose_mg_dl, offset_min, status, trend_mg_dl_min, quality_percent })
    }

    /// The measurement as a record of the history.
    pub fn record(&self, sensor: Sensor) -> Record {
        Record { key: u32::from(self.offset_min), parts: vec![(MEASUREMENT, self.encode(sensor))], tag: 0 }
    }
}

/// The behaviour of the service: both control points and the start time.
#[derive(Debug)]
pub struct Control {
    records: RecordAccess,
    /// State of the specific operations.
    pub operations: Operations,
}

impl Control {
    /// The behaviour of a sensor that measures with this interval \[min\].
    pub fn new(sensor: Sensor, interval_min: u8) -> Self {
        Self { records: RecordAccess, operations: Operations::new(sensor, interval_min) }
    }
}

impl ControlPoint for Control {
    fn characteristics(&self) -> &'static [Uuid] {
        &[RECORD_ACCESS, OPERATIONS]
    }

    fn write(
        &mut self,
        characteristic: Uuid,
        value: &[u8],
        context: &mut Context<'_>,
    ) -> Result<Vec<Outgoing>, ErrorCode> {
        if characteristic == RECORD_ACCESS {
            return self.records.write(characteristic, value, context);
        }
        if context.running {
            return Err(ErrorCode::PROCEDURE_IN_PROGRESS);
        }
        let answer = self.operations.execute(value)?;
        Ok(vec![Outgoing::indication(OPERATIONS, answer)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) const SENSOR: Sensor =
        Sensor { features: 0x01_D000, sample_kind: 9, sample_location: 5, run_time_h: 240 };

    #[test]
    fn known_octets() {
        let service = SENSOR.service();
        let value = |uuid| &service.characteristics.iter().find(|entry| entry.uuid == uuid).expect("there").value;
        assert_eq!(value(FEATURE), &[0x00, 0xD0, 0x01, 0x59, 0xB2, 0x5A]);
        assert_eq!(value(SESSION_RUN_TIME), &[0xF0, 0x00, 0xB0, 0x8C]);
        assert_eq!(SENSOR.encode_status(42, Status::default()), [0x2A, 0x00, 0x00, 0x00, 0x00, 0xB1, 0x1C]);
        let measurement = Measurement {
            glucose_mg_dl: 104.0,
            offset_min: 25,
            status: Status::default(),
            trend_mg_dl_min: Some(-1.2),
            quality_percent: Some(98.0),
        };
        assert_eq!(
            measurement.encode(SENSOR),
            [0x0C, 0x03, 0x68, 0x00, 0x19, 0x00, 0xF4, 0xFF, 0x62, 0x00, 0x9A, 0x9F]
        );
        let mut octets = measurement.encode(SENSOR);
        assert_eq!(Measurement::decode(&octets, true), Some(measurement));
        octets[11] ^= 0x55;
        assert_eq!(Measurement::decode(&octets, true), None, "a wrong checksum");
    }

    proptest! {
        #[test]
        fn there_and_back(
            glucose in 0_u16..600,
            offset_min: u16,
            annunciations in any::<[u8; 3]>(),
            trend in prop::option::of(-80_i16..80),
            features in prop_oneof![Just(0), Just(CHECKSUM_FEATURE)],
        ) {
            let [status, calibration, warning] = annunciations;
            let measurement = Measurement {
                glucose_mg_dl: f64::from(glucose),
                offset_min,
                status: Status { status, calibration, warning },
                trend_mg_dl_min: trend.map(|trend| f64::from(trend) / 10.0),
                quality_percent: None,
            };
            let sensor = Sensor { features, ..SENSOR };
            let read = Measurement::decode(&measurement.encode(sensor), sensor.has_checksums()).expect("a measurement");
            let trends = read.trend_mg_dl_min.zip(measurement.trend_mg_dl_min);
            prop_assert!(trends.is_none_or(|(read, sent)| (read - sent).abs() < 1e-9));
            prop_assert_eq!(Measurement { trend_mg_dl_min: measurement.trend_mg_dl_min, ..read }, measurement);
        }

        #[test]
        fn any_octets_are_read_or_refused(mut octets in prop::collection::vec(any::<u8>(), 1..30)) {
            octets[0] = octets.len() as u8;
            let _ = Measurement::decode(&octets, false);
        }
    }

    #[test]
    fn without_checksums_the_feature_says_so() {
        let plain = Sensor { features: 0x01_8000, ..SENSOR };
        assert_eq!(plain.service().characteristics[1].value, [0x00, 0x80, 0x01, 0x59, 0xFF, 0xFF]);
    }

    #[test]
    fn annunciations_take_one_octet_each() {
        let measurement = Measurement {
            glucose_mg_dl: 55.0,
            offset_min: 5,
            status: Status { status: 0, calibration: 0x04, warning: 0x04 },
            trend_mg_dl_min: None,
            quality_percent: None,
        };
        let plain = Sensor { features: 0, ..SENSOR };
        assert_eq!(measurement.encode(plain), [0x08, 0x60, 0x37, 0x00, 0x05, 0x00, 0x04, 0x04]);
    }
}
