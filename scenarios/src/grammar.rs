//! Every table and key of the scenario language: the one place where names, defaults and meanings stand.

use vocabulary::Dimension::{Length, LevelDifference, PowerLevel, Time};

use crate::schema::Takes::{
    Arguments, At, Choice, Condition, Count, Flag, Free, Id, Named, Number, PatientParameters, Pick, Position,
    Quantity, Reference, Registered, Seed, Share, Shares, Start, Streams, Table, Tables, Template, Text, TextOrTexts,
    Texts,
};
use crate::schema::{KeySpec, More, TableSpec, Takes, key, later};

/// Most patients a cohort may have, so that a slip of the keyboard cannot eat the memory.
pub(crate) const MOST_PATIENTS: u64 = 1_000_000;
/// Most streams a scenario may have over all devices.
pub(crate) const MOST_ROUTES: u64 = 5_000_000;
/// Most occurrences of steps.
pub(crate) const MOST_OCCURRENCES: u64 = 100_000;
/// Most gateways of a ward.
pub(crate) const MOST_GATEWAYS: u64 = 1000;
/// Most (gateway, device it may connect to) pairs.
pub(crate) const MOST_REACHES: u64 = 5_000_000;
/// Most (occurrence, subject) pairs.
pub(crate) const MOST_SUBJECTS: u64 = 5_000_000;

const QOS: Takes = Choice { now: &["0", "1"], later: &["2"] };

/// The file itself.
pub(crate) static SCENARIO: TableSpec = TableSpec {
    heading: "the file",
    about: "A scenario is one TOML 1.0 file, with the files it includes.",
    keys: &[
        key("format", Count(1, 1), "version of the file format").required(),
        key("scenario", Text, "name in every report").required(),
        key("about", Text, "one line about it").or(""),
        key("seed", Seed, "seed of every random draw; `--seed` overrides it").or("1"),
        key("include", Texts, "files read first, relative to this one; the same id here replaces what they say"),
        key("vars", Free, "variables for `${name}`, overridden by `--set name=value`"),
        key("time", Table(&TIME), "how time passes").required(),
        key("target", Named(&TARGET), "the components of your stack").required(),
        key("link", Named(&LINK), "how devices reach a target").required(),
        key("gateway", Named(&GATEWAY), "what hears Bluetooth devices and hands on what they say"),
        key("site", Named(&SITE), "what the air is like where Bluetooth is spoken"),
        key("cohort", Tables(&COHORT), "patients and their devices").required(),
        key(
            "profile",
            Named(&PROFILE),
            "kinds of patients as data; one of the same id as a built-in profile replaces it",
        ),
        key("condition", Named(&CONDITION), "what patients may suffer from, as changes of their parameters"),
        key("step", Tables(&STEP), "what happens, when, and to whom"),
        key("probe", Named(&PROBE), "where the stack is watched"),
        key("expect", Tables(&EXPECT), "what must hold"),
        key("report", Table(&REPORT), "what is written at the end"),
        later("matrix"),
        later("chaos"),
    ],
    more: More::Nothing,
};

static TIME: TableSpec = TableSpec {
    heading: "[time]",
    about: "How simulated time passes, and how long.",
    keys: &[
        key(
            "mode",
            Choice { now: &["real", "scaled", "virtual"], later: &[] },
            "`real`: one to one; `scaled`: `speed` times faster; `virtual`: as fast as possible, without a network",
        )
        .or("real"),
        key("speed", Number(0.001, 100_000.0), "simulated seconds per second").required().with(
            "mode",
            "scaled",
            "time passes as it does, or as fast as it can",
        ),
        key(
            "start",
            Start,
            "what payload timestamps say at the start; the default is `now`, and 2026-01-01T00:00:00Z in virtual mode",
        ),
        key("warmup", Quantity(Time), "sent, but not judged").or("0s"),
        key("length", Quantity(Time), "simulated length, warm-up included").required(),
        key("drain", Quantity(Time), "how long to wait for stragglers afterwards").or("10s"),
    ],
    more: More::Nothing,
};

