//! Which message a Bundle, or a single Observation that a server gives back, is.

use std::borrow::Cow;

use serde::Deserialize;
use vocabulary::{KeyError, MessageKey};

use super::write::{MESSAGE, OBSERVATION, PATIENT};
use crate::JsonError;
use crate::instant::read_instant;

/// A resource, as far as it tells which message it is.
#[derive(Debug, Deserialize)]
struct Resource<'p> {
    #[serde(borrow)]
    #[serde(rename = "resourceType")]
    kind: Cow<'p, str>,
    #[serde(borrow, default)]
    identifier: Identifiers<'p>,
    #[serde(borrow)]
    timestamp: Option<Cow<'p, str>>,
    #[serde(borrow, default)]
    entry: Vec<Entry<'p>>,
}

#[derive(Debug, Deserialize)]
struct Entry<'p> {
    #[serde(borrow)]
    resource: Option<Resource<'p>>,
}

/// A Bundle has one identifier, everything else a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Identifiers<'p> {
    One(#[serde(borrow)] Identifier<'p>),
    Many(#[serde(borrow)] Vec<Identifier<'p>>),
}

impl Default for Identifiers<'_> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

#[derive(Debug, Deserialize)]
struct Identifier<'p> {
    #[serde(borrow)]
    system: Option<Cow<'p, str>>,
    #[serde(borrow)]
    value: Option<Cow<'p, str>>,
}

impl<'p> Resource<'p> {
    /// The identifier of a system.
    fn identified(&self, system: &str) -> Option<&Cow<'p, str>> {
        let identifiers = match &self.identifier {
            Identifiers::One(identifier) => std::slice::from_ref(identifier),
            Identifiers::Many(identifiers) => identifiers,
        };
        identifiers.iter().find(|identifier| identifier.system.as_deref() == Some(system))?.value.as_ref()
    }
}

/// Reads the key of a payload.
pub(super) fn read(payload: &[u8]) -> Result<MessageKey<'_>, KeyError> {
    let unreadable = |reason: String| KeyError::Unreadable { reason };
    let resource: Resource<'_> =
        serde_json::from_slice(payload).map_err(|error| unreadable(JsonError::from(error).to_string()))?;
    let resources = || resource.entry.iter().filter_map(|entry| entry.resource.as_ref());
    let of_observation = || std::iter::once(&resource).chain(resources()).find_map(|one| one.identified(OBSERVATION));
    let name = resource.identified(MESSAGE).or_else(of_observation).ok_or_else(|| {
        let kind = &resource.kind;
        unreadable(format!("a {kind} without an identifier of `{MESSAGE}` or `{OBSERVATION}`"))
    })?;
    let mut parts = name.split('/');
    let (Some(serial), Some(stream), Some(sequence)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(unreadable(format!("identifier `{name}` is not `SERIAL/STREAM/SEQUENCE`")));
    };
    let sequence = sequence.parse().map_err(|_| unreadable(format!("`{sequence}` is no sequence number")))?;
    let instant = resource.timestamp.as_deref().and_then(read_instant);
    // That of an Observation is a metric and the device time.
    let named_instant = || parts.nth(1)?.parse().ok();
    let patient = resources().find_map(|one| one.identified(PATIENT));
    Ok(MessageKey {
        device_serial: Cow::Owned(serial.to_owned()),
        patient_id: patient.map(|patient| Cow::Owned(patient.clone().into_owned())),
        stream: Cow::Owned(stream.to_owned()),
        sequence: Some(sequence),
        device_time_ms: instant.or_else(named_instant),
    })
}
