//! Why a probe does not see.

/// What keeps a probe from seeing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The target does not let it look.
    #[error("{reason}")]
    Refused {
        /// What the target or the client said.
        reason: String,
    },
    /// The kind of probe cannot be started by this program.
    #[error("the kind of probe `{kind}` has no code that starts it")]
    NoCode {
        /// The kind.
        kind: String,
    },
    /// The target did not answer.
    #[error("no subscription within {limit_s} s{}", .reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    TooLate {
        /// How long was waited [s].
        limit_s: u64,
        /// What the last attempt was told, if it was told something.
        reason: Option<String>,
    },
}
