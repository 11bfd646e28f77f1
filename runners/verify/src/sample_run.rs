//! A small fixed scenario for the tests of this crate: a ward of monitors, a hole in the network, an imperfect broker.

use std::collections::BTreeMap;
use std::sync::Arc;

use hdrhistogram::Histogram;
use scenarios::{
    Backoff, BackoffKind, Comparison, Condition, Delivery, Endpoint, ExpectPlan, LinkPlan, OutboxFull, OutboxPlan,
    Plan, ProbePlan, Protocol, ReportPlan, SessionPlan, Severity, Statistic, TargetPlan, TimeMode, TimePlan, Will,
};
use sim_core::{
    ActionSpec, Arguments, Cadence, DevicePlan, DurationRule, Evidence, Executor, Level, MetricShape, Occurrence,
    OccurrenceId, PatientPlan, Registry, Roster, Route, RouteId, SimId, SimTime, Span, StreamPlan, Subject,
};
use vocabulary::{DeviceIdentity, Dimension, PatientIdentity, Sighting};

use crate::{CommandCounts, ConnectionCounts, Judgement, Ledger, LedgerLimits, ReportInput, RunReport, TargetReport};

impl Ledger {
    /// A probe received these bytes.
    pub(crate) fn observed(&mut self, probe: usize, topic: &str, payload: &[u8], at: i64, retained: bool) {
        self.sighted(probe, &Sighting::publication(topic, payload.to_vec(), at).retained(retained));
    }
}

/// One second [ns].
pub(crate) const SECOND: i64 = 1_000_000_000;

/// Length of the run [s].
pub(crate) const LENGTH_S: i64 = 120;

/// Streams of every device: the first asks for acknowledgements, the second does not.
pub(crate) const STREAMS: [(&str, u8); 2] = [("vitals", 1), ("ecg", 0)];

/// An expectation over all routes and the judged window.
pub(crate) fn expect(plan: &Plan, id: &str, that: &str, condition: Condition) -> ExpectPlan {
    let routes = (0..plan.roster.routes.len() as u32).collect();
    let window = SimTime::ZERO..SimTime::from_nanos(LENGTH_S * SECOND);
    ExpectPlan { location: "ward.toml:30".to_owned(), ..ExpectPlan::new(id, that, condition, routes, window) }
}

/// `metric == 0`, or with another comparison.
pub(crate) fn count(metric: &str, comparison: Comparison, bound: f64) -> Condition {
    let (metric, argument) = match metric.strip_suffix("(acked)") {
        Some(metric) => (metric, Some("acked".to_owned())),
        None => (metric, None),
    };
    Condition { statistic: None, metric: metric.to_owned(), argument, shape: MetricShape::Count, comparison, bound }
}

/// `p(metric) <= bound` with a share for the percentile and seconds for the bound.
pub(crate) fn percentile(metric: &str, share: f64, bound_s: f64) -> Condition {
    Condition {
        statistic: Some(Statistic::Percentile(share)),
        metric: metric.to_owned(),
        argument: None,
        shape: MetricShape::Distribution(Dimension::Time),
        comparison: Comparison::AtMost,
        bound: bound_s * 1e9,
    }
}

