//! Resources and data types, as far as devices need them, in the order in which they are written.

use serde::Serialize;

use super::decimal::Decimal;

/// A transaction.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bundle<'m> {
    pub(super) resource_type: &'static str,
    pub(super) identifier: Identifier,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) timestamp: &'m str,
    pub(super) entry: Vec<Entry<'m>>,
}

/// A resource of a transaction, and what is done with it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'m> {
    pub(super) full_url: String,
    pub(super) resource: Resource<'m>,
    pub(super) request: Request,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Resource<'m> {
    Patient(Box<Patient<'m>>),
    Device(Box<Device<'m>>),
    Observation(Box<Observation<'m>>),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) url: &'static str,
    pub(super) if_none_exist: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) profile: Option<[&'static str; 1]>,
    pub(super) security: [Coding<'static>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Patient<'m> {
    pub(super) resource_type: &'static str,
    pub(super) meta: Meta,
    pub(super) identifier: Vec<Identifier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) name: Vec<Name<'m>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gender: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) birth_date: Option<&'m str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Name<'m> {
    #[serde(rename = "use")]
    pub(super) purpose: &'static str,
    pub(super) family: &'m str,
    pub(super) given: [&'m str; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Device<'m> {
    pub(super) resource_type: &'static str,
    pub(super) meta: Meta,
    pub(super) identifier: [Identifier; 1],
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) manufacturer: Option<&'m str>,
    pub(super) serial_number: &'m str,
    #[serde(rename = "deviceName", skip_serializing_if = "Vec::is_empty")]
    pub(super) names: Vec<DeviceName<'m>>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<Concept<'m>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) version: Vec<Version<'m>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patient: Option<Reference>,
}

#[derive(Debug, Serialize)]
pub(super) struct DeviceName<'m> {
    pub(super) name: &'m str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Version<'m> {
    pub(super) value: &'m str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Observation<'m> {
    pub(super) resource_type: &'static str,
    pub(super) meta: Meta,
    pub(super) identifier: [Identifier; 1],
    pub(super) status: &'static str,
    pub(super) category: [Concept<'m>; 1],
    pub(super) code: Concept<'m>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<Reference>,
    #[serde(flatten)]
    pub(super) effective: Effective,
    pub(super) device: Reference,
    #[serde(flatten)]
    pub(super) result: Answer<'m>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) component: Vec<Component<'m>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Component<'m> {
    pub(super) code: Concept<'m>,
    #[serde(flatten)]
    pub(super) result: Answer<'m>,
}

/// A value or why there is none, and how far to trust it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_quantity: Option<Quantity<'m>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_codeable_concept: Option<Concept<'m>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_sampled_data: Option<SampledData<'m>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_absent_reason: Option<Concept<'m>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) interpretation: Vec<Concept<'m>>,
}

/// When it was.
#[derive(Debug, Serialize)]
pub(super) enum Effective {
    #[serde(rename = "effectiveDateTime")]
    At(String),
    #[serde(rename = "effectivePeriod")]
    During(Period),
}

#[derive(Debug, Serialize)]
pub(super) struct Period {
    pub(super) start: String,
    pub(super) end: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Quantity<'m> {
    pub(super) value: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'m str>,
}

#[derive(Debug, Serialize)]
pub(super) struct SampledData<'m> {
    pub(super) origin: Quantity<'m>,
    /// Between samples [ms].
    pub(super) period: Decimal,
    pub(super) factor: Decimal,
    pub(super) dimensions: u8,
    /// Counts with blanks between them.
    pub(super) data: String,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Concept<'m> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) coding: Vec<Coding<'m>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'m str>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Coding<'m> {
    pub(super) system: &'static str,
    pub(super) code: Code<'m>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<&'m str>,
}

/// A code: a word, or the number that one is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Code<'m> {
    Word(&'m str),
    Number(u32),
}

impl Serialize for Code<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Word(word) => serializer.serialize_str(word),
            Self::Number(number) => serializer.serialize_str(itoa::Buffer::new().format(*number)),
        }
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Identifier {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<IdentifierType>,
    pub(super) system: &'static str,
    pub(super) value: String,
}

/// A medical record number is one (HL7 table 0203).
#[derive(Debug, Clone, Serialize)]
pub(super) struct IdentifierType {
    pub(super) coding: [Coding<'static>; 1],
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Reference {
    pub(super) reference: String,
}