static TARGET: TableSpec = TableSpec {
    heading: "[target.ID]",
    about: "One component of your stack.",
    keys: &[
        key(
            "kind",
            Choice { now: &["mqtt", "hci"], later: &["http", "fhir", "mllp"] },
            "what it speaks: `hci` is a Bluetooth host (Bumble, Zephyr, BlueZ ...) that attaches to the radio of a site",
        )
        .or("mqtt"),
        key(
            "url",
            Text,
            "`mqtt://host:1883`, `embedded` (a broker inside the process) or `mosquitto` (started as a child)",
        )
        .required()
        .with("kind", "mqtt", "a Bluetooth host attaches at `listen`"),
        key("listen", Text, "where the host attaches: `tcp://127.0.0.1:6402` (port 0 picks a free one) or `unix:/path`")
            .required()
            .with("kind", "hci", "a broker is reached at `url`"),
        key("site", Text, "the site whose air it hears; the only one, if there is but one")
            .with("kind", "hci", "a broker hears no radio"),
        key("place", Position, "where its antenna is; without it, in the middle of the site")
            .with("kind", "hci", "a broker hears no radio"),
        later("ca"),
        later("auth"),
        later("control"),
        later("observe"),
        later("allow_attacks"),
    ],
    more: More::Nothing,
};

/// Why a link that is not Bluetooth has no such key.
const RADIO_ONLY: &str = "a connection of the device's own has no radio";
/// Why a Bluetooth link has no such key.
const MQTT_ONLY: &str = "it belongs to the link of the gateway";

static LINK: TableSpec = TableSpec {
    heading: "[link.ID]",
    about: "How devices reach a target: by a connection of their own, or by Bluetooth to a gateway.",
    keys: &[
        key("carrier", Choice { now: &["mqtt", "ble"], later: &["http"] }, "what carries the messages").or("mqtt"),
        key("to", Reference("target, or of a gateway with `carrier = \"ble\"`"), "where it leads").required(),
        key("topic", Template, "topic of each stream; commands go to `<topic up to ${stream}>/cmd`, answers to `/ack`")
            .required()
            .with("carrier", "mqtt", MQTT_ONLY),
        key("format", Registered("format"), "payload format").or("vendor-json").with("carrier", "mqtt", MQTT_ONLY),
        key("qos", QOS, "delivery level").or("1").with("carrier", "mqtt", MQTT_ONLY),
        key("retain", Flag, "whether the broker keeps the last message of each topic")
            .or("false")
            .with("carrier", "mqtt", MQTT_ONLY),
        key("protocol", Choice { now: &["3.1.1", "5"], later: &[] }, "MQTT version")
            .or("3.1.1")
            .with("carrier", "mqtt", MQTT_ONLY),
        key("client_id", Template, "client id of each device, unique among all")
            .or("iomt-${device.serial}")
            .with("carrier", "mqtt", MQTT_ONLY),
        key("session", Table(&SESSION), "how connections behave").with("carrier", "mqtt", MQTT_ONLY),
        key("outbox", Table(&OUTBOX), "store and forward in the device").with("carrier", "mqtt", MQTT_ONLY),
        key("will", Table(&WILL), "last will").with("carrier", "mqtt", MQTT_ONLY),
        key("auth", Table(&AUTH), "name and password").with("carrier", "mqtt", MQTT_ONLY),
        key("advertise", Quantity(Time), "time between advertisements, 20ms to 10.24s in steps of 0.625ms")
            .or("1s")
            .with("carrier", "ble", RADIO_ONLY),
        key("power", Quantity(PowerLevel), "transmit power, -40 dBm to 20 dBm")
            .or("0 dBm")
            .with("carrier", "ble", RADIO_ONLY),
        key("links", Count(1, 8), "most links of a device at a time").or("1").with("carrier", "ble", RADIO_ONLY),
        key(
            "security",
            Choice { now: &["none", "just_works", "passkey"], later: &[] },
            "what a device demands before it tells anything: nothing, an encrypted link, or one paired by six digits",
        )
        .or("none")
        .with("carrier", "ble", RADIO_ONLY),
        key("passkey", Text, "six digits; without it, drawn for each device").with(
            "security",
            "passkey",
            "nobody would type it",
        ),
        key(
            "pairing",
            Choice { now: &["secure_connections", "legacy"], later: &[] },
            "whether devices can pair with LE Secure Connections",
        )
        .or("secure_connections")
        .with("carrier", "ble", RADIO_ONLY),
        later("net"),
        later("profile"),
    ],
    more: More::Nothing,
};

