//! The reports of the sample run, as snapshots.

use verify::{LostMessage, LostMessages, RunReport};

use crate::{html, junit, terminal, write};

/// `run.json` of the sample run, as it is written.
fn sample_report() -> RunReport {
    let snapshot = include_str!("../../verify/src/snapshots/verify__report_tests__run_json_document.snap");
    let (_, document) = snapshot.split_once("\n---\n").unwrap();
    RunReport::from_json(document).unwrap()
}

#[test]
fn terminal_summary() {
    let files = ["out/ward/run.json".to_owned(), "out/ward/report.html".to_owned()];
    insta::assert_snapshot!(terminal(&sample_report(), &files, false));
}

#[test]
fn colour_adds_nothing_but_escapes() {
    let report = sample_report();
    let coloured = terminal(&report, &[], true);
    assert!(coloured.contains("\u{1b}[1;31mFAIL\u{1b}[0m"), "{coloured}");
    let bare: String = coloured
        .split('\u{1b}')
        .enumerate()
        .map(|(index, part)| if index == 0 { part } else { part.split_once('m').map_or("", |(_, rest)| rest) })
        .collect();
    assert_eq!(bare, terminal(&report, &[], false));
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
