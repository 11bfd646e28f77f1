//! Verdicts of single expectations.

use std::sync::Arc;

use scenarios::{Comparison, Condition, ExpectPlan, Plan, Statistic};
use sim_core::{Executor, ExpectMetricSpec, MetricShape, Registry, RouteId, Sampled, SimId, SimTime};
use vocabulary::Dimension;

use crate::sample_run::{SECOND, count, expect, lag, payload, percentile, plan, registry};
use crate::{
    Contribution, Delay, Event, ExpectReport, Fate, Incident, Ledger, LedgerLimits, LinkFate, Measure, Measuring,
    Verdict,
};

const VITALS: RouteId = RouteId(0);

/// Judges one expectation over ten messages, one a second; `feed` says what happens to them.
fn judge(change: impl Fn(&mut ExpectPlan), condition: Condition, feed: impl Fn(&mut Ledger, u64)) -> ExpectReport {
    judge_with(&registry(), change, condition, feed)
}

/// As [`judge`], with the metrics of a registry.
fn judge_with(
    registry: &Registry,
    change: impl Fn(&mut ExpectPlan),
    condition: Condition,
    feed: impl Fn(&mut Ledger, u64),
) -> ExpectReport {
    let mut plan: Plan = plan(2);
    let mut one = expect(&plan, "one", "that", condition);
    change(&mut one);
    plan.expects = vec![one];
    let mut ledger = Ledger::new(Arc::new(plan), registry, LedgerLimits::default());
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

#[test]
fn what_speaks_of_acknowledgements_does_not_apply_at_qos_0() {
    // The second stream is said at QoS 0, the first at QoS 1.
    let of = |routes: Vec<u32>| {
        judge(
            |expect| expect.routes.clone_from(&routes),
            count("lost(acked)", Comparison::Equal, 0.0),
            |ledger, sequence| deliver(ledger, sequence, 1),
        )
    };
    let none = of(vec![1, 3]);
    assert_eq!((none.verdict, none.reason.as_str()), (Verdict::NotApplicable, "at QoS 0 nothing is acknowledged"));
    assert_eq!(of(vec![0, 1]).verdict, Verdict::Pass);
}

#[test]
fn a_delay_that_the_generators_own_lag_explains_proves_nothing() {
    let slowest = |bound_s: f64, delay: i64, generator_lag: u64| {
        let mut plan: Plan = plan(2);
        plan.expects = vec![expect(&plan, "one", "that", percentile("latency.e2e", 1.0, bound_s))];
        let mut ledger = Ledger::new(Arc::new(plan), &registry(), LedgerLimits::default());
        for sequence in 0_u64..10 {
            let at = sequence.cast_signed() * SECOND;
            ledger.generated(VITALS, sequence, SimTime::from_nanos(at), at, &payload(0, "vitals", sequence)).unwrap();
            deliver(&mut ledger, sequence, delay);
        }
        ledger.finish(&lag(10, generator_lag)).expect.remove(0)
    };
    let explained = slowest(0.15, 260_000_000, 250_000_000);
    assert_eq!(explained.verdict, Verdict::Inconclusive);
    assert!(explained.reason.starts_with("the generator itself was late by 250ms"), "{}", explained.reason);
    assert_eq!(slowest(0.15, 460_000_000, 250_000_000).verdict, Verdict::Fail, "the lag explains only a part of it");
    assert_eq!(slowest(0.5, 260_000_000, 250_000_000).verdict, Verdict::Pass);
}

/// Time between one observation and the next: needs a memory of its own.
#[derive(Debug, Default)]
struct Silence {
    last: Option<i64>,
}

impl Measure for Silence {
    fn message(&mut self, fate: &Fate) -> Contribution {
        let Some(now) = fate.observed_at else { return Contribution::Nothing };
        let silence = self.last.replace(now).map(|last| Delay::After(now - last));
        silence.map_or(Contribution::Nothing, Contribution::Delay)
    }
}

/// Copies that came, as a share of messages that arrived.
#[derive(Debug)]
struct CopyShare;

impl Measure for CopyShare {
    fn message(&mut self, _: &Fate) -> Contribution {
        Contribution::Chance
    }

    fn incident(&mut self, incident: Incident) -> Contribution {
        if incident == Incident::Duplicate { Contribution::Hit } else { Contribution::Nothing }
    }
}

/// How cold it is where the device is, from how well it is heard.
#[derive(Debug)]
struct Cold;

impl Measure for Cold {
    fn message(&mut self, _: &Fate) -> Contribution {
        Contribution::Nothing
    }

    fn link(&mut self, fate: LinkFate) -> Contribution {
        match fate {
            LinkFate::Heard(dbm) => Contribution::Value(dbm / 10.0),
            LinkFate::Lost | LinkFate::Back(_) => Contribution::Nothing,
        }
    }
}

/// Connections that ended.
#[derive(Debug)]
struct Ends;

impl Measure for Ends {
    fn message(&mut self, _: &Fate) -> Contribution {
        Contribution::Chance
    }

    fn event(&mut self, event: &Event) -> Contribution {
        if matches!(event, Event::Disconnected { .. }) { Contribution::Hit } else { Contribution::Nothing }
    }
}

/// A registry with metrics that a vendor brings.
fn vendors_registry() -> Registry {
    let mut registry = registry();
    let about = "a metric from outside";
    registry.extend([
        ExpectMetricSpec {
            name: "acme.silence",
            about,
            shape: MetricShape::Distribution(Dimension::Time),
            arguments: &[],
            sampled: |_| Sampled::Messages,
            executor: Executor::new(Measuring(|_| Box::new(Silence::default()))),
        },
        ExpectMetricSpec {
            name: "acme.copies",
            about,
            shape: MetricShape::Share,
            arguments: &[],
            sampled: |_| Sampled::Messages,
            executor: Executor::new(Measuring(|_| Box::new(CopyShare))),
        },
        ExpectMetricSpec {
            name: "acme.cold",
            about,
            shape: MetricShape::Distribution(Dimension::Temperature),
            arguments: &[],
            sampled: |_| Sampled::Messages,
            executor: Executor::new(Measuring(|_| Box::new(Cold))),
        },
        ExpectMetricSpec {
            name: "acme.ends",
            about,
            shape: MetricShape::Count,
            arguments: &[],
            sampled: |_| Sampled::Messages,
            executor: Executor::new(Measuring(|_| Box::new(Ends))),
        },
    ]);
    registry
}

#[test]
fn metrics_from_outside_are_judged() {
    let registry = vendors_registry();
    assert_eq!(registry.check(), Ok(()));
    let longest = Condition { statistic: Some(Statistic::Max), ..percentile("acme.silence", 1.0, 1.5) };
    let silence = judge_with(
        &registry,
        |_| {},
        longest,
        |ledger, sequence| {
            if sequence != 4 {
                deliver(ledger, sequence, 1);
            }
        },
    );
    assert_eq!((silence.verdict, silence.value, silence.samples), (Verdict::Fail, Some(2.0), 8));
    assert_eq!(silence.counterexamples[0].line(), "icu/1/mon/vitals #5 at 5s: took 2s");

    let share = Condition { shape: MetricShape::Share, ..count("acme.copies", Comparison::AtMost, 0.25) };
    let copies = judge_with(
        &registry,
        |_| {},
        share,
        |ledger, sequence| {
            deliver(ledger, sequence, 1);
            if sequence < 2 {
                deliver(ledger, sequence, 2);
            }
        },
    );
    assert_eq!((copies.verdict, copies.reads.as_str()), (Verdict::Pass, "20%"));

    let coldest = Condition {
        statistic: Some(Statistic::Min),
        shape: MetricShape::Distribution(Dimension::Temperature),
        bound: -6.0,
        comparison: Comparison::AtLeast,
        ..count("acme.cold", Comparison::AtLeast, 0.0)
    };
    let cold = judge_with(
        &registry,
        |_| {},
        coldest,
        |ledger, sequence| {
            ledger.heard(SimId(0), SimTime::ZERO, -60.0 - sequence as f64);
        },
    );
    assert_eq!((cold.verdict, cold.value, cold.bound), (Verdict::Fail, Some(-6.9), -6.0));
}

#[test]
fn a_metric_from_outside_counts_what_happens_to_devices() {
    let window = |expect: &mut ExpectPlan| expect.to = SimTime::from_nanos(5 * SECOND);
    let ends =
        judge_with(&vendors_registry(), window, count("acme.ends", Comparison::Equal, 0.0), |ledger, sequence| {
            deliver(ledger, sequence, 1);
            let at = sequence.cast_signed() * SECOND;
            for device in [SimId(0), SimId(1)] {
                ledger.take(&Event::Connected { device, at, resumed: false }).unwrap();
            }
            ledger.take(&Event::Disconnected { device: SimId(1), at, reason: "cut".to_owned() }).unwrap();
        });
    assert_eq!((ends.verdict, ends.value, ends.samples), (Verdict::Fail, Some(5.0), 5));
    assert_eq!(ends.counterexamples[0].line(), "icu/2/mon/vitals: the connection ended");
}

#[test]
fn a_metric_that_another_seam_carries_out_is_not_measured() {
    let mut registry = registry();
    registry.add(ExpectMetricSpec {
        name: "acme.lost",
        about: "a row without the code of a judge",
        shape: MetricShape::Count,
        arguments: &[],
        sampled: |_| Sampled::Messages,
        executor: Executor::signal(|_, _| {}),
    });
    let report = judge_with(&registry, |_| {}, count("acme.lost", Comparison::Equal, 0.0), |_, _| {});
    assert_eq!((report.verdict, report.reason.as_str()), (Verdict::Inconclusive, "nothing here measures `acme.lost`"));
}
