//! What a device answers to a command.

use std::fmt;

use bytes::BytesMut;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{ID_LIMIT, MalformedCommand};
use crate::JsonError;
use crate::decimal::write_integer;
use crate::json_text::write_string;
use crate::whole_number::WholeNumber;

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It took effect, now or when the same id came first.
    Applied,
    /// It was understood and not allowed.
    Refused,
    /// It was not understood.
    Malformed,
}

impl Status {
    /// The word in the answer.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
        }
    }
}

/// The answer to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Id of the command; `None` when it could not be read.
    pub id: Option<String>,
    /// What became of it.
    pub status: Status,
    /// Why it was not applied, for people.
    pub reason: Option<String>,
    /// Device time of the answer [ms since the Unix epoch].
    pub device_time_ms: i64,
}

impl Answer {
    /// The answer to a payload that was not a command.
    pub fn malformed(malformed: &MalformedCommand, device_time_ms: i64) -> Self {
        Self {
            id: malformed.id.clone(),
            status: Status::Malformed,
            reason: Some(malformed.to_string()),
            device_time_ms,
        }
    }

    /// Appends the answer as minified JSON: `id` (null if unknown), `status`, `reason` (if any), `t`.
    pub fn encode(&self, out: &mut BytesMut) {
        out.extend_from_slice(b"{\"id\":");
        match &self.id {
            Some(id) => write_string(id, out),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"status\":");
        write_string(self.status.word(), out);
        if let Some(reason) = &self.reason {
            out.extend_from_slice(b",\"reason\":");
            write_string(reason, out);
        }
        out.extend_from_slice(b",\"t\":");
        write_integer(self.device_time_ms, out);
        out.extend_from_slice(b"}");
    }

    /// Reads an answer, as strictly as its schema.
    ///
    /// # Errors
    /// [`JsonError`] for whatever the schema does not allow, and for a key that appears twice.
    pub fn parse(payload: &[u8]) -> Result<Self, JsonError> {
        Ok(serde_json::from_slice(payload)?)
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnswerVisitor)
    }
}

struct AnswerVisitor;

impl<'de> Visitor<'de> for AnswerVisitor {
    type Value = Answer;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an answer object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answer, A::Error> {
        let mut id = None;
        let mut status = None;
        let mut reason = None;
        let mut device_time_ms = None;
        while let Some(key) = map.next_key::<String>()? {
            let repeated = match key.as_str() {
                "id" => id.replace(map.next_value().and_then(command_id)?).is_some(),
                "status" => status.replace(map.next_value::<String>().and_then(|word| named_status(&word))?).is_some(),
                "reason" => reason.replace(map.next_value::<String>()?).is_some(),
                "t" => device_time_ms.replace(map.next_value::<WholeNumber>()?.0).is_some(),
                _ => return Err(A::Error::custom(format_args!("unknown key `{key}`"))),
            };
            if repeated {
                return Err(A::Error::custom(format_args!("key `{key}` appears twice")));
            }
        }
        Ok(Answer {
            id: id.ok_or_else(|| A::Error::custom("key `id` is missing"))?,
            status: status.ok_or_else(|| A::Error::custom("key `status` is missing"))?,
            reason,
            device_time_ms: device_time_ms.ok_or_else(|| A::Error::custom("key `t` is missing"))?,
        })
    }
}

fn command_id<E: Error>(id: Option<String>) -> Result<Option<String>, E> {
    match id.as_ref().map_or(1, |id| id.chars().count()) {
        1..=ID_LIMIT => Ok(id),
        count => Err(E::custom(format_args!("`id` has {count} characters, not 1 to {ID_LIMIT}"))),
    }
}

fn named_status<E: Error>(word: &str) -> Result<Status, E> {
    [Status::Applied, Status::Refused, Status::Malformed]
        .into_iter()
        .find(|status| status.word() == word)
        .ok_or_else(|| E::custom(format_args!("`{word}` is not a status")))
}

#[cfg(test)]
mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::command::Command;

    fn text(answer: &Answer) -> String {
        let mut out = BytesMut::new();
        answer.encode(&mut out);
        String::from_utf8(out.to_vec()).expect("JSON is UTF-8")
    }

    #[test]
    fn written_form() {
        let applied =
            Answer { id: Some("c-1".into()), status: Status::Applied, reason: None, device_time_ms: 1_768_471_200_000 };
        assert_eq!(text(&applied), r#"{"id":"c-1","status":"applied","t":1768471200000}"#);
        let malformed = Command::parse(b"{\"id\":5}").expect_err("the id is a number");
        assert_eq!(
            text(&Answer::malformed(&malformed, -1)),
            r#"{"id":null,"status":"malformed","reason":"line 1 column 7: invalid type: integer `5`, expected a string","t":-1}"#
        );
    }

    #[test]
    fn answers_outside_the_schema_are_refused() {
        for payload in [
            r#"{"status":"applied","t":1}"#,
            r#"{"id":"","status":"applied","t":1}"#,
            r#"{"id":"1","status":"done","t":1}"#,
            r#"{"id":"1","status":"applied","reason":null,"t":1}"#,
            r#"{"id":"1","status":"applied","t":1.5}"#,
            r#"{"id":"1","status":"applied","t":1,"t":1}"#,
            r#"{"id":"1","status":"applied","t":1,"u":1}"#,
            r#"["1","applied",null,1]"#,
        ] {
            Answer::parse(payload.as_bytes()).expect_err(payload);
        }
    }

    proptest! {
        #[test]
        fn written_answers_read_back(
            id in option::of(".{1,128}"),
            status in prop_oneof![Just(Status::Applied), Just(Status::Refused), Just(Status::Malformed)],
            reason in option::of(any::<String>()),
            device_time_ms in -9_007_199_254_740_991_i64..=9_007_199_254_740_991,
        ) {
            let answer = Answer { id, status, reason, device_time_ms };
            prop_assert_eq!(Answer::parse(text(&answer).as_bytes()), Ok(answer));
        }

        #[test]
        fn any_bytes_are_answered(payload in any::<Vec<u8>>()) {
            let _ = Answer::parse(&payload);
        }
    }
}
