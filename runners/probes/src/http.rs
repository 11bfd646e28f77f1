//! A receiver of HTTP requests: a webhook.

mod kind;
mod socket;

pub(crate) use kind::row;
