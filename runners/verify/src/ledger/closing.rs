//! The end of messages, one by one and all together.

use std::collections::HashSet;
use std::sync::Arc;

use hdrhistogram::Histogram;

use super::Ledger;
use super::account::Account;
use crate::delays::Delays;
use crate::entry::{Entry, Misseen};
use crate::fate::{Delay, End, Fate, Incident, LinkFate};
use crate::judgement::{Judgement, LostMessage, LostMessages, Unmatched};
use crate::measure::{Origin, RunDistributions};
use crate::report::{LatencyReport, MemoryReport};
use crate::route_record::Settling;

/// Most lost messages listed one by one.
const LOST_LISTED: usize = 100_000;

impl Ledger {
    /// Closes the books and judges. `lag` holds the generator's lags [ns], one per message; it is empty when none
    /// was measured.
    pub fn finish(mut self, lag: &Histogram<u64>) -> Judgement {
        self.settle_strange();
        self.eyes.iter_mut().for_each(|eyes| eyes.unread.close());
        let mut lost = LostMessages::default();
        for index in 0..self.accounts.all.len() {
            for entry in self.accounts.all[index].record.take_unresolved() {
                let end = self.close(index, &entry);
                let account = &self.accounts.all[index];
                if end == End::Lost
                    && let (Some(probe), Some(sent_at)) = (account.probe, entry.sent_at())
                {
                    lost.total += 1;
                    if lost.rows.len() < LOST_LISTED {
                        lost.rows.push(LostMessage {
                            path: self.plan.route_path(account.route.index()),
                            probe: self.plan.probes[usize::from(probe)].id.clone(),
                            sequence: entry.sequence,
                            intended: entry.intended,
                            sent_at,
                            acked_at: entry.acked_at(),
                        });
                    }
                }
            }
        }
        self.close_pauses();
        for (device, lost_at) in std::mem::take(&mut self.unlinked) {
            let device = &self.plan.roster.devices[device.index()];
            self.expectations.link(&self.plan, device, lost_at, LinkFate::Back(Delay::Never));
        }
        Judgement {
            lost,
            contradictions: self.contradictions(),
            unmatched: self.unmatched_sightings(),
            latency: LatencyReport {
                e2e: self.end_to_end.report(),
                send: self.to_sent.report(),
                ack: self.to_acked.report(),
            },
            streams: self.streams(),
            worst_devices: self.worst_devices(),
            probes: self.probes(),
            unwatched_routes: self.accounts.first().filter(|account| !account.is_watched()).count() as u64,
            first_unwatched: self.accounts.first().find(|account| !account.is_watched()).map(|account| account.route),
            hosts: self.hosts(),
            memory: MemoryReport { remembered_per_stream: self.room as u64, most_bytes: self.memory_bytes() },
            peak_connections: self.peak_connections,
            series: self.series.report(),
            lag: Delays::from_histogram(lag),
            totals: self.totals,
            expect: self.expectations.judge(&self.plan, RunDistributions { generator_lag: lag }),
        }
    }

