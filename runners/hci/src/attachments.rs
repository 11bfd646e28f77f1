//! The attached hosts: octets from their sockets into the air, and back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ble::{Address, Air, HostId, HostOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinHandle;

use crate::endpoint::{Accepted, Endpoint, Ends, HciError, Listener};
use crate::unread::TcpBuffers;

/// Messages of all sockets that may wait for the air; beyond it the sockets wait, and through TCP their hosts.
const ARRIVALS: usize = 1024;

/// Batches of octets that may wait for the socket of a host; beyond it they wait in the controller, which is bounded.
const BATCHES: usize = 8;

/// Pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Octets of a batch, and of a read.
const BATCH_OCTETS: usize = 16 * 1024;

/// What a socket tells the air.
#[derive(Debug)]
enum Arrival {
    Attached { endpoint: usize, connection: u64, outgoing: mpsc::Sender<Vec<u8>>, written: Written },
    Octets { connection: u64, octets: Vec<u8> },
    Left { connection: u64 },
}

/// What has gone into a socket.
#[derive(Debug, Clone)]
struct Written {
    octets: Arc<AtomicU64>,
    ends: Option<Ends>,
}

/// Something the owner of the air may want to report.
#[derive(Debug)]
pub enum HciEvent {
    /// A host has attached.
    Attached {
        /// Its controller.
        host: HostId,
        /// Path of the controller.
        path: String,
    },
    /// A host has gone.
    Left {
        /// Its controller, which no longer exists.
        host: HostId,
        /// What it was cut off for, unless it left by itself.
        fault: Option<String>,
    },
    /// A capture has ended early.
    CaptureFailed(HciError),
}

#[derive(Debug)]
struct Attachment {
    host: HostId,
    /// None once the host has been cut off.
    outgoing: Option<mpsc::Sender<Vec<u8>>>,
    capture: Option<(File, PathBuf)>,
    fault: Option<String>,
    /// Octets taken out of the controller so far.
    passed: u64,
    written: Written,
}

/// All endpoints and their hosts.
#[derive(Debug)]
pub struct Attachments {
    endpoints: Vec<Endpoint>,
    addresses: Vec<Option<SocketAddr>>,
    arrivals: mpsc::Receiver<Arrival>,
    /// Keeps the channel open when there is no endpoint.
    _sender: mpsc::Sender<Arrival>,
    tasks: Vec<JoinHandle<()>>,
    attached: BTreeMap<u64, Attachment>,
    accepted: Vec<u16>,
    start_unix_us: u64,
    waiting: bool,
}

impl Attachments {
    /// Binds all endpoints and accepts hosts from now on. `start_unix_us` is the instant of simulated time zero in
    /// captures.
    ///
    /// # Errors
    /// When a socket cannot be bound.
    pub async fn listen(endpoints: Vec<Endpoint>, start_unix_us: u64) -> Result<Self, HciError> {
        let (sender, arrivals) = mpsc::channel(ARRIVALS);
        let mut addresses = Vec::new();
        let mut listeners = Vec::new();
        for endpoint in &endpoints {
            let listener = Listener::bind(endpoint).await?;
            addresses.push(listener.tcp_address());
            listeners.push(listener);
        }
        let tasks = listeners
            .into_iter()
            .enumerate()
            .map(|(endpoint, listener)| tokio::spawn(accept(endpoint, listener, sender.clone())))
            .collect();
        Ok(Self {
            accepted: vec![0; endpoints.len()],
            endpoints,
            addresses,
            arrivals,
            _sender: sender,
            tasks,
            attached: BTreeMap::new(),
            start_unix_us,
            waiting: false,
        })
    }

    /// The bound TCP address of each endpoint, none for Unix sockets.
    pub fn addresses(&self) -> &[Option<SocketAddr>] {
        &self.addresses
    }

    /// Hosts attached at present.
    pub fn hosts(&self) -> impl Iterator<Item = HostId> {
        self.attached.values().map(|attachment| attachment.host)
    }

    /// Whether output waits for a socket, so that another [`Attachments::pump`] soon makes sense.
    pub fn output_waits(&self) -> bool {
        self.waiting
    }

    /// How many octets a host had been given when it will have read all that the air has for it now; `None` when it has
    /// gone.
    pub fn given(&self, air: &Air, host: HostId) -> Option<u64> {
        let attachment = self.attached.values().find(|attachment| attachment.host == host)?;
        Some(attachment.passed + air.waiting_output(host) as u64)
    }

    /// How many octets each host has read of what it was given, as far as the system tells: what lies in the buffers of
    /// a TCP connection within this machine is not read.
    pub fn read(&self) -> Vec<(HostId, u64)> {
        let buffers = TcpBuffers::now();
        let read = |attachment: &Attachment| {
            let written = attachment.written.octets.load(Ordering::Relaxed);
            let unread = attachment.written.ends.map_or(0, |ends| buffers.unread(ends));
            (attachment.host, written.saturating_sub(unread))
        };
        self.attached.values().map(read).collect()
    }

    /// Moves what has arrived into the air and what the air has to say out of it; never waits.
    pub fn pump(&mut self, air: &mut Air) -> Vec<HciEvent> {
        let mut events = Vec::new();
        while let Ok(arrival) = self.arrivals.try_recv() {
            self.take(air, arrival, &mut events);
        }
        self.flush(air, &mut events);
        events
    }

    /// Waits until something arrives, and takes it.
    pub(crate) async fn arrival(&mut self, air: &mut Air, now: impl FnOnce() -> u64) -> Vec<HciEvent> {
        let mut events = Vec::new();
        if let Some(arrival) = self.arrivals.recv().await {
            air.advance_to(now());
            self.take(air, arrival, &mut events);
        }
        events
    }

