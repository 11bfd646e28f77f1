//! What is said about broken files: each case is the sound ward with one thing wrong, or several.

use std::collections::BTreeMap;
use std::fmt::Write;

use scenarios::{Settings, Texts, load};

use crate::registry::registry;
use crate::ward::{WARD, load_text, load_with, printed, ward_with};

/// Name of the case, and replacements in the ward.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    (
        "unknown kind of probe",
        &[("[time]", "[probe.eyes]\nkind = \"subscrbe\"\nto = \"broker\"\nfilter = \"#\"\n\n[time]")],
    ),
    (
        "topics of a probe that tell nothing",
        &[(
            "[time]",
            "[probe.a]\nto = \"broker\"\ntopic = \"clean/${cohort}\"\n\n[probe.b]\nto = \"broker\"\ntopic = \
             \"clean/${gateway}/${device.serial}\"\n\n[probe.c]\nto = \"broker\"\ntopic = \
             \"clean/+/${device.serial}\"\n\n[time]",
        )],
    ),
    (
        "topics of a probe that sees none",
        &[(
            "[time]",
            "[probe.eyes]\nkind = \"store\"\nto = \"broker\"\nwith = { file = \"a\" }\ntopic = \"x/${device.serial}\"\n\n[time]",
        )],
    ),
    (
        "filters that do not take in the topics of their probe",
        &[(
            "[time]",
            "[probe.clean]\nto = \"broker\"\ntopic = \"clean/${device.serial}/${stream}\"\nfilter = \"clean/+\"\n\n[time]",
        )],
    ),
    (
        "a mistake in a probe of which expectations speak",
        &[
            ("[time]", "[probe.eyes]\nto = \"broker\"\nfiltr = \"#\"\n\n[time]"),
            ("during = \"hole\"", "during = \"hole\"\nprobe = \"eyes\""),
        ],
    ),
    ("a subscriber without a filter", &[("[time]", "[probe.eyes]\nto = \"broker\"\n\n[time]")]),
    (
        "a probe that has no filter",
        &[(
            "[time]",
            "[probe.eyes]\nkind = \"store\"\nto = \"broker\"\nfilter = \"#\"\nwith = { file = \"a\" }\n\n[time]",
        )],
    ),
    (
        "a probe without its parameter",
        &[("[time]", "[probe.eyes]\nkind = \"store\"\nto = \"broker\"\nwith = { flie = \"a\" }\n\n[time]")],
    ),
    ("misspelt key", &[("count   =", "cuont   =")]),
    ("unknown table", &[("[time]", "[tiem]")]),
    ("unknown key without a near one", &[("share = 0.75", "banana = 1")]),
    ("syntax", &[("\"a ward\"", "\"a ward")]),
    ("same key twice", &[("seed     = 7", "seed = 7\nseed = 8")]),
    ("newer format", &[("format   = 1", "format = 2")]),
    ("several at once", &[("url  =", "ulr  ="), ("\"net.cut\"", "\"net.dleay\""), ("severity = 0.7", "severity = 7")]),
    ("unknown action", &[("\"net.cut\"", "\"net.dleay\"")]),
    ("unknown parameter", &[("severity = 0.7", "serevity = 0.7")]),
    ("parameter out of range", &[("severity = 0.7", "severity = 7")]),
    ("quantity out of range", &[("to = \"80 %\"", "to = \"20 %\"")]),
    ("wrong dimension", &[("to = \"80 %\"", "to = \"80 mmHg\"")]),
    ("no unit", &[("to = \"80 %\"", "to = 80")]),
    ("missing parameter", &[("\"net.cut\"", "\"net.delay\"")]),
    ("wrong choice", &[("\"net.cut\"", "\"net.cut\"\nwith = { how = \"silnet\" }")]),
    ("wrong kind of value", &[("count   = \"${beds}\"", "count = \"many\"")]),
    ("distribution", &[("normal(64, 12)", "norml(64, 12)")]),
    ("distribution off the range", &[("normal(64, 12)", "uniform(1, 50)")]),
    ("distribution with one number", &[("normal(64, 12)", "normal(64)")]),
    ("unknown patient model", &[("adult_icu", "adult_uci")]),
    ("unknown patient parameter", &[("age =", "aeg =")]),
    ("unknown device kind", &[("\"bedside_monitor\"", "\"bedside_montior\"")]),
    ("unknown stream", &[("vitals = \"1s\"", "vitlas = \"1s\"")]),
    ("unknown link", &[("link  = \"wifi\"", "link = \"wfi\"")]),
    ("unknown target", &[("to      = \"broker\"", "to = \"brokr\"")]),
    ("unknown format", &[("\"vendor-json\"", "\"vendor-jsno\"")]),
    ("same id twice", &[("id    = \"pump\"", "id = \"mon\""), ("id   = \"hole\"", "id = \"desat\"")]),
    ("id with a slash", &[("id   = \"hole\"", "id = \"a/b\"")]),
    ("same topics", &[("icu/${patient}/${device}/${stream}", "icu/${patient}/${stream}")]),
    ("same client ids", &[("qos     = 1", "client_id = \"x\"")]),
    ("same command topics", &[("icu/${patient}/${device}/${stream}", "icu/${stream}-${device.serial}")]),
    ("unknown template", &[("icu/${patient}/${device}/${stream}", "icu/${patinet}/${device}/${stream}")]),
    ("stream in a will", &[("icu/${patient}/${device}/state", "icu/${stream}/state")]),
    ("wildcard in a topic", &[("icu/${patient}/${device}/${stream}", "icu/+/${device.serial}/${stream}")]),
    ("template where nothing is made", &[("about    = \"a ward\"", "about = \"of ${patient}\"")]),
    ("unknown variable", &[("\"${beds}\"", "\"${bed}\"")]),
    ("too long a chunk", &[("250Hz / 25\"", "250Hz / 25000\"")]),
    ("too high a rate", &[("250Hz / 25\"", "5kHz / 25\"")]),
    ("rate of a numeric stream", &[("vitals = \"1s\"", "vitals = \"1Hz / 2\"")]),
    ("path that matches nothing", &[("icu/*/mon/ecg", "icu/*/mon/egc")]),
    ("path to no device", &[("on   = \"icu/*/mon\"", "on = \"icu/*/mno\"")]),
    ("path to no patient", &[("on   = \"icu/3\"", "on = \"icu/30\"")]),
    ("path to no cohort", &[("on   = \"icu/3\"", "on = \"icv/3\"")]),
    ("path too deep", &[("on   = \"icu/3\"", "on = \"icu/3/mon\"")]),
    ("half a glob", &[("on   = \"icu/3\"", "on = \"icu/1*\"")]),
    ("misspelt step as a selector", &[("on     = \"!hole\"", "on = \"!hoel\"")]),
    ("pick of more than there are", &[("pick  = 2", "pick = 25")]),
    ("pick of nobody", &[("pick = \"25%\"", "pick = \"1%\"")]),
    ("trigger on no step", &[("desat.start + 70s", "desta.start + 70s")]),
    ("triggers in a circle", &[("at   = \"5m\"", "at = \"hole.end\"")]),
    ("selectors in a circle", &[("on   = \"icu/3\"", "on = \"hole\""), ("on   = \"icu/*/mon\"", "on = \"!desat\"")]),
    (
        "end of an instant",
        &[("during = \"hole\"", "during = \"hole\""), ("at   = \"5m\"", "at = \"rate.end\""), ("hole.end + 10s", "1m")],
    ),
    ("beyond the end", &[("at   = \"5m\"", "at = \"25m\"")]),
    ("both triggers", &[("every = \"3m\"", "every = \"3m\"\nat = \"1m\"")]),
    ("no trigger", &[("at   = \"5m\"\n", "")]),
    ("no duration", &[("for  = \"90s\"\n", "")]),
    ("duration of an instant", &[("args = { rate = \"0.5 L/h\" } }", "args = { rate = \"0.5 L/h\" } }\nfor = \"1m\"")]),
    (
        "contradiction",
        &[(
            "[[expect]]",
            "[[step]]\nid = \"again\"\nat = \"hole.start + 10s\"\non = \"hole\"\ndo = \"net.cut\"\nfor = \"5s\"\n\n[[expect]]",
        )],
    ),
    ("overlaps itself", &[("at   = \"desat.start + 70s\"", "every = \"1m\""), ("hole.end + 10s", "8m")]),
    ("wrong dimension of a command", &[("0.5 L/h", "0.5 L")]),
    ("command with a misspelt argument", &[("args = { rate = \"0.5 L/h\" }", "args = { rat = 3 }")]),
    ("command without its argument", &[("args = { rate = \"0.5 L/h\" }", "args = {}")]),
    ("argument of another kind", &[("args = { rate = \"0.5 L/h\" }", "args = { rate = true }")]),
    ("condition without a statistic", &[("p99(latency.e2e)", "latency.e2e")]),
    ("condition with a unit of another kind", &[("<= 1s", "<= 1mmHg")]),
    ("unknown metric", &[("delivered.ratio", "deliverd.ratio")]),
    ("unknown word of a metric", &[("lost(acked)", "lost(akced)")]),
    ("unknown statistic", &[("p99(latency", "median(latency")]),
    ("count with a unit", &[("lost(acked) == 0", "lost(acked) == 0%")]),
    ("bound that always holds", &[("lost(acked) == 0", "lost(acked) >= 0")]),
    ("share that always holds", &[("delivered.ratio >= 99.9%", "delivered.ratio <= 100%")]),
    ("latency that is never negative", &[("<= 1s", ">= 0s")]),
    ("bound that never holds", &[("delivered.ratio >= 99.9%", "delivered.ratio > 100%")]),
    ("more samples than can come", &[("during = \"hole\"", "during = \"hole\"\nmin_samples = 100000")]),
    ("topic of the broker itself", &[("icu/${patient}/${device}/${stream}", "$SYS/${device.serial}/${stream}")]),
    ("shared probe", &[("[[step]]", "[probe.p]\nto = \"broker\"\nfilter = \"$share/g/icu/#\"\n\n[[step]]")]),
    ("probe of the broker itself", &[("[[step]]", "[probe.p]\nto = \"broker\"\nfilter = \"$SYS/#\"\n\n[[step]]")]),
    ("password in an address", &[("\"embedded\"", "\"mqtt://nurse:sesame@host\"")]),
    ("misspelt kind", &[("kind   = \"bedside_monitor\"", "knid = \"bedside_monitor\"")]),
    (
        "two devices of a kind without ids",
        &[
            ("id    = \"pump\"\n  kind  = \"infusion_pump\"", "kind = \"bedside_monitor\""),
            ("  id     = \"mon\"\n", ""),
        ],
    ),
    ("key that hangs on another", &[("at   = \"5m\"", "at = \"5m\"\nuntil = \"6m\"")]),
    ("list in place of a text", &[("about    = \"a ward\"", "about = [\"a ward\"]")]),
    ("text in place of a list", &[("tags = [\"req:SRS-41\"]", "tags = \"req:SRS-41\"")]),
    ("bad comparison", &[("lost(acked) == 0", "lost(acked) = 0")]),
    ("window of no step", &[("during = \"hole\"", "during = \"hoel\"")]),
    ("two windows", &[("during = \"hole\"", "during = \"hole\"\nalways = true")]),
    ("within nothing", &[("after  = \"hole\"\n", "")]),
    ("nothing left to judge", &[("within = \"30s\"", "within = \"1h\"")]),
    ("warm-up longer than the run", &[("warmup = \"2m\"", "warmup = \"20m\"")]),
    ("speed without a scale", &[("mode   = \"virtual\"", "mode = \"real\"\nspeed = 2")]),
    ("start that is none", &[("mode   = \"virtual\"", "mode = \"virtual\"\nstart = \"yesterday\"")]),
    ("url", &[("\"embedded\"", "\"embeded\"")]),
    ("url of another kind", &[("\"embedded\"", "\"mqtts://host\"")]),
    (
        "later parts of the language",
        &[
            ("[report]", "[matrix]\nqos = [0, 1]\n\n[report]\nwrite = [\"html\"]"),
            ("carrier = \"mqtt\"", "carrier = \"http\"\nnet = { delay = \"4ms\" }"),
            ("every = \"3m\"", "when = \"truth.glucose < 54 mg/dL\""),
        ],
    ),
    ("several seeds", &[("seed     = 7", "seed = [1, 2]")]),
    ("too many", &[("beds = 24", "beds = 1000001")]),
    (
        "too many streams",
        &[
            ("beds = 24", "beds = 1000000"),
            ("[[step]]", "[[cohort]]\nid = \"b\"\ncount = 1000000\npatient = { model = \"adult_icu\" }\n\n[[step]]"),
        ],
    ),
    ("too many occurrences", &[("every = \"3m\"", "every = \"100ms\""), ("length = \"20m\"", "length = \"14d\"")]),
    ("text in front of a number", &[("warmup = \"2m\"", "warmup = 120")]),
    ("TOML 1.1 table", &[("{ model = \"adult_icu\", age", "{ model = \"adult_icu\",\n  age")]),
    ("TOML 1.1 comma", &[("{ severity = 0.7 }", "{ severity = 0.7, }")]),
    ("TOML 1.1 escape", &[("\"a ward\"", "\"a \\x41\"")]),
    ("position in characters", &[("body = \"${device.serial} offline\"", "body = \"ärztlich\", tipoc = 1")]),
];

