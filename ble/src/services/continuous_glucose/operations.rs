//! The CGM Specific Ops Control Point: interval, calibration, limits, session.

use std::collections::BTreeMap;

use crate::pdu::att::ErrorCode;

use super::super::checksum::{append_checksum, checked};
use super::{INVALID_CHECKSUM, MISSING_CHECKSUM, Sensor};

const SET_INTERVAL: u8 = 0x01;
const GET_INTERVAL: u8 = 0x02;
const INTERVAL_RESPONSE: u8 = 0x03;
const SET_CALIBRATION: u8 = 0x04;
const GET_CALIBRATION: u8 = 0x05;
const CALIBRATION_RESPONSE: u8 = 0x06;
const RESET_DEVICE_ALERT: u8 = 0x19;
const START_SESSION: u8 = 0x1A;
const STOP_SESSION: u8 = 0x1B;
const RESPONSE: u8 = 0x1C;

/// Codes of responses.
const SUCCESS: u8 = 1;
const NOT_SUPPORTED: u8 = 2;
const INVALID_OPERAND: u8 = 3;
const NOT_COMPLETED: u8 = 4;
const OUT_OF_RANGE: u8 = 5;

/// Feature bit 0: calibration.
const CALIBRATION_FEATURE: u32 = 1;

/// The record number that asks for the latest calibration.
const LATEST: u16 = 0xFFFF;

/// A limit that a client can set; the number is the opcode that sets it, the next one asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Threshold {
    /// Upper limit of the patient \[mg/dL\].
    PatientHigh = 0x07,
    /// Lower limit of the patient \[mg/dL\].
    PatientLow = 0x0A,
    /// Hypoglycaemia \[mg/dL\].
    Hypo = 0x0D,
    /// Hyperglycaemia \[mg/dL\].
    Hyper = 0x10,
    /// Rate of decrease \[mg/dL/min\].
    Decrease = 0x13,
    /// Rate of increase \[mg/dL/min\].
    Increase = 0x16,
}

impl Threshold {
    const ALL: [Self; 6] =
        [Self::PatientHigh, Self::PatientLow, Self::Hypo, Self::Hyper, Self::Decrease, Self::Increase];

    /// The feature bit that a sensor with this limit has.
    const fn feature(self) -> u32 {
        match self {
            Self::PatientHigh | Self::PatientLow => 1 << 1,
            Self::Hypo => 1 << 2,
            Self::Hyper => 1 << 3,
            Self::Decrease | Self::Increase => 1 << 4,
        }
    }
}

/// A calibration that a client has set, as its octets: concentration, time, sample, next, record number, status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calibration {
    /// SFLOAT \[mg/dL\].
    pub concentration: [u8; 2],
    /// Since the start of the session \[min\].
    pub time_min: u16,
    /// Type and location.
    pub sample: u8,
    /// When the next one is due, since the start of the session \[min\].
    pub next_min: u16,
}

/// The state behind the control point.
#[derive(Debug)]
pub struct Operations {
    sensor: Sensor,
    /// \[min\]; 0 stops the periodic notifications, 255 asks for the fastest.
    pub interval_min: u8,
    /// Whether a session runs.
    pub session_runs: bool,
    /// Whether a client has reset the device-specific alert since the device last looked.
    pub alert_reset: bool,
    /// Limits as SFLOAT octets.
    pub thresholds: BTreeMap<Threshold, [u8; 2]>,
    /// Calibrations, oldest first.
    pub calibrations: Vec<Calibration>,
}

impl Operations {
    pub(super) fn new(sensor: Sensor, interval_min: u8) -> Self {
        Self {
            sensor,
            interval_min,
            session_runs: true,
            alert_reset: false,
            thresholds: BTreeMap::new(),
            calibrations: Vec::new(),
        }
    }

    /// Takes a request with its checksum; gives the answer with its own.
    pub(super) fn execute(&mut self, value: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        let request = if self.sensor.has_checksums() {
            if value.len() < 3 {
                return Err(MISSING_CHECKSUM);
            }
            checked(value).ok_or(INVALID_CHECKSUM)?
        } else {
            value
        };
        let [opcode, operand @ ..] = request else { return Err(ErrorCode::INVALID_VALUE_LENGTH) };
        let mut answer = self.answer(*opcode, operand).unwrap_or_else(|code| vec![RESPONSE, *opcode, code]);
        if self.sensor.has_checksums() {
            append_checksum(&mut answer);
        }
        Ok(answer)
    }

