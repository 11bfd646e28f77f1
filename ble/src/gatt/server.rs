//! The attribute server: one client's request in, one response out.

use std::collections::BTreeMap;

use crate::pdu::att::{DEFAULT_MTU, ErrorCode, Request, Response, Uuid, VALUE_LIMIT};

use super::control_point::{Context, ControlPoint, Outgoing};
use super::database::{Attribute, CLIENT_CONFIGURATION, Database, PRIMARY_SERVICE, Role, SECONDARY_SERVICE};
use super::service::{Access, Properties};
use super::session::{PREPARED_LIMIT, Session};
use crate::records::RecordStore;

/// What protects the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Security {
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Whether the key was authenticated.
    pub authenticated: bool,
    /// Whether there is a bond, so that encryption only has to be switched on.
    pub bonded: bool,
}

/// A value that a client has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Service of the characteristic.
    pub service: Uuid,
    /// Characteristic.
    pub characteristic: Uuid,
    /// Whether it is the client's configuration of the characteristic (otherwise its value).
    pub configuration: bool,
    /// The octets.
    pub value: Vec<u8>,
}

/// The attribute table of a peripheral with what its control points do.
#[derive(Debug)]
pub struct Server {
    /// The table.
    pub database: Database,
    /// Behaviours by service.
    pub control_points: BTreeMap<Uuid, Box<dyn ControlPoint>>,
    /// Stored measurements by service.
    pub records: BTreeMap<Uuid, RecordStore>,
    /// Octets of the longest PDU it takes.
    pub max_mtu: u16,
}

/// A request that cannot be answered: the handle in question and the reason.
type Refusal = (u16, ErrorCode);

impl Server {
    /// Answers a request; gives nothing where the protocol has no response. Values written are appended to `writes`.
    pub fn answer(
        &mut self,
        session: &mut Session,
        security: Security,
        request: Request,
        now_ns: u64,
        writes: &mut Vec<Write>,
    ) -> Option<Response> {
        let opcode = request.opcode();
        if !matches!(request, Request::ReadBlob { .. }) {
            session.snapshot = None;
        }
        let answer = match request {
            Request::ExchangeMtu { client_mtu } => self.exchange_mtu(session, client_mtu),
            Request::FindInformation { start, end } => self.find_information(session, start, end),
            Request::FindByTypeValue { start, end, attribute_type, value } => {
                self.find_by_type_value(session, start, end, Uuid::Short(attribute_type), &value)
            }
            Request::ReadByType { start, end, attribute_type } => {
                self.read_by_type(session, security, start, end, attribute_type)
            }
            Request::Read { handle } => self.read(session, security, handle),
            Request::ReadBlob { handle, offset } => self.read_blob(session, security, handle, offset),
            Request::ReadMultiple { handles, variable } => self.read_multiple(session, security, &handles, variable),
            Request::ReadByGroupType { start, end, group_type } => {
                self.read_by_group_type(session, start, end, group_type)
            }
            Request::Write { handle, value, acknowledged } => {
                let needed = if acknowledged { Properties::WRITE } else { Properties::WRITE_COMMAND };
                let written = self.write(session, security, handle, &value, needed, now_ns, writes);
                if !acknowledged {
                    return None;
                }
                written.map(|()| response(0x13, Vec::new()))
            }
            Request::PrepareWrite { handle, offset, value } => {
                self.prepare_write(session, security, handle, offset, value)
            }
            Request::ExecuteWrite { write } => self.execute_write(session, security, write, now_ns, writes),
            Request::Confirm => {
                session.unconfirmed = false;
                return None;
            }
        };
        Some(answer.unwrap_or_else(|(handle, code)| Response::Error { request: opcode, handle, code }))
    }

    fn exchange_mtu(&self, session: &mut Session, client_mtu: u16) -> Result<Response, Refusal> {
        if session.mtu_exchanged {
            return Err((0, ErrorCode::REQUEST_NOT_SUPPORTED));
        }
        session.mtu_exchanged = true;
        session.mtu = client_mtu.min(self.max_mtu).max(DEFAULT_MTU);
        Ok(Response::Mtu { server_mtu: self.max_mtu })
    }

    fn find_information(&self, session: &Session, start: u16, end: u16) -> Result<Response, Refusal> {
        check_range(start, end)?;
        let room = usize::from(session.mtu) - 2;
        let mut parameters = Vec::new();
        let mut length = 0;
        for (handle, attribute) in self.database.range(start, end) {
            if length == 0 {
                length = attribute.uuid.length();
                parameters.push(if length == 2 { 1 } else { 2 });
            }
            if attribute.uuid.length() != length || parameters.len() - 1 + 2 + length > room {
                break;
            }
            parameters.extend_from_slice(&handle.to_le_bytes());
            attribute.uuid.write_to(&mut parameters);
        }
        found(0x05, parameters, start)
    }

