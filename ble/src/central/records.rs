//! Which stored records a gateway asks a device for.

use crate::pdu::att::Uuid;

use crate::services::{continuous_glucose, glucose};

/// Opcodes and operators of the Record Access Control Point.
const REPORT: u8 = 1;
const ALL: u8 = 1;
const AT_LEAST: u8 = 3;
const FILTER_KEY: u8 = 1;
const RESPONSE: u8 = 6;
const SUCCESS: u8 = 1;
const NO_RECORDS: u8 = 6;

/// The history of one service on one link.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) service: Uuid,
    /// Handle of the control point.
    pub(super) handle: u16,
    /// Whether everything up to `highest` has come.
    is_synchronised: bool,
    is_running: bool,
    highest: Option<u32>,
    /// Shortest step between two keys, by which a gap is seen.
    step: Option<u32>,
}

/// What a control point has answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The records have come, or there are none.
    Complete,
    /// Something went wrong.
    Failed,
    /// Nothing that matters.
    Other,
}

impl Records {
    pub(super) fn new(service: Uuid, handle: u16) -> Self {
        Self { service, handle, is_synchronised: false, is_running: false, highest: None, step: None }
    }

    /// Whether a service keeps records that a gateway asks for by number or time.
    pub(super) fn are_kept_by(service: Uuid) -> bool {
        [glucose::SERVICE, continuous_glucose::SERVICE].contains(&service)
    }

    /// Whether the service says nothing by itself, so that a gateway has to ask now and then.
    pub(super) fn are_silent(&self) -> bool {
        self.service == glucose::SERVICE
    }

    /// The request for what comes after `mark`, unless one is running.
    pub(super) fn request(&mut self, mark: Option<u32>) -> Option<Vec<u8>> {
        if self.is_running {
            return None;
        }
        self.is_running = true;
        self.highest = mark;
        Some(match mark {
            Some(mark) => {
                let [low, high] = ((mark + 1).min(u32::from(u16::MAX)) as u16).to_le_bytes();
                vec![REPORT, AT_LEAST, FILTER_KEY, low, high]
            }
            None => vec![REPORT, ALL],
        })
    }

    /// Takes a refusal of the request itself.
    pub(super) fn refused(&mut self) {
        self.is_running = false;
    }

    /// Takes an indication of the control point.
    pub(super) fn take_answer(&mut self, value: &[u8]) -> Answer {
        let &[RESPONSE, _, REPORT, code] = value else { return Answer::Other };
        self.is_running = false;
        if code != SUCCESS && code != NO_RECORDS {
            return Answer::Failed;
        }
        self.is_synchronised = true;
        Answer::Complete
    }

    /// Takes a measurement. Gives whether there is a gap before it, so that records have to be asked for.
    pub(super) fn take_key(&mut self, key: u32) -> bool {
        let Some(highest) = self.highest.filter(|highest| key > *highest) else {
            self.highest = self.highest.max(Some(key));
            return false;
        };
        let distance = key - highest;
        let is_gap = self.is_synchronised && !self.is_running && self.step.is_some_and(|step| 2 * distance > 3 * step);
        self.step = Some(self.step.map_or(distance, |step| step.min(distance)));
        if is_gap {
            self.is_synchronised = false;
        } else {
            self.highest = Some(key);
        }
        is_gap
    }

    /// The key up to which nothing is missing.
    pub(super) fn mark(&self) -> Option<u32> {
        self.highest.filter(|_| self.is_synchronised && !self.is_running)
    }
}

/// The number or time offset by which a measurement is filed.
pub(super) fn key_of(service: Uuid, characteristic: Uuid, value: &[u8]) -> Option<u32> {
    match (service, characteristic) {
        (glucose::SERVICE, glucose::MEASUREMENT) => {
            glucose::Measurement::decode(value).map(|measurement| u32::from(measurement.sequence))
        }
        (continuous_glucose::SERVICE, continuous_glucose::MEASUREMENT) => {
            // With its checksum or, from a sensor that has none, without: a damaged one is neither.
            let read = |has_checksum| continuous_glucose::Measurement::decode(value, has_checksum);
            read(true).or_else(|| read(false)).map(|measurement| u32::from(measurement.offset_min))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_asked_for() {
        let mut records = Records::new(continuous_glucose::SERVICE, 9);
        assert_eq!(records.request(None), Some(vec![REPORT, ALL]));
        assert_eq!(records.request(None), None, "one at a time");
        // A live value between the records does not hide those that have not come yet.
        assert!(!records.take_key(0));
        assert!(!records.take_key(50));
        assert_eq!(records.mark(), None);
        assert!(!records.take_key(5));
        assert_eq!(records.take_answer(&[RESPONSE, 0, REPORT, SUCCESS]), Answer::Complete);
        assert_eq!(records.mark(), Some(50));
        assert!(!records.take_key(55));
        assert!(records.take_key(70), "a gap");
        assert_eq!(records.mark(), None);
        assert_eq!(records.request(Some(55)), Some(vec![REPORT, AT_LEAST, FILTER_KEY, 56, 0]));
    }

    #[test]
    fn keys_are_where_the_layout_has_them() {
        let meter = [0x00, 7, 1, 0xEA, 0x07, 1, 15, 8, 30, 0];
        assert_eq!(key_of(glucose::SERVICE, glucose::MEASUREMENT, &meter), Some(263));
        assert_eq!(key_of(glucose::SERVICE, glucose::MEASUREMENT, &meter[..9]), None);
        assert_eq!(key_of(glucose::SERVICE, glucose::CONTEXT, &meter), None);
        let mut sensor = [0x0C, 0x03, 0x68, 0x00, 0x19, 0x00, 0xF4, 0xFF, 0x62, 0x00, 0x9A, 0x9F];
        let key = |octets: &[u8]| key_of(continuous_glucose::SERVICE, continuous_glucose::MEASUREMENT, octets);
        assert_eq!(key(&sensor), Some(25));
        sensor[11] ^= 0x55;
        assert_eq!(key(&sensor), None, "damaged");
        assert_eq!(key(&[0x06, 0x00, 0x68, 0x00, 0x19, 0x00]), Some(25), "without a checksum");
    }
}
