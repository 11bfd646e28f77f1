//! The rows of time, steps, expectations and reports.

use vocabulary::Dimension::Time;

use crate::language::schema::Takes::{
    Arguments, At, Choice, Condition, Count, Flag, Free, Id, Number, Pick, Quantity, Reference, Registered, Start,
    Text, TextOrTexts, Texts, Zone,
};
use crate::language::schema::{More, TableSpec, key, later};

pub(super) static TIME: TableSpec = TableSpec {
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
        key(
            "zone",
            Zone,
            "by whose clocks people live: a zone of the IANA database, such as `Europe/Berlin`; the offset of `start` \
             without it, UTC where that says none",
        ),
        key("warmup", Quantity(Time), "sent, but not judged").or("0s"),
        key("length", Quantity(Time), "simulated length, warm-up included").required(),
        key("drain", Quantity(Time), "how long to wait for stragglers afterwards").or("10s"),
    ],
    more: More::Nothing,
};

pub(super) static STEP: TableSpec = TableSpec {
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

pub(super) static EXPECT: TableSpec = TableSpec {
    heading: "[[expect]]",
    about: "Something that must hold. Without `during`, `after` or `always`, it is judged from the end of the \
            warm-up to the end of the run.",
    keys: &[
        key("id", Text, "name in reports").required(),
        key("that", Condition, "condition").required(),
        key("on", TextOrTexts, "paths, or a step (whom it picked), or `!step` (everybody else); without it, all"),
        key("probe", Reference("probe"), "the probe whose sightings count; without it, each stream's first one"),
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

pub(super) static REPORT: TableSpec = TableSpec {
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
