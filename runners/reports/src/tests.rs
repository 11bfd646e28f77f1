//! The reports of the sample run, as snapshots.

use verify::{ExpectReport, LostMessage, LostMessages, RunReport, Verdict};

use crate::{Look, closing, html, junit, terminal, write};

/// `run.json` of the sample run, as it is written.
fn sample_report() -> RunReport {
    let snapshot = include_str!("../../verify/src/snapshots/verify__report_tests__run_json_document.snap");
    let (_, document) = snapshot.split_once("\n---\n").unwrap();
    RunReport::from_json(document).unwrap()
}

#[test]
fn terminal_summary() {
    let files = ["out/ward/run.json".to_owned(), "out/ward/report.html".to_owned()];
    insta::assert_snapshot!(terminal(&sample_report(), &files, Look { colour: false, columns: Some(80) }));
}

#[test]
fn terminal_summary_of_a_pass() {
    insta::assert_snapshot!(terminal(&passed(), &[], Look { colour: false, columns: Some(80) }));
}

#[test]
fn terminal_summary_of_many_that_share_a_cause() {
    let mut report = passed();
    report.verdict = Verdict::Inconclusive;
    report.exit_code = 4;
    for expect in &mut report.expect {
        expect.verdict = Verdict::Inconclusive;
        expect.reason = "0 samples, at least 1 are needed".to_owned();
    }
    let text = closing(&report, Look::default());
    assert_eq!(text.matches("0 samples").count(), 1, "{text}");
    insta::assert_snapshot!(text);
}

/// The sample run as it should have been.
fn passed() -> RunReport {
    let mut report = sample_report();
    report.verdict = Verdict::Pass;
    report.exit_code = 0;
    report.reasons.clear();
    report.expect.retain(|expect| expect.severity == "fail");
    for expect in &mut report.expect {
        expect.verdict = Verdict::Pass;
        expect.counterexamples.clear();
    }
    report
}

#[test]
fn what_failed_and_the_verdict_stand_on_the_last_screen() {
    /// What a terminal shows of what has scrolled by, below the prompt that follows.
    const LINES: usize = 23;
    const COLUMNS: usize = 80;
    let mut report = sample_report();
    let failed: Vec<_> = report.expect.iter().filter(|expect| expect.verdict == Verdict::Fail).cloned().collect();
    for number in 0..12 {
        report.expect.extend(failed.iter().cloned().map(|expect| ExpectReport {
            id: format!("{} {number}", expect.id),
            severity: "fail".to_owned(),
            ..expect
        }));
    }
    let text = terminal(&report, &[], Look { colour: false, columns: Some(COLUMNS) });
    assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
    let last: Vec<&str> = text.lines().rev().take(LINES).collect();
    assert!(last[0..3].iter().any(|line| line.starts_with("FAIL")), "{text}");
    assert!(last.iter().any(|line| line.contains("steady latency")), "{text}");
    // What is told is told in whole words.
    let unfolded = terminal(&report, &[], Look::default());
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&text), words(&unfolded));
}

#[test]
fn where_several_probes_watch_each_is_named() {
    let mut report = passed();
    let alone = terminal(&report, &[], Look::default());
    assert!(!alone.contains("as seen by") && !html(&report).contains("as seen by"), "{alone}");
    let mut behind = report.probes[0].clone();
    behind.id = "ingested".to_owned();
    behind.routes = 0;
    behind.latency.p99_s = Some(1.5);
    report.probes.push(behind);
    let text = terminal(&report, &[], Look::default());
    for said in [" (as seen by probe wire)\n", "intended to observed by probe wire: ", "intended to observed here: "] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let page = html(&report);
    assert!(page.contains("Counts and delays as seen by probe wire"));
    let table = page.split("<h2>Probes</h2>").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(table.contains(">wire<") && table.contains(">ingested<") && table.contains(">1.5s<"), "{table}");
}

#[test]
fn colour_adds_nothing_but_escapes() {
    let report = sample_report();
    let coloured = terminal(&report, &[], Look { colour: true, columns: Some(80) });
    assert!(coloured.contains("\u{1b}[1;31mFAIL\u{1b}[0m"), "{coloured}");
    let bare: String = coloured
        .split('\u{1b}')
        .enumerate()
        .map(|(index, part)| if index == 0 { part } else { part.split_once('m').map_or("", |(_, rest)| rest) })
        .collect();
    assert_eq!(bare, terminal(&report, &[], Look { colour: false, columns: Some(80) }));
}

#[test]
fn junit_document() {
    insta::assert_snapshot!(junit(&sample_report()).unwrap());
}

#[test]
fn html_page_without_its_style() {
    let html = html(&sample_report());
    let (head, rest) = html.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    insta::assert_snapshot!(format!("{head}{body}"));
}

#[test]
fn the_page_needs_no_network_and_no_script() {
    let html = html(&sample_report());
    for outside in ["http://", "https://", "<script", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn all_files_are_written() {
    let dir = std::env::temp_dir().join(format!("iomt-report-files-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let report = sample_report();
    let rows = (0..report.lost).map(|sequence| LostMessage {
        probe: "wire".to_owned(),
        path: "icu/1/mon/vitals".to_owned(),
        sequence,
        intended: sim_core::SimTime::ZERO,
        sent_at: 1,
        acked_at: None,
    });
    let lost = LostMessages { rows: rows.collect(), total: report.lost };
    let written = write(&dir, &report, &lost).unwrap();
    let lines = std::fs::read_to_string(&written[3]).unwrap().lines().count() as u64;
    assert_eq!(lines, 1 + report.lost);
    assert_eq!(RunReport::from_json(&std::fs::read_to_string(&written[0]).unwrap()).unwrap(), report);
    std::fs::remove_dir_all(&dir).unwrap();
    let gone = write(&dir, &report, &lost).unwrap_err();
    assert!(gone.to_string().contains("run.json could not be written"), "{gone}");
}
