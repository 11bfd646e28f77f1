//! Date and time as health services carry it: seven octets, zero for unknown parts.

/// A date with its time of day. Year 1582 to 9999, or 0 for unknown; month and day 0 for unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub struct DateTime {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

impl DateTime {
    /// The octets.
    pub const fn to_bytes(self) -> [u8; 7] {
        let [low, high] = self.year.to_le_bytes();
        [low, high, self.month, self.day, self.hour, self.minute, self.second]
    }

    /// From seven octets whose parts are in their ranges.
    pub fn from_bytes(octets: [u8; 7]) -> Option<Self> {
        let [low, high, month, day, hour, minute, second] = octets;
        let year = u16::from_le_bytes([low, high]);
        let valid = (year == 0 || (1582..=9999).contains(&year)) && month <= 12 && day <= 31;
        (valid && hour <= 23 && minute <= 59 && second <= 59).then_some(Self { year, month, day, hour, minute, second })
    }

    /// The civil date of an instant \[s since 1970\] in the proleptic Gregorian calendar (days from Hinnant, "chrono-
    /// Compatible Low-Level Date Algorithms").
    pub fn from_unix_seconds(seconds: i64) -> Self {
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: (year_of_era + era * 400 + i64::from(month <= 2)) as u16,
            month: month as u8,
            day: (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8,
            hour: (of_day / 3600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: (of_day % 60) as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        let date = DateTime::from_unix_seconds(1_768_465_800);
        assert_eq!(date.to_bytes(), [0xEA, 0x07, 1, 15, 8, 30, 0]);
        assert_eq!(DateTime::from_unix_seconds(951_827_696).to_bytes(), [0xD0, 0x07, 2, 29, 12, 34, 56]);
        assert_eq!(DateTime::from_bytes(date.to_bytes()), Some(date));
        assert_eq!(DateTime::from_bytes([0xEA, 0x07, 13, 1, 0, 0, 0]), None);
    }
}
