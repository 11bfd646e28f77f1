//! Which message a payload is, without reading all of it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, Error, IgnoredAny, MapAccess, Visitor};

use vocabulary::MessageKey;

use crate::JsonError;
use crate::whole_number::WholeNumber;

/// Version of the format, the value of `v`.
const VERSION: i64 = 1;

/// Reads the key of a vendor JSON payload, whatever the order of its keys. Borrows from `payload` unless a name holds
/// escapes.
///
/// It reads only as far as it must: what follows the last of `v`, `d`, `st`, `s`, `t` is not looked at (the patient
/// may be), so a key does not prove the rest of the payload sound. [`decode`](super::decode) does.
///
/// # Errors
/// [`JsonError`] when a part of the key is missing, of the wrong type or of another version, or the payload stops
/// being JSON before the key is complete.
pub fn peek(payload: &[u8]) -> Result<MessageKey<'_>, JsonError> {
    let mut parts = KeyParts::default();
    // The reader reports an unfinished object when the visitor stops early; a complete key is good all the same.
    let outcome = serde_json::Deserializer::from_slice(payload).deserialize_map(KeyVisitor(&mut parts));
    parts.complete().ok_or_else(|| outcome.expect_err("the visitor ends well only with a complete key").into())
}

#[derive(Default)]
struct KeyParts<'de> {
    version: Option<i64>,
    device_serial: Option<Cow<'de, str>>,
    patient_id: Option<Cow<'de, str>>,
    stream: Option<Cow<'de, str>>,
    sequence: Option<u64>,
    device_time_ms: Option<i64>,
}

impl<'de> KeyParts<'de> {
    fn complete(self) -> Option<MessageKey<'de>> {
        self.version?;
        Some(MessageKey {
            device_serial: self.device_serial?,
            patient_id: self.patient_id,
            stream: self.stream?,
            sequence: Some(self.sequence?),
            device_time_ms: Some(self.device_time_ms?),
        })
    }

    fn first_missing(&self) -> Option<&'static str> {
        let missing = [
            ("v", self.version.is_none()),
            ("d", self.device_serial.is_none()),
            ("st", self.stream.is_none()),
            ("s", self.sequence.is_none()),
            ("t", self.device_time_ms.is_none()),
        ];
        missing.into_iter().find_map(|(name, is_missing)| is_missing.then_some(name))
    }
}

struct KeyVisitor<'s, 'de>(&'s mut KeyParts<'de>);

impl<'de> Visitor<'de> for KeyVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a vendor JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let parts = self.0;
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "v" => parts.version = Some(map.next_value().and_then(supported_version)?),
                "d" => parts.device_serial = Some(map.next_value::<Text<'de>>()?.0),
                "p" => parts.patient_id = Some(map.next_value::<Text<'de>>()?.0),
                "st" => parts.stream = Some(map.next_value::<Text<'de>>()?.0),
                "s" => parts.sequence = Some(map.next_value().and_then(sequence)?),
                "t" => parts.device_time_ms = Some(map.next_value::<WholeNumber>()?.0),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            }
            if parts.first_missing().is_none() {
                return Ok(());
            }
        }
        match parts.first_missing() {
            Some(name) => Err(A::Error::custom(format_args!("key `{name}` is missing"))),
            None => Ok(()),
        }
    }
}

/// Refuses other versions of the format: their keys may mean something else.
pub(super) fn supported_version<E: Error>(WholeNumber(version): WholeNumber) -> Result<i64, E> {
    if version == VERSION {
        Ok(version)
    } else {
        Err(E::custom(format_args!("version `v` is {version}, but only {VERSION} is known")))
    }
}

/// A sequence number counts from 0.
pub(super) fn sequence<E: Error>(WholeNumber(sequence): WholeNumber) -> Result<u64, E> {
    u64::try_from(sequence).map_err(|_| E::custom(format_args!("sequence number `s` is {sequence}, below 0")))
}

/// A string, borrowed where it holds no escapes.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn any_order_of_keys() {
        let payload = br#"{"t":5,"w":[{"x":[1,2]}],"s":7,"st":"ecg","p":"{\"d\":1}","d":"mon-1","v":1,"c":{}}"#;
        let key = peek(payload).expect("a whole key");
        let expected = MessageKey {
            device_serial: "mon-1".into(),
            patient_id: Some("{\"d\":1}".into()),
            stream: "ecg".into(),
            sequence: Some(7),
            device_time_ms: Some(5),
        };
        assert_eq!(key, expected);
        assert!(matches!(key.device_serial, Cow::Borrowed(_)));
    }

    #[test]
    fn escaped_names_are_unescaped() {
        let key = peek(br#"{"v":1,"\u0064":"mon\n1","st":"e\u0063g","s":0,"t":-3}"#).expect("a whole key");
        assert_eq!(key.device_serial, "mon\n1");
        assert_eq!(key.stream, "ecg");
    }

    #[test]
    fn nothing_after_the_key_is_looked_at() {
        let key = peek(br#"{"v":1,"d":"mon-1","st":"ecg","s":7,"t":5,"m":{"hr""#).expect("the key is whole");
        assert_eq!(key.sequence, Some(7));
    }

    #[test]
    fn errors_say_where_and_what() {
        let error = |payload: &str| peek(payload.as_bytes()).expect_err(payload).to_string();
        assert_eq!(error(r#"{"v":1,"d":"mon-1","s":7,"t":5}"#), "line 1 column 31: key `st` is missing");
        assert_eq!(error(r#"{"v":2,"d":"mon-1"}"#), "line 1 column 6: version `v` is 2, but only 1 is known");
        assert_eq!(error(r#"{"v":1,"s":-1}"#), "line 1 column 14: sequence number `s` is -1, below 0");
        assert_eq!(error(r#"{"v":1,"d":5}"#), "line 1 column 12: invalid type: integer `5`, expected a string");
        assert_eq!(error(r#"["v"]"#), "line 1 column 0: invalid type: sequence, expected a vendor JSON object");
        assert_eq!(error("{\n\"v\":1,\n\"d\" 5}"), "not JSON at line 3 column 5: expected `:`");
        assert!(error("").starts_with("not JSON at line 1 column 0"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(payload in any::<Vec<u8>>()) {
            let _ = peek(&payload);
        }
    }
}
