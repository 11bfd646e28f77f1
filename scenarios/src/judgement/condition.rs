//! Reads conditions: `p99(latency.e2e) <= 1s`, `lost(acked) == 0`, `delivered.ratio >= 99.9%`.

use sim_core::{ExpectMetricSpec, MetricShape, Registry};
use vocabulary::{Dimension, Quantity};

use crate::foresight::expectation::check_bound;
use crate::language::diagnostic::{Checked, Notes};
use crate::language::document::Text;
use crate::language::suggestion::hint;
use crate::plan::{Comparison, Condition, Statistic};

/// Two-character operators first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Comparison); 5] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

const STATISTICS: [&str; 8] = ["p50", "p90", "p99", "p99.9", "max", "min", "mean", "sum"];

/// Reads one condition.
pub(crate) fn read_condition(notes: &Notes, text: &Text, registry: &Registry) -> Checked<Condition> {
    let whole = text.text.as_str();
    let Some(at) = whole.find(['<', '>', '=', '!']) else {
        let message = format!("`{whole}` has no comparison; write it like `p99(latency.e2e) <= 1s`");
        return Err(notes.error(text.start(), message));
    };
    let left = Part { offset: whole.len() - whole.trim_start().len(), text: whole[..at].trim() };
    let Some((word, comparison)) = OPERATORS.into_iter().find(|(word, _)| whole[at..].starts_with(word)) else {
        let refused = notes.error(text.place(at), "the comparisons are `<`, `<=`, `==`, `>=` and `>`");
        return read_measure(notes, text, left, registry).and(Err(refused));
    };
    let behind = &whole[at + word.len()..];
    let right = Part { offset: whole.len() - behind.trim_start().len(), text: behind.trim() };
    let measure = read_measure(notes, text, left, registry)?;
    let bound = read_bound(notes, text, right, measure.metric)?;
    check_bound(notes, text.place(at), measure.metric, comparison, bound)?;
    Ok(Condition {
        statistic: measure.statistic,
        metric: measure.metric.name.to_owned(),
        argument: measure.argument,
        shape: measure.metric.shape,
        comparison,
        bound,
    })
}

/// A piece of the condition and where it begins in it.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    offset: usize,
    text: &'a str,
}

/// The left-hand side.
struct Measure<'a> {
    statistic: Option<Statistic>,
    metric: &'a ExpectMetricSpec,
    argument: Option<String>,
}

fn read_measure<'a>(notes: &Notes, text: &Text, part: Part<'_>, registry: &'a Registry) -> Checked<Measure<'a>> {
    if part.text.contains(" / ") || part.text.starts_with("slope(") {
        let message = "`slope` and quotients of metrics are not supported yet";
        return Err(notes.error(text.place(part.offset), message));
    }
    let (outer, inner) = split_call(notes, text, part)?;
    let statistic = read_statistic(outer.text);
    let (metric_part, argument) = match (&statistic, inner) {
        (Some(statistic), Some(inner)) => {
            if let Statistic::Percentile(share) = statistic
                && !(*share > 0.0 && *share < 1.0)
            {
                let message = format!("`{}` is not a percentile; beyond them are `min` and `max`", outer.text);
                return Err(notes.error(text.place(outer.offset), message));
            }
            split_call(notes, text, inner)?
        }
        (_, inner) => (outer, inner),
    };
    let Some(metric) = registry.metric(metric_part.text) else {
        let names: Vec<&str> = registry.metrics().iter().map(|metric| metric.name).collect();
        let message = if inner.is_some() && registry.metric(inner.unwrap_or(outer).text).is_some() {
            format!("there is no statistic `{}`{}", outer.text, hint(outer.text, "statistics", STATISTICS))
        } else {
            format!("there is no metric `{}`{}", metric_part.text, hint(metric_part.text, "metrics", names))
        };
        return Err(notes.error(text.place(metric_part.offset), message));
    };
    if let Some(argument) = argument
        && !metric.arguments.contains(&argument.text)
    {
        let message = if metric.arguments.is_empty() {
            format!("`{}` takes no word in parentheses", metric.name)
        } else {
            let hint = hint(argument.text, "its words", metric.arguments.iter().copied());
            format!("`{}` has no `({})`{hint}", metric.name, argument.text)
        };
        return Err(notes.error(text.place(argument.offset), message));
    }
    check_shape(notes, text, outer, metric, statistic)?;
    Ok(Measure { statistic, metric, argument: argument.map(|argument| argument.text.to_owned()) })
}

