//! Texts within fields: what stands for a delimiter, and back (HL7 v2.6, section 2.7).

use std::borrow::Cow;

use bytes::BytesMut;

use super::structure::Delimiters;

/// Appends a text so that none of it is taken for a delimiter of [`Delimiters::USUAL`].
pub(super) fn write_escaped(text: &str, out: &mut BytesMut) {
    for character in text.chars() {
        match character {
            '|' => out.extend_from_slice(b"\\F\\"),
            '^' => out.extend_from_slice(b"\\S\\"),
            '&' => out.extend_from_slice(b"\\T\\"),
            '~' => out.extend_from_slice(b"\\R\\"),
            '\\' => out.extend_from_slice(b"\\E\\"),
            control if control.is_ascii_control() => {
                out.extend_from_slice(format!("\\X{:02X}\\", u32::from(control)).as_bytes());
            }
            plain => out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// What a text means. An escape that is none of HL7 stays as it is.
pub(super) fn unescaped<'m>(text: &'m str, delimiters: &Delimiters) -> Cow<'m, str> {
    if !text.contains(delimiters.escape) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once(delimiters.escape) {
        out.extend_from_slice(plain.as_bytes());
        let Some((code, behind)) = after.split_once(delimiters.escape) else {
            out.extend_from_slice(rest[plain.len()..].as_bytes());
            rest = "";
            break;
        };
        match meaning_of(code, delimiters) {
            Some(Escaped::Delimiter(delimiter)) => {
                out.extend_from_slice(delimiter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = behind;
            }
            Some(Escaped::Octets(octets)) => {
                out.extend(octets);
                rest = behind;
            }
            // The second escape character may begin an escape of its own.
            None => {
                out.extend_from_slice(delimiters.escape.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
        }
    }
    out.extend_from_slice(rest.as_bytes());
    let text = String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Cow::Owned(text)
}

enum Escaped {
    Delimiter(char),
    Octets(Vec<u8>),
}

fn meaning_of(code: &str, delimiters: &Delimiters) -> Option<Escaped> {
    Some(match code {
        "F" => Escaped::Delimiter(delimiters.field),
        "S" => Escaped::Delimiter(delimiters.component),
        "T" => Escaped::Delimiter(delimiters.subcomponent),
        "R" => Escaped::Delimiter(delimiters.repetition),
        "E" => Escaped::Delimiter(delimiters.escape),
        ".br" => Escaped::Delimiter('\n'),
        _ => Escaped::Octets(octets(code.strip_prefix('X')?)?),
    })
}

/// The octets behind hexadecimal digits.
fn octets(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = BytesMut::new();
        write_escaped(text, &mut out);
        String::from_utf8(out.to_vec()).expect("UTF-8")
    }

    #[test]
    fn delimiters_are_escaped_and_others_stay() {
        assert_eq!(escaped(r"a|b^c&d~e\f"), r"a\F\b\S\c\T\d\R\e\E\f");
        assert_eq!(escaped("two\rlines"), r"two\X0D\lines");
        for (text, means) in [
            (r"\XC3A9\", "é"),
            (r"one\.br\two", "one\ntwo"),
            (r"\H\bold\N\", r"\H\bold\N\"),
            (r"C:\temp", r"C:\temp"),
            (r"\Z\F\", r"\Z|"),
            (r"\X0\", r"\X0\"),
        ] {
            assert_eq!(unescaped(text, &Delimiters::USUAL), means, "{text}");
        }
    }

    proptest! {
        #[test]
        fn texts_read_back(text: String) {
            let written = escaped(&text);
            prop_assert!(!written.contains(['|', '^', '&', '~', '\r', '\n']));
            prop_assert_eq!(unescaped(&written, &Delimiters::USUAL), text);
        }

        #[test]
        fn any_text_means_something(text: String) {
            let _ = unescaped(&text, &Delimiters::USUAL);
        }
    }
}
