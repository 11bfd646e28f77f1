//! `report.html`: one self-contained page with inline SVG; no script, no network.

mod axis;
mod markup;
mod radio;
mod timeline;
mod vitals;

use std::fmt::Write;

use markup::{escape, escape_quoted, facts, table};

use crate::no_run::NoRun;
use verify::{DelayReport, ExpectReport, RunReport, Verdict, WorstDevice, figures};

const STYLE: &str = include_str!("html/style.css");

/// What the backgrounds of the chart mean.
const SHADES: &str = "<p class=\"note\">Shaded: steps; grey: warm-up and drain.</p>\n";

/// Most devices named to which the same happened.
const DEVICES_NAMED: usize = 3;

/// The page.
pub fn html(report: &RunReport) -> String {
    let body = format!(
        "{}{}{}{}{}{}{}{}{}{}{}{}",
        banner(report),
        tiles(report),
        section("Expectations", &expectations(report)),
        checkpoints(report),
        section("What happened when", &(timeline::chart(report) + SHADES + &windows(report))),
        steps(report),
        vitals::section(report),
        radio::section(report),
        worst_devices(report),
        section("Messages", &(streams(report) + &messages(report))),
        section("Behind the numbers", &background(report)),
        section("Repeat this run", &reproduce(report)),
    );
    page(&format!("{}: {}", report.scenario, report.verdict.word()), &body)
}

/// The page of a run that came to no verdict.
pub(crate) fn no_run_page(run: &NoRun) -> String {
    let banner = format!(
        "<header class=\"banner inconclusive\">\n<p class=\"word\">no verdict</p>\n<h1>{}</h1>\n<ul>\n<li>{}</li>\n</ul>\n\
         <p class=\"facts\">seed {} \u{b7} exit code {} \u{b7} {}</p>\n</header>\n",
        escape(&run.scenario),
        escape_quoted(&run.reason),
        run.seed,
        run.exit_code,
        escape(&run.tool),
    );
    let repeat = format!("<pre>{}</pre>\n", escape(&run.reproduce));
    page(&format!("{}: no verdict", run.scenario), &(banner + &section("Repeat this run", &repeat)))
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(title)
    )
}

fn section(title: &str, body: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{body}</section>\n", escape(title))
}

fn mark(verdict: Verdict) -> String {
    let sign = match verdict {
        Verdict::Pass => "\u{2713}",
        Verdict::Fail => "\u{2717}",
        Verdict::Inconclusive => "?",
        Verdict::NotApplicable => "\u{2013}",
    };
    let word = verdict.word();
    let class = word.replace(' ', "-");
    format!("<span class=\"mark {class}\"><span aria-hidden=\"true\">{sign}</span> {word}</span>")
}

fn banner(report: &RunReport) -> String {
    let word = report.verdict.word();
    let partial = if report.partial { ", interrupted" } else { "" };
    let items: Vec<String> =
        report.reasons.iter().map(|reason| format!("<li>{}</li>\n", escape_quoted(reason))).collect();
    let reasons = if items.is_empty() { String::new() } else { format!("<ul>\n{}</ul>\n", items.concat()) };
    format!(
        "<header class=\"banner {word}\">\n<p class=\"word\">{word}{partial}</p>\n<h1>{}</h1>\n<p class=\"about\">{}</p>\n\
         {reasons}<p class=\"facts\">seed {} \u{b7} started {} \u{b7} {} \u{b7} exit code {} \u{b7} {}</p>\n</header>\n",
        escape(&report.scenario),
        escape(&report.about),
        report.seed,
        escape(&to_the_second(&report.window.started_at)),
        figures::seconds(report.window.wall_s),
        report.exit_code,
        escape(&report.tool),
    )
}

