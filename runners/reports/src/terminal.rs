//! The summary for people, understandable without colour: the numbers first, what failed and the verdict last, where a
//! terminal of 24 lines still shows them.

use std::fmt::{Display, Write};

use textwrap::Options;
use verify::{ExpectReport, RunReport, Verdict, figures};

/// Most counterexamples of an expectation shown here, and most worst devices.
const SHOWN: usize = 3;

/// Most expectations shown one by one of those that do not hold; with more of them, each has one counterexample.
const OPEN_SHOWN: usize = 8;
const OPEN_IN_FULL: usize = 3;

/// Most names told of those that share a reason.
const NAMED: usize = 3;

/// Width of the words on the left.
const LABEL: usize = 16;

/// What the summary looks like.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look {
    /// Whether ANSI colours mark the verdicts.
    pub colour: bool,
    /// Columns of the terminal, at which lines are folded; a log is not folded, for it is searched line by line.
    pub columns: Option<usize>,
}

/// The summary. `files` are the reports that were written.
pub fn terminal(report: &RunReport, files: &[String], look: Look) -> String {
    let mut text = Text { lines: String::new(), look };
    write_messages(report, &mut text);
    write_delays(report, &mut text);
    write_connections(report, &mut text);
    write_radio(report, &mut text);
    write_generator(report, &mut text);
    write_steps(report, &mut text);
    write_worst(report, &mut text);
    text.row("repeat", &report.reproduce);
    write_files(files, &mut text);
    text.gap();
    for expect in report.expect.iter().filter(|expect| !is_open(expect)) {
        text.verdict_row(expect.verdict, &line(expect));
    }
    write_closing(report, &mut text);
    text.lines
}

/// The last paragraph of the summary alone: what does not hold, and the verdict.
pub fn closing(report: &RunReport, look: Look) -> String {
    let mut text = Text { lines: String::new(), look };
    write_closing(report, &mut text);
    text.lines
}

fn write_closing(report: &RunReport, text: &mut Text) {
    write_inconclusive(report, text);
    write_failures(report, text);
    for check in report.validity.iter().filter(|check| !check.holds) {
        text.marked_row(Verdict::Inconclusive, "not so", &format!("{}: {}", check.name, check.detail));
    }
    for harm in &report.harm {
        text.marked_row(Verdict::Fail, "harm", harm);
    }
    let partial = if report.partial { ", interrupted" } else { "" };
    let tail = format!("{}, seed {} (exit code {}{partial})", report.scenario, report.seed, report.exit_code);
    let word = report.verdict.word().to_uppercase();
    text.marked_row(report.verdict, &word, &format!("{tail}: {}", expected(report)));
}

/// `5 expectations hold`, `2 of 7 expectations failed, 1 is inconclusive`.
fn expected(report: &RunReport) -> String {
    let count = |verdict: Verdict| {
        report.expect.iter().filter(|expect| expect.severity == "fail" && expect.verdict == verdict).count()
    };
    let all = report.expect.len();
    let counted = [
        (count(Verdict::Fail), "failed"),
        (count(Verdict::Inconclusive), "inconclusive"),
        (count(Verdict::NotApplicable), "not applicable"),
    ];
    let told: Vec<String> =
        counted.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    match (all, told.as_slice()) {
        (0, _) => "nothing is expected".to_owned(),
        (_, []) if report.verdict == Verdict::Inconclusive => "nothing is proven".to_owned(),
        (1, []) => "what is expected holds".to_owned(),
        (_, []) => format!("all {all} expectations hold"),
        _ => format!("of {all} expectations {}", told.join(", ")),
    }
}

/// Whether an expectation is told of at the end.
fn is_open(expect: &ExpectReport) -> bool {
    expect.severity == "fail" && matches!(expect.verdict, Verdict::Fail | Verdict::Inconclusive)
}

fn line(expect: &ExpectReport) -> String {
    let informs = if expect.severity == "fail" { "" } else { " (informs only)" };
    let samples = figures::count(expect.samples);
    format!("{}: {} is {} ({samples} samples){informs}", expect.id, expect.asks(), expect.reads)
}

fn write_failures(report: &RunReport, text: &mut Text) {
    let failed: Vec<&ExpectReport> =
        report.expect.iter().filter(|expect| is_open(expect) && expect.verdict == Verdict::Fail).collect();
    let examples = if failed.len() > OPEN_IN_FULL { 1 } else { SHOWN };
    for expect in failed.iter().take(OPEN_SHOWN) {
        text.verdict_row(expect.verdict, &format!("{} ({})", line(expect), expect.location));
        for line in expect.example_lines(examples) {
            text.row("", &format!("- {line}"));
        }
    }
    if failed.len() > OPEN_SHOWN {
        text.row("", &format!("and {} more failed", failed.len() - OPEN_SHOWN));
    }
}

