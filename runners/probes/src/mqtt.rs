//! An MQTT subscriber.

mod subscriber;

pub use subscriber::{Publisher, Subscriber, Subscription};
