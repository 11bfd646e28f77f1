//! Opcodes, and which of them the controller admits to.

/// A command's number: group in the upper six bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opcode(pub u16);

macro_rules! opcodes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, octet $octet:literal bit $bit:literal;)+) => {
        impl Opcode {
            $($(#[$doc])* pub const $name: Self = Self($code);)+
        }

        /// Every command the controller answers, with its octet and bit in the table of supported commands
        /// (Core Specification 5.4, volume 4, part E, section 6.27).
        pub const SUPPORTED_COMMANDS: &[(Opcode, u8, u8)] = &[$((Opcode::$name, $octet, $bit)),+];
    };
}

opcodes! {
    /// Disconnect.
    DISCONNECT = 0x0406, octet 0 bit 5;
    /// Read Remote Version Information.
    READ_REMOTE_VERSION = 0x041D, octet 2 bit 7;
    /// Set Event Mask.
    SET_EVENT_MASK = 0x0C01, octet 5 bit 6;
    /// Reset.
    RESET = 0x0C03, octet 5 bit 7;
    /// Read Local Name.
    READ_LOCAL_NAME = 0x0C14, octet 7 bit 1;
    /// Read Transmit Power Level.
    READ_TRANSMIT_POWER_LEVEL = 0x0C2D, octet 10 bit 2;
    /// Set Controller To Host Flow Control.
    SET_HOST_FLOW_CONTROL = 0x0C31, octet 10 bit 5;
    /// Host Buffer Size.
    HOST_BUFFER_SIZE = 0x0C33, octet 10 bit 6;
    /// Host Number Of Completed Packets.
    HOST_COMPLETED_PACKETS = 0x0C35, octet 10 bit 7;
    /// Set Event Mask Page 2.
    SET_EVENT_MASK_PAGE_2 = 0x0C63, octet 22 bit 2;
    /// Read LE Host Support.
    READ_LE_HOST_SUPPORT = 0x0C6C, octet 24 bit 5;
    /// Write LE Host Support.
    WRITE_LE_HOST_SUPPORT = 0x0C6D, octet 24 bit 6;
    /// Read Authenticated Payload Timeout.
    READ_AUTHENTICATED_PAYLOAD_TIMEOUT = 0x0C7B, octet 32 bit 4;
    /// Write Authenticated Payload Timeout.
    WRITE_AUTHENTICATED_PAYLOAD_TIMEOUT = 0x0C7C, octet 32 bit 5;
    /// Read Local Version Information.
    READ_LOCAL_VERSION = 0x1001, octet 14 bit 3;
    /// Read Local Supported Features.
    READ_LOCAL_FEATURES = 0x1003, octet 14 bit 5;
    /// Read Buffer Size.
    READ_BUFFER_SIZE = 0x1005, octet 14 bit 7;
    /// Read `BD_ADDR`.
    READ_BD_ADDR = 0x1009, octet 15 bit 1;
    /// Read RSSI.
    READ_RSSI = 0x1405, octet 15 bit 5;
    /// LE Set Event Mask.
    LE_SET_EVENT_MASK = 0x2001, octet 25 bit 0;
    /// LE Read Buffer Size.
    LE_READ_BUFFER_SIZE = 0x2002, octet 25 bit 1;
    /// LE Read Local Supported Features.
    LE_READ_LOCAL_FEATURES = 0x2003, octet 25 bit 2;
    /// LE Set Random Address.
    LE_SET_RANDOM_ADDRESS = 0x2005, octet 25 bit 4;
    /// LE Set Scan Parameters.
    LE_SET_SCAN_PARAMETERS = 0x200B, octet 26 bit 2;
    /// LE Set Scan Enable.
    LE_SET_SCAN_ENABLE = 0x200C, octet 26 bit 3;
    /// LE Create Connection.
    LE_CREATE_CONNECTION = 0x200D, octet 26 bit 4;
    /// LE Create Connection Cancel.
    LE_CREATE_CONNECTION_CANCEL = 0x200E, octet 26 bit 5;
    /// LE Read Filter Accept List Size.
    LE_READ_ACCEPT_LIST_SIZE = 0x200F, octet 26 bit 6;
    /// LE Clear Filter Accept List.
    LE_CLEAR_ACCEPT_LIST = 0x2010, octet 26 bit 7;
    /// LE Add Device To Filter Accept List.
    LE_ADD_TO_ACCEPT_LIST = 0x2011, octet 27 bit 0;
    /// LE Remove Device From Filter Accept List.
    LE_REMOVE_FROM_ACCEPT_LIST = 0x2012, octet 27 bit 1;
    /// LE Connection Update.
    LE_CONNECTION_UPDATE = 0x2013, octet 27 bit 2;
    /// LE Set Host Channel Classification.
    LE_SET_CHANNEL_CLASSIFICATION = 0x2014, octet 27 bit 3;
    /// LE Read Channel Map.
    LE_READ_CHANNEL_MAP = 0x2015, octet 27 bit 4;
    /// LE Read Remote Features.
    LE_READ_REMOTE_FEATURES = 0x2016, octet 27 bit 5;
    /// LE Encrypt.
    LE_ENCRYPT = 0x2017, octet 27 bit 6;
    /// LE Rand.
    LE_RAND = 0x2018, octet 27 bit 7;
    /// LE Enable Encryption.
    LE_ENABLE_ENCRYPTION = 0x2019, octet 28 bit 0;
    /// LE Read Supported States.
    LE_READ_SUPPORTED_STATES = 0x201C, octet 28 bit 3;
    /// LE Remote Connection Parameter Request Reply.
    LE_PARAMETER_REQUEST_REPLY = 0x2020, octet 33 bit 4;
    /// LE Remote Connection Parameter Request Negative Reply.
    LE_PARAMETER_REQUEST_REFUSAL = 0x2021, octet 33 bit 5;
    /// LE Set Data Length.
    LE_SET_DATA_LENGTH = 0x2022, octet 33 bit 6;
    /// LE Read Suggested Default Data Length.
    LE_READ_DEFAULT_DATA_LENGTH = 0x2023, octet 33 bit 7;
    /// LE Write Suggested Default Data Length.
    LE_WRITE_DEFAULT_DATA_LENGTH = 0x2024, octet 34 bit 0;
    /// LE Read Maximum Data Length.
    LE_READ_MAXIMUM_DATA_LENGTH = 0x202F, octet 35 bit 3;
    /// LE Read PHY.
    LE_READ_PHY = 0x2030, octet 35 bit 4;
    /// LE Set Default PHY.
    LE_SET_DEFAULT_PHY = 0x2031, octet 35 bit 5;
    /// LE Set PHY.
    LE_SET_PHY = 0x2032, octet 35 bit 6;
    /// LE Set Extended Scan Parameters.
    LE_SET_EXTENDED_SCAN_PARAMETERS = 0x2041, octet 37 bit 5;
    /// LE Set Extended Scan Enable.
    LE_SET_EXTENDED_SCAN_ENABLE = 0x2042, octet 37 bit 6;
    /// LE Extended Create Connection.
    LE_EXTENDED_CREATE_CONNECTION = 0x2043, octet 37 bit 7;
    /// LE Read Transmit Power.
    LE_READ_TRANSMIT_POWER = 0x204B, octet 38 bit 7;
}

impl Opcode {
    /// Read Local Supported Commands; it has no bit of its own in the table.
    pub const READ_SUPPORTED_COMMANDS: Self = Self(0x1002);
}

/// The table of supported commands as the controller returns it.
pub fn supported_commands() -> [u8; 64] {
    let mut table = [0; 64];
    for &(_, octet, bit) in SUPPORTED_COMMANDS {
        table[usize::from(octet)] |= 1 << bit;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_belongs_to_one_command() {
        let bits: u32 = supported_commands().iter().map(|octet| octet.count_ones()).sum();
        assert_eq!(bits as usize, SUPPORTED_COMMANDS.len());
    }
}
