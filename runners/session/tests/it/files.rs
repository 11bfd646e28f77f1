//! Messages carried into a file, and seen there, in real and in virtual time.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use session::{Consumer, Error, Run};
use verify::Event;

/// Two oximeters that write a file for four seconds.
fn scenario(folder: &Path, mode: &str, target: &Path, probe: &str) -> PathBuf {
    let file = folder.join(format!("{mode}.toml"));
    let target = target.display();
    let text = format!(
        r#"
format   = 1
scenario = "file"
seed     = 3

[time]
mode   = "{mode}"
length = "4s"
drain  = "1s"

[target.log]
url = "file:{target}"

[link.disk]
carrier = "file"
to      = "log"
topic   = "two/${{patient.id}}/${{device}}/${{stream}}"

{probe}

[[cohort]]
id      = "a"
count   = 2
patient = {{ model = "adult_ward" }}

  [[cohort.device]]
  id   = "oxi"
  kind = "pulse_oximeter"
  link = "disk"

[[expect]]
id   = "complete"
that = "delivered.ratio == 100%"
"#
    );
    fs::write(&file, text).expect("writable");
    file
}

#[test]
fn every_message_is_a_line_that_is_seen() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let target = folder.path().join("out/messages.jsonl");
    let mut registry = session::standard_registry();
    let mut lines_before = 0;
    for mode in ["virtual", "real"] {
        // The second run finds the lines of the first, which are not its own.
        let outcome = Run::load(scenario(folder.path(), mode, &target, ""), &mut registry)?.run()?;
        assert_eq!(outcome.report.exit_code, 0, "{mode}: {}", outcome.summary(&[], session::Look::default()));
        assert!(outcome.report.generated >= 8, "{mode}");
        let lines = fs::read_to_string(&target).expect("written").lines().count();
        assert_eq!((lines - lines_before) as u64, outcome.report.generated, "{mode}");
        lines_before = lines;
    }
    Ok(())
}

#[test]
fn equal_runs_in_virtual_time_write_equal_files() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();
    let mut write = |name: &str| -> Result<String, Error> {
        let target = folder.path().join(name);
        Run::load(scenario(folder.path(), "virtual", &target, ""), &mut registry)?.run()?;
        Ok(fs::read_to_string(target).expect("written"))
    };
    let (first, second) = (write("a.jsonl")?, write("b.jsonl")?);
    assert!(first.starts_with(r#"{"at_ms":17672256"#), "{first}");
    assert_eq!(first, second);
    Ok(())
}

/// Somebody who takes a line away as soon as it is written, before anybody has looked.
struct Thief {
    file: PathBuf,
    written: usize,
}

impl Consumer for Thief {
    fn take(&mut self, event: &Event) {
        if matches!(event, Event::Acked { .. }) {
            self.written += 1;
            if self.written == 3 {
                let text = fs::read_to_string(&self.file).expect("readable");
                let kept: Vec<&str> = text.lines().collect();
                let kept = kept[..kept.len() - 1].iter().map(|line| format!("{line}\n"));
                fs::write(&self.file, kept.collect::<String>()).expect("writable");
            }
        }
    }
}

#[test]
fn a_line_that_somebody_takes_away_is_lost() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let target = folder.path().join("messages.jsonl");
    let mut registry = session::standard_registry();
    let run = Run::load(scenario(folder.path(), "virtual", &target, ""), &mut registry)?;
    let outcome = run.consumer(Box::new(Thief { file: target, written: 0 })).run()?;
    assert_eq!(outcome.report.exit_code, 1, "{}", outcome.summary(&[], session::Look::default()));
    assert_eq!((outcome.lost.total, outcome.report.generated - outcome.report.delivered), (1, 1));
    Ok(())
}

/// Copies whole lines from one file to another until told to stop, all but the third.
fn copy_lines(from: &Path, to: &Path, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let text = fs::read_to_string(from).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).enumerate();
        let copied: String = whole.filter(|(number, _)| *number != 2).map(|(_, line)| line).collect();
        // What is there grows and is never shorter than before.
        let there = fs::read_to_string(to).unwrap_or_default();
        if copied.len() > there.len() {
            use std::io::Write;
            let file = fs::OpenOptions::new().append(true).create(true).open(to);
            file.and_then(|mut file| file.write_all(&copied.as_bytes()[there.len()..])).expect("writable");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_stack_that_drops_a_line_between_two_files_is_found_out() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (target, ingested) = (folder.path().join("messages.jsonl"), folder.path().join("ingested.jsonl"));
    let probe = format!("[probe.ingest]\nkind = \"file\"\nto = \"log\"\nwith = {{ path = {ingested:?} }}");
    let file = scenario(folder.path(), "real", &target, &probe);
    let stop = Arc::new(AtomicBool::new(false));
    let stack = {
        let stop = Arc::clone(&stop);
        thread::spawn(move || copy_lines(&target, &ingested, &stop))
    };
    let mut registry = session::standard_registry();
    let outcome = Run::load(file, &mut registry)?.run();
    stop.store(true, Ordering::Relaxed);
    stack.join().expect("the stack does not panic");
    let outcome = outcome?;
    assert_eq!(outcome.report.exit_code, 1, "{}", outcome.summary(&[], session::Look::default()));
    assert_eq!((outcome.lost.total, outcome.report.generated - outcome.report.delivered), (1, 1));
    Ok(())
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_before_anything_is_said() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();
    let occupied = folder.path().join("occupied");
    fs::write(&occupied, "a file is no folder").expect("writable");
    for mode in ["virtual", "real"] {
        let file = scenario(folder.path(), mode, &occupied.join("messages.jsonl"), "");
        let error = Run::load(file, &mut registry).and_then(Run::run).err();
        let Some(Error::Unreachable { target, reason }) = &error else { panic!("{mode}: {error:?}") };
        assert_eq!(target, "log");
        assert!(reason.contains("occupied/messages.jsonl cannot be"), "{reason}");
    }
}
