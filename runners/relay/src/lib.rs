//! A relay between devices, their broker and whoever watches it, that plants faults by a plan and writes each of them down:
//! what a judge reports of them can be held against the book, number by number and name by name.
//!
//! It speaks MQTT 3.1.1 over plain TCP, to be used on loopback, and reads messages in vendor JSON.

mod fault;
mod line;
mod message;
mod packets;
mod plan;
mod shared;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};

pub use fault::{Fault, When};
pub use plan::RelayPlan;
pub use shared::{MessageName, Planted};

use shared::Shared;

/// A relay at work, until it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// Listens on a free port of loopback, in front of a broker.
    ///
    /// # Errors
    /// The system's, when it gives no port.
    pub fn start(broker: SocketAddr, plan: RelayPlan, runtime: &Handle) -> io::Result<Self> {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(plan));
        let accepting = runtime.spawn(accept(listener, broker, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// Where devices and watchers connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has planted so far, in the order of planting.
    pub fn planted(&self) -> Vec<Planted> {
        self.shared.planted()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, broker: SocketAddr, shared: Arc<Shared>) {
    let mut lines = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        lines.spawn(line::serve(client, broker, Arc::clone(&shared)));
        while lines.try_join_next().is_some() {}
    }
}
