//! Commands read from bytes that anyone may have sent.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::{Argument, Command, CommandFault, ID_LIMIT, MalformedCommand, OPERATION_LIMIT, PAYLOAD_LIMIT};
use crate::JsonError;

pub(super) fn command(payload: &[u8]) -> Result<Command, MalformedCommand> {
    if payload.len() > PAYLOAD_LIMIT {
        return Err(MalformedCommand { id: None, fault: CommandFault::TooLong { bytes: payload.len() } });
    }
    serde_json::from_slice(payload)
        .map_err(|error| MalformedCommand { id: readable_id(payload), fault: JsonError::from(error).into() })
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CommandVisitor)
    }
}

struct CommandVisitor;

impl<'de> Visitor<'de> for CommandVisitor {
    type Value = Command;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a command object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Command, A::Error> {
        let mut id = None;
        let mut op = None;
        let mut args = None;
        while let Some(key) = map.next_key::<String>()? {
            let repeated = match key.as_str() {
                "id" => id.replace(map.next_value().and_then(|text| bounded("id", text, ID_LIMIT))?).is_some(),
                "op" => op.replace(map.next_value().and_then(|text| bounded("op", text, OPERATION_LIMIT))?).is_some(),
                "args" => args.replace(map.next_value::<Arguments>()?.0).is_some(),
                _ => return Err(A::Error::custom(format_args!("unknown key `{key}`"))),
            };
            if repeated {
                return Err(A::Error::custom(format_args!("key `{key}` appears twice")));
            }
        }
        Ok(Command {
            id: id.ok_or_else(|| A::Error::custom("key `id` is missing"))?,
            op: op.ok_or_else(|| A::Error::custom("key `op` is missing"))?,
            args: args.ok_or_else(|| A::Error::custom("key `args` is missing"))?,
        })
    }
}

fn bounded<E: Error>(key: &str, text: String, limit: usize) -> Result<String, E> {
    let count = text.chars().count();
    if (1..=limit).contains(&count) {
        Ok(text)
    } else {
        Err(E::custom(format_args!("`{key}` has {count} characters, not 1 to {limit}")))
    }
}

struct Arguments(BTreeMap<String, Argument>);

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ArgumentsVisitor)
    }
}

struct ArgumentsVisitor;

impl<'de> Visitor<'de> for ArgumentsVisitor {
    type Value = Arguments;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of arguments")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Arguments, A::Error> {
        let mut arguments = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if arguments.contains_key(&name) {
                return Err(A::Error::custom(format_args!("argument `{name}` appears twice")));
            }
            let argument = map.next_value_seed(NamedArgument { name: &name })?;
            arguments.insert(name, argument);
        }
        Ok(Arguments(arguments))
    }
}

/// Reads the value of one argument and names it in errors.
struct NamedArgument<'a> {
    name: &'a str,
}

