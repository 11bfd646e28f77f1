//! One message as a line of a file.
//!
//! A line is `{"at_ms": whole number, "topic": string, "payload": string}`; a payload that is no UTF-8 stands as
//! `"payload_base64"` (RFC 4648 section 4) instead. Lines end with `\n`, and no string holds one. What reads a file may
//! read one that somebody else has written, so reading is total and other keys are allowed.

use std::fmt;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::JsonError;
use crate::decimal::write_integer;
use crate::json_text::write_string;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// One message of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine {
    /// When it was due [ms since the Unix epoch], on the clock that payloads show; a file of somebody else's may not say.
    pub at_ms: Option<i64>,
    /// Topic.
    pub topic: String,
    /// Payload.
    pub payload: Bytes,
}

impl FileLine {
    /// Appends a line, its end included.
    pub fn encode(at_ms: i64, topic: &str, payload: &[u8], out: &mut BytesMut) {
        out.extend_from_slice(b"{\"at_ms\":");
        write_integer(at_ms, out);
        out.extend_from_slice(b",\"topic\":");
        write_string(topic, out);
        if let Ok(text) = std::str::from_utf8(payload) {
            out.extend_from_slice(b",\"payload\":");
            write_string(text, out);
        } else {
            out.extend_from_slice(b",\"payload_base64\":\"");
            write_base64(payload, out);
            out.extend_from_slice(b"\"");
        }
        out.extend_from_slice(b"}\n");
    }

    /// Reads a line, with or without its end.
    ///
    /// # Errors
    /// [`JsonError`] says where and what.
    pub fn parse(line: &[u8]) -> Result<Self, JsonError> {
        serde_json::from_slice(line).map_err(JsonError::from)
    }
}

impl<'de> Deserialize<'de> for FileLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor)
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = FileLine;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with `topic` and `payload` or `payload_base64`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FileLine, A::Error> {
        let mut at_ms = None;
        let mut topic = None;
        let mut payload = None;
        while let Some(key) = map.next_key::<String>()? {
            let repeated = match key.as_str() {
                "at_ms" => at_ms.replace(map.next_value()?).is_some(),
                "topic" => topic.replace(map.next_value()?).is_some(),
                "payload" => payload.replace(Bytes::from(map.next_value::<String>()?)).is_some(),
                "payload_base64" => {
                    let bytes = read_base64(map.next_value::<String>()?.as_bytes());
                    payload.replace(bytes.ok_or_else(|| A::Error::custom("the payload is not base64"))?).is_some()
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if repeated {
                return Err(A::Error::custom(format_args!("`{key}` gives again what was given before")));
            }
        }
        Ok(FileLine {
            at_ms,
            topic: topic.ok_or_else(|| A::Error::custom("key `topic` is missing"))?,
            payload: payload.ok_or_else(|| A::Error::custom("there is no payload"))?,
        })
    }
}

fn write_base64(bytes: &[u8], out: &mut BytesMut) {
    for group in bytes.chunks(3) {
        let mut octets = [0; 4];
        octets[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(octets);
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) & 63;
            let letter = if place <= group.len() { ALPHABET[sextet as usize] } else { b'=' };
            out.extend_from_slice(&[letter]);
        }
    }
}

/// The bytes behind base64 with its padding; `None` when it is none, or not the only way to write them.
fn read_base64(text: &[u8]) -> Option<Bytes> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = BytesMut::with_capacity(text.len() / 4 * 3);
    let groups = text.len() / 4;
    for (index, group) in text.chunks(4).enumerate() {
        let padding = group.iter().rev().take_while(|letter| **letter == b'=').count();
        if padding > 2 || (padding > 0 && index + 1 < groups) {
            return None;
        }
        let mut bits = 0;
        for letter in &group[..4 - padding] {
            let sextet = ALPHABET.iter().position(|known| known == letter)?;
            bits = bits << 6 | sextet as u32;
        }
        bits <<= 6 * padding;
        let octets = bits.to_be_bytes();
        if octets[4 - padding..].iter().any(|octet| *octet != 0) {
            return None;
        }
        bytes.extend_from_slice(&octets[1..4 - padding]);
    }
    Some(bytes.freeze())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(payload: &[u8]) -> Vec<u8> {
        let mut out = BytesMut::new();
        FileLine::encode(1_500, "ward/1/mon", payload, &mut out);
        out.to_vec()
    }

    #[test]
    fn texts_stand_as_they_are_and_other_bytes_as_base64() {
        assert_eq!(
            line(b"{\"hr\":61}"),
            b"{\"at_ms\":1500,\"topic\":\"ward/1/mon\",\"payload\":\"{\\\"hr\\\":61}\"}\n"
        );
        assert_eq!(
            line(&[0xff, 0, 1, 2]),
            b"{\"at_ms\":1500,\"topic\":\"ward/1/mon\",\"payload_base64\":\"/wABAg==\"}\n"
        );
    }

    /// RFC 4648 section 10.
    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            let mut out = BytesMut::new();
            write_base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, text);
            assert_eq!(read_base64(text.as_bytes()), Some(Bytes::from(bytes)));
        }
        for wrong in ["Z", "Zg=", "Zh==", "Z===", "Zg==Zg==", "Zm 8", "===="] {
            assert_eq!(read_base64(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn lines_that_are_none_are_refused() {
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"topic":"a"}"#,
            r#"{"payload":"a"}"#,
            r#"{"topic":"a","payload":"a","payload_base64":"Zg=="}"#,
            r#"{"topic":"a","payload_base64":"Z"}"#,
            r#"{"topic":"a","payload":"a"} more"#,
        ] {
            assert!(FileLine::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let foreign = FileLine::parse(br#"{"topic":"a","payload":"b","from":"ingest"}"#).unwrap();
        assert_eq!(foreign, FileLine { at_ms: None, topic: "a".to_owned(), payload: Bytes::from_static(b"b") });
    }

    proptest! {
        #[test]
        fn a_message_survives_its_line(at_ms: i64, topic: String, payload: Vec<u8>) {
            let mut out = BytesMut::new();
            FileLine::encode(at_ms, &topic, &payload, &mut out);
            let end = out.iter().position(|byte| *byte == b'\n');
            prop_assert_eq!(end, Some(out.len() - 1));
            let line = FileLine { at_ms: Some(at_ms), topic, payload: payload.into() };
            prop_assert_eq!(FileLine::parse(&out), Ok(line));
        }
    }
}
