//! Where in a template something comes from that is wrong in what it has written.

/// Octets around the fault that are looked for: more of them tell no more.
const WINDOW: usize = 60;
/// So few octets stand anywhere.
const LEAST: usize = 2;

/// Offset in the template of what stands at `at` in the text that it has written: behind the longest text before it that is
/// the template's own, or at the longest text from there on, whichever is longer.
pub(super) fn origin_of_fault(template: &str, written: &str, at: usize) -> usize {
    let at = (0..=at.min(written.len())).rev().find(|at| written.is_char_boundary(*at)).unwrap_or_default();
    let (before, after) = written.split_at(at);
    let starts = (0..before.len()).rev().take(WINDOW).filter(|start| before.is_char_boundary(*start));
    let behind = starts.map_while(|start| found(template, &before[start..])).last();
    let ends = (1..=after.len()).take(WINDOW).filter(|end| after.is_char_boundary(*end));
    let from = ends.map_while(|end| found(template, &after[..end])).last();
    match (behind, from) {
        (Some((place, length)), Some((_, longer))) if length >= longer => place + length,
        (_, Some((place, _))) => place,
        (Some((place, length)), None) => place + length,
        (None, None) => 0,
    }
}

/// Where a text stands in a template, and how long it is; nothing that is too short to be told from chance.
fn found(template: &str, text: &str) -> Option<(usize, usize)> {
    let place = template.find(text)?;
    Some(if text.len() < LEAST { (0, 0) } else { (place, text.len()) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn faults_are_found_in_the_template() {
        let template = "{\n  \"a\": {{ x }},\n  \"b\": {{ y }} \"c\": 1}";
        let place = |written: &str, fault: &str| {
            let at = origin_of_fault(template, written, written.find(fault).expect("it is there"));
            &template[at..]
        };
        assert!(place("{\n  \"a\": oops,\n  \"b\": 2 \"c\": 1}", "oops").starts_with("{{ x }}"));
        assert!(place("{\n  \"a\": 1,\n  \"b\": 2 \"c\": 1}", "\"c\"").starts_with("\"c\""));
        assert_eq!(origin_of_fault("abc", "xyz", 1), 0);
    }

    proptest! {
        #[test]
        fn any_fault_has_a_place(template: String, written: String, at in 0_usize..100) {
            let place = origin_of_fault(&template, &written, at);
            prop_assert!(place <= template.len());
        }
    }
}
