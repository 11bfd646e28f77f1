//! A vendor's carrier from outside: messages into a list in memory, commands out of it, in both kinds of time.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use carriers::{
    Carrier, CarrierError, CarrierEvent, CarrierStats, Carry, CommandArrival, Heard, Opening, OtherEnd, Pace, Tell,
    Time,
};
use probes::{Inspect, Look, Sighting};
use session::{Error, Run};
use sim_core::{AddressSpec, CarrierChecks, CarrierKind, Executor, Outbound, Plugin, ProbeKind, Registry, SimId, Span};

/// Topic and payload of everything that was carried.
static STORE: Mutex<Vec<(String, Bytes)>> = Mutex::new(Vec::new());

/// What the vendor adds.
struct Vendor;

impl Plugin for Vendor {
    fn name(&self) -> &'static str {
        "vendor"
    }

    fn register(&self, registry: &mut Registry) {
        registry.add(CarrierKind {
            name: "list",
            about: "messages into a list",
            address: AddressSpec {
                schemes: &["list"],
                words: &[],
                example: "list:NAME",
                is_broker: false,
                check: |_| Ok(()),
            },
            link_keys: &[],
            link_parameters: Vec::new(),
            target_parameters: Vec::new(),
            checks: CarrierChecks::NONE,
            acknowledges: true,
            takes_commands: true,
            takes_link_faults: false,
            watched_by: Some("list"),
            executor: Executor::new(Carry(open)),
        });
        registry.add(ProbeKind {
            name: "list",
            about: "looks at the list",
            takes_filters: false,
            tells_topics: true,
            watches: &["list"],
            parameters: Vec::new(),
            executor: Executor::new(Inspect(|_| {
                let seen = STORE.lock().expect("nobody panics").len();
                Ok(Box::new(Reader { seen }))
            })),
        });
    }
}

/// Looks at the list.
struct Reader {
    seen: usize,
}

impl Look for Reader {
    fn look(&mut self, now_ns: i64) -> Vec<Sighting> {
        let store = STORE.lock().expect("nobody panics");
        let new = store[self.seen..].iter();
        let sightings = new.map(|(topic, payload)| Sighting::publication(topic.clone(), payload.clone(), now_ns));
        let sightings = sightings.collect();
        self.seen = store.len();
        sightings
    }
}

/// What is due, and what was said to devices and by them.
struct State {
    waiting: Vec<(i64, Outbound)>,
    commands: Vec<(i64, String, Bytes)>,
    arrived: Vec<CommandArrival>,
    heard: Vec<Heard>,
    stats: CarrierStats,
}

impl State {
    fn turn(&mut self, now_ns: i64, topics: &[String], command_topics: &[(String, SimId)]) -> Vec<CarrierEvent> {
        let mut events = Vec::new();
        self.waiting.sort_by_key(|(due_ns, _)| *due_ns);
        let due = self.waiting.partition_point(|(due_ns, _)| *due_ns <= now_ns);
        for (due_ns, message) in self.waiting.drain(..due) {
            let Outbound { route, sequence, payload, .. } = message;
            STORE.lock().expect("nobody panics").push((topics[route.index()].clone(), payload));
            events.push(CarrierEvent::Sent { route, sequence, at: now_ns, attempt: 1 });
            events.push(CarrierEvent::Acked { route, sequence, at: now_ns });
            self.stats.lag_us.saturating_record((now_ns - due_ns).max(0) as u64 / 1_000);
        }
        self.commands.sort_by_key(|(at_ns, ..)| *at_ns);
        let due = self.commands.partition_point(|(at_ns, ..)| *at_ns <= now_ns);
        for (_, topic, payload) in self.commands.drain(..due) {
            let (_, device) = command_topics.iter().find(|(own, _)| *own == topic).expect("a device's topic");
            events.push(CarrierEvent::Command { device: *device, payload: payload.clone(), at: now_ns });
            self.arrived.push(CommandArrival { device: *device, payload, at: now_ns });
        }
        events
    }
}

/// The connections to one list.
struct List {
    devices: Vec<SimId>,
    topics: Arc<Vec<String>>,
    command_topics: Arc<Vec<(String, SimId)>>,
    pace: Pace,
    state: Arc<Mutex<State>>,
    tell: Tell,
    now_ns: i64,
    /// The clockwork on the wall, and how it is stopped.
    clockwork: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

#[expect(clippy::unnecessary_wraps, reason = "a carrier may refuse to open")]
fn open(opening: Opening<'_>) -> Result<Box<dyn Carrier>, CarrierError> {
    let Opening { plan, devices, time, tell, .. } = opening;
    let (Time::Wall { pace, .. } | Time::Virtual { pace, .. }) = time;
    let endpoint = |device: &SimId| (plan.endpoints[device.index()].command_topic.clone(), *device);
    let state = State {
        waiting: Vec::new(),
        commands: Vec::new(),
        arrived: Vec::new(),
        heard: Vec::new(),
        stats: CarrierStats::default(),
    };
    let mut list = List {
        devices: devices.to_vec(),
        topics: Arc::new(plan.deliveries.iter().map(|delivery| delivery.topic.clone()).collect()),
        command_topics: Arc::new(devices.iter().map(endpoint).collect()),
        pace,
        state: Arc::new(Mutex::new(state)),
        tell,
        now_ns: i64::MIN,
        clockwork: None,
    };
    if let Time::Wall { pace, .. } = time {
        let stop = Arc::new(AtomicBool::new(false));
        let (topics, command_topics) = (Arc::clone(&list.topics), Arc::clone(&list.command_topics));
        let (state, tell, stopped) = (Arc::clone(&list.state), Arc::clone(&list.tell), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let events = state.lock().expect("nobody panics").turn(pace.now_ns(), &topics, &command_topics);
                tell(events);
                thread::sleep(Duration::from_millis(1));
            }
        });
        list.clockwork = Some((stop, thread));
    }
    Ok(Box::new(list))
}

