//! The child process: start, readiness, signals, end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::address::BrokerAddress;
use crate::error::BrokerError;
use crate::mosquitto::configuration;

/// Measured 8 to 16 ms; a large store on a busy machine takes longer to read.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Measured 2 to 100 ms; a large store on a busy machine takes longer to write.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two looks at a child that starts or stops.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

/// For one attempt at a handshake with a broker that accepts connections but does not serve them yet.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(1);

/// The log's name in the broker's directory.
const LOG_FILE: &str = "mosquitto.log";

/// As much of the log as an error message carries.
const LOG_END_LINES: usize = 10;

/// CONNECT of MQTT 3.1.1 with a clean session, no client id and no keep-alive; then DISCONNECT.
const CONNECT: [u8; 14] = [0x10, 12, 0, 4, b'M', b'Q', b'T', b'T', 4, 0x02, 0, 0, 0, 0];
const DISCONNECT: [u8; 2] = [0xE0, 0];
/// CONNACK: no session present, accepted.
const ACCEPTED: [u8; 4] = [0x20, 2, 0, 0];

/// A running Mosquitto. Dropping it kills the process, so that no error and no panic leaves one behind.
#[derive(Debug)]
pub(super) struct MosquittoProcess {
    child: Child,
    log: PathBuf,
}

impl MosquittoProcess {
    /// Returns when a client was served.
    pub(super) fn start(program: &Path, directory: &Path, address: &BrokerAddress) -> Result<Self, BrokerError> {
        let log = directory.join(LOG_FILE);
        let log_begin = fs::metadata(&log).map_or(0, |log| log.len());
        let log_file = open_log(&log)?;
        let child = Command::new(program)
            .args(["-c", configuration::FILE])
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log_file)
            // A Ctrl-C at the terminal is for the run alone, which still has to drain and to report.
            .process_group(0)
            .spawn()
            .map_err(|source| BrokerError::MosquittoSpawn { program: program.to_owned(), source })?;
        let mut process = Self { child, log };
        process.raise_descriptor_limit();
        process.await_service(address, log_begin)?;
        Ok(process)
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end (SIGTERM), which lets it store what it keeps and close its connections.
    pub(super) fn stop(mut self) -> Result<(), BrokerError> {
        self.check_alive()?;
        self.terminate().map_err(|source| self.control_failure(source))?;
        let deadline = Instant::now() + STOP_TIMEOUT;
        loop {
            match self.look()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.unasked_end(status)),
                None if Instant::now() > deadline => {
                    return Err(BrokerError::MosquittoStuck { waited_s: STOP_TIMEOUT.as_secs() });
                }
                None => thread::sleep(LOOK_INTERVAL),
            }
        }
    }

    /// Ends it at once (SIGKILL).
    pub(super) fn kill(mut self) -> Result<(), BrokerError> {
        self.check_alive()?;
        self.child.kill().and_then(|()| self.child.wait()).map_err(|source| self.control_failure(source))?;
        Ok(())
    }

    /// Lets the child hold as many connections as this process may allow it: a login shell's soft limit is often 1024.
    #[cfg(target_os = "linux")]
    fn raise_descriptor_limit(&self) {
        use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

        let hard = getrlimit(Resource::Nofile).maximum;
        // May be refused in a container that filters system calls; the child then keeps the limit it inherited.
        let _ = prlimit(self.pid(), Resource::Nofile, Rlimit { current: hard, maximum: hard });
    }

    #[cfg(not(target_os = "linux"))]
    fn raise_descriptor_limit(&self) {}

    /// Waits for an answer to a CONNECT, where TLS is spoken for the word in the log that it runs. An open port alone would
    /// not do: Mosquitto listens before it installs its signal handlers (`main` in its mosquitto.c), and a SIGTERM in
    /// between loses what it should store.
    fn await_service(&mut self, address: &BrokerAddress, log_begin: u64) -> Result<(), BrokerError> {
        let socket = SocketAddr::from((Ipv4Addr::LOCALHOST, address.port));
        let deadline = Instant::now() + START_TIMEOUT;
        let serves = |log: &Path| {
            if address.is_secured || address.is_web_socket {
                says_it_runs(log, log_begin)
            } else {
                serve_client(socket).is_ok()
            }
        };
        while !serves(&self.log) {
            self.check_alive()?;
            if Instant::now() > deadline {
                let (log, log_end) = self.last_words();
                return Err(BrokerError::MosquittoSilent { waited_s: START_TIMEOUT.as_secs(), log, log_end });
            }
            thread::sleep(LOOK_INTERVAL);
        }
        Ok(())
    }

    fn check_alive(&mut self) -> Result<(), BrokerError> {
        self.look()?.map_or(Ok(()), |status| Err(self.unasked_end(status)))
    }

    fn unasked_end(&self, status: ExitStatus) -> BrokerError {
        let (log, log_end) = self.last_words();
        BrokerError::MosquittoExited { status, log, log_end }
    }

    fn look(&mut self) -> Result<Option<ExitStatus>, BrokerError> {
        self.child.try_wait().map_err(|source| self.control_failure(source))
    }

    fn terminate(&self) -> io::Result<()> {
        Ok(kill_process(self.pid().ok_or(io::ErrorKind::NotFound)?, Signal::TERM)?)
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn control_failure(&self, source: io::Error) -> BrokerError {
        BrokerError::MosquittoControl { process_id: self.child.id(), source }
    }

    fn last_words(&self) -> (PathBuf, String) {
        let text = fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        (self.log.clone(), lines[lines.len().saturating_sub(LOG_END_LINES)..].join("\n"))
    }
}

impl Drop for MosquittoProcess {
    fn drop(&mut self) {
        // Both fail only when the process has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One log for all lives of a broker, each appended to the last.
fn open_log(path: &Path) -> Result<File, BrokerError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| BrokerError::Directory { path: path.to_owned(), source })
}

/// Whether the log says so behind a position: `mosquitto version 2.0.11 running`.
fn says_it_runs(log: &Path, begin: u64) -> bool {
    let log = fs::read(log).unwrap_or_default();
    let new = String::from_utf8_lossy(log.get(begin as usize..).unwrap_or_default()).into_owned();
    new.lines().any(|line| line.contains("mosquitto version") && line.ends_with("running"))
}

/// Connects as an MQTT client and leaves again.
fn serve_client(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, HANDSHAKE_TIMEOUT)?;
    stream.set_read_timeout(Some(HANDSHAKE_TIMEOUT))?;
    stream.write_all(&CONNECT)?;
    let mut answer = [0; ACCEPTED.len()];
    stream.read_exact(&mut answer)?;
    if answer != ACCEPTED {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is no CONNACK"));
    }
    stream.write_all(&DISCONNECT)
}
