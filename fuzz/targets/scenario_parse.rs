//! Scenario files: no text panics, a sound one expands to the same plan twice, and an error stands in the file.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scenarios::{Settings, Texts, load, plan_json, plan_sha256, plan_text};
use sim_core::Registry;

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut registry = Registry::new();
    device_models::register(&mut registry);
    registry.add_plugin(&carriers::Carriers).add_plugin(&probes::Probes);
    registry
});

/// Populations and timelines of a size that the format allows take longer than a fuzzer waits.
fn is_small(text: &str) -> bool {
    let mut digits = 0;
    let longest = text.bytes().map(|byte| {
        digits = if byte.is_ascii_digit() || byte == b'_' { digits + 1 } else { 0 };
        digits
    });
    longest.max().unwrap_or_default() < 5 && !text.contains("0x") && !text.contains("0b") && !text.contains("0o")
}

fuzz_target!(|text: &str| {
    if !is_small(text) {
        return;
    }
    let files = Texts(BTreeMap::from([("a.toml".to_owned(), text.to_owned())]));
    let read = || load(&files, "a.toml", &Settings::default(), &REGISTRY);
    match read() {
        Ok(loaded) => {
            let again = read().expect("the answer does not change");
            assert_eq!(plan_sha256(&loaded.plan), plan_sha256(&again.plan));
            let _ = (plan_text(&loaded.plan), plan_json(&loaded.plan));
        }
        Err(diagnostics) => {
            let lines = text.split('\n').count() as u32;
            assert!(!diagnostics.is_empty());
            assert!(diagnostics.iter().all(|diagnostic| (1..=lines).contains(&diagnostic.line)));
        }
    }
});
