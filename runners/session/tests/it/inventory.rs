//! Devices that are listed in a file: what a row says goes before what is drawn, and what is wrong with rows is told at them.

use std::collections::BTreeMap;

use scenarios::{Loaded, Settings, Texts, load, plan_sha256};
use session::standard_registry;

const SCENARIO: &str = r#"
format   = 1
scenario = "listed"
seed     = 4

[time]
mode   = "MODE"
length = "4s"

[target.broker]
url  = "mqtt://127.0.0.1:1"
auth = { user = "watcher", password = "w" }

[target.api]
url = "http://127.0.0.1:1"

[link.wifi]
to    = "broker"
topic = "${patient.id}/${device.serial}/${stream}"
auth  = { user = "${device.serial}", password = "default" }

[link.post]
carrier = "http"
to      = "api"
topic   = "${patient.id}/${device.serial}/${stream}"

[[cohort]]
id        = "icu"
inventory = "lists/devices.csv"
patient   = { model = "adult_ward" }

  [[cohort.device]]
  id   = "oxi"
  kind = "pulse_oximeter"
  link = "wifi"

  [[cohort.device]]
  id   = "pump-1"
  kind = "infusion_pump"
  link = "wifi"

  [[cohort.device]]
  id   = "pump-2"
  kind = "infusion_pump"
  link = "wifi"

  [[cohort.device]]
  id   = "mon"
  kind = "bedside_monitor"
  link = "post"

[[cohort]]
id        = "home"
inventory = "lists/devices.csv"
patient   = { model = "adult_ward" }

  [[cohort.device]]
  id   = "oxi"
  kind = "pulse_oximeter"
  link = "wifi"

[[expect]]
id   = "complete"
that = "delivered.ratio == 100%"
"#;

const LIST: &str = "\
serial,kind,model,firmware,patient_id,mrn,user,password,zone,ward,cert,key
PX-1,pulse_oximeter,\"Oxi, small\",9.1,p-7,M-7,clinic-1,planted-1,Europe/Berlin,icu,,
IP-1,infusion_pump,,,p-7,,,,,icu,pump.pem,pump.key
IP-2,infusion_pump,,,p-7,M-7,,,,icu,,
,pulse_oximeter,,,,,,,,icu,,
HX-1,pulse_oximeter,,,h-1,,home-1,,,home,,
";

const WRONG: &str = "\
serial,kind,model,patient_id,mrn,user,password,zone,ward,cert,key
PX-1,pulse_oximetr,,p-1,,,,,icu,,
PX-1,ventilator,,p-1,M-1,,,,icu,,
a/b,pulse_oximeter,,p-1,M-2,,planted-2,Europe/Berln,icu,,
..,pulse_oximeter,,p-1,,,,,icu,missing.pem,key.pem
MO-1,bedside_monitor,,p-2,,planted-3,planted-4,,icu,,
MO-2,bedside_monitor,,p-2,,,,,icu,key.pem,
HX-1,pulse_oximeter,,p-1,,,,,home,,
HX-2,,,h-2,,,,,home,,
XX-1,pulse_oximeter,,,,,,,hme,,
";

