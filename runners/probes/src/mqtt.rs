//! An MQTT subscriber.

mod conversation;
mod kind;
mod subscriber;

pub(crate) use kind::row;
pub use subscriber::{Publisher, Subscriber, Subscription};