static SESSION: TableSpec = TableSpec {
    heading: "link.ID.session",
    about: "How connections behave.",
    keys: &[
        key("clean", Flag, "start from nothing on each connect (clean session, clean start)").or("true"),
        key("expiry", Quantity(Time), "how long the broker keeps the session after a disconnect (MQTT 5)").or("0s"),
        key("keep_alive", Quantity(Time), "longest silence of a living connection, in whole seconds; 0 turns it off")
            .or("60s"),
        key(
            "backoff",
            Choice { now: &["none", "fixed", "exp", "exp_jitter"], later: &[] },
            "how waits between connection attempts grow",
        )
        .or("exp_jitter"),
        key("backoff_initial", Quantity(Time), "first wait").or("1s"),
        key("backoff_longest", Quantity(Time), "longest wait").or("60s"),
        key("inflight", Count(1, 65_535), "most unacknowledged messages at a time").or("100"),
    ],
    more: More::Nothing,
};

static OUTBOX: TableSpec = TableSpec {
    heading: "link.ID.outbox",
    about: "Store and forward in the device. What it drops is declared, not lost.",
    keys: &[
        key("messages", Count(0, 1_000_000), "most messages kept while the device cannot send").or("1000"),
        key("full", Choice { now: &["drop_oldest", "drop_newest"], later: &[] }, "what is dropped when it is full")
            .or("drop_oldest"),
    ],
    more: More::Nothing,
};

static WILL: TableSpec = TableSpec {
    heading: "link.ID.will",
    about: "Last will, published by the broker when a connection ends without a goodbye.",
    keys: &[
        key("topic", Template, "where").required(),
        key("body", Template, "what").or(""),
        key("qos", QOS, "delivery level").or("0"),
        key("retain", Flag, "whether the broker keeps it").or("false"),
    ],
    more: More::Nothing,
};

static AUTH: TableSpec = TableSpec {
    heading: "link.ID.auth",
    about: "Name and password; take the password from the environment with `${env:NAME}`.",
    keys: &[
        key("user", Text, "user name").required(),
        key("password", Text, "password; never printed").required(),
        later("kind"),
        later("issue"),
    ],
    more: More::Nothing,
};

static GATEWAY: TableSpec = TableSpec {
    heading: "[gateway.ID]",
    about: "What hears Bluetooth devices and hands on what they say over a connection of its own. Paths are `gw/ID/1`, \
            `gw/ID/2` ...; in the link's templates `${device}` is then its id and `${patient}` its number.",
    keys: &[
        key(
            "per",
            Choice { now: &["ward", "patient"], later: &[] },
            "`ward`: `count` gateways spread over one site, each device may reach any of them; `patient`: one for each \
             patient of the cohorts whose links lead to it, such as a phone",
        )
        .required(),
        key("count", Count(1, MOST_GATEWAYS), "how many on the ward").or("1").with(
            "per",
            "ward",
            "each patient has one",
        ),
        key("link", Reference("link"), "its own link; topic, delivery level, session and outbox are those of it")
            .required(),
        key("slots", Count(1, 100), "most Bluetooth links at a time").or("20"),
        key("interval", Quantity(Time), "connection interval it asks for, 7.5ms to 4s in steps of 1.25ms").or("30ms"),
        key("format", Registered("gateway format"), "payload format of what it hands on").or("gateway-json"),
        key("site", Text, "name of its site, which gateways may share; without it, its own id"),
    ],
    more: More::Nothing,
};

static SITE: TableSpec = TableSpec {
    heading: "[site.ID]",
    about: "What the air of a site is like: the ward, or the home of each patient.",
    keys: &[
        key(
            "path_loss",
            Number(1.5, 6.0),
            "path loss exponent: 2.0 line of sight, 2.7 an open ward, 3.3 rooms; 2.7, or 2.8 in homes, if not given",
        ),
        key("shadowing", Quantity(LevelDifference), "standard deviation of the shadowing, up to 20 dB").or("4 dB"),
    ],
    more: More::Nothing,
};

static COHORT: TableSpec = TableSpec {
    heading: "[[cohort]]",
    about: "Patients of one kind, numbered from 1, and the devices each of them has.",
    keys: &[
        key("id", Id, "first part of every path").required(),
        key("count", Count(1, MOST_PATIENTS), "how many patients").required(),
        key("patient", Table(&PATIENT), "who they are").required(),
        key("place", Table(&PLACE), "where they are, for Bluetooth"),
        key("device", Tables(&DEVICE), "what they wear"),
    ],
    more: More::Nothing,
};

