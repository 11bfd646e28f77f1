//! An MQTT subscriber.

mod conversation;
mod kind;
mod subscriber;

pub use kind::client_id;
pub(crate) use kind::row;
pub use subscriber::{Publisher, Subscriber, Subscription};
