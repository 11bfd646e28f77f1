//! MQTT topic filters.

/// Whether `topic` matches `filter` (MQTT 3.1.1 and 5, section 4.7); the group of a shared subscription is ignored.
pub fn topic_matches(filter: &str, topic: &str) -> bool {
    matches_by(filter, topic, |wanted, level| wanted == level)
}

/// As [`topic_matches`], where `is_same` says whether a level of the filter stands for a level of the topic.
pub(crate) fn matches_by(filter: &str, topic: &str, is_same: impl Fn(&str, &str) -> bool) -> bool {
    let filter = filter
        .strip_prefix("$share/")
        .and_then(|shared| shared.split_once('/'))
        .map_or(filter, |(_group, filter)| filter);
    // A filter that begins with a wildcard does not match topics that begin with `$` [MQTT-4.7.2-1]; `${run}` is none.
    if topic.starts_with('$') && !topic.starts_with("${") && filter.starts_with(['#', '+']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        match (wanted, levels.next()) {
            // `a/#` matches `a` as well.
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (wanted, Some(level)) if is_same(wanted, level) => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// Whether some topic is taken in by both filters.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let (mut ones, mut others) = (one.split('/'), other.split('/'));
    loop {
        match (ones.next(), others.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some(wanted), Some(level)) if wanted == "+" || level == "+" || wanted == level => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::topic_matches as matches;

    /// The examples of the MQTT 5 specification, 4.7.1.2 and 4.7.1.3.
    #[test]
    fn filters_match_as_the_specification_says() {
        for topic in ["sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/wimbledon"] {
            assert!(matches("sport/tennis/player1/#", topic));
        }
        assert!(matches("sport/#", "sport"));
        assert!(matches("#", "sport/tennis"));
        assert!(matches("sport/tennis/+", "sport/tennis/player1"));
        assert!(!matches("sport/tennis/+", "sport/tennis/player1/ranking"));
        assert!(!matches("sport/+", "sport"));
        assert!(matches("sport/+", "sport/"));
        assert!(matches("+/+", "/finance"));
        assert!(!matches("+", "/finance"));
        assert!(!matches("#", "$SYS/broker/uptime"));
        assert!(matches("$share/judges/icu/+/mon", "icu/3/mon"));
    }
    #[test]
    fn wildcards_stand_for_levels() {
        for (filter, topic) in
            [("a/b", "a/b"), ("a/+", "a/b"), ("+/b", "a/b"), ("#", "a/b"), ("a/#", "a"), ("a/#", "a/b/c")]
        {
            assert!(matches(filter, topic), "{filter} {topic}");
        }
        for (filter, topic) in [("a/b", "a"), ("a", "a/b"), ("a/+", "a/b/c"), ("a/b/#", "a"), ("+", "a/b")] {
            assert!(!matches(filter, topic), "{filter} {topic}");
        }
    }

    #[test]
    fn filters_overlap_that_share_a_topic() {
        for (one, other) in [("a/#", "a"), ("a/#", "a/+/c"), ("+/b", "a/+"), ("a/b", "a/b"), ("#", "x/y")] {
            assert!(super::overlap(one, other) && super::overlap(other, one), "{one} {other}");
        }
        for (one, other) in [("a/+", "a/b/c"), ("a/b", "a/c"), ("a/#", "b/#"), ("a", "a/+")] {
            assert!(!super::overlap(one, other) && !super::overlap(other, one), "{one} {other}");
        }
    }
}
