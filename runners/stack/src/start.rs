//! Starts the broker that was chosen.

use crate::choice::BrokerChoice;
use crate::config::BrokerConfig;
use crate::control::Broker;
#[cfg(feature = "embedded")]
use crate::embedded::EmbeddedBroker;
use crate::error::BrokerError;
use crate::external::ExternalBroker;
use crate::mosquitto::MosquittoBroker;

/// Starts the chosen broker and waits until it accepts clients; for an external one, checks within 3 s that it does.
///
/// # Errors
/// [`BrokerError`] says which broker could not be started or reached, why, and what helps.
pub fn start(choice: &BrokerChoice, config: &BrokerConfig) -> Result<Box<dyn Broker>, BrokerError> {
    Ok(match choice {
        #[cfg(feature = "embedded")]
        BrokerChoice::Embedded => Box::new(EmbeddedBroker::start(config)?),
        #[cfg(not(feature = "embedded"))]
        BrokerChoice::Embedded => return Err(BrokerError::EmbeddedNotBuilt),
        BrokerChoice::Mosquitto => Box::new(MosquittoBroker::start(config)?),
        BrokerChoice::External(address) => Box::new(ExternalBroker::reach(address)?),
    })
}
