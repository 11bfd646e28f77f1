//! A payload as it is read: the fields of the schema that Sparkplug gives a meaning, and the others as they are.

use std::collections::BTreeMap;

use super::tag::Tag;
use super::wire::{Field, Fields, Raw, WireError};

/// Numbers of the fields of a payload, of a metric, of a set of properties and of a property.
pub(super) mod field {
    pub(in super::super) const PAYLOAD_TIMESTAMP: u64 = 1;
    pub(in super::super) const PAYLOAD_METRIC: u64 = 2;
    pub(in super::super) const PAYLOAD_SEQUENCE: u64 = 3;

    pub(in super::super) const NAME: u64 = 1;
    pub(in super::super) const ALIAS: u64 = 2;
    pub(in super::super) const TIMESTAMP: u64 = 3;
    pub(in super::super) const DATATYPE: u64 = 4;
    pub(in super::super) const IS_HISTORICAL: u64 = 5;
    pub(in super::super) const IS_NULL: u64 = 7;
    pub(in super::super) const PROPERTIES: u64 = 9;
    pub(in super::super) const INT: u64 = 10;
    pub(in super::super) const LONG: u64 = 11;
    pub(in super::super) const DOUBLE: u64 = 13;
    pub(in super::super) const BOOLEAN: u64 = 14;
    pub(in super::super) const STRING: u64 = 15;
    pub(in super::super) const BYTES: u64 = 16;
    /// The value of a metric is one of the fields from `INT` to here.
    pub(in super::super) const LAST_VALUE: u64 = 19;

    pub(in super::super) const PROPERTY_KEY: u64 = 1;
    pub(in super::super) const PROPERTY_VALUE: u64 = 2;

    pub(in super::super) const PROPERTY_TYPE: u64 = 1;
    pub(in super::super) const PROPERTY_INT: u64 = 3;
    pub(in super::super) const PROPERTY_DOUBLE: u64 = 6;
    pub(in super::super) const PROPERTY_STRING: u64 = 8;
}

/// A payload.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Payload<'p> {
    /// When it was sent [ms since the Unix epoch].
    pub(super) timestamp_ms: Option<u64>,
    pub(super) metrics: Vec<Metric<'p>>,
    /// Its number within the session of its node.
    pub(super) sequence: Option<u64>,
    /// Whatever else is in it.
    pub(super) others: Vec<Field<'p>>,
}

/// A metric.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Metric<'p> {
    pub(super) name: Option<&'p str>,
    pub(super) alias: Option<u64>,
    pub(super) timestamp_ms: Option<u64>,
    pub(super) datatype: Option<u64>,
    pub(super) is_historical: bool,
    pub(super) is_null: bool,
    pub(super) properties: Option<&'p [u8]>,
    pub(super) value: Option<Field<'p>>,
    /// Whatever else is in it.
    pub(super) others: Vec<Field<'p>>,
}

impl<'p> Payload<'p> {
    pub(super) fn read(octets: &'p [u8]) -> Result<Self, WireError> {
        let mut payload = Self::default();
        for field in Fields::of(octets) {
            let field = field?;
            match field.number {
                field::PAYLOAD_TIMESTAMP => payload.timestamp_ms = Some(field.number()?),
                field::PAYLOAD_METRIC => payload.metrics.push(Metric::read(field.octets()?)?),
                field::PAYLOAD_SEQUENCE => payload.sequence = Some(field.number()?),
                _ => payload.others.push(field),
            }
        }
        Ok(payload)
    }

    /// The metric that stands for this, by name or by number.
    pub(super) fn metric(&self, tag: Tag) -> Option<&Metric<'p>> {
        self.metrics.iter().find(|metric| metric.tag() == Some(tag))
    }

    /// The metric with this name.
    pub(super) fn named(&self, name: &str) -> Option<&Metric<'p>> {
        self.metrics.iter().find(|metric| metric.name == Some(name))
    }
}

impl<'p> Metric<'p> {
    fn read(octets: &'p [u8]) -> Result<Self, WireError> {
        let mut metric = Self::default();
        for field in Fields::of(octets) {
            let field = field?;
            match field.number {
                field::NAME => metric.name = Some(field.text()?),
                field::ALIAS => metric.alias = Some(field.number()?),
                field::TIMESTAMP => metric.timestamp_ms = Some(field.number()?),
                field::DATATYPE => metric.datatype = Some(field.number()?),
                field::IS_HISTORICAL => metric.is_historical = field.number()? != 0,
                field::IS_NULL => metric.is_null = field.number()? != 0,
                field::PROPERTIES => metric.properties = Some(field.octets()?),
                // One of them; of several the last counts.
                field::INT..=field::LAST_VALUE => metric.value = Some(field.checked_value()?),
                _ => metric.others.push(field),
            }
        }
        Ok(metric)
    }

    /// What its name or number stands for.
    pub(super) fn tag(&self) -> Option<Tag> {
        match (self.name, self.alias) {
            (Some(name), _) => Tag::named(name),
            (None, Some(alias)) => Tag::numbered(alias),
            (None, None) => None,
        }
    }

    pub(super) fn text(&self) -> Option<&'p str> {
        self.value.filter(|value| value.number == field::STRING)?.text().ok()
    }

    pub(super) fn long(&self) -> Option<u64> {
        self.value.filter(|value| value.number == field::LONG)?.number().ok()
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        Some(self.value.filter(|value| value.number == field::BOOLEAN)?.number().ok()? != 0)
    }

    /// Its properties by their keys, each as its fields.
    pub(super) fn properties(&self) -> Result<BTreeMap<&'p str, &'p [u8]>, WireError> {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for field in Fields::of(self.properties.unwrap_or_default()) {
            let field = field?;
            match field.number {
                field::PROPERTY_KEY => keys.push(field.text()?),
                field::PROPERTY_VALUE => values.push(field.octets()?),
                _ => {}
            }
        }
        if keys.len() != values.len() {
            return Err(WireError::Mismatch { field: field::PROPERTIES });
        }
        Ok(keys.into_iter().zip(values).collect())
    }
}

impl Field<'_> {
    /// A value of a metric, if it is of the kind that its number says.
    fn checked_value(self) -> Result<Self, WireError> {
        const FLOAT: u64 = 12;
        match self.number {
            field::INT | field::LONG | field::BOOLEAN => self.number().map(drop),
            FLOAT => self.float().map(drop),
            field::DOUBLE => self.double().map(drop),
            field::STRING => self.text().map(drop),
            _ => self.octets().map(drop),
        }?;
        Ok(self)
    }

    /// Appends it in bytes that are equal for equal fields and no others.
    pub(super) fn write_plainly(self, out: &mut Vec<u8>) {
        out.extend(self.number.to_le_bytes());
        match self.raw {
            Raw::Varint(value) | Raw::Fixed64(value) => out.extend(value.to_le_bytes()),
            Raw::Fixed32(value) => out.extend(value.to_le_bytes()),
            Raw::Octets(octets) => write_plain_octets(octets, out),
        }
    }
}

/// Appends octets so that where they end is known.
pub(super) fn write_plain_octets(octets: &[u8], out: &mut Vec<u8>) {
    out.extend((octets.len() as u64).to_le_bytes());
    out.extend(octets);
}
