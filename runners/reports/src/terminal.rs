//! The summary for people: verdict first, understandable without colour.

use std::fmt::{Display, Write};

use verify::{ExpectReport, RunReport, Verdict, figures};

/// Most counterexamples and most worst devices shown here.
const SHOWN: usize = 3;

/// The summary. `files` are the reports that were written, named at the end; `colour` adds ANSI colours to the
/// verdicts.
pub fn terminal(report: &RunReport, files: &[String], colour: bool) -> String {
    let mut text = Text { lines: String::new(), colour };
    write_verdict(report, &mut text);
    write_expectations(report, &mut text);
    write_validity(report, &mut text);
    write_numbers(report, &mut text);
    write_steps(report, &mut text);
    write_worst(report, &mut text);
    text.heading("repeat");
    text.line(format_args!("  {}", report.reproduce));
    if !files.is_empty() {
        text.heading("files");
        for file in files {
            text.line(format_args!("  {file}"));
        }
    }
    text.lines
}

fn write_verdict(report: &RunReport, text: &mut Text) {
    let word = text.verdict(report.verdict, &report.verdict.word().to_uppercase());
    let partial = if report.partial { ", interrupted" } else { "" };
    text.line(format_args!(
        "{word}: {}, seed {} (exit code {}{partial})",
        report.scenario, report.seed, report.exit_code
    ));
    for reason in &report.reasons {
        text.line(format_args!("  {reason}"));
    }
}

fn write_expectations(report: &RunReport, text: &mut Text) {
    text.heading("expectations");
    if report.expect.is_empty() {
        text.line("  none");
    }
    let width = |of: fn(&ExpectReport) -> &str| {
        report.expect.iter().map(|expect| of(expect).chars().count()).max().unwrap_or(0)
    };
    let id_width = width(|expect| &expect.id);
    let that_width = report.expect.iter().map(|expect| expect.asks().chars().count()).max().unwrap_or(0);
    let reads_width = width(|expect| &expect.reads);
    for expect in &report.expect {
        let word = text.verdict(expect.verdict, &format!("{:<14}", expect.verdict.word()));
        let samples = figures::count(expect.samples);
        let informs = if expect.severity == "fail" { "" } else { " (informs only)" };
        text.line(format_args!(
            "  {word} {:<id_width$}  {:<that_width$}  is {:<reads_width$}  {samples} samples  {}{informs}",
            expect.id,
            expect.asks(),
            expect.reads,
            expect.location
        ));
        for line in expect.example_lines(SHOWN) {
            text.line(format_args!("                 {line}"));
        }
    }
}

fn write_validity(report: &RunReport, text: &mut Text) {
    text.heading("can the run be judged");
    let broken: Vec<_> = report.validity.iter().filter(|check| !check.holds).collect();
    if broken.is_empty() {
        let names: Vec<&str> = report.validity.iter().map(|check| check.name.as_str()).collect();
        text.line(format_args!("  yes: {}", names.join(", ")));
    }
    for check in broken {
        let word = text.verdict(Verdict::Inconclusive, "not so");
        text.line(format_args!("  {word}: {}: {}", check.name, check.detail));
    }
}

fn write_numbers(report: &RunReport, text: &mut Text) {
    let count = figures::count;
    text.heading("messages");
    text.line(format_args!(
        "  {} generated = {} delivered + {} altered + {} lost + {} unjudged + {} dropped, as declared + {} pending",
        count(report.generated),
        count(report.delivered),
        count(report.altered),
        count(report.lost),
        count(report.unjudged),
        count(report.dropped_declared),
        count(report.pending)
    ));
    text.line(format_args!(
        "  {} sent, {} acknowledged, {} of them lost, {} refused",
        count(report.sent),
        count(report.acked),
        count(report.lost_acked),
        count(report.refused)
    ));
    text.line(format_args!(
        "  observed: {} duplicates, {} out of order, {} corrupted, {} invented, {} under another name, {} stale, {} too \
         old to judge, {} foreign",
        count(report.duplicates),
        count(report.out_of_order),
        count(report.corrupted),
        count(report.invented),
        count(report.identity_mismatch),
        count(report.stale),
        count(report.too_old),
        count(report.foreign)
    ));
    for probe in &report.probes {
        for line in probe.lines() {
            text.line(format_args!("  probe {}: {line}", probe.id));
        }
    }
    text.heading("delays");
    for (name, delays) in [
        ("intended to observed", &report.latency.e2e),
        ("intended to written", &report.latency.send),
        ("written to acknowledged", &report.latency.ack),
    ] {
        text.line(format_args!("  {name:<24} {}", delays.line()));
    }
    text.heading("connections");
    let connections = &report.connections;
    text.line(format_args!(
        "  {} of {} devices online at most, {} connections made, {} failed attempts, {} messages re-sent",
        count(connections.peak),
        count(connections.planned),
        count(connections.made),
        count(connections.failed.values().sum()),
        count(connections.resent)
    ));
    for target in report.targets.iter().filter(|target| !target.identity.is_empty()) {
        text.line(format_args!("  {:<24} {}", format!("target {}", target.id), target.identity));
    }
    for (what, reasons) in [
        ("failed attempts", &connections.failed),
        ("ended", &connections.ended),
        ("refused by targets", &connections.refused),
        ("given up by devices", &connections.given_up),
    ] {
        if !reasons.is_empty() {
            let listed: Vec<String> =
                reasons.iter().map(|(reason, times)| format!("{} {reason}", count(*times))).collect();
            text.line(format_args!("  {what:<24} {}", listed.join(", ")));
        }
    }
    if connections.reconnect.samples > 0 {
        text.line(format_args!("  {:<24} {}", "lost link to recovered", connections.reconnect.line()));
    }
    if let Some(radio) = &report.radio {
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
    let generator = &report.generator;
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

fn write_steps(report: &RunReport, text: &mut Text) {
    if report.steps.is_empty() {
        return;
    }
    text.heading("steps");
    let id_width = report.steps.iter().map(|step| step.id.chars().count()).max().unwrap_or(0);
    let action_width = report.steps.iter().map(|step| step.action.chars().count()).max().unwrap_or(0);
    for step in &report.steps {
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

fn write_worst(report: &RunReport, text: &mut Text) {
    if report.worst_devices.is_empty() {
        return;
    }
    text.heading("worst devices");
    for device in report.worst_devices.iter().take(SHOWN) {
        text.line(format_args!("  {}: {}", device.path, device.line()));
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
            Verdict::NotApplicable => 2,
        };
        format!("\u{1b}[1;{code}m{word}\u{1b}[0m")
    }
}
