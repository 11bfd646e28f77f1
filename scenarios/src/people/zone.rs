//! Zones of the IANA database, resolved while a scenario is read: from the copy in the program and never from the
//! machine, so that a run does not depend on where it is made.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZoneDatabase;
use sim_core::{Zone, ZoneChange};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::reader::Reader;
use crate::language::suggestion::hint;

/// The latest change that is kept [s since the Unix epoch]: a run may begin in half of what nanoseconds can count and
/// last ten years.
const LAST_CHANGE_S: i64 = i64::MAX / 2 / 1_000_000_000 + 10 * 366 * 86_400;

/// Reads a key that names a zone.
pub(crate) fn read_zone(reader: &Reader<'_>, key: &str) -> Checked<Arc<Zone>> {
    let name = reader.text(key)?;
    named_zone(reader.notes, &name.text, name.place(0)).map(Arc::new)
}

/// The zone of a name that stands at a place.
pub(crate) fn named_zone(notes: &Notes, name: &str, place: Place) -> Checked<Zone> {
    find_zone(name).ok_or_else(|| {
        let names: Vec<String> = TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect();
        let hint = hint(name, "zones", names.iter().map(String::as_str));
        notes.error(place, format!("there is no zone `{name}`{hint}"))
    })
}

/// The zone of the offset that an instant is written with, unless that is none.
pub(crate) fn offset_zone(instant: &str) -> Option<Arc<Zone>> {
    let offset = Pieces::parse(instant).ok()?.to_numeric_offset()?;
    (offset.seconds() != 0).then(|| Arc::new(Zone::fixed(offset.to_string(), offset.seconds())))
}

/// The zone of this name, whatever its case.
fn find_zone(name: &str) -> Option<Zone> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    let name = zone.iana_name()?.to_owned();
    let begin = Timestamp::UNIX_EPOCH;
    let changes = zone
        .following(begin)
        .map(|change| ZoneChange { from_epoch_s: change.timestamp().as_second(), offset_s: change.offset().seconds() })
        .take_while(|change| change.from_epoch_s <= LAST_CHANGE_S)
        .collect();
    Some(Zone { name, first_offset_s: zone.to_offset(begin).seconds(), changes })
}

#[cfg(test)]
mod tests {
    use sim_core::{LocalClock, SimTime};

    use super::*;

    /// Hour of the day in a zone at an instant.
    fn hour(zone: &str, instant: &str) -> f64 {
        let start = instant.parse::<Timestamp>().unwrap().as_nanosecond();
        let zone = Arc::new(find_zone(zone).unwrap());
        LocalClock::new(zone, i64::try_from(start).unwrap()).hour(SimTime::ZERO)
    }

    #[test]
    fn zones_have_their_summer_time() {
        for (zone, instant, expected) in [
            ("Europe/Berlin", "2026-01-15T12:00:00Z", 13.0),
            ("Europe/Berlin", "2026-03-29T00:59:59Z", 1.999_722),
            ("Europe/Berlin", "2026-03-29T01:00:00Z", 3.0),
            ("america/los_angeles", "2026-07-01T12:00:00Z", 5.0),
            ("Australia/Sydney", "2026-12-24T12:00:00Z", 23.0),
            ("Asia/Kolkata", "2026-12-24T12:00:00Z", 17.5),
            // Rules that go on for ever.
            ("Europe/Berlin", "2110-07-01T12:00:00Z", 14.0),
            ("UTC", "2026-07-01T12:00:00Z", 12.0),
        ] {
            assert!((hour(zone, instant) - expected).abs() < 1e-6, "{zone} {instant}: {}", hour(zone, instant));
        }
        assert_eq!(find_zone("america/los_angeles").unwrap().name, "America/Los_Angeles");
        assert_eq!(find_zone("UTC").unwrap(), Zone::utc());
        assert_eq!(find_zone("Europe/Berln"), None);
    }

    #[test]
    fn an_offset_is_a_zone() {
        assert_eq!(offset_zone("2026-01-22T07:00:00-08:00").as_deref(), Some(&Zone::fixed("-08", -28_800)));
        assert_eq!(offset_zone("2026-01-22T07:00:00Z"), None);
        assert_eq!(offset_zone("2026-01-22T07:00:00+00:00"), None);
    }
}
