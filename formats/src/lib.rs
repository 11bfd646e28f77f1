//! Payload formats and commands: bytes and what they mean. No I/O, no clock, no ECS.
//!
//! [`vendor_json`] is the telemetry format that every stack can read, [`command`] is what a device is told and what
//! it answers. Whatever comes from outside is read by total functions: any bytes give either a value or an error that
//! says where and what.

pub mod command;
pub mod vendor_json;

mod decimal;
mod json_error;
mod json_text;
mod whole_number;

pub use json_error::JsonError;
