//! What the controller says about itself, and settings without further effect.

use crate::pdu::hci::{Command, Opcode, Status, supported_commands};
use sim_core::Purpose;

use super::connecting::TRANSMIT_POWER_DBM;
use crate::address::{Address, AddressKind};
use crate::air::Air;
use crate::air::attachment::DATA_CREDITS;
use crate::air::link_procedures::{COMPANY, VERSION};
use crate::cipher;
use crate::ids::HostId;
use crate::link::{LONG_PAYLOAD, SHORT_PAYLOAD};

const RANDOM: Purpose = Purpose::new("ble.hci.random");

/// LE supported, BR/EDR not supported.
const LMP_FEATURES: [u8; 8] = [0, 0, 0, 0, 0x60, 0, 0, 0];

/// Encryption, connection parameters request, extended reject, peripheral feature exchange, ping, data length, 2M PHY,
/// extended advertising, channel selection algorithm 2.
const LE_FEATURES: [u8; 8] = [0x3F, 0x51, 0, 0, 0, 0, 0, 0];

/// Every combination of states that a central may be in.
const LE_STATES: [u8; 8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x03, 0, 0];

/// Time on the air of the longest packet \[us\].
const LONGEST_TIME_US: u16 = 2120;

/// Name of the controllers.
const NAME: &[u8] = b"Virtual LE controller";

impl Air {
    pub(super) fn execute_informational(&mut self, id: HostId, opcode: Opcode, command: Command) {
        let now_ns = self.now_ns;
        let Some(host) = self.host_mut(id) else { return };
        let mut returned = vec![Status::SUCCESS.0];
        let mut word = |value: u16| returned.extend_from_slice(&value.to_le_bytes());
        match command {
            Command::SetEventMask(mask) => host.event_mask = mask,
            Command::LeSetEventMask(mask) => host.le_event_mask = mask,
            Command::LeSetRandomAddress(octets) => {
                if host.scanning.enabled || host.initiating.is_some() {
                    returned[0] = Status::COMMAND_DISALLOWED.0;
                } else {
                    host.random_address = Some(Address { kind: AddressKind::Random, octets });
                }
            }
            Command::ReadLocalName => {
                let mut name = [0; 248];
                name[..NAME.len()].copy_from_slice(NAME);
                returned.extend_from_slice(&name);
            }
            Command::SetHostFlowControl { mode } => {
                // Bit 0: data packets.
                host.data_credits = (mode & 1 != 0).then_some(u32::from(host.data_buffers));
            }
            Command::HostBufferSize { acl_count } => {
                host.data_buffers = acl_count;
                if let Some(credits) = &mut host.data_credits {
                    *credits = u32::from(acl_count);
                }
            }
            Command::ReadLeHostSupport => returned.extend_from_slice(&[u8::from(host.le_host_support), 0]),
            Command::WriteLeHostSupport { supported } => host.le_host_support = supported,
            Command::ReadLocalVersion => {
                returned.push(VERSION);
                returned.extend_from_slice(&[0, 0, VERSION]);
                returned.extend_from_slice(&COMPANY.to_le_bytes());
                returned.extend_from_slice(&[0, 0]);
            }
            Command::ReadSupportedCommands => returned.extend_from_slice(&supported_commands()),
            Command::ReadLocalFeatures => returned.extend_from_slice(&LMP_FEATURES),
            Command::ReadBufferSize => {
                returned.extend_from_slice(&LONG_PAYLOAD.to_le_bytes());
                returned.push(0);
                returned.extend_from_slice(&(DATA_CREDITS as u16).to_le_bytes());
                returned.extend_from_slice(&[0, 0]);
            }
            Command::ReadBdAddr => returned.extend_from_slice(&host.options.address.octets),
            Command::LeReadBufferSize => {
                word(LONG_PAYLOAD);
                returned.push(DATA_CREDITS as u8);
            }
            Command::LeReadLocalFeatures => returned.extend_from_slice(&LE_FEATURES),
            Command::LeEncrypt { key, plaintext } => {
                returned.extend_from_slice(&cipher::encrypt(key, plaintext));
            }
            Command::LeRand => {
                host.randoms += 1;
                returned.extend_from_slice(&host.key.bits(RANDOM, host.randoms).to_le_bytes());
            }
            Command::LeReadSupportedStates => returned.extend_from_slice(&LE_STATES),
            Command::LeReadDefaultDataLength => {
                word(host.default_octets);
                word(LONGEST_TIME_US);
            }
            Command::LeWriteDefaultDataLength { octets, .. } => {
                if (SHORT_PAYLOAD..=LONG_PAYLOAD).contains(&octets) {
                    host.default_octets = octets;
                } else {
                    returned[0] = Status::INVALID_PARAMETERS.0;
                }
            }
            Command::LeReadMaximumDataLength => {
                for value in [LONG_PAYLOAD, LONGEST_TIME_US, LONG_PAYLOAD, LONGEST_TIME_US] {
                    word(value);
                }
            }
            Command::LeReadTransmitPower => returned.extend_from_slice(&[TRANSMIT_POWER_DBM; 2]),
            // Nothing here depends on page 2 of the event mask, the channel classification or the default PHY.
            Command::SetEventMaskPage2(_)
            | Command::LeSetChannelClassification(_)
            | Command::LeSetDefaultPhy { .. } => {}
            _ => returned[0] = Status::UNKNOWN_COMMAND.0,
        }
        host.complete(opcode, &returned, now_ns);
    }
}
