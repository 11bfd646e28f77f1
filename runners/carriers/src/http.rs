//! HTTP/1.1 and HTTP/2: each message is a request of its device.

pub(crate) mod answer;
pub(crate) mod bearer;
pub(crate) mod client;
pub(crate) mod engine;
pub(crate) mod kind;
pub(crate) mod pipe;
pub(crate) mod request_head;
pub(crate) mod server;