static PLACE: TableSpec = TableSpec {
    heading: "cohort.place",
    about: "Where patients and their devices are. On a ward the beds stand on a grid, in order of patient number, one \
            cohort north of the other; at home the patient's gateway is in the middle.",
    keys: &[
        key("spacing", Quantity(Length), "distance of neighbouring beds").or("3 m"),
        key("columns", Count(1, 1000), "beds side by side").or("6"),
        key(
            "distance",
            Text,
            "of a device from the bed or from the patient's gateway, up to 1 km; may be drawn for each device, like \
             the parameters of a patient",
        )
        .or("uniform(0.5 m, 2 m)"),
    ],
    more: More::Nothing,
};

static PATIENT: TableSpec = TableSpec {
    heading: "cohort.patient",
    about: "The patient model and its parameters. Numbers may be distributions, drawn for each patient and limited to \
            the parameter's range: `normal(mean, deviation)`, `uniform(least, most)`, `lognormal(median, sigma)`.",
    keys: &[
        key("model", Registered("patient model"), "patient model, unless a profile names it"),
        key("profile", Reference("profile"), "profile: values and distributions of the model's parameters"),
        key(
            "conditions",
            Shares,
            "share of the patients who have each condition, drawn for each of them; goes before the profile's",
        ),
    ],
    more: More::PatientParameters,
};

/// A file that holds profiles and conditions alone, as the built-in ones do.
pub(crate) static PROFILE_FILE: TableSpec = TableSpec {
    heading: "a file of profiles",
    about: "Profiles and conditions that a program brings with it.",
    keys: &[
        key("profile", Named(&PROFILE), "kinds of patients as data"),
        key("condition", Named(&CONDITION), "what patients may suffer from"),
    ],
    more: More::Nothing,
};

static PROFILE: TableSpec = TableSpec {
    heading: "[profile.ID]",
    about: "A kind of patients: `patient = { profile = \"ID\" }`. What the scenario says of a parameter goes before \
            `age` groups, these before `sex`, this before `parameters`, and these before the model's defaults.",
    keys: &[
        key("about", Text, "one line about it").or(""),
        key("model", Registered("patient model"), "the model it describes").required(),
        key("parameters", PatientParameters, "values and distributions of the model's parameters"),
        key("conditions", Shares, "share of these patients who have each condition"),
        key("sex", Named(&SEX_GROUP), "what differs in `female` and in `male` patients"),
        key("age", Tables(&AGE_GROUP), "what differs with age"),
    ],
    more: More::Nothing,
};

static SEX_GROUP: TableSpec = TableSpec {
    heading: "profile.ID.sex.SEX",
    about: "What differs in patients of one sex.",
    keys: &[
        key("parameters", PatientParameters, "parameters, except age and sex"),
        key("conditions", Shares, "conditions"),
    ],
    more: More::Nothing,
};

static AGE_GROUP: TableSpec = TableSpec {
    heading: "[[profile.ID.age]]",
    about: "What differs in patients of some ages; of several groups that a patient belongs to, the last one counts.",
    keys: &[
        key("from", Number(0.0, 150.0), "youngest [years]; without it, from birth"),
        key("below", Number(0.0, 150.0), "younger than this [years]; without it, without end"),
        key("parameters", PatientParameters, "parameters, except age and sex"),
        key("conditions", Shares, "conditions"),
    ],
    more: More::Nothing,
};

static CONDITION: TableSpec = TableSpec {
    heading: "[condition.ID]",
    about: "What a patient may suffer from. What the scenario itself says of a parameter is changed, but not set. Of \
            several conditions all factors apply, then all summands; the parameter's range limits the result.",
    keys: &[
        key("about", Text, "one line about it").or(""),
        key("set", PatientParameters, "values and distributions that replace the patient's"),
        key("times", PatientParameters, "factors, or distributions of factors"),
        key("plus", PatientParameters, "summands, with their units"),
    ],
    more: More::Nothing,
};

