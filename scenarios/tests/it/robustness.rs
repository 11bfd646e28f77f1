//! Whatever a file holds, the answer is a plan or a list of errors, each at a place in the file.

use proptest::prelude::*;
use scenarios::{DiagnosticSeverity, plan_json, plan_sha256, plan_text};

use crate::bluetooth::BLUETOOTH;
use crate::ward::{WARD, load_text};

/// Loads, and checks what holds for every answer.
fn answer(text: &str) {
    match load_text(text) {
        Ok(loaded) => {
            assert_eq!(plan_sha256(&loaded.plan).len(), 64);
            assert!(plan_text(&loaded.plan).starts_with(&loaded.plan.scenario));
            assert_eq!(plan_json(&loaded.plan)["format"], "plan/1");
        }
        Err(diagnostics) => {
            assert!(diagnostics.iter().any(|diagnostic| diagnostic.severity == DiagnosticSeverity::Error));
            let lines = text.split('\n').count() as u32;
            for diagnostic in diagnostics {
                assert!((1..=lines).contains(&diagnostic.line), "{diagnostic}");
                assert!(diagnostic.column >= 1, "{diagnostic}");
            }
        }
    }
}

/// Pieces that are likely to hit something.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("${".to_owned()),
        Just("}".to_owned()),
        Just("\"".to_owned()),
        Just("'''\n".to_owned()),
        Just("[[step]]\n".to_owned()),
        Just("icu/**/**/*".to_owned()),
        Just("gw/**".to_owned()),
        Just("phone/home/1".to_owned()),
        Just("!".to_owned()),
        Just("-".to_owned()),
        Just("1e400".to_owned()),
        Just("nan".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("ä€𝄞".to_owned()),
        Just("\r\n".to_owned()),
        Just("\u{feff}".to_owned()),
        "[ -~\n]{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        answer(&text);
    }

    #[test]
    fn a_changed_ward_is_answered(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, fragment()), 1..4),
        whole in prop::sample::select(&[WARD, BLUETOOTH])
    ) {
        let mut text: Vec<char> = whole.chars().collect();
        for (at, removed, inserted) in changes {
            let at = at.index(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, inserted.chars());
        }
        answer(&text.into_iter().collect::<String>());
    }

    #[test]
    fn a_ward_with_other_values_is_answered(
        line in any::<prop::sample::Index>(),
        value in fragment(),
        whole in prop::sample::select(&[WARD, BLUETOOTH])
    ) {
        let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
        let line = line.index(lines.len());
        if let Some((key, _)) = lines[line].clone().split_once('=') {
            lines[line] = format!("{key}= {value:?}");
        }
        answer(&lines.join("\n"));
    }
}
