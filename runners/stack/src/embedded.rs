//! The broker inside this process: the crate `mqtt5` on a tokio runtime of its own.
//!
//! Each start is an incarnation: one thread that owns the runtime and drives the broker to its end. All waiting happens
//! on that thread, so that callers inside a tokio runtime of their own may block on it without a panic.

mod drops;
mod ingress;
mod settings;
mod silence;

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mqtt5::broker::MqttBroker;
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;

use crate::address::BrokerAddress;
use crate::choice::BrokerKind;
use crate::config::{BrokerConfig, Persistence};
use crate::control::{Broker, BrokerIdentity, DroppedCount, IngressCount};
use crate::directory::BrokerDirectory;
use crate::embedded::drops::DropTally;
use crate::embedded::ingress::IngressTally;
use crate::embedded::settings::Settings;
use crate::embedded::silence::await_silence;
use crate::error::BrokerError;
use crate::port::PortReservation;
use crate::tls_files::TlsFiles;

/// Product and the version that the workspace pins; a test asks the running broker whether it is true.
const NAME: &str = "mqtt5 0.49.0";

/// Measured: one core carries 25,000 to 50,000 messages a second, more than a fleet beside it on the same machine sends.
const WORKERS: usize = 2;

/// For file operations that are under way when the runtime ends; measured 0.4 ms without any.
const RUNTIME_END_TIMEOUT: Duration = Duration::from_secs(5);

/// The `mqtt5` broker under the control of a run.
#[derive(Debug)]
pub(crate) struct EmbeddedBroker {
    address: BrokerAddress,
    identity: BrokerIdentity,
    settings: Settings,
    ingress: Arc<IngressTally>,
    drops: Arc<DropTally>,
    incarnation: Option<Incarnation>,
    // After the incarnation, which uses all of them: fields are dropped in order.
    _directory: Option<BrokerDirectory>,
    _tls: Option<TlsFiles>,
    port: PortReservation,
}

impl EmbeddedBroker {
    pub(crate) fn start(config: &BrokerConfig) -> Result<Self, BrokerError> {
        let directory = match config.persistence {
            Persistence::Memory => None,
            Persistence::Disk { .. } => Some(BrokerDirectory::prepare(config.directory.as_deref())?),
        };
        let port = PortReservation::take()?;
        let tls = config.tls.as_ref().map(TlsFiles::write).transpose()?;
        let settings = Settings::new(config, port.port(), directory.as_ref().map(BrokerDirectory::path), tls.as_ref());
        let mut broker = Self {
            address: BrokerAddress {
                is_secured: tls.is_some(),
                is_web_socket: config.web_socket,
                ..BrokerAddress::loopback(port.port())
            },
            identity: BrokerIdentity { kind: BrokerKind::Embedded, name: NAME.to_owned() },
            settings,
            ingress: Arc::default(),
            drops: Arc::default(),
            incarnation: None,
            _directory: directory,
            _tls: tls,
            port,
        };
        broker.restart()?;
        Ok(broker)
    }

    fn end(&mut self, end: End) -> Result<(), BrokerError> {
        match self.incarnation.take() {
            Some(incarnation) => {
                incarnation.end(end)?;
                await_silence(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.port())))
            }
            None => Ok(()),
        }
    }
}

impl Broker for EmbeddedBroker {
    fn address(&self) -> &BrokerAddress {
        &self.address
    }

    fn identity(&self) -> &BrokerIdentity {
        &self.identity
    }

    fn stop(&mut self) -> Result<(), BrokerError> {
        self.end(End::Stop)
    }

    fn kill(&mut self) -> Result<(), BrokerError> {
        self.end(End::Kill)
    }

    fn restart(&mut self) -> Result<(), BrokerError> {
        self.stop()?;
        self.incarnation = Some(Incarnation::begin(&self.settings, &self.ingress, &self.drops)?);
        Ok(())
    }

    fn ingress(&self) -> Option<IngressCount> {
        Some(self.ingress.count())
    }

    fn dropped(&self) -> Option<DroppedCount> {
        Some(self.drops.count())
    }

    fn process_id(&self) -> Option<u32> {
        None
    }
}

