//! What all lines of a relay know together: who has spoken, and what was planted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::message::Message;
use crate::plan::RelayPlan;

/// Names a message: the topic of its stream, and its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageName {
    /// The topic on which its device says it.
    pub topic: String,
    /// Its sequence number.
    pub sequence: u64,
}

/// Something planted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// Into which message.
    pub message: MessageName,
    /// Which message it then seemed to be, where that is another.
    pub seems: Option<MessageName>,
}

impl Planted {
    /// Which message it is, as whoever sees it has to take it.
    pub fn apparent(&self) -> &MessageName {
        self.seems.as_ref().unwrap_or(&self.message)
    }
}

/// A device that has spoken.
#[derive(Debug, Clone)]
pub(crate) struct Speaker {
    pub(crate) topic: String,
    pub(crate) serial: String,
    /// The patient that it named.
    pub(crate) patient: String,
}

/// What all lines know.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) plan: RelayPlan,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Who has spoken, by topic.
    speakers: BTreeMap<String, Speaker>,
    planted: Vec<Planted>,
}

impl Shared {
    pub(crate) fn new(plan: RelayPlan) -> Self {
        Self { plan, state: Mutex::default() }
    }

    pub(crate) fn planted(&self) -> Vec<Planted> {
        self.state().planted.clone()
    }

    /// Notes who speaks on which topic.
    pub(crate) fn hear(&self, topic: &str, message: &Message) {
        let mut state = self.state();
        if !state.speakers.contains_key(topic) {
            let patient = message.patient().unwrap_or_default().to_owned();
            let speaker = Speaker { topic: topic.to_owned(), serial: message.serial().to_owned(), patient };
            state.speakers.insert(topic.to_owned(), speaker);
        }
    }

    /// The device after the one that speaks on a topic, in the order of topics.
    pub(crate) fn next_speaker(&self, topic: &str) -> Option<Speaker> {
        let state = self.state();
        let after = state.speakers.iter().find(|(other, _)| other.as_str() > topic);
        let (other, speaker) = after.or_else(|| state.speakers.iter().next())?;
        (other != topic).then(|| speaker.clone())
    }

    /// Writes down what was planted.
    pub(crate) fn note(&self, topic: &str, sequence: u64, seems: Option<(&str, u64)>) {
        let name = |topic: &str, sequence| MessageName { topic: topic.to_owned(), sequence };
        let seems = seems.map(|(topic, sequence)| name(topic, sequence));
        self.state().planted.push(Planted { message: name(topic, sequence), seems });
    }

    /// Whether something was planted into a message already.
    pub(crate) fn has_planted(&self, topic: &str, sequence: u64) -> bool {
        let is_it = |planted: &Planted| planted.message.topic == topic && planted.message.sequence == sequence;
        self.state().planted.iter().any(is_it)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
