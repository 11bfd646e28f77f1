//! What is wrong with a template is told at its place, with its mend, before anything is sent.

use std::collections::BTreeMap;

use scenarios::{Settings, Texts};

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
