//! Payload formats of the scenario's own: what is wrong is told at their texts, before anything is sent.

use std::collections::BTreeMap;
use std::fmt::Write;

use scenarios::{Diagnostic, Loaded, Settings, Texts, load, plan_json, plan_sha256};

use crate::registry::registry;
use crate::ward::{printed, ward_with};

/// Which format the link of the ward has.
const FORMAT: &str = "format  = \"vendor-json\"";

/// The ward whose link has the format `lines`, of this table.
fn load_lines(table: &str) -> Result<Loaded, Vec<Diagnostic>> {
    let scenario = ward_with(&[
        (FORMAT, "format  = \"lines-of-ours\""),
        ("[time]", &format!("[payload.lines-of-ours]\n{table}\n\n[time]")),
    ]);
    let files = Texts(BTreeMap::from([
        ("ward.toml".to_owned(), scenario),
        ("line.txt".to_owned(), ",\n!".to_owned()),
        ("comma.txt".to_owned(), ",".to_owned()),
    ]));
    load(&files, "ward.toml", &Settings::default(), &registry())
}

#[test]
fn what_is_wrong_with_payload_formats_is_told_at_its_place() {
    let cases = [
        ("no kind", "text = \",\""),
        ("misspelt kind", "kind = \"lnies\""),
        ("a format without parameters", "kind = \"vendor-json\""),
        ("misspelt parameter", "kind = \"lines\"\ntxet = \",\""),
        ("parameter of a wrong type", "kind = \"lines\"\ntext = 7\nmost = \"many\""),
        ("flaws in a text", "kind = \"lines\"\ntext = '''\n!\n !'''"),
        ("a flaw in a file", "kind = \"lines\"\nfile = \"line.txt\""),
        ("a file that is not there", "kind = \"lines\"\nfile = \"lien.txt\""),
        ("what does not read back", "kind = \"lines\"\ntext = \";\""),
        ("what reads back as something else", "kind = \"lines\"\ntext = \",,\""),
    ];
    let mut told = String::new();
    for (name, table) in cases {
        let result = load_lines(table);
        assert!(result.is_err(), "`{name}` passes");
        writeln!(told, "# {name}\n{}\n", printed(result)).unwrap();
    }
    for (name, format) in [("a kind in place of a table", "lines"), ("misspelt format", "lins")] {
        let text = ward_with(&[(FORMAT, &format!("format  = \"{format}\""))]);
        let result = load(
            &Texts(BTreeMap::from([("ward.toml".to_owned(), text)])),
            "ward.toml",
            &Settings::default(),
            &registry(),
        );
        writeln!(told, "# {name}\n{}\n", printed(result)).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_plan_and_its_identity_hold_what_a_format_is_made_from() {
    let inline = load_lines("kind = \"lines\"").expect("sound");
    let from_file = load_lines("kind = \"lines\"\nfile = \"comma.txt\"").expect("sound");
    let json = plan_json(&from_file.plan);
    assert_eq!(json["payloads"][0]["parameters"]["file"], ",", "what the file holds");
    assert_eq!(json["links"][0]["format"], "lines-of-ours");
    assert_ne!(plan_sha256(&inline.plan), plan_sha256(&from_file.plan));
    let other = load_lines("kind = \"lines\"\nmost = 10").expect("sound");
    assert_ne!(plan_sha256(&inline.plan), plan_sha256(&other.plan));
}

#[test]
fn a_format_of_nobody_is_told() {
    let text = ward_with(&[("[time]", "[payload.spare]\nkind = \"lines\"\n\n[time]")]);
    let files = Texts(BTreeMap::from([("ward.toml".to_owned(), text)]));
    let loaded = load(&files, "ward.toml", &Settings::default(), &registry()).expect("sound");
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(
        warnings.iter().any(|warning| warning.contains("no device has a link with `format = \"spare\"`")),
        "{warnings:?}"
    );
}
