//! A sound file becomes the plan it describes.

use scenarios::{
    BackoffKind, Comparison, Plan, Protocol, Settings, Statistic, TimeMode, VIRTUAL_EPOCH_NS, json_schema, plan_json,
    plan_sha256, plan_text, reference,
};
use sim_core::{Argument, Cadence, MetricShape, SimTime, Span, Subject};
use vocabulary::Dimension;

use crate::registry::registry;
use crate::ward::{WARD, load_text, load_with, printed, ward_with};

fn plan(replacements: &[(&str, &str)]) -> Plan {
    let result = load_text(&ward_with(replacements));
    assert!(result.is_ok(), "{}", printed(result));
    result.unwrap().plan
}

fn seconds(seconds: i64) -> SimTime {
    SimTime::ZERO + Span::from_secs(seconds)
}

#[test]
fn the_plan_reads_like_the_file() {
    assert_eq!(printed(load_text(WARD)), "");
    insta::assert_snapshot!(plan_text(&plan(&[])));
}

#[test]
fn names_and_topics() {
    let plan = plan(&[]);
    let roster = &plan.roster;
    assert_eq!(roster.patients[2].path, "icu/3");
    assert_eq!(roster.patients[2].patient_id, "icu-0003");
    let device = &roster.devices[roster.patients[2].devices.start];
    assert_eq!(device.path, "icu/3/mon");
    assert_eq!(device.serial, "icu-0003-mon");
    let route = device.streams[0].route.index();
    assert_eq!(plan.deliveries[route].topic, "icu/3/mon/vitals");
    assert_eq!(plan.route_path(route), "icu/3/mon/vitals");
    let endpoint = &plan.endpoints[roster.patients[2].devices.start];
    assert_eq!(endpoint.client_id, "iomt-icu-0003-mon");
    assert_eq!(endpoint.command_topic, "icu/3/mon/cmd");
    assert_eq!(endpoint.reply_topic, "icu/3/mon/ack");
    assert_eq!(endpoint.will.as_ref().unwrap().body, "icu-0003-mon offline");
    assert_eq!(plan.probes[0].filters, ["icu/+/+/+"]);
}

#[test]
fn an_undeclared_probe_takes_in_no_more_than_the_cohorts() {
    let topic = ("icu/${patient}/${device}/${stream}", "${cohort}/${patient}/${device}/${stream}");
    let cohort = "[[cohort]]\nid = \"gen\"\ncount = 2\npatient = { model = \"adult_ward\" }\n\n\
                  [[cohort.device]]\nid = \"mon\"\nkind = \"bedside_monitor\"\nlink = \"wifi\"\n\n[[cohort]]";
    let implicit = plan(&[topic, ("[[cohort]]", cohort)]);
    assert_eq!(implicit.probes[0].id, "wire");
    assert_eq!(implicit.probes[0].filters, ["gen/+/+/+", "icu/+/+/+"]);
    let probe = "[probe.store]\nto = \"broker\"\nfilter = [\"out/#\", \"in/+\"]\nqos = 0\n\n[[cohort]]";
    let declared = plan(&[("[[cohort]]", probe)]);
    assert_eq!(declared.probes.len(), 1);
    assert_eq!((declared.probes[0].id.as_str(), declared.probes[0].qos), ("store", 0));
}

#[test]
fn indices_agree_with_positions() {
    let plan = plan(&[]);
    let roster = &plan.roster;
    assert_eq!(plan.endpoints.len(), roster.devices.len());
    for (index, patient) in roster.patients.iter().enumerate() {
        for device in patient.devices.clone() {
            assert_eq!(roster.devices[device].patient.index(), index);
        }
    }
    for (index, device) in roster.devices.iter().enumerate() {
        for (position, stream) in device.streams.iter().enumerate() {
            let route = &roster.routes[stream.route.index()];
            assert_eq!((route.device.index(), usize::from(route.stream)), (index, position));
        }
    }
}

