//! Current Time service 0x1805.

use crate::pdu::att::{ErrorCode, Uuid};

use super::DateTime;
use crate::gatt::{Characteristic, Context, ControlPoint, Outgoing, Properties, Service, ValueLength};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x1805);
/// Current Time.
pub const CURRENT_TIME: Uuid = Uuid::Short(0x2A2B);
/// Local Time Information.
pub const LOCAL_TIME_INFORMATION: Uuid = Uuid::Short(0x2A0F);

/// Error "data field ignored": some part of a written time is not valid.
const DATA_FIELD_IGNORED: ErrorCode = ErrorCode::APPLICATION_0;

/// The value of Current Time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentTime {
    /// Date and time of day.
    pub time: DateTime,
    /// 1 Monday to 7 Sunday, 0 unknown.
    pub day_of_week: u8,
    /// Fraction of the second in 1/256.
    pub fraction_256: u8,
    /// Why the clock was set: bits 0 manually, 1 by a reference, 2 change of zone, 3 change of daylight saving.
    pub reason: u8,
}

impl CurrentTime {
    /// The value.
    pub fn encode(self) -> Vec<u8> {
        [&self.time.to_bytes()[..], &[self.day_of_week, self.fraction_256, self.reason]].concat()
    }

    /// A value that a client wrote, if all of its parts are in their ranges.
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let [time @ .., day_of_week, fraction_256, reason] = octets else { return None };
        let time = DateTime::from_bytes(time.try_into().ok()?)?;
        (*day_of_week <= 7).then_some(Self {
            time,
            day_of_week: *day_of_week,
            fraction_256: *fraction_256,
            reason: *reason,
        })
    }
}

/// The service with a first time, a zone \[15 min\] and a daylight saving offset (0, 2, 4, 8 or 255 for unknown).
pub fn service(now: CurrentTime, zone_15_min: i8, daylight_saving: u8) -> Service {
    let properties = Properties::READ | Properties::NOTIFY | Properties::WRITE;
    Service {
        uuid: SERVICE,
        characteristics: vec![
            Characteristic::new(CURRENT_TIME, properties).with_value(now.encode()).accepting(ValueLength::exactly(10)),
            Characteristic::new(LOCAL_TIME_INFORMATION, Properties::READ)
                .with_value([zone_15_min as u8, daylight_saving]),
        ],
    }
}

/// Checks a time that a client sets; the device hears of it by the event of the write, and sets the value.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClockSetting;

impl ControlPoint for ClockSetting {
    fn characteristics(&self) -> &'static [Uuid] {
        &[CURRENT_TIME]
    }

    fn needs_indications(&self, _: Uuid) -> bool {
        false
    }

    fn write(&mut self, _: Uuid, value: &[u8], _: &mut Context<'_>) -> Result<Vec<Outgoing>, ErrorCode> {
        CurrentTime::decode(value).map(|_| Vec::new()).ok_or(DATA_FIELD_IGNORED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let time = DateTime { year: 2026, month: 1, day: 15, hour: 8, minute: 30, second: 0 };
        let now = CurrentTime { time, day_of_week: 4, fraction_256: 128, reason: 1 };
        assert_eq!(now.encode(), [0xEA, 0x07, 1, 15, 8, 30, 0, 4, 128, 1]);
        assert_eq!(CurrentTime::decode(&now.encode()), Some(now));
        assert_eq!(CurrentTime::decode(&[0; 9]), None);
        assert_eq!(CurrentTime::decode(&[0xEA, 7, 1, 15, 25, 0, 0, 4, 0, 0]), None);
    }
}
