//! `acme_store`: a probe that looks at what Acme's ingester has stored: a file to which it appends a line `topic payload`
//! for each message.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use iomt::probes::{Probe, ProbeError, Sighting, Start, Watch};
use iomt::sim_core::{Executor, ParameterKind, ParameterSpec, ProbeKind, Registry};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Rest at the end of the file.
const REST: Duration = Duration::from_millis(20);

/// The probe at work.
struct StoredLines(JoinHandle<()>);

impl Probe for StoredLines {
    /// It sees whatever stands in the file, however late it looks.
    fn wait_ready(&mut self, _: &Handle) -> Result<(), ProbeError> {
        Ok(())
    }

    fn stop(self: Box<Self>, _: &Handle) {
        self.0.abort();
    }
}

fn start(start: Start<'_>) -> Result<Box<dyn Probe>, ProbeError> {
    let file = PathBuf::from(start.arguments.text("file").unwrap_or_default());
    if !file.exists() {
        return Err(ProbeError::Refused { reason: format!("there is no {}", file.display()) });
    }
    let (pace, see) = (start.pace, start.see);
    Ok(Box::new(StoredLines(start.runtime.spawn(async move {
        let Ok(file) = tokio::fs::File::open(file).await else { return };
        let mut reader = BufReader::new(file);
        let mut line = String::new();
        loop {
            // Half a line is read on when the rest of it is there.
            match reader.read_line(&mut line).await {
                Ok(_) if line.ends_with('\n') => {
                    if let Some((topic, payload)) = line.trim_end().split_once(' ') {
                        let payload = Bytes::copy_from_slice(payload.as_bytes());
                        see(Sighting::publication(topic, payload, pace.now_ns()));
                    }
                    line.clear();
                }
                Ok(_) => tokio::time::sleep(REST).await,
                Err(_) => return,
            }
        }
    }))))
}

/// Adds the kind of probe.
pub(crate) fn register(registry: &mut Registry) {
    registry.add(ProbeKind {
        name: "acme_store",
        about: "reads what Acme's ingester stored, a line `topic payload` a message",
        takes_filters: false,
        tells_topics: true,
        watches: &[],
        parameters: vec![ParameterSpec::required("file", ParameterKind::Text, "the ingester's file")],
        executor: Executor::new(Watch(start)),
    });
}
