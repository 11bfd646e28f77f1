//! Virtual time gives each message the fate that it has in real time against a broker.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use session::{Consumer, Error, Run};
use sim_core::{SimTime, Span};
use verify::{Event, MessageName};

/// Cuts of all kinds, for devices that keep more than they may and for devices that keep less.
const SCENARIO: &str = r#"
format   = 1
scenario = "fates"
seed     = 9

[time]
mode   = "MODE"
length = "8s"
drain  = "3s"

[target.broker]
url = "BROKER"

[link.sure]
to      = "broker"
topic   = "fates/${run}/${patient.id}/${device}/${stream}"
qos     = 1
session = { clean = false, backoff = "fixed", backoff_initial = "300ms", backoff_longest = "300ms" }
outbox  = { messages = 1000, full = "drop_oldest" }

[link.tight]
to      = "broker"
topic   = "fates/${run}/${patient.id}/${device}/${stream}"
qos     = 0
session = { clean = true, backoff = "exp_jitter", backoff_initial = "200ms", backoff_longest = "1s" }
outbox  = { messages = 6, full = "drop_newest" }

[[cohort]]
id      = "fin"
count   = 3
patient = { model = "adult_ward" }

  [[cohort.device]]
  id     = "sure"
  kind   = "pulse_oximeter"
  link   = "sure"
  stream = { spo2 = "200ms" }

  [[cohort.device]]
  id     = "tight"
  kind   = "pulse_oximeter"
  link   = "tight"
  stream = { spo2 = "200ms" }

[[cohort]]
id      = "rst"
count   = 3
patient = { model = "adult_ward" }

  [[cohort.device]]
  id     = "sure"
  kind   = "pulse_oximeter"
  link   = "sure"
  stream = { spo2 = "200ms" }

  [[cohort.device]]
  id     = "tight"
  kind   = "pulse_oximeter"
  link   = "tight"
  stream = { spo2 = "200ms" }

[[cohort]]
id      = "silent"
count   = 2
patient = { model = "adult_ward" }

  [[cohort.device]]
  id     = "sure"
  kind   = "pulse_oximeter"
  link   = "sure"
  stream = { spo2 = "200ms" }

  [[cohort.device]]
  id     = "tight"
  kind   = "pulse_oximeter"
  link   = "tight"
  stream = { spo2 = "200ms" }

[[cohort]]
id      = "whole"
count   = 1
patient = { model = "adult_ward" }

  [[cohort.device]]
  id     = "sure"
  kind   = "pulse_oximeter"
  link   = "sure"
  stream = { spo2 = "200ms" }

  [[cohort.device]]
  id     = "tight"
  kind   = "pulse_oximeter"
  link   = "tight"
  stream = { spo2 = "200ms" }

[[step]]
id   = "closed"
at   = "2.1s"
on   = "fin/*/*"
do   = "net.cut"
with = { how = "fin" }
for  = "2s"

[[step]]
id   = "reset"
at   = "2.1s"
on   = "rst/*/*"
do   = "net.cut"
with = { how = "rst" }
for  = "2s"

[[step]]
id   = "stalled"
at   = "2.1s"
on   = "silent/*/*"
do   = "net.cut"
with = { how = "silent" }
for  = "2s"

[[expect]]
id       = "how much arrives"
that     = "delivered.ratio == 100%"
severity = "info"
"#;

/// Begin and heal of the cuts, and the longest wait of a backoff after the heal.
const EDGES: [Span; 2] = [Span::from_millis(2_100), Span::from_millis(4_100)];
/// How long after an edge a message may fare otherwise: a round trip, and for reconnecting devices their longest wait.
const AROUND: Span = Span::from_millis(1_300);

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Fate {
    written: bool,
    acked: bool,
    dropped: bool,
}

#[derive(Debug, Default)]
struct Fates {
    said: BTreeMap<MessageName, SimTime>,
    fates: BTreeMap<MessageName, Fate>,
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Fates>>);

impl Consumer for Recorder {
    fn take(&mut self, event: &Event) {
        let mut all = self.0.lock().expect("no consumer panics");
        match event {
            Event::Generated { message, .. } => {
                let name = MessageName { route: message.route, sequence: message.sequence };
                all.said.insert(name, message.intended);
                all.fates.insert(name, Fate::default());
            }
            Event::Written { name, .. } => all.fates.entry(*name).or_default().written = true,
            Event::Acked { name, .. } => all.fates.entry(*name).or_default().acked = true,
            Event::Dropped { name, .. } => all.fates.entry(*name).or_default().dropped = true,
            _ => {}
        }
    }
}

/// The fates of a run, its counts, and the evidence of its steps.
fn run(folder: &Path, mode: &str, broker: &str) -> Result<(Fates, verify::RunReport), Error> {
    let file = folder.join(format!("{mode}.toml"));
    fs::write(&file, SCENARIO.replace("MODE", mode).replace("BROKER", broker)).expect("writable");
    let mut registry = session::standard_registry();
    let recorder = Recorder::default();
    let outcome = Run::load(file, &mut registry)?.consumer(Box::new(recorder.clone())).run()?;
    let fates = std::mem::take(&mut *recorder.0.lock().expect("no consumer panics"));
    Ok((fates, outcome.report))
}

#[test]
fn cuts_have_the_same_effect_in_virtual_time_as_against_a_broker() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (virtually, virtual_report) = run(folder.path(), "virtual", "embedded")?;
    let (again, _) = run(folder.path(), "virtual", "embedded")?;
    assert_eq!(virtually.fates, again.fates, "equal runs in virtual time are equal");
    let (really, real_report) = run(folder.path(), "real", "embedded")?;
    assert_eq!(virtually.said, really.said);

    for (name, fate) in &really.fates {
        let intended = really.said[name];
        if virtually.fates[name] != *fate {
            let near = EDGES.iter().any(|edge| {
                let since = intended - (SimTime::ZERO + *edge);
                -Span::from_millis(200).nanos() <= since.nanos() && since <= AROUND
            });
            assert!(near, "{name:?} at {intended:?}: {:?} virtually, {fate:?} really", virtually.fates[name]);
        }
    }

    // Something has happened in both, and to the same steps.
    let lost: BTreeSet<bool> = virtually.fates.values().map(|fate| fate.dropped).collect();
    assert_eq!(lost, BTreeSet::from([false, true]), "the tight outboxes overflow");
    for report in [&virtual_report, &real_report] {
        assert!(report.steps.iter().all(|step| step.effective), "{:?}", report.steps);
        assert_eq!(report.lost_acked, 0);
    }
    Ok(())
}
