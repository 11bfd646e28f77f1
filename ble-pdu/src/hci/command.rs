//! Commands of a host.

use thiserror::Error;

use super::opcode::Opcode;

/// An address with its type: 0 public, 1 random (2 and 3 are the identity types of a resolving list).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerAddress {
    /// Type.
    pub kind: u8,
    /// Octets, little-endian.
    pub octets: [u8; 6],
}

/// An entry of the filter accept list.
pub type AcceptListEntry = PeerAddress;

/// How to scan on one PHY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanParameters {
    /// Whether scan responses are asked for.
    pub active: bool,
    /// Interval \[0.625 ms\].
    pub interval: u16,
    /// Window \[0.625 ms\].
    pub window: u16,
    /// Own address: 0 public, 1 random, 2 and 3 resolvable with one of these as fallback.
    pub own_address_kind: u8,
    /// 0 every advertiser, 1 those of the accept list (2 and 3: likewise with directed advertising).
    pub filter: u8,
}

/// Parameters of a connection, wanted or in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionParameters {
    /// Smallest interval \[1.25 ms\].
    pub interval_min: u16,
    /// Largest interval \[1.25 ms\].
    pub interval_max: u16,
    /// Connection events the peripheral may skip.
    pub latency: u16,
    /// Supervision timeout \[10 ms\].
    pub timeout: u16,
}

impl ConnectionParameters {
    /// Whether the ranges of the Core Specification hold (volume 4, part E, section 7.8.12).
    pub const fn are_valid(self) -> bool {
        let timeout_us = self.timeout as u64 * 10_000;
        let longest_us = (1 + self.latency as u64) * self.interval_max as u64 * 1250;
        6 <= self.interval_min
            && self.interval_min <= self.interval_max
            && self.interval_max <= 3200
            && self.latency <= 499
            && 10 <= self.timeout
            && self.timeout <= 3200
            && timeout_us > 2 * longest_us
    }
}

/// A wish to connect, legacy or extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreateConnection {
    /// Whether the command was the extended one.
    pub extended: bool,
    /// Scan interval \[0.625 ms\].
    pub scan_interval: u16,
    /// Scan window \[0.625 ms\].
    pub scan_window: u16,
    /// Whether any device of the accept list will do.
    pub use_accept_list: bool,
    /// The device, unless the accept list is used.
    pub peer: PeerAddress,
    /// As in [`ScanParameters::own_address_kind`].
    pub own_address_kind: u8,
    /// What the connection shall use.
    pub parameters: ConnectionParameters,
}

/// A command of a host, with parameters of the right length; ranges are for the controller to check.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "names and fields are those of the Core Specification")]
pub enum Command {
    Disconnect { handle: u16, reason: u8 },
    ReadRemoteVersion { handle: u16 },
    SetEventMask(u64),
    Reset,
    ReadLocalName,
    ReadTransmitPowerLevel { handle: u16 },
    SetHostFlowControl { mode: u8 },
    HostBufferSize { acl_count: u16 },
    HostCompletedPackets(Vec<(u16, u16)>),
    SetEventMaskPage2(u64),
    ReadLeHostSupport,
    WriteLeHostSupport { supported: bool },
    ReadAuthenticatedPayloadTimeout { handle: u16 },
    WriteAuthenticatedPayloadTimeout { handle: u16, timeout: u16 },
    ReadLocalVersion,
    ReadSupportedCommands,
    ReadLocalFeatures,
    ReadBufferSize,
    ReadBdAddr,
    ReadRssi { handle: u16 },
    LeSetEventMask(u64),
    LeReadBufferSize,
    LeReadLocalFeatures,
    LeSetRandomAddress([u8; 6]),
    LeSetScanParameters(ScanParameters),
    LeSetScanEnable { enable: bool, filter_duplicates: bool },
    LeCreateConnection(CreateConnection),
    LeCreateConnectionCancel,
    LeReadAcceptListSize,
    LeClearAcceptList,
    LeAddToAcceptList(AcceptListEntry),
    LeRemoveFromAcceptList(AcceptListEntry),
    LeConnectionUpdate { handle: u16, parameters: ConnectionParameters },
    LeSetChannelClassification([u8; 5]),
    LeReadChannelMap { handle: u16 },
    LeReadRemoteFeatures { handle: u16 },
    LeEncrypt { key: [u8; 16], plaintext: [u8; 16] },
    LeRand,
    LeEnableEncryption { handle: u16, random: [u8; 8], diversifier: u16, key: [u8; 16] },
    LeReadSupportedStates,
    LeParameterRequestReply { handle: u16, parameters: ConnectionParameters },
    LeParameterRequestRefusal { handle: u16, reason: u8 },
    LeSetDataLength { handle: u16, octets: u16, time_us: u16 },
    LeReadDefaultDataLength,
    LeWriteDefaultDataLength { octets: u16, time_us: u16 },
    LeReadMaximumDataLength,
    LeReadPhy { handle: u16 },
    LeSetDefaultPhy { all: u8, transmit: u8, receive: u8 },
    LeSetPhy { handle: u16, all: u8, transmit: u8, receive: u8 },
    LeSetExtendedScanParameters { phys: u8, parameters: ScanParameters },
    LeSetExtendedScanEnable { enable: bool, filter_duplicates: bool, duration_10_ms: u16, period_1280_ms: u16 },
    LeReadTransmitPower,
}