static DEVICE: TableSpec = TableSpec {
    heading: "[[cohort.device]]",
    about: "A device of every patient of the cohort, or of a share of them.",
    keys: &[
        key("id", Id, "third part of every path").required(),
        key("kind", Registered("device kind"), "device kind").required(),
        key("link", Reference("link"), "how it reaches the stack").required(),
        key("share", Share, "share of the patients who have it, drawn for each of them").or("1"),
        key("stream", Streams, "exactly these streams; without it, all of the kind at its own pace"),
        key(
            "phase",
            Choice { now: &["random", "aligned"], later: &[] },
            "whether devices speak at their own moments or all at the same",
        )
        .or("random"),
        later("battery"),
        later("clock"),
    ],
    more: More::DeviceOptions,
};

static STEP: TableSpec = TableSpec {
    heading: "[[step]]",
    about: "Something that happens: when, to whom, what, how long. A step takes `at` or `every`. Of those that `on` takes \
            in, an action on connections picks only devices that have one of their own, an action on Bluetooth only \
            those that speak it.",
    keys: &[
        key("id", Id, "name, also a selector for `on`: what it picked; `!id` is everybody else").required(),
        key("at", At, "when it happens"),
        key("every", Quantity(Time), "happens again and again, first after this time"),
        key("until", Quantity(Time), "no more repetitions from here on").beside("every", "it ends repetitions"),
        key("jitter", Quantity(Time), "each occurrence is up to this much later, drawn").or("0s"),
        key(
            "on",
            TextOrTexts,
            "paths: `cohort/patient/device/stream`, `gw/id/number`, `target/id`; `*` is one part, `**` any number of parts",
        )
        .required(),
        key("pick", Pick, "how many of them, drawn; without it, all"),
        key("do", Registered("action"), "action").required(),
        key("with", Arguments, "parameters of the action"),
        key("for", Quantity(Time), "how long"),
        key("tags", Texts, "words copied into the report, such as `req:SRS-41`"),
        later("when"),
    ],
    more: More::Nothing,
};

static PROBE: TableSpec = TableSpec {
    heading: "[probe.ID]",
    about: "Where the stack is watched. Without a probe, an MQTT target is watched by one called `wire` that \
            subscribes to the topics of its links.",
    keys: &[
        key(
            "kind",
            Choice { now: &["subscribe"], later: &["fhir_poll", "http_poll", "webhook", "mllp", "exec"] },
            "how",
        )
        .or("subscribe"),
        key("to", Reference("target"), "which target").required(),
        key("filter", TextOrTexts, "topic filters").required(),
        key("qos", QOS, "delivery level asked for").or("1"),
        later("match"),
        later("clients"),
        later("query"),
        later("every"),
        later("listen"),
        later("run"),
    ],
    more: More::Nothing,
};

static EXPECT: TableSpec = TableSpec {
    heading: "[[expect]]",
    about: "Something that must hold. Without `during`, `after` or `always`, it is judged from the end of the \
            warm-up to the end of the run.",
    keys: &[
        key("id", Text, "name in reports").required(),
        key("that", Condition, "condition").required(),
        key("on", TextOrTexts, "paths, or a step (whom it picked), or `!step` (everybody else); without it, all"),
        key("during", Reference("step"), "judge what is said while this step lasts"),
        key("after", Reference("step"), "judge what is said from the end of this step on"),
        key("within", Quantity(Time), "time to recover; judged from then on")
            .beside("after", "it counts from the end of a step"),
        key("always", Flag, "a safety condition: judged over the whole run, warm-up and faults included").or("false"),
        key("min_samples", Count(0, 1_000_000_000), "fewer samples than this are inconclusive").or("1"),
        key(
            "severity",
            Choice { now: &["fail", "info"], later: &[] },
            "whether a failure fails the run or is only told",
        )
        .or("fail"),
        later("by"),
        later("baseline"),
    ],
    more: More::Nothing,
};

static REPORT: TableSpec = TableSpec {
    heading: "[report]",
    about: "What is written at the end.",
    keys: &[
        key("dir", Text, "folder of the reports; `--out` overrides it").or("out/${scenario}"),
        key("labels", Free, "names and texts copied into the reports"),
        later("write"),
        later("repeat"),
    ],
    more: More::Nothing,
};

/// Every table, in the order of the reference.
pub(crate) fn tables() -> Vec<&'static TableSpec> {
    let mut tables = vec![&SCENARIO];
    let mut next = 0;
    while next < tables.len() {
        for KeySpec { takes, .. } in tables[next].keys {
            if let Table(table) | Named(table) | Tables(table) = takes {
                tables.push(table);
            }
        }
        next += 1;
    }
    tables
}
