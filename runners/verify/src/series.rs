//! What happened when: counts and delays in windows of wall-clock time since the run's origin.

use crate::delay_buckets::DelayBuckets;
use crate::fate::Delay;
use crate::report::{SeriesReport, SeriesWindow};

/// Width of a window at first [ns], and of a run that is over within [`SHORT_RUN`].
const FIRST_WIDTH: i64 = 10_000_000_000;
const FINE_WIDTH: i64 = 1_000_000_000;

/// Runs up to this length are drawn finely: ten seconds would hide where a fault begins and ends [ns].
const SHORT_RUN: i64 = 180_000_000_000;

/// Most windows kept; when a run outgrows them, neighbours are joined and the width doubles.
const MOST_WINDOWS: usize = 4096;

/// One window.
#[derive(Debug, Clone, Default)]
struct Window {
    generated: u64,
    sent: u64,
    acked: u64,
    delivered: u64,
    dropped: u64,
    /// Connections at the last sample in the window.
    connections: Option<u64>,
    /// Delays of messages intended in this window.
    delays: DelayBuckets,
    never: u64,
}

impl Window {
    fn merge(&mut self, later: &Self) {
        self.generated += later.generated;
        self.sent += later.sent;
        self.acked += later.acked;
        self.delivered += later.delivered;
        self.dropped += later.dropped;
        self.connections = later.connections.or(self.connections);
        self.delays.merge(&later.delays);
        self.never += later.never;
    }
}

/// Windows from the run's origin on.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    width: i64,
    windows: Vec<Window>,
}

impl Series {
    /// For a run of this length [ns].
    pub(crate) fn new(length: i64) -> Self {
        let width = if length <= SHORT_RUN { FINE_WIDTH } else { FIRST_WIDTH };
        Self { width, windows: Vec::new() }
    }

    pub(crate) fn generated(&mut self, at: i64) {
        self.window(at).generated += 1;
    }

    pub(crate) fn sent(&mut self, at: i64) {
        self.window(at).sent += 1;
    }

    pub(crate) fn acked(&mut self, at: i64) {
        self.window(at).acked += 1;
    }

    pub(crate) fn delivered(&mut self, at: i64) {
        self.window(at).delivered += 1;
    }

    pub(crate) fn dropped(&mut self, at: i64) {
        self.window(at).dropped += 1;
    }

    pub(crate) fn connections(&mut self, at: i64, online: u64) {
        self.window(at).connections = Some(online);
    }

    /// The end-to-end delay of a message intended at `intended`.
    pub(crate) fn delay(&mut self, intended: i64, delay: Delay) {
        let window = self.window(intended);
        match delay {
            Delay::After(nanos) => window.delays.record(nanos),
            Delay::Never => window.never += 1,
        }
    }

    pub(crate) fn report(&self) -> SeriesReport {
        let mut connections = None;
        let windows = self.windows.iter().map(|window| {
            connections = window.connections.or(connections);
            let seconds = |nanos: i64| nanos as f64 / 1e9;
            SeriesWindow {
                generated: window.generated,
                sent: window.sent,
                acked: window.acked,
                delivered: window.delivered,
                dropped: window.dropped,
                connections,
                latency_p50_s: window.delays.percentile(0.5, window.never).map(seconds),
                latency_p99_s: window.delays.percentile(0.99, window.never).map(seconds),
                latency_max_s: (!window.delays.is_empty()).then(|| seconds(window.delays.largest())),
                never_arrived: window.never,
                latency_ns_counts: window.delays.buckets().collect(),
            }
        });
        SeriesReport { window_s: self.width as f64 / 1e9, windows: windows.collect() }
    }

    fn window(&mut self, at: i64) -> &mut Window {
        let mut index = (at / self.width).max(0) as usize;
        while index >= MOST_WINDOWS {
            self.join_neighbours();
            index /= 2;
        }
        if index >= self.windows.len() {
            self.windows.resize(index + 1, Window::default());
        }
        &mut self.windows[index]
    }

    fn join_neighbours(&mut self) {
        self.width *= 2;
        let pairs = self.windows.chunks(2).map(|pair| {
            let mut joined = pair[0].clone();
            for later in &pair[1..] {
                joined.merge(later);
            }
            joined
        });
        self.windows = pairs.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_outgrows_the_windows_keeps_its_sums() {
        let mut series = Series::new(i64::MAX);
        let minutes = 24 * 60;
        for minute in 0..minutes {
            let at = minute * 60_000_000_000;
            series.generated(at);
            series.connections(at, 7);
            series.delay(at, Delay::After(1_000_000));
        }
        let report = series.report();
        assert!(report.windows.len() <= MOST_WINDOWS, "{}", report.windows.len());
        assert!((report.window_s - 40.0).abs() < f64::EPSILON, "{}", report.window_s);
        assert_eq!(report.windows.iter().map(|window| window.generated).sum::<u64>(), minutes.unsigned_abs());
        assert_eq!(report.windows.last().and_then(|window| window.connections), Some(7));
        assert_eq!(report.windows[0].latency_max_s, Some(0.001));
    }

    #[test]
    fn a_delay_belongs_to_the_window_of_its_intended_instant() {
        let mut series = Series::new(i64::MAX);
        series.delivered(65_000_000_000);
        series.delay(3_000_000_000, Delay::After(62_000_000_000));
        series.delay(4_000_000_000, Delay::Never);
        let report = series.report();
        assert_eq!(report.windows.len(), 7);
        assert_eq!((report.windows[0].latency_max_s, report.windows[0].never_arrived), (Some(62.0), 1));
        assert_eq!(report.windows[0].latency_p99_s, None);
        assert_eq!(report.windows[6].delivered, 1);
    }
}
