//! The fleet over real sockets: against a scripted broker that shows exact bytes, and against real brokers.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod delivery;
mod device;
mod exactly_once;
mod links;
mod scripted_broker;
mod sessions;
mod tls;
mod virtual_time;
mod web_socket;
