//! What devices say that only real Bluetooth hosts listen to: when it came on the air, and when a host has read it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use bluetooth::{Taken, ble::HostId};
use carriers::Pace;
use hdrhistogram::Histogram;
use sim_core::SimTime;

/// Between two looks at what hosts have read \[ns\]: the system's tables are read for it.
const LOOK_EVERY: i64 = 250_000_000;

/// A host: the endpoint that it has attached to, and its controller there.
pub(crate) type Reader = (usize, HostId);

/// What is under way to hosts.
#[derive(Debug)]
pub(crate) struct ForHosts {
    /// Intended instants of messages that are not on the air yet.
    said: BinaryHeap<Reverse<SimTime>>,
    lag_us: Histogram<u64>,
    unread: Vec<Unread>,
    /// Messages that hosts let wait until they went away.
    left_unread: Vec<Taken>,
    next_look_ns: i64,
}

/// A message that the controller of a host has.
#[derive(Debug)]
struct Unread {
    taken: Taken,
    reader: Reader,
    /// Octets that the host has read when it has read the message.
    given: u64,
    /// How often it was looked for in vain. Once means nothing: what passes from the air to the socket, and from there
    /// to the host, may take a moment.
    looks: u32,
}

impl Unread {
    /// Whether the host let it wait.
    fn was_waited_for(&self) -> bool {
        self.looks > 1
    }
}

impl ForHosts {
    pub(crate) fn new() -> Self {
        Self {
            said: BinaryHeap::new(),
            lag_us: Histogram::new(3).expect("three significant digits are within 0..=5"),
            unread: Vec::new(),
            left_unread: Vec::new(),
            next_look_ns: i64::MIN,
        }
    }

    /// A device means to say something at an instant.
    pub(crate) fn said(&mut self, intended: SimTime) {
        self.said.push(Reverse(intended));
    }

    /// The air has come to an instant: the lag of what was meant for before is known.
    pub(crate) fn on_air(&mut self, until: SimTime, now_ns: i64, pace: Pace) {
        while let Some(Reverse(intended)) = self.said.peek().filter(|Reverse(intended)| *intended < until) {
            let late_us = (now_ns - pace.wall_ns(*intended)).max(0) / 1_000;
            self.lag_us.record(late_us.unsigned_abs()).expect("the histogram grows as needed");
            self.said.pop();
        }
    }

    /// The controller of a host has a message, which the host has read when it has read so many octets.
    pub(crate) fn taken(&mut self, taken: Taken, endpoint: usize, given: u64) {
        let reader = (endpoint, taken.host);
        self.unread.push(Unread { taken, reader, given, looks: 0 });
    }

    /// Messages that were read, each with the instant \[ns of wall clock\]: that at which the controller had it, unless
    /// the host let it wait. `read` tells what each attached host has read.
    pub(crate) fn look(
        &mut self,
        now_ns: i64,
        pace: Pace,
        read: impl FnOnce() -> BTreeMap<Reader, u64>,
    ) -> Vec<(Taken, i64)> {
        if self.unread.is_empty() || now_ns < self.next_look_ns {
            return Vec::new();
        }
        self.next_look_ns = now_ns + LOOK_EVERY;
        let read = read();
        let mut found = Vec::new();
        self.unread.retain_mut(|message| {
            let at = if message.was_waited_for() { now_ns } else { pace.wall_ns(message.taken.at) };
            match read.get(&message.reader) {
                Some(octets) if *octets >= message.given => found.push((message.taken, at)),
                Some(_) => {
                    message.looks += 1;
                    return true;
                }
                // It went away: what it had not let wait before counts as read.
                None if !message.was_waited_for() => found.push((message.taken, at)),
                None => self.left_unread.push(message.taken),
            }
            false
        });
        found
    }

    /// Messages that nobody will read any more: those of hosts that have gone, and at the end all that are unread.
    pub(crate) fn take_left_unread(&mut self, is_end: bool) -> Vec<Taken> {
        let mut left = std::mem::take(&mut self.left_unread);
        if is_end {
            left.extend(self.unread.drain(..).map(|message| message.taken));
        }
        left
    }

    pub(crate) fn lag_us(&self) -> &Histogram<u64> {
        &self.lag_us
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use sim_core::RouteId;

    use super::*;

    const MS: i64 = 1_000_000;

    /// A host, as nobody but the air can make one.
    fn host() -> HostId {
        use bluetooth::ble::{Address, Air, AirOptions, HostOptions, propagation};
        let options = AirOptions { seed: 1, environment: propagation::Environment::ideal() };
        Air::new(options).attach_host(HostOptions {
            path: "hci/host/1".to_owned(),
            address: Address::synthetic_public(1),
            position: propagation::Position::default(),
            capture_start_unix_us: None,
            strict: false,
        })
    }

    fn taken(sequence: u64, at_ms: i64) -> Taken {
        Taken { route: RouteId(0), sequence, host: host(), at: SimTime::from_nanos(at_ms * MS) }
    }

    #[test]
    fn what_a_host_lets_wait_is_read_when_it_is_read_and_not_before() {
        let pace = Pace::real(Instant::now());
        let mut hosts = ForHosts::new();
        let reader = (0, host());
        let read = |octets: u64| move || BTreeMap::from([(reader, octets)]);
        let sequences = |found: Vec<(Taken, i64)>| {
            found.into_iter().map(|(taken, at)| (taken.sequence, at / MS)).collect::<Vec<_>>()
        };
        hosts.taken(taken(0, 10), 0, 100);
        hosts.taken(taken(1, 20), 0, 200);
        assert_eq!(sequences(hosts.look(30 * MS, pace, read(150))), [(0, 10)], "the controller had it at 10 ms");
        assert_eq!(sequences(hosts.look(40 * MS, pace, read(250))), [], "not before the next look");
        assert_eq!(sequences(hosts.look(280 * MS, pace, read(150))), []);
        assert_eq!(sequences(hosts.look(900 * MS, pace, read(250))), [(1, 900)], "it had waited");
        hosts.taken(taken(2, 1_000), 0, 300);
        for look in 5..7 {
            assert_eq!(sequences(hosts.look(look * 300 * MS, pace, read(250))), []);
        }
        hosts.taken(taken(3, 1_910), 0, 400);
        assert_eq!(sequences(hosts.look(2_200 * MS, pace, BTreeMap::new)), [(3, 1_910)], "the host has gone");
        let left: Vec<u64> = hosts.take_left_unread(false).into_iter().map(|taken| taken.sequence).collect();
        assert_eq!(left, [2], "it had let the one before wait");
        hosts.taken(taken(4, 2_300), 0, 500);
        assert_eq!((hosts.take_left_unread(false).len(), hosts.take_left_unread(true).len()), (0, 1));
    }

    #[test]
    fn the_lag_is_from_the_intended_instant_until_the_air_has_come_there() {
        let pace = Pace::real(Instant::now());
        let mut hosts = ForHosts::new();
        for intended_ms in [30, 10, 20] {
            hosts.said(SimTime::from_nanos(intended_ms * MS));
        }
        hosts.on_air(SimTime::from_nanos(25 * MS), 26 * MS, pace);
        assert_eq!((hosts.lag_us().len(), hosts.lag_us().max() / 1_000), (2, 16));
    }
}
