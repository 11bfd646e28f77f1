//! What delays are when nothing is being done to the stack: a planned outage makes the percentiles of a whole run long.

use crate::delay_buckets::DelayBuckets;
use crate::{RunReport, StepReport};

/// How much longer the 99th percentile of the whole run must be to be explained.
const NOTEWORTHY: f64 = 3.0;
/// Below it nobody asks for an explanation [s].
const SHORTEST_S: f64 = 0.1;

/// Delays of messages that were meant for times without a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutsideSteps {
    /// Their 99th percentile [s].
    pub p99_s: f64,
    /// Messages looked at.
    pub messages: u64,
}

impl RunReport {
    /// Delays outside of steps, where steps are what makes those of the whole run long.
    pub fn outside_steps(&self) -> Option<OutsideSteps> {
        let (mut delays, mut never) = (DelayBuckets::default(), 0);
        for (index, window) in self.series.windows.iter().enumerate() {
            let begin_s = index as f64 * self.series.window_s;
            if self.steps.iter().any(|step| self.acts_between(step, begin_s, begin_s + self.series.window_s)) {
                continue;
            }
            never += window.never_arrived;
            for (nanos, count) in &window.latency_ns_counts {
                delays.record_many(*nanos, *count);
            }
        }
        let p99_s = delays.percentile(0.99, never)? as f64 / 1e9;
        let whole_s = self.latency.e2e.p99_s.unwrap_or(f64::INFINITY);
        let is_explained = self.latency.e2e.samples > 0 && whole_s > SHORTEST_S && whole_s > NOTEWORTHY * p99_s;
        is_explained.then_some(OutsideSteps { p99_s, messages: delays.samples() + never })
    }

    /// Whether a step acts between two instants [s, wall clock].
    fn acts_between(&self, step: &StepReport, from_s: f64, to_s: f64) -> bool {
        let wall = |at_s: f64| at_s / self.window.speed;
        step.reached && wall(step.start_s) < to_s && wall(step.end_s.unwrap_or(step.start_s)) >= from_s
    }
}

impl OutsideSteps {
    /// `outside of steps 1.79ms`.
    pub fn line(&self) -> String {
        format!(
            "planned outages count in; p99 of the {} messages meant for times without a step: {}",
            crate::figures::count(self.messages),
            crate::figures::seconds(self.p99_s)
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::sample_run::sample_report;

    #[test]
    fn a_planned_hole_explains_the_delays_of_the_whole_run() {
        let mut report = sample_report();
        let outside = report.outside_steps().unwrap();
        assert!(outside.p99_s < 0.01 && report.latency.e2e.p99_s.unwrap() > 20.0, "{outside:?}");
        assert!(outside.messages < report.generated, "{outside:?}");
        report.steps.clear();
        assert_eq!(report.outside_steps(), None, "nothing was planned");
    }
}
