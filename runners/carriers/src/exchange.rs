//! Protocols in which each message is a request that the target answers: one line a device, lanes of lines, in both kinds
//! of time. What the bytes look like is a [`dialogue`].

pub(crate) mod dialogue;
pub(crate) mod lane;
pub(crate) mod line;
pub(crate) mod memory;
pub(crate) mod opening;
pub(crate) mod outbox;
pub(crate) mod pace_of_line;
pub(crate) mod task;
pub(crate) mod turn;
pub(crate) mod wall;
