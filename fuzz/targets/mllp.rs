//! Blocks of MLLP however they are cut, and what they say as HL7 v2.

#![no_main]

use carriers::{Deframer, acknowledge, acknowledgement, control_id, mllp_block};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((cut, bytes)) = data.split_first() else { return };
    let mut deframer = Deframer::default();
    for piece in bytes.chunks(usize::from(*cut).max(1)) {
        deframer.put(piece);
        while let Ok(Some(block)) = deframer.next_block() {
            let framed = mllp_block(&block).expect("a block holds no end of one");
            let mut again = Deframer::default();
            again.put(&framed);
            assert_eq!(again.next_block(), Ok(Some(block.clone())));
            let _ = acknowledgement(&block);
            let answer = acknowledge(&block, "AA");
            let heard = acknowledgement(&answer).expect("an acknowledgement");
            assert_eq!(heard.code, "AA");
            // A separator may stand in an id only where the header has another one.
            assert_eq!(heard.control_id, control_id(&block).unwrap_or(""));
        }
    }
});
