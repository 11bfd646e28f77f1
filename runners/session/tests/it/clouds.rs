//! Clouds: what they want is said where a scenario is silent, and what they refuse is refused before.

use std::collections::BTreeMap;

use scenarios::{Loaded, Settings, Texts, TokenKind, load};
use session::standard_registry;

const SCENARIO: &str = r#"
format   = 1
scenario = "clouds"

[time]
length = "4s"

[target.aws]
url   = "mqtts://example.iot.eu-central-1.amazonaws.com"
cloud = "aws-iot"
with  = { issuer = "ca.pem", issuer_key = "ca.key" }

[target.azure]
url   = "mqtts://ward.azure-devices.net:8883"
cloud = "azure-iot-hub"

[target.behind]
url = "mqtt://127.0.0.1:1"

[probe.behind]
kind   = "subscribe"
to     = "behind"
filter = "devices/#"

[link.aws]
to    = "aws"
topic = "icu/${device.serial}/${stream}"

[link.azure]
to    = "azure"
topic = "devices/${device.serial}/messages/events/${stream}"
auth  = { token = { key = "b2YgdGhlIGh1Yg==" } }

[[cohort]]
id      = "a"
count   = 2
patient = { model = "adult_ward" }

  [[cohort.device]]
  id   = "oxi"
  kind = "pulse_oximeter"
  link = "aws"

  [[cohort.device]]
  id   = "hub"
  kind = "pulse_oximeter"
  link = "azure"

[[expect]]
id   = "complete"
that = "delivered.ratio == 100%"
"#;

const WRONG: &str = r#"
format   = 1
scenario = "clouds"

[time]
length = "4s"

[target.aws]
url   = "mqtts://example.iot.eu-central-1.amazonaws.com"
cloud = "aws-iot"

[target.plain]
url   = "mqtt://ward.azure-devices.net"
cloud = "azure-iot-hub"

[target.other]
url   = "http://127.0.0.1:1"
cloud = "emqx"

[target.misspelt]
url   = "mqtts://127.0.0.1:1"
cloud = "asw-iot"

[target.azure]
url   = "mqtts://ward.azure-devices.net"
cloud = "azure-iot-hub"

[target.hive]
url   = "mqtts://ward.s2.eu.hivemq.cloud"
cloud = "hivemq-cloud"

[link.aws]
to       = "aws"
topic    = "a/b/c/d/e/f/${device.serial}/g/${stream}"
qos      = "2"
session  = { keep_alive = "5s", inflight = 200 }
client_id = "a-client-id-that-is-longer-than-the-one-hundred-and-twenty-eight-bytes-which-the-cloud-takes-of-anybody-who-connects-${device.serial}"

[link.azure]
to        = "azure"
topic     = "ward/${device.serial}/${stream}"
qos       = "2"
retain    = true
protocol  = "5"
client_id = "mine-${device.serial}"

[link.hive]
to    = "hive"
topic = "ward/${device.serial}/${stream}"

[[cohort]]
id      = "a"
count   = 2
patient = { model = "adult_ward" }

  [[cohort.device]]
  id   = "oxi"
  kind = "pulse_oximeter"
  link = "aws"

[[expect]]
id   = "complete"
that = "delivered.ratio == 100%"
"#;

fn loaded(scenario: &str) -> Result<Loaded, String> {
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    let files = Texts(BTreeMap::from([
        ("clouds.toml".to_owned(), scenario.to_owned()),
        ("ca.pem".to_owned(), block("CERTIFICATE")),
        ("ca.key".to_owned(), block("PRIVATE KEY")),
    ]));
    load(&files, "clouds.toml", &Settings::default(), &standard_registry()).map_err(|told| {
        let lines: Vec<String> = told.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

#[test]
fn what_a_cloud_wants_is_said_where_the_links_are_silent() {
    let plan = loaded(SCENARIO).expect("sound").plan;
    let (aws, azure) = (&plan.endpoints[0], &plan.endpoints[1]);
    assert_eq!((aws.client_id.as_str(), azure.client_id.as_str()), ("a-0001-oxi", "a-0001-hub"));
    assert!(aws.auth.is_none() && aws.token.is_none(), "its certificate says who it is");
    let user = &azure.auth.as_ref().expect("a name").user;
    assert_eq!(user, "ward.azure-devices.net/a-0001-hub/?api-version=2021-04-12");
    let token = azure.token.as_ref().expect("a token");
    let resource = "ward.azure-devices.net/devices/a-0001-hub".to_owned();
    assert_eq!(token.kind, TokenKind::Sas { resource });
}

#[test]
fn what_a_cloud_refuses_is_refused_before() {
    insta::assert_snapshot!(loaded(WRONG).expect_err("wrong"));
    let told = |with: &str, without: &str| loaded(&SCENARIO.replace(with, without)).expect_err("wrong");
    let long = told("icu/${device.serial}", "a/b/c/d/e/f/g/${device.serial}");
    assert!(long.contains("cloud `aws-iot` takes 7 slashes in a topic"), "{long}");
    let will = |will: &str| {
        told("auth  = { token", &format!("will  = {{ topic = \"gone/${{device}}\", {will} }}\nauth  = {{ token"))
    };
    let twice = will("qos = \"2\"");
    assert!(
        twice.starts_with("clouds.toml:32:44: error: cloud `azure-iot-hub` takes QoS up to 1, and not 2"),
        "{twice}"
    );
    let kept = will("retain = true");
    assert!(kept.contains("error: cloud `azure-iot-hub` keeps no last messages"), "{kept}");
    let watched = told("to     = \"behind\"", "to     = \"azure\"");
    assert!(watched.contains("lets nobody subscribe to what devices publish"), "{watched}");
}
