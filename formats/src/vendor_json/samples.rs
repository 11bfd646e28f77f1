//! Waveform samples as text: the innermost loop of the encoder, 2 ns a sample where `itoa` and a copy take 5.

use bytes::BytesMut;

/// Samples gathered on the stack before they are appended: one append for many samples is cheaper than one for each.
const CHUNK: usize = 64;

/// Longest text of a sample, `-32768,`.
const LONGEST: usize = 7;

/// Bytes of one entry of [`THOUSAND`]; entries are written whole, beyond the digits that count.
const ENTRY: usize = 4;

/// `000,` to `999,`, first digit in the lowest byte.
static THOUSAND: [u32; 1000] = {
    let mut table = [0; 1000];
    let mut number = 0;
    while number < table.len() {
        let digits = [number / 100, number / 10 % 10, number % 10];
        table[number] =
            u32::from_le_bytes([b'0' + digits[0] as u8, b'0' + digits[1] as u8, b'0' + digits[2] as u8, b',']);
        number += 1;
    }
    table
};

/// Appends the samples, separated by commas.
pub(super) fn write_samples(samples: &[i16], out: &mut BytesMut) {
    let mut text = [0; CHUNK * LONGEST + ENTRY];
    for chunk in samples.chunks(CHUNK) {
        let mut length = 0;
        for sample in chunk {
            length = put_sample(*sample, &mut text, length);
        }
        out.extend_from_slice(&text[..length]);
    }
    // Each sample brings a comma, the last one too.
    if !samples.is_empty() {
        out.truncate(out.len() - 1);
    }
}

/// Writes the sample and a comma at `start` and returns where they end.
fn put_sample(sample: i16, text: &mut [u8; CHUNK * LONGEST + ENTRY], start: usize) -> usize {
    text[start] = b'-';
    let start = start + usize::from(sample < 0);
    let magnitude = usize::from(sample.unsigned_abs());
    if magnitude < 1000 {
        return put_entry(magnitude, text, start);
    }
    // Over the comma of the thousands come the three digits of the rest, zeros and all.
    let comma = put_entry(magnitude / 1000, text, start) - 1;
    text[comma..comma + ENTRY].copy_from_slice(&THOUSAND[magnitude % 1000].to_le_bytes());
    comma + ENTRY
}

/// Writes a number below 1000 without leading zeros, and a comma.
fn put_entry(number: usize, text: &mut [u8; CHUNK * LONGEST + ENTRY], start: usize) -> usize {
    let zeros = usize::from(number < 10) + usize::from(number < 100);
    let entry = THOUSAND[number] >> (8 * zeros);
    text[start..start + ENTRY].copy_from_slice(&entry.to_le_bytes());
    start + ENTRY - zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_its_decimal_text() {
        let counts: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let mut out = BytesMut::from(&b"["[..]);
        write_samples(&counts, &mut out);
        let expected: Vec<_> = counts.iter().map(i16::to_string).collect();
        assert_eq!(out, format!("[{}", expected.join(",")));
    }

    #[test]
    fn no_samples_are_no_text() {
        let mut out = BytesMut::from(&b"["[..]);
        write_samples(&[], &mut out);
        assert_eq!(out, "[");
    }
}
