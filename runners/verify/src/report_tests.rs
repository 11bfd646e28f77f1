//! The report of the sample run, as a snapshot, and the rules that every report keeps.

use std::sync::Arc;

use scenarios::Comparison;
use serde_json::Value;
use sim_core::{RouteId, SimTime};

use crate::sample_run::{
    count, expect, lag, payload, percentile, plan, registry, sample_input, sample_judgement, sample_plan, sample_report,
};
use crate::{Ledger, LedgerLimits, ReportInput, RunReport, SCHEMA, Verdict};

#[test]
fn run_json_document() {
    insta::assert_snapshot!(sample_report().to_json());
}

#[test]
fn run_json_reads_back() {
    let report = sample_report();
    assert_eq!(RunReport::from_json(&report.to_json()).unwrap(), report);
    let other = report.to_json().replace("run/1", "run/2");
    assert_eq!(
        RunReport::from_json(&other).unwrap_err().to_string(),
        "the run report has format `run/2`, this version reads `run/1`"
    );
    assert!(RunReport::from_json("{}").unwrap_err().to_string().contains("missing field `format`"));
}

#[test]
fn run_json_follows_its_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let empty_plan = Arc::new(plan(1));
    let nothing = Ledger::new(Arc::clone(&empty_plan), &registry(), LedgerLimits::default()).finish(&lag(0, 1));
    let interrupted = ReportInput { interrupted: true, rss_bytes: None, ..sample_input() };
    let empty = RunReport::new(&empty_plan, &registry(), &nothing, &interrupted);
    for report in [sample_report(), empty] {
        let document: Value = serde_json::from_str(&report.to_json()).unwrap();
        check(&schema, &schema, &document, "run");
    }
}

/// Checks a value against the keywords that the schema uses. Every field must be described.
fn check(root: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        check(root, target, value, place);
        return;
    }
    if let Some(expected) = schema.get("const") {
        assert_eq!(value, expected, "{place}");
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        assert!(choices.contains(value), "{place}: {value}");
    }
    match schema.get("type") {
        Some(Value::String(name)) => assert!(is_a(name, value), "{place}: {value} is no {name}"),
        Some(Value::Array(names)) => {
            assert!(names.iter().any(|name| is_a(name.as_str().unwrap(), value)), "{place}: {value}");
        }
        _ => {}
    }
    if let (Some(least), Some(number)) = (schema.get("minimum").and_then(Value::as_f64), value.as_f64()) {
        assert!(number >= least, "{place}: {number}");
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, item) in values.iter().enumerate() {
            check(root, items, item, &format!("{place}[{index}]"));
        }
    }
    let Some(fields) = value.as_object() else { return };
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        assert!(fields.contains_key(name.as_str().unwrap()), "{place} lacks {name}");
    }
    for (name, field) in fields {
        let described = schema.pointer(&format!("/properties/{name}")).or_else(|| schema.get("additionalProperties"));
        let described = described.unwrap_or_else(|| panic!("{place}.{name} is not in the schema"));
        check(root, described, field, &format!("{place}.{name}"));
    }
}

fn is_a(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("the checker does not know the type {other}"),
    }
}

/// The sample run with other facts and with the failing expectations taken out.
fn judged(keep: &[&str], change: impl Fn(&mut ReportInput)) -> RunReport {
    let mut plan = sample_plan();
    plan.expects.retain(|expect| keep.contains(&expect.id.as_str()));
    let plan = Arc::new(plan);
    let mut input = sample_input();
    change(&mut input);
    RunReport::new(&plan, &registry(), &sample_judgement(&plan), &input)
}

#[test]
fn a_step_without_evidence_is_inconclusive_unless_harm_is_proven() {
    let idle = |input: &mut ReportInput| input.evidence = sim_core::Evidence::default();
    let doubtful = judged(&["steady latency"], idle);
    assert_eq!((doubtful.verdict, doubtful.exit_code), (Verdict::Inconclusive, 4));
    assert_eq!(doubtful.reasons[0], "not so: every step took effect: without evidence: `wifi_hole`");
    let proven = judged(&["acknowledged is never lost"], idle);
    assert_eq!((proven.verdict, proven.exit_code), (Verdict::Fail, 1));
    let healthy = judged(&["right patient"], |_| {});
    assert_eq!((healthy.verdict, healthy.exit_code, healthy.reasons.len()), (Verdict::Pass, 0, 0));
}

#[test]
fn doubts_and_interruption_are_told() {
    let doubted = judged(&["right patient"], |input| input.doubts.push("the probe was away for 3s".to_owned()));
    assert_eq!(doubted.exit_code, 4);
    let stopped = judged(&["acknowledged is never lost"], |input| input.interrupted = true);
    assert_eq!((stopped.verdict, stopped.exit_code, stopped.partial), (Verdict::Inconclusive, 130, true));
}

