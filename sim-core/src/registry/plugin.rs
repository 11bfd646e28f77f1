//! Plugins, and what can be wrong with the rows that they add.

use std::fmt;

use thiserror::Error;

use super::Registry;

/// A bundle of rows under one name: a group of built-in models, or a vendor's own.
pub trait Plugin {
    /// Its name, for messages.
    fn name(&self) -> &str;

    /// Adds its rows, systems and resources.
    fn register(&self, registry: &mut Registry);
}

/// Something wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flaw {
    /// The plugin that the row came from.
    pub plugin: String,
    /// What such a row is.
    pub noun: &'static str,
    /// Name of the row.
    pub row: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, noun, row, reason } = self;
        write!(formatter, "plugin `{plugin}`: {noun} `{row}`: {reason}")
    }
}

/// Everything that is wrong with what plugins have registered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", join(.0))]
pub struct Flaws(pub Vec<Flaw>);

fn join(flaws: &[Flaw]) -> String {
    flaws.iter().map(Flaw::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Executor, ExpectMetricSpec, MetricShape, Sampled};

    struct Acme(&'static str);

    impl Plugin for Acme {
        fn name(&self) -> &'static str {
            self.0
        }

        fn register(&self, registry: &mut Registry) {
            registry.add(ExpectMetricSpec {
                name: "puffs",
                about: "puffs taken",
                shape: MetricShape::Count,
                arguments: &[],
                sampled: |_| Sampled::Messages,
                executor: Executor::signal(|_, _| {}),
            });
        }
    }

    #[test]
    fn a_second_row_of_one_name_names_both_plugins() {
        let mut registry = Registry::new();
        registry.add_plugin(&Acme("acme"));
        assert_eq!(registry.check(), Ok(()));
        registry.add_plugin(&Acme("copycat"));
        let flaws = registry.check().expect_err("two rows of one name").to_string();
        let expected =
            "plugin `copycat`: expectation metric `puffs`: there is one of that name already, of plugin `acme`";
        assert_eq!(flaws, expected);
    }
}
