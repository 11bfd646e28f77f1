//! A scenario drawn from the rows of a registry: a few patients with devices, links with outboxes and sessions of all
//! kinds, and steps of whatever actions there are.

use std::fmt::Write;

use sim_core::{ActionSpec, DeviceSpec, DurationRule, Level, ParameterKind, ParameterSpec, Registry};

use crate::dice::Dice;

/// Simulated length [s]; long enough for an outage and what follows it.
const LENGTH_S: u64 = 40;

/// Kinds that need a file, which a drawn scenario does not have.
const NEEDS_A_FILE: &[&str] = &["replay"];

/// A drawn scenario.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The file.
    pub text: String,
    /// Whether anything happens in it; without a step every run must pass.
    pub has_steps: bool,
}

impl Draft {
    /// The scenario of a seed.
    pub fn new(registry: &Registry, seed: u64) -> Self {
        let dice = Dice::new(seed);
        let mut text = head(seed);
        let links = dice.count(1, 2);
        let mut all_acknowledged = true;
        for link in 0..links {
            all_acknowledged &= write_link(&mut text, &dice, link) > 0;
        }
        let devices = write_cohorts(&mut text, &dice, registry, links);
        let steps = if dice.chance(0.25) { 0 } else { dice.count(1, 4) };
        for step in 0..steps {
            write_step(&mut text, &dice, registry, &devices, step);
        }
        text.push_str(EXPECTATIONS);
        if all_acknowledged {
            text.push_str(ACKNOWLEDGED);
        }
        if dice.chance(0.3) {
            text.push_str(TWO_PROBES);
        }
        Self { text, has_steps: steps > 0 }
    }
}

/// What no stack is needed for to hold: a perfect one is at the other end.
const EXPECTATIONS: &str = r#"
[[expect]]
id   = "nothing is invented"
that = "invented == 0"
always = true

[[expect]]
id   = "nothing is changed"
that = "corrupted == 0"
always = true

[[expect]]
id   = "nothing arrives under another device"
that = "identity.mismatch == 0"
always = true
"#;

/// Holds where there are acknowledgements.
const ACKNOWLEDGED: &str = r#"
[[expect]]
id   = "nothing acknowledged is lost"
that = "lost(acked) == 0"
always = true
"#;

/// Two that watch the same; both must count the same.
const TWO_PROBES: &str = r#"
[probe.first]
to     = "broker"
filter = "s/#"

[probe.second]
to     = "broker"
filter = "s/#"

[[expect]]
id    = "nothing is changed at the second probe"
that  = "corrupted == 0"
probe = "second"
always = true
"#;

fn head(seed: u64) -> String {
    format!(
        "format = 1\nscenario = \"search-{seed}\"\nseed = {seed}\n\n[time]\nmode = \"virtual\"\nlength = \"{LENGTH_S}s\"\n\
         drain = \"10s\"\n\n[target.broker]\nurl = \"embedded\"\n"
    )
}

/// Writes a link; gives its delivery level.
fn write_link(text: &mut String, dice: &Dice, link: u64) -> u64 {
    let qos = dice.count(0, 1);
    let protocol = dice.one_of(&["3.1.1", "5"]);
    let clean = dice.chance(0.5);
    let backoff = dice.one_of(&["none", "fixed", "exp", "exp_jitter"]);
    let initial_ms = dice.count(1, 20) * 100;
    let longest_ms = initial_ms * dice.count(1, 8);
    let keep_alive_s = dice.count(1, 30);
    let inflight = dice.count(1, 20);
    let messages = dice.one_of(&[1, 5, 50, 1_000]);
    let full = dice.one_of(&["drop_oldest", "drop_newest"]);
    let retain = dice.chance(0.2);
    let _ = write!(
        text,
        "\n[link.l{link}]\nto = \"broker\"\ntopic = \"s/{link}/${{cohort}}/${{patient}}/${{device}}/${{stream}}\"\nqos = \
         {qos}\nretain = {retain}\nprotocol = \"{protocol}\"\nsession = {{ clean = {clean}, expiry = \"{expiry}\", keep_alive \
         = \"{keep_alive_s}s\", backoff = \"{backoff}\", backoff_initial = \"{initial_ms}ms\", backoff_longest = \
         \"{longest_ms}ms\", inflight = {inflight} }}\noutbox = {{ messages = {messages}, full = \"{full}\" }}\n",
        expiry = if *protocol == "5" && !clean { "1m" } else { "0s" },
    );
    qos
}