/// Those that share a reason are told of together.
fn write_inconclusive(report: &RunReport, text: &mut Text) {
    let mut reasons: Vec<(&str, Vec<&ExpectReport>)> = Vec::new();
    for expect in report.expect.iter().filter(|expect| is_open(expect) && expect.verdict == Verdict::Inconclusive) {
        match reasons.iter_mut().find(|(reason, _)| *reason == expect.reason) {
            Some((_, expects)) => expects.push(expect),
            None => reasons.push((&expect.reason, vec![expect])),
        }
    }
    for (reason, expects) in &reasons {
        let names: Vec<&str> = expects.iter().take(NAMED).map(|expect| expect.id.as_str()).collect();
        let more = expects.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.verdict_row(Verdict::Inconclusive, &format!("{}{more}: {reason}", names.join(", ")));
    }
}

fn write_messages(report: &RunReport, text: &mut Text) {
    let count = figures::count;
    let ends = figures::nonzero(
        &[
            (report.delivered, "delivered"),
            (report.altered, "altered"),
            (report.lost, "lost"),
            (report.unjudged, "unjudged"),
            (report.dropped_declared, "dropped, as declared"),
            (report.pending, "pending"),
        ],
        " + ",
    );
    let ends = if ends.is_empty() { String::new() } else { format!(" = {ends}") };
    let seen = report.counted_at().map(|seen_by| format!(" (as seen by {seen_by})")).unwrap_or_default();
    text.row("messages", &format!("{} generated{ends}{seen}", count(report.generated)));
    let lost =
        if report.lost_acked > 0 { format!(" ({} of them lost)", count(report.lost_acked)) } else { String::new() };
    let refused = figures::nonzero(&[(report.refused, "refused")], "");
    let refused = if refused.is_empty() { refused } else { format!(", {refused}") };
    text.row("", &format!("{} sent, {} acknowledged{lost}{refused}", count(report.sent), count(report.acked)));
    let observed = figures::nonzero(
        &[
            (report.duplicates, "duplicates"),
            (report.out_of_order, "out of order"),
            (report.corrupted, "corrupted"),
            (report.invented, "invented"),
            (report.identity_mismatch, "under another name"),
            (report.stale, "stale"),
            (report.too_old, "too old to judge"),
            (report.foreign, "foreign"),
        ],
        ", ",
    );
    if !observed.is_empty() {
        text.row("observed", &observed);
    }
    for probe in &report.probes {
        for (position, line) in probe.lines().enumerate() {
            let label = if position == 0 { format!("probe {}", probe.id) } else { String::new() };
            text.row(&label, &line);
        }
    }
}

fn write_delays(report: &RunReport, text: &mut Text) {
    let latency = &report.latency;
    let seen_by = report.counted_at().map(|seen_by| format!(" by {seen_by}")).unwrap_or_default();
    let rows = [
        (format!("intended to observed{seen_by}"), &latency.e2e),
        ("intended to written".to_owned(), &latency.send),
        ("written to acknowledged".to_owned(), &latency.ack),
    ];
    for (position, (name, delays)) in rows.into_iter().filter(|(_, delays)| delays.samples > 0).enumerate() {
        text.row(if position == 0 { "delays" } else { "" }, &format!("{name}: {}", delays.line()));
    }
    if let Some(outside) = report.outside_steps() {
        text.row("", &outside.line());
    }
}

fn write_connections(report: &RunReport, text: &mut Text) {
    let count = figures::count;
    let connections = &report.connections;
    if connections.planned > 0 {
        let failed = figures::nonzero(
            &[(connections.failed.values().sum(), "attempts failed"), (connections.resent, "messages re-sent")],
            ", ",
        );
        let failed = if failed.is_empty() { failed } else { format!(", {failed}") };
        text.row(
            "connections",
            &format!(
                "{} of {} devices online at most, {} made{failed}",
                count(connections.peak),
                count(connections.planned),
                count(connections.made)
            ),
        );
    }
    for target in report.targets.iter().filter(|target| !target.identity.is_empty()) {
        text.row(&format!("target {}", target.id), &target.identity);
    }
    for (what, reasons, named) in [
        ("attempts failed", &connections.failed, 1),
        // Whose links end is what steps say, as a rule.
        ("ended", &connections.ended, 0),
        ("refused by targets", &connections.refused, 1),
        ("given up by devices", &connections.given_up, 0),
    ] {
        let listed = connections.reason_lines(reasons, named);
        if !listed.is_empty() {
            text.row("", &format!("{what}: {}", listed.join(", ")));
        }
    }
    if connections.handshakes > 0 {
        text.row("", &connections.handshakes_line());
    }
    if connections.reconnect.samples > 0 {
        text.row("", &format!("lost link to recovered: {}", connections.reconnect.line()));
    }
}

