//! MQTT 3.1.1 and 5: lanes of connections, sessions without I/O, frames.

pub(crate) mod address;
pub(crate) mod clouds;
pub(crate) mod config;
pub(crate) mod fleet;
pub(crate) mod format_session;
pub(crate) mod frame;
pub(crate) mod greeting;
pub(crate) mod kind;
pub(crate) mod lane;
pub(crate) mod leftovers;
pub(crate) mod memory;
pub(crate) mod message;
pub(crate) mod outgoing;
pub(crate) mod peer;
pub(crate) mod places;
pub(crate) mod properties;
pub(crate) mod reason_code;
pub(crate) mod receipts;
pub(crate) mod session;
pub(crate) mod token;
pub(crate) mod turn;
pub(crate) mod virtual_fleet;
pub(crate) mod visit;
pub(crate) mod visitor;
pub(crate) mod wall;
pub(crate) mod wiring;
