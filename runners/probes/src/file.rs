//! A follower of files whose lines are messages.

mod followed_file;
mod kind;

pub(crate) use kind::row;
