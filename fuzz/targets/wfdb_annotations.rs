//! MIT annotation files: no bytes panic, and labels in order survive being written again.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use recordings::wfdb::{decode_annotations, encode_annotations};

fuzz_target!(|bytes: &[u8]| {
    let Ok(annotations) = decode_annotations(bytes) else { return };
    if annotations.is_sorted_by_key(|annotation| annotation.sample) {
        let mut out = BytesMut::new();
        encode_annotations(&annotations, &mut out).expect("labels in order are written");
        assert_eq!(decode_annotations(&out), Ok(annotations));
    }
});