fn check_shape(
    notes: &Notes,
    text: &Text,
    outer: Part<'_>,
    metric: &ExpectMetricSpec,
    statistic: Option<Statistic>,
) -> Checked<()> {
    match (metric.shape, statistic) {
        (MetricShape::Distribution(_), None) => {
            let name = metric.name;
            let message = format!("`{name}` is many values; say which, such as `p99({name})` or `max({name})`");
            Err(notes.error(text.place(outer.offset), message))
        }
        (MetricShape::Count | MetricShape::Share, Some(_)) => {
            let message = format!("`{}` is a single number; write it without `{}`", metric.name, outer.text);
            Err(notes.error(text.place(outer.offset), message))
        }
        _ => Ok(()),
    }
}

/// `name(inner)` or `name`.
fn split_call<'a>(notes: &Notes, text: &Text, part: Part<'a>) -> Checked<(Part<'a>, Option<Part<'a>>)> {
    let Some(open) = part.text.find('(') else {
        if part.text.is_empty() || part.text.contains(')') {
            return Err(notes.error(text.place(part.offset), format!("`{}` is not a metric", part.text)));
        }
        return Ok((part, None));
    };
    let Some(inner) = part.text[open + 1..].strip_suffix(')') else {
        return Err(notes.error(text.place(part.offset + open), "`(` without `)`"));
    };
    let name = part.text[..open].trim_end();
    let skipped = inner.len() - inner.trim_start().len();
    let inner = Part { offset: part.offset + open + 1 + skipped, text: inner.trim() };
    Ok((Part { offset: part.offset, text: name }, Some(inner)))
}

fn read_statistic(word: &str) -> Option<Statistic> {
    Some(match word {
        "max" => Statistic::Max,
        "min" => Statistic::Min,
        "mean" => Statistic::Mean,
        "sum" => Statistic::Sum,
        _ => {
            let digits = word.strip_prefix('p')?;
            if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
                return None;
            }
            Statistic::Percentile(digits.parse::<f64>().ok()? / 100.0)
        }
    })
}

fn read_bound(notes: &Notes, text: &Text, part: Part<'_>, metric: &ExpectMetricSpec) -> Checked<f64> {
    let place = text.place(part.offset);
    if part.text.starts_with("baseline") {
        return Err(notes.error(place, "comparison with a baseline is not supported yet"));
    }
    let name = metric.name;
    let dimension = match metric.shape {
        MetricShape::Count => {
            let count = part.text.parse::<u64>().map(|count| count as f64);
            return count.map_err(|_| {
                let message = format!("`{name}` is a count; compare it with a whole number, not `{}`", part.text);
                notes.error(place, message)
            });
        }
        MetricShape::Share => Dimension::Ratio,
        MetricShape::Distribution(dimension) => dimension,
    };
    let mut value = match Quantity::parse(part.text, dimension) {
        Ok(quantity) => quantity.value,
        Err(error) => return Err(notes.error(place, error.to_string())),
    };
    if metric.shape == MetricShape::Share {
        value = percentage(part.text).unwrap_or(value);
        if !(0.0..=1.0).contains(&value) {
            let message = format!("`{name}` is a share from 0 % to 100 %, got {}", part.text);
            return Err(notes.error(place, message));
        }
    }
    Ok(value)
}

/// `99.9 %` as the number closest to 0.999, which neither `* 0.01` nor `/ 100` gives: 999 of 1000 must reach it.
fn percentage(text: &str) -> Option<f64> {
    format!("{}e-2", text.strip_suffix('%')?.trim()).parse().ok()
}