    fn find_by_type_value(
        &self,
        session: &Session,
        start: u16,
        end: u16,
        uuid: Uuid,
        value: &[u8],
    ) -> Result<Response, Refusal> {
        check_range(start, end)?;
        let mut parameters = Vec::new();
        for (handle, attribute) in self.database.range(start, end) {
            if attribute.uuid != uuid || attribute.value != value {
                continue;
            }
            if parameters.len() + 4 > usize::from(session.mtu) - 1 {
                break;
            }
            let group_end = if let Role::Service { end } = attribute.role { end } else { handle };
            parameters.extend_from_slice(&handle.to_le_bytes());
            parameters.extend_from_slice(&group_end.to_le_bytes());
        }
        found(0x07, parameters, start)
    }

    fn read_by_type(
        &self,
        session: &Session,
        security: Security,
        start: u16,
        end: u16,
        uuid: Uuid,
    ) -> Result<Response, Refusal> {
        check_range(start, end)?;
        let room = usize::from(session.mtu) - 2;
        let mut parameters = Vec::new();
        let mut length = 0;
        for (handle, attribute) in self.database.range(start, end) {
            if attribute.uuid != uuid {
                continue;
            }
            let value = match self.readable(session, security, handle, attribute) {
                Ok(value) => value,
                Err(refusal) if length == 0 => return Err(refusal),
                Err(_) => break,
            };
            let value = &value[..value.len().min(room - 2).min(253)];
            if length == 0 {
                length = value.len() + 2;
                parameters.push(length as u8);
            } else if value.len() + 2 != length || parameters.len() - 1 + length > room {
                break;
            }
            parameters.extend_from_slice(&handle.to_le_bytes());
            parameters.extend_from_slice(value);
        }
        found(0x09, parameters, start)
    }

    fn read(&self, session: &Session, security: Security, handle: u16) -> Result<Response, Refusal> {
        let attribute = self.attribute(handle)?;
        let mut value = self.readable(session, security, handle, attribute)?;
        value.truncate(usize::from(session.mtu) - 1);
        Ok(response(0x0B, value))
    }

    fn read_blob(
        &self,
        session: &mut Session,
        security: Security,
        handle: u16,
        offset: u16,
    ) -> Result<Response, Refusal> {
        let attribute = self.attribute(handle)?;
        let fresh = self.readable(session, security, handle, attribute)?;
        let offset = usize::from(offset);
        // The first part came from a plain read, so the rest is taken from the value of the first blob request.
        let value = match session.snapshot.take() {
            Some((kept, value)) if kept == handle && offset > 0 => value,
            _ => fresh,
        };
        if offset > value.len() {
            return Err((handle, ErrorCode::INVALID_OFFSET));
        }
        let end = value.len().min(offset + usize::from(session.mtu) - 1);
        let part = value[offset..end].to_vec();
        session.snapshot = Some((handle, value));
        Ok(response(0x0D, part))
    }

    fn read_multiple(
        &self,
        session: &Session,
        security: Security,
        handles: &[u16],
        variable: bool,
    ) -> Result<Response, Refusal> {
        let mut parameters = Vec::new();
        for &handle in handles {
            let attribute = self.attribute(handle)?;
            let value = self.readable(session, security, handle, attribute)?;
            if variable {
                parameters.extend_from_slice(&(value.len() as u16).to_le_bytes());
            }
            parameters.extend_from_slice(&value);
        }
        parameters.truncate(usize::from(session.mtu) - 1);
        Ok(response(if variable { 0x21 } else { 0x0F }, parameters))
    }

    fn read_by_group_type(&self, session: &Session, start: u16, end: u16, uuid: Uuid) -> Result<Response, Refusal> {
        check_range(start, end)?;
        if uuid != PRIMARY_SERVICE && uuid != SECONDARY_SERVICE {
            return Err((start, ErrorCode::UNSUPPORTED_GROUP_TYPE));
        }
        let room = usize::from(session.mtu) - 2;
        let mut parameters = Vec::new();
        let mut length = 0;
        for (handle, attribute) in self.database.range(start, end) {
            let Role::Service { end } = attribute.role else { continue };
            if attribute.uuid != uuid {
                continue;
            }
            if length == 0 {
                length = 4 + attribute.value.len();
                parameters.push(length as u8);
            }
            if 4 + attribute.value.len() != length || parameters.len() - 1 + length > room {
                break;
            }
            parameters.extend_from_slice(&handle.to_le_bytes());
            parameters.extend_from_slice(&end.to_le_bytes());
            parameters.extend_from_slice(&attribute.value);
        }
        found(0x11, parameters, start)
    }

