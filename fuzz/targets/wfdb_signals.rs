//! WFDB signal files: no header and no data panic or allocate beyond the data. A NUL byte ends the header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recordings::wfdb::Header;

fuzz_target!(|bytes: &[u8]| {
    let Some(end) = bytes.iter().position(|byte| *byte == 0) else { return };
    let (text, data) = (&bytes[..end], &bytes[end + 1..]);
    let Ok(header) = Header::parse(text) else { return };
    for (file, group) in header.files() {
        if let Ok(channels) = header.decode(file, data) {
            assert_eq!(channels.len(), group.len());
            // No format stores a sample in less than a byte.
            let samples: usize = channels.iter().map(Vec::len).sum();
            assert!(samples <= data.len());
        }
    }
});
