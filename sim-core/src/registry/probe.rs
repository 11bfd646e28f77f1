//! Kinds of probes: ways to watch what a user's stack makes of the messages.

use super::{Executor, Row};
use crate::ParameterSpec;

/// A kind of probe.
#[derive(Debug, Clone)]
pub struct ProbeKind {
    /// Its name, `kind` in a scenario's `[probe.ID]`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Whether it takes topic filters and a delivery level; without them it watches whatever goes to its target.
    pub takes_filters: bool,
    /// Whether it tells on which topic, or at which address, it saw something.
    pub tells_topics: bool,
    /// Carriers of the targets that it can watch; empty for one that looks elsewhere, whatever the target is.
    pub watches: &'static [&'static str],
    /// Its parameters, `with` in a scenario.
    pub parameters: Vec<ParameterSpec>,
    /// Starts one; whose seam that is, is up to whoever runs probes.
    pub executor: Executor,
}

impl Row for ProbeKind {
    const NOUN: &'static str = "kind of probe";

    fn name(&self) -> &str {
        self.name
    }
}
