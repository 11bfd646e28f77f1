//! A receiver of MLLP.

mod kind;

pub(crate) use kind::row;
