//! Events of the controller.

use super::command::PeerAddress;
use super::opcode::Opcode;
use super::status::Status;

const LE_META: u8 = 0x3E;

/// A report to a host that scans with the legacy commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvertisingReport {
    /// 0 connectable, 1 directed, 2 scannable, 3 neither, 4 scan response.
    pub kind: u8,
    /// The advertiser.
    pub address: PeerAddress,
    /// Up to 31 octets.
    pub data: Vec<u8>,
    /// \[dBm\]; 127 when unknown.
    pub rssi_dbm: i8,
}

/// A report to a host that scans with the extended commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedAdvertisingReport {
    /// Bits: 0 connectable, 1 scannable, 2 directed, 3 scan response, 4 legacy PDU.
    pub kind: u16,
    /// The advertiser.
    pub address: PeerAddress,
    /// Up to 229 octets.
    pub data: Vec<u8>,
    /// \[dBm\]; 127 when unknown.
    pub rssi_dbm: i8,
}

/// A new connection, this side being the central.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionComplete {
    /// Outcome.
    pub status: Status,
    /// Handle.
    pub handle: u16,
    /// The peripheral.
    pub peer: PeerAddress,
    /// Interval \[1.25 ms\].
    pub interval: u16,
    /// Connection events the peripheral may skip.
    pub latency: u16,
    /// Supervision timeout \[10 ms\].
    pub timeout: u16,
}

/// An event of the controller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "names and fields are those of the Core Specification")]
pub enum Event {
    DisconnectionComplete { status: Status, handle: u16, reason: Status },
    EncryptionChange { status: Status, handle: u16, enabled: bool },
    RemoteVersion { status: Status, handle: u16, version: u8, company: u16, subversion: u16 },
    CommandComplete { opcode: Opcode, returned: Vec<u8> },
    CommandStatus { status: Status, opcode: Opcode },
    HardwareError { code: u8 },
    CompletedPackets { handle: u16, count: u16 },
    EncryptionKeyRefresh { status: Status, handle: u16 },
    LeConnectionComplete(ConnectionComplete),
    LeAdvertisingReport(AdvertisingReport),
    LeConnectionUpdate { status: Status, handle: u16, interval: u16, latency: u16, timeout: u16 },
    LeRemoteFeatures { status: Status, handle: u16, features: [u8; 8] },
    LeDataLengthChange { handle: u16, transmit: (u16, u16), receive: (u16, u16) },
    LeEnhancedConnectionComplete(ConnectionComplete),
    LePhyUpdate { status: Status, handle: u16, transmit: u8, receive: u8 },
    LeExtendedAdvertisingReport(ExtendedAdvertisingReport),
    LeScanTimeout,
    LeChannelSelection { handle: u16, algorithm: u8 },
}

