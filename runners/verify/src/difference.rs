//! Where what was seen differs from what was said.

use std::ops::Range;

/// Most characters of each side that are shown.
const SHOWN: usize = 60;

/// Between these a text is shown whole.
const BOUNDARIES: &[u8] = b",{}[]|^;\n\r";

/// The first difference to the last, each side in few words: `"spo2":98 instead of "spo2":97`; nothing when there is none.
pub(crate) fn difference(said: &[u8], seen: &[u8]) -> Option<String> {
    let shorter = said.len().min(seen.len());
    let begin = said.iter().zip(seen).take_while(|(one, other)| one == other).count();
    let alike_at_end = said.iter().rev().zip(seen.iter().rev()).take_while(|(one, other)| one == other).count();
    let end = alike_at_end.min(shorter - begin);
    if begin == said.len() && begin == seen.len() {
        return None;
    }
    let (Ok(said_text), Ok(seen_text)) = (std::str::from_utf8(said), std::str::from_utf8(seen)) else {
        let hex = |bytes: &[u8]| {
            bytes[begin..bytes.len() - end].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
        };
        let (said, seen) = (shortened(hex(said)), shortened(hex(seen)));
        return Some(format!("{} instead of {} from byte {begin} on", or_nothing(seen), or_nothing(said)));
    };
    let said = shortened(said_text[whole(said, begin..said.len() - end)].escape_debug().to_string());
    let seen = shortened(seen_text[whole(seen, begin..seen.len() - end)].escape_debug().to_string());
    Some(format!("{} instead of {}", or_nothing(seen), or_nothing(said)).replace("\\\"", "\"").replace("\\'", "'"))
}

/// The range, extended to the boundaries around it. They are single bytes of UTF-8, so what lies between them is text.
fn whole(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let is_boundary = |byte: &u8| BOUNDARIES.contains(byte);
    let begin = bytes[..range.start].iter().rposition(is_boundary).map_or(0, |position| position + 1);
    let end = bytes[range.end..].iter().position(is_boundary).map_or(bytes.len(), |position| range.end + position);
    begin..end
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}\u{2026}", &text[..at]),
        None => text,
    }
}

fn or_nothing(text: String) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(said: &str, seen: &str) -> String {
        difference(said.as_bytes(), seen.as_bytes()).expect("they differ")
    }

    #[test]
    fn entries_are_shown_whole() {
        assert_eq!(
            told(r#"{"hr":61,"spo2":97.5}"#, r#"{"hr":61,"spo2":98.5}"#),
            r#""spo2":98.5 instead of "spo2":97.5"#
        );
        assert_eq!(told(r#"{"hr":61}"#, r#"{"hr":61,"x":1}"#), r#""hr":61,"x":1 instead of "hr":61"#);
        assert_eq!(told("OBX|1|NM|61\r", "OBX|1|NM|62\r"), "62 instead of 61");
        assert_eq!(told("a", ""), "nothing instead of a");
        assert_eq!(told("caf\u{e9}", "caf\u{e8}"), "caf\u{e8} instead of caf\u{e9}");
        assert_eq!(told("a\u{1b}[1m", "b"), "b instead of a\\u{1b}[1m");
        assert_eq!(difference(b"same", b"same"), None);
    }

    #[test]
    fn what_is_no_text_is_shown_as_bytes() {
        assert_eq!(difference(&[1, 0xff, 3], &[1, 0xfe, 3]).unwrap(), "fe instead of ff from byte 1 on");
    }

    proptest! {
        #[test]
        fn whatever_differs_is_told_in_few_words(said in ".{0,200}", seen in ".{0,200}", bytes: Vec<u8>) {
            prop_assert_eq!(difference(said.as_bytes(), seen.as_bytes()).is_none(), said == seen);
            for one in [said.as_bytes(), &bytes] {
                let told = difference(one, &bytes).unwrap_or_default();
                prop_assert!(told.chars().count() <= 2 * SHOWN + 50, "{}", told);
            }
        }
    }
}
