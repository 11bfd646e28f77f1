//! How patient a line is: the parameters that all carriers of requests have for their links.

use scenarios::{Backoff, BackoffKind};
use sim_core::{Arguments, ParameterKind, ParameterSpec, Span};
use vocabulary::Dimension;

const TIMEOUT: &str = "timeout";
const RETRY_INITIAL: &str = "retry_initial";
const RETRY_LONGEST: &str = "retry_longest";
const ATTEMPTS: &str = "attempts";

/// Shortest and longest wait that is no slip [ns]: a millisecond, and a day.
const SHORTEST_NS: f64 = 1e6;
const LONGEST_NS: f64 = 86_400e9;

/// How patient a line is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PaceOfLine {
    /// Longest wait for an answer [ns].
    pub(crate) timeout_ns: i64,
    /// Waiting before the next connection, and before a message is sent again that the target may take later.
    pub(crate) backoff: Backoff,
    /// How often a message is sent before it is given up; for ever without.
    pub(crate) attempts: Option<u32>,
}

impl PaceOfLine {
    /// As the checked parameters of a link say.
    pub(crate) fn of(with: &Arguments) -> Self {
        let span_ns = |name: &str| with.number(name).unwrap_or_default() as i64;
        Self {
            timeout_ns: span_ns(TIMEOUT),
            backoff: Backoff {
                kind: BackoffKind::ExponentialJitter,
                initial: Span::from_nanos(span_ns(RETRY_INITIAL)),
                longest: Span::from_nanos(span_ns(RETRY_LONGEST)),
            },
            attempts: with.number(ATTEMPTS).map(|attempts| attempts as u32),
        }
    }

    /// What does not go together.
    ///
    /// # Errors
    /// Says what.
    pub(crate) fn check(with: &Arguments) -> Result<(), String> {
        let Backoff { initial, longest, .. } = Self::of(with).backoff;
        if longest < initial {
            return Err(format!("`{RETRY_LONGEST}` ({longest}) is shorter than `{RETRY_INITIAL}` ({initial})"));
        }
        Ok(())
    }

    /// The rows.
    pub(crate) fn parameters() -> Vec<ParameterSpec> {
        let time = ParameterKind::Quantity(Dimension::Time);
        vec![
            ParameterSpec::optional(
                TIMEOUT,
                time.clone(),
                "longest wait for an answer; then the connection is given up and everything unanswered is sent again",
            )
            .range(SHORTEST_NS, LONGEST_NS)
            .default("10s"),
            ParameterSpec::optional(
                RETRY_INITIAL,
                time.clone(),
                "first wait before the next connection, or before a message is sent again that the target did not take; \
                 doubled each time, and drawn between half and the whole of it",
            )
            .range(SHORTEST_NS, LONGEST_NS)
            .default("200ms"),
            ParameterSpec::optional(RETRY_LONGEST, time, "longest such wait")
                .range(SHORTEST_NS, LONGEST_NS)
                .default("30s"),
            ParameterSpec::optional(
                ATTEMPTS,
                ParameterKind::Count,
                "how often a message is sent before it is given up, which is told; without it, until it is answered",
            )
            .range(1.0, f64::from(u32::MAX)),
        ]
    }
}
