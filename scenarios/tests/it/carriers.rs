//! Carriers as rows: what a link and a target of each may say, and what steps and probes can do there.

use std::collections::BTreeMap;
use std::fmt::Write;

use scenarios::{Diagnostic, Loaded, Settings, Texts, json_schema, load, plan_json, plan_text, reference};
use sim_core::{AddressSpec, CarrierChecks, CarrierKind, Executor, ParameterKind, ParameterSpec, Registry, Seam};

use crate::registry::registry;
use crate::ward::{printed, replaced, ward_with};

struct Nothing;

impl Seam for Nothing {
    const WORD: &'static str = "carrier";
}

/// A vendor's carrier, which takes one key of the language and has parameters of its own.
fn post() -> CarrierKind {
    CarrierKind {
        name: "post",
        about: "letters to an office",
        address: AddressSpec {
            schemes: &["post"],
            words: &["next-door"],
            example: "post://office",
            is_broker: false,
            check: |url| if url == "post://" { Err("an office has a name".to_owned()) } else { Ok(()) },
        },
        link_keys: &["auth"],
        link_parameters: vec![ParameterSpec::required("stamp", ParameterKind::Text, "what is on the envelope")],
        target_parameters: vec![
            ParameterSpec::optional("counters", ParameterKind::Count, "how many are open").default("1").range(1.0, 9.0),
        ],
        checks: CarrierChecks {
            target: |url, with| {
                let crowded = url == "next-door" && with.number("counters").is_some_and(|counters| counters > 1.0);
                if crowded { Err("next door there is room for one counter".to_owned()) } else { Ok(()) }
            },
            ..CarrierChecks::NONE
        },
        acknowledges: false,
        takes_commands: false,
        takes_link_faults: false,
        watched_by: None,
        executor: Executor::new(Nothing),
    }
}

fn with_post() -> Registry {
    let mut registry = registry();
    registry.add(post());
    registry
}

/// The ward with a second target and link, and what else is replaced.
fn load_office(replacements: &[(&str, &str)]) -> Result<Loaded, Vec<Diagnostic>> {
    let mut text = ward_with(&[
        (
            "[[cohort]]",
            "[target.office]\nurl = \"post://office\"\n\n[link.letters]\ncarrier = \"post\"\nto = \"office\"\n\
             topic = \"mail/${patient}/${stream}\"\nwith = { stamp = \"lion\" }\n\n[[cohort]]",
        ),
        ("kind  = \"infusion_pump\"\n  link  = \"wifi\"", "kind  = \"infusion_pump\"\n  link  = \"letters\""),
        // No command reaches a device by letter.
        (
            "do   = \"cmd.send\"\nwith = { op = \"set_rate\", args = { rate = \"0.5 L/h\" } }",
            "do   = \"sensor.motion\"\nfor  = \"1s\"",
        ),
    ]);
    text = replaced(&text, replacements);
    let files = Texts(BTreeMap::from([("ward.toml".to_owned(), text)]));
    load(&files, "ward.toml", &Settings::default(), &with_post())
}

/// Name of the case, and replacements in the ward with an office.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const BROKEN: [Case; 14] = [
    ("a carrier that nobody has registered", &[("carrier = \"post\"", "carrier = \"psot\"")]),
    ("a carrier far from any", &[("carrier = \"post\"", "carrier = \"telegraph\"")]),
    (
        "a kind of target that nobody has registered",
        &[("url = \"post://office\"", "kind = \"psot\"\nurl = \"post://office\"")],
    ),
    (
        "a kind of target and the address of another",
        &[("url = \"post://office\"", "kind = \"mqtt\"\nurl = \"next-door\"")],
    ),
    ("an address that the carrier refuses", &[("url = \"post://office\"", "url = \"post://\"")]),
    ("an address of nobody", &[("url = \"post://office\"", "url = \"next-dor\"")]),
    ("a password in the address", &[("url = \"post://office\"", "url = \"post://clerk:s3cret@office\"")]),
    (
        "keys that the carrier does not take",
        &[(
            "with = { stamp",
            "qos = 1\nretain = true\nclient_id = \"c\"\nwill = { topic = \"w\" }\nsession = { clean = true }\nwith = { stamp",
        )],
    ),
    ("a link without a topic", &[("topic = \"mail/${patient}/${stream}\"\n", "")]),
    ("a parameter that is missing", &[("with = { stamp = \"lion\" }\n", "")]),
    ("a parameter that the carrier has not", &[("stamp = \"lion\"", "stamp = \"lion\", stmp = 1")]),
    (
        "a parameter of the target out of range",
        &[("url = \"post://office\"", "url = \"post://office\"\nwith = { counters = 10 }")],
    ),
    (
        "a link to a target of another carrier",
        &[("carrier = \"post\"\nto = \"office\"", "carrier = \"post\"\nto = \"broker\"")],
    ),
    (
        "a probe that cannot watch there",
        &[("[[cohort]]", "[probe.eyes]\nto = \"office\"\nfilter = \"#\"\n\n[[cohort]]")],
    ),
];

