//! The summary for people: verdict first, understandable without colour.

use std::fmt::{Display, Write};

use crate::report::{Counterexample, DelayReport};
use crate::{KEY_RULE, ProbeReport, RunReport, StepReport, Verdict, figures};

/// Most counterexamples and most worst devices shown here.
const SHOWN: usize = 3;

impl RunReport {
    /// The summary. `files` are the reports that were written, named at the end; `colour` adds ANSI colours to the
    /// verdicts.
    pub fn to_terminal(&self, files: &[String], colour: bool) -> String {
        let mut text = Text { lines: String::new(), colour };
        self.write_verdict(&mut text);
        self.write_expectations(&mut text);
        self.write_validity(&mut text);
        self.write_numbers(&mut text);
        self.write_steps(&mut text);
        self.write_worst(&mut text);
        text.heading("repeat");
        text.line(format_args!("  {}", self.reproduce));
        if !files.is_empty() {
            text.heading("files");
            for file in files {
                text.line(format_args!("  {file}"));
            }
        }
        text.lines
    }

    fn write_verdict(&self, text: &mut Text) {
        let word = text.verdict(self.verdict, &self.verdict.word().to_uppercase());
        let partial = if self.partial { ", interrupted" } else { "" };
        text.line(format_args!(
            "{word}: {}, seed {} (exit code {}{partial})",
            self.scenario, self.seed, self.exit_code
        ));
        for reason in &self.reasons {
            text.line(format_args!("  {reason}"));
        }
    }

    fn write_expectations(&self, text: &mut Text) {
        text.heading("expectations");
        if self.expect.is_empty() {
            text.line("  none");
        }
        let width = |of: fn(&crate::ExpectReport) -> &str| {
            self.expect.iter().map(|expect| of(expect).chars().count()).max().unwrap_or(0)
        };
        let id_width = width(|expect| &expect.id);
        let that_width = width(|expect| &expect.that);
        let reads_width = width(|expect| &expect.reads);
        for expect in &self.expect {
            let word = text.verdict(expect.verdict, &format!("{:<12}", expect.verdict.word()));
            let samples = figures::count(expect.samples);
            let informs = if expect.severity == "fail" { "" } else { " (informs only)" };
            text.line(format_args!(
                "  {word} {:<id_width$}  {:<that_width$}  is {:<reads_width$}  {samples} samples  {}{informs}",
                expect.id, expect.that, expect.reads, expect.location
            ));
            for example in expect.counterexamples.iter().take(SHOWN) {
                text.line(format_args!("               {}", example.line()));
            }
        }
    }

    fn write_validity(&self, text: &mut Text) {
        text.heading("can the run be judged");
        let broken: Vec<_> = self.validity.iter().filter(|check| !check.holds).collect();
        if broken.is_empty() {
            let names: Vec<&str> = self.validity.iter().map(|check| check.name.as_str()).collect();
            text.line(format_args!("  yes: {}", names.join(", ")));
        }
        for check in broken {
            let word = text.verdict(Verdict::Inconclusive, "not so");
            text.line(format_args!("  {word}: {}: {}", check.name, check.detail));
        }
    }

    fn write_numbers(&self, text: &mut Text) {
        let count = figures::count;
        text.heading("messages");
        text.line(format_args!(
            "  {} generated = {} delivered + {} lost + {} dropped, as declared + {} pending",
            count(self.generated),
            count(self.delivered),
            count(self.lost),
            count(self.dropped_declared),
            count(self.pending)
        ));
        text.line(format_args!(
            "  {} sent, {} acknowledged, {} of them lost, {} refused",
            count(self.sent),
            count(self.acked),
            count(self.lost_acked),
            count(self.refused)
        ));
        text.line(format_args!(
            "  observed: {} duplicates, {} out of order, {} corrupted, {} invented, {} under another device, {} foreign",
            count(self.duplicates),
            count(self.out_of_order),
            count(self.corrupted),
            count(self.invented),
            count(self.identity_mismatch),
            count(self.foreign)
        ));
        for probe in &self.probes {
            if let Some(rules) = probe.rules_line() {
                text.line(format_args!("  probe {}: {rules}", probe.id));
            }
        }
        text.heading("delays");
        for (name, delays) in [
            ("intended to observed", &self.latency.e2e),
            ("intended to written", &self.latency.send),
            ("written to acknowledged", &self.latency.ack),
        ] {
            text.line(format_args!("  {name:<24} {}", delays.line()));
        }
        text.heading("connections");
        let connections = &self.connections;
        text.line(format_args!(
            "  {} of {} devices online at most, {} connections made, {} failed attempts, {} messages re-sent",
            count(connections.peak),
            count(connections.planned),
            count(connections.made),
            count(connections.failed.values().sum()),
            count(connections.resent)
        ));
        if connections.reconnect.samples > 0 {
            text.line(format_args!("  {:<24} {}", "lost link to recovered", connections.reconnect.line()));
        }
        if let Some(radio) = &self.radio {
            text.heading("bluetooth");
            for endpoint in &radio.endpoints {
                let hosts = count(endpoint.hosts);
                text.line(format_args!("  {hosts} hosts attached to {} at {}", endpoint.target, endpoint.listen));
            }
            if !radio.gateways.is_empty() {
                text.line(format_args!("  {}", radio.line()));
            }
            for (reason, messages) in &radio.given_up {
                text.line(format_args!("  {} messages reached nobody: {reason}", count(*messages)));
            }
        }
        text.heading("generator");
        let generator = &self.generator;
        let seconds = |value: Option<f64>| value.map_or_else(|| "not measured".to_owned(), figures::seconds);
        let bytes = |value: Option<u64>| value.map_or_else(|| "unknown".to_owned(), figures::bytes);
        text.line(format_args!(
            "  lag p99 {}, max {}; memory {}, {} per device",
            seconds(generator.lag_p99_s),
            seconds(generator.lag_max_s),
            bytes(generator.rss_bytes),
            bytes(generator.rss_per_device)
        ));
    }