#[test]
fn cadences() {
    let cadences = |stream: &str| {
        let new = format!("stream = {stream}");
        let plan = plan(&[
            ("stream = { ecg = \"250Hz / 25\", vitals = \"1s\" }", new.as_str()),
            ("every = \"3m\"\non    = \"icu/*/mon/ecg\"", "every = \"3m\"\non = \"icu/*/mon\""),
        ]);
        plan.roster.devices[0].streams.iter().map(|stream| (stream.kind_index, stream.cadence)).collect::<Vec<_>>()
    };
    let sampled = |rate_mhz, samples| Cadence::Sampled { rate_mhz, samples };
    let period = |millis| Cadence::Periodic { period: Span::from_millis(millis) };
    assert_eq!(cadences("{ ecg = \"250Hz / 25\" }"), [(1, sampled(250_000, 25))]);
    assert_eq!(cadences("{ ecg = \"62.5Hz / 125\" }"), [(1, sampled(62_500, 125))]);
    assert_eq!(cadences("{ ecg = \"500Hz\" }"), [(1, sampled(500_000, 500))], "usual seconds a message");
    assert_eq!(cadences("{ ecg = \"200ms\" }"), [(1, sampled(250_000, 50))], "usual rate");
    assert_eq!(cadences("{ alarm = \"on\", vitals = \"2Hz\" }"), [(0, period(500)), (2, Cadence::OnEvent)]);
}

#[test]
fn without_a_stream_table_there_are_all_streams() {
    let plan = plan(&[("  stream = { ecg = \"250Hz / 25\", vitals = \"1s\" }\n", "")]);
    let streams: Vec<_> = plan.roster.devices[0].streams.iter().map(|stream| stream.id.as_str()).collect();
    assert_eq!(streams, ["vitals", "ecg", "alarm"]);
}

#[test]
fn steps_begin_where_they_say() {
    let plan = plan(&[]);
    let of = |id: &str| plan.occurrences.iter().filter(|occurrence| occurrence.step == id).collect::<Vec<_>>();
    assert_eq!((of("desat")[0].start, of("desat")[0].end), (seconds(300), Some(seconds(540))));
    assert_eq!((of("hole")[0].start, of("hole")[0].end), (seconds(370), Some(seconds(460))));
    assert_eq!((of("rate")[0].start, of("rate")[0].end), (seconds(470), None));
    let motion: Vec<_> = of("motion").iter().map(|occurrence| occurrence.start).collect();
    assert_eq!(motion, [180, 360, 540, 720, 900, 1080].map(seconds));
    assert!(plan.occurrences.is_sorted_by_key(|occurrence| occurrence.start));
    assert_eq!(of("desat")[0].arguments.number("to"), Some(80.0));
    assert_eq!(of("desat")[0].arguments.number("ramp"), Some(90e9), "defaults are filled in");
}

#[test]
fn jitter_stays_on_the_grid_and_in_its_bounds() {
    let plan = plan(&[("every = \"3m\"", "every = \"3m\"\njitter = \"30s\"")]);
    let motion = plan.occurrences.iter().filter(|occurrence| occurrence.step == "motion");
    let mut offsets = Vec::new();
    for occurrence in motion {
        let nominal = seconds(180 * (i64::from(occurrence.repetition) + 1));
        assert_eq!(occurrence.start, occurrence.start.ceil_to_grid());
        assert!(occurrence.start >= nominal && occurrence.start <= nominal + Span::from_secs(30));
        offsets.push(occurrence.start - nominal);
    }
    assert_eq!(offsets.len(), 6);
    offsets.dedup();
    assert!(offsets.len() > 1, "every repetition has a draw of its own");
}

#[test]
fn a_step_selects_whom_another_picked_or_everybody_else() {
    let step = "[[step]]\nid = \"slow\"\nat = \"15m\"\non = \"!hole\"\ndo = \"net.delay\"\nwith = { delay = \"1s\" }\n\n[[step]]";
    let plan = plan(&[("[[step]]", step)]);
    let subjects = |id: &str| {
        let occurrence = plan.occurrences.iter().find(|occurrence| occurrence.step == id).unwrap();
        occurrence.subjects.clone()
    };
    let (hole, slow) = (subjects("hole"), subjects("slow"));
    assert_eq!(hole.len(), 6, "a quarter of 24");
    assert_eq!(hole.len() + slow.len(), plan.roster.devices.len());
    assert!(hole.iter().all(|subject| !slow.contains(subject)));
}

