//! Registered words that give other keys of their table a meaning: carriers of links and of targets.

use sim_core::{CarrierKind, CloudSpec, ParameterSpec, Registry};

use crate::language::schema::{KeySpec, Only, Rule, Takes};

/// The word for links that are Bluetooth.
pub(crate) const BLUETOOTH: &str = "ble";
/// The word for targets at which Bluetooth hosts attach.
pub(crate) const HOST: &str = "hci";
/// Keys that every carrier takes.
const OF_EVERY_LINK: [&str; 3] = ["topic", "format", "with"];
const OF_EVERY_TARGET: [&str; 2] = ["url", "with"];
/// Those that a target has when links to it have them.
const AS_ITS_LINKS: &str = "auth";
/// That of a target whose carrier leads to clouds.
const OF_CLOUDS: &str = "cloud";
/// Carriers of the language that nobody has registered yet.
const LATER_CARRIERS: &[&str] = &["http"];
const LATER_TARGETS: &[&str] = &["http", "fhir", "mllp"];

/// A word that a key can have.
#[derive(Debug, Clone)]
pub(crate) struct Word<'a> {
    pub(crate) name: &'a str,
    /// What it has of its own below `with`.
    pub(crate) own: &'a [ParameterSpec],
    /// The keys that it takes, among those that only some words take.
    takes: Vec<&'a str>,
    /// Where the others belong, or why there are none.
    otherwise: &'static str,
}

/// The words that a key can have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words<'a> {
    pub(crate) known: Vec<Word<'a>>,
    /// Words of the language that are not supported yet.
    pub(crate) later: &'static [&'static str],
}

impl<'a> Words<'a> {
    /// Those of a key that takes registered words; none for another.
    pub(crate) fn of(key: &KeySpec, registry: &'a Registry) -> Self {
        let Takes::Registered(what) = key.takes else { return Self::default() };
        let (mut known, other, later): (Vec<Word<'a>>, _, _) = match what {
            "carrier" => {
                let word = |kind: &'a CarrierKind| Word {
                    name: kind.name,
                    own: &kind.link_parameters,
                    takes: OF_EVERY_LINK.into_iter().chain(kind.link_keys.iter().copied()).collect(),
                    otherwise: "a link over that carrier has nothing of the kind",
                };
                let otherwise = "it belongs to the link of the gateway";
                (registry.carriers().iter().map(word).collect(), (BLUETOOTH, otherwise), LATER_CARRIERS)
            }
            "kind of target" => {
                let clouds = registry.all::<CloudSpec>();
                let word = |kind: &'a CarrierKind| Word {
                    name: kind.name,
                    own: &kind.target_parameters,
                    takes: OF_EVERY_TARGET
                        .into_iter()
                        .chain(kind.link_keys.iter().copied().filter(|key| *key == AS_ITS_LINKS))
                        .chain(clouds.iter().any(|cloud| cloud.carrier == kind.name).then_some(OF_CLOUDS))
                        .collect(),
                    otherwise: "such a target has nothing of the kind",
                };
                let otherwise = "a Bluetooth host attaches at `listen`";
                (registry.carriers().iter().map(word).collect(), (HOST, otherwise), LATER_TARGETS)
            }
            _ => return Self::default(),
        };
        let (name, otherwise) = other;
        known.push(Word { name, own: &[], takes: Vec::new(), otherwise });
        Self { known, later }
    }

    /// The word with this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Word<'a>> {
        self.known.iter().find(|word| word.name == name)
    }

    /// The words with which a key has a meaning.
    pub(crate) fn taking(&self, row: &KeySpec) -> Vec<&'a str> {
        let words = self.known.iter().filter(|word| word.takes(row));
        words.map(|word| word.name).collect()
    }

    /// Why a key has no meaning with a word; `None` when it has one.
    pub(crate) fn refusal(&self, row: &KeySpec, word: &str) -> Option<(String, &'static str)> {
        let only = row.only?;
        let (words, otherwise) = match only.rule {
            Rule::Is { word: needed, .. } if needed == word => return None,
            Rule::Is { word, otherwise } => (vec![word], otherwise),
            Rule::Taken => {
                let word = self.find(word)?;
                if word.takes(row) {
                    return None;
                }
                (self.taking(row), word.otherwise)
            }
        };
        Some((with_words(only, &words), otherwise))
    }
}

impl Word<'_> {
    /// Whether a key has a meaning with this word.
    pub(crate) fn takes(&self, row: &KeySpec) -> bool {
        match row.only.map(|only| only.rule) {
            None => true,
            Some(Rule::Is { word, .. }) => word == self.name,
            Some(Rule::Taken) => self.takes.contains(&row.name),
        }
    }
}

/// `` `carrier = "mqtt"` or `"file"` ``.
pub(crate) fn with_words(only: Only, words: &[&str]) -> String {
    match words {
        [] => format!("another `{}`", only.key),
        [first, rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(|word| format!(" or `\"{word}\"`")).collect();
            format!("`{} = \"{first}\"`{}", only.key, rest.concat())
        }
    }
}
