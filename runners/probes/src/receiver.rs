//! A listener of ours as a probe: whatever is sent to it is seen.

use std::net::SocketAddr;
use std::sync::Arc;

use carriers::{Pace, ServerAddress};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};

use crate::manners::Manners;
use crate::{Probe, ProbeError, See, Start};

/// What those who serve a connection have in common.
pub(crate) struct Reception {
    /// Path of the target.
    pub(crate) base: String,
    pub(crate) manners: Manners,
    pub(crate) pace: Pace,
    pub(crate) see: See,
}

/// A listener at work.
#[derive(Debug)]
pub(crate) struct Receiver {
    task: JoinHandle<()>,
}

impl Receiver {
    /// Listens where the probe says, else at the address of its target, and serves whoever connects.
    ///
    /// # Errors
    /// [`ProbeError::Refused`] when nobody can listen there.
    pub(crate) fn begin<S, F>(start: &Start<'_>, schemes: &[(&str, u16)], serve: S) -> Result<Self, ProbeError>
    where
        S: Fn(TcpStream, Arc<Reception>) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let refused = |reason: String| ProbeError::Refused { reason };
        let address = ServerAddress::read(start.url, schemes).map_err(refused)?;
        let listen = match start.arguments.text("listen") {
            Some(listen) => listen.to_owned(),
            None if address.host.contains(':') => format!("[{}]:{}", address.host, address.port),
            None => format!("{}:{}", address.host, address.port),
        };
        let listener = start.runtime.block_on(TcpListener::bind(&listen));
        let listener = listener.map_err(|error| refused(format!("nobody can listen on {listen}: {error}")))?;
        let reception = Reception {
            base: address.path,
            manners: Manners::of(start.arguments),
            pace: start.pace,
            see: Arc::clone(&start.see),
        };
        Ok(Self { task: start.runtime.spawn(accept(listener, Arc::new(reception), serve)) })
    }
}

/// Accepts for ever. Connections end with the listener.
async fn accept<S, F>(listener: TcpListener, reception: Arc<Reception>, serve: S)
where
    S: Fn(TcpStream, Arc<Reception>) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // Too many open files, say: those that end make room.
            accepted = listener.accept() => match accepted {
                Ok((stream, SocketAddr::V4(_) | SocketAddr::V6(_))) => {
                    // An error means that the connection is gone already, which is found when it is read.
                    drop(stream.set_nodelay(true));
                    connections.spawn(serve(stream, Arc::clone(&reception)));
                }
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

impl Probe for Receiver {
    /// It listens since it began.
    fn wait_ready(&mut self, _: &Handle) -> Result<(), ProbeError> {
        Ok(())
    }

    fn stop(self: Box<Self>, _: &Handle) {
        self.task.abort();
    }
}