/// A plan of so many beds with one monitor each, without expectations and steps.
pub(crate) fn plan(beds: u32) -> Plan {
    let mut roster = Roster { seed: 42, ..Roster::default() };
    let mut deliveries = Vec::new();
    for index in 0..beds {
        let number = index + 1;
        let mut streams = Vec::new();
        for (position, (stream, qos)) in STREAMS.into_iter().enumerate() {
            let route = RouteId(roster.routes.len() as u32);
            streams.push(StreamPlan {
                id: stream.to_owned(),
                kind_index: position,
                cadence: Cadence::Periodic { period: Span::from_secs(1) },
                route,
            });
            let format = "vendor-json".to_owned();
            roster.routes.push(Route { device: SimId(index), stream: position as u16, format });
            deliveries.push(Delivery { topic: format!("ward/{number}/mon/{stream}"), qos, retain: false });
        }
        roster.patients.push(PatientPlan {
            path: format!("icu/{number}"),
            cohort: "icu".to_owned(),
            number,
            patient_id: format!("icu-{number:04}"),
            identity: PatientIdentity::default(),
            model: "adult".to_owned(),
            arguments: Arguments::default(),
            zone: std::sync::Arc::new(sim_core::Zone::utc()),
            devices: index as usize..index as usize + 1,
        });
        roster.devices.push(DevicePlan {
            path: format!("icu/{number}/mon"),
            id: "mon".to_owned(),
            patient: SimId(index),
            kind: "bedside_monitor".to_owned(),
            serial: serial(index),
            identity: DeviceIdentity::default(),
            options: Arguments::default(),
            link: 0,
            aligned: true,
            streams,
        });
    }
    let endpoint = |device: &DevicePlan| Endpoint {
        client_id: format!("iomt-{}", device.serial),
        command_topic: format!("ward/{}/mon/cmd", device.patient.0 + 1),
        reply_topic: format!("ward/{}/mon/ack", device.patient.0 + 1),
        will: Some(Will {
            topic: format!("ward/{}/mon/vitals", device.patient.0 + 1),
            body: "offline".to_owned(),
            qos: 1,
            retain: false,
            delay: Span::ZERO,
        }),
        auth: None,
        token: None,
        certificate: None,
    };
    Plan {
        scenario: "ward".to_owned(),
        about: "six monitors, and the wireless network of two of them fails for half a minute".to_owned(),
        file: "ward.toml".to_owned(),
        seed: 42,
        time: TimePlan {
            mode: TimeMode::Real,
            zone: std::sync::Arc::new(sim_core::Zone::utc()),
            start_epoch_ns: None,
            warmup: Span::from_secs(10),
            length: Span::from_secs(LENGTH_S),
            drain: Span::from_secs(10),
        },
        targets: vec![TargetPlan {
            id: "broker".to_owned(),
            carrier: "mqtt".to_owned(),
            url: "mosquitto".to_owned(),
            arguments: sim_core::Arguments::default(),
            auth: None,
            token: None,
        }],
        hosts: Vec::new(),
        links: vec![link()],
        endpoints: roster.devices.iter().map(endpoint).collect(),
        deliveries,
        roster: Arc::new(roster),
        air: Arc::default(),
        occurrences: Arc::new(Vec::new()),
        probes: vec![ProbePlan {
            id: "wire".to_owned(),
            target: 0,
            kind: "subscribe".to_owned(),
            arguments: sim_core::Arguments::default(),
            is_filtered: true,
            filters: vec!["ward/#".to_owned()],
            qos: 1,
            topics: None,
        }],
        expects: Vec::new(),
        report: ReportPlan { dir: "out/ward".to_owned(), labels: BTreeMap::new() },
    }
}

fn link() -> LinkPlan {
    LinkPlan {
        carrier: scenarios::Carrier::Connection,
        id: "wifi".to_owned(),
        over: "mqtt".to_owned(),
        target: 0,
        format: "vendor-json".to_owned(),
        arguments: sim_core::Arguments::default(),
        qos: 1,
        protocol: Some(Protocol::V311),
        mqtt5: None,
        session: Some(SessionPlan {
            clean: true,
            expiry: Span::ZERO,
            keep_alive: Span::from_secs(30),
            backoff: Backoff { kind: BackoffKind::Fixed, initial: Span::from_secs(1), longest: Span::from_secs(1) },
            inflight: 100,
        }),
        outbox: Some(OutboxPlan { messages: 1000, full: OutboxFull::DropOldest }),
        auth: None,
    }
}

fn serial(device: u32) -> String {
    format!("SN-{device:04}")
}

