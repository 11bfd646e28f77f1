//! What is checked in and drawn from code must be fresh.

use std::fs;

use crate::{result, root};

#[test]
fn the_reference_is_fresh() {
    let written = fs::read_to_string(root().join("docs/reference.md")).expect("docs/reference.md is there");
    let drawn = result(&["reference"]);
    assert!(written == drawn, "docs/reference.md is stale; write it with `iomt reference > docs/reference.md`");
}

#[test]
fn the_scenario_schema_is_fresh() {
    let written = fs::read_to_string(root().join("scenarios/scenario.schema.json"))
        .expect("scenarios/scenario.schema.json is there");
    let drawn = result(&["schema"]);
    assert!(
        written == drawn,
        "scenarios/scenario.schema.json is stale; write it with `iomt schema > scenarios/scenario.schema.json`"
    );
}

#[test]
fn every_scenario_of_the_library_is_valid() {
    let mut folders = vec![root().join("scenarios/library")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                files += 1;
                let checked = result(&["check", "--deny-warnings", &path.display().to_string()]);
                assert!(checked.contains(": ok"), "{checked}");
            }
        }
    }
    assert!(files >= 3, "the library has {files} scenarios");
}
