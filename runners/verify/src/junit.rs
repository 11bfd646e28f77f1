//! `JUnit` XML: a suite per run, a case per expectation, and one more case for whether the run is valid.

use std::fmt::Write;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::{ExpectReport, RunReport, Verdict};

/// The XML could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the JUnit report could not be written: {source}")]
pub struct JunitError {
    /// Why.
    #[from]
    source: SerializeError,
}

impl RunReport {
    /// The XML document.
    ///
    /// A failed expectation is a failure, an inconclusive one an error, one that only informs is skipped unless it
    /// passed. What is to be read is in the text of the element, since some viewers show nothing else.
    ///
    /// # Errors
    /// [`JunitError`] when the writer refuses.
    pub fn to_junit(&self) -> Result<String, JunitError> {
        let mut suite = TestSuite::new(format!("{} seed {}", self.scenario, self.seed));
        for (name, value) in [
            ("seed", self.seed.to_string()),
            ("plan_sha256", self.plan_sha256.clone()),
            ("version", self.tool.clone()),
            ("run", self.run.clone()),
            ("started", self.window.started_at.clone()),
        ] {
            suite.add_property((name, value.as_str()));
        }
        for expect in &self.expect {
            suite.add_test_case(self.expectation_case(expect));
        }
        suite.add_test_case(self.validity_case());
        let mut report = Report::new(self.scenario.as_str());
        report.add_test_suite(suite);
        Ok(report.to_string()?)
    }

    fn expectation_case(&self, expect: &ExpectReport) -> TestCase {
        let informs = expect.severity != "fail";
        let mut status = match expect.verdict {
            Verdict::Pass => TestCaseStatus::success(),
            _ if informs => TestCaseStatus::skipped(),
            Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Verdict::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        status.set_message(headline(expect)).set_type(expect.verdict.word()).set_description(self.body(expect));
        self.case(&format!("{}: {}", expect.id, expect.that), status)
    }

    fn validity_case(&self) -> TestCase {
        let broken: Vec<String> = self
            .validity
            .iter()
            .filter(|check| !check.holds)
            .map(|check| format!("not so: {}: {}", check.name, check.detail))
            .collect();
        let mut status = if broken.is_empty() {
            TestCaseStatus::success()
        } else {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        };
        status.set_message("the run cannot be judged").set_type("inconclusive").set_description(broken.join("\n"));
        self.case("run is valid", status)
    }

    fn case(&self, name: &str, status: TestCaseStatus) -> TestCase {
        let mut case = TestCase::new(name, status);
        case.set_classname(self.file.as_str());
        case
    }

    fn body(&self, expect: &ExpectReport) -> String {
        let mut body = format!("{}\nat {}, {} samples\n", headline(expect), expect.location, expect.samples);
        for example in &expect.counterexamples {
            writeln!(body, "  {}", example.line()).expect("writing to a string does not fail");
        }
        for worst in &expect.worst {
            writeln!(body, "  worst: {} {}", worst.path, worst.reads).expect("writing to a string does not fail");
        }
        write!(body, "repeat with: {}", self.reproduce).expect("writing to a string does not fail");
        body
    }
}

fn headline(expect: &ExpectReport) -> String {
    match expect.verdict {
        Verdict::Inconclusive => format!("{} is inconclusive: {}", expect.that, expect.reason),
        Verdict::Pass | Verdict::Fail => format!("{} is {}", expect.that, expect.reads),
    }
}