/// Why a command packet is no command this controller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CommandError {
    /// Unknown opcode.
    #[error("unknown command 0x{:04x}", opcode.0)]
    Unknown {
        /// The opcode.
        opcode: Opcode,
    },
    /// Known opcode, wrong parameters.
    #[error("command 0x{:04x} with {length} octets of parameters", opcode.0)]
    Malformed {
        /// The opcode.
        opcode: Opcode,
        /// Octets of parameters.
        length: usize,
    },
}

/// Takes fields off the front of the parameters.
struct Fields<'a> {
    rest: &'a [u8],
    malformed: CommandError,
}

impl Fields<'_> {
    fn octets<const N: usize>(&mut self) -> Result<[u8; N], CommandError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(self.malformed)?;
        self.rest = rest;
        Ok(*head)
    }

    fn octet(&mut self) -> Result<u8, CommandError> {
        Ok(self.octets::<1>()?[0])
    }

    fn word(&mut self) -> Result<u16, CommandError> {
        Ok(u16::from_le_bytes(self.octets()?))
    }

    fn handle(&mut self) -> Result<u16, CommandError> {
        Ok(self.word()? & 0x0FFF)
    }

    fn mask(&mut self) -> Result<u64, CommandError> {
        Ok(u64::from_le_bytes(self.octets()?))
    }

    fn address(&mut self) -> Result<PeerAddress, CommandError> {
        Ok(PeerAddress { kind: self.octet()?, octets: self.octets()? })
    }

    fn connection_parameters(&mut self) -> Result<ConnectionParameters, CommandError> {
        let parameters = ConnectionParameters {
            interval_min: self.word()?,
            interval_max: self.word()?,
            latency: self.word()?,
            timeout: self.word()?,
        };
        // Minimum and maximum length of the connection events: information only.
        self.octets::<4>()?;
        Ok(parameters)
    }
}

impl Command {
    /// Reads the parameters of a command.
    ///
    /// # Errors
    /// When the opcode is unknown, or its parameters have another length.
    pub fn parse(opcode: Opcode, parameters: &[u8]) -> Result<Self, CommandError> {
        let malformed = CommandError::Malformed { opcode, length: parameters.len() };
        let mut fields = Fields { rest: parameters, malformed };
        let command = Self::read(opcode, &mut fields)?;
        if fields.rest.is_empty() { Ok(command) } else { Err(malformed) }
    }

