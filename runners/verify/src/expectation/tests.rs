//! Verdicts of single expectations.

use std::sync::Arc;

use scenarios::{Comparison, Condition, ExpectPlan, Plan};
use sim_core::{RouteId, SimTime};

use crate::sample_run::{SECOND, count, expect, lag, payload, percentile, plan};
use crate::{ExpectReport, Ledger, Limits, Verdict};

const VITALS: RouteId = RouteId(0);

/// Judges one expectation over ten messages, one a second; `feed` says what happens to them.
fn judge(change: impl Fn(&mut ExpectPlan), condition: Condition, feed: impl Fn(&mut Ledger, u64)) -> ExpectReport {
    let mut plan: Plan = plan(2);
    let mut one = expect(&plan, "one", "that", condition);
    change(&mut one);
    plan.expects = vec![one];
    let mut ledger = Ledger::new(Arc::new(plan), Limits::default());
    for sequence in 0_u64..10 {
        let at = sequence.cast_signed() * SECOND;
        ledger.generated(VITALS, sequence, SimTime::from_nanos(at), at, &payload(0, "vitals", sequence)).unwrap();
        feed(&mut ledger, sequence);
    }
    ledger.finish(&lag(10, 1_000_000)).expect.remove(0)
}

/// Delivers a message so much after its instant.
fn deliver(ledger: &mut Ledger, sequence: u64, delay: i64) {
    let at = sequence.cast_signed() * SECOND;
    ledger.sent(VITALS, sequence, at);
    ledger.acked(VITALS, sequence, at + delay);
    ledger.observed(0, "ward/1/mon/vitals", &payload(0, "vitals", sequence), at + delay, false);
}

fn lose_acked(ledger: &mut Ledger, sequence: u64) {
    ledger.sent(VITALS, sequence, 0);
    ledger.acked(VITALS, sequence, 0);
}

#[test]
fn a_percentile_over_lost_messages_never_comes() {
    let report = judge(
        |_| {},
        percentile("latency.e2e", 0.95, 1.0),
        |ledger, sequence| {
            if sequence == 3 { lose_acked(ledger, sequence) } else { deliver(ledger, sequence, 5_000_000) }
        },
    );
    assert_eq!((report.verdict, report.value), (Verdict::Fail, None));
    assert_eq!(report.reads, "never (10% did not arrive)");
    assert_eq!(report.counterexamples[0].sequence, Some(3));
    assert_eq!(report.worst[0].reads, "1 of 10 never");
    let median = judge(
        |_| {},
        percentile("latency.e2e", 0.5, 1.0),
        |ledger, sequence| {
            if sequence == 3 { lose_acked(ledger, sequence) } else { deliver(ledger, sequence, 5_000_000) }
        },
    );
    assert_eq!((median.verdict, median.value), (Verdict::Pass, Some(0.005)));
}

#[test]
fn a_window_selects_by_intended_instant() {
    let window = |from: i64, to: i64| {
        move |expect: &mut ExpectPlan| {
            expect.from = SimTime::from_nanos(from * SECOND);
            expect.to = SimTime::from_nanos(to * SECOND);
        }
    };
    let delivered = |from, to| {
        judge(window(from, to), count("delivered", Comparison::AtLeast, 1.0), |ledger, sequence| {
            deliver(ledger, sequence, 1);
        })
    };
    assert_eq!(delivered(0, 10).value, Some(10.0));
    assert_eq!(delivered(3, 5).value, Some(2.0));
    assert_eq!(delivered(5, 5).verdict, Verdict::Inconclusive);
    // Duplicates of messages that have settled long ago still find their window.
    let copies = judge(window(2, 4), count("duplicates", Comparison::Equal, 0.0), |ledger, sequence| {
        deliver(ledger, sequence, 1);
        if sequence == 9 {
            for copied in 0..10 {
                ledger.observed(0, "ward/1/mon/vitals", &payload(0, "vitals", copied), 10 * SECOND, false);
            }
        }
    });
    assert_eq!((copies.verdict, copies.value, copies.samples), (Verdict::Fail, Some(2.0), 2));
}

#[test]
fn a_safety_condition_covers_the_whole_run() {
    let report = judge(
        |expect| {
            expect.always = true;
            expect.from = SimTime::from_nanos(SECOND);
        },
        count("lost(acked)", Comparison::Equal, 0.0),
        |ledger, sequence| if sequence == 0 { lose_acked(ledger, 0) } else { deliver(ledger, sequence, 1) },
    );
    assert_eq!((report.verdict, report.value, report.safety), (Verdict::Fail, Some(1.0), true));
    assert_eq!(report.counterexamples[0].line(), "icu/1/mon/vitals #0 at 0s: acknowledged, never observed");
}

#[test]
fn nothing_looked_at_is_inconclusive_but_counted_harm_is_not() {
    let silent = judge(|_| {}, count("lost(acked)", Comparison::Equal, 0.0), |_, _| {});
    assert_eq!((silent.verdict, silent.reason.as_str()), (Verdict::Inconclusive, "0 samples, at least 1 are needed"));
    let none = judge(|_| {}, percentile("latency.ack", 0.5, 1.0), |_, _| {});
    assert_eq!((none.verdict, none.reads.as_str()), (Verdict::Inconclusive, "not known"));
    let invented = judge(
        |_| {},
        count("invented", Comparison::Equal, 0.0),
        |ledger, sequence| {
            ledger.observed(0, "ward/1/mon/vitals", &payload(0, "vitals", sequence + 1000), 0, false);
        },
    );
    assert_eq!((invented.verdict, invented.value, invented.samples), (Verdict::Fail, Some(10.0), 0));
    let few = judge(
        |expect| expect.min_samples = 11,
        count("lost", Comparison::Equal, 0.0),
        |ledger, sequence| {
            deliver(ledger, sequence, 1);
        },
    );
    assert_eq!(few.verdict, Verdict::Inconclusive);
    let unknown = judge(|_| {}, count("alarm.stale", Comparison::Equal, 0.0), |_, _| {});
    assert_eq!(
        (unknown.verdict, unknown.reason.as_str()),
        (Verdict::Inconclusive, "nothing here measures `alarm.stale`")
    );
}

#[test]
fn only_the_chosen_routes_count() {
    let report = judge(
        |expect| expect.routes = vec![2, 3],
        count("delivered", Comparison::Equal, 0.0),
        |ledger, sequence| {
            deliver(ledger, sequence, 1);
        },
    );
    assert_eq!((report.verdict, report.samples), (Verdict::Inconclusive, 0));
}

#[test]
fn the_slowest_messages_are_the_counterexamples() {
    let report = judge(
        |_| {},
        percentile("latency.e2e", 0.5, 0.0),
        |ledger, sequence| {
            deliver(ledger, sequence, (sequence.cast_signed() * 7 % 10 + 1) * 1_000_000);
        },
    );
    let sequences: Vec<Option<u64>> = report.counterexamples.iter().map(|example| example.sequence).collect();
    assert_eq!(sequences[..3], [Some(7), Some(4), Some(1)]);
    assert_eq!(report.worst[0].value, Some(0.01));
}

#[test]
fn the_generators_lag_is_taken_from_its_histogram() {
    let report = judge(|_| {}, percentile("generator.lag", 0.99, 0.05), |_, _| {});
    assert_eq!((report.verdict, report.samples), (Verdict::Pass, 10));
}