    #[expect(clippy::too_many_arguments, reason = "a write touches every part of the server's state")]
    fn write(
        &mut self,
        session: &mut Session,
        security: Security,
        handle: u16,
        value: &[u8],
        needed: Properties,
        now_ns: u64,
        writes: &mut Vec<Write>,
    ) -> Result<(), Refusal> {
        self.writable(security, handle, needed)?;
        match self.attribute(handle)?.role {
            Role::Configuration { characteristic } => self.configure(session, handle, characteristic, value, writes),
            Role::Value { characteristic } => self.write_value(session, handle, characteristic, value, now_ns, writes),
            Role::Service { .. } | Role::Constant => Err((handle, ErrorCode::WRITE_NOT_PERMITTED)),
        }
    }

    fn configure(
        &self,
        session: &mut Session,
        handle: u16,
        characteristic: usize,
        value: &[u8],
        writes: &mut Vec<Write>,
    ) -> Result<(), Refusal> {
        let entry = self.database.characteristic(characteristic);
        let &[low, high] = value else { return Err((handle, ErrorCode::INVALID_VALUE_LENGTH)) };
        let bits = u16::from_le_bytes([low, high]);
        let possible = u16::from(entry.properties.has(Properties::NOTIFY))
            | u16::from(entry.properties.has(Properties::INDICATE)) << 1;
        if bits & !possible != 0 {
            return Err((handle, ErrorCode::VALUE_NOT_ALLOWED));
        }
        session.configurations.insert(handle, bits);
        writes.push(Write {
            service: entry.service,
            characteristic: entry.uuid,
            configuration: true,
            value: value.to_vec(),
        });
        Ok(())
    }

    fn write_value(
        &mut self,
        session: &mut Session,
        handle: u16,
        characteristic: usize,
        value: &[u8],
        now_ns: u64,
        writes: &mut Vec<Write>,
    ) -> Result<(), Refusal> {
        let entry = self.database.characteristic(characteristic).clone();
        if value.len() < entry.accepts.min || value.len() > entry.accepts.max {
            return Err((handle, ErrorCode::INVALID_VALUE_LENGTH));
        }
        let control_point = self.control_points.get_mut(&entry.service);
        if let Some(control_point) = control_point.filter(|object| object.characteristics().contains(&entry.uuid)) {
            // Its answer is an indication, so the client must have asked for indications.
            if control_point.needs_indications(entry.uuid)
                && entry.configuration_handle.is_some_and(|configuration| !session.indicates(configuration))
            {
                return Err((handle, ErrorCode::CCCD_IMPROPER));
            }
            let running = session.procedure.iter().any(|(_, control, _)| *control == handle);
            let records = self.records.entry(entry.service).or_default();
            let mut context = Context { records, running, abort: false, room: session.room(), now_ns };
            let outgoing = control_point.write(entry.uuid, value, &mut context).map_err(|code| (handle, code))?;
            if context.abort {
                session.procedure.retain(|(_, control, _)| *control != handle);
            }
            self.queue_outgoing(session, entry.service, handle, outgoing)?;
        } else {
            self.database.set_value(handle, value);
        }
        writes.push(Write {
            service: entry.service,
            characteristic: entry.uuid,
            configuration: false,
            value: value.to_vec(),
        });
        Ok(())
    }

    /// Queues what a procedure sends. What nobody has subscribed to is left out, but when it is the first thing to come,
    /// the client has forgotten to subscribe before it asked.
    fn queue_outgoing(
        &self,
        session: &mut Session,
        service: Uuid,
        control: u16,
        outgoing: Vec<Outgoing>,
    ) -> Result<(), Refusal> {
        for (index, outgoing) in outgoing.into_iter().enumerate() {
            let Some(target) = self.database.find(service, outgoing.characteristic) else { continue };
            let subscribed = target.configuration_handle.is_some_and(|configuration| {
                if outgoing.confirmed { session.indicates(configuration) } else { session.notifies(configuration) }
            });
            if subscribed {
                session.procedure.push_back((target.value_handle, control, outgoing));
            } else if index == 0 {
                return Err((control, ErrorCode::CCCD_IMPROPER));
            }
        }
        Ok(())
    }