/// An instant of RFC 3339 without the fraction of its second, which nobody reads.
fn to_the_second(instant: &str) -> String {
    instant.split_once('.').map_or_else(|| instant.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}

fn tiles(report: &RunReport) -> String {
    let never = report.latency.e2e.never_arrived > 0;
    let delay = |value: Option<f64>| match value {
        Some(value) => figures::seconds(value),
        None if never => "never".to_owned(),
        None => "\u{2013}".to_owned(),
    };
    let count = figures::count;
    let tiles = [
        ("generated", count(report.generated), false),
        ("delivered", count(report.delivered), false),
        ("altered", count(report.altered), report.altered > 0),
        ("lost", count(report.lost), report.lost > 0),
        ("unjudged", count(report.unjudged), report.unjudged > 0),
        ("lost after ack", count(report.lost_acked), report.lost_acked > 0),
        ("dropped", count(report.dropped_declared), false),
        ("duplicates", count(report.duplicates), false),
        ("median delay", delay(report.latency.e2e.p50_s), false),
        ("p99 delay", delay(report.latency.e2e.p99_s), false),
    ];
    let mut html = "<dl class=\"tiles\">\n".to_owned();
    for (name, value, bad) in tiles {
        let bad = if bad { " bad" } else { "" };
        writeln!(html, "<div class=\"tile{bad}\"><dt>{name}</dt><dd>{value}</dd></div>")
            .expect("writing to a string does not fail");
    }
    html.push_str("</dl>\n");
    if let Some(seen_by) = report.counted_at() {
        writeln!(
            html,
            "<p class=\"note below-tiles\">Counts and delays as seen by {}; what each probe saw stands below.</p>",
            escape(&seen_by)
        )
        .expect("writing to a string does not fail");
    }
    if let Some(outside) = report.outside_steps() {
        writeln!(html, "<p class=\"note below-tiles\">p99 delay: {}.</p>", escape(&outside.line()))
            .expect("writing to a string does not fail");
    }
    html
}

fn expectations(report: &RunReport) -> String {
    if report.expect.is_empty() {
        return "<p>The scenario expects nothing.</p>\n".to_owned();
    }
    let rows: Vec<Vec<String>> = report.expect.iter().map(expectation_row).collect();
    table(
        "Messages intended in the window count; what never arrived counts as infinitely late.",
        &["expectation", "verdict", "must hold", "#measured", "#samples", "window"],
        &rows,
    )
}

/// What each probe saw, where several watch the same.
fn checkpoints(report: &RunReport) -> String {
    if report.counted_at().is_none() {
        return String::new();
    }
    let delay = |value: Option<f64>, never: u64| match value {
        Some(value) => figures::seconds(value),
        None if never > 0 => "never".to_owned(),
        None => "\u{2013}".to_owned(),
    };
    let rows: Vec<Vec<String>> = report
        .probes
        .iter()
        .map(|probe| {
            let counts = &probe.counts;
            let mut row = vec![escape(&probe.id)];
            row.extend(
                [
                    probe.watched,
                    counts.generated,
                    counts.delivered,
                    counts.altered,
                    counts.lost,
                    counts.unjudged,
                    counts.duplicates,
                    counts.corrupted,
                    counts.identity_mismatch,
                ]
                .map(figures::count),
            );
            row.extend(
                [probe.latency.p50_s, probe.latency.p99_s].map(|value| delay(value, probe.latency.never_arrived)),
            );
            row
        })
        .collect();
    let columns = [
        "probe",
        "#streams",
        "#generated",
        "#delivered",
        "#altered",
        "#lost",
        "#unjudged",
        "#duplicates",
        "#corrupted",
        "#other name",
        "#median delay",
        "#p99 delay",
    ];
    let caption =
        "What each probe saw of what devices said; delays since the instants at which devices meant to say it.";
    section("Probes", &table(caption, &columns, &rows))
}

fn expectation_row(expect: &ExpectReport) -> Vec<String> {
    let mut name = format!("{}<br><span class=\"note\">{}</span>", escape(&expect.id), escape(&expect.location));
    if !expect.reason.is_empty() {
        write!(name, "<br><span class=\"note\">{}</span>", escape_quoted(&expect.reason))
            .expect("writing to a string does not fail");
    }
    let lists = [
        ("single messages", expect.example_lines(usize::MAX).map(|line| escape(&line)).collect::<Vec<_>>()),
        ("devices", expect.worst.iter().map(|worst| escape(&format!("{}: {}", worst.path, worst.reads))).collect()),
    ];
    if matches!(expect.verdict, Verdict::Fail | Verdict::Inconclusive) {
        for (what, items) in lists.into_iter().filter(|(_, items)| !items.is_empty()) {
            let items: Vec<String> = items.iter().map(|item| format!("<li>{item}</li>")).collect();
            write!(name, "<details><summary>worst {what}</summary><ul>{}</ul></details>", items.concat())
                .expect("writing to a string does not fail");
        }
    }
    let informs = if expect.severity == "fail" { "" } else { "<br><span class=\"note\">informs only</span>" };
    vec![
        name,
        mark(expect.verdict) + informs,
        format!("<code>{}</code>", escape(&expect.asks())),
        escape(&expect.reads),
        figures::count(expect.samples),
        format!("{} to {}", figures::seconds(expect.from_s), figures::seconds(expect.to_s)),
    ]
}

/// The series as a table, for those who cannot see the chart.
fn windows(report: &RunReport) -> String {
    let delay = |value: Option<f64>| value.map_or_else(|| "\u{2013}".to_owned(), figures::seconds);
    let rows: Vec<Vec<String>> = report
        .series
        .windows
        .iter()
        .enumerate()
        .map(|(index, window)| {
            vec![
                figures::seconds(index as f64 * report.series.window_s),
                window.connections.map_or_else(|| "\u{2013}".to_owned(), figures::count),
                figures::count(window.generated),
                figures::count(window.sent),
                figures::count(window.acked),
                figures::count(window.delivered),
                figures::count(window.dropped),
                delay(window.latency_p50_s),
                delay(window.latency_p99_s),
                delay(window.latency_max_s),
                figures::count(window.never_arrived),
            ]
        })
        .collect();
    let columns = [
        "from",
        "#online",
        "#offered",
        "#written",
        "#acknowledged",
        "#delivered",
        "#dropped",
        "#p50",
        "#p99",
        "#longest",
        "#never",
    ];
    let caption = format!("Windows of {}", figures::seconds(report.series.window_s));
    format!("<details><summary>The same as a table</summary>\n{}</details>\n", table(&caption, &columns, &rows))
}

fn steps(report: &RunReport) -> String {
    if report.steps.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = report
        .steps
        .iter()
        .map(|step| {
            let effect = match (step.reached, step.effective) {
                (false, _) => "not reached".to_owned(),
                (true, true) => escape(&step.evidence_line()),
                (true, false) => format!("{} without effect", mark(Verdict::Inconclusive)),
            };
            let listed: Vec<String> = step.picked.iter().take(4).map(|path| escape(path)).collect();
            let more = step.picked_count.saturating_sub(listed.len() as u64);
            let more = if more == 0 { String::new() } else { format!(" and {} more", figures::count(more)) };
            vec![
                escape(&step.id),
                format!("<code>{}</code>", escape(&step.action)),
                escape(&step.when()),
                format!("{}{more}", listed.join(", ")),
                effect,
            ]
        })
        .collect();
    let caption = "A step without evidence did nothing, and the run cannot be judged.";
    section("Steps", &table(caption, &["step", "does", "when", "to", "evidence"], &rows))
}

fn worst_devices(report: &RunReport) -> String {
    if !report.worst_devices.iter().any(WorstDevice::fared_badly) {
        return String::new();
    }
    let count = figures::count;
    let rows: Vec<Vec<String>> = report
        .worst_devices
        .iter()
        .map(|device| {
            vec![
                escape(&device.path),
                count(device.generated),
                count(device.altered),
                count(device.lost),
                count(device.unjudged),
                count(device.dropped_declared),
                count(device.pending),
                device.latency_max_s.map_or_else(|| "\u{2013}".to_owned(), figures::seconds),
            ]
        })
        .collect();
    let columns = ["device", "#generated", "#altered", "#lost", "#unjudged", "#dropped", "#pending", "#longest delay"];
    section(
        "Devices that fared worst",
        &table("Most messages that did not arrive as they were said, then longest delay.", &columns, &rows),
    )
}

fn streams(report: &RunReport) -> String {
    let count = figures::count;
    let rows: Vec<Vec<String>> = report
        .streams
        .iter()
        .map(|stream| {
            let counts = &stream.counts;
            let mut row = vec![escape(&stream.path)];
            row.extend(
                [
                    stream.routes,
                    counts.generated,
                    counts.sent,
                    counts.acked,
                    counts.delivered,
                    counts.altered,
                    counts.lost,
                    counts.unjudged,
                    counts.dropped_declared,
                    counts.pending,
                    counts.duplicates,
                ]
                .map(count),
            );
            row
        })
        .collect();
    let columns = [
        "stream",
        "#streams",
        "#generated",
        "#sent",
        "#acked",
        "#delivered",
        "#altered",
        "#lost",
        "#unjudged",
        "#dropped",
        "#pending",
        "#duplicates",
    ];
    table("generated = delivered + altered + lost + unjudged + dropped + pending", &columns, &rows)
}

fn messages(report: &RunReport) -> String {
    let count = figures::count;
    facts(&[
        ("out of order", count(report.out_of_order)),
        ("corrupted", count(report.corrupted)),
        ("invented", count(report.invented)),
        ("under another name", count(report.identity_mismatch)),
        ("stale", count(report.stale)),
        ("too old to judge", count(report.too_old)),
        ("remembered", report.memory.line()),
        ("refused by the target", count(report.refused)),
        ("not ours", count(report.foreign)),
    ])
}

fn background(report: &RunReport) -> String {
    let count = figures::count;
    let connections = &report.connections;
    let reasons = |reasons: &std::collections::BTreeMap<String, u64>| {
        let listed = connections.reason_lines(reasons, DEVICES_NAMED);
        if listed.is_empty() { "none".to_owned() } else { escape(&listed.join(", ")) }
    };
    let seconds = |value: Option<f64>| value.map_or_else(|| "not measured".to_owned(), figures::seconds);
    let bytes = |value: Option<u64>| value.map_or_else(|| "unknown".to_owned(), figures::bytes);
    let line = |delays: &DelayReport| escape(&delays.line());
    let generator = &report.generator;
    let commands = &report.commands;
    let left = facts(&[
        ("intended to observed", line(&report.latency.e2e)),
        ("intended to written", line(&report.latency.send)),
        ("written to acknowledged", line(&report.latency.ack)),
        ("connecting took", line(&connections.connect)),
        ("lost link to recovered", line(&connections.reconnect)),
        ("devices online", format!("{} of {} at most", count(connections.peak), count(connections.planned))),
        ("connections made", count(connections.made)),
        ("attempts failed", reasons(&connections.failed)),
        ("connections ended", reasons(&connections.ended)),
        ("refused by targets", reasons(&connections.refused)),
        ("given up by devices", reasons(&connections.given_up)),
        ("messages re-sent", count(connections.resent)),
        ("TLS", if connections.handshakes > 0 { connections.handshakes_line() } else { "not spoken".to_owned() }),
    ]);
    let checks = report.validity.iter().map(|check| {
        let verdict = if check.holds { "\u{2713}" } else { "\u{2717} not so:" };
        format!("{verdict} {}: {}", escape(&check.name), escape(&check.detail))
    });
    let targets: Vec<String> = report
        .targets
        .iter()
        .map(|target| escape(format!("{}: {} {}", target.id, target.url, target.identity).trim_end()))
        .collect();
    let probes: Vec<String> = report
        .probes
        .iter()
        .map(|probe| {
            let (id, filters) = (&probe.id, probe.filters.join(" "));
            let lines = probe.lines().map(|line| format!("<br>{}", escape(&line)));
            escape(&format!("{id}: {filters} saw {}", count(probe.observed))) + &lines.collect::<String>()
        })
        .collect();
    let right = facts(&[
        ("can it be judged", checks.collect::<Vec<_>>().join("<br>")),
        ("generator lag", format!("p99 {}, max {}", seconds(generator.lag_p99_s), seconds(generator.lag_max_s))),
        ("memory", format!("{}, {} per device", bytes(generator.rss_bytes), bytes(generator.rss_per_device))),
        (
            "bytes",
            format!("{} out, {} in", figures::bytes(connections.bytes_out), figures::bytes(connections.bytes_in)),
        ),
        (
            "commands",
            format!(
                "{} received, {} of them again, {} applied, {} refused, {} malformed, {} answered, {} answers forged",
                count(commands.received),
                count(commands.repeated),
                count(commands.applied),
                count(commands.refused),
                count(commands.malformed),
                count(commands.answered),
                count(commands.forged)
            ),
        ),
        ("targets", targets.join("<br>")),
        ("probes", probes.join("<br>")),
        ("processors", report.host.cpu.to_string()),
    ]);
    format!("<div class=\"columns\">\n{left}{right}</div>\n")
}

fn reproduce(report: &RunReport) -> String {
    let labels: Vec<String> = report.labels.iter().map(|(name, value)| escape(&format!("{name}={value}"))).collect();
    let labels = if labels.is_empty() { "none".to_owned() } else { labels.join(", ") };
    format!(
        "<pre>{}</pre>\n{}",
        escape(&report.reproduce),
        facts(&[
            ("file", escape(&report.file)),
            ("plan", format!("<span class=\"mono\">{}</span>", escape(&report.plan_sha256))),
            ("run", escape(&report.run)),
            ("labels", labels),
        ])
    )
}