/// How an incarnation is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Stop,
    Kill,
}

/// One life of the broker, from a start to a stop or kill. Dropping it stops the broker.
#[derive(Debug)]
struct Incarnation {
    end: Option<oneshot::Sender<End>>,
    thread: Option<JoinHandle<Result<(), String>>>,
}

impl Incarnation {
    /// Returns when clients are accepted.
    fn begin(settings: &Settings, ingress: &Arc<IngressTally>, drops: &Arc<DropTally>) -> Result<Self, BrokerError> {
        let (report_ready, ready) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let (settings, ingress, drops) = (settings.clone(), Arc::clone(ingress), Arc::clone(drops));
        let thread = thread::Builder::new()
            .name("broker".to_owned())
            .spawn(move || live(&settings, ingress, drops, &report_ready, ended))
            .map_err(|error| BrokerError::EmbeddedStart { reason: error.to_string() })?;
        if ready.recv().is_err() {
            // The sender is gone before it reported: the thread has ended or is about to, and knows why.
            let reason = outcome(thread).err().unwrap_or_else(|| "it ended at once".to_owned());
            return Err(BrokerError::EmbeddedStart { reason });
        }
        Ok(Self { end: Some(end), thread: Some(thread) })
    }

    fn end(mut self, end: End) -> Result<(), BrokerError> {
        self.settle(end).map_err(|reason| BrokerError::EmbeddedEnded { reason })
    }

    fn settle(&mut self, end: End) -> Result<(), String> {
        if let Some(sender) = self.end.take() {
            // Fails only when the thread has ended by itself, and then its outcome says so.
            let _ = sender.send(end);
        }
        self.thread.take().map_or(Ok(()), outcome)
    }
}

impl Drop for Incarnation {
    fn drop(&mut self) {
        // Whoever drops a broker has no use for its last words.
        let _ = self.settle(End::Stop);
    }
}

fn outcome(thread: JoinHandle<Result<(), String>>) -> Result<(), String> {
    thread.join().unwrap_or_else(|_| Err("its thread panicked".to_owned()))
}

/// The whole life of a broker, on a thread of its own; `Ok` only if it ended because it was told to.
fn live(
    settings: &Settings,
    ingress: Arc<IngressTally>,
    drops: Arc<DropTally>,
    report_ready: &mpsc::Sender<()>,
    mut ended: oneshot::Receiver<End>,
) -> Result<(), String> {
    let runtime = build_runtime(drops)?;
    let bind = async {
        let broker = MqttBroker::with_config(settings.broker_config(ingress)).await?;
        broker.resource_monitor().update_limits(Settings::resource_limits());
        Ok::<_, mqtt5::MqttError>(broker)
    };
    let mut broker = runtime.block_on(bind).map_err(|error| error.to_string())?;
    let (mut ready, shutdown) = (broker.ready_receiver(), broker.shutdown_handle());
    let mut run = pin!(broker.run());
    let drive = async {
        tokio::select! {
            biased;
            result = &mut run => return Err(by_itself(result)),
            _ = ready.wait_for(|ready| *ready) => {}
        }
        // The starter waits for this and cannot have gone.
        let _ = report_ready.send(());
        let end = tokio::select! {
            result = &mut run => return Err(by_itself(result)),
            // A sender that vanished without a word means the same as a stop.
            end = &mut ended => end.unwrap_or(End::Stop),
        };
        if end == End::Stop {
            shutdown.shutdown();
            run.as_mut().await.map_err(|error| error.to_string())?;
        }
        Ok(())
    };
    let outcome = runtime.block_on(drive);
    // Before `run` is dropped: dropping it tells the client tasks to say goodbye, and a killed broker says nothing.
    runtime.shutdown_timeout(RUNTIME_END_TIMEOUT);
    outcome
}

fn build_runtime(drops: Arc<DropTally>) -> Result<Runtime, String> {
    let listen = drops::listener(drops);
    runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("broker-worker")
        .on_thread_start(listen)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
}

fn by_itself(result: mqtt5::Result<()>) -> String {
    result.err().map_or_else(|| "it returned without an error".to_owned(), |error| error.to_string())
}
