//! `JUnit` XML: a suite per run, a case per expectation, and one more case for whether the run is valid.

use std::fmt::Write;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use verify::{ExpectReport, RunReport, Verdict};

/// The XML could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the JUnit report could not be written: {source}")]
pub struct JunitError {
    /// Why.
    #[from]
    source: SerializeError,
}

/// The XML document.
///
/// A failed expectation is a failure, an inconclusive one an error, one that only informs is skipped unless it
/// passed. What is to be read is in the text of the element, since some viewers show nothing else.
///
/// # Errors
/// [`JunitError`] when the writer refuses.
pub fn junit(report: &RunReport) -> Result<String, JunitError> {
    let mut suite = TestSuite::new(format!("{} seed {}", report.scenario, report.seed));
    for (name, value) in [
        ("seed", report.seed.to_string()),
        ("plan_sha256", report.plan_sha256.clone()),
        ("version", report.tool.clone()),
        ("run", report.run.clone()),
        ("started", report.window.started_at.clone()),
    ] {
        suite.add_property((name, value.as_str()));
    }
    for expect in &report.expect {
        suite.add_test_case(expectation_case(report, expect));
    }
    suite.add_test_case(validity_case(report));
    let mut document = Report::new(report.scenario.as_str());
    document.add_test_suite(suite);
    Ok(document.to_string()?)
}

fn expectation_case(report: &RunReport, expect: &ExpectReport) -> TestCase {
    let informs = expect.severity != "fail";
    let mut status = match expect.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::NotApplicable => TestCaseStatus::skipped(),
        _ if informs => TestCaseStatus::skipped(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_message(headline(expect)).set_type(expect.verdict.word()).set_description(body(report, expect));
    case(report, &format!("{}: {}", expect.id, expect.asks()), status)
}

fn validity_case(report: &RunReport) -> TestCase {
    let broken = report.validity.iter().filter(|check| !check.holds);
    let broken: Vec<String> = broken.map(|check| format!("not so: {}: {}", check.name, check.detail)).collect();
    let (mut status, message, kind) = match (report.harm.is_empty(), broken.is_empty()) {
        (false, _) => (TestCaseStatus::non_success(NonSuccessKind::Failure), "harm is proven", "fail"),
        (true, true) => (TestCaseStatus::success(), "the run can be judged", "pass"),
        (true, false) => {
            (TestCaseStatus::non_success(NonSuccessKind::Error), "the run cannot be judged", "inconclusive")
        }
    };
    let told: Vec<String> = report.harm.iter().cloned().chain(broken).collect();
    status.set_message(message).set_type(kind).set_description(told.join("\n"));
    case(report, "run is valid", status)
}

fn case(report: &RunReport, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(report.file.as_str());
    case
}

fn body(report: &RunReport, expect: &ExpectReport) -> String {
    let mut body = format!("{}\nat {}, {} samples\n", headline(expect), expect.location, expect.samples);
    for line in expect.example_lines(usize::MAX) {
        writeln!(body, "  {line}").expect("writing to a string does not fail");
    }
    for worst in &expect.worst {
        writeln!(body, "  worst: {} {}", worst.path, worst.reads).expect("writing to a string does not fail");
    }
    write!(body, "repeat with: {}", report.reproduce).expect("writing to a string does not fail");
    body
}

fn headline(expect: &ExpectReport) -> String {
    match expect.verdict {
        Verdict::Inconclusive | Verdict::NotApplicable => {
            format!("{} is {}: {}", expect.asks(), expect.verdict.word(), expect.reason)
        }
        Verdict::Pass | Verdict::Fail => format!("{} is {}", expect.asks(), expect.reads),
    }
}
