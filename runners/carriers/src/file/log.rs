//! The file itself: what is still to be written, and what has been. It does nothing by itself; a turn at an instant writes
//! what is due, and begins a new file when the present one is full or old.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::BytesMut;
use formats::file_line::FileLine;
use sim_core::{Outbound, RouteId, SimId, SimTime};

use super::address::file_path;
use super::rotation::Rotation;
use crate::error::CarrierError;
use crate::event::{CarrierEvent, LossReason};
use crate::opening::{Opening, Time};
use crate::pace::Pace;
use crate::stats::CarrierStats;

/// Rest before the next attempt to write after one that failed [ns].
const REST_NS: i64 = 1_000_000_000;

/// Which message it is.
#[derive(Debug, Clone, Copy)]
struct Name {
    route: RouteId,
    sequence: u64,
}

/// A file that messages are appended to.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    path: PathBuf,
    pace: Pace,
    /// Who writes here, ascending.
    writers: Vec<SimId>,
    topics: Arc<[String]>,
    /// What payloads show at simulated time zero [ns since the Unix epoch].
    start_epoch_ns: i64,
    /// Messages that are not due yet, by instant [ns] and arrival.
    waiting: BTreeMap<(i64, u64), Outbound>,
    arrivals: u64,
    /// Lines that are due and not written yet, and where each of them ends.
    lines: BytesMut,
    /// Bytes of `lines` that the file has already.
    written: usize,
    ends: VecDeque<(usize, Name)>,
    /// No attempt to write before this instant [ns].
    rests_until_ns: i64,
    rotation: Rotation,
    stats: CarrierStats,
}

impl Log {
    /// Opens the file of a target for appending, and makes its folder.
    ///
    /// # Errors
    /// [`CarrierError::Refused`] when it cannot be written.
    pub(crate) fn open(opening: &Opening<'_>) -> Result<Self, CarrierError> {
        let Opening { plan, devices, time, .. } = opening;
        let path = file_path(&plan.targets[opening.target].url).map_err(|reason| CarrierError::Refused { reason })?;
        let file = append(&path).map_err(|error| CarrierError::Refused {
            reason: format!("{} cannot be written: {error}", path.display()),
        })?;
        let (Time::Wall { pace, .. } | Time::Virtual { pace, .. }) = *time;
        let begin_ns = match *time {
            Time::Wall { pace, .. } => pace.now_ns(),
            Time::Virtual { begin_ns, .. } => begin_ns,
        };
        let length = file.metadata().map_or(0, |about| about.len());
        let rotation = Rotation::of(&plan.targets[opening.target].arguments, length, begin_ns);
        let mut stats = CarrierStats::default();
        stats.counts.connects = devices.len() as u64;
        Ok(Self {
            file,
            path,
            pace,
            writers: devices.to_vec(),
            topics: plan.deliveries.iter().map(|delivery| delivery.topic.clone()).collect(),
            start_epoch_ns: plan.roster.start_epoch_ns,
            waiting: BTreeMap::new(),
            arrivals: 0,
            lines: BytesMut::new(),
            written: 0,
            ends: VecDeque::new(),
            rests_until_ns: i64::MIN,
            rotation,
            stats,
        })
    }

