//! Pass, fail or inconclusive, and the exit code that says so.

use serde::{Deserialize, Serialize};

/// Outcome of an expectation or of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// What must hold held, and there was enough to see it.
    Pass,
    /// It did not hold.
    Fail,
    /// Nothing can be said: no samples, a step without effect, a saturated generator, a ledger that forgot.
    Inconclusive,
    /// It speaks of what the scenario does not have, such as acknowledgements at `QoS` 0, and decides nothing.
    #[serde(rename = "not applicable")]
    NotApplicable,
}

impl Verdict {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// Exit codes that a judged run can end with. Others, such as 2 (file invalid) and 3 (target unreachable), belong to the
/// command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Every expectation passed and the run is valid.
    Pass,
    /// An expectation failed.
    Failed,
    /// Inconclusive.
    Inconclusive,
    /// Interrupted; the report covers a part.
    Interrupted,
}

impl ExitCode {
    /// The number.
    pub const fn number(self) -> i32 {
        match self {
            Self::Pass => 0,
            Self::Failed => 1,
            Self::Inconclusive => 4,
            Self::Interrupted => 130,
        }
    }
}

/// How an expectation that can fail the run failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    /// A doubt about the run may explain it.
    Ordinary,
    /// A safety expectation failed on counted events: no doubt about the run explains them away.
    ProvenHarm,
}

/// What decides about a run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Findings {
    /// The gravest failure of an expectation that can fail the run.
    pub(crate) gravest: Option<Failure>,
    /// The run is not valid: everything about it is doubtful.
    pub(crate) invalid: bool,
    /// An expectation that can fail the run is inconclusive, or none of them applies; what the others prove stands.
    pub(crate) open: bool,
    /// The run was interrupted.
    pub(crate) interrupted: bool,
}

impl Findings {
    /// Proven harm, then doubt about the run, then other failures, then what is open; an interrupted run keeps its own
    /// code.
    pub(crate) fn decide(self) -> (Verdict, ExitCode) {
        let (verdict, code) = match self.gravest {
            Some(Failure::ProvenHarm) => (Verdict::Fail, ExitCode::Failed),
            _ if self.invalid => (Verdict::Inconclusive, ExitCode::Inconclusive),
            Some(Failure::Ordinary) => (Verdict::Fail, ExitCode::Failed),
            None if self.open => (Verdict::Inconclusive, ExitCode::Inconclusive),
            None => (Verdict::Pass, ExitCode::Pass),
        };
        (verdict, if self.interrupted { ExitCode::Interrupted } else { code })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(gravest: Option<Failure>, findings: Findings) -> (Verdict, i32) {
        let (verdict, code) = Findings { gravest, ..findings }.decide();
        (verdict, code.number())
    }

    #[test]
    fn proven_harm_outranks_doubt_and_doubt_outranks_other_failures() {
        let sound = Findings::default();
        let invalid = Findings { invalid: true, ..sound };
        assert_eq!(decide(None, sound), (Verdict::Pass, 0));
        assert_eq!(decide(Some(Failure::Ordinary), sound), (Verdict::Fail, 1));
        assert_eq!(decide(Some(Failure::Ordinary), invalid), (Verdict::Inconclusive, 4));
        assert_eq!(decide(Some(Failure::ProvenHarm), invalid), (Verdict::Fail, 1));
        assert_eq!(decide(None, Findings { interrupted: true, ..invalid }), (Verdict::Inconclusive, 130));
    }

    #[test]
    fn what_one_expectation_proves_stands_whatever_another_cannot_tell() {
        let open = Findings { open: true, ..Findings::default() };
        assert_eq!(decide(Some(Failure::Ordinary), open), (Verdict::Fail, 1));
        assert_eq!(decide(None, open), (Verdict::Inconclusive, 4));
    }
}
