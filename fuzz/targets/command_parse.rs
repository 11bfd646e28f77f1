//! Commands: no bytes panic, a command survives being written again, and every refusal can be answered.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use formats::command::{Answer, Command, PAYLOAD_LIMIT};

fuzz_target!(|payload: &[u8]| {
    let mut out = BytesMut::new();
    match Command::parse(payload) {
        Ok(command) => {
            command.encode(&mut out);
            // Writing can lengthen a command (`\b` becomes `\u0008`).
            if out.len() <= PAYLOAD_LIMIT {
                assert_eq!(Command::parse(&out), Ok(command));
            }
        }
        Err(malformed) => {
            let answer = Answer::malformed(&malformed, 0);
            answer.encode(&mut out);
            assert_eq!(Answer::parse(&out), Ok(answer));
        }
    }
    let _ = Answer::parse(payload);
});
