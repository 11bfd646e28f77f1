//! What is not in the files: variables, seed and choice of steps of the command line, and the environment.

use std::fmt;

/// What the command line adds to a scenario.
pub struct Settings<'a> {
    /// `--set name=value`, in order.
    pub sets: Vec<(String, String)>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--only`: steps that happen; empty means all.
    pub only: Vec<String>,
    /// `--without`: steps that do not happen.
    pub without: Vec<String>,
    /// Values of `${env:NAME}`.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Default for Settings<'_> {
    /// Nothing set, no environment.
    fn default() -> Self {
        Self { sets: Vec::new(), seed: None, only: Vec::new(), without: Vec::new(), environment: &|_| None }
    }
}

impl fmt::Debug for Settings<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("sets", &self.sets)
            .field("seed", &self.seed)
            .field("only", &self.only)
            .field("without", &self.without)
            .finish_non_exhaustive()
    }
}