    fn write_steps(&self, text: &mut Text) {
        if self.steps.is_empty() {
            return;
        }
        text.heading("steps");
        let id_width = self.steps.iter().map(|step| step.id.chars().count()).max().unwrap_or(0);
        let action_width = self.steps.iter().map(|step| step.action.chars().count()).max().unwrap_or(0);
        for step in &self.steps {
            let effect = match (step.reached, step.effective) {
                (false, _) => "not reached".to_owned(),
                (true, true) => step.evidence_line(),
                (true, false) => text.verdict(Verdict::Inconclusive, "without effect"),
            };
            text.line(format_args!(
                "  {:<id_width$}  {:<action_width$}  {}  on {}  {effect}",
                step.id,
                step.action,
                step.when(),
                figures::count(step.picked_count)
            ));
        }
    }

    fn write_worst(&self, text: &mut Text) {
        if self.worst_devices.is_empty() {
            return;
        }
        text.heading("worst devices");
        for device in self.worst_devices.iter().take(SHOWN) {
            text.line(format_args!("  {}: {}", device.path, device.line()));
        }
    }
}

impl Counterexample {
    /// `icu/4/mon/vitals #120 at 6m 12s: took 62s`.
    pub(crate) fn line(&self) -> String {
        let sequence = self.sequence.map(|sequence| format!(" #{sequence}")).unwrap_or_default();
        let intended = self.intended_s.map(|at| format!(" at {}", figures::seconds(at))).unwrap_or_default();
        format!("{}{sequence}{intended}: {}", self.path, self.what)
    }
}

impl StepReport {
    /// `6m to 7m 30s`, `from 6m on`.
    pub(crate) fn when(&self) -> String {
        let start = figures::seconds(self.start_s);
        match self.end_s {
            Some(end) => format!("{start} to {}", figures::seconds(end)),
            None => format!("at {start}"),
        }
    }

    /// `links_cut 4, bytes_held 18,230`.
    pub(crate) fn evidence_line(&self) -> String {
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
    pub(crate) fn rules_line(&self) -> Option<String> {
        self.matched_by.keys().find(|rule| *rule != KEY_RULE)?;
        let rules = self.matched_by.iter().map(|(rule, times)| format!("{} by {rule}", figures::count(*times)));
        Some(format!("matched {}", rules.collect::<Vec<_>>().join(", ")))
    }
}

impl crate::WorstDevice {
    /// `1 lost, 0 dropped, 0 pending of 120; longest delay 62s`.
    pub(crate) fn line(&self) -> String {
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
    pub(crate) fn line(&self) -> String {
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

/// Lines for a terminal.
struct Text {
    lines: String,
    colour: bool,
}

impl Text {
    fn line(&mut self, line: impl Display) {
        let line = line.to_string();
        writeln!(self.lines, "{}", line.trim_end()).expect("writing to a string does not fail");
    }

    fn heading(&mut self, title: &str) {
        if self.colour {
            self.line(format_args!("\n\u{1b}[1m{title}\u{1b}[0m"));
        } else {
            self.line(format_args!("\n{title}"));
        }
    }

    fn verdict(&self, verdict: Verdict, word: &str) -> String {
        if !self.colour {
            return word.to_owned();
        }
        let code = match verdict {
            Verdict::Pass => 32,
            Verdict::Fail => 31,
            Verdict::Inconclusive => 33,
        };
        format!("\u{1b}[1;{code}m{word}\u{1b}[0m")
    }
}
