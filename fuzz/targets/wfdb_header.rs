//! WFDB headers: no bytes panic, and what is read can be written and read again, unless a line is too long.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recordings::wfdb::{Header, HeaderError};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = Header::parse(bytes) {
        match header.encode() {
            Ok(text) => assert_eq!(Header::parse(text.as_bytes()), Ok(header)),
            Err(error) => assert!(matches!(error, HeaderError::LineTooLong { .. }), "{error}"),
        }
    }
});
