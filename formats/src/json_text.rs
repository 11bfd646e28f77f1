//! Strings as JSON text.

use bytes::BytesMut;

/// Appends `text` as a JSON string, quotes included.
///
/// Escapes what RFC 8259 section 7 demands (quote, backslash, U+0000 to U+001F) and nothing else.
pub(crate) fn write_string(text: &str, out: &mut BytesMut) {
    out.extend_from_slice(b"\"");
    write_escaped(text, out);
    out.extend_from_slice(b"\"");
}

/// Appends what stands between the quotes of a JSON string.
pub(crate) fn write_escaped(text: &str, out: &mut BytesMut) {
    let bytes = text.as_bytes();
    if needs_no_escape(text) {
        out.extend_from_slice(bytes);
        return;
    }
    let mut written = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if must_be_escaped(*byte) {
            out.extend_from_slice(&bytes[written..index]);
            write_escape(*byte, out);
            written = index + 1;
        }
    }
    out.extend_from_slice(&bytes[written..]);
}

/// Whether `text` stands in JSON as it is. All of it is looked at, without a branch a byte: hardly a text has one to escape.
pub(crate) fn needs_no_escape(text: &str) -> bool {
    !text.bytes().fold(false, |found, byte| found | must_be_escaped(byte))
}

fn must_be_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_escape(byte: u8, out: &mut BytesMut) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(&[
                b'\\',
                b'u',
                b'0',
                b'0',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 0xf)],
            ]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut out = BytesMut::new();
        write_string(text, &mut out);
        String::from_utf8(out.to_vec()).expect("JSON text is UTF-8")
    }

    #[test]
    fn escapes_only_what_must_be_escaped() {
        assert_eq!(written("mon-0001"), r#""mon-0001""#);
        assert_eq!(written("a\"b\\c\nd\u{1}é\u{7f}/"), "\"a\\\"b\\\\c\\nd\\u0001é\u{7f}/\"");
        assert_eq!(written("\0\u{1f}\t\r"), r#""\u0000\u001f\t\r""#);
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in any::<String>()) {
            prop_assert_eq!(serde_json::from_str::<String>(&written(&text)).expect("valid JSON"), text);
        }
    }
}