#[test]
fn every_broken_file_is_told_what_is_wrong() {
    let mut told = String::new();
    for (name, replacements) in CASES {
        let result = load_text(&ward_with(replacements));
        assert!(result.is_err(), "`{name}` passes");
        writeln!(told, "# {name}\n{}\n", printed(result)).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn warnings_do_not_stop_a_scenario() {
    let cases: [(&str, &[(&str, &str)]); 13] = [
        ("rounded to the grid", &[("at   = \"5m\"", "at = \"5.05s\"")]),
        ("lasts beyond the end", &[("for  = \"4m\"", "for = \"40m\"")]),
        ("command that will be refused", &[("op = \"set_rate\", args = { rate = \"0.5 L/h\" }", "op = \"set_rtae\"")]),
        ("expiry in 3.1.1", &[("keep_alive = \"30s\"", "expiry = \"1h\"")]),
        ("judged in the warm-up", &[("warmup = \"2m\"", "warmup = \"10m\"")]),
        (
            "more samples than can come without events",
            &[
                (
                    "stream = { ecg = \"250Hz / 25\", vitals = \"1s\" }",
                    "stream = { ecg = \"250Hz / 25\", alarm = \"on\" }",
                ),
                ("during = \"hole\"", "during = \"hole\"\nmin_samples = 1000000"),
            ],
        ),
        ("cadence longer than the run", &[("vitals = \"1s\"", "vitals = \"1h\"")]),
        (
            "probe that sees no device",
            &[("[[step]]", "[probe.p]\nto = \"broker\"\nfilter = [\"icu/#\", \"icv/#\"]\n\n[[step]]")],
        ),
        (
            "a probe on topics of its own",
            &[("[[step]]", "[probe.p]\nto = \"broker\"\ntopic = \"clean/${device.serial}/${stream}\"\n\n[[step]]")],
        ),
        (
            "a probe whose topics are the devices' own",
            &[("[[step]]", "[probe.p]\nto = \"broker\"\ntopic = \"icu/${patient}/${device}/${stream}\"\n\n[[step]]")],
        ),
        (
            "a probe on topics of its own beside another",
            &[(
                "[[step]]",
                "[probe.p]\nto = \"broker\"\ntopic = \"clean/${device.serial}/${stream}\"\n\n[probe.wire]\nto = \
                 \"broker\"\nfilter = \"icu/#\"\n\n[[step]]",
            )],
        ),
        ("condition of nobody", &[("[[step]]", "[condition.x]\ntimes = { ag = 1 }\n\n[[step]]")]),
        ("no expiry in 5", &[("qos     = 1", "protocol = \"5\"")]),
    ];
    let mut told = String::new();
    for (name, replacements) in cases {
        let result = load_text(&ward_with(replacements));
        assert!(result.is_ok(), "`{name}` fails: {}", printed(result));
        writeln!(told, "# {name}\n{}\n", printed(result)).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_run_of_which_nothing_is_expected_is_told() {
    let text = ward_with(&[("mode   = \"virtual\"\n", "")]);
    let (before, behind) = (text.split("[[expect]]").next().unwrap(), text.split("[report]").nth(1).unwrap());
    insta::assert_snapshot!(printed(load_text(&format!("{before}[report]{behind}"))));
}

#[test]
fn the_command_line_is_checked_too() {
    let settings = Settings {
        sets: vec![("bedz".to_owned(), "3".to_owned()), ("beds".to_owned(), "lots".to_owned())],
        without: vec!["hoel".to_owned()],
        ..Settings::default()
    };
    insta::assert_snapshot!(printed(load_with(WARD, &settings)));
}

#[test]
fn included_files_are_named() {
    let files = |broker: &str, main: &str| {
        Texts(BTreeMap::from([
            ("wards/main.toml".to_owned(), main.to_owned()),
            ("wards/common/broker.toml".to_owned(), broker.to_owned()),
        ]))
    };
    let main = ward_with(&[
        ("[target.broker]\nkind = \"mqtt\"\nurl  = \"embedded\"\n", ""),
        ("seed     = 7", "seed = 7\ninclude = [\"common/broker.toml\"]"),
    ]);
    let load = |files: &Texts| load(files, "wards/main.toml", &Settings::default(), &registry());
    let sound = files("[target.broker]\nurl = \"mosquitto\"\n\n[vars]\nbeds = 3\n", &main);
    let plan = load(&sound).unwrap().plan;
    assert_eq!(plan.targets[0].url, "mosquitto");
    assert_eq!(plan.roster.patients.len(), 24, "the including file replaces what it includes");

    insta::assert_snapshot!(printed(load(&files("[target.broker]\nulr = 3\n", &main))));
    insta::assert_snapshot!(printed(load(&files("include = [\"../main.toml\"]\n", &main))));
    insta::assert_snapshot!(printed(load(&files("include = [\"none.toml\"]\n", &main))));
}

#[test]
fn a_missing_file_is_an_error() {
    let none = Texts::default();
    let result = load(&none, "none.toml", &Settings::default(), &registry());
    insta::assert_snapshot!(printed(result));
}
