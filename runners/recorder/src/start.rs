//! When a recording begins, as calendars write it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Date and time of day in UTC of an instant [ns since the Unix epoch].
pub(crate) fn civil(epoch_ns: i64) -> DateTime {
    Offset::UTC.to_datetime(Timestamp::from_nanosecond(i128::from(epoch_ns)).unwrap_or_default())
}