fn write_radio(report: &RunReport, text: &mut Text) {
    let count = figures::count;
    let Some(radio) = &report.radio else { return };
    for endpoint in &radio.endpoints {
        let hosts = count(endpoint.hosts);
        text.row("bluetooth", &format!("{hosts} hosts attached to {} at {}", endpoint.target, endpoint.listen));
    }
    if !radio.hosts.is_empty() {
        text.row("bluetooth", &radio.hosts_line());
    }
    if !radio.gateways.is_empty() {
        text.row("bluetooth", &radio.line());
    }
    for (reason, messages) in &radio.given_up {
        text.row("", &format!("{} messages reached nobody: {reason}", count(*messages)));
    }
}

fn write_generator(report: &RunReport, text: &mut Text) {
    let generator = &report.generator;
    let seconds = |value: Option<f64>| value.map_or_else(|| "not measured".to_owned(), figures::seconds);
    let bytes = |value: Option<u64>| value.map_or_else(|| "unknown".to_owned(), figures::bytes);
    text.row(
        "generator",
        &format!(
            "lag p99 {}, max {}; memory {}, {} per device",
            seconds(generator.lag_p99_s),
            seconds(generator.lag_max_s),
            bytes(generator.rss_bytes),
            bytes(generator.rss_per_device)
        ),
    );
}

fn write_steps(report: &RunReport, text: &mut Text) {
    for (position, step) in report.steps.iter().enumerate() {
        let effect = match (step.reached, step.effective) {
            (false, _) => "not reached".to_owned(),
            (true, true) => step.evidence_line(),
            (true, false) => "without effect".to_owned(),
        };
        let picked = figures::count(step.picked_count);
        let label = if position == 0 { "steps" } else { "" };
        text.row(label, &format!("{}: {} {} on {picked}: {effect}", step.id, step.action, step.when()));
    }
}

/// Who fared worst, where something went wrong: else somebody is always last.
fn write_worst(report: &RunReport, text: &mut Text) {
    if report.verdict == Verdict::Pass {
        return;
    }
    let bad = report.worst_devices.iter().filter(|device| device.fared_badly());
    for (position, device) in bad.take(SHOWN).enumerate() {
        text.row(if position == 0 { "worst devices" } else { "" }, &format!("{}: {}", device.path, device.line()));
    }
}

/// The folder once, and the names in it.
fn write_files(files: &[String], text: &mut Text) {
    let split = |file: &String| match file.rsplit_once('/') {
        Some((folder, name)) => (folder.to_owned(), name.to_owned()),
        None => (".".to_owned(), file.clone()),
    };
    let mut folders: Vec<(String, Vec<String>)> = Vec::new();
    for (folder, name) in files.iter().map(split) {
        match folders.iter_mut().find(|(known, _)| *known == folder) {
            Some((_, names)) => names.push(name),
            None => folders.push((folder, vec![name])),
        }
    }
    for (folder, names) in folders {
        text.row("reports", &format!("{folder}: {}", names.join(", ")));
    }
}

/// Lines for a terminal.
struct Text {
    lines: String,
    look: Look,
}

impl Text {
    /// Words on the left, and what is to be said; folded lines stay on the right.
    fn row(&mut self, label: &str, text: &str) {
        let padding = " ".repeat(LABEL.saturating_sub(label.chars().count()).max(1));
        self.fold(&format!("{label}{padding}"), label, text);
    }

    fn verdict_row(&mut self, verdict: Verdict, text: &str) {
        self.marked_row(verdict, verdict.word(), text);
    }

    fn marked_row(&mut self, verdict: Verdict, word: &str, text: &str) {
        let padding = " ".repeat(LABEL.saturating_sub(word.chars().count()).max(1));
        self.fold(&format!("{}{padding}", self.mark(verdict, word)), word, text);
    }

    /// `lead` may hold escapes, which take no room; `label` is what is seen of it.
    fn fold(&mut self, lead: &str, label: &str, text: &str) {
        let indent = " ".repeat(LABEL);
        let Some(columns) = self.look.columns else { return self.line(format_args!("{lead}{text}")) };
        // A label that does not fit pushes its first line to the right.
        let first = " ".repeat(LABEL.max(label.chars().count() + 1));
        let options = Options::new(columns.max(2 * LABEL)).initial_indent(&first).subsequent_indent(&indent);
        // Words are not broken: paths and commands are to be copied.
        let options = options.break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
        for (position, line) in textwrap::wrap(text, options).iter().enumerate() {
            if position == 0 {
                self.line(format_args!("{lead}{}", line.trim_start()));
            } else {
                self.line(line);
            }
        }
    }

    fn line(&mut self, line: impl Display) {
        let line = line.to_string();
        writeln!(self.lines, "{}", line.trim_end()).expect("writing to a string does not fail");
    }

    fn gap(&mut self) {
        self.lines.push('\n');
    }

    fn mark(&self, verdict: Verdict, word: &str) -> String {
        if !self.look.colour {
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
