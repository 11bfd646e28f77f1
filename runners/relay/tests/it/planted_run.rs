//! A run with a relay in front of its broker, and what was planted beside what was reported.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;

use relay::{Fault, MessageName, Planted, Relay, RelayPlan};
use session::{Outcome, Run};
use stack::{BrokerChoice, BrokerConfig};
use verify::ExpectReport;

/// A few oximeters, and an expectation for each way in which a message can fare badly.
const SCENARIO: &str = r#"
format   = 1
scenario = "planted"
seed     = 23

[time]
mode   = "real"
length = "LENGTH"
drain  = "3s"

[target.broker]
url = "URL"

[link.lan]
to      = "broker"
topic   = "planted/${cohort}/${patient}/${device}/${stream}"
qos     = 1
session = { clean = false, backoff = "fixed", backoff_initial = "200ms", backoff_longest = "200ms" }

[probe.wire]
to     = "broker"
filter = "planted/#"

[[cohort]]
id      = "a"
count   = 4
patient = { model = "adult_ward" }

  [[cohort.device]]
  id     = "oxi"
  kind   = "pulse_oximeter"
  link   = "lan"
  stream = { spo2 = "CADENCE" }

[[expect]]
id     = "lost"
that   = "lost(acked) == 0"
always = true

[[expect]]
id     = "duplicates"
that   = "duplicates == 0"
always = true

[[expect]]
id     = "out of order"
that   = "out_of_order == 0"
always = true

[[expect]]
id     = "corrupted"
that   = "corrupted == 0"
always = true

[[expect]]
id     = "invented"
that   = "invented == 0"
always = true

[[expect]]
id     = "identity"
that   = "identity.mismatch == 0"
always = true

[[expect]]
id     = "slow"
that   = "max(latency.e2e) <= 1s"
always = true
"#;

/// What was planted, and what was reported.
#[derive(Debug)]
pub(crate) struct PlantedRun {
    pub(crate) planted: Vec<Planted>,
    pub(crate) outcome: Outcome,
}

impl PlantedRun {
    /// Runs the scenario, with one of `every` messages of each stream hit by a fault.
    pub(crate) fn run(fault: Fault, every: u64) -> Self {
        // A delay must neither reorder nor fall among the delays of a busy machine.
        let (cadence, length, sequences) = match fault {
            Fault::Delay(_) => ("2s", "12s", 2..5),
            _ => ("500ms", "8s", 2..14),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let broker = stack::start(&BrokerChoice::Mosquitto, &BrokerConfig::default()).unwrap();
        let address: SocketAddr = format!("127.0.0.1:{}", broker.address().port).parse().unwrap();
        let plan = RelayPlan { fault, every, sequences, watchers: "iomt-probe-".to_owned() };
        let relay = Relay::start(address, plan, runtime.handle()).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("planted.toml");
        let url = format!("mqtt://{}", relay.address());
        let scenario = SCENARIO.replace("URL", &url).replace("CADENCE", cadence).replace("LENGTH", length);
        fs::write(&file, scenario).unwrap();
        let mut registry = session::standard_registry();
        let outcome = Run::load(file, &mut registry).unwrap().run().unwrap();
        Self { planted: relay.planted(), outcome }
    }

    /// Names of the messages that were hit.
    pub(crate) fn hit(&self) -> BTreeSet<(String, u64)> {
        self.planted.iter().map(|planted| name(&planted.message)).collect()
    }

    /// Names of the messages that they seemed to be.
    pub(crate) fn apparent(&self) -> BTreeSet<(String, u64)> {
        self.planted.iter().map(|planted| name(planted.apparent())).collect()
    }

    /// Names of the messages that are listed as lost.
    pub(crate) fn lost(&self) -> BTreeSet<(String, u64)> {
        self.outcome.lost.rows.iter().map(|row| (row.path.clone(), row.sequence)).collect()
    }

    /// An expectation by its id.
    pub(crate) fn expect(&self, id: &str) -> &ExpectReport {
        self.outcome.report.expect.iter().find(|expect| expect.id == id).unwrap()
    }

    /// Names of the messages that speak against an expectation, as far as they are listed.
    pub(crate) fn named(&self, id: &str) -> BTreeSet<(String, u64)> {
        let examples = self.expect(id).counterexamples.iter();
        examples.map(|example| (example.path.clone(), example.sequence.unwrap())).collect()
    }
}

/// As reports name it: the topic is the path, behind a prefix.
fn name(message: &MessageName) -> (String, u64) {
    (message.topic.trim_start_matches("planted/").to_owned(), message.sequence)
}