    fn read(opcode: Opcode, fields: &mut Fields<'_>) -> Result<Self, CommandError> {
        Ok(match opcode {
            Opcode::DISCONNECT => Self::Disconnect { handle: fields.handle()?, reason: fields.octet()? },
            Opcode::READ_REMOTE_VERSION => Self::ReadRemoteVersion { handle: fields.handle()? },
            Opcode::SET_EVENT_MASK => Self::SetEventMask(fields.mask()?),
            Opcode::RESET => Self::Reset,
            Opcode::READ_LOCAL_NAME => Self::ReadLocalName,
            Opcode::READ_TRANSMIT_POWER_LEVEL => {
                let handle = fields.handle()?;
                fields.octet()?;
                Self::ReadTransmitPowerLevel { handle }
            }
            Opcode::SET_HOST_FLOW_CONTROL => Self::SetHostFlowControl { mode: fields.octet()? },
            Opcode::HOST_BUFFER_SIZE => {
                fields.octets::<3>()?;
                let acl_count = fields.word()?;
                fields.word()?;
                Self::HostBufferSize { acl_count }
            }
            Opcode::HOST_COMPLETED_PACKETS => {
                let count = fields.octet()?;
                let entries = (0..count).map(|_| Ok((fields.handle()?, fields.word()?))).collect::<Result<_, _>>()?;
                Self::HostCompletedPackets(entries)
            }
            Opcode::SET_EVENT_MASK_PAGE_2 => Self::SetEventMaskPage2(fields.mask()?),
            Opcode::READ_LE_HOST_SUPPORT => Self::ReadLeHostSupport,
            Opcode::WRITE_LE_HOST_SUPPORT => {
                let supported = fields.octet()? != 0;
                fields.octet()?;
                Self::WriteLeHostSupport { supported }
            }
            Opcode::READ_AUTHENTICATED_PAYLOAD_TIMEOUT => {
                Self::ReadAuthenticatedPayloadTimeout { handle: fields.handle()? }
            }
            Opcode::WRITE_AUTHENTICATED_PAYLOAD_TIMEOUT => {
                Self::WriteAuthenticatedPayloadTimeout { handle: fields.handle()?, timeout: fields.word()? }
            }
            Opcode::READ_LOCAL_VERSION => Self::ReadLocalVersion,
            Opcode::READ_SUPPORTED_COMMANDS => Self::ReadSupportedCommands,
            Opcode::READ_LOCAL_FEATURES => Self::ReadLocalFeatures,
            Opcode::READ_BUFFER_SIZE => Self::ReadBufferSize,
            Opcode::READ_BD_ADDR => Self::ReadBdAddr,
            Opcode::READ_RSSI => Self::ReadRssi { handle: fields.handle()? },
            _ => return Self::read_le(opcode, fields),
        })
    }

