//! Commands that reached devices through the stack: read, given to the simulation, answered.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use carriers::CommandArrival;
use formats::command::{Answer, Status};
use sim_core::{Argument, Arguments, Command, Reply, ReplyStatus, SimId};
use verify::CommandCounts;

/// Counts and conversions on the way in and out.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// What became of the commands.
    pub(crate) counts: CommandCounts,
    /// Identities of the commands that each device has had.
    known: BTreeSet<(SimId, String)>,
}

impl Inbox {
    /// Reads a command; one that cannot be read gives the answer that says so.
    pub(crate) fn read(&mut self, arrival: &CommandArrival, device_time_ms: i64) -> Result<Command, Bytes> {
        self.counts.received += 1;
        match formats::command::Command::parse(&arrival.payload) {
            Ok(command) => {
                if !self.known.insert((arrival.device, command.id.clone())) {
                    self.counts.repeated += 1;
                }
                Ok(Command {
                    device: arrival.device,
                    id: command.id,
                    op: command.op,
                    arguments: Arguments(command.args.into_iter().map(|(name, value)| (name, plain(value))).collect()),
                })
            }
            Err(malformed) => {
                self.counts.malformed += 1;
                Err(self.encode(&Answer::malformed(&malformed, device_time_ms)))
            }
        }
    }

    /// Encodes a device's answer.
    pub(crate) fn answer(&mut self, reply: Reply, device_time_ms: i64) -> (SimId, Bytes) {
        let status = match reply.status {
            ReplyStatus::Applied => {
                self.counts.applied += 1;
                Status::Applied
            }
            ReplyStatus::Refused => {
                self.counts.refused += 1;
                Status::Refused
            }
        };
        let answer = Answer { id: Some(reply.id), status, reason: reply.reason, device_time_ms };
        (reply.device, self.encode(&answer))
    }

    fn encode(&mut self, answer: &Answer) -> Bytes {
        self.counts.answered += 1;
        let mut payload = BytesMut::new();
        answer.encode(&mut payload);
        payload.freeze()
    }
}

fn plain(argument: formats::command::Argument) -> Argument {
    match argument {
        formats::command::Argument::Number(number) => Argument::Number(number),
        formats::command::Argument::Text(text) => Argument::Text(text),
        formats::command::Argument::Flag(flag) => Argument::Flag(flag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_comes_again_leaves_a_trace() {
        let mut inbox = Inbox::default();
        let mut arrive = |device: u32, id: &str| {
            let payload = format!(r#"{{"id":"{id}","op":"bolus","args":{{"volume_ml":1}}}}"#);
            let arrival = CommandArrival { device: SimId(device), payload: payload.into(), at: 0 };
            inbox.read(&arrival, 0).expect("a command");
        };
        arrive(0, "a");
        arrive(1, "a");
        arrive(0, "b");
        arrive(0, "a");
        assert_eq!((inbox.counts.received, inbox.counts.repeated), (4, 1));
    }
}
