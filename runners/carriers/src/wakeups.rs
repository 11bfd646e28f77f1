//! Who wants to be looked at: by the clock, and because bytes have come.

pub(crate) mod agenda;
pub(crate) mod ready;