#[test]
fn what_is_wrong_with_carriers_is_told() {
    let mut told = String::new();
    for (name, replacements) in BROKEN {
        let result = load_office(replacements);
        assert!(result.is_err(), "`{name}` passes");
        writeln!(told, "# {name}\n{}\n", printed(result)).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn steps_know_what_a_carrier_cannot() {
    let step =
        |action: &str| format!("[[step]]\nid = \"more\"\nat = \"3m\"\non = \"icu/*/pump\"\n{action}\n\n[[expect]]");
    let mut told = String::new();
    for action in [
        "do = \"net.cut\"\nfor = \"10s\"",
        "do = \"cmd.send\"\nwith = { op = \"set_rate\", args = { rate = \"1 mL/h\" } }",
    ] {
        let result = load_office(&[("[[expect]]", &step(action))]);
        assert!(result.is_err(), "`{action}` passes");
        writeln!(told, "# {action}\n{}\n", printed(result)).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_plan_says_what_a_carrier_has_and_nothing_else() {
    let loaded = load_office(&[
        ("with = { stamp", "auth = { user = \"clerk\", password = \"s3cret\" }\nwith = { stamp"),
        ("url = \"post://office\"", "url = \"post://office\"\nwith = { counters = 3 }"),
    ]);
    let plan = loaded.unwrap().plan;
    let letters = &plan.links[1];
    assert_eq!((letters.over.as_str(), letters.qos, letters.protocol), ("post", 0, None));
    assert_eq!((&letters.session, letters.outbox), (&None, None));
    assert_eq!(letters.arguments.text("stamp"), Some("lion"));
    assert_eq!(plan.targets[1].arguments.number("counters"), Some(3.0));
    assert!(plan.probes.iter().all(|probe| probe.target == 0), "nobody can watch the office by default");
    let json = plan_json(&plan);
    insta::assert_json_snapshot!([&json["targets"], &json["links"][1]]);
    let text = plan_text(&plan);
    let lines: Vec<&str> =
        text.lines().filter(|line| line.starts_with("  target") || line.starts_with("  link")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn an_address_and_parameters_that_do_not_go_together_are_refused() {
    let next_door = |counters: &str| {
        load_office(&[("url = \"post://office\"", &format!("url = \"next-door\"\nwith = {{ counters = {counters} }}"))])
    };
    assert!(next_door("1").is_ok());
    let told = next_door("2").unwrap_err();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].to_string().contains("next door there is room for one counter"), "{}", told[0]);
}

#[test]
fn reference_and_schema_know_a_vendors_carrier() {
    let text = reference(&with_post());
    let section = text.split("### `post`").nth(1).unwrap().split("\n##").next().unwrap();
    insta::assert_snapshot!(section.trim());
    let auth: Vec<&str> = text.lines().filter(|line| line.starts_with("| `auth` | table")).collect();
    assert!(auth[0].contains("with `kind = \"mqtt\"` or `\"post\"`"), "{auth:?}");
    assert!(auth[1].contains("with `carrier = \"mqtt\"` or `\"post\"`"), "{auth:?}");

    let schema = json_schema(&with_post());
    let rules = schema["properties"]["link"]["additionalProperties"]["allOf"].as_array().unwrap();
    let post = rules.iter().find(|rule| rule["if"]["properties"]["carrier"]["const"] == "post").unwrap();
    let properties = &post["then"]["properties"];
    assert_eq!((&properties["qos"], &properties["advertise"]), (&false.into(), &false.into()));
    assert_eq!((&properties["auth"], &properties["topic"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    assert_eq!(properties["with"]["required"][0], "stamp");
}

#[test]
fn flaws_of_carriers_are_told_at_the_start() {
    let mut registry = with_post();
    registry.add(post());
    registry.add(CarrierKind { name: "ble", watched_by: Some("eyes"), ..post() });
    let flaws = registry.check().unwrap_err().to_string();
    insta::assert_snapshot!(flaws);
}