    fn answer(&mut self, opcode: u8, operand: &[u8]) -> Result<Vec<u8>, u8> {
        let done = Ok(vec![RESPONSE, opcode, SUCCESS]);
        match (opcode, operand) {
            (SET_INTERVAL, [interval_min]) => {
                self.interval_min = *interval_min;
                done
            }
            (GET_INTERVAL, []) => Ok(vec![INTERVAL_RESPONSE, self.interval_min]),
            (SET_CALIBRATION | GET_CALIBRATION, _) if self.sensor.features & CALIBRATION_FEATURE == 0 => {
                Err(NOT_SUPPORTED)
            }
            (SET_CALIBRATION, [low, high, time0, time1, sample, next0, next1, _, _, _]) => {
                if !self.session_runs {
                    return Err(NOT_COMPLETED);
                }
                self.calibrations.push(Calibration {
                    concentration: [*low, *high],
                    time_min: u16::from_le_bytes([*time0, *time1]),
                    sample: *sample,
                    next_min: u16::from_le_bytes([*next0, *next1]),
                });
                done
            }
            (GET_CALIBRATION, [low, high]) => self.calibration(u16::from_le_bytes([*low, *high])),
            (RESET_DEVICE_ALERT, []) => {
                self.alert_reset = true;
                done
            }
            (START_SESSION, []) if self.session_runs => Err(NOT_COMPLETED),
            (START_SESSION, []) => {
                self.session_runs = true;
                done
            }
            (STOP_SESSION, []) => {
                self.session_runs = false;
                done
            }
            (SET_INTERVAL | GET_INTERVAL | SET_CALIBRATION | GET_CALIBRATION | 0x19..=0x1B, _) => Err(INVALID_OPERAND),
            _ => self.threshold(opcode, operand),
        }
    }

    fn calibration(&self, number: u16) -> Result<Vec<u8>, u8> {
        // Records are numbered from 1.
        let number = if number == LATEST { self.calibrations.len() } else { usize::from(number) };
        let calibration = number.checked_sub(1).and_then(|index| self.calibrations.get(index)).ok_or(OUT_OF_RANGE)?;
        let mut answer = vec![CALIBRATION_RESPONSE];
        answer.extend_from_slice(&calibration.concentration);
        answer.extend_from_slice(&calibration.time_min.to_le_bytes());
        answer.push(calibration.sample);
        answer.extend_from_slice(&calibration.next_min.to_le_bytes());
        answer.extend_from_slice(&(number as u16).to_le_bytes());
        // Status 0: accepted.
        answer.push(0);
        Ok(answer)
    }

    fn threshold(&mut self, opcode: u8, operand: &[u8]) -> Result<Vec<u8>, u8> {
        let known = |threshold: &Threshold| {
            (opcode == *threshold as u8 || opcode == *threshold as u8 + 1)
                && self.sensor.features & threshold.feature() != 0
        };
        let threshold = Threshold::ALL.into_iter().find(known).ok_or(NOT_SUPPORTED)?;
        match operand {
            &[low, high] if opcode == threshold as u8 => {
                self.thresholds.insert(threshold, [low, high]);
                Ok(vec![RESPONSE, opcode, SUCCESS])
            }
            [] if opcode == threshold as u8 + 1 => {
                let [low, high] = *self.thresholds.get(&threshold).ok_or(NOT_COMPLETED)?;
                Ok(vec![opcode + 1, low, high])
            }
            _ => Err(INVALID_OPERAND),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensor(features: u32) -> Sensor {
        Sensor { features, sample_kind: 9, sample_location: 5, run_time_h: 240 }
    }

    #[test]
    fn checksums_are_demanded_and_given() {
        let mut operations = Operations::new(sensor(1 << 12), 5);
        let mut request = vec![GET_INTERVAL];
        append_checksum(&mut request);
        assert_eq!(operations.execute(&request), Ok(vec![0x03, 0x05, 0x7D, 0x8D]));
        assert_eq!(operations.execute(&[GET_INTERVAL]), Err(MISSING_CHECKSUM));
        request[1] ^= 1;
        assert_eq!(operations.execute(&request), Err(INVALID_CHECKSUM));
    }

    #[test]
    fn limits_are_kept() {
        let mut operations = Operations::new(sensor(1 << 2), 5);
        assert_eq!(operations.execute(&[0x0E]), Ok(vec![RESPONSE, 0x0E, NOT_COMPLETED]));
        assert_eq!(operations.execute(&[0x0D, 0x46, 0x00]), Ok(vec![RESPONSE, 0x0D, SUCCESS]));
        assert_eq!(operations.execute(&[0x0E]), Ok(vec![0x0F, 0x46, 0x00]));
        assert_eq!(operations.execute(&[0x10, 0x46, 0x00]), Ok(vec![RESPONSE, 0x10, NOT_SUPPORTED]));
        assert_eq!(operations.execute(&[0x0D, 0x46]), Ok(vec![RESPONSE, 0x0D, INVALID_OPERAND]));
    }

    #[test]
    fn calibrations_need_a_session() {
        let mut operations = Operations::new(sensor(1), 5);
        let calibration = [0x04, 0x64, 0x00, 0x0A, 0x00, 0x11, 0x00, 0x00, 0x00, 0x00, 0x00];
        assert_eq!(operations.execute(&calibration), Ok(vec![RESPONSE, 4, SUCCESS]));
        let kept = [0x06, 0x64, 0x00, 0x0A, 0x00, 0x11, 0x00, 0x00, 0x01, 0x00, 0x00];
        assert_eq!(operations.execute(&[0x05, 0xFF, 0xFF]), Ok(kept.to_vec()));
        assert_eq!(operations.execute(&[0x05, 0x02, 0x00]), Ok(vec![RESPONSE, 5, OUT_OF_RANGE]));
        assert_eq!(operations.execute(&[STOP_SESSION]), Ok(vec![RESPONSE, STOP_SESSION, SUCCESS]));
        assert_eq!(operations.execute(&calibration), Ok(vec![RESPONSE, 4, NOT_COMPLETED]));
        assert_eq!(operations.execute(&[START_SESSION]), Ok(vec![RESPONSE, START_SESSION, SUCCESS]));
    }
}
