//! A run in a few lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bevy_ecs::prelude::{Component, Res};
use device_models::devices::device::{DeviceKind, DeviceModel, Saying};
use session::{Consumer, Error, Run};
use sim_core::{Clock, Phase, SimTime, Span};
use verify::{Event, MessageName};
use vocabulary::{Reading, metrics};

/// A scenario file with two oximeters for four seconds.
fn scenario(folder: &Path, mode: &str, expectation: &str) -> PathBuf {
    let file = folder.join("two.toml");
    let text = format!(
        r#"
format   = 1
scenario = "two"
seed     = 3

[time]
mode   = "{mode}"
length = "4s"

[target.broker]
url = "embedded"

[link.lan]
to    = "broker"
topic = "two/${{patient.id}}/${{device}}/${{stream}}"
qos   = 1

[[cohort]]
id      = "a"
count   = 2
patient = {{ model = "adult_ward" }}

  [[cohort.device]]
  id   = "oxi"
  kind = "pulse_oximeter"
  link = "lan"

[[expect]]
id   = "complete"
that = "{expectation}"
"#
    );
    fs::write(&file, text).expect("writable");
    file
}

#[test]
fn a_run_is_a_few_lines() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = scenario(folder.path(), "real", "delivered.ratio == 100%");

    let mut registry = session::standard_registry();
    let outcome = Run::load(file, &mut registry)?.run()?;

    assert_eq!(outcome.report.exit_code, 0, "{}", outcome.summary(&[], session::Look::default()));
    assert!(outcome.report.generated >= 8);
    assert_eq!(outcome.report.delivered, outcome.report.generated);
    assert_eq!(outcome.lost.total, 0);
    Ok(())
}

#[test]
fn a_broken_expectation_is_a_verdict_and_a_broken_file_an_error() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();

    let outcome = Run::load(scenario(folder.path(), "virtual", "delivered.ratio == 50%"), &mut registry)?.run()?;
    assert_eq!(outcome.report.exit_code, 1);

    let error = Run::load(scenario(folder.path(), "someday", "delivered.ratio == 50%"), &mut registry).err();
    assert!(matches!(error, Some(Error::Diagnostics(_))), "{error:?}");
    Ok(())
}

/// Keeps the kinds of events of each message.
#[derive(Default, Clone)]
struct Fates(Arc<Mutex<BTreeMap<MessageName, Vec<&'static str>>>>);

impl Consumer for Fates {
    fn take(&mut self, event: &Event) {
        let (name, what) = match event {
            Event::Generated { message, .. } => {
                (MessageName { route: message.route, sequence: message.sequence }, "generated")
            }
            Event::Written { name, .. } => (*name, "written"),
            Event::Acked { name, .. } => (*name, "acked"),
            _ => return,
        };
        self.0.lock().expect("no consumer panics").entry(name).or_default().push(what);
    }
}

#[test]
fn every_message_is_generated_before_it_is_written_and_acknowledged() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();
    for mode in ["virtual", "real"] {
        let fates = Fates::default();
        let run = Run::load(scenario(folder.path(), mode, "delivered.ratio == 100%"), &mut registry)?;
        let outcome = run.consumer(Box::new(fates.clone())).run()?;
        let fates = fates.0.lock().expect("no consumer panics");
        assert_eq!(fates.len() as u64, outcome.report.generated);
        for (name, what) in fates.iter() {
            assert_eq!(what, &["generated", "written", "acked"], "{mode}: {name:?}");
        }
    }
    Ok(())
}

/// A model with a fault.
fn fails_after_a_second(clock: Res<Clock>) {
    assert!(clock.now.nanos() < 1_000_000_000, "the model divides by its own humours");
}

#[test]
fn a_model_that_panics_ends_the_run_with_an_error() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();
    registry.add_system(Phase::Sample, fails_after_a_second);
    let file = scenario(folder.path(), "virtual", "delivered.ratio == 100%");
    let error = Run::load(file, &mut registry).and_then(Run::run).err();
    let Some(Error::Panicked(error)) = &error else { panic!("{error:?}") };
    assert_eq!(error.at, SimTime::ZERO + Span::from_secs(1));
    assert_eq!(error.path, None, "a system of the whole ward is nobody's");
    assert_eq!(error.words, "the model divides by its own humours");
}

/// A device with a fault.
#[derive(Debug, Default, Component)]
struct Moody {
    said: u32,
}

impl DeviceModel for Moody {
    type Patient = ();
    type Parts = ();
    type Room = ();
}

impl Moody {
    fn say(&mut self, mut saying: Saying<'_, Self>) {
        assert!(saying.clock.now.nanos() < 1_000_000_000, "out of humour");
        self.said += 1;
        saying.message.reading(Reading::number(metrics::STEPS, f64::from(self.said)));
    }
}

#[test]
fn a_device_that_panics_is_named_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();
    DeviceKind::new("moody", "speaks while in humour", |_| Ok(Moody::default()))
        .values("mood", "what it says", 200, &[metrics::STEPS], Moody::say)
        .register(&mut registry);
    let file = scenario(folder.path(), "virtual", "delivered.ratio == 100%");
    let text = fs::read_to_string(&file).expect("readable").replace("pulse_oximeter", "moody");
    // As many as make a thread of their own worth its while.
    fs::write(&file, text.replace("count   = 2", "count   = 600")).expect("writable");
    for threads in [1, 2, 3] {
        let error = Run::load(&file, &mut registry).and_then(|run| run.threads(threads).run()).err();
        let Some(Error::Panicked(error)) = &error else { panic!("{error:?}") };
        assert_eq!(error.path.as_deref(), Some("a/1/oxi"), "{threads} threads");
        assert!(error.words.contains("out of humour"), "{error}");
    }
}
