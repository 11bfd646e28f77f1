//! Telemetry payloads: no bytes panic, and whatever decodes has the key that `peek` finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use formats::vendor_json::{decode, peek};

fuzz_target!(|payload: &[u8]| {
    let key = peek(payload);
    if let Ok(message) = decode(payload) {
        let key = key.expect("a whole message has a key");
        assert_eq!(key.device_serial, message.device_serial);
        assert_eq!(key.stream, message.stream);
        assert_eq!(key.sequence, Some(message.sequence));
        assert_eq!(key.device_time_ms, Some(message.device_time_ms));
    }
});
