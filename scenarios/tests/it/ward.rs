//! A sound scenario that the tests take apart.

use std::collections::BTreeMap;

use scenarios::{Diagnostic, Loaded, Settings, Texts, load};

use crate::registry::registry;

/// A ward of 24 beds; `pump` is on three beds in four.
pub(crate) const WARD: &str = r#"format   = 1
scenario = "ward"
about    = "a ward"
seed     = 7

[vars]
beds = 24

[time]
mode   = "virtual"
warmup = "2m"
length = "20m"

[target.broker]
kind = "mqtt"
url  = "embedded"

[link.wifi]
carrier = "mqtt"
to      = "broker"
topic   = "icu/${patient}/${device}/${stream}"
format  = "vendor-json"
qos     = 1
session = { clean = false, keep_alive = "30s" }
will    = { topic = "icu/${patient}/${device}/state", body = "${device.serial} offline", qos = 1 }

[[cohort]]
id      = "icu"
count   = "${beds}"
patient = { model = "adult_icu", age = "normal(64, 12)" }

  [[cohort.device]]
  id     = "mon"
  kind   = "bedside_monitor"
  link   = "wifi"
  stream = { ecg = "250Hz / 25", vitals = "1s" }

  [[cohort.device]]
  id    = "pump"
  kind  = "infusion_pump"
  link  = "wifi"
  share = 0.75

[[step]]
id   = "desat"
at   = "5m"
on   = "icu/3"
do   = "physio.desaturation"
with = { to = "80 %" }
for  = "4m"
tags = ["req:SRS-41"]

[[step]]
id   = "hole"
at   = "desat.start + 70s"
on   = "icu/*/mon"
pick = "25%"
do   = "net.cut"
for  = "90s"

[[step]]
id    = "motion"
every = "3m"
on    = "icu/*/mon/ecg"
pick  = 2
do    = "sensor.motion"
with  = { severity = 0.7 }
for   = "20s"

[[step]]
id   = "rate"
at   = "hole.end + 10s"
on   = "icu/**/pump"
do   = "cmd.send"
with = { op = "set_rate", args = { rate = "0.5 L/h" } }

[[expect]]
id     = "others do not notice"
that   = "p99(latency.e2e) <= 1s"
on     = "!hole"
during = "hole"

[[expect]]
id     = "nothing lost"
that   = "lost(acked) == 0"
always = true

[[expect]]
id     = "recovers"
that   = "delivered.ratio >= 99.9%"
after  = "hole"
within = "30s"

[report]
labels = { team = "monitoring", build = "${env:BUILD:-local}" }
"#;

/// Loads one text as `ward.toml`.
pub(crate) fn load_text(text: &str) -> Result<Loaded, Vec<Diagnostic>> {
    load_with(text, &Settings::default())
}

/// Loads one text as `ward.toml` with settings.
pub(crate) fn load_with(text: &str, settings: &Settings<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    let files = Texts(BTreeMap::from([("ward.toml".to_owned(), text.to_owned())]));
    load(&files, "ward.toml", settings, &registry())
}

/// The sound scenario with some text replaced, which must be there.
pub(crate) fn ward_with(replacements: &[(&str, &str)]) -> String {
    replaced(WARD, replacements)
}

/// A scenario with some text replaced, which must be there.
pub(crate) fn replaced(scenario: &str, replacements: &[(&str, &str)]) -> String {
    let mut text = scenario.to_owned();
    for (old, new) in replacements {
        assert!(text.contains(old), "the scenario has no `{old}`");
        text = text.replacen(old, new, 1);
    }
    text
}

/// Diagnostics as they are printed.
pub(crate) fn printed(result: Result<Loaded, Vec<Diagnostic>>) -> String {
    let diagnostics = match result {
        Ok(loaded) => loaded.warnings,
        Err(diagnostics) => diagnostics,
    };
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
