//! "Did you mean" for misspelt words.

/// The candidate closest to `word`, if it is close enough to have been meant.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One edit for short words, about a third of the letters for long ones: what a typing error changes.
    let most = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `; did you mean `x`?`, or a list of what exists, or nothing.
pub(crate) fn hint<'a>(word: &str, what: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    /// More than this many words are not a help.
    const LISTED: usize = 12;
    // No number is a misspelling of another one.
    let is_number = word.parse::<f64>().is_ok();
    if let Some(candidate) = closest(word, candidates.clone()).filter(|_| !is_number) {
        return format!("; did you mean `{candidate}`?");
    }
    let mut names: Vec<&str> = candidates.into_iter().collect();
    if names.is_empty() {
        return match what.strip_prefix("its ") {
            Some(things) => format!("; it has no {things}"),
            None => format!("; there are no {what}"),
        };
    }
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    let list = names.join(", ");
    if more > 0 { format!("; {what} are {list} and {more} more") } else { format!("; {what} are {list}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_recognised() {
        assert_eq!(closest("cuont", ["id", "count"]), Some("count"));
        assert_eq!(closest("net.dleay", ["net.cut", "net.delay"]), Some("net.delay"));
        assert_eq!(closest("egc", ["ecg", "abp"]), Some("ecg"));
        assert_eq!(closest("banana", ["id", "count"]), None);
    }

    #[test]
    fn without_a_near_word_the_choices_are_listed() {
        assert_eq!(hint("banana", "keys", ["id", "count"]), "; keys are id, count");
        assert_eq!(hint("banana", "links", []), "; there are no links");
    }
}
