//! A registry with a few rows of each kind; nothing behind them is ever run.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use bytes::BytesMut;
use radio_plan::{BluetoothKind, GatewayFormatSpec};
use sim_core::{
    ActionSpec, AddressSpec, Arguments, CarrierChecks, CarrierKind, CommandAction, CommandSpec, DevicePlan, DeviceSpec,
    DurationRule, Executor, ExpectMetricSpec, FormatSource, FormatSpec, Level, MetricShape, Obey, ParameterKind,
    ParameterSpec, PatientPlan, PatientSpec, ProbeKind, Reach, Registry, Request, Sampled, Seam, SignalAct, SimId,
    Spawn, SpawnError, StreamKind, StreamSpec, TruthColumn,
};
use vocabulary::{Dimension, Format, FormatFlaw, KeyError, Message, MessageKey, MetricId, metrics};

pub(crate) fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.extend(actions()).extend(devices()).extend(patients()).extend(metrics());
    registry
        .extend(["vendor-json", "senml"].map(|name| FormatSpec::fixed(name, "a payload format", Arc::new(NoBytes))));
    registry.add(lines());
    registry.extend(["gateway-json", "theengs"].map(|name| GatewayFormatSpec {
        name,
        about: "a payload format of gateways",
        encode: |_, _| {},
        reader: Arc::new(NoBytes),
    }));
    registry.extend(["heart_rate_belt", "thermometer"].map(BluetoothKind));
    registry.add(ProbeKind {
        name: "subscribe",
        about: "a subscriber",
        takes_filters: true,
        tells_topics: true,
        watches: &["mqtt"],
        parameters: Vec::new(),
        executor: Executor::new(Watch),
    });
    registry.add(ProbeKind {
        name: "store",
        about: "what the stack has stored",
        takes_filters: false,
        tells_topics: false,
        watches: &[],
        parameters: vec![ParameterSpec::required("file", ParameterKind::Text, "where it is stored")],
        executor: Executor::new(Watch),
    });
    registry.add(mqtt());
    registry
}

fn mqtt() -> CarrierKind {
    CarrierKind {
        name: "mqtt",
        about: "connections to a broker",
        address: AddressSpec {
            schemes: &["mqtt"],
            words: &["embedded", "mosquitto"],
            example: "mqtt://host:1883",
            is_broker: true,
            check: |url| {
                let refused = url.starts_with("mqtts:");
                if refused { Err("`mqtts://` is not supported yet; use `mqtt://`".to_owned()) } else { Ok(()) }
            },
        },
        link_keys: &["qos", "retain", "protocol", "client_id", "session", "outbox", "will", "auth"],
        link_parameters: Vec::new(),
        target_parameters: Vec::new(),
        checks: CarrierChecks::NONE,
        acknowledges: true,
        takes_commands: true,
        takes_link_faults: true,
        watched_by: Some("subscribe"),
        executor: Executor::new(Watch),
    }
}

#[derive(Debug)]
struct NoBytes;

impl Format for NoBytes {
    fn encode(&self, _: &Message<'_>, _: &mut BytesMut) {}

    fn key<'p>(&self, _: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        Err(KeyError::Absent)
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }
}

struct Link;

impl Seam for Link {
    const WORD: &'static str = "link";
    const REACH: Reach = Reach::Connection;
}

struct Radio;

impl Seam for Radio {
    const WORD: &'static str = "radio";
    const REACH: Reach = Reach::Radio;
}

struct Watch;

impl Seam for Watch {
    const WORD: &'static str = "probe";
}

struct Actor;

impl Seam for Actor {
    const WORD: &'static str = "actor";
}