/// What a device says.
pub(crate) fn payload(device: u32, stream: &str, sequence: u64) -> Vec<u8> {
    format!(
        r#"{{"v":1,"d":"{}","st":"{stream}","s":{sequence},"t":{},"m":{{"hr":61}}}}"#,
        serial(device),
        sequence * 1000
    )
    .into_bytes()
}

/// A histogram of lags: so many messages, all this late.
pub(crate) fn lag(messages: u64, nanos: u64) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).expect("three digits are within 0..=5");
    histogram.record_n(nanos, messages).expect("a histogram that grows takes every delay");
    histogram
}

/// The registry's rows that the sample run needs.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.add_plugin(&formats::Formats);
    crate::register(&mut registry);
    registry.add(ActionSpec {
        name: "net.cut",
        about: "cuts a link",
        level: Level::Link,
        executor: Executor::signal(|_, _| {}),
        parameters: Vec::new(),
        duration: DurationRule::Required,
        evidence: &["links_cut"],
        heal: "the link is back",
        stack_should: "carry on",
    });
    registry
}

/// Beds whose network fails in the sample run, and when [s].
const CUT: (std::ops::Range<u32>, i64, i64) = (3..5, 40, 70);

/// The sample plan: one step, and expectations that pass, fail and stay open.
pub(crate) fn sample_plan() -> Plan {
    let mut plan = plan(6);
    plan.occurrences = Arc::new(vec![Occurrence {
        step: "wifi_hole".to_owned(),
        repetition: 0,
        action: "net.cut".to_owned(),
        start: SimTime::from_nanos(CUT.1 * SECOND),
        end: Some(SimTime::from_nanos(CUT.2 * SECOND)),
        arguments: Arguments::default(),
        subjects: CUT.0.map(|device| Subject::Device(SimId(device))).collect(),
    }]);
    plan.report.labels.insert("req".to_owned(), "SRS-41".to_owned());
    let judged = SimTime::from_nanos(10 * SECOND);
    let mut expects = vec![
        expect(&plan, "steady latency", "p99(latency.e2e) <= 500ms", percentile("latency.e2e", 0.99, 0.5)),
        expect(
            &plan,
            "delivery",
            "delivered.ratio >= 98%",
            Condition {
                statistic: None,
                metric: "delivered.ratio".to_owned(),
                argument: None,
                shape: MetricShape::Share,
                comparison: Comparison::AtLeast,
                bound: 0.98,
            },
        ),
        expect(&plan, "acknowledged is never lost", "lost(acked) == 0", count("lost(acked)", Comparison::Equal, 0.0)),
        expect(&plan, "right patient", "identity.mismatch == 0", count("identity.mismatch", Comparison::Equal, 0.0)),
        expect(&plan, "few copies", "duplicates <= 0", count("duplicates", Comparison::AtMost, 0.0)),
        expect(&plan, "long after", "p50(latency.ack) <= 1s", percentile("latency.ack", 0.5, 1.0)),
        expect(&plan, "alarms", "alarm.stale == 0", count("alarm.stale", Comparison::Equal, 0.0)),
    ];
    for (line, expect) in expects.iter_mut().enumerate() {
        expect.from = judged;
        expect.location = format!("ward.toml:{}", 30 + 5 * line);
    }
    expects[2].always = true;
    expects[4].severity = Severity::Info;
    expects[5].from = SimTime::from_nanos(LENGTH_S * SECOND);
    expects[5].to = SimTime::from_nanos(2 * LENGTH_S * SECOND);
    expects[6].severity = Severity::Info;
    plan.expects = expects;
    plan
}