impl List {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics")
    }
}

impl Carrier for List {
    fn has(&self, device: SimId) -> bool {
        self.devices.contains(&device)
    }

    fn submit(&mut self, batch: Vec<Outbound>) -> Result<(), CarrierError> {
        let due = batch.into_iter().map(|message| (self.pace.wall_ns(message.due()), message));
        self.state().waiting.extend(due);
        Ok(())
    }

    fn wait_online(&mut self, _: Duration) -> Result<usize, CarrierError> {
        Ok(self.devices.len())
    }

    fn next_ns(&self) -> i64 {
        let state = self.state();
        let due = state.waiting.iter().map(|(due_ns, _)| *due_ns);
        due.chain(state.commands.iter().map(|(at_ns, ..)| *at_ns)).min().unwrap_or(i64::MAX)
    }

    fn advance_to(&mut self, until_ns: i64) {
        while self.next_ns() <= until_ns {
            self.now_ns = self.now_ns.max(self.next_ns());
            let events = self.state().turn(self.now_ns, &self.topics, &self.command_topics);
            (self.tell)(events);
        }
        self.now_ns = until_ns;
    }

    fn finish(&mut self, _: Span) -> Result<CarrierStats, CarrierError> {
        if let Some((stop, thread)) = self.clockwork.take() {
            stop.store(true, Ordering::Relaxed);
            thread.join().map_err(|_| CarrierError::Ended)?;
        }
        let waiting = std::mem::take(&mut self.state().waiting);
        let never_left = waiting.into_iter().map(|(_, Outbound { route, sequence, .. })| CarrierEvent::Pending {
            route,
            sequence,
            sent: false,
        });
        (self.tell)(never_left.collect());
        let stats = self.state().stats.clone();
        Ok(stats)
    }

    fn identity(&self) -> String {
        "a list".to_owned()
    }

    fn other_end(&mut self) -> Option<&mut dyn OtherEnd> {
        Some(self)
    }

    fn take_commands(&mut self) -> Vec<CommandArrival> {
        std::mem::take(&mut self.state().arrived)
    }

    fn reply(&mut self, _: SimId, payload: Bytes) -> Result<(), CarrierError> {
        let at = if self.clockwork.is_some() { self.pace.now_ns() } else { self.now_ns };
        self.state().heard.push(Heard { listener: 0, topic: String::new(), payload, at });
        Ok(())
    }
}

impl OtherEnd for List {
    fn listen(&mut self, _: Vec<String>) -> usize {
        0
    }

    fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.state().heard)
    }

    fn publish_at(&mut self, at_ns: i64, topic: String, payload: Bytes) {
        self.state().commands.push((at_ns, topic, payload));
    }
}

const SCENARIO: &str = r#"
format   = 1
scenario = "list"
seed     = 3

[time]
mode   = "MODE"
length = "6s"
drain  = "1s"

[target.store]
url = "list:store"

[link.own]
carrier = "list"
to      = "store"
topic   = "two/${patient.id}/${device}/${stream}"

[[cohort]]
id      = "a"
count   = 2
patient = { model = "adult_icu" }

  [[cohort.device]]
  id   = "pump"
  kind = "infusion_pump"
  link = "own"

[[step]]
id   = "rate"
at   = "2s"
on   = "a/1/pump"
do   = "cmd.send"
with = { op = "set_rate", args = { rate_ml_h = 5 } }

[[expect]]
id   = "complete"
that = "delivered.ratio == 100%"
"#;

#[test]
fn a_vendors_carrier_delivers_messages_and_commands_in_both_kinds_of_time() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();
    registry.add_plugin(&Vendor);
    assert_eq!(registry.check(), Ok(()));
    for mode in ["virtual", "real"] {
        let file = folder.path().join("list.toml");
        fs::write(&file, SCENARIO.replace("MODE", mode)).expect("writable");
        let before = STORE.lock().expect("nobody panics").len();
        let outcome = Run::load(&file, &mut registry)?.run()?;
        let report = &outcome.report;
        assert_eq!(report.exit_code, 0, "{mode}: {}", outcome.summary(&[], session::Look::default()));
        assert!(report.generated >= 4, "{mode}");
        let carried = STORE.lock().expect("nobody panics").len() - before;
        assert_eq!((carried as u64, report.delivered), (report.generated, report.generated), "{mode}");
        assert_eq!(report.targets[0].identity, "a list");
    }
    Ok(())
}
