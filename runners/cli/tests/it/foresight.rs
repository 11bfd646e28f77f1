//! What the built-in models and actions know of a scenario before it runs.

use std::collections::BTreeMap;
use std::fmt::Write;

use scenarios::{Settings, Texts};

/// A scenario in which everything does something.
const SOUND: &str = r#"format   = 1
scenario = "foresight"

[time]
length = "10m"

[target.broker]
url = "embedded"

[link.wifi]
to    = "broker"
topic = "${cohort}/${patient}/${device}/${stream}"

[[cohort]]
id      = "ward"
count   = 3
patient = { model = "adult_ward", glucose = "t2d", meals = "07:00 45 g, 12:00 70 g" }

  [[cohort.device]]
  id     = "oxi"
  kind   = "pulse_oximeter"
  link   = "wifi"
  stream = { spo2 = "1s" }

  [[cohort.device]]
  id     = "meter"
  kind   = "glucose_meter"
  link   = "wifi"

[[step]]
id   = "sensor"
at   = "1m"
on   = "ward/1/oxi"
do   = "sensor.bias"
with = { metrics = ["spo2"], add = -4 }
for  = "1m"

[[step]]
id   = "body"
at   = "2m"
on   = "ward/2"
do   = "physio.desaturation"
with = { to = "82 %", ramp = "1m" }
for  = "2m"

[[step]]
id   = "sugar"
at   = "5m"
on   = "ward/3"
do   = "physio.meal"
with = { carbohydrate = "60 g" }

[[expect]]
id   = "nothing is lost"
that = "lost(acked) == 0"
"#;

/// Name of the case, and a line of the sound scenario with what stands there instead.
const CASES: [(&str, &str, &str); 30] = [
    (
        "metric that the device has not",
        "with = { metrics = [\"spo2\"], add = -4 }",
        "with = { metrics = [\"hr\"], add = 1 }",
    ),
    ("bias of nothing", "with = { metrics = [\"spo2\"], add = -4 }", "with = { metrics = [\"spo2\"] }"),
    (
        "drift of nothing",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"sensor.drift\"\nwith = { metrics = [\"spo2\"], per_hour = 0 }",
    ),
    (
        "noise of nothing",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"sensor.noise\"\nwith = { metrics = [\"spo2\"], sigma = 0 }",
    ),
    (
        "spikes of no height",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"sensor.spike\"\nwith = { metrics = [\"spo2\"], amplitude = 0 }",
    ),
    (
        "rails that clip nothing",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"sensor.saturation\"\nwith = { metrics = [\"spo2\"] }",
    ),
    (
        "rails upside down",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"sensor.saturation\"\nwith = { metrics = [\"spo2\"], min = 99, max = 90 }",
    ),
    (
        "exchanged with itself",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"sensor.swap\"\nwith = { first = \"spo2\", second = \"spo2\" }",
    ),
    (
        "unit of nothing there",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"sensor.unit\"\nwith = { to = \"degF\" }",
    ),
    (
        "lead that the device has not",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"sensor.lead_off\"\nwith = { leads = [\"ecg_ii\"] }",
    ),
    (
        "clock that is right",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"clock.skew\"\nwith = { offset = \"0s\" }",
    ),
    (
        "pump fault of an oximeter",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"pump.empty\"",
    ),
    (
        "compression of an oximeter",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }",
        "do = \"sensor.compression_low\"",
    ),
    ("ramp longer than its step", "ramp = \"1m\" }", "ramp = \"1h\" }"),
    ("usual ramp longer than its step", "with = { to = \"82 %\", ramp = \"1m\" }\nfor  = \"2m\"", "for = \"3s\""),
    ("patients without glucose", "glucose = \"t2d\", ", ""),
    (
        "patients without a circulation",
        "{ model = \"adult_ward\", glucose = \"t2d\",",
        "{ model = \"t1d_adult\", circulation = false,",
    ),
    ("meals that are none", "07:00 45 g, ", "7 45 g, "),
    ("meals out of order", "07:00 45 g, ", "17:00 45 g, "),
    ("cadence longer than the run", "stream = { spo2 = \"1s\" }", "stream = { spo2 = \"1h\" }"),
    ("no stream", "stream = { spo2 = \"1s\" }", "stream = {}"),
    ("probe that sees no device", "[[expect]]", "[probe.out]\nto = \"broker\"\nfilter = \"icu/#\"\n\n[[expect]]"),
    ("nothing expected", "[[expect]]\nid   = \"nothing is lost\"\nthat = \"lost(acked) == 0\"\n", ""),
    ("probe that sees half", "[[expect]]", "[probe.out]\nto = \"broker\"\nfilter = \"+/+/oxi/#\"\n\n[[expect]]"),
    (
        "filters of one probe that overlap",
        "[[expect]]",
        "[probe.out]\nto = \"broker\"\nfilter = [\"ward/#\", \"+/+/oxi/+\"]\n\n[[expect]]",
    ),
    (
        "probes that see the same",
        "[[expect]]",
        "[probe.one]\nto = \"broker\"\nfilter = \"ward/#\"\n\n[probe.two]\nto = \"broker\"\nfilter = \"+/+/oxi/#\"\n\n[[expect]]",
    ),
    ("acknowledgements at QoS 0", "${device}/${stream}\"", "${device}/${stream}\"\nqos = 0"),
    ("Bluetooth links of nobody", "that = \"lost(acked) == 0\"", "that = \"link.losses == 0\""),
    ("commands that nobody gives", "that = \"lost(acked) == 0\"", "that = \"commands.answered == 100%\""),
    (
        "command to an oximeter",
        "do   = \"sensor.bias\"\nwith = { metrics = [\"spo2\"], add = -4 }\nfor  = \"1m\"",
        "do = \"cmd.send\"\nwith = { op = \"hush\" }",
    ),
];

/// A will is published as well.
#[test]
fn a_filter_may_take_in_wills_alone() {
    let will = "${stream}\"\nwill = { topic = \"gone/${device.serial}\", body = \"gone\" }";
    let probes = "[probe.all]\nto = \"broker\"\nfilter = \"ward/#\"\n\n[probe.wills]\nto = \"broker\"\nfilter = \"gone/#\"\n\n[[expect]]";
    assert_eq!(told(&SOUND.replacen("${stream}\"", will, 1).replacen("[[expect]]", probes, 1)), "");
}

fn told(text: &str) -> String {
    let files = Texts(BTreeMap::from([("foresight.toml".to_owned(), text.to_owned())]));
    let loaded = scenarios::load(&files, "foresight.toml", &Settings::default(), &iomt::standard_registry());
    let diagnostics = loaded.map_or_else(|diagnostics| diagnostics, |loaded| loaded.warnings);
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_cannot_be_is_told_and_what_can_is_not() {
    assert_eq!(told(SOUND), "");
    let mut all = String::new();
    for (name, old, new) in CASES {
        assert!(SOUND.contains(old), "the scenario has no `{old}`");
        let told = told(&SOUND.replacen(old, new, 1));
        assert!(!told.is_empty(), "{name}: nothing is told");
        writeln!(all, "# {name}\n{told}\n").expect("writing to a text never fails");
    }
    insta::assert_snapshot!(all);
}
