//! The air as a host sees it.
