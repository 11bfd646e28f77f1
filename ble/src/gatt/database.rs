//! The attribute table.

use crate::pdu::att::{Uuid, VALUE_LIMIT};

use super::hash::database_hash;
use super::service::{Access, Properties, Service, ServiceError, ValueLength};

pub(super) const PRIMARY_SERVICE: Uuid = Uuid::Short(0x2800);
pub(super) const SECONDARY_SERVICE: Uuid = Uuid::Short(0x2801);
pub(super) const DECLARATION: Uuid = Uuid::Short(0x2803);
pub(super) const CLIENT_CONFIGURATION: Uuid = Uuid::Short(0x2902);
const DATABASE_HASH: Uuid = Uuid::Short(0x2B2A);

/// What an attribute is to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Begins a service that ends with this handle.
    Service { end: u16 },
    /// Declaration or descriptor with a constant value.
    Constant,
    /// Value of the characteristic with this index.
    Value { characteristic: usize },
    /// Client configuration of the characteristic with this index.
    Configuration { characteristic: usize },
}

/// One row of the table.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub(super) uuid: Uuid,
    pub(super) role: Role,
    pub(super) value: Vec<u8>,
}

/// Where a characteristic is in the table.
#[derive(Debug, Clone)]
pub struct CharacteristicEntry {
    /// Type of its service.
    pub service: Uuid,
    /// Its type.
    pub uuid: Uuid,
    /// Handle of its value.
    pub value_handle: u16,
    /// Handle of the client's configuration.
    pub configuration_handle: Option<u16>,
    /// What a client may do.
    pub properties: Properties,
    /// What the link must be like.
    pub access: Access,
    /// Lengths that a client may write.
    pub accepts: ValueLength,
}

/// The attribute table of a peripheral.
#[derive(Debug, Clone)]
pub struct Database {
    first: u16,
    attributes: Vec<Attribute>,
    characteristics: Vec<CharacteristicEntry>,
}

impl Database {
    /// Lays the services out from handle `first` (1 to 0xFFFF) on and computes the database hash.
    ///
    /// # Errors
    /// When a value is too long or the handles do not suffice.
    pub fn new(services: &[Service], first: u16) -> Result<Self, ServiceError> {
        let mut database = Self { first: first.max(1), attributes: Vec::new(), characteristics: Vec::new() };
        for service in services {
            database.append(service)?;
        }
        let attributes = database.attributes.len();
        if attributes + usize::from(database.first) > 0x1_0000 {
            return Err(ServiceError::TooManyAttributes { attributes, first });
        }
        if let Some(entry) = database.characteristics.iter().find(|entry| entry.uuid == DATABASE_HASH) {
            let handle = entry.value_handle;
            let (first, last) = database.bounds();
            let rows = database.range(first, last);
            let hash = database_hash(rows.map(|(handle, row)| (handle, row.uuid, row.value.as_slice())));
            database.set_value(handle, &hash);
        }
        Ok(database)
    }

    fn next_handle(&self) -> u16 {
        self.first.wrapping_add(self.attributes.len() as u16)
    }

    fn push(&mut self, uuid: Uuid, role: Role, value: Vec<u8>) -> Result<u16, ServiceError> {
        if value.len() > VALUE_LIMIT {
            return Err(ServiceError::ValueTooLong { uuid, length: value.len() });
        }
        let handle = self.next_handle();
        self.attributes.push(Attribute { uuid, role, value });
        Ok(handle)
    }

    fn append(&mut self, service: &Service) -> Result<(), ServiceError> {
        let mut uuid = Vec::new();
        service.uuid.write_to(&mut uuid);
        let begin = self.attributes.len();
        self.push(PRIMARY_SERVICE, Role::Service { end: 0 }, uuid)?;
        for characteristic in &service.characteristics {
            let index = self.characteristics.len();
            let value_handle = self.next_handle().wrapping_add(1);
            let mut declaration = vec![characteristic.properties.0];
            declaration.extend_from_slice(&value_handle.to_le_bytes());
            characteristic.uuid.write_to(&mut declaration);
            self.push(DECLARATION, Role::Constant, declaration)?;
            self.push(characteristic.uuid, Role::Value { characteristic: index }, characteristic.value.clone())?;
            let configuration_handle = if characteristic.properties.subscribable() {
                Some(self.push(CLIENT_CONFIGURATION, Role::Configuration { characteristic: index }, Vec::new())?)
            } else {
                None
            };
            for descriptor in &characteristic.descriptors {
                self.push(descriptor.uuid, Role::Constant, descriptor.value.clone())?;
            }
            self.characteristics.push(CharacteristicEntry {
                service: service.uuid,
                uuid: characteristic.uuid,
                value_handle,
                configuration_handle,
                properties: characteristic.properties,
                access: characteristic.access,
                accepts: characteristic.accepts,
            });
        }
        let end = self.next_handle().wrapping_sub(1);
        self.attributes[begin].role = Role::Service { end };
        Ok(())
    }

    pub(super) fn attribute(&self, handle: u16) -> Option<&Attribute> {
        self.attributes.get(usize::from(handle.checked_sub(self.first)?))
    }

    /// Attributes with a handle in this range.
    pub(super) fn range(&self, start: u16, end: u16) -> impl Iterator<Item = (u16, &Attribute)> {
        let first = self.first;
        let skip = usize::from(start.saturating_sub(first));
        self.attributes
            .iter()
            .enumerate()
            .skip(skip)
            .map(move |(index, attribute)| (first + index as u16, attribute))
            .take_while(move |(handle, _)| *handle <= end)
    }

    pub(super) fn characteristic(&self, index: usize) -> &CharacteristicEntry {
        &self.characteristics[index]
    }

    /// All characteristics.
    pub fn characteristics(&self) -> &[CharacteristicEntry] {
        &self.characteristics
    }

    /// The characteristic of this type in this service.
    pub fn find(&self, service: Uuid, uuid: Uuid) -> Option<&CharacteristicEntry> {
        self.characteristics.iter().find(|entry| entry.service == service && entry.uuid == uuid)
    }

    /// The characteristic whose value has this handle.
    pub fn by_value_handle(&self, handle: u16) -> Option<&CharacteristicEntry> {
        match self.attribute(handle)?.role {
            Role::Value { characteristic } => Some(self.characteristic(characteristic)),
            _ => None,
        }
    }

    /// The value of an attribute.
    pub fn value(&self, handle: u16) -> Option<&[u8]> {
        self.attribute(handle).map(|attribute| attribute.value.as_slice())
    }

    /// Replaces the value of an attribute; it is cut at 512 octets.
    pub fn set_value(&mut self, handle: u16, value: &[u8]) {
        let index = handle.checked_sub(self.first).map(usize::from);
        if let Some(attribute) = index.and_then(|index| self.attributes.get_mut(index)) {
            attribute.value.clear();
            attribute.value.extend_from_slice(&value[..value.len().min(VALUE_LIMIT)]);
        }
    }

    /// First and last handle.
    pub fn bounds(&self) -> (u16, u16) {
        (self.first, self.next_handle().wrapping_sub(1))
    }
}