    fn take(&mut self, air: &mut Air, arrival: Arrival, events: &mut Vec<HciEvent>) {
        match arrival {
            Arrival::Attached { endpoint, connection, outgoing, written } => {
                let event = self.attach(air, endpoint, connection, (outgoing, written), events);
                events.push(event);
            }
            Arrival::Octets { connection, octets } => {
                let Some(attachment) = self.attached.get_mut(&connection) else { return };
                if let Err(error) = air.host_sent(attachment.host, &octets) {
                    attachment.fault = Some(error.to_string());
                }
            }
            Arrival::Left { connection } => {
                let Some(mut attachment) = self.attached.remove(&connection) else { return };
                save_capture(&mut attachment, air, events);
                air.detach_host(attachment.host);
                events.push(HciEvent::Left { host: attachment.host, fault: attachment.fault });
            }
        }
    }

    fn attach(
        &mut self,
        air: &mut Air,
        index: usize,
        connection: u64,
        (outgoing, written): (mpsc::Sender<Vec<u8>>, Written),
        events: &mut Vec<HciEvent>,
    ) -> HciEvent {
        let endpoint = &self.endpoints[index];
        let number = self.accepted[index];
        self.accepted[index] += 1;
        let path = format!("hci/{}/{}", endpoint.name, number + 1);
        let address = match endpoint.address {
            Some(first) => {
                let mut octets = first.octets;
                octets[0] = octets[0].wrapping_add(number as u8);
                Address { kind: first.kind, octets }
            }
            None => Address::synthetic_public((index as u16) << 8 | (number + 1) & 0xFF),
        };
        let capture = endpoint.capture.as_deref().and_then(|folder| {
            let file = folder.join(format!("{}-{}.btsnoop", endpoint.name, number + 1));
            open_capture(&file).map_err(|error| events.push(HciEvent::CaptureFailed(error))).ok()
        });
        let host = air.attach_host(HostOptions {
            path: path.clone(),
            address,
            position: endpoint.position,
            capture_start_unix_us: capture.is_some().then_some(self.start_unix_us),
            strict: endpoint.strict,
        });
        let outgoing = Some(outgoing);
        self.attached.insert(connection, Attachment { host, outgoing, capture, fault: None, passed: 0, written });
        HciEvent::Attached { host, path }
    }

    fn flush(&mut self, air: &mut Air, events: &mut Vec<HciEvent>) {
        self.waiting = false;
        for attachment in self.attached.values_mut() {
            save_capture(attachment, air, events);
            while let Some(outgoing) = &attachment.outgoing {
                match outgoing.try_reserve() {
                    Ok(permit) => {
                        let octets = air.take_output(attachment.host, BATCH_OCTETS);
                        if octets.is_empty() {
                            break;
                        }
                        attachment.passed += octets.len() as u64;
                        permit.send(octets);
                    }
                    Err(TrySendError::Full(())) => {
                        self.waiting = true;
                        break;
                    }
                    // The socket is closed; that it has left arrives by itself.
                    Err(TrySendError::Closed(())) => break,
                }
            }
            if attachment.fault.is_some() {
                // What was queued, the Hardware Error last, is still written before the socket closes.
                attachment.outgoing = None;
            }
        }
    }
}

impl Drop for Attachments {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn open_capture(path: &Path) -> Result<(File, PathBuf), HciError> {
    match File::create(path) {
        Ok(file) => Ok((file, path.to_path_buf())),
        Err(source) => Err(HciError::Capture { path: path.to_path_buf(), source }),
    }
}

fn save_capture(attachment: &mut Attachment, air: &mut Air, events: &mut Vec<HciEvent>) {
    let Some((file, path)) = &mut attachment.capture else { return };
    let octets = air.take_capture(attachment.host);
    if octets.is_empty() {
        return;
    }
    if let Err(source) = file.write_all(&octets) {
        events.push(HciEvent::CaptureFailed(HciError::Capture { path: path.clone(), source }));
        attachment.capture = None;
    }
}

async fn accept(endpoint: usize, listener: Listener, arrivals: mpsc::Sender<Arrival>) {
    let mut number = 0_u64;
    // Hosts live in tasks of this set, so that they end with the endpoint.
    let mut hosts = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok(accepted) = accepted else {
                    // A lack of descriptors and its like pass, but not at once.
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                };
                let connection = (endpoint as u64) << 32 | number;
                number += 1;
                hosts.spawn(serve(endpoint, connection, accepted, arrivals.clone()));
            }
            Some(_) = hosts.join_next() => {}
        }
    }
}

/// Carries octets between one socket and the channels, until either side ends.
async fn serve(endpoint: usize, connection: u64, accepted: Accepted, arrivals: mpsc::Sender<Arrival>) {
    let Accepted { mut read, mut write, ends } = accepted;
    let (outgoing, mut batches) = mpsc::channel::<Vec<u8>>(BATCHES);
    let octets = Arc::new(AtomicU64::new(0));
    let written = Written { octets: Arc::clone(&octets), ends };
    if arrivals.send(Arrival::Attached { endpoint, connection, outgoing, written }).await.is_err() {
        return;
    }
    let writing = async move {
        while let Some(batch) = batches.recv().await {
            if write.write_all(&batch).await.is_err() {
                return;
            }
            octets.fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
        // A host that has gone already cannot be told that its stream ends.
        let _ = write.shutdown().await;
    };
    let reading = async {
        let mut buffer = vec![0; BATCH_OCTETS];
        while let Ok(length @ 1..) = read.read(&mut buffer).await {
            let octets = buffer[..length].to_vec();
            if arrivals.send(Arrival::Octets { connection, octets }).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = writing => {}
        () = reading => {}
    }
    // When nobody listens any more, nobody needs to know.
    let _ = arrivals.send(Arrival::Left { connection }).await;
}
