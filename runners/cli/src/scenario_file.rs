//! From a file on the command line to a checked plan.

use std::path::Path;

use scenarios::{Diagnostic, Files, Plan, Settings};
use session::{Diagnostics, Error};
use sim_core::{Registry, Span};
use vocabulary::{Dimension, Quantity};

use crate::arguments::{Scenario, Variables};
use crate::failure::Failure;
use crate::output;

/// Loads and expands a scenario; warnings are printed.
///
/// # Errors
/// [`Error::Diagnostics`] with every mistake at once.
pub(crate) fn plan(scenario: &Scenario, registry: &Registry) -> Result<Plan, Failure> {
    let (plan, warnings) = load(&scenario.file, &scenario_settings(scenario), registry)?;
    for warning in warnings {
        output::note(warning);
    }
    Ok(plan)
}

/// Loads and expands a scenario.
///
/// # Errors
/// [`Error::Diagnostics`] with every mistake at once.
pub(crate) fn load(
    file: &Path,
    settings: &Settings<'_>,
    registry: &Registry,
) -> Result<(Plan, Vec<Diagnostic>), Error> {
    let loaded = scenarios::load(&Files, &file.display().to_string(), settings, registry)
        .map_err(|diagnostics| Error::Diagnostics(Diagnostics(diagnostics)))?;
    Ok((loaded.plan, loaded.warnings))
}

/// Everything that the command line changes in a scenario.
pub(crate) fn scenario_settings(scenario: &Scenario) -> Settings<'_> {
    Settings {
        seed: scenario.seed,
        only: scenario.only.clone(),
        without: scenario.without.clone(),
        ..settings(&scenario.variables)
    }
}

/// What `--set` and the environment give.
pub(crate) fn settings(variables: &Variables) -> Settings<'_> {
    Settings { sets: variables.sets.clone(), environment: &|name| std::env::var(name).ok(), ..Settings::default() }
}

/// A length of time given on the command line.
///
/// # Errors
/// [`Failure::Argument`] when it is not a positive duration on the 100 ms grid.
pub(crate) fn span(flag: &'static str, text: &str) -> Result<Span, Failure> {
    let quantity = Quantity::parse(text, Dimension::Time)
        .map_err(|error| Failure::Argument { flag, reason: error.to_string() })?;
    let span = Span::from_nanos(quantity.value as i64);
    if span.nanos() <= 0 || span.nanos() % sim_core::GRID.nanos() != 0 {
        return Err(Failure::Argument { flag, reason: format!("`{text}` is not a positive multiple of 100 ms") });
    }
    Ok(span)
}
