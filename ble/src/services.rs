//! Services of the Bluetooth SIG, and one of our own for ECG: their characteristics as data, the encoding of their
//! values, their decoding as a gateway does it, and the behaviour of their control points.
//!
//! Layouts are those of the SIG's GATT Specification Supplement and of the specification of each service.

pub mod battery;
pub mod blood_pressure;
pub mod body_composition;
pub mod continuous_glucose;
pub mod current_time;
pub mod device_information;
pub mod ecg_stream;
pub mod glucose;
pub mod health_thermometer;
pub mod heart_rate;
pub mod insulin_delivery;
pub mod pulse_oximeter;
pub mod weight_scale;

mod checksum;
mod date_time;
mod octets;
mod record_access;

pub use checksum::end_to_end_checksum;
pub use date_time::DateTime;
pub use record_access::RecordAccess;
