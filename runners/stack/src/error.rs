//! Why a broker could not be started, reached or controlled.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::address::BrokerAddress;

/// Why a broker could not be started, reached or controlled.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Nothing accepts TCP connections at the address.
    #[error("no broker answers at {address}: {source}")]
    Unreachable {
        /// The address that was tried.
        address: BrokerAddress,
        /// What the last attempt said.
        source: io::Error,
    },
    /// A broker that this process did not start was asked to stop, die or restart.
    #[error(
        "cannot {action} the broker at {address}: it is not ours; take it away with a fault on the links to it, or name \"mosquitto\" or \"embedded\" as the broker"
    )]
    NotOurs {
        /// `stop`, `kill` or `restart`.
        action: &'static str,
        /// The broker's address.
        address: BrokerAddress,
    },
    /// The embedded broker is not part of this build.
    #[error(
        "this build has no embedded broker (cargo feature \"embedded\"); name \"mosquitto\" or \"mqtt://host:port\" instead"
    )]
    EmbeddedNotBuilt,
    /// The embedded broker could not be started.
    #[error("failed to start the embedded broker: {reason}")]
    EmbeddedStart {
        /// What it said.
        reason: String,
    },
    /// The embedded broker ended although nobody stopped it.
    #[error("the embedded broker ended by itself: {reason}")]
    EmbeddedEnded {
        /// What it said.
        reason: String,
    },
    /// The embedded broker has ended, but its port still accepts connections.
    #[error(
        "the embedded broker has ended, but {address} still accepts connections: a child process may hold its listener"
    )]
    StillListening {
        /// The broker's address.
        address: BrokerAddress,
    },
    /// The executable of Mosquitto was not found.
    #[error(
        "no executable \"mosquitto\" in {searched}; install it (Debian and Ubuntu: apt-get install mosquitto; macOS: brew install mosquitto), or name \"embedded\" as the broker, which needs nothing installed"
    )]
    MosquittoMissing {
        /// The directories that were searched, separated by colons.
        searched: String,
    },
    /// The executable of Mosquitto did not start.
    #[error("failed to start {}: {source}", program.display())]
    MosquittoSpawn {
        /// The executable.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Mosquitto ended although nobody stopped it.
    #[error("mosquitto ended by itself ({status}); the end of {}:\n{log_end}", log.display())]
    MosquittoExited {
        /// How it ended.
        status: ExitStatus,
        /// Its log file, which is gone with the broker when the directory was a private one.
        log: PathBuf,
        /// The last lines of the log.
        log_end: String,
    },
    /// Mosquitto runs but answers no client.
    #[error("mosquitto answered no client within {waited_s} s; the end of {}:\n{log_end}", log.display())]
    MosquittoSilent {
        /// How long it was waited for \[s\].
        waited_s: u64,
        /// Its log file, which is gone with the broker when the directory was a private one.
        log: PathBuf,
        /// The last lines of the log.
        log_end: String,
    },
    /// Mosquitto did not end when asked to, and was killed.
    #[error("mosquitto did not stop within {waited_s} s and was killed; what it had not stored is lost")]
    MosquittoStuck {
        /// How long it was waited for \[s\].
        waited_s: u64,
    },
    /// The system refused to signal or to watch Mosquitto's process.
    #[error("failed to control mosquitto's process {process_id}: {source}")]
    MosquittoControl {
        /// The child's process id.
        process_id: u32,
        /// What the system said.
        source: io::Error,
    },
    /// The broker's directory or a file in it could not be written.
    #[error("failed to write the broker's {}: {source}", path.display())]
    Directory {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No port of the loopback interface could be had.
    #[error("no free port on 127.0.0.1: {source}")]
    Port {
        /// What the system said.
        source: io::Error,
    },
}
