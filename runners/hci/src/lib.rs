//! Sockets through which a real Bluetooth host attaches to the virtual air: HCI in H4 framing over TCP and Unix
//! sockets, a fresh controller for every connection.
//!
//! The air itself is synchronous and knows no sockets. [`Attachments::pump`] moves octets between the two and never
//! waits, so a host that does not read or disappears costs the simulation nothing. Whoever owns the air calls it as
//! often as latency matters; [`drive`] is such an owner, in real or scaled time, and lock-step is a caller that advances
//! the air by itself.

mod attachments;
mod endpoint;
mod pace;
mod unread;

pub use attachments::{Attachments, HciEvent};
pub use endpoint::{Endpoint, HciError, Listen};
pub use pace::{Actor, drive};
