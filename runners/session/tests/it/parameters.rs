//! What carriers and probes are told in `with`, and the files named there, are looked at before anything is sent.

use std::collections::BTreeMap;

use scenarios::{Settings, Texts, load};
use session::standard_registry;

const SCENARIO: &str = r#"
format   = 1
scenario = "doors"

[time]
mode   = "MODE"
length = "4s"

[target.api]
url  = "https://127.0.0.1:1/a"
with = { ca = "key.pem", issuer = "ca.pem", issuer_key = "locked.key", bearer_file = "token" }

[target.up]
url  = "http://127.0.0.1:1/a/../b"

[target.engine]
url  = "mllp://127.0.0.1:1"

[link.post]
carrier = "http"
to      = "api"
topic   = "a/../${device.serial}/${stream}"
with    = { window = 0, timeout = "0s", headers = ["no colon", "X-Ward: ${device.serial}", "Host: x"] }

[link.late]
carrier = "http"
to      = "api"
topic   = "b/${device.serial}/${stream}"
with    = { retry_initial = "2s", retry_longest = "1s" }

[link.wide]
carrier = "http"
to      = "api"
topic   = "c/${device.serial}/${stream}"
with    = { window = 4 }

[link.hl7]
carrier = "mllp"
to      = "engine"
topic   = "d/${device.serial}/${stream}"
with    = { resend_on = ["ae", "AR"], attempts = 0 }

[probe.api]
kind = "http"
to   = "api"
with = { listen = "here", refuse_every = 1, delay = "-1s" }

[[cohort]]
id      = "a"
count   = 2
patient = { model = "adult_ward" }

  [[cohort.device]]
  id   = "oxi"
  kind = "pulse_oximeter"
  link = "late"

[[expect]]
id   = "complete"
that = "delivered.ratio == 100%"
"#;

const SIGNERS: &str = r#"
format   = 1
scenario = "signers"

[time]
mode   = "MODE"
length = "4s"

[target.broker]
url = "mqtt://127.0.0.1:1"
auth = { user = "a", password = "b" }

[target.engine]
url = "mllp://127.0.0.1:1"

[link.wifi]
to    = "broker"
topic = "a/${device.serial}/${stream}"
auth  = { user = "${device.serial}", token = { key = "keys/${device.serial}.pem", algorithm = "ES256", subject = "s" } }

[link.hl7]
carrier = "mllp"
to      = "engine"
topic   = "b/${device.serial}/${stream}"
format  = "vendor-json"

[[cohort]]
id      = "a"
count   = 3
patient = { model = "adult_ward" }

  [[cohort.device]]
  id   = "oxi"
  kind = "pulse_oximeter"
  link = "wifi"

  [[cohort.device]]
  id   = "mon"
  kind = "bedside_monitor"
  link = "hl7"

[[expect]]
id   = "complete"
that = "delivered.ratio == 100%"
"#;

/// What is said of a scenario in a time, beside some files.
fn told(scenario: &str, mode: &str) -> String {
    let block = |label: &str| format!("-----BEGIN {label}-----\nhush\n-----END {label}-----\n");
    let files = Texts(BTreeMap::from([
        ("doors.toml".to_owned(), scenario.replace("MODE", mode)),
        ("key.pem".to_owned(), block("PRIVATE KEY")),
        ("locked.key".to_owned(), block("ENCRYPTED PRIVATE KEY")),
        ("token".to_owned(), "hush hush\n".to_owned()),
        ("keys/a-0001-oxi.pem".to_owned(), block("PUBLIC KEY")),
        ("keys/a-0002-oxi.pem".to_owned(), block("EC PRIVATE KEY")),
    ]));
    let diagnostics = match load(&files, "doors.toml", &Settings::default(), &standard_registry()) {
        Ok(loaded) => loaded.warnings,
        Err(told) => told,
    };
    let lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    let told = lines.join("\n");
    assert!(!told.contains("hush"), "{told}");
    told
}

#[test]
fn parameters_and_their_files_are_checked() {
    insta::assert_snapshot!(told(SCENARIO, "real"));
}

#[test]
fn keys_of_tokens_and_payloads_of_carriers_are_checked() {
    insta::assert_snapshot!(told(SIGNERS, "real"));
}

#[test]
fn in_virtual_time_files_may_be_missing() {
    let told = told(SIGNERS, "virtual");
    assert!(told.contains("warning: `key` of `a/1/oxi`: keys/a-0001-oxi.pem holds a public key"), "{told}");
}
