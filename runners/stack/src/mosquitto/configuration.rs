//! The configuration file that Mosquitto is started with.

use std::fs;
use std::path::Path;

use crate::config::{OUTBOUND_WINDOW, Persistence};
use crate::error::BrokerError;
use crate::tls_files::TlsFiles;

/// The configuration's name in the broker's directory.
pub(super) const FILE: &str = "mosquitto.conf";

/// Where the broker listens, and what it speaks there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listener<'a> {
    pub(super) port: u16,
    pub(super) web_socket: bool,
    pub(super) tls: Option<&'a TlsFiles>,
}

pub(super) fn write(directory: &Path, listener: Listener<'_>, persistence: Persistence) -> Result<(), BrokerError> {
    let path = directory.join(FILE);
    fs::write(&path, text(listener, persistence, rustix::process::geteuid().is_root()))
        .map_err(|source| BrokerError::Directory { path, source })
}

/// Options in the words of mosquitto.conf(5). Paths are relative to the broker's directory, where it is started.
fn text(Listener { port, web_socket, tls }: Listener<'_>, persistence: Persistence, as_root: bool) -> String {
    // Mosquitto (2.0.11 at least) counts no WebSocket listener when it asks whether anybody listens at all.
    let (beside, protocol) = if web_socket { ("listener 0 plain.sock\n", "protocol websockets\n") } else { ("", "") };
    let tls = tls.map(listener_tls).unwrap_or_default();
    // Started by root it would become the user `mosquitto`, who cannot write to a private directory.
    let user = if as_root { "user root\n" } else { "" };
    let persistence = match persistence {
        Persistence::Memory => "persistence false\n".to_owned(),
        Persistence::Disk { autosave_interval } => {
            // Zero would mean: only on a clean exit.
            let seconds = (autosave_interval.as_millis().div_ceil(1000)).max(1);
            format!("persistence true\npersistence_location ./\nautosave_interval {seconds}\n")
        }
    };
    // Without TCP_NODELAY latencies show Nagle's algorithm against delayed acknowledgements (6 to 40 ms measured) rather
    // than the broker. A queue limit (default 1000) drops what was acknowledged, silently.
    format!(
        "{beside}listener {port} 127.0.0.1\n\
         allow_anonymous true\n\
         max_connections -1\n\
         set_tcp_nodelay true\n\
         max_inflight_messages {OUTBOUND_WINDOW}\n\
         max_queued_messages 0\n\
         log_dest stderr\n\
         {protocol}{tls}{persistence}{user}"
    )
}

/// What follows the `listener` that it is for. A client that must show a certificate needs no other name.
fn listener_tls(TlsFiles { certificate, key, client_ca, .. }: &TlsFiles) -> String {
    let mutual = client_ca.as_ref().map_or_else(String::new, |client_ca| {
        format!("cafile {}\nrequire_certificate true\nuse_identity_as_username true\n", client_ca.display())
    });
    format!("certfile {}\nkeyfile {}\n{mutual}", certificate.display(), key.display())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_autosave_interval_is_whole_seconds_and_never_off() {
        for (milliseconds, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (10_000, 10)] {
            let persistence = Persistence::Disk { autosave_interval: Duration::from_millis(milliseconds) };
            let text = text(Listener { port: 1883, web_socket: false, tls: None }, persistence, false);
            assert!(text.contains(&format!("autosave_interval {seconds}\n")), "{milliseconds} ms: {text}");
        }
    }
}
