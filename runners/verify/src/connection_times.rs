//! When each device was connected: what a target took over a connection that began before a probe last heard the target, it
//! took in the same life in which the probe was subscribed.

use std::collections::{BTreeMap, VecDeque};

use sim_core::SimId;

/// Connections of each device that are remembered; of older ones nothing can be told.
const REMEMBERED: usize = 16;

/// A connection of a device [ns of wall clock since the run's origin].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connected {
    pub(crate) since: i64,
    /// `None` while it lasts.
    pub(crate) until: Option<i64>,
}

/// The newest connections of each device.
#[derive(Debug, Default)]
pub(crate) struct ConnectionTimes {
    of_device: BTreeMap<SimId, VecDeque<Connected>>,
}

impl ConnectionTimes {
    /// A connection of a device stands; whether the device had none. One that ends as it should, such as after each answer
    /// of HTTP, tells nothing of its end.
    pub(crate) fn began(&mut self, device: SimId, at: i64) -> bool {
        let known = self.of_device.entry(device).or_default();
        let before = known.back_mut().filter(|connection| connection.until.is_none());
        let had_none = before.is_none();
        if let Some(connection) = before {
            connection.until = Some(at);
        }
        if known.len() == REMEMBERED {
            known.pop_front();
        }
        known.push_back(Connected { since: at, until: None });
        had_none
    }

    /// It has ended.
    pub(crate) fn ended(&mut self, device: SimId, at: i64) {
        if let Some(last) = self.of_device.get_mut(&device).and_then(VecDeque::back_mut) {
            last.until = Some(at);
        }
    }

    /// The connection of a device over which something came at an instant.
    pub(crate) fn at(&self, device: SimId, at: i64) -> Option<Connected> {
        let known = self.of_device.get(&device)?;
        let connection = known.iter().rev().find(|connection| connection.since <= at)?;
        connection.until.is_none_or(|until| at <= until).then_some(*connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_of_an_instant_is_found_while_it_is_remembered() {
        let mut times = ConnectionTimes::default();
        let device = SimId(3);
        for begin in 0..20 {
            assert!(times.began(device, 10 * begin));
            times.ended(device, 10 * begin + 5);
        }
        assert!(times.began(device, 200));
        assert_eq!(times.at(device, 193), Some(Connected { since: 190, until: Some(195) }));
        assert_eq!(times.at(device, 1_000), Some(Connected { since: 200, until: None }));
        assert_eq!((times.at(device, 198), times.at(device, 12), times.at(SimId(4), 12)), (None, None, None));
        assert!(!times.began(device, 300), "that before has not been told to be over");
        assert_eq!(times.at(device, 250), Some(Connected { since: 200, until: Some(300) }));
    }
}
