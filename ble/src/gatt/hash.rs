//! The hash by which a client sees that the table has changed (Core Specification 5.4, volume 3, part G, section 7.3).

use crate::pdu::att::Uuid;

use crate::cipher::cmac;

/// AES-CMAC with a key of zero over handles, types and, for declarations, values; little-endian. `rows` are handle, type
/// and value in the order of handles.
pub(super) fn database_hash<'a>(rows: impl Iterator<Item = (u16, Uuid, &'a [u8])>) -> [u8; 16] {
    let mut message = Vec::new();
    for (handle, uuid, value) in rows {
        let Uuid::Short(uuid) = uuid else { continue };
        let with_value = matches!(uuid, 0x2800..=0x2803 | 0x2900);
        if !with_value && !matches!(uuid, 0x2901..=0x2905) {
            continue;
        }
        message.extend_from_slice(&handle.to_le_bytes());
        message.extend_from_slice(&uuid.to_le_bytes());
        if with_value {
            message.extend_from_slice(value);
        }
    }
    cmac([0; 16], &[&message])
}