/// Writes the cohorts; gives each device's path and kind.
fn write_cohorts<'r>(
    text: &mut String,
    dice: &Dice,
    registry: &'r Registry,
    links: u64,
) -> Vec<(String, &'r DeviceSpec)> {
    let kinds: Vec<&DeviceSpec> =
        registry.devices().iter().filter(|device| !NEEDS_A_FILE.contains(&device.kind)).collect();
    let mut devices = Vec::new();
    for cohort in 0..dice.count(1, 2) {
        let count = dice.count(1, 3);
        let model = dice.one_of(registry.patients()).model;
        let _ =
            write!(text, "\n[[cohort]]\nid = \"c{cohort}\"\ncount = {count}\npatient = {{ model = \"{model}\" }}\n");
        let mut chosen: Vec<&DeviceSpec> = Vec::new();
        for _ in 0..dice.count(1, 3) {
            let kind = *dice.one_of(&kinds);
            if chosen.iter().all(|other| other.kind != kind.kind) {
                chosen.push(kind);
            }
        }
        for device in chosen {
            let link = dice.count(0, links - 1);
            let _ = write!(
                text,
                "\n  [[cohort.device]]\n  id = \"{kind}\"\n  kind = \"{kind}\"\n  link = \"l{link}\"\n",
                kind = device.kind
            );
            devices.push((format!("c{cohort}/*/{}", device.kind), device));
        }
    }
    devices
}

fn write_step(text: &mut String, dice: &Dice, registry: &Registry, devices: &[(String, &DeviceSpec)], number: u64) {
    let reachable: Vec<&ActionSpec> = registry
        .actions()
        .iter()
        .filter(|action| matches!(action.level, Level::Patient | Level::Device | Level::Stream | Level::Link))
        .filter(|action| action.executor.seam() == "signal" || action.executor.seam() == "link")
        .collect();
    // Links are few among the actions, and what the search is most after.
    let links: Vec<&ActionSpec> = reachable.iter().copied().filter(|action| action.executor.seam() == "link").collect();
    let action = if dice.chance(0.5) { *dice.one_of(&links) } else { *dice.one_of(&reachable) };
    let (path, device) = dice.one_of(devices);
    let on = match action.level {
        Level::Patient => path.rsplit_once('/').map_or(path.as_str(), |(patient, _)| patient).to_owned(),
        Level::Stream => format!("{path}/{}", dice.one_of(&device.streams).id),
        _ => path.clone(),
    };
    let at_ms = dice.count(0, LENGTH_S * 8) * 100;
    let _ =
        write!(text, "\n[[step]]\nid = \"s{number}\"\nat = \"{at_ms}ms\"\non = \"{on}\"\ndo = \"{}\"\n", action.name);
    let length_ms = dice.count(1, 200) * 100;
    match action.duration {
        DurationRule::Required => {
            let _ = writeln!(text, "for = \"{length_ms}ms\"");
        }
        DurationRule::Optional if dice.chance(0.5) => {
            let _ = writeln!(text, "for = \"{length_ms}ms\"");
        }
        DurationRule::Optional | DurationRule::Instant => {}
    }
    let with: Vec<String> = action
        .parameters
        .iter()
        .filter(|parameter| parameter.required || dice.chance(0.4))
        .filter_map(|parameter| Some(format!("{} = {}", parameter.name, value(dice, parameter, device)?)))
        .collect();
    if !with.is_empty() {
        let _ = writeln!(text, "with = {{ {} }}", with.join(", "));
    }
}

/// A value that a parameter takes, as TOML; `None` for kinds that only the scenario's author could fill.
fn value(dice: &Dice, parameter: &ParameterSpec, device: &DeviceSpec) -> Option<String> {
    let number = || parameter.range.map(|(least, most)| dice.between(least, most));
    Some(match &parameter.kind {
        ParameterKind::Quantity(_) => format!("\"{}\"", parameter.kind.written(number()?)),
        ParameterKind::Number => format!("{:?}", number()?),
        ParameterKind::Count => format!("{}", number()? as i64),
        ParameterKind::Flag => dice.chance(0.5).to_string(),
        ParameterKind::Choice(words) => format!("\"{}\"", dice.one_of(words)),
        // Such texts are names of metrics more often than anything else.
        ParameterKind::Text => {
            let stream = dice.one_of(&device.streams);
            format!("\"{}\"", dice.one_of(&stream.metrics).metric().id)
        }
        ParameterKind::Texts => {
            let stream = dice.one_of(&device.streams);
            format!("[\"{}\"]", dice.one_of(&stream.metrics).metric().id)
        }
        ParameterKind::Choices(words) => format!("[\"{}\"]", dice.one_of(words)),
        ParameterKind::Target | ParameterKind::Table | ParameterKind::File | ParameterKind::Path => return None,
    })
}
