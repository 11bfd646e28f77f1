//! Carriers: what takes the messages of devices to a component of the user's stack.

use super::{Executor, ProbeKind, Registry, Row};
use crate::{Arguments, ParameterSpec};

/// Words of the language that stand where a carrier's name may stand.
const RESERVED: [&str; 2] = ["ble", "hci"];

/// A carrier. Every link over one has a target, topics and a payload format; all else is the carrier's own.
#[derive(Debug, Clone)]
pub struct CarrierKind {
    /// Its name, `carrier` in a scenario's `[link.ID]` and `kind` in `[target.ID]`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// How its targets are addressed.
    pub address: AddressSpec,
    /// Keys that the language has for links and that mean something to it, such as `auth`; it is refused the others.
    pub link_keys: &'static [&'static str],
    /// Its own parameters of a link, `with` in `[link.ID]`.
    pub link_parameters: Vec<ParameterSpec>,
    /// Its own parameters of a target, `with` in `[target.ID]`.
    pub target_parameters: Vec<ParameterSpec>,
    /// What it knows of values that are sound by themselves.
    pub checks: CarrierChecks,
    /// Whether it acknowledges what it has delivered, on links that have no `qos`.
    pub acknowledges: bool,
    /// Whether commands reach devices over it.
    pub takes_commands: bool,
    /// Whether faults of links act on it.
    pub takes_link_faults: bool,
    /// The kind of probe that watches a target of it if the scenario has none there.
    pub watched_by: Option<&'static str>,
    /// Opens the connections to one target; whose seam that is, is up to whoever runs carriers.
    pub executor: Executor,
}

/// What a carrier knows of values that are sound by themselves. Each says what is wrong, if something is.
#[derive(Debug, Clone, Copy)]
pub struct CarrierChecks {
    /// Address and parameters of a target that do not go together.
    pub target: fn(url: &str, with: &Arguments) -> Result<(), String>,
    /// Parameters of a link that do not go together.
    pub link: fn(with: &Arguments) -> Result<(), String>,
    /// A topic, with `${...}` for what is filled in.
    pub topic: fn(topic: &str) -> Result<(), String>,
    /// A payload as a link's format writes it.
    pub payload: fn(payload: &[u8]) -> Result<(), String>,
}

impl CarrierChecks {
    /// Everything goes.
    pub const NONE: Self = Self { target: |_, _| Ok(()), link: |_| Ok(()), topic: |_| Ok(()), payload: |_| Ok(()) };
}

/// How targets of a carrier are addressed: `url` in `[target.ID]`.
#[derive(Debug, Clone)]
pub struct AddressSpec {
    /// What stands before the colon, such as `mqtt`.
    pub schemes: &'static [&'static str],
    /// Texts that are a whole address, such as `embedded`.
    pub words: &'static [&'static str],
    /// One as it is written, such as `mqtt://host:1883`.
    pub example: &'static str,
    /// Whether there is a broker at the address, which a run may have to start.
    pub is_broker: bool,
    /// What is wrong with an address, if something is. Addresses with a name and a password are refused before.
    pub check: fn(url: &str) -> Result<(), String>,
}

impl AddressSpec {
    /// Whether an address looks like one of these.
    pub fn claims(&self, url: &str) -> bool {
        let scheme = url.split_once(':').map(|(scheme, _)| scheme);
        self.words.contains(&url) || scheme.is_some_and(|scheme| self.schemes.contains(&scheme))
    }
}

impl Row for CarrierKind {
    const NOUN: &'static str = "carrier";

    fn name(&self) -> &str {
        self.name
    }

    fn flaws(&self, registry: &Registry) -> Vec<String> {
        let mut flaws = Vec::new();
        if RESERVED.contains(&self.name) {
            flaws.push("the language has another meaning for that word".to_owned());
        }
        if self.address.schemes.is_empty() && self.address.words.is_empty() {
            flaws.push("no address is one of its own".to_owned());
        }
        if let Some(kind) = self.watched_by.filter(|kind| registry.find::<ProbeKind>(kind).is_none()) {
            flaws.push(format!("there is no kind of probe `{kind}` to watch its targets"));
        }
        flaws
    }
}
