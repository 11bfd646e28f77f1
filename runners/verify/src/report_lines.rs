//! Parts of a report as one line each, the same in every report.

use std::collections::BTreeMap;

use crate::figures;
use crate::matchers::KEY;
use crate::radio_report::{GatewayReport, HostStreamReport, RadioReport};
use crate::report::{
    BlindTime, ConnectionsReport, Counterexample, DelayReport, ExpectReport, MemoryReport, ProbeReport, RunReport,
    StepReport, WorstDevice,
};

/// So many devices to which the same happened are surely all: more are kept where there are more.
const MOST_KNOWN: usize = 2;

impl Counterexample {
    /// `icu/4/mon/vitals #120 at 6m 12s: took 62s`.
    pub fn line(&self) -> String {
        let sequence = self.sequence.map(|sequence| format!(" #{sequence}")).unwrap_or_default();
        let intended = self.intended_s.map(|at| format!(" at {}", figures::seconds(at))).unwrap_or_default();
        format!("{}{sequence}{intended}: {}", self.path, self.what)
    }
}

impl ExpectReport {
    /// The expression, and the probe of which it speaks if that is not the first of each stream.
    pub fn asks(&self) -> String {
        match &self.probe {
            Some(probe) => format!("{} at probe {probe}", self.that),
            None => self.that.clone(),
        }
    }

    /// The first of its counterexamples, and how many more there are.
    pub fn example_lines(&self, most: usize) -> impl Iterator<Item = String> {
        let listed = self.counterexamples.iter().take(most).map(Counterexample::line);
        let more = self.more + self.counterexamples.len().saturating_sub(most) as u64;
        listed.chain((more > 0).then(|| format!("and {} more", figures::count(more))))
    }
}

impl StepReport {
    /// `6m to 7m 30s`, `from 6m on`.
    pub fn when(&self) -> String {
        let start = figures::seconds(self.start_s);
        match self.end_s {
            Some(end) => format!("{start} to {}", figures::seconds(end)),
            None => format!("at {start}"),
        }
    }

    /// `links_cut 4, bytes_held 18,230`.
    pub fn evidence_line(&self) -> String {
        if self.evidence.is_empty() {
            return "no counters".to_owned();
        }
        let counts: Vec<String> =
            self.evidence.iter().map(|(name, amount)| format!("{name} {}", figures::count(*amount))).collect();
        counts.join(", ")
    }
}

impl MemoryReport {
    /// `the newest 65,536 messages of each stream, 12.3 MiB at most`.
    pub fn line(&self) -> String {
        let messages = figures::count(self.remembered_per_stream);
        format!("the newest {messages} messages of each stream, {} at most", figures::bytes(self.most_bytes))
    }
}

impl RunReport {
    /// `probe wire`: whose observations the totals count, where several probes watch the same.
    pub fn counted_at(&self) -> Option<String> {
        self.probes.iter().find(|probe| probe.is_further())?;
        let first: Vec<&str> =
            self.probes.iter().filter(|probe| probe.routes > 0).map(|probe| probe.id.as_str()).collect();
        match first.as_slice() {
            [] => None,
            [one] => Some(format!("probe {one}")),
            several => Some(format!("probes {}", several.join(", "))),
        }
    }
}

impl ConnectionsReport {
    /// `1,000 handshakes of TLS, 200 of them resumed`.
    pub fn handshakes_line(&self) -> String {
        let resumed = figures::count(self.handshakes_resumed);
        format!("{} handshakes of TLS, {resumed} of them resumed", figures::count(self.handshakes))
    }

    /// `31 refused (such as icu/4/mon)`: how often each of these happened, and to whom, at most so many named.
    pub fn reason_lines(&self, reasons: &BTreeMap<String, u64>, named: usize) -> Vec<String> {
        let line = |(reason, times): (&String, &u64)| {
            let whom = self.whom.get(reason).map_or(&[][..], Vec::as_slice);
            let names = whom.iter().take(named).cloned().collect::<Vec<_>>().join(", ");
            let times = figures::count(*times);
            match whom.len() {
                _ if names.is_empty() => format!("{times} {reason}"),
                known if known <= named.min(MOST_KNOWN) => format!("{times} {reason} ({names})"),
                _ => format!("{times} {reason} (such as {names})"),
            }
        };
        reasons.iter().map(line).collect()
    }
}

impl BlindTime {
    /// `blind from 12s to 13.9s: the connection was closed`.
    fn line(&self) -> String {
        let until = self.to_s.map_or_else(|| "the end".to_owned(), figures::seconds);
        format!("blind from {} to {until}: {}", figures::seconds(self.from_s), self.reason)
    }
}

impl ProbeReport {
    /// Most times of blindness told one by one.
    const BLIND_TOLD: usize = 3;

