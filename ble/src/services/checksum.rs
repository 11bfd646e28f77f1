//! The end-to-end checksum of the CGM and Insulin Delivery services: CRC-16/MCRF4XX.

/// Polynomial 0x1021 reflected, start 0xFFFF, no final inversion (CGM Service 1.0.2, section 3.11).
pub fn end_to_end_checksum(octets: &[u8]) -> u16 {
    octets.iter().fold(0xFFFF, |checksum, octet| {
        (0..8).fold(checksum ^ u16::from(*octet), |bits, _| if bits & 1 == 0 { bits >> 1 } else { bits >> 1 ^ 0x8408 })
    })
}

/// Appends the checksum of everything that is there.
pub(super) fn append_checksum(octets: &mut Vec<u8>) {
    let checksum = end_to_end_checksum(octets);
    octets.extend_from_slice(&checksum.to_le_bytes());
}

/// Splits off the checksum, if it is right.
pub(super) fn checked(octets: &[u8]) -> Option<&[u8]> {
    let (payload, checksum) = octets.split_last_chunk::<2>()?;
    (end_to_end_checksum(payload).to_le_bytes() == *checksum).then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_catalogue() {
        assert_eq!(end_to_end_checksum(b"123456789"), 0x6F91);
    }

    #[test]
    fn a_checksum_is_taken_off_again() {
        let mut octets = vec![1, 2, 3];
        append_checksum(&mut octets);
        assert_eq!(checked(&octets), Some(&[1, 2, 3][..]));
        octets[0] ^= 1;
        assert_eq!(checked(&octets), None);
        assert_eq!(checked(&[1]), None);
    }
}
