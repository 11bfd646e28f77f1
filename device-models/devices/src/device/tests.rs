use std::sync::{Arc, Mutex};

use bevy_ecs::prelude::*;
use bytes::BytesMut;
use sim_core::{
    Arguments, Cadence, Command, DevicePlan, FormatSpec, Observer, PatientPlan, PatientSpec, Registry, ReplyStatus,
    Roster, Route, RouteId, Said, Sim, SimId, SimTime, Span, StreamPlan,
};
use vocabulary::{DeviceIdentity, Format, KeyError, Message, MessageKey, PatientIdentity, Reading, Value, metrics};

use super::*;

const TURNED: EventStream = EventStream("turned");
const FORGOTTEN: EventStream = EventStream("forgotten");

/// Counts seconds; a command turns it back, but not twice.
#[derive(Debug, Default, Component)]
struct Tally {
    seconds: u32,
    turned: bool,
}

impl DeviceModel for Tally {
    type Patient = ();
    type Parts = ();
    type Room = ();
}

impl Tally {
    fn count(&mut self, _: Watching<'_, Self>) {
        self.seconds += 1;
    }

    fn tell(&mut self, mut watching: Watching<'_, Self>) {
        if self.turned
            && let Some(mut message) = watching.event(TURNED)
        {
            message.reading(Reading::number(metrics::STEPS, f64::from(self.seconds)));
        }
    }

    fn say(&mut self, mut saying: Saying<'_, Self>) {
        saying.message.reading(Reading::number(metrics::STEPS, f64::from(self.seconds)));
    }

    fn turn_back(&mut self, _: &Order<'_>) -> Result<(), String> {
        if std::mem::replace(&mut self.turned, true) {
            return Err("turned already".to_owned());
        }
        self.seconds = 0;
        Ok(())
    }

    fn forget(_: &mut Self, mut watching: Watching<'_, Self>) {
        watching.event(FORGOTTEN);
    }
}

fn tally() -> DeviceKind<Tally> {
    DeviceKind::new("tally", "counts seconds", |_| Ok(Tally::default()))
        .watch(When::Every(Span::from_secs(1)), Tally::count)
        .watch(When::Changed, Tally::tell)
        .values("tally", "seconds", 2_000, &[metrics::STEPS], Tally::say)
        .event(TURNED, "when turned back", &[metrics::STEPS])
        .announced()
        .command("turn_back", "begins anew", Vec::new(), Tally::turn_back)
}

/// Writes nothing.
#[derive(Debug)]
struct Nothing;

impl Format for Nothing {
    fn encode(&self, _: &Message<'_>, _: &mut BytesMut) {}

    fn key<'p>(&self, _: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        Err(KeyError::Absent)
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }
}

/// Instant [s], stream and sequence number of every message, and its first number.
type Told = Arc<Mutex<Vec<(f64, String, u64, Option<f64>)>>>;

struct Listener(Told);

impl Observer for Listener {
    fn observe(&mut self, said: &Said<'_>, message: &Message<'_>) {
        let number = message.readings.iter().find_map(|reading| match reading.value {
            Value::Number(number) => Some(number),
            _ => None,
        });
        let heard = (said.intended.seconds(), message.stream.to_owned(), message.sequence, number);
        self.0.lock().expect("one thread").push(heard);
    }
}

/// One patient with one device of the kind.
fn ward(kind: DeviceKind<Tally>) -> (Sim, Told) {
    let mut registry = Registry::new();
    kind.register(&mut registry);
    registry.add(PatientSpec {
        model: "nobody",
        about: "",
        parameters: Vec::new(),
        truth: &[],
        spawn: |world, _, _, _| Ok(world.spawn_empty().id()),
    });
    registry.add(FormatSpec::fixed("nothing", "", Arc::new(Nothing)));
    let spec = registry.device("tally").expect("registered");
    let cadences = [Cadence::Periodic { period: Span::from_secs(2) }, Cadence::OnEvent, Cadence::OnEvent];
    let streams = spec.streams.iter().zip(cadences).enumerate().map(|(kind_index, (stream, cadence))| StreamPlan {
        id: stream.id.to_owned(),
        kind_index,
        cadence,
        route: RouteId(kind_index as u32),
    });
    let streams: Vec<StreamPlan> = streams.collect();
    let route = |stream| Route { device: SimId(0), stream, format: "nothing".to_owned() };
    let roster = Roster {
        seed: 1,
        start_epoch_ns: 0,
        whole_waveforms: false,
        patients: vec![PatientPlan {
            path: "ward/1".to_owned(),
            cohort: "ward".to_owned(),
            number: 1,
            patient_id: "ward-0001".to_owned(),
            identity: PatientIdentity::default(),
            model: "nobody".to_owned(),
            arguments: Arguments::default(),
            zone: std::sync::Arc::new(sim_core::Zone::utc()),
            devices: 0..1,
        }],
        routes: (0..streams.len() as u16).map(route).collect(),
        devices: vec![DevicePlan {
            path: "ward/1/tally".to_owned(),
            id: "tally".to_owned(),
            patient: SimId(0),
            kind: "tally".to_owned(),
            serial: "1".to_owned(),
            identity: DeviceIdentity::default(),
            options: Arguments::default(),
            link: 0,
            aligned: true,
            streams,
        }],
        ..Roster::default()
    };
    let mut sim = Sim::new(&registry, &Arc::new(roster), &Arc::new(Vec::new()), 0..1).expect("a world");
    let told = Told::default();
    sim.observe(Box::new(Listener(Arc::clone(&told))));
    (sim, told)
}

fn at(seconds: i64) -> SimTime {
    SimTime::ZERO + Span::from_secs(seconds)
}

fn turn_back(id: &str) -> Command {
    Command { device: SimId(0), id: id.to_owned(), op: "turn_back".to_owned(), arguments: Arguments::default() }
}

#[test]
fn a_device_watches_speaks_and_obeys() {
    let (mut sim, told) = ward(tally());
    sim.advance_to(at(3));
    for id in ["first", "second"] {
        sim.inject(turn_back(id));
    }
    sim.advance_to(at(7));
    let statuses: Vec<_> = sim.take_replies().into_iter().map(|reply| (reply.status, reply.reason)).collect();
    assert_eq!(statuses, [(ReplyStatus::Applied, None), (ReplyStatus::Refused, Some("turned already".to_owned()))]);
    let mut told = told.lock().expect("one thread").clone();
    let announced = told.remove(0);
    assert_eq!((announced.0, announced.1.as_str(), announced.2), (0.0, "status", 0));
    assert!(announced.3.is_some_and(|battery_percent| battery_percent > 50.0), "{announced:?}");
    let said = |at_s, stream: &str, sequence, number| (at_s, stream.to_owned(), sequence, Some(number));
    let expected = [
        said(0.0, "tally", 0, 1.0),
        said(2.0, "tally", 1, 3.0),
        // The watch of the second comes before that of the change.
        said(3.0, "turned", 0, 1.0),
        said(4.0, "tally", 2, 2.0),
        said(6.0, "tally", 3, 4.0),
    ];
    assert_eq!(told, expected);
}

#[test]
#[should_panic(expected = "device kind `tally` declares no event stream `forgotten`")]
fn an_event_that_is_not_declared_is_a_fault_of_the_model() {
    let (mut sim, _) = ward(tally().watch(When::Every(Span::from_secs(1)), Tally::forget));
    sim.advance_to(at(1));
}
