//! The scenario language as its users see it: files in, diagnostics and plans out.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod registry;
mod ward;

mod bluetooth;
mod bluetooth_broken;
mod broken;
mod carriers;
mod expansion;
mod payloads;
mod profiles;
mod robustness;
mod stability;
