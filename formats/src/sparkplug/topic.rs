//! Topics of Sparkplug: `spBv1.0/GROUP/KIND/NODE[/DEVICE]` (section 4.1).

/// What all topics begin with.
pub(super) const NAMESPACE: &str = "spBv1.0";

/// Data of a node, and of a device below it.
pub(super) const NODE_DATA: &str = "NDATA";
pub(super) const DEVICE_DATA: &str = "DDATA";

/// Kinds of messages, each with whether it is of a device.
const KINDS: [(&str, bool); 8] = [
    ("NBIRTH", false),
    ("NDEATH", false),
    (NODE_DATA, false),
    ("NCMD", false),
    ("DBIRTH", true),
    ("DDEATH", true),
    (DEVICE_DATA, true),
    ("DCMD", true),
];

/// A topic, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Topic<'t> {
    pub(super) group: &'t str,
    pub(super) kind: &'static str,
    pub(super) node: &'t str,
    pub(super) device: Option<&'t str>,
}

impl<'t> Topic<'t> {
    /// Takes a topic apart; `None` if it is none of Sparkplug.
    pub(super) fn read(topic: &'t str) -> Option<Self> {
        let mut levels = topic.split('/');
        let (NAMESPACE, group, kind, node) = (levels.next()?, levels.next()?, levels.next()?, levels.next()?) else {
            return None;
        };
        let (kind, of_device) = KINDS.iter().copied().find(|(known, _)| *known == kind)?;
        let device = levels.next();
        let is_whole = levels.next().is_none() && device.is_some() == of_device;
        let named = [Some(group), Some(node), device].iter().flatten().all(|name| is_name(name));
        (is_whole && named).then_some(Self { group, kind, node, device })
    }

    /// As [`Topic::read`], for data; tells what is wrong.
    pub(super) fn of_data(topic: &'t str) -> Result<Self, String> {
        let of_node = format!("`{NAMESPACE}/GROUP/{NODE_DATA}/NODE`");
        let shape = format!("{of_node}, or `{NAMESPACE}/GROUP/{DEVICE_DATA}/NODE/DEVICE`");
        let levels: Vec<&str> = topic.split('/').collect();
        if let Some(topic) = Self::read(topic) {
            return match topic.kind {
                NODE_DATA | DEVICE_DATA => Ok(topic),
                other => Err(format!(
                    "`{other}` is what the session itself says; data go to {shape}, and births, deaths and commands follow"
                )),
            };
        }
        let reason = match levels[..] {
            [first, ..] if first != NAMESPACE => {
                format!("topics of Sparkplug B begin with `{NAMESPACE}/`, this one with `{first}/`")
            }
            [_, _, kind, ..] if !KINDS.iter().any(|(known, _)| *known == kind) => {
                format!("`{kind}` in the third level is no kind of message")
            }
            [_, _, kind, ..] if levels.len() > 3 && levels.iter().all(|level| is_name(level)) => {
                let wanted = if KINDS.contains(&(kind, true)) { "five" } else { "four" };
                format!("a topic of `{kind}` has {wanted} levels, this one has {}", levels.len())
            }
            _ => "names of group, node and device are not empty and hold no `/`, `+` or `#`".to_owned(),
        };
        Err(format!("{reason}; write {shape}"))
    }

    /// The topic of another kind, of the node or of a device below it.
    pub(super) fn with(group: &str, kind: &str, node: &str, device: Option<&str>) -> String {
        let of_node = format!("{NAMESPACE}/{group}/{kind}/{node}");
        device.map_or_else(|| of_node.clone(), |device| format!("{of_node}/{device}"))
    }
}

/// Whether a name can be that of a group, a node or a device (section 4.1: any UTF-8 but the reserved `+`, `/`, `#`).
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['+', '#'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_taken_apart() {
        let node = Topic { group: "icu", kind: "NDATA", node: "n1", device: None };
        assert_eq!(Topic::read("spBv1.0/icu/NDATA/n1"), Some(node));
        let device = Topic { group: "icu", kind: "DBIRTH", node: "n1", device: Some("d 2") };
        assert_eq!(Topic::read("spBv1.0/icu/DBIRTH/n1/d 2"), Some(device));
        for none in ["spBv1.0/icu/NDATA/n1/d", "spBv1.0/icu/DDATA/n1", "spBv1.0/icu/NDATA/", "spAv1.0/icu/NDATA/n1", ""]
        {
            assert_eq!(Topic::read(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let told = |topic: &str| Topic::of_data(topic).expect_err(topic);
        let end = "; write `spBv1.0/GROUP/NDATA/NODE`, or `spBv1.0/GROUP/DDATA/NODE/DEVICE`";
        assert_eq!(
            told("icu/3/mon"),
            format!("topics of Sparkplug B begin with `spBv1.0/`, this one with `icu/`{end}")
        );
        assert_eq!(told("spBv1.0/icu/NDTA/n"), format!("`NDTA` in the third level is no kind of message{end}"));
        assert_eq!(told("spBv1.0/icu/DDATA/n"), format!("a topic of `DDATA` has five levels, this one has 4{end}"));
        let names = format!("names of group, node and device are not empty and hold no `/`, `+` or `#`{end}");
        assert_eq!(told("spBv1.0/i+u/NDATA/n"), names);
        assert_eq!(told("spBv1.0/icu/NDATA/"), names);
        assert!(told("spBv1.0/icu/NBIRTH/n").starts_with("`NBIRTH` is what the session itself says"));
    }
}