#[test]
fn a_path_above_the_level_takes_in_all_below() {
    let plan = plan(&[("on    = \"icu/*/mon/ecg\"\npick  = 2", "on = \"icu/3\"")]);
    let motion = plan.occurrences.iter().find(|occurrence| occurrence.step == "motion").unwrap();
    let devices = plan.roster.patients[2].devices.clone();
    let streams: usize = devices.map(|device| plan.roster.devices[device].streams.len()).sum();
    assert_eq!(motion.subjects.len(), streams);
    assert!(motion.subjects.iter().all(|subject| matches!(subject, Subject::Stream(..))));
}

#[test]
fn targets_are_subjects_too() {
    let step = "[[step]]\nid = \"kill\"\nat = \"9m\"\non = \"target/broker\"\ndo = \"stack.restart\"\nfor = \"10s\"\n\n[[step]]";
    let plan = plan(&[("[[step]]", step)]);
    let kill = plan.occurrences.iter().find(|occurrence| occurrence.step == "kill").unwrap();
    assert_eq!(kill.subjects, [Subject::Target("broker".to_owned())]);
}

#[test]
fn quantities_of_commands_become_canonical() {
    let plan = plan(&[]);
    let rate = plan.occurrences.iter().find(|occurrence| occurrence.step == "rate").unwrap();
    assert_eq!(rate.arguments.text("op"), Some("set_rate"));
    assert_eq!(rate.arguments.table("args").unwrap().0.get("rate"), Some(&Argument::Number(500.0)));
}

#[test]
fn conditions_and_windows() {
    let plan = plan(&[]);
    let [others, lost, recovers] = plan.expects.as_slice() else { panic!("three expectations") };
    assert_eq!(others.condition.statistic, Some(Statistic::Percentile(0.99)));
    assert_eq!(others.condition.shape, MetricShape::Distribution(Dimension::Time));
    assert_eq!((others.condition.comparison, others.condition.bound), (Comparison::AtMost, 1e9));
    assert_eq!((others.from, others.to), (seconds(370), seconds(460)));
    assert_eq!((lost.from, lost.to, lost.always), (SimTime::ZERO, seconds(1200), true));
    assert_eq!(lost.condition.argument.as_deref(), Some("acked"));
    assert_eq!((recovers.from, recovers.to), (seconds(490), seconds(1200)), "30 s after the hole has healed");
    assert_eq!(recovers.condition.bound, 0.999);
    assert!(others.location.starts_with("ward.toml:"));
    let cut = plan.occurrences.iter().find(|occurrence| occurrence.step == "hole").unwrap();
    for route in &others.routes {
        let device = Subject::Device(plan.roster.routes[*route as usize].device);
        assert!(!cut.subjects.contains(&device));
    }
    assert_eq!(others.routes.len() + 2 * cut.subjects.len(), plan.roster.routes.len());
}

#[test]
fn defaults_are_those_of_a_usual_device() {
    let plan = plan(&[
        ("session = { clean = false, keep_alive = \"30s\" }\n", ""),
        ("qos     = 1\n", ""),
        ("mode   = \"virtual\"\n", ""),
    ]);
    let link = &plan.links[0];
    assert_eq!((link.qos, link.protocol), (1, Some(Protocol::V311)));
    let session = link.session.as_ref().unwrap();
    assert!(session.clean);
    assert_eq!(session.keep_alive, Span::from_secs(60));
    assert_eq!(session.backoff.kind, BackoffKind::ExponentialJitter);
    assert_eq!(session.inflight, 100);
    assert_eq!(link.outbox.unwrap().messages, 1000);
    assert_eq!(plan.time.mode, TimeMode::Real);
    assert_eq!(plan.time.start_epoch_ns, None);
    assert_eq!(plan.time.drain, Span::from_secs(10));
    assert_eq!(plan.report.dir, "out/ward");
    assert_eq!(plan.report.labels["build"], "local");
}

#[test]
fn a_run_that_starts_now_takes_the_clock_of_the_runner() {
    let mut now = plan(&[("mode   = \"virtual\"", "mode = \"real\"")]);
    let before = plan_sha256(&now);
    now.start_at(5);
    assert_eq!(now.roster.start_epoch_ns, 5);
    assert_eq!(plan_sha256(&now), before, "the wall clock is not part of the plan");
    let mut fixed = plan(&[]);
    fixed.start_at(5);
    assert_eq!(fixed.roster.start_epoch_ns, VIRTUAL_EPOCH_NS);
}

