//! What is wrong with a template is told at its place, with its mend, before anything is sent.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use scenarios::{Settings, Texts};

use crate::iomt;

/// What the check says of an oximeter whose payload is this.
fn told(text: &str, key: &str) -> String {
    let scenario = format!(
        r#"format   = 1
scenario = "templates"

[time]
length = "10m"

[target.broker]
url = "embedded"

[payload.ours]
kind = "template"
key  = {{ {key} }}
text = '''
{text}
'''

[link.wifi]
to     = "broker"
topic  = "${{device}}/${{stream}}"
format = "ours"

[[cohort]]
id      = "ward"
count   = 1
patient = {{ model = "adult_ward" }}

  [[cohort.device]]
  id     = "oxi"
  kind   = "pulse_oximeter"
  link   = "wifi"
  stream = {{ spo2 = "1s" }}

[[expect]]
id   = "nothing is lost"
that = "lost(acked) == 0"
"#
    );
    let files = Texts(BTreeMap::from([("t.toml".to_owned(), scenario)]));
    let loaded = scenarios::load(&files, "t.toml", &Settings::default(), &iomt::standard_registry());
    let diagnostics = loaded.map_or_else(|diagnostics| diagnostics, |loaded| loaded.warnings);
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

const NAMES: &str = r#""d": "{{ device.serial }}", "s": "{{ stream }}""#;
const KEY: &str = r#"serial = "/d", stream = "/s""#;

#[test]
fn a_sound_template_passes() {
    let text = format!(
        r#"{{{NAMES}, "n": {{{{ sequence }}}}, "p": {{{{ patient.id|tojson }}}}, "v": {{{{ metrics.spo2.value }}}}}}"#
    );
    assert_eq!(told(&text, &format!(r#"{KEY}, sequence = "/n", patient = "/p""#)), "");
}

#[test]
fn metrics_that_are_none_are_told_in_every_branch() {
    let key = format!(r#"{KEY}, sequence = "/n""#);
    let of = |value: &str| told(&format!("{{{NAMES}, \"n\": {{{{ sequence }}}}{value}}}"), &key);
    let misspelt = of("{% if metrics.spo22 %}, \"v\": 1{% endif %}");
    assert!(misspelt.starts_with("t.toml:14:"), "{misspelt}");
    assert!(misspelt.contains("there is no metric `spo22`; did you mean `spo2`?"), "{misspelt}");
    let foreign = of(", \"v\": {{ metrics.hr.value }}");
    assert!(foreign.contains("no stream of this format says `hr`"), "{foreign}");
    assert!(foreign.contains("they say pr, spo2"), "{foreign}");
}

#[test]
fn counters_that_begin_anew_and_times_in_seconds_are_told_with_their_mend() {
    let counter = told(&format!("{{{NAMES}, \"n\": {{{{ sequence % 256 }}}}}}"), &format!(r#"{KEY}, sequence = "/n""#));
    assert!(counter.contains("is `300` and is read as `44` (a counter that begins anew"), "{counter}");
    let seconds = |key: &str| {
        let text = format!("{{{NAMES}, \"n\": {{{{ sequence }}}}, \"t\": {{{{ time.ms // 1000 }}}}}}");
        told(&text, &format!("{KEY}, {key}"))
    };
    let beside = seconds(r#"sequence = "/n", time = "/t""#);
    assert!(beside.contains("take `time` out, for `sequence` tells which message it is"), "{beside}");
    let alone = seconds(r#"time = "/t""#);
    assert!(alone.contains("write `time.ms` or `time.rfc3339`, or a `sequence` besides"), "{alone}");
}

#[test]
fn what_is_no_json_is_told_where_it_comes_from() {
    let text = format!("{{{NAMES},\n \"n\": {{{{ sequence }}}},\n \"m\": {{{{ device.model }}}}}}");
    let told = told(&text, &format!(r#"{KEY}, sequence = "/n""#));
    assert!(told.starts_with("t.toml:16:7: error: the template writes no JSON"), "{told}");
}

#[test]
fn what_never_ends_is_stopped() {
    let text = format!(
        "{{{NAMES}, \"n\": {{{{ sequence }}}}, \"v\": [{{% for a in range(99999) %}}{{% for b in range(99999) %}}{{{{ b }}}},{{% endfor %}}{{% endfor %}}0]}}"
    );
    assert!(told(&text, &format!(r#"{KEY}, sequence = "/n""#)).contains("fuel"));
}

/// Asks for the mappings of the connector, with two patches that sample an ECG at these rates.
fn mappings_of(first: &str, second: &str, folder: &Path) -> Output {
    let patch = |id: &str, rate: &str| {
        format!(
            "  [[cohort.device]]\n  id = \"{id}\"\n  kind = \"ecg_patch\"\n  link = \"hub\"\n  stream = {{ ecg = \"{rate} / 25\" }}\n"
        )
    };
    let scenario = format!(
        r#"format   = 1
scenario = "rates"
include  = ["preset:medtech"]

[time]
length = "10m"

[target.broker]
url = "embedded"

[link.hub]
to     = "broker"
topic  = "devices/${{device.serial}}/${{stream}}"
format = "medtech"

[[cohort]]
id      = "ward"
count   = 1
patient = {{ model = "adult_ward" }}

{}{}
[[expect]]
id   = "nothing is lost"
that = "lost(acked) == 0"
"#,
        patch("left", first),
        patch("right", second)
    );
    let file = folder.join("rates.toml");
    fs::write(&file, scenario).expect("a temporary file");
    let out = folder.join("mappings").display().to_string();
    iomt(&["templates", "medtech", &file.display().to_string(), "--out", &out])
}

#[test]
fn a_wave_of_two_rates_has_no_mapping_and_one_of_one_rate_has() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let refused = mappings_of("250Hz", "500Hz", folder.path());
    let told = String::from_utf8_lossy(&refused.stderr);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(refused.status.code(), Some(2), "{told}");
    for part in [
        "`ecg_ii` has a sample every 4 ms in stream `ecg` of ward/1/left",
        "every 2 ms in stream `ecg` of ward/1/right",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!folder.path().join("mappings").exists(), "nothing is written of what is refused");
    let written = mappings_of("250Hz", "250Hz", folder.path());
    assert_eq!(written.status.code(), Some(0), "{}", String::from_utf8_lossy(&written.stderr));
    let mapping = fs::read_to_string(folder.path().join("mappings/fhirmapping.json")).expect("a mapping");
    assert_eq!(mapping.matches("\"defaultPeriod\": 4.0").count(), 1, "{mapping}");
}

/// What the check says of a patch with these options whose payload names a lead.
fn told_of_leads(options: &str) -> String {
    let scenario = format!(
        r#"format   = 1
scenario = "leads"

[time]
length = "10m"

[target.broker]
url = "embedded"

[payload.ours]
kind = "template"
key  = {{ {KEY}, sequence = "/n" }}
text = '''
{{{NAMES}, "n": {{{{ sequence }}}}, "v1": {{% if metrics.ecg_v1 %}}1{{% else %}}0{{% endif %}}}}
'''

[link.wifi]
to     = "broker"
topic  = "${{device}}/${{stream}}"
format = "ours"

[[cohort]]
id      = "ward"
count   = 1
patient = {{ model = "adult_ward" }}

  [[cohort.device]]
  id     = "patch"
  kind   = "ecg_patch"
  link   = "wifi"
  stream = {{ ecg = "250Hz / 25" }}
  {options}

[[expect]]
id   = "nothing is lost"
that = "lost(acked) == 0"
"#
    );
    let files = Texts(BTreeMap::from([("t.toml".to_owned(), scenario)]));
    let loaded = scenarios::load(&files, "t.toml", &Settings::default(), &iomt::standard_registry());
    let diagnostics = loaded.map_or_else(|diagnostics| diagnostics, |loaded| loaded.warnings);
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_lead_that_a_patch_does_not_carry_is_no_metric_of_it() {
    assert!(told_of_leads("").contains("no stream of this format says `ecg_v1`"), "{}", told_of_leads(""));
    let carried = told_of_leads(r#"leads  = ["ecg_ii", "ecg_v1"]"#);
    assert!(!carried.contains("ecg_v1"), "{carried}");
}
