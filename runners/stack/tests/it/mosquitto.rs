//! Mosquitto as a child process. Every test here is skipped, with a word on stderr, where it is not installed.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

use std::path::Path;
use std::{fs, thread};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use stack::{Broker, BrokerChoice, BrokerConfig, BrokerError, BrokerKind, Persistence, start};

use crate::behaviour::{self, numbered, session_after, stop_and_restart};
use crate::client::{Client, Session, VERSIONS, Version};

fn mosquitto(persistence: Persistence) -> Option<Box<dyn Broker>> {
    mosquitto_with(&BrokerConfig { persistence, ..BrokerConfig::default() })
}

#[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
fn mosquitto_with(config: &BrokerConfig) -> Option<Box<dyn Broker>> {
    match start(&BrokerChoice::Mosquitto, config) {
        Ok(broker) => Some(broker),
        Err(missing @ BrokerError::MosquittoMissing { .. }) => {
            eprintln!("skipped: {missing}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn is_running(process_id: u32) -> bool {
    Path::new(&format!("/proc/{process_id}")).exists()
}

/// Returns when the process is dead, though its parent has not asked for its status yet: state Z in proc(5).
fn kill_from_outside(process_id: u32) {
    kill_process(Pid::from_raw(process_id.cast_signed()).unwrap(), Signal::KILL).unwrap();
    while process_stat(process_id)[0] != "Z" {
        thread::yield_now();
    }
}

/// The fields of proc(5) that follow the name in parentheses: state, parent, process group ...
fn process_stat(process_id: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{process_id}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn messages_pass_between_versions() {
    let Some(broker) = mosquitto(Persistence::Memory) else { return };
    behaviour::messages_pass_between_versions(&*broker);
}

#[test]
fn outages_end_on_the_same_port() {
    let Some(mut broker) = mosquitto(Persistence::DISK) else { return };
    behaviour::outages_end_on_the_same_port(&mut *broker);
}

#[test]
fn a_session_on_disk_survives_a_stop() {
    for version in VERSIONS {
        let Some(mut broker) = mosquitto(Persistence::DISK) else { return };
        assert_eq!(session_after(&mut *broker, version, stop_and_restart), Some(numbered(5)), "{version:?}");
    }
}

#[test]
fn a_session_in_memory_ends_with_the_broker() {
    let Some(mut broker) = mosquitto(Persistence::Memory) else { return };
    assert_eq!(session_after(&mut *broker, Version::V4, stop_and_restart), None);
}

#[test]
fn a_kill_forgets_what_was_not_saved_yet() {
    let Some(mut broker) = mosquitto(Persistence::DISK) else { return };
    let after_kill = session_after(&mut *broker, Version::V4, |broker| {
        broker.kill().unwrap();
        broker.restart().unwrap();
    });
    assert_eq!(after_kill, None, "the first save is 10 s away");
}

#[test]
fn a_stop_right_after_the_start_still_saves() {
    let Some(mut broker) = mosquitto(Persistence::DISK) else { return };
    Client::connect(Version::V4, broker.address(), "owner", Session::Kept).leave();
    for _ in 0..10 {
        stop_and_restart(&mut *broker);
    }
    assert!(Client::connect(Version::V4, broker.address(), "owner", Session::Kept).session_present);
}

#[test]
fn a_long_queue_is_kept() {
    let Some(mut broker) = mosquitto(Persistence::Memory) else { return };
    behaviour::a_long_queue_is_kept(&mut *broker);
}

#[test]
fn no_child_is_left_behind() {
    let Some(broker) = mosquitto(Persistence::Memory) else { return };
    assert_eq!(broker.identity().kind, BrokerKind::Mosquitto);
    assert!(broker.identity().name.starts_with("mosquitto "), "{:?}", broker.identity());
    let process_id = broker.process_id().unwrap();
    assert!(is_running(process_id));
    drop(broker);
    assert!(!is_running(process_id));

    let broker = mosquitto(Persistence::Memory).unwrap();
    let process_id = broker.process_id().unwrap();
    let failing = thread::spawn(move || -> () { panic!("a run that fails while it owns {broker:?}") });
    assert!(failing.join().is_err());
    assert!(!is_running(process_id));
}

#[test]
fn an_end_that_nobody_asked_for_is_reported() {
    let Some(mut broker) = mosquitto(Persistence::Memory) else { return };
    for end in [<dyn Broker>::stop, <dyn Broker>::kill, <dyn Broker>::restart] {
        let mut client = Client::connect(Version::V4, broker.address(), "device", Session::Clean);
        kill_from_outside(broker.process_id().unwrap());
        client.await_close();
        match end(&mut *broker) {
            Err(BrokerError::MosquittoExited { status, .. }) => assert!(status.to_string().contains("SIGKILL")),
            other => panic!("expected MosquittoExited, got {other:?}"),
        }
        broker.restart().unwrap();
    }
}

#[test]
fn a_failing_start_shows_the_log() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("mosquitto.db"), "this is no store of Mosquitto's").unwrap();
    let config = BrokerConfig {
        directory: Some(directory.path().to_owned()),
        persistence: Persistence::DISK,
        ..BrokerConfig::default()
    };
    match start(&BrokerChoice::Mosquitto, &config) {
        Err(error @ BrokerError::MosquittoExited { .. }) => {
            let message = error.to_string();
            assert!(message.contains("mosquitto.log"), "{message}");
            assert!(message.to_lowercase().contains("persistent database"), "{message}");
        }
        Err(BrokerError::MosquittoMissing { .. }) => {}
        other => panic!("expected MosquittoExited, got {other:?}"),
    }
}

/// A Ctrl-C at the terminal reaches the foreground process group; the broker has to outlive it until the run is over.
#[cfg(target_os = "linux")]
#[test]
fn the_child_has_a_process_group_of_its_own() {
    let Some(broker) = mosquitto(Persistence::Memory) else { return };
    let process_id = broker.process_id().unwrap();
    assert_eq!(process_stat(process_id)[2], process_id.to_string());
}

#[cfg(target_os = "linux")]
#[test]
fn the_child_may_open_as_many_descriptors_as_the_hard_limit_allows() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let hard = maximum.unwrap_or(u64::MAX);
    setrlimit(Resource::Nofile, Rlimit { current: Some(hard - 1), maximum }).unwrap();
    let broker = mosquitto(Persistence::Memory);
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
    let Some(broker) = broker else { return };
    let limits = fs::read_to_string(format!("/proc/{}/limits", broker.process_id().unwrap())).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let numbers: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(numbers[0], numbers[1], "soft and hard limit");
}