#[test]
fn variables_take_their_type_and_set_overrides() {
    let set =
        |name: &str, value: &str| Settings { sets: vec![(name.to_owned(), value.to_owned())], ..Settings::default() };
    assert_eq!(load_with(WARD, &set("beds", "30")).unwrap().plan.roster.patients.len(), 30);
    let text = ward_with(&[("beds = 24", "beds = 24\nunit = \"icu\""), ("\"a ward\"", "\"${beds} beds of ${unit}\"")]);
    let plan = load_with(&text, &set("unit", "floor 3")).unwrap().plan;
    assert_eq!(plan.about, "24 beds of floor 3");
    let environment = |name: &str| (name == "BUILD").then(|| "42".to_owned());
    let settings = Settings { environment: &environment, ..Settings::default() };
    assert_eq!(load_with(WARD, &settings).unwrap().plan.report.labels["build"], "42");
}

#[test]
fn the_hash_covers_the_test_and_not_where_it_runs() {
    let base = plan_sha256(&plan(&[]));
    for same in [("\"embedded\"", "\"mqtt://10.0.0.1:1883\""), ("team = \"monitoring\"", "team = \"x\"")] {
        assert_eq!(plan_sha256(&plan(&[same])), base, "{same:?}");
    }
    let others = [
        ("seed     = 7", "seed = 8"),
        ("beds = 24", "beds = 25"),
        ("pick  = 2", "pick = 3"),
        ("severity = 0.7", "severity = 0.8"),
        ("keep_alive = \"30s\"", "keep_alive = \"31s\""),
        ("<= 1s", "<= 2s"),
        ("warmup = \"2m\"", "warmup = \"1m\""),
    ];
    for other in others {
        assert_ne!(plan_sha256(&plan(&[other])), base, "{other:?}");
    }
}

#[test]
fn json_shows_no_password() {
    let plan = plan(&[("qos     = 1", "auth = { user = \"nurse\", password = \"sesame\" }")]);
    let json = plan_json(&plan);
    assert_eq!(json["links"][0]["user"], "nurse");
    assert_eq!(json["steps"][0]["picked"].as_array().unwrap().len(), 2);
    assert_eq!(json["patients"][0]["devices"][0]["streams"][0]["cadence"], "1s");
    assert!(!json.to_string().contains("sesame"));
    assert!(!plan_text(&plan).contains("sesame"));
}

#[test]
fn each_device_has_a_name_and_a_password_of_its_own() {
    let own = "auth = { user = \"${device.serial}\", password = \"planted-${patient.id}-${run}\" }";
    let shared = "auth = { user = \"nurse\", password = \"sesame\" }";
    let owned = plan(&[("qos     = 1", own)]);
    let auth = owned.endpoints[0].auth.as_ref().unwrap();
    let device = &owned.roster.devices[0];
    assert_eq!(auth.user, device.serial);
    assert_eq!(auth.password, format!("planted-{}-${{run}}", owned.roster.patients[0].patient_id));
    assert_eq!(owned.links[0].auth.as_ref().unwrap().shared, None);
    assert_eq!(plan_json(&owned)["links"][0]["user"], "${device.serial}");
    assert!(!plan_json(&owned).to_string().contains("planted"));
    assert!(!format!("{owned:?}").contains("planted"), "nor where a programmer looks");

    let same = plan(&[("qos     = 1", shared)]);
    let nurse = same.links[0].auth.as_ref().unwrap().shared.as_ref().unwrap();
    assert_eq!((nurse.user.as_str(), nurse.password.as_str()), ("nurse", "sesame"));
    assert_eq!(same.endpoints[0].auth.as_ref(), Some(nurse));
}

#[test]
fn schema_and_reference_name_every_row() {
    let registry = registry();
    let schema = json_schema(&registry);
    let step = &schema["properties"]["step"]["items"];
    assert_eq!(step["properties"]["do"]["anyOf"][0]["enum"].as_array().unwrap().len(), registry.actions().len());
    assert_eq!(schema["properties"]["time"]["required"][0], "length");
    let text = reference(&registry);
    for action in registry.actions() {
        assert!(text.contains(&format!("### `{}`", action.name)), "{}", action.name);
    }
    insta::assert_snapshot!("reference", text);
    insta::assert_json_snapshot!("schema_of_a_step", step);
}