#[test]
fn proven_harm_fails_the_run_without_an_expectation() {
    let forged = "2 answers to commands were heard that no device gave, such as to `start`";
    let report = judged(&["right patient"], |input| {
        input.harm.push(forged.to_owned());
        input.evidence = sim_core::Evidence::default();
    });
    assert_eq!((report.verdict, report.exit_code), (Verdict::Fail, 1));
    assert_eq!(report.reasons[0], forged);
}

#[test]
fn nothing_is_proven_where_somebody_else_has_the_names_of_devices() {
    let report = judged(&["acknowledged is never lost"], |input| input.connections.taken_over = 3);
    assert_eq!((report.verdict, report.exit_code), (Verdict::Inconclusive, 4));
    assert!(report.reasons[0].starts_with("not so: devices have their names for themselves: 3 conn"), "{report:?}");
    assert!(report.reasons[1].starts_with("`acknowledged is never lost` failed"), "{report:?}");
    // That connections end again and again may be the fault that is looked for, unless somebody else is heard as well.
    let ended = |input: &mut ReportInput| input.connections.contested = 3;
    assert_eq!(judged(&["acknowledged is never lost"], ended).exit_code, 1);
    let plan = Arc::new(sample_plan());
    let mut judgement = sample_judgement(&plan);
    judgement.totals.unfamiliar = 5;
    let mut input = sample_input();
    assert_eq!(RunReport::new(&plan, &registry(), &judgement, &input).exit_code, 1);
    ended(&mut input);
    let report = RunReport::new(&plan, &registry(), &judgement, &input);
    assert_eq!((report.verdict, report.exit_code), (Verdict::Inconclusive, 4));
    assert!(report.reasons[0].contains("3 connections of devices ended as when they are taken over"), "{report:?}");
}

#[test]
fn a_saturated_generator_is_inconclusive() {
    let plan = Arc::new(plan(1));
    let late = Ledger::new(Arc::clone(&plan), &registry(), LedgerLimits::default()).finish(&lag(100, 80_000_000));
    let report = RunReport::new(
        &plan,
        &registry(),
        &late,
        &ReportInput { evidence: sim_core::Evidence::default(), ..sample_input() },
    );
    assert_eq!(report.exit_code, 4);
    assert!(report.reasons.iter().any(|reason| reason.contains("at most 50ms")), "{:?}", report.reasons);
}

#[test]
fn where_rare_delays_are_asked_of_the_lag_is_judged_there_too() {
    let report = |share: f64, bound_s: f64| {
        let mut plan = plan(1);
        plan.expects = vec![expect(&plan, "rare", "rare(latency.e2e)", percentile("latency.e2e", share, bound_s))];
        let plan = Arc::new(plan);
        // One in two hundred is late.
        let mut lags = lag(199, 1_000_000);
        lags.record_n(250_000_000, 1).unwrap();
        let judgement = Ledger::new(Arc::clone(&plan), &registry(), LedgerLimits::default()).finish(&lags);
        RunReport::new(&plan, &registry(), &judgement, &sample_input())
    };
    let kept_up = |report: &RunReport| {
        let check = report.validity.iter().find(|check| check.name == "the generator kept up").unwrap();
        (check.holds, check.detail.clone())
    };
    assert!(kept_up(&report(0.99, 0.15)).0);
    assert!(kept_up(&report(0.999, 1.0)).0, "half of what is allowed is left to the stack");
    let (holds, detail) = kept_up(&report(0.999, 0.15));
    assert!(!holds && detail.ends_with("is 250ms, at most 75ms"), "{detail}");
}

#[test]
fn a_run_in_which_nothing_applies_is_not_green() {
    let mut plan = plan(1);
    let mut nothing = expect(&plan, "none", "lost(acked) == 0", count("lost(acked)", Comparison::Equal, 0.0));
    nothing.routes = vec![1];
    plan.expects = vec![nothing];
    let plan = Arc::new(plan);
    let mut ledger = Ledger::new(Arc::clone(&plan), &registry(), LedgerLimits::default());
    let words = payload(0, "ecg", 0);
    ledger.generated(RouteId(1), 0, SimTime::ZERO, 0, &words).unwrap();
    ledger.sent(RouteId(1), 0, 1);
    ledger.observed(0, "ward/1/mon/ecg", &words, 2, false);
    let input = ReportInput { evidence: sim_core::Evidence::default(), ..sample_input() };
    let report = RunReport::new(&plan, &registry(), &ledger.finish(&lag(1, 1)), &input);
    assert_eq!((report.verdict, report.exit_code), (Verdict::Inconclusive, 4));
    assert_eq!(report.reasons, ["`none` is not applicable: at QoS 0 nothing is acknowledged"]);
}