/// The sample run: two beds are cut off, one message is lost after its acknowledgement, some without, one is seen twice.
pub(crate) fn sample_judgement(plan: &Arc<Plan>) -> Judgement {
    let mut ledger = Ledger::new(Arc::clone(plan), &registry(), LedgerLimits::default());
    let devices = plan.roster.devices.len() as u32;
    for second in 0..LENGTH_S {
        let sequence = second.unsigned_abs();
        let cut = (CUT.1..CUT.2).contains(&second);
        ledger.connections(second * SECOND, if cut { 4 } else { 6 });
        for device in 0..devices {
            let is_cut = cut && CUT.0.contains(&device);
            for (position, (stream, qos)) in STREAMS.into_iter().enumerate() {
                let route = RouteId(device * STREAMS.len() as u32 + position as u32);
                let bytes = payload(device, stream, sequence);
                let intended = second * SECOND;
                ledger
                    .generated(route, sequence, SimTime::from_nanos(intended), intended, &bytes)
                    .expect("sequences ascend");
                if is_cut && qos == 0 && second < 45 {
                    ledger.dropped(route, sequence, CUT.2 * SECOND);
                    continue;
                }
                let sent = if is_cut { CUT.2 * SECOND + intended / 1000 } else { intended + 150_000 };
                ledger.sent(route, sequence, sent);
                if qos == 1 {
                    ledger.acked(route, sequence, sent + 800_000);
                }
                let lost = (device, second) == (4, 41) && qos == 1 || device == 2 && second == 90 && qos == 0;
                if lost {
                    continue;
                }
                let jitter = i64::from(device) * 70_000 + second % 7 * 110_000;
                ledger.observed(0, &plan.deliveries[route.index()].topic, &bytes, sent + 900_000 + jitter, false);
                if (device, second) == (1, 17) && qos == 1 {
                    ledger.observed(0, &plan.deliveries[route.index()].topic, &bytes, sent + 2_000_000, false);
                }
            }
        }
    }
    ledger.finish(&lag(1440, 400_000))
}

/// What the runner says about the sample run.
pub(crate) fn sample_input() -> ReportInput {
    let mut evidence = Evidence::default();
    evidence.add(OccurrenceId(0), "links_cut", 2);
    evidence.add(OccurrenceId(0), "bytes_held", 18_230);
    ReportInput {
        tool: "iomt 0.1.0".to_owned(),
        run: "ward-42-1".to_owned(),
        reproduce: "iomt run ward.toml --seed 42".to_owned(),
        plan_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        started_epoch_ns: 1_767_225_600 * SECOND,
        wall_ns: 124 * SECOND,
        drain_ns: 4 * SECOND,
        reached: SimTime::from_nanos(LENGTH_S * SECOND),
        interrupted: false,
        cpu: 2,
        targets: vec![TargetReport {
            id: "broker".to_owned(),
            url: "mosquitto".to_owned(),
            identity: "mosquitto 2.0.11".to_owned(),
        }],
        evidence,
        connections: ConnectionCounts {
            planned: 6,
            made: 8,
            ended: BTreeMap::from([("cut".to_owned(), 2)]),
            failed: BTreeMap::from([("refused".to_owned(), 31)]),
            whom: BTreeMap::from([
                ("refused".to_owned(), vec![SimId(1), SimId(3), SimId(4)]),
                ("a command subscription: 0x87 (not authorized)".to_owned(), vec![SimId(3)]),
            ]),
            refused: BTreeMap::from([("a command subscription: 0x87 (not authorized)".to_owned(), 1)]),
            given_up: BTreeMap::from([("outbox full, oldest dropped".to_owned(), 96)]),
            reconnect_time: lag(2, 700_000_000),
            connect_time: lag(8, 1_200_000),
            resent: 3,
            bytes_out: 171_000,
            bytes_in: 2_900,
            ..ConnectionCounts::default()
        },
        commands: CommandCounts { received: 3, applied: 2, malformed: 1, answered: 3, ..CommandCounts::default() },
        rss_bytes: Some(12_897_485),
        rss_before_bytes: Some(12_000_000),
        radio: None,
        vitals: Vec::new(),
        doubts: Vec::new(),
        harm: Vec::new(),
    }
}

/// The sample run's report.
pub(crate) fn sample_report() -> RunReport {
    let plan = Arc::new(sample_plan());
    let judgement = sample_judgement(&plan);
    RunReport::new(&plan, &registry(), &judgement, &sample_input())
}