impl Event {
    /// The event code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::DisconnectionComplete { .. } => 0x05,
            Self::EncryptionChange { .. } => 0x08,
            Self::RemoteVersion { .. } => 0x0C,
            Self::CommandComplete { .. } => 0x0E,
            Self::CommandStatus { .. } => 0x0F,
            Self::HardwareError { .. } => 0x10,
            Self::CompletedPackets { .. } => 0x13,
            Self::EncryptionKeyRefresh { .. } => 0x30,
            _ => LE_META,
        }
    }

    /// The subevent code, for events of the LE Meta group.
    pub const fn subevent(&self) -> Option<u8> {
        match self {
            Self::LeConnectionComplete(_) => Some(0x01),
            Self::LeAdvertisingReport(_) => Some(0x02),
            Self::LeConnectionUpdate { .. } => Some(0x03),
            Self::LeRemoteFeatures { .. } => Some(0x04),
            Self::LeDataLengthChange { .. } => Some(0x07),
            Self::LeEnhancedConnectionComplete(_) => Some(0x0A),
            Self::LePhyUpdate { .. } => Some(0x0C),
            Self::LeExtendedAdvertisingReport(_) => Some(0x0D),
            Self::LeScanTimeout => Some(0x11),
            Self::LeChannelSelection { .. } => Some(0x14),
            _ => None,
        }
    }

    /// Appends the event with its H4 indicator.
    pub fn write_h4(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0x04, self.code(), 0]);
        let start = out.len();
        if let Some(subevent) = self.subevent() {
            out.push(subevent);
        }
        self.write_parameters(&mut Writer(out));
        out[start - 1] = (out.len() - start) as u8;
    }

    fn write_parameters(&self, out: &mut Writer<'_>) {
        match self {
            Self::DisconnectionComplete { status, handle, reason } => {
                out.octet(status.0).word(*handle).octet(reason.0);
            }
            Self::EncryptionChange { status, handle, enabled } => {
                out.octet(status.0).word(*handle).octet(u8::from(*enabled));
            }
            Self::RemoteVersion { status, handle, version, company, subversion } => {
                out.octet(status.0).word(*handle).octet(*version).word(*company).word(*subversion);
            }
            Self::CommandComplete { opcode, returned } => {
                out.octet(1).word(opcode.0).octets(returned);
            }
            Self::CommandStatus { status, opcode } => {
                out.octet(status.0).octet(1).word(opcode.0);
            }
            Self::HardwareError { code } => {
                out.octet(*code);
            }
            Self::CompletedPackets { handle, count } => {
                out.octet(1).word(*handle).word(*count);
            }
            Self::EncryptionKeyRefresh { status, handle } => {
                out.octet(status.0).word(*handle);
            }
            Self::LeConnectionComplete(connection) => {
                out.connection(connection).octets(&[]).parameters(connection);
            }
            Self::LeEnhancedConnectionComplete(connection) => {
                // No resolvable private addresses of this side or of the peer: two empty addresses.
                out.connection(connection).octets(&[0; 12]).parameters(connection);
            }
            Self::LeAdvertisingReport(report) => {
                out.octet(1).octet(report.kind).address(report.address);
                out.octet(report.data.len() as u8).octets(&report.data).octet(report.rssi_dbm as u8);
            }
            Self::LeExtendedAdvertisingReport(report) => {
                out.octet(1).word(report.kind).address(report.address);
                // Primary PHY 1M, no secondary PHY, no set, transmit power not available.
                out.octets(&[0x01, 0x00, 0xFF, 0x7F]).octet(report.rssi_dbm as u8);
                // No periodic advertising, no target of directed advertising.
                out.word(0).octets(&[0; 7]);
                out.octet(report.data.len() as u8).octets(&report.data);
            }
            Self::LeConnectionUpdate { status, handle, interval, latency, timeout } => {
                out.octet(status.0).word(*handle).word(*interval).word(*latency).word(*timeout);
            }
            Self::LeRemoteFeatures { status, handle, features } => {
                out.octet(status.0).word(*handle).octets(features);
            }
            Self::LeDataLengthChange { handle, transmit, receive } => {
                out.word(*handle).word(transmit.0).word(transmit.1).word(receive.0).word(receive.1);
            }
            Self::LePhyUpdate { status, handle, transmit, receive } => {
                out.octet(status.0).word(*handle).octet(*transmit).octet(*receive);
            }
            Self::LeScanTimeout => {}
            Self::LeChannelSelection { handle, algorithm } => {
                out.word(*handle).octet(*algorithm);
            }
        }
    }
}

struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    fn octet(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn word(&mut self, value: u16) -> &mut Self {
        self.octets(&value.to_le_bytes())
    }

    fn octets(&mut self, values: &[u8]) -> &mut Self {
        self.0.extend_from_slice(values);
        self
    }

    fn address(&mut self, address: PeerAddress) -> &mut Self {
        self.octet(address.kind).octets(&address.octets)
    }

    fn connection(&mut self, connection: &ConnectionComplete) -> &mut Self {
        // Role 0: central.
        self.octet(connection.status.0).word(connection.handle).octet(0).address(connection.peer)
    }

    fn parameters(&mut self, connection: &ConnectionComplete) -> &mut Self {
        // Clock accuracy is only meaningful to a peripheral: zero.
        self.word(connection.interval).word(connection.latency).word(connection.timeout).octet(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(event: &Event) -> Vec<u8> {
        let mut out = Vec::new();
        event.write_h4(&mut out);
        out
    }

    #[test]
    fn known_octets() {
        let complete = Event::CommandComplete { opcode: Opcode::RESET, returned: vec![0] };
        assert_eq!(octets(&complete), [0x04, 0x0E, 4, 1, 0x03, 0x0C, 0]);
        let status = Event::CommandStatus { status: Status::SUCCESS, opcode: Opcode::DISCONNECT };
        assert_eq!(octets(&status), [0x04, 0x0F, 4, 0, 1, 0x06, 0x04]);
        let credits = Event::CompletedPackets { handle: 0x40, count: 3 };
        assert_eq!(octets(&credits), [0x04, 0x13, 5, 1, 0x40, 0, 3, 0]);
    }

    #[test]
    fn lengths_of_the_core_specification() {
        let peer = PeerAddress { kind: 1, octets: [1, 2, 3, 4, 5, 0xC6] };
        let connection =
            ConnectionComplete { status: Status::SUCCESS, handle: 1, peer, interval: 24, latency: 0, timeout: 72 };
        assert_eq!(octets(&Event::LeConnectionComplete(connection))[2], 19);
        assert_eq!(octets(&Event::LeEnhancedConnectionComplete(connection))[2], 31);
        let report = ExtendedAdvertisingReport { kind: 0x13, address: peer, data: vec![2, 1, 6], rssi_dbm: -50 };
        assert_eq!(octets(&Event::LeExtendedAdvertisingReport(report))[2], 26 + 3);
        let report = AdvertisingReport { kind: 0, address: peer, data: vec![2, 1, 6], rssi_dbm: -50 };
        assert_eq!(octets(&Event::LeAdvertisingReport(report))[2], 12 + 3);
    }
}
