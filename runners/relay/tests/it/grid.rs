//! Kinds of faults by rates: what the judge reports equals what the relay has planted, number by number and name by name.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use relay::{Fault, When};
use verify::Verdict;

use crate::planted_run::PlantedRun;

/// Every kind of fault, with the words by which a failure names it.
const FAULTS: [(&str, Fault); 17] = [
    ("drop", Fault::Drop),
    ("copy before", Fault::Copy(When::Before)),
    ("copy at once", Fault::Copy(When::AtOnce)),
    ("copy late", Fault::Copy(When::Late(LATE))),
    ("altered copy before", Fault::AlteredCopy(When::Before)),
    ("altered copy at once", Fault::AlteredCopy(When::AtOnce)),
    ("altered copy late", Fault::AlteredCopy(When::Late(LATE))),
    ("reorder", Fault::Reorder),
    ("alter", Fault::Alter),
    ("retain flag", Fault::AlterRetained),
    ("other topic", Fault::OtherTopic),
    ("other serial", Fault::OtherSerial),
    ("other device", Fault::OtherDevice),
    ("other name", Fault::OtherName),
    ("old number", Fault::OldNumber),
    ("delay", Fault::Delay(Duration::from_millis(1_500))),
    ("acknowledge and forget", Fault::AcknowledgeAndForget),
];
const LATE: Duration = Duration::from_millis(1_200);

/// What the judge has to make of faults.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    lost: u64,
    altered: u64,
    duplicates: u64,
    out_of_order: u64,
    corrupted: u64,
    invented: u64,
    identity: u64,
}

/// What so many of a fault amount to, and by which expectation it is named.
fn expected(fault: Fault, planted: u64) -> (Counts, &'static str) {
    let none = Counts::default();
    match fault {
        Fault::Drop | Fault::AcknowledgeAndForget => (Counts { lost: planted, ..none }, "lost"),
        Fault::Copy(_) => (Counts { duplicates: planted, ..none }, "duplicates"),
        Fault::AlteredCopy(_) => (Counts { corrupted: planted, ..none }, "corrupted"),
        Fault::Reorder => (Counts { out_of_order: planted, ..none }, "out of order"),
        Fault::Alter | Fault::AlterRetained => (Counts { corrupted: planted, altered: planted, ..none }, "corrupted"),
        Fault::OtherTopic => (Counts { identity: planted, altered: planted, ..none }, "identity"),
        // Nothing that was seen is known to be the message that was hit.
        Fault::OtherSerial | Fault::OtherDevice => (Counts { identity: planted, lost: planted, ..none }, "identity"),
        // All are hit, so that the one whose name it has is missing as well.
        Fault::OldNumber | Fault::OtherName => (Counts { corrupted: planted, lost: planted, ..none }, "corrupted"),
        Fault::Delay(_) => (none, "slow"),
        Fault::CutWatcher => (none, "lost"),
    }
}

/// Tries of a cell while the machine is too busy to run this process.
const TRIES: usize = 3;

/// Runs one cell of the grid; tells what does not agree. A run of which this process missed something, because it was not
/// run, cannot agree and is done again.
fn disagreements(name: &str, fault: Fault, every: u64) -> Vec<String> {
    let mut tries = (0..TRIES).map(|_| PlantedRun::run(fault, every));
    let missed_nothing = |run: &PlantedRun| run.outcome.report.probes[0].blind.is_empty();
    let Some(run) = tries.find(missed_nothing) else {
        return vec![format!("{name}, one of {every}: this machine was too busy in each of {TRIES} tries")];
    };
    let report = &run.outcome.report;
    let planted = run.planted.len() as u64;
    let (counts, expectation) = expected(fault, planted);
    let found = Counts {
        lost: report.lost_acked,
        altered: report.altered,
        duplicates: report.duplicates,
        out_of_order: report.out_of_order,
        corrupted: report.corrupted,
        invented: report.invented,
        identity: report.identity_mismatch,
    };
    let mut wrong = Vec::new();
    let mut check = |what: &str, is_so: bool, detail: String| {
        if !is_so {
            wrong.push(format!("{name}, one of {every}: {what}: {detail}"));
        }
    };
    check("something is planted", planted >= 4, format!("{planted}"));
    check("the counts agree", found == counts, format!("{found:?} instead of {counts:?}"));
    let all_judged = report.unjudged == 0 && report.lost == report.lost_acked;
    check("everything is judged", all_judged, format!("{} unjudged, {} lost", report.unjudged, report.lost));
    let named = run.named(expectation);
    let told = run.expect(expectation);
    check("it fails", told.verdict == Verdict::Fail, format!("{:?}", told.verdict));
    check(
        "all are named or counted",
        named.len() as u64 + told.more == planted,
        format!("{named:?} and {}", told.more),
    );
    let apparent = run.apparent();
    check("only those are named", named.is_subset(&apparent), format!("{named:?}, and planted {apparent:?}"));
    if counts.lost > 0 {
        check("the lost are named", run.lost() == run.hit(), format!("{:?}, and planted {:?}", run.lost(), run.hit()));
    } else {
        check("nothing else is lost", run.lost() == BTreeSet::new(), format!("{:?}", run.lost()));
    }
    wrong
}

/// Runs cells side by side.
fn judge(cells: &[(&str, Fault, u64)]) -> Vec<String> {
    thread::scope(|scope| {
        let running: Vec<_> =
            cells.iter().map(|(name, fault, every)| scope.spawn(|| disagreements(name, *fault, *every))).collect();
        running.into_iter().flat_map(|cell| cell.join().unwrap()).collect()
    })
}

#[test]
fn what_is_reported_is_what_was_planted() {
    let cells = FAULTS.map(|(name, fault)| (name, fault, 7));
    let wrong = judge(&cells);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `ci/long grid`: everything at three rates.
#[test]
#[ignore = "takes minutes"]
fn what_is_reported_is_what_was_planted_at_any_rate() {
    let mut wrong = Vec::new();
    for every in [11, 5, 2] {
        for faults in FAULTS.chunks(4) {
            let cells: Vec<_> = faults.iter().map(|(name, fault)| (*name, *fault, every)).collect();
            wrong.extend(judge(&cells));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_cut_probe_gets_from_its_session_is_neither_lost_nor_a_duplicate() {
    let run = PlantedRun::run(Fault::CutWatcher, 7);
    let report = &run.outcome.report;
    assert!(run.planted.len() >= 4, "{:?}", run.planted);
    assert_eq!(report.probes[0].blind.len(), run.planted.len());
    assert_eq!((report.lost, report.unjudged, report.duplicates, report.corrupted), (0, 0, 0, 0));
    assert_eq!(report.delivered, report.generated);
}