    /// Who writes here.
    pub(crate) fn writers(&self) -> &[SimId] {
        &self.writers
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn stats(&self) -> &CarrierStats {
        &self.stats
    }

    /// Topics by route.
    pub(crate) fn topics(&self) -> &Arc<[String]> {
        &self.topics
    }

    /// Everybody has the file open from the beginning.
    pub(crate) fn greetings(&self, at: i64) -> Vec<CarrierEvent> {
        let greeting =
            |device: &SimId| CarrierEvent::Connected { device: *device, at, took: 0, session_present: false };
        self.writers.iter().map(greeting).collect()
    }

    /// Takes messages, checked before.
    pub(crate) fn add(&mut self, batch: Vec<Outbound>) {
        for message in batch {
            self.waiting.insert((self.pace.wall_ns(message.due()), self.arrivals), message);
            self.arrivals += 1;
        }
    }

    /// Whether everything is written.
    pub(crate) fn is_settled(&self) -> bool {
        self.waiting.is_empty() && self.ends.is_empty()
    }

    /// When there is something to do next [ns].
    pub(crate) fn next_ns(&self) -> i64 {
        let due_ns = self.waiting.keys().next().map_or(i64::MAX, |(due_ns, _)| *due_ns);
        if self.ends.is_empty() { due_ns } else { due_ns.min(self.rests_until_ns) }
    }

    /// Writes what is due, as far as the file takes it; `clock` tells when that is over [ns].
    pub(crate) fn turn(&mut self, now_ns: i64, clock: impl Fn() -> i64) -> Vec<CarrierEvent> {
        while let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= now_ns) {
            let due_ns = entry.key().0;
            let message = entry.remove();
            self.encode(&message, now_ns - due_ns);
        }
        if self.ends.is_empty() || now_ns < self.rests_until_ns {
            return Vec::new();
        }
        let outcome = self.write();
        let at = clock();
        let mut events = Vec::new();
        while let Some((_, Name { route, sequence })) = self.ends.pop_front_if(|(end, _)| *end <= self.written) {
            events.push(CarrierEvent::Sent { route, sequence, at, attempt: 1 });
            events.push(CarrierEvent::Acked { route, sequence, at });
            self.stats.counts.sent += 1;
            self.stats.counts.acked += 1;
        }
        if self.ends.is_empty() {
            self.lines.clear();
            self.written = 0;
        }
        let outcome = outcome.and_then(|()| self.rotate(at));
        if let Err(error) = outcome {
            self.rests_until_ns = now_ns.saturating_add(REST_NS);
            let reason = LossReason::Io { kind: error.kind() };
            *self.stats.disconnects.entry(reason.words()).or_default() += 1;
        }
        events
    }

    fn encode(&mut self, message: &Outbound, late_ns: i64) {
        let at_ms = (self.start_epoch_ns + (message.due() - SimTime::ZERO).nanos()).div_euclid(1_000_000);
        let topic = &self.topics[message.route.index()];
        FileLine::encode(at_ms, topic, &message.payload, &mut self.lines);
        self.ends.push_back((self.lines.len(), Name { route: message.route, sequence: message.sequence }));
        self.stats.counts.handled += 1;
        self.stats.lag_us.saturating_record(late_ns.max(0).unsigned_abs() / 1_000);
    }

    /// Writes on where the last attempt stopped, so that no line is torn.
    fn write(&mut self) -> io::Result<()> {
        while self.written < self.lines.len() {
            match self.file.write(&self.lines[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.written += count;
                    self.rotation.grown(count as u64);
                    self.stats.counts.bytes_out += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.file.flush()
    }

    /// Puts a file that is full or old aside and begins a new one. Nothing is torn: every line of it is whole.
    fn rotate(&mut self, now_ns: i64) -> io::Result<()> {
        if !self.rotation.is_due(now_ns) {
            return Ok(());
        }
        fs::rename(&self.path, Rotation::free_name(&self.path))?;
        self.file = append(&self.path)?;
        self.rotation.begun(now_ns);
        Ok(())
    }

    /// What is not written at the end.
    pub(crate) fn pending(&mut self) -> Vec<CarrierEvent> {
        let due = self.ends.drain(..).map(|(_, name)| name);
        let waiting = std::mem::take(&mut self.waiting).into_values();
        let waiting = waiting.map(|message| Name { route: message.route, sequence: message.sequence });
        let pending = |Name { route, sequence }| CarrierEvent::Pending { route, sequence, sent: false };
        due.chain(waiting).map(pending).collect()
    }
}

fn append(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    if file.seek(SeekFrom::End(0))? > 0 {
        // A line that was cut off, by a full disk say, must not swallow the first of ours.
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

/// Checks a batch before any message of it is taken.
///
/// # Errors
/// [`CarrierError::UnknownDevice`] or [`CarrierError::UnknownRoute`].
pub(crate) fn check(batch: &[Outbound], writers: &[SimId], routes: usize) -> Result<(), CarrierError> {
    for message in batch {
        if writers.binary_search(&message.sender()).is_err() {
            return Err(CarrierError::UnknownDevice { device: message.sender() });
        }
        if message.route.index() >= routes {
            return Err(CarrierError::UnknownRoute { route: message.route });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.jsonl");
        for (before, after) in [("", ""), ("{}\n", "{}\n"), ("{}\n{\"top", "{}\n{\"top\n")] {
            fs::write(&path, before).unwrap();
            append(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
        }
    }
}