fn no_action(_: &mut World, _: &SignalAct<'_>) {}

fn no_device(_: &mut World, _: SimId, plan: &DevicePlan, _: Entity) -> Result<Entity, SpawnError> {
    Err(SpawnError { path: plan.path.clone(), reason: "only a row".to_owned() })
}

fn no_patient(_: &mut World, _: SimId, plan: &PatientPlan, _: u64) -> Result<Entity, SpawnError> {
    Err(SpawnError { path: plan.path.clone(), reason: "only a row".to_owned() })
}

fn as_written(arguments: &Arguments) -> Request {
    Request { op: arguments.text("op").unwrap_or_default().to_owned(), arguments: Arguments::default() }
}

fn action(
    name: &'static str,
    level: Level,
    executor: Executor,
    duration: DurationRule,
    parameters: Vec<ParameterSpec>,
) -> ActionSpec {
    ActionSpec {
        name,
        about: "an action",
        level,
        executor,
        parameters,
        duration,
        evidence: &["things"],
        heal: "stops",
        stack_should: "notice",
    }
}

fn actions() -> Vec<ActionSpec> {
    use DurationRule::{Instant, Optional, Required};
    use ParameterKind::{Choice, Flag, Number, Quantity, Table, Text, Texts};
    let signal = || Executor::signal(no_action);
    vec![
        action(
            "physio.desaturation",
            Level::Patient,
            signal(),
            Optional,
            vec![
                ParameterSpec::optional("to", Quantity(Dimension::Percent), "saturation")
                    .default("82 %")
                    .range(50.0, 100.0),
                ParameterSpec::optional("ramp", Quantity(Dimension::Time), "time to get there").default("90s"),
            ],
        ),
        action(
            "sensor.motion",
            Level::Stream,
            signal(),
            Required,
            vec![ParameterSpec::optional("severity", Number, "how strong").default("0.5").range(0.0, 1.0)],
        ),
        action(
            "sensor.lead_off",
            Level::Stream,
            signal(),
            Optional,
            vec![
                ParameterSpec::optional("leads", Texts, "which"),
                ParameterSpec::optional("flag", Flag, "whether the device tells").default("true"),
            ],
        ),
        action(
            "net.cut",
            Level::Link,
            Executor::new(Link),
            Required,
            vec![ParameterSpec::optional("how", Choice(&["fin", "rst", "silent"]), "how").default("silent")],
        ),
        action(
            "net.delay",
            Level::Link,
            Executor::new(Link),
            Optional,
            vec![
                ParameterSpec::required("delay", Quantity(Dimension::Time), "how long"),
                ParameterSpec::optional("jitter", Quantity(Dimension::Time), "more").default("0s"),
            ],
        ),
        action(
            "cmd.send",
            Level::Device,
            Executor::new(CommandAction(as_written)),
            Instant,
            vec![ParameterSpec::required("op", Text, "operation"), ParameterSpec::optional("args", Table, "arguments")],
        ),
        action(
            "ble.loss",
            Level::Link,
            Executor::new(Radio),
            Required,
            vec![ParameterSpec::optional("p", Quantity(Dimension::Ratio), "share").default("20 %").range(0.0, 1.0)],
        ),
        action(
            "gw.crash",
            Level::Gateway,
            Executor::new(Radio),
            Optional,
            vec![ParameterSpec::optional("restart", Quantity(Dimension::Time), "time to come back").default("60s")],
        ),
        action("stack.restart", Level::Target, Executor::new(Actor), Optional, Vec::new()),
    ]
}

fn devices() -> Vec<DeviceSpec> {
    vec![
        DeviceSpec {
            kind: "bedside_monitor",
            about: "monitor at the bed",
            streams: vec![
                stream("vitals", StreamKind::Numeric { period_ms: 1000 }, &[metrics::HR, metrics::SPO2]),
                stream(
                    "ecg",
                    StreamKind::Wave { rate_mhz: 250_000, samples: 250, highest_mhz: 1_000_000 },
                    &[metrics::ECG_II],
                ),
                stream("alarm", StreamKind::Event, &[]),
            ],
            options: vec![
                ParameterSpec::optional("averaging", ParameterKind::Quantity(Dimension::Time), "averaging time")
                    .default("8s")
                    .range(2e9, 16e9),
            ],
            commands: Vec::new(),
            spawn: Spawn::new(no_device),
        },
        DeviceSpec {
            kind: "infusion_pump",
            about: "syringe pump",
            streams: vec![stream("status", StreamKind::Numeric { period_ms: 5000 }, &[metrics::INF_RATE])],
            options: vec![ParameterSpec::optional("drug", ParameterKind::Text, "what is in it").default("saline")],
            commands: vec![CommandSpec {
                alternatives: Vec::new(),
                op: "set_rate",
                about: "changes the rate",
                parameters: vec![ParameterSpec::required("rate", ParameterKind::Quantity(Dimension::Flow), "rate")],
                obey: Obey::new(|_, _, _| Ok(())),
            }],
            spawn: Spawn::new(no_device),
        },
        bluetooth_device(
            "heart_rate_belt",
            vec![stream("hr", StreamKind::Numeric { period_ms: 1000 }, &[metrics::HR])],
        ),
        bluetooth_device("thermometer", vec![stream("temperature", StreamKind::Event, &[])]),
    ]
}

fn bluetooth_device(kind: &'static str, streams: Vec<StreamSpec>) -> DeviceSpec {
    DeviceSpec {
        kind,
        about: "a device that speaks Bluetooth",
        streams,
        options: Vec::new(),
        commands: Vec::new(),
        spawn: Spawn::new(no_device),
    }
}

fn stream(id: &'static str, kind: StreamKind, metrics: &[MetricId]) -> StreamSpec {
    StreamSpec { id, about: "a stream", kind, metrics: metrics.to_vec(), choice: None }
}

fn patients() -> Vec<PatientSpec> {
    let adult = |model| PatientSpec {
        model,
        about: "an adult",
        parameters: vec![
            ParameterSpec::optional("age", ParameterKind::Number, "age [years]")
                .default("normal(60, 15)")
                .range(18.0, 95.0),
            ParameterSpec::optional("weight", ParameterKind::Quantity(Dimension::Mass), "body mass")
                .default("75 kg")
                .range(30.0, 200.0),
            ParameterSpec::optional("children", ParameterKind::Count, "how many").range(0.0, 10.0),
            ParameterSpec::optional("conditions", ParameterKind::Table, "illnesses"),
        ],
        truth: &[TruthColumn { name: "hr", unit: "/min" }],
        spawn: no_patient,
    };
    vec![adult("adult_icu"), adult("adult_ward")]
}

fn metrics() -> Vec<ExpectMetricSpec> {
    let metric = |name, shape, arguments| {
        let executor = Executor::new(Actor);
        let sampled = |argument: Option<&str>| match argument {
            Some(_) => Sampled::Acknowledgements,
            None => Sampled::Messages,
        };
        ExpectMetricSpec { name, about: "a metric", shape, arguments, sampled, executor }
    };
    vec![
        metric("lost", MetricShape::Count, &["acked"]),
        metric("duplicates", MetricShape::Count, &[]),
        metric("delivered.ratio", MetricShape::Share, &[]),
        metric("latency.e2e", MetricShape::Distribution(Dimension::Time), &[]),
    ]
}

/// A format that is made from parameters: the line between two words.
fn lines() -> FormatSpec {
    FormatSpec {
        name: "lines",
        about: "lines of text",
        is_public: true,
        source: FormatSource::Made {
            parameters: vec![
                ParameterSpec::optional("text", ParameterKind::Text, "what stands between serial and stream")
                    .default(","),
                ParameterSpec::optional("file", ParameterKind::File, "a file that holds it"),
                ParameterSpec::optional("most", ParameterKind::Count, "most octets").default("1000").range(1.0, 1000.0),
            ],
            variables: &[("serial", "serial number of the device")],
            make: |arguments| {
                let parameter = if arguments.text("file").is_some() { "file" } else { "text" };
                let between = arguments.text(parameter).unwrap_or_default();
                let flaws: Vec<FormatFlaw> = between
                    .match_indices('!')
                    .map(|(at, _)| FormatFlaw { parameter: Some(parameter), at, reason: "`!` shouts".to_owned() })
                    .collect();
                if flaws.is_empty() { Ok(Arc::new(Lines { between: between.to_owned() })) } else { Err(flaws) }
            },
        },
    }
}

#[derive(Debug)]
struct Lines {
    between: String,
}

impl Format for Lines {
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
        let line = format!("{}{}{}", message.device_serial, self.between, message.stream);
        out.extend_from_slice(line.as_bytes());
    }

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        let line = std::str::from_utf8(payload).unwrap_or_default();
        let unreadable = || KeyError::Unreadable { reason: "there is no comma".to_owned() };
        let (serial, stream) = line.split_once(',').ok_or_else(unreadable)?;
        let (device_serial, stream) = (serial.into(), stream.into());
        Ok(MessageKey { device_serial, patient_id: None, stream, sequence: None, device_time_ms: None })
    }

    fn read_by(&self) -> Option<&'static str> {
        Some("text")
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }
}
