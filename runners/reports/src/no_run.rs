//! What is left of a run that came to no verdict: why, for whoever looks for its report.

use std::path::{Path, PathBuf};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::files::{ReportFileError, write_all};
use crate::html::no_run_page;
use crate::junit::JunitError;

/// A run that ended before there was anything to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRun {
    /// Name of the scenario.
    pub scenario: String,
    /// Its file.
    pub file: String,
    /// Its seed.
    pub seed: u64,
    /// Name and version of the program.
    pub tool: String,
    /// Why it ended.
    pub reason: String,
    /// Exit code of the program.
    pub exit_code: u8,
    /// The command that repeats it.
    pub reproduce: String,
}

/// Writes `junit.xml`, with one case that is an error, and `report.html` into an existing folder, over older ones, and gives
/// their paths in this order.
///
/// # Errors
/// [`ReportFileError`] when a file cannot be written.
pub fn write_no_run(dir: &Path, run: &NoRun) -> Result<Vec<PathBuf>, ReportFileError> {
    write_all(dir, &[("junit.xml", junit(run)?), ("report.html", no_run_page(run))])
}

fn junit(run: &NoRun) -> Result<String, JunitError> {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let told = format!("{}\nrepeat with: {}", run.reason, run.reproduce);
    status.set_message(run.reason.as_str()).set_type("no verdict").set_description(told);
    let mut case = TestCase::new("run is valid", status);
    case.set_classname(run.file.as_str());
    let mut suite = TestSuite::new(format!("{} seed {}", run.scenario, run.seed));
    suite.add_property(("seed", run.seed.to_string().as_str()));
    suite.add_property(("version", run.tool.as_str()));
    suite.add_test_case(case);
    let mut document = Report::new(run.scenario.as_str());
    document.add_test_suite(suite);
    Ok(document.to_string()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_stands_in_both_files() {
        let run = NoRun {
            scenario: "ward <night>".to_owned(),
            file: "ward.toml".to_owned(),
            seed: 7,
            tool: "iomt 0.1.0".to_owned(),
            reason: "target `broker`: connection refused & gone".to_owned(),
            exit_code: 3,
            reproduce: "iomt run ward.toml".to_owned(),
        };
        let (junit, html) = (junit(&run).unwrap(), no_run_page(&run));
        assert!(junit.contains(r#"errors="1""#) && junit.contains("connection refused &amp; gone"), "{junit}");
        assert!(html.contains("<code>broker</code>: connection refused &amp; gone"), "{html}");
        assert!(html.contains("ward &lt;night&gt;") && html.contains("exit code 3"), "{html}");
    }
}