impl<'de> DeserializeSeed<'de> for NamedArgument<'_> {
    type Value = Argument;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Argument, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for NamedArgument<'_> {
    type Value = Argument;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a number, a text or a flag as argument `{}`", self.name)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Argument, E> {
        Ok(Argument::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Argument, E> {
        Ok(Argument::Number(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Argument, E> {
        Ok(Argument::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Argument, E> {
        Ok(Argument::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Argument, E> {
        Ok(Argument::Text(text.to_owned()))
    }
}

/// The id of a payload that is not a command, if it has exactly one of lawful length.
fn readable_id(payload: &[u8]) -> Option<String> {
    let mut ids = Vec::new();
    // Whatever ends the scan, the ids before it were read.
    let _ = serde_json::Deserializer::from_slice(payload).deserialize_map(IdScan(&mut ids));
    match ids.as_slice() {
        [id] if (1..=ID_LIMIT).contains(&id.chars().count()) => ids.pop(),
        _ => None,
    }
}

struct IdScan<'s>(&'s mut Vec<String>);

impl<'de> Visitor<'de> for IdScan<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "id" {
                self.0.push(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(payload: &str) -> (Option<String>, String) {
        let malformed = Command::parse(payload.as_bytes()).expect_err(payload);
        (malformed.id.clone(), malformed.to_string())
    }

    #[test]
    fn reads_all_kinds_of_arguments() {
        let payload = r#" {"op":"bolus","args":{"a":1,"b":-2,"c":2.5e-3,"d":"x","e":false},"id":"7"} "#;
        let command = Command::parse(payload.as_bytes()).expect("a command");
        let numbers: Vec<_> = command.args.values().cloned().collect();
        assert_eq!(command.id, "7");
        assert_eq!(command.op, "bolus");
        assert_eq!(
            numbers,
            [
                Argument::Number(1.0),
                Argument::Number(-2.0),
                Argument::Number(0.0025),
                Argument::Text("x".to_owned()),
                Argument::Flag(false)
            ]
        );
    }

    #[test]
    fn refusals_say_where_and_what_and_whose() {
        let id = Some("7".to_owned());
        assert_eq!(
            refusal(r#"{"id":"7","op":"set","args":{"rate":[1]}}"#),
            (
                id.clone(),
                "line 1 column 37: invalid type: sequence, expected a number, a text or a flag as argument `rate`"
                    .into()
            )
        );
        assert_eq!(
            refusal(r#"{"op":"set","args":{"rate":null},"id":"7"}"#),
            (
                id.clone(),
                "line 1 column 31: invalid type: null, expected a number, a text or a flag as argument `rate`".into()
            )
        );
        assert_eq!(
            refusal("{\"id\":\"7\",\n\"op\":\"set\",\"args\":{},\"extra\":1}"),
            (id.clone(), "line 2 column 28: unknown key `extra`".into())
        );
        assert_eq!(
            refusal(r#"{"id":"7","op":"set","args":{"rate":1,"rate":2}}"#),
            (id.clone(), "line 1 column 44: argument `rate` appears twice".into())
        );
        assert_eq!(
            refusal(r#"{"id":"7","op":"a","op":"b","args":{}}"#),
            (id.clone(), "line 1 column 27: key `op` appears twice".into())
        );
        assert_eq!(refusal(r#"{"id":"7","op":"set"}"#), (id.clone(), "line 1 column 21: key `args` is missing".into()));
        assert_eq!(
            refusal(r#"{"id":"7","op":"","args":{}}"#),
            (id.clone(), "line 1 column 17: `op` has 0 characters, not 1 to 64".into())
        );
        assert_eq!(
            refusal(r#"{"id":"7","op":"set","args":{}} x"#),
            (id.clone(), "not JSON at line 1 column 33: trailing characters".into())
        );
        assert_eq!(
            refusal(r#"{"id":"7","op":"set","args":{"rate":1e999}}"#),
            (id.clone(), "not JSON at line 1 column 41: number out of range".into())
        );
        assert_eq!(refusal(r#"{"id":"7","op":"#).0, id);
    }

    #[test]
    fn an_unreadable_id_is_not_named() {
        for payload in [
            r#"{"op":"set","args":{}}"#.to_owned(),
            r#"{"id":7,"op":"set","args":{}}"#.to_owned(),
            r#"{"id":"","op":"set","args":{}}"#.to_owned(),
            r#"{"id":"7","id":"8","op":"set","args":{}}"#.to_owned(),
            r#"["id","7"]"#.to_owned(),
            r#"{"args":{"id":"7"}}"#.to_owned(),
            format!(r#"{{"id":"{}","op":"set","args":{{}}}}"#, "é".repeat(ID_LIMIT + 1)),
        ] {
            assert_eq!(refusal(&payload).0, None, "{payload}");
        }
    }

    #[test]
    fn bounds_are_inclusive() {
        let id = "é".repeat(ID_LIMIT);
        let op = "o".repeat(OPERATION_LIMIT);
        let head = format!(r#"{{"id":"{id}","op":"{op}","args":{{"x":""#);
        let filler = "x".repeat(PAYLOAD_LIMIT - head.len() - 3);
        let longest = format!(r#"{head}{filler}"}}}}"#);
        assert_eq!(longest.len(), PAYLOAD_LIMIT);
        assert_eq!(Command::parse(longest.as_bytes()).expect("just fits").op, op);
        let malformed = Command::parse(format!("{longest} ").as_bytes()).expect_err("one byte too long");
        assert_eq!(malformed.to_string(), "65537 bytes are more than the 65536 of a command");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(payload in any::<Vec<u8>>()) {
            let _ = Command::parse(&payload);
        }

        #[test]
        fn a_cut_command_keeps_its_id(id in "[a-z0-9]{1,16}", cut in 0_usize..40) {
            let payload = format!(r#"{{"id":"{id}","op":"set_rate","args":{{"rate_ml_h":12.5}}}}"#);
            let kept = payload.len() - 1 - cut.min(payload.len() - 1);
            let malformed = Command::parse(&payload.as_bytes()[..kept]).expect_err("cut short");
            let id_ends = r#"{"id":""#.len() + id.len() + 1;
            prop_assert_eq!(malformed.id, (kept >= id_ends).then_some(id));
        }
    }
}
