//! What a gateway hears and does, and how it reads advertising reports.

use crate::pdu::att::Uuid;

use crate::address::{Address, AddressKind};

/// Something that happened at a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CentralEvent {
    /// Simulated time \[ns\].
    pub at_ns: u64,
    /// The device: the address it is known by, or the one it uses at present when it is not known.
    pub address: Address,
    /// What happened.
    pub kind: CentralEventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CentralEventKind {
    /// An advertiser was heard for the first time.
    Discovered {
        /// Its name.
        name: Option<String>,
        /// Services it advertises.
        services: Vec<Uuid>,
        /// \[dBm\]
        rssi_dbm: i8,
    },
    /// The gateway tries to connect.
    Connecting,
    /// The link has begun.
    Connected,
    /// The gateway has subscribed to everything it wants.
    Subscribed {
        /// Characteristics subscribed to.
        characteristics: Vec<Uuid>,
    },
    /// A value was notified or indicated.
    Value {
        /// Service.
        service: Uuid,
        /// Characteristic.
        characteristic: Uuid,
        /// The octets.
        value: Vec<u8>,
        /// Last known \[dBm\]; 127 when unknown.
        rssi_dbm: i8,
        /// The name that the device gave it ([`crate::Air::send_tagged`]); 0 for none.
        tag: u64,
    },
    /// A value came for a handle that the gateway does not know; it is of no use.
    Unknown {
        /// The name that the device gave it; 0 for none.
        tag: u64,
    },
    /// A transfer of stored records has ended.
    Transferred {
        /// Service.
        service: Uuid,
        /// Whether everything that was asked for has come.
        is_complete: bool,
    },
    /// The signal strength of a link was measured.
    Signal {
        /// \[dBm\]
        rssi_dbm: i8,
    },
    /// The link is encrypted with a key that was just agreed on.
    Paired,
    /// A pairing has failed.
    PairingFailed {
        /// Reason (Core Specification 5.4, volume 3, part H, section 3.5.5).
        reason: u8,
    },
    /// The link has ended.
    Disconnected {
        /// Reason as the central sees it.
        reason: u8,
    },
}

/// An extended advertising report.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) address: Address,
    pub(super) is_connectable: bool,
    pub(super) is_response: bool,
    pub(super) rssi_dbm: i8,
    pub(super) name: Option<String>,
    pub(super) services: Vec<Uuid>,
}

impl Report {
    /// Reads the parameters after the subevent code.
    pub(super) fn parse(parameters: &[u8]) -> Option<Self> {
        let (header, data) = parameters.split_first_chunk::<25>()?;
        let kind = u16::from_le_bytes([header[1], header[2]]);
        let address_kind = if header[3] & 1 == 0 { AddressKind::Public } else { AddressKind::Random };
        let mut octets = [0; 6];
        octets.copy_from_slice(&header[4..10]);
        let mut report = Self {
            address: Address { kind: address_kind, octets },
            is_connectable: kind & 1 != 0 && kind & 8 == 0,
            is_response: kind & 8 != 0,
            rssi_dbm: header[14] as i8,
            name: None,
            services: Vec::new(),
        };
        // The last octet of the header is the length of the data.
        let mut rest = data;
        while let [length @ 1..=u8::MAX, after @ ..] = rest {
            let Some((structure, next)) = after.split_at_checked(usize::from(*length)) else { break };
            match structure {
                [0x02 | 0x03, uuids @ ..] => report.services.extend(uuids.chunks(2).filter_map(Uuid::from_le_bytes)),
                [0x06 | 0x07, uuids @ ..] => report.services.extend(uuids.chunks(16).filter_map(Uuid::from_le_bytes)),
                [0x09, name @ ..] => report.name = Some(String::from_utf8_lossy(name).into_owned()),
                _ => {}
            }
            rest = next;
        }
        Some(report)
    }
}
