//! The announced size of a recording against what is written.

use std::fs;
use std::path::Path;

use recorder::Estimate;
use session::{Interrupt, Recording, Silent};

/// What the estimate may be off by, as it says of itself.
const FACTOR: f64 = 1.5;

const HEAD: &str = r#"
format   = 1
scenario = "sizes"
seed     = 3
[time]
mode   = "virtual"
length = "LENGTH"
[target.broker]
url = "embedded"
[link.lan]
to    = "broker"
topic = "sizes/${patient.id}/${device}/${stream}"
[[cohort]]
id      = "a"
count   = 2
patient = { PATIENT }
"#;

fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable"));
    entries
        .map(|entry| match entry.metadata().expect("readable") {
            metadata if metadata.is_dir() => bytes_in(&entry.path()),
            metadata => metadata.len(),
        })
        .sum()
}

/// Estimated and written bytes of a recording.
fn sizes(length: &str, patient: &str, kinds: &[&str], with_edf: bool) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("temporary folder");
    let devices = kinds
        .iter()
        .map(|kind| format!("  [[cohort.device]]\n  id = \"{kind}\"\n  kind = \"{kind}\"\n  link = \"lan\"\n"));
    let text = HEAD.replace("LENGTH", length).replace("PATIENT", patient) + &devices.collect::<String>();
    let file = folder.path().join("sizes.toml");
    fs::write(&file, text).expect("writable");
    let mut registry = session::standard_registry();
    let run = session::Run::load(file, &mut registry).expect("a scenario without faults");
    let plan = run.plan();
    let everyone = 0..plan.roster.patients.len();
    let estimate = Estimate::of(plan, everyone.clone(), &registry, with_edf);
    let out = folder.path().join("out");
    let recording = Recording { plan, patients: everyone, with_edf, threads: 1 };
    recording.write(&out, &registry, &Interrupt::default(), &Silent).expect("a recording");
    (estimate.bytes, bytes_in(&out) as f64)
}

#[test]
fn announced_sizes_are_near_what_is_written() {
    let adult = r#"model = "adult_ward""#;
    let child = r#"model = "t1d_child", circulation = false"#;
    for (length, patient, kinds, with_edf) in [
        ("5m", adult, &["pulse_oximeter"][..], false),
        ("2m", adult, &["bedside_monitor"], false),
        ("2m", adult, &["bedside_monitor"], true),
        ("2d", child, &["insulin_pump", "cgm"], false),
        ("10m", r#"model = "t1d_adult""#, &["cgm"], false),
    ] {
        let (estimated, written) = sizes(length, patient, kinds, with_edf);
        let factor = (estimated / written).max(written / estimated);
        assert!(factor < FACTOR, "{length} of {kinds:?}: {estimated} bytes announced, {written} written");
    }
}