    /// Decides about messages whose name was seen with the device time of no message of their stream. Where that is the time
    /// of a message of the same number of another device, and that is missing, it was that message, moved whole to another
    /// name, and what became of the one whose name it had is not known by it.
    fn settle_strange(&mut self) {
        if !self.accounts.all.iter().any(|account| account.record.has_strange()) {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let stream_of = |account: &Account| {
            let route = &plan.roster.routes[account.route.index()];
            plan.roster.devices[route.device.index()].streams[usize::from(route.stream)].id.as_str()
        };
        let mut missing = HashSet::new();
        for account in &self.accounts.all {
            let theirs = account.record.missing();
            missing.extend(theirs.map(|(sequence, time)| (account.probe, stream_of(account), sequence, time)));
        }
        for account in &mut self.accounts.all {
            let (probe, stream) = (account.probe, stream_of(account));
            account.record.judge_strange(|sequence, time| missing.contains(&(probe, stream, sequence, time)));
        }
    }

    pub(super) fn settle(&mut self, index: usize, sequence: u64) {
        let account = &mut self.accounts.all[index];
        let settling = Settling { wants_ack: account.wants_ack, watched: account.is_watched(), room: self.room };
        if let Some(entry) = account.record.settle(sequence, settling) {
            self.unresolved -= 1;
            self.close(index, &entry);
        }
    }

    /// Adds the final facts of a message everywhere.
    fn close(&mut self, index: usize, entry: &Entry) -> End {
        let account = &mut self.accounts.all[index];
        // Behind the target of the devices, what that acknowledged was not promised by whom the probe watches.
        let device = self.plan.roster.routes[account.route.index()].device;
        let carried = entry.acked_at().filter(|_| !account.is_behind);
        let carried = carried.and_then(|acked_at| self.connection_times.at(device, acked_at));
        let eyes = account.probe.map(|probe| &mut self.eyes[usize::from(probe)]);
        let observed_at = entry.observed_at().filter(|_| entry.sent_at().is_some());
        let end = match (entry.sent_at(), observed_at) {
            (_, Some(_)) => End::Delivered,
            _ if entry.dropped => End::Dropped,
            (Some(_), None) if entry.misseen != Misseen::Never => End::Altered,
            _ if !account.is_watched() => End::Unknown,
            (None, None) => End::Pending,
            (Some(_), None) if account.unmatched > 0 => End::Untold,
            (Some(_), None)
                if eyes.as_ref().is_some_and(|eyes| eyes.may_have_missed(entry, account.wants_ack, carried)) =>
            {
                End::Unjudged
            }
            (Some(sent_at), None)
                if eyes.as_ref().is_some_and(|eyes| eyes.could_not_read(account.is_behind, device, sent_at)) =>
            {
                End::Unread
            }
            (Some(_), None) => End::Lost,
        };
        let altered_at = entry.altered_at().filter(|_| end == End::Altered);
        let mut blind = false;
        if let (Some(sent_at), Some(seen_at), Some(eyes)) = (entry.sent_at(), observed_at.or(altered_at), eyes) {
            blind = eyes.was_blind_between(sent_at, seen_at);
            if !blind {
                eyes.saw_after(seen_at - sent_at);
            }
        }
        let fate = Fate {
            sequence: entry.sequence,
            intended: entry.intended,
            intended_wall: entry.intended_wall,
            sent_at: entry.sent_at(),
            acked_at: entry.acked_at(),
            observed_at,
            altered_at,
            wants_ack: account.wants_ack,
            blind,
            end,
        };
        if let Delay::After(nanos) = fate.end_to_end()
            && !blind
        {
            account.longest = account.longest.max(nanos);
        }
        if let Some(at_host) = &mut account.at_host {
            at_host.settled(&fate);
        }
        let origin = Origin {
            plan: &self.plan,
            route: account.route.0,
            segment: account.record.segment_of(entry.sequence),
            probe: account.probe,
            is_first: account.is_first,
        };
        self.expectations.settle(origin, &fate);
        if let Some(probe) = account.probe.filter(|_| has_known_delay(&fate)) {
            self.to_probes[usize::from(probe)].record(fate.end_to_end());
        }
        if account.is_first {
            self.note_delays(&fate);
        }
        self.count(index, |counts| match end {
            End::Delivered => counts.delivered += 1,
            End::Altered => counts.altered += 1,
            End::Dropped => counts.dropped_declared += 1,
            End::Pending | End::Unknown => counts.pending += 1,
            End::Unjudged | End::Unread | End::Untold => counts.unjudged += 1,
            End::Lost => {
                counts.lost += 1;
                counts.lost_acked += u64::from(fate.acked_at.is_some());
            }
        });
        // Nobody can observe what was never written, unless somebody else wrote it.
        if let (Some(observed_at), None) = (entry.observed_at(), entry.sent_at()) {
            let invented = (Incident::Invented, "observed although it was never written");
            self.incident(index, Some(entry.sequence), observed_at, invented);
        }
        end
    }

    /// Adds the delays of a message of the first account of its route.
    fn note_delays(&mut self, fate: &Fate) {
        if has_known_delay(fate) {
            self.end_to_end.record(fate.end_to_end());
            self.series.delay(fate.intended_wall, fate.end_to_end());
        }
        self.to_sent.record(fate.until_sent());
        if let Some(delay) = fate.until_acked() {
            self.to_acked.record(delay);
        }
    }

    /// What could not be matched on routes that an expectation speaks of, with the first of them.
    fn unmatched_sightings(&self) -> Option<Unmatched> {
        let mut concerned =
            self.accounts.all.iter().filter(|account| account.unmatched > 0 && account.is_judged).peekable();
        let first = concerned.peek()?.route;
        Some(Unmatched {
            sightings: self.unmatched,
            routes: concerned.count() as u64,
            first_path: self.plan.route_path(first.index()),
            format: self.formats.name(first).to_owned(),
        })
    }
}

/// Whether somebody can tell when the message was seen, or that it was not.
fn has_known_delay(fate: &Fate) -> bool {
    !matches!(fate.end, End::Unknown | End::Unjudged | End::Unread | End::Untold)
}
