//! Same file, same seed: the same bytes, on any number of threads, any tick and any split.

use crate::result;

const WARD: &str = "scenarios/library/icu-ward.toml";

fn fingerprint(extra: &[&str]) -> serde_json::Value {
    let mut arguments = vec!["fingerprint", WARD, "--set", "beds=8", "--length", "70s"];
    arguments.extend(extra);
    serde_json::from_str(&result(&arguments)).expect("one JSON line")
}

#[test]
fn threads_and_ticks_do_not_matter() {
    let one = fingerprint(&[]);
    for extra in [
        &["--threads", "2"][..],
        &["--threads", "4"],
        &["--tick", "100ms"],
        &["--tick", "500ms"],
        &["--tick", "500ms", "--threads", "3"],
    ] {
        assert_eq!(one, fingerprint(extra), "{extra:?}");
    }
}

#[test]
fn slices_add_up_to_the_whole() {
    let whole = fingerprint(&[]);
    let parts = ["slice:1/3", "slice:2/3", "slice:3/3"].map(|slice| fingerprint(&["--partition", slice]));
    let mut sum = [0_u8; 32];
    let mut messages = 0;
    for part in &parts {
        messages += part["messages"].as_u64().expect("a count");
        let hex = part["sha256"].as_str().expect("a digest");
        let mut carry = 0_u16;
        for index in (0..32).rev() {
            let byte = u16::from_str_radix(&hex[2 * index..2 * index + 2], 16).expect("hexadecimal");
            let total = u16::from(sum[index]) + byte + carry;
            sum[index] = total as u8;
            carry = total >> 8;
        }
    }
    let sum: Vec<String> = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(whole["messages"].as_u64(), Some(messages));
    assert_eq!(whole["sha256"].as_str(), Some(sum.concat().as_str()));
}

#[test]
fn the_seed_matters() {
    assert_ne!(fingerprint(&[])["sha256"], fingerprint(&["--seed", "7"])["sha256"]);
}
