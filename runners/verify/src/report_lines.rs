//! Parts of a report as one line each, the same in every report.

use crate::figures;
use crate::matchers::KEY;
use crate::radio_report::{GatewayReport, RadioReport};
use crate::report::{Counterexample, DelayReport, ProbeReport, StepReport, WorstDevice};

impl Counterexample {
    /// `icu/4/mon/vitals #120 at 6m 12s: took 62s`.
    pub fn line(&self) -> String {
        let sequence = self.sequence.map(|sequence| format!(" #{sequence}")).unwrap_or_default();
        let intended = self.intended_s.map(|at| format!(" at {}", figures::seconds(at))).unwrap_or_default();
        format!("{}{sequence}{intended}: {}", self.path, self.what)
    }
}

impl StepReport {
    /// `6m to 7m 30s`, `from 6m on`.
    pub fn when(&self) -> String {
        let start = figures::seconds(self.start_s);
        match self.end_s {
            Some(end) => format!("{start} to {}", figures::seconds(end)),
            None => format!("at {start}"),
        }
    }

    /// `links_cut 4, bytes_held 18,230`.
    pub fn evidence_line(&self) -> String {
        if self.evidence.is_empty() {
            return "no counters".to_owned();
        }
        let counts: Vec<String> =
            self.evidence.iter().map(|(name, amount)| format!("{name} {}", figures::count(*amount))).collect();
        counts.join(", ")
    }
}

impl ProbeReport {
    /// `matched 120 by device time, 3 by value`; `None` where everything was matched by its key, as a rule.
    pub fn rules_line(&self) -> Option<String> {
        self.matched_by.keys().find(|rule| *rule != KEY)?;
        let rules = self.matched_by.iter().map(|(rule, times)| format!("{} by {rule}", figures::count(*times)));
        Some(format!("matched {}", rules.collect::<Vec<_>>().join(", ")))
    }
}

impl WorstDevice {
    /// `1 lost, 0 dropped, 0 pending of 120; longest delay 62s`.
    pub fn line(&self) -> String {
        let count = figures::count;
        let longest = self.latency_max_s.map_or_else(
            || "nothing delivered".to_owned(),
            |delay| format!("longest delay {}", figures::seconds(delay)),
        );
        format!(
            "{} lost, {} dropped, {} pending of {}; {longest}",
            count(self.lost),
            count(self.dropped_declared),
            count(self.pending),
            count(self.generated)
        )
    }
}

impl DelayReport {
    /// `p50 1.2ms, p99 30ms, max 62s`.
    pub fn line(&self) -> String {
        if self.samples == 0 {
            return "none".to_owned();
        }
        let read = |value: Option<f64>| value.map_or_else(|| "never".to_owned(), figures::seconds);
        let never = if self.never_arrived == 0 {
            String::new()
        } else {
            format!(", {} of {} never", figures::count(self.never_arrived), figures::count(self.samples))
        };
        format!("p50 {}, p99 {}, max {}{never}", read(self.p50_s), read(self.p99_s), read(self.max_s))
    }
}

impl RadioReport {
    /// A line about all gateways together.
    pub fn line(&self) -> String {
        let sum = |of: fn(&GatewayReport) -> u64| figures::count(self.gateways.iter().map(of).sum());
        format!(
            "{} gateways handed on {} messages, {} of them from the memory of devices, {} handed on before by another",
            figures::count(self.gateways.len() as u64),
            sum(|gateway| gateway.handed_on),
            sum(|gateway| gateway.backfilled),
            sum(|gateway| gateway.repeated)
        )
    }
}