    fn prepare_write(
        &self,
        session: &mut Session,
        security: Security,
        handle: u16,
        offset: u16,
        value: Vec<u8>,
    ) -> Result<Response, Refusal> {
        self.writable(security, handle, Properties::WRITE)?;
        // The echo has the length of the request, which may not exceed the MTU.
        if value.len() + 5 > usize::from(session.mtu) {
            return Err((handle, ErrorCode::INVALID_PDU));
        }
        if session.prepared.len() == PREPARED_LIMIT {
            return Err((handle, ErrorCode::PREPARE_QUEUE_FULL));
        }
        let mut echo = Vec::with_capacity(4 + value.len());
        echo.extend_from_slice(&handle.to_le_bytes());
        echo.extend_from_slice(&offset.to_le_bytes());
        echo.extend_from_slice(&value);
        session.prepared.push((handle, offset, value));
        Ok(response(0x17, echo))
    }

    /// Joins the parts of each attribute, and writes only when all of them fit.
    fn execute_write(
        &mut self,
        session: &mut Session,
        security: Security,
        write: bool,
        now_ns: u64,
        writes: &mut Vec<Write>,
    ) -> Result<Response, Refusal> {
        let prepared = std::mem::take(&mut session.prepared);
        if !write {
            return Ok(response(0x19, Vec::new()));
        }
        let mut values: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
        for (handle, offset, part) in prepared {
            let value = values.entry(handle).or_default();
            let offset = usize::from(offset);
            if offset > value.len() {
                return Err((handle, ErrorCode::INVALID_OFFSET));
            }
            if offset + part.len() > VALUE_LIMIT {
                return Err((handle, ErrorCode::INVALID_VALUE_LENGTH));
            }
            value.truncate(offset);
            value.extend_from_slice(&part);
        }
        for (handle, value) in values {
            self.write(session, security, handle, &value, Properties::WRITE, now_ns, writes)?;
        }
        Ok(response(0x19, Vec::new()))
    }

    fn attribute(&self, handle: u16) -> Result<&Attribute, Refusal> {
        self.database.attribute(handle).ok_or((handle, ErrorCode::INVALID_HANDLE))
    }

    /// The value of an attribute as this client may read it.
    fn readable(
        &self,
        session: &Session,
        security: Security,
        handle: u16,
        attribute: &Attribute,
    ) -> Result<Vec<u8>, Refusal> {
        match attribute.role {
            Role::Service { .. } | Role::Constant => Ok(attribute.value.clone()),
            Role::Configuration { .. } => {
                let bits = session.configurations.get(&handle).copied().unwrap_or_default();
                Ok(bits.to_le_bytes().to_vec())
            }
            Role::Value { characteristic } => {
                let entry = self.database.characteristic(characteristic);
                if !entry.properties.has(Properties::READ) {
                    return Err((handle, ErrorCode::READ_NOT_PERMITTED));
                }
                check_access(entry.access, security).map_err(|code| (handle, code))?;
                Ok(attribute.value.clone())
            }
        }
    }

    fn writable(&self, security: Security, handle: u16, needed: Properties) -> Result<(), Refusal> {
        let attribute = self.attribute(handle)?;
        let (Role::Value { characteristic } | Role::Configuration { characteristic }) = attribute.role else {
            return Err((handle, ErrorCode::WRITE_NOT_PERMITTED));
        };
        let entry = self.database.characteristic(characteristic);
        if attribute.uuid != CLIENT_CONFIGURATION && !entry.properties.has(needed) {
            return Err((handle, ErrorCode::WRITE_NOT_PERMITTED));
        }
        check_access(entry.access, security).map_err(|code| (handle, code))
    }
}

fn check_range(start: u16, end: u16) -> Result<(), Refusal> {
    if start == 0 || start > end { Err((start, ErrorCode::INVALID_HANDLE)) } else { Ok(()) }
}

fn check_access(access: Access, security: Security) -> Result<(), ErrorCode> {
    match access {
        Access::Open => Ok(()),
        _ if !security.encrypted && security.bonded => Err(ErrorCode::INSUFFICIENT_ENCRYPTION),
        _ if !security.encrypted => Err(ErrorCode::INSUFFICIENT_AUTHENTICATION),
        Access::Authenticated if !security.authenticated => Err(ErrorCode::INSUFFICIENT_AUTHENTICATION),
        Access::Encrypted | Access::Authenticated => Ok(()),
    }
}

fn response(opcode: u8, parameters: Vec<u8>) -> Response {
    Response::Data { opcode, parameters }
}

fn found(opcode: u8, parameters: Vec<u8>, start: u16) -> Result<Response, Refusal> {
    if parameters.is_empty() {
        return Err((start, ErrorCode::ATTRIBUTE_NOT_FOUND));
    }
    Ok(response(opcode, parameters))
}

#[cfg(test)]
mod tests;