    /// What is to be said of it beyond how much it saw.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let blind = self.blind.iter().take(Self::BLIND_TOLD).map(BlindTime::line);
        let more = self.blind.len().saturating_sub(Self::BLIND_TOLD);
        let more = (more > 0).then(|| format!("blind {} times more", figures::count(more as u64)));
        let redelivered = (self.redelivered > 0)
            .then(|| format!("{} copies came because it had been away", figures::count(self.redelivered)));
        let sessions = self.sessions_line().into_iter().chain(self.flaw_lines());
        self.counts_line()
            .into_iter()
            .chain(self.delays_line())
            .chain(self.rules_line())
            .chain(sessions)
            .chain(blind)
            .chain(more)
            .chain(redelivered)
    }

    /// `sessions: 2 NBIRTH, 1 NDEATH`.
    fn sessions_line(&self) -> Option<String> {
        let kinds: Vec<String> =
            self.session_messages.iter().map(|(kind, times)| format!("{} {kind}", figures::count(*times))).collect();
        (!kinds.is_empty()).then(|| format!("sessions: {}", kinds.join(", ")))
    }

    /// Each rule of sessions that was broken.
    fn flaw_lines(&self) -> impl Iterator<Item = String> {
        self.session_flaws.iter().map(|(flaw, times)| format!("{} times {flaw}", figures::count(*times)))
    }

    /// Whether it watches streams of which the totals count what another probe saw.
    fn is_further(&self) -> bool {
        self.watched > self.routes
    }

    /// The delays until it saw what another probe saw as well.
    fn delays_line(&self) -> Option<String> {
        (self.is_further() && self.latency.samples > 0)
            .then(|| format!("intended to observed here: {}", self.latency.line()))
    }

    /// What it counted of streams of which the totals count another probe's.
    fn counts_line(&self) -> Option<String> {
        let counts = &self.counts;
        let ends = figures::nonzero(
            &[
                (counts.delivered, "delivered"),
                (counts.altered, "altered"),
                (counts.lost, "lost"),
                (counts.unjudged, "unjudged"),
                (counts.dropped_declared, "dropped, as declared"),
                (counts.pending, "pending"),
            ],
            " + ",
        );
        let observed = figures::nonzero(
            &[
                (counts.duplicates, "duplicates"),
                (counts.out_of_order, "out of order"),
                (counts.corrupted, "corrupted"),
                (counts.invented, "invented"),
                (counts.identity_mismatch, "under another name"),
                (counts.stale, "stale"),
                (counts.too_old, "too old to judge"),
            ],
            ", ",
        );
        self.is_further().then(|| {
            let ends = if ends.is_empty() { ends } else { format!(" = {ends}") };
            let observed = if observed.is_empty() { observed } else { format!("; {observed}") };
            let (streams, generated) = (figures::count(self.watched), figures::count(counts.generated));
            format!("{streams} streams: {generated} generated{ends}{observed}")
        })
    }

    /// `matched 120 by device time, 3 by value`; `None` where everything was matched by its key, as a rule.
    pub fn rules_line(&self) -> Option<String> {
        self.matched_by.keys().find(|rule| *rule != KEY)?;
        let rules = self.matched_by.iter().map(|(rule, times)| format!("{} by {rule}", figures::count(*times)));
        Some(format!("matched {}", rules.collect::<Vec<_>>().join(", ")))
    }
}

impl WorstDevice {
    /// Whether something of it did not arrive as it was said, so that it is to blame for more than being last.
    pub fn fared_badly(&self) -> bool {
        self.altered + self.lost + self.dropped_declared > 0
    }

    /// `0 altered, 1 lost, 0 unjudged, 0 dropped, 0 pending of 120; longest delay 62s`.
    pub fn line(&self) -> String {
        let count = figures::count;
        let longest = self.latency_max_s.map_or_else(
            || "nothing delivered".to_owned(),
            |delay| format!("longest delay {}", figures::seconds(delay)),
        );
        format!(
            "{} altered, {} lost, {} unjudged, {} dropped, {} pending of {}; {longest}",
            count(self.altered),
            count(self.lost),
            count(self.unjudged),
            count(self.dropped_declared),
            count(self.pending),
            count(self.generated)
        )
    }
}

impl DelayReport {
    /// `p50 1.2ms, p99 30ms, max 62s`.
    pub fn line(&self) -> String {
        if self.samples == 0 {
            return "none".to_owned();
        }
        let read = |value: Option<f64>| value.map_or_else(|| "never".to_owned(), figures::seconds);
        let never = if self.never_arrived == 0 {
            String::new()
        } else {
            format!(", {} of {} never", figures::count(self.never_arrived), figures::count(self.samples))
        };
        format!("p50 {}, p99 {}, max {}{never}", read(self.p50_s), read(self.p99_s), read(self.max_s))
    }
}

impl RadioReport {
    /// A line about what attached hosts took.
    pub fn hosts_line(&self) -> String {
        let sum = |of: fn(&HostStreamReport) -> u64| self.hosts.iter().map(of).sum::<u64>();
        format!(
            "hosts took {} of {} messages of {} streams; {} lost, {} dropped, {} kept; longest pause {}",
            figures::count(sum(|stream| stream.received)),
            figures::count(sum(|stream| stream.said)),
            figures::count(self.hosts.len() as u64),
            figures::count(sum(|stream| stream.lost)),
            figures::count(sum(|stream| stream.dropped_declared)),
            figures::count(sum(|stream| stream.kept)),
            self.longest_pause_s().map_or_else(|| "without end".to_owned(), figures::seconds)
        )
    }

    /// The longest time in which a stream was silent at hosts; `None` when one was never heard.
    fn longest_pause_s(&self) -> Option<f64> {
        let pauses = self.hosts.iter().map(|stream| stream.longest_pause_s);
        pauses.reduce(|one, other| Some(one?.max(other?))).flatten()
    }

    /// A line about all gateways together.
    pub fn line(&self) -> String {
        let sum = |of: fn(&GatewayReport) -> u64| figures::count(self.gateways.iter().map(of).sum());
        format!(
            "{} gateways handed on {} messages, {} of them from the memory of devices, {} handed on before by another",
            figures::count(self.gateways.len() as u64),
            sum(|gateway| gateway.handed_on),
            sum(|gateway| gateway.backfilled),
            sum(|gateway| gateway.repeated)
        )
    }
}
