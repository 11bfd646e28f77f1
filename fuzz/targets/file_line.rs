//! Lines of files: no bytes panic, and a line survives being written again.
#![no_main]

use bytes::BytesMut;
use formats::file_line::FileLine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let mut out = BytesMut::new();
    if let Ok(read) = FileLine::parse(line) {
        let at_ms = read.at_ms.unwrap_or_default();
        FileLine::encode(at_ms, &read.topic, &read.payload, &mut out);
        assert_eq!(FileLine::parse(&out), Ok(FileLine { at_ms: Some(at_ms), ..read }));
    }
});
