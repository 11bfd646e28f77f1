//! Bytes and what they mean: payload formats, commands, and recordings. No I/O, no clock, no ECS.
//!
//! [`vendor_json`] is the telemetry format that every stack can read, [`command`] is what a device is told and what
//! it answers, [`wfdb`] is the file format of physiological recordings, and [`edf`] the one that clinical programs
//! read. Whatever comes from outside is read by
//! total functions: any bytes give either a value or an error that says where and what.

pub mod att;
pub mod command;
pub mod edf;
pub mod float11073;
pub mod hci;
pub mod l2cap;
pub mod said;
pub mod smp;
pub mod vendor_json;
pub mod wfdb;

mod decimal;
mod json_error;
mod json_text;
mod whole_number;

pub use json_error::JsonError;
