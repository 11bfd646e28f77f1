//! What a device is told, and what it answers.
//!
//! A command is `{"id": string, "op": string, "args": {...}}` on `<prefix>/cmd`; the answer is
//! `{"id", "status": "applied" | "refused" | "malformed", "reason", "t"}` on `<prefix>/ack`. Commands come from the
//! stack under test or from whoever reaches the broker, so reading one is bounded and never trusts it.

mod answer;
mod parse;

use std::collections::BTreeMap;

use bytes::BytesMut;
use thiserror::Error;

use crate::JsonError;
use crate::decimal::write_exact;
use crate::json_text::write_string;

pub use answer::{Answer, Status};

/// JSON Schema (2020-12) of a command.
pub const SCHEMA: &str = include_str!("../schemas/command.schema.json");

/// JSON Schema (2020-12) of an answer.
pub const ANSWER_SCHEMA: &str = include_str!("../schemas/command-answer.schema.json");

/// Longest command read [byte].
pub const PAYLOAD_LIMIT: usize = 65_536;

/// Longest command id [characters].
pub const ID_LIMIT: usize = 128;

/// Longest name of an operation [characters].
pub const OPERATION_LIMIT: usize = 64;

/// One command for one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Names the command in its answer; the same id is applied once.
    pub id: String,
    /// What to do.
    pub op: String,
    /// With what, by name.
    pub args: BTreeMap<String, Argument>,
}

/// The value of one argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A finite number, as the nearest `f64`.
    Number(f64),
    /// A text.
    Text(String),
    /// True or false.
    Flag(bool),
}

/// A payload that is not a command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{fault}")]
pub struct MalformedCommand {
    /// The id, if it could be read, so that the answer can name it.
    pub id: Option<String>,
    /// What is wrong.
    #[source]
    pub fault: CommandFault,
}

/// What is wrong with a payload that should be a command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandFault {
    /// The payload exceeds [`PAYLOAD_LIMIT`] and was not read.
    #[error("{bytes} bytes are more than the {PAYLOAD_LIMIT} of a command")]
    TooLong {
        /// Length of the payload [byte].
        bytes: usize,
    },
    /// The payload is not JSON, or not of the form of a command.
    #[error(transparent)]
    Form(#[from] JsonError),
}

impl Command {
    /// Reads a command.
    ///
    /// All three keys are needed (`"args": {}` for an operation without arguments), none may appear twice, and no
    /// other key is allowed. Id and operation have 1 to [`ID_LIMIT`] and 1 to [`OPERATION_LIMIT`] characters.
    ///
    /// # Errors
    /// [`MalformedCommand`] says where and what, and carries the id if there is exactly one and it is of lawful
    /// length, wherever in the readable part of the payload it stands.
    pub fn parse(payload: &[u8]) -> Result<Self, MalformedCommand> {
        parse::command(payload)
    }

    /// Appends the command as minified JSON. Numbers are written so that they read back exactly; one that is not
    /// finite becomes `null`, which the device will refuse.
    pub fn encode(&self, out: &mut BytesMut) {
        out.extend_from_slice(b"{\"id\":");
        write_string(&self.id, out);
        out.extend_from_slice(b",\"op\":");
        write_string(&self.op, out);
        out.extend_from_slice(b",\"args\":{");
        let mut separator: &[u8] = b"";
        for (name, argument) in &self.args {
            out.extend_from_slice(separator);
            write_string(name, out);
            out.extend_from_slice(b":");
            argument.encode(out);
            separator = b",";
        }
        out.extend_from_slice(b"}}");
    }
}

impl Argument {
    fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Number(number) => write_exact(*number, out),
            Self::Text(text) => write_string(text, out),
            Self::Flag(true) => out.extend_from_slice(b"true"),
            Self::Flag(false) => out.extend_from_slice(b"false"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    use super::*;

    fn argument() -> impl Strategy<Value = Argument> {
        prop_oneof![
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Argument::Number),
            any::<String>().prop_map(Argument::Text),
            any::<bool>().prop_map(Argument::Flag),
        ]
    }

    fn command() -> impl Strategy<Value = Command> {
        (".{1,128}", ".{1,64}", btree_map(any::<String>(), argument(), 0..6)).prop_map(|(id, op, args)| Command {
            id,
            op,
            args,
        })
    }

    #[test]
    fn written_form() {
        let args = BTreeMap::from([
            ("confirm".to_owned(), Argument::Flag(true)),
            ("drug".to_owned(), Argument::Text("norepinephrine".to_owned())),
            ("rate_ml_h".to_owned(), Argument::Number(12.5)),
        ]);
        let mut out = BytesMut::new();
        Command { id: "c-1".to_owned(), op: "set_rate".to_owned(), args }.encode(&mut out);
        assert_eq!(
            out,
            r#"{"id":"c-1","op":"set_rate","args":{"confirm":true,"drug":"norepinephrine","rate_ml_h":12.5}}"#
        );
    }

    proptest! {
        #[test]
        fn written_commands_read_back(command in command()) {
            let mut out = BytesMut::new();
            command.encode(&mut out);
            prop_assert_eq!(Command::parse(&out), Ok(command));
        }
    }
}
