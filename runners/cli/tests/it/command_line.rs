//! Exit codes and messages are part of the interface.

use std::fs;
use std::process::Stdio;

use crate::{command, iomt, result};

#[test]
fn the_help_teaches() {
    insta::assert_snapshot!(result(&["--help"]));
    insta::assert_snapshot!("run_help", result(&["run", "--help"]));
}

#[test]
fn lists_read_well() {
    insta::assert_snapshot!(result(&["actions", "net"]));
    insta::assert_snapshot!("oximeter", result(&["devices", "pulse_ox"]));
    insta::assert_snapshot!("temperatures", result(&["metrics", "temp"]));
}

#[test]
fn mistakes_exit_with_2_and_say_where() {
    for (arguments, expected) in [
        (&["check", "nowhere.toml"][..], "nowhere.toml: error: cannot read"),
        (&["run", "scenarios/library/quickstart.toml", "--set", "brokr=x"], "did you mean `broker`?"),
        (&["plan", "scenarios/library/quickstart.toml", "--only", "desta"], "did you mean `desat`?"),
        (&["record", "scenarios/library/quickstart.toml", "--out", "unused", "--length", "7"], "has no unit"),
        (&["fingerprint", "scenarios/library/quickstart.toml", "--tick", "250ms"], "multiple of 100 ms"),
        (&["frobnicate"], "unrecognized subcommand"),
    ] {
        let output = iomt(arguments);
        let message = String::from_utf8_lossy(&output.stderr).replace(['\n', '│'], " ");
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[test]
fn what_cannot_be_printed_is_an_error() {
    for arguments in [&["reference"][..], &["schema"], &["actions"], &["completions", "bash"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let status = command(arguments).stdout(full).stderr(Stdio::null()).status().expect("the program starts");
        assert_eq!(status.code(), Some(6), "{arguments:?}");
    }
}

#[test]
fn a_dead_port_exits_with_3_and_leaves_the_reason() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let out = folder.path().join("out").display().to_string();
    let run = ["run", "scenarios/library/quickstart.toml", "--set", "broker=mqtt://127.0.0.1:1", "--out", &out];
    let output = iomt(&run);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let mut left: Vec<String> = fs::read_dir(folder.path().join("out"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["junit.xml", "report.html"]);
}

#[test]
fn a_run_in_virtual_time_is_judged() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let scenario = folder.path().join("virtual.toml");
    fs::write(
        &scenario,
        r#"
format = 1
scenario = "virtual"
[time]
mode = "virtual"
length = "2m"
[target.broker]
kind = "mqtt"
url = "embedded"
[link.lan]
carrier = "mqtt"
to = "broker"
topic = "${device.serial}/${stream}"
[[cohort]]
id = "ward"
count = 3
patient = { model = "adult_ward" }
[[cohort.device]]
id = "pump"
kind = "infusion_pump"
link = "lan"
[[step]]
id = "start"
at = "10s"
on = "ward/2/pump"
do = "cmd.send"
with = { op = "set_rate", args = { rate_ml_h = 5 } }
[[expect]]
id = "everything arrives"
that = "delivered.ratio == 100%"
"#,
    )
    .expect("writable");
    let out = folder.path().join("out");
    let output = iomt(&["run", &scenario.display().to_string(), "--out", &out.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let report = fs::read_to_string(out.join("run.json")).expect("run.json is there");
    let report: serde_json::Value = serde_json::from_str(&report).expect("run.json is JSON");
    assert_eq!(report["verdict"], "pass");
    assert_eq!(report["commands"]["applied"], 1);
    assert_eq!(report["sent"], report["delivered"]);
    for file in ["junit.xml", "report.html", "lost.csv"] {
        assert!(out.join(file).exists(), "{file}");
    }
}
