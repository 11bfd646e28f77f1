//! Mosquitto as a child process: the reference broker, and the one to kill with a real signal.

mod configuration;
mod install;
mod process;

use std::path::PathBuf;

use crate::address::BrokerAddress;
use crate::choice::BrokerKind;
use crate::config::BrokerConfig;
use crate::control::{Broker, BrokerIdentity, DroppedCount, IngressCount};
use crate::directory::BrokerDirectory;
use crate::error::BrokerError;
use crate::mosquitto::configuration::Listener;
use crate::mosquitto::process::MosquittoProcess;
use crate::port::PortReservation;
use crate::tls_files::TlsFiles;

/// Mosquitto under the control of a run.
#[derive(Debug)]
pub(crate) struct MosquittoBroker {
    address: BrokerAddress,
    identity: BrokerIdentity,
    program: PathBuf,
    process: Option<MosquittoProcess>,
    // After the process, which uses all of them: fields are dropped in order.
    directory: BrokerDirectory,
    _tls: Option<TlsFiles>,
    _port: PortReservation,
}

impl MosquittoBroker {
    pub(crate) fn start(config: &BrokerConfig) -> Result<Self, BrokerError> {
        let program = install::find_program()?;
        let directory = BrokerDirectory::prepare(config.directory.as_deref())?;
        // Its WebSocket listener (libwebsockets) binds beside no other socket.
        let port = if config.web_socket { PortReservation::likely()? } else { PortReservation::take()? };
        let tls = config.tls.as_ref().map(TlsFiles::write).transpose()?;
        let listener = Listener { port: port.port(), web_socket: config.web_socket, tls: tls.as_ref() };
        configuration::write(directory.path(), listener, config.persistence)?;
        let mut broker = Self {
            address: BrokerAddress {
                is_secured: tls.is_some(),
                is_web_socket: config.web_socket,
                ..BrokerAddress::loopback(port.port())
            },
            identity: BrokerIdentity { kind: BrokerKind::Mosquitto, name: install::ask_version(&program)? },
            program,
            process: None,
            directory,
            _tls: tls,
            _port: port,
        };
        broker.restart()?;
        Ok(broker)
    }
}

impl Broker for MosquittoBroker {
    fn address(&self) -> &BrokerAddress {
        &self.address
    }

    fn identity(&self) -> &BrokerIdentity {
        &self.identity
    }

    fn stop(&mut self) -> Result<(), BrokerError> {
        self.process.take().map_or(Ok(()), MosquittoProcess::stop)
    }

    fn kill(&mut self) -> Result<(), BrokerError> {
        self.process.take().map_or(Ok(()), MosquittoProcess::kill)
    }

    fn restart(&mut self) -> Result<(), BrokerError> {
        self.stop()?;
        self.process = Some(MosquittoProcess::start(&self.program, self.directory.path(), &self.address)?);
        Ok(())
    }

    fn ingress(&self) -> Option<IngressCount> {
        None
    }

    fn dropped(&self) -> Option<DroppedCount> {
        None
    }

    fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(MosquittoProcess::id)
    }
}