fn told(mode: &str, list: &str) -> Result<Loaded, String> {
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    let files = Texts(BTreeMap::from([
        ("ward/listed.toml".to_owned(), SCENARIO.replace("MODE", mode)),
        ("ward/lists/devices.csv".to_owned(), list.to_owned()),
        ("ward/lists/key.pem".to_owned(), block("ENCRYPTED PRIVATE KEY")),
        ("ward/lists/pump.pem".to_owned(), block("CERTIFICATE")),
        ("ward/lists/pump.key".to_owned(), block("PRIVATE KEY")),
    ]));
    load(&files, "ward/listed.toml", &Settings::default(), &standard_registry()).map_err(|told| {
        let lines: Vec<String> = told.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

#[test]
fn rows_become_devices_and_what_they_leave_out_is_drawn() {
    let plan = told("real", LIST).expect("sound").plan;
    let paths: Vec<&str> = plan.roster.devices.iter().map(|device| device.path.as_str()).collect();
    assert_eq!(paths, ["icu/1/oxi", "icu/1/pump-1", "icu/1/pump-2", "icu/2/oxi", "home/1/oxi"]);
    let serials: Vec<&str> = plan.roster.devices.iter().map(|device| device.serial.as_str()).collect();
    assert_eq!(serials, ["PX-1", "IP-1", "IP-2", "icu-0002-oxi", "HX-1"]);
    let (first, second) = (&plan.roster.patients[0], &plan.roster.patients[1]);
    assert_eq!((first.patient_id.as_str(), first.identity.record_number.as_str()), ("p-7", "M-7"));
    assert_eq!((second.patient_id.as_str(), &second.identity.record_number[..3]), ("icu-0002", "SIM"));
    assert_eq!((first.zone.name.as_str(), second.zone.name.as_str()), ("Europe/Berlin", "UTC"));
    let identity = &plan.roster.devices[0].identity;
    assert_eq!((identity.model.as_str(), identity.firmware.as_str()), ("Oxi, small", "9.1"));
    assert_eq!(plan.roster.devices[1].identity.model, "Infusion Pump");
    assert!(plan.deliveries[0].topic.starts_with("p-7/PX-1/"), "{}", plan.deliveries[0].topic);
    let login = |index: usize| {
        let auth = plan.endpoints[index].auth.as_ref().expect("a name");
        (auth.user.as_str(), auth.password.as_str())
    };
    assert_eq!(login(0), ("clinic-1", "planted-1"));
    assert_eq!(login(1), ("IP-1", "default"));
    assert_eq!(login(4), ("home-1", "default"));
    let certificate = plan.endpoints[1].certificate.as_ref().expect("a certificate");
    assert_eq!((certificate.certificate.as_str(), certificate.key.as_str()), ("lists/pump.pem", "lists/pump.key"));
    let shown = format!("{}{}{plan:?}", scenarios::plan_json(&plan), scenarios::plan_text(&plan));
    assert!(!shown.contains("planted"), "a password is shown");
}

#[test]
fn a_row_at_the_end_changes_nobody_and_passwords_are_not_what_is_tested() {
    let plan = |list: &str| told("virtual", list).expect("sound").plan;
    let before = plan(LIST);
    let after = plan(&format!("{LIST},pulse_oximeter,,,,,,,,home,,\n"));
    assert_eq!(after.roster.patients.len(), before.roster.patients.len() + 1);
    for (old, new) in before.roster.patients.iter().zip(&after.roster.patients) {
        assert_eq!((&old.path, &old.identity, &old.arguments), (&new.path, &new.identity, &new.arguments));
    }
    assert_eq!(plan_sha256(&before), plan_sha256(&plan(&LIST.replace("planted-1", "another"))));
    assert_ne!(plan_sha256(&before), plan_sha256(&plan(&LIST.replace("PX-1", "PX-2"))));
}

#[test]
fn what_is_wrong_with_rows_is_told_at_them_all_at_once() {
    let told = told("real", WRONG).expect_err("wrong");
    assert!(!told.contains("planted"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn a_name_that_somebody_is_given_by_number_is_refused_in_a_row() {
    let rows = |rows: &str| format!("serial,kind,patient_id,ward\n{rows}HX-1,pulse_oximeter,h-1,home\n");
    let refused = |list: String| told("real", &list).expect_err("two who cannot be told apart");
    assert_eq!(
        refused(rows("icu-0002-oxi,pulse_oximeter,,icu\n,pulse_oximeter,,icu\n")),
        "ward/lists/devices.csv:2:1: error: serial number `icu-0002-oxi` is the one that `icu/2/oxi` is given, for which no \
         row has one: choose another here, or write one there"
    );
    assert_eq!(
        refused(rows("PX-1,pulse_oximeter,icu-0002,icu\nPX-2,pulse_oximeter,,icu\n")),
        "ward/lists/devices.csv:2:21: error: patient `icu-0002` is the one that `icu/2` is given, for which no row has one: \
         choose another here, or write one there"
    );
    // Who is given the name need not be in the same cohort.
    let of_another = refused(rows("PX-1,pulse_oximeter,home-0002,icu\n") + "HX-2,pulse_oximeter,,home\n");
    assert!(of_another.contains("patient `home-0002` is the one that `home/2` is given"), "{of_another}");
    // A row may say what its own would be given.
    told("real", &rows("icu-0001-oxi,pulse_oximeter,icu-0001,icu\n")).expect("sound");
}
