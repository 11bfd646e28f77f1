//! What steps of `sensor.*` and `clock.*` cannot do: told before they run.

use sim_core::{Complaint, StepCheck, StepFacts};
use vocabulary::MetricId;

use super::offset::OtherUnit;

/// A look at each of the actions.
pub(super) fn checks() -> Vec<StepCheck> {
    let check = |action, look| StepCheck { action, look };
    vec![
        check("sensor.stuck", metrics),
        check("sensor.bias", |facts| beside_metrics(facts, bias)),
        check("sensor.drift", |facts| beside_metrics(facts, |facts| no_zero(facts, "per_hour"))),
        check("sensor.noise", |facts| beside_metrics(facts, |facts| no_zero(facts, "sigma"))),
        check("sensor.spike", |facts| beside_metrics(facts, |facts| no_zero(facts, "amplitude"))),
        check("sensor.motion", |facts| beside_metrics(facts, |facts| no_zero(facts, "severity"))),
        check("sensor.saturation", |facts| beside_metrics(facts, saturation)),
        check("sensor.quantise", metrics),
        check("sensor.dropout", metrics),
        check("sensor.warmup", metrics),
        check("sensor.swap", swap),
        check("sensor.unit", |facts| beside_metrics(facts, unit)),
        check("clock.skew", |facts| no_zero(facts, "offset")),
        check("clock.drift", |facts| no_zero(facts, "ppm")),
        check("clock.jump", |facts| {
            if facts.arguments.flag("reset") == Some(true) { Vec::new() } else { no_zero(facts, "by") }
        }),
    ]
}

/// Complains about a metric that nothing the step acts on carries.
pub(crate) fn carried(facts: &StepFacts<'_>, parameter: &'static str, metric: &str) -> Option<Complaint> {
    if facts.metrics.contains(&metric) {
        return None;
    }
    let (kinds, there) = (facts.kinds.join(", "), facts.metrics.join(", "));
    let instead = if there.is_empty() { "nor any other metric".to_owned() } else { format!("a {kinds} tells {there}") };
    Some(Complaint::error(parameter, format!("there is no `{metric}` where the step acts: {instead}")))
}

fn metrics(facts: &StepFacts<'_>) -> Vec<Complaint> {
    let named = facts.arguments.texts("metrics").unwrap_or_default();
    named.iter().filter_map(|metric| carried(facts, "metrics", metric)).collect()
}

fn beside_metrics(facts: &StepFacts<'_>, own: fn(&StepFacts<'_>) -> Vec<Complaint>) -> Vec<Complaint> {
    let mut complaints = metrics(facts);
    if complaints.is_empty() {
        complaints = own(facts);
    }
    complaints
}

fn no_zero(facts: &StepFacts<'_>, parameter: &'static str) -> Vec<Complaint> {
    let zero = facts.arguments.number(parameter) == Some(0.0);
    zero.then(|| Complaint::error(parameter, format!("with `{parameter}` 0 the step changes nothing")))
        .into_iter()
        .collect()
}

fn bias(facts: &StepFacts<'_>) -> Vec<Complaint> {
    let nothing = facts.arguments.number("add") == Some(0.0) && facts.arguments.number("scale") == Some(1.0);
    let complaint = || Complaint::error("add", "adding 0 and multiplying by 1 changes nothing; set `add` or `scale`");
    nothing.then(complaint).into_iter().collect()
}

fn saturation(facts: &StepFacts<'_>) -> Vec<Complaint> {
    let complaint = match (facts.arguments.number("min"), facts.arguments.number("max")) {
        (None, None) => Some(Complaint::of_step("without `min` and `max` nothing is clipped")),
        (Some(least), Some(most)) if least >= most => {
            Some(Complaint::error("max", format!("`max` is not above `min`, {least}")))
        }
        _ => None,
    };
    complaint.into_iter().collect()
}

fn swap(facts: &StepFacts<'_>) -> Vec<Complaint> {
    let pair = ["first", "second"].map(|name| (name, facts.arguments.text(name).unwrap_or_default()));
    let mut complaints: Vec<Complaint> =
        pair.iter().filter_map(|(parameter, metric)| carried(facts, parameter, metric)).collect();
    if pair[0].1 == pair[1].1 {
        complaints.push(Complaint::error("second", "a metric exchanged with itself stays as it is"));
    }
    complaints
}

fn unit(facts: &StepFacts<'_>) -> Vec<Complaint> {
    let word = facts.arguments.text("to").unwrap_or_default();
    let other = OtherUnit::named(word);
    let concerns =
        |id: &str| MetricId::find(id).is_some_and(|metric| metric.metric().ucum == Some(other.replaced_unit()));
    let concerned = match facts.arguments.texts("metrics") {
        Some(named) => named.iter().any(|metric| concerns(metric)),
        None => facts.metrics.iter().any(|metric| concerns(metric)),
    };
    if concerned {
        return Vec::new();
    }
    let message =
        format!("`{word}` replaces {}, which nothing that the step concerns is measured in", other.replaced_unit());
    vec![Complaint::error("to", message)]
}
