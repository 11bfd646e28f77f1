//! Targets that are tried without telemetry.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use scenarios::{Files, Plan, Settings};
use session::{check_targets, standard_registry};

const SCENARIO: &str = r#"
format   = 1
scenario = "doors"

[time]
length = "4s"

[target.own]
url  = "embedded"
with = { tls = true, client_certificates = true }

[target.guarded]
url = "mqtt://127.0.0.1:GUARDED"

[target.gone]
url = "mqtts://127.0.0.1:GONE"

[target.secret]
url  = "mqtts://127.0.0.1:GUARDED"
with = { ca = "missing.pem" }

[link.own]
to    = "own"
topic = "own/${device.serial}/${stream}"

[link.guarded]
to       = "guarded"
topic    = "guarded/${device.serial}/${stream}"
protocol = "5"

[link.gone]
to    = "gone"
topic = "gone/${device.serial}/${stream}"

[[cohort]]
id      = "a"
count   = 2
patient = { model = "adult_ward" }

  [[cohort.device]]
  id   = "pump"
  kind = "infusion_pump"
  link = "own"

  [[cohort.device]]
  id   = "oxi"
  kind = "pulse_oximeter"
  link = "guarded"

  [[cohort.device]]
  id   = "mon"
  kind = "bedside_monitor"
  link = "gone"

[[expect]]
id   = "complete"
that = "delivered.ratio == 100%"
"#;

/// A broker that lets the first client in and refuses its subscription, if it has one, and all others; both with reasons.
fn guard(listener: TcpListener) {
    let packet = |stream: &mut std::net::TcpStream| {
        let mut head = [0; 2];
        if stream.read_exact(&mut head).is_ok() {
            drop(stream.read_exact(&mut vec![0; usize::from(head[1])]));
        }
    };
    let answers: [&[u8]; 3] = [
        // CONNACK, accepted; CONNACK 0x87 "no"; CONNACK 0x84.
        &[0x20, 3, 0, 0, 0],
        &[0x20, 8, 0, 0x87, 5, 0x1F, 0, 2, b'n', b'o'],
        &[0x20, 3, 0, 0x84, 0],
    ];
    // The first is whoever looks whether somebody listens.
    drop(listener.accept());
    for answer in answers {
        let Ok((mut stream, _)) = listener.accept() else { return };
        packet(&mut stream);
        drop(stream.write_all(answer));
        packet(&mut stream);
    }
}

fn plan(guarded: u16, gone: u16) -> Plan {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("doors.toml");
    let text = SCENARIO.replace("GUARDED", &guarded.to_string()).replace("GONE", &gone.to_string());
    std::fs::write(&file, text).expect("writable");
    // It is there when the scenario is checked, and gone when it is asked for.
    let certificate = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    std::fs::write(folder.path().join("missing.pem"), certificate).expect("writable");
    let loaded = scenarios::load(&Files, &file.display().to_string(), &Settings::default(), &standard_registry());
    let mut plan = loaded.unwrap_or_else(|told| panic!("{told:?}")).plan;
    "doors.toml".clone_into(&mut plan.file);
    plan
}

#[test]
fn whoever_is_not_let_in_is_told_why() {
    let guarded = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let guarded_port = guarded.local_addr().expect("bound").port();
    let gone = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let gone_port = gone.local_addr().expect("bound").port();
    drop(gone);
    let guard = thread::spawn(move || guard(guarded));
    let plan = plan(guarded_port, gone_port);
    let checked = check_targets(&plan, &standard_registry()).expect("there are threads");
    let told: Vec<String> = checked.iter().map(ToString::to_string).collect();
    let told = told.join("\n").replace(&guarded_port.to_string(), "GUARDED").replace(&gone_port.to_string(), "GONE");
    insta::assert_snapshot!(told);
    let sound: Vec<bool> = checked.iter().map(session::TargetCheck::is_sound).collect();
    assert_eq!(sound, [true, false, false, false]);
    drop(guard);
}
