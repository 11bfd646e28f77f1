//! Services of the Bluetooth SIG, and one of our own for ECG: their characteristics as data, the encoding of their
//! values, and the behaviour of their control points.
//!
//! Layouts are those of the SIG's GATT Specification Supplement and of the specification of each service.

pub mod battery;
pub mod heart_rate;