    fn read_le(opcode: Opcode, fields: &mut Fields<'_>) -> Result<Self, CommandError> {
        Ok(match opcode {
            Opcode::LE_SET_EVENT_MASK => Self::LeSetEventMask(fields.mask()?),
            Opcode::LE_READ_BUFFER_SIZE => Self::LeReadBufferSize,
            Opcode::LE_READ_LOCAL_FEATURES => Self::LeReadLocalFeatures,
            Opcode::LE_SET_RANDOM_ADDRESS => Self::LeSetRandomAddress(fields.octets()?),
            Opcode::LE_SET_SCAN_PARAMETERS => Self::LeSetScanParameters(ScanParameters {
                active: fields.octet()? != 0,
                interval: fields.word()?,
                window: fields.word()?,
                own_address_kind: fields.octet()?,
                filter: fields.octet()?,
            }),
            Opcode::LE_SET_SCAN_ENABLE => {
                Self::LeSetScanEnable { enable: fields.octet()? != 0, filter_duplicates: fields.octet()? != 0 }
            }
            Opcode::LE_CREATE_CONNECTION => Self::LeCreateConnection(CreateConnection {
                extended: false,
                scan_interval: fields.word()?,
                scan_window: fields.word()?,
                use_accept_list: fields.octet()? != 0,
                peer: fields.address()?,
                own_address_kind: fields.octet()?,
                parameters: fields.connection_parameters()?,
            }),
            Opcode::LE_CREATE_CONNECTION_CANCEL => Self::LeCreateConnectionCancel,
            Opcode::LE_READ_ACCEPT_LIST_SIZE => Self::LeReadAcceptListSize,
            Opcode::LE_CLEAR_ACCEPT_LIST => Self::LeClearAcceptList,
            Opcode::LE_ADD_TO_ACCEPT_LIST => Self::LeAddToAcceptList(fields.address()?),
            Opcode::LE_REMOVE_FROM_ACCEPT_LIST => Self::LeRemoveFromAcceptList(fields.address()?),
            Opcode::LE_CONNECTION_UPDATE => {
                Self::LeConnectionUpdate { handle: fields.handle()?, parameters: fields.connection_parameters()? }
            }
            Opcode::LE_SET_CHANNEL_CLASSIFICATION => Self::LeSetChannelClassification(fields.octets()?),
            Opcode::LE_READ_CHANNEL_MAP => Self::LeReadChannelMap { handle: fields.handle()? },
            Opcode::LE_READ_REMOTE_FEATURES => Self::LeReadRemoteFeatures { handle: fields.handle()? },
            Opcode::LE_ENCRYPT => Self::LeEncrypt { key: fields.octets()?, plaintext: fields.octets()? },
            Opcode::LE_RAND => Self::LeRand,
            Opcode::LE_ENABLE_ENCRYPTION => Self::LeEnableEncryption {
                handle: fields.handle()?,
                random: fields.octets()?,
                diversifier: fields.word()?,
                key: fields.octets()?,
            },
            Opcode::LE_READ_SUPPORTED_STATES => Self::LeReadSupportedStates,
            Opcode::LE_PARAMETER_REQUEST_REPLY => {
                Self::LeParameterRequestReply { handle: fields.handle()?, parameters: fields.connection_parameters()? }
            }
            Opcode::LE_PARAMETER_REQUEST_REFUSAL => {
                Self::LeParameterRequestRefusal { handle: fields.handle()?, reason: fields.octet()? }
            }
            Opcode::LE_SET_DATA_LENGTH => {
                Self::LeSetDataLength { handle: fields.handle()?, octets: fields.word()?, time_us: fields.word()? }
            }
            Opcode::LE_READ_DEFAULT_DATA_LENGTH => Self::LeReadDefaultDataLength,
            Opcode::LE_WRITE_DEFAULT_DATA_LENGTH => {
                Self::LeWriteDefaultDataLength { octets: fields.word()?, time_us: fields.word()? }
            }
            Opcode::LE_READ_MAXIMUM_DATA_LENGTH => Self::LeReadMaximumDataLength,
            Opcode::LE_READ_PHY => Self::LeReadPhy { handle: fields.handle()? },
            Opcode::LE_SET_DEFAULT_PHY => {
                Self::LeSetDefaultPhy { all: fields.octet()?, transmit: fields.octet()?, receive: fields.octet()? }
            }
            Opcode::LE_SET_PHY => {
                let command = Self::LeSetPhy {
                    handle: fields.handle()?,
                    all: fields.octet()?,
                    transmit: fields.octet()?,
                    receive: fields.octet()?,
                };
                fields.word()?;
                command
            }
            Opcode::LE_SET_EXTENDED_SCAN_PARAMETERS => read_extended_scan_parameters(fields)?,
            Opcode::LE_SET_EXTENDED_SCAN_ENABLE => Self::LeSetExtendedScanEnable {
                enable: fields.octet()? != 0,
                filter_duplicates: fields.octet()? != 0,
                duration_10_ms: fields.word()?,
                period_1280_ms: fields.word()?,
            },
            Opcode::LE_EXTENDED_CREATE_CONNECTION => read_extended_create_connection(fields)?,
            Opcode::LE_READ_TRANSMIT_POWER => Self::LeReadTransmitPower,
            _ => return Err(CommandError::Unknown { opcode }),
        })
    }
}

