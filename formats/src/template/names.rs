//! Which metrics a template names, in whatever branch.

use std::collections::BTreeSet;

use minijinja::Template;
use vocabulary::AskedMetric;

/// What stands before the id of a metric.
const METRICS: &str = "metrics.";

/// The metrics that a template names, each where it does so first.
pub(super) fn metrics(template: &Template<'_, '_>, parameter: &'static str) -> Vec<AskedMetric> {
    let names = template.undeclared_variables(true);
    let ids: BTreeSet<&str> = names.iter().filter_map(|name| name.strip_prefix(METRICS)?.split('.').next()).collect();
    let mut asked: Vec<AskedMetric> = ids
        .into_iter()
        .map(|id| AskedMetric { parameter, at: place(template.source(), id), id: id.to_owned() })
        .collect();
    asked.sort();
    asked
}

/// Where a text names a metric first; its begin when it does so in a form of its own.
fn place(text: &str, id: &str) -> usize {
    let ends = |at: usize| {
        let behind = text[at + METRICS.len() + id.len()..].chars().next();
        behind.is_none_or(|next| !next.is_alphanumeric() && next != '_')
    };
    let mut found = text.match_indices(METRICS).map(|(at, _)| at);
    found.find(|at| text[at + METRICS.len()..].starts_with(id) && ends(*at)).map_or(0, |at| at + METRICS.len())
}
