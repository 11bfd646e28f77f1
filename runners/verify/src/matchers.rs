//! The built-in rules of matching, in the order in which they are asked.

mod device_time;
mod key;
mod user_property;
mod value;

use std::sync::Arc;

use sim_core::Registry;

use crate::matcher::MatcherSpec;

pub use user_property::MESSAGE_PROPERTY;

/// The rule whose use goes without saying in what people read.
pub(crate) const KEY: &str = "key";

/// Adds the rows.
pub(crate) fn register(registry: &mut Registry) {
    registry.extend([
        MatcherSpec {
            name: KEY,
            about: "device, stream and sequence number that the payload says, or for device and stream its topic",
            matcher: Arc::new(key::Key),
        },
        MatcherSpec {
            name: "user property",
            about: "the user property `iomt-message` of MQTT 5: sequence number, stream and device, with `/` between",
            matcher: Arc::new(user_property::UserProperty),
        },
        MatcherSpec {
            name: "device time",
            about: "device and stream that the payload says, or the topic, and the device time",
            matcher: Arc::new(device_time::DeviceTime),
        },
        MatcherSpec {
            name: "value",
            about: "what the payload says, among the messages of the topic",
            matcher: Arc::new(value::Value),
        },
    ]);
}