/// One block of parameters a PHY; the first one counts, since every advertiser here is on the primary 1M PHY.
fn read_extended_scan_parameters(fields: &mut Fields<'_>) -> Result<Command, CommandError> {
    let own_address_kind = fields.octet()?;
    let filter = fields.octet()?;
    let phys = fields.octet()?;
    let mut first = None;
    for _ in 0..phys.count_ones() {
        let (active, interval, window) = (fields.octet()? != 0, fields.word()?, fields.word()?);
        first.get_or_insert(ScanParameters { active, interval, window, own_address_kind, filter });
    }
    let parameters = first.ok_or(fields.malformed)?;
    Ok(Command::LeSetExtendedScanParameters { phys, parameters })
}

fn read_extended_create_connection(fields: &mut Fields<'_>) -> Result<Command, CommandError> {
    let use_accept_list = fields.octet()? != 0;
    let own_address_kind = fields.octet()?;
    let peer = fields.address()?;
    let phys = fields.octet()?;
    let mut first = None;
    for _ in 0..phys.count_ones() {
        let (scan_interval, scan_window) = (fields.word()?, fields.word()?);
        let parameters = fields.connection_parameters()?;
        first.get_or_insert(CreateConnection {
            extended: true,
            scan_interval,
            scan_window,
            use_accept_list,
            peer,
            own_address_kind,
            parameters,
        });
    }
    Ok(Command::LeCreateConnection(first.ok_or(fields.malformed)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hci::SUPPORTED_COMMANDS;
    use proptest::prelude::*;

    /// Every command the controller admits to is read at some length, so that no bit of the table is a lie.
    #[test]
    fn every_supported_command_is_known() {
        for &(opcode, _, _) in SUPPORTED_COMMANDS {
            // An octet of one as the third parameter is the PHY mask of the extended scan command, and as the tenth that
            // of the extended connection command; as the first it is the entry count of the completed packets.
            let readable = (0..=255).any(|length| Command::parse(opcode, &vec![1; length]).is_ok());
            assert!(readable, "{opcode:04x?}");
        }
    }

    #[test]
    fn legacy_connection_of_bumble() {
        let parameters = [0x60, 0, 0x30, 0, 0, 1, 1, 2, 3, 4, 5, 0xC6, 1, 0x18, 0, 0x28, 0, 0, 0, 0x48, 0, 0, 0, 0, 0];
        let command = Command::parse(Opcode::LE_CREATE_CONNECTION, &parameters).expect("well formed");
        let Command::LeCreateConnection(wish) = command else { panic!("{command:?}") };
        assert_eq!(wish.peer, PeerAddress { kind: 1, octets: [1, 2, 3, 4, 5, 0xC6] });
        assert_eq!((wish.parameters.interval_min, wish.parameters.interval_max, wish.parameters.timeout), (24, 40, 72));
        assert!(wish.parameters.are_valid());
    }

    #[test]
    fn parameters_out_of_range() {
        let good = ConnectionParameters { interval_min: 24, interval_max: 40, latency: 0, timeout: 72 };
        assert!(good.are_valid());
        assert!(!ConnectionParameters { interval_min: 5, ..good }.are_valid());
        assert!(!ConnectionParameters { interval_max: 3201, ..good }.are_valid());
        assert!(!ConnectionParameters { timeout: 9, ..good }.are_valid());
        assert!(!ConnectionParameters { timeout: 10, ..good }.are_valid(), "twice the interval is 100 ms");
    }

    proptest! {
        #[test]
        fn any_parameters_are_read_or_refused(index in 0..SUPPORTED_COMMANDS.len(), parameters in prop::collection::vec(any::<u8>(), 0..80)) {
            let opcode = SUPPORTED_COMMANDS[index].0;
            if let Err(error) = Command::parse(opcode, &parameters) {
                prop_assert_eq!(error, CommandError::Malformed { opcode, length: parameters.len() });
            }
        }
    }
}
