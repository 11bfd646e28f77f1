//! How devices reach the user's stack, by connections and by Bluetooth, and where it is watched.

pub(crate) mod air;
pub(crate) mod cloud;
pub(crate) mod connection;
pub(crate) mod gateway;
pub(crate) mod host;
pub(crate) mod link;
pub(crate) mod payload;
pub(crate) mod probe;
pub(crate) mod radio;
pub(crate) mod radio_link;
pub(crate) mod site;
pub(crate) mod target;
pub(crate) mod topic_filter;
