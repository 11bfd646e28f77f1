#![doc = include_str!("../README.md")]

mod address;
mod choice;
mod config;
mod control;
mod directory;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod external;
mod mosquitto;
mod port;
mod start;
mod tls_files;

pub use address::BrokerAddress;
pub use choice::{BrokerChoice, BrokerKind, ChoiceError, Meant};
pub use config::{BrokerConfig, ListenerTls, Persistence, WEB_PATH};
pub use control::{Broker, BrokerIdentity, DroppedCount, IngressCount};
pub use error::BrokerError;
pub use start::start;
