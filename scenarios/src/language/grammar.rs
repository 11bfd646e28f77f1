//! Every table and key of the scenario language: the one place where names, defaults and meanings stand.

mod events;
mod network;
pub(crate) mod people;

use self::events::{EXPECT, REPORT, STEP, TIME};
use self::network::{GATEWAY, LINK, PAYLOAD, PROBE, SITE, TARGET};
use self::people::{COHORT, CONDITION, PROFILE};
use crate::language::schema::Takes::{Count, Free, Named, Seed, Table, Tables, Text, Texts};
use crate::language::schema::{KeySpec, More, TableSpec, key, later};

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
        key("payload", Named(&PAYLOAD), "payload formats of your own, which links name as their `format`"),
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
