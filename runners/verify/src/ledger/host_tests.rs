//! Devices that only Bluetooth hosts listen to.

use std::sync::Arc;

use scenarios::{Carrier, Comparison, Condition, Plan, Statistic};
use sim_core::{RouteId, SimTime};

use crate::event::{Event, MessageName};
use crate::sample_run::{SECOND, count, expect, lag, percentile, plan, registry, sample_input};
use crate::{Ledger, LedgerLimits, RadioEndpointReport, RadioReport, ReportInput, RunReport, Verdict};

const VITALS: RouteId = RouteId(0);

/// Whoever listens takes nearly everything, and is never deaf for long.
fn host_plan() -> Plan {
    let mut plan = plan(1);
    plan.links[0].carrier = Carrier::Host;
    plan.probes.clear();
    plan.deliveries.iter_mut().for_each(|delivery| delivery.qos = 0);
    let silence = Condition { statistic: Some(Statistic::Max), ..percentile("pause", 1.0, 5.0) };
    for (id, that, condition) in [
        ("taken", "delivered >= 15", count("delivered", Comparison::AtLeast, 15.0)),
        ("no loss", "lost == 0", count("lost", Comparison::Equal, 0.0)),
        ("never deaf", "max(pause) <= 5s", silence),
    ] {
        let mut expect = expect(&plan, id, that, condition);
        expect.routes = vec![VITALS.0];
        plan.expects.push(expect);
    }
    plan
}

/// Twenty messages, a second apart; `end` says what becomes of each, and when.
fn run(hosts: u64, mut end: impl FnMut(MessageName, i64) -> Vec<Event>) -> RunReport {
    let plan = Arc::new(host_plan());
    let mut ledger = Ledger::new(Arc::clone(&plan), &registry(), LedgerLimits::default());
    for sequence in 0..20 {
        let (name, at) = (MessageName { route: VITALS, sequence }, sequence.cast_signed() * SECOND);
        let said = Event::Said { name, intended: SimTime::from_nanos(at), wall_ns: at };
        for event in std::iter::once(said).chain(end(name, at)) {
            ledger.take(&event).unwrap();
        }
    }
    let endpoint = RadioEndpointReport { target: "broker".to_owned(), listen: "tcp://127.0.0.1:1".to_owned(), hosts };
    let radio = Some(RadioReport { endpoints: vec![endpoint], ..RadioReport::default() });
    let judgement = ledger.finish(&lag(20, 1));
    RunReport::new(&plan, &registry(), &judgement, &ReportInput { radio, ..sample_input() })
}

fn taken(name: MessageName, at: i64) -> Vec<Event> {
    vec![Event::Taken { name, at: at + 20_000_000 }]
}

fn given_up(name: MessageName, at: i64, was_sent: bool) -> Vec<Event> {
    vec![Event::GivenUp { name, at: at + 1, was_sent }]
}

fn verdicts(report: &RunReport) -> Vec<Verdict> {
    report.expect.iter().map(|expect| expect.verdict).collect()
}

#[test]
fn a_host_that_takes_everything_passes() {
    let report = run(1, |name, at| [taken(name, at), taken(name, at)].concat());
    assert_eq!((report.verdict, verdicts(&report)), (Verdict::Pass, vec![Verdict::Pass; 3]), "{:?}", report.reasons);
    let stream = &report.radio.as_ref().unwrap().hosts[0];
    assert_eq!((stream.path.as_str(), stream.target.as_str()), ("icu/1/mon/vitals", "broker"));
    assert_eq!((stream.said, stream.received, stream.again, stream.lost, stream.kept), (20, 20, 20, 0, 0));
    assert!((stream.longest_pause_s.unwrap() - 1.0).abs() < 1e-9, "{stream:?}");
    assert!((stream.delay_max_s.unwrap() - 0.02).abs() < 1e-9, "{stream:?}");
    assert_eq!(report.duplicates, 0, "a host may fetch again what it has");
}

#[test]
fn a_host_that_does_not_subscribe_again_fails() {
    let report = run(1, |name, at| if name.sequence < 8 { taken(name, at) } else { given_up(name, at, false) });
    assert_eq!(verdicts(&report), [Verdict::Fail, Verdict::Pass, Verdict::Fail], "{:?}", report.expect);
    assert_eq!((report.verdict, report.lost, report.dropped_declared), (Verdict::Fail, 0, 12));
    assert!((report.expect[2].value.unwrap() - 11.98).abs() < 1e-9, "{:?}", report.expect[2]);
}

#[test]
fn what_a_link_loses_or_a_host_never_reads_is_lost() {
    let report = run(1, |name, at| match name.sequence {
        0..16 => taken(name, at),
        16 => given_up(name, at, true),
        _ => Vec::new(),
    });
    assert_eq!(verdicts(&report), [Verdict::Pass, Verdict::Fail, Verdict::Pass], "{:?}", report.expect);
    let stream = &report.radio.as_ref().unwrap().hosts[0];
    assert_eq!((stream.received, stream.lost, stream.kept), (16, 1, 3));
}

#[test]
fn without_a_host_nothing_passes() {
    let report = run(0, |name, at| given_up(name, at, false));
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", report.reasons);
    assert!(report.reasons.iter().any(|reason| reason.contains("a Bluetooth host attached: 0 at broker")));
    let deaf = run(1, |name, at| given_up(name, at, false));
    assert_eq!(deaf.verdict, Verdict::Fail, "{:?}", deaf.reasons);
}
