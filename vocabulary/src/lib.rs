//! The words every other crate shares: what can be measured, in which units, and what one message says.
//!
//! [`Metric`] is a row of the metric table (codes, units, ranges) and [`metrics`] has a constant for each of them,
//! [`Quantity`] is a number with a unit as a scenario file writes it, and [`Message`] is what a device says at one instant,
//! before any payload format; a [`Sighting`] is what somebody saw of it elsewhere.

mod dimension;
mod format;
mod heard;
mod identity;
mod message;
mod metric;
mod metric_table;
mod owned_message;
mod quantity;
mod session;
mod sighting;

pub use dimension::{Dimension, Unit};
pub use format::{AskedMetric, Format, FormatFlaw, KeyError, MessageKey, Sameness, Telling};
pub use heard::Heard;
pub use identity::{DeviceIdentity, Origin, PatientIdentity};
pub use message::{Message, Quality, Reading, Value, Wave};
pub use metric::{Metric, MetricKind};
pub use metric_table::{MetricError, MetricId, metrics, register_metric};
pub use owned_message::{OwnedMessage, OwnedReading, OwnedValue, OwnedWave};
pub use quantity::{Quantity, QuantityError};
pub use session::{
    FormatSession, SessionFollower, SessionMessage, SessionRules, SessionSighting, SessionStream, SharedSessionRules,
};
pub use sighting::Sighting;
