//! The end of messages, one by one and all together.

use hdrhistogram::Histogram;
use sim_core::RouteId;

use super::Ledger;
use crate::delays::Delays;
use crate::fate::{Delay, End, Fate, Incident, LinkFate};
use crate::judgement::{Judgement, LostMessage, LostMessages, Unmatched};
use crate::measure::{Origin, RunDistributions};
use crate::report::LatencyReport;
use crate::route_record::{Entry, Settling};

/// Most lost messages listed one by one.
const LOST_LISTED: usize = 100_000;

impl Ledger {
    /// Closes the books and judges. `lag` holds the generator's lags [ns], one per message; it is empty when none
    /// was measured.
    pub fn finish(mut self, lag: &Histogram<u64>) -> Judgement {
        let mut lost = LostMessages::default();
        for index in 0..self.accounts.len() {
            let route = RouteId(index as u32);
            for entry in self.accounts[index].record.take_unresolved() {
                let end = self.close(route, &entry);
                if end == End::Lost {
                    lost.total += 1;
                    if lost.rows.len() < LOST_LISTED
                        && let Some(sent_at) = entry.sent_at()
                    {
                        lost.rows.push(LostMessage {
                            path: self.plan.route_path(index),
                            sequence: entry.sequence,
                            intended: entry.intended,
                            sent_at,
                            acked_at: entry.acked_at(),
                        });
                    }
                }
            }
        }
        for (device, lost_at) in std::mem::take(&mut self.unlinked) {
            let device = &self.plan.roster.devices[device.index()];
            self.expectations.link(&self.plan, device, lost_at, LinkFate::Back(Delay::Never));
        }
        Judgement {
            lost,
            contradictions: self.contradictions(),
            unmatched: self.unmatched(),
            latency: LatencyReport {
                e2e: self.end_to_end.report(),
                send: self.to_sent.report(),
                ack: self.to_acked.report(),
            },
            streams: self.streams(),
            worst_devices: self.worst_devices(),
            probes: self.probes(),
            unwatched_routes: self.accounts.iter().filter(|account| account.probe.is_none()).count() as u64,
            peak_connections: self.peak_connections,
            series: self.series.report(),
            lag: Delays::from_histogram(lag),
            totals: self.totals,
            expect: self.expectations.judge(&self.plan, RunDistributions { generator_lag: lag }),
        }
    }

    pub(super) fn settle(&mut self, route: RouteId, sequence: u64) {
        let account = &mut self.accounts[route.index()];
        let settling = Settling { wants_ack: account.wants_ack, watched: account.probe.is_some() };
        if let Some(entry) = account.record.settle(sequence, settling) {
            self.unresolved -= 1;
            self.close(route, &entry);
        }
    }

    /// Adds the final facts of a message everywhere.
    fn close(&mut self, route: RouteId, entry: &Entry) -> End {
        let account = &mut self.accounts[route.index()];
        let written = entry.sent_at().is_some();
        let observed = entry.observed_at().is_some();
        let can_tell = account.probe.is_some() && account.unmatched == 0;
        let end = match (written && observed, entry.dropped, can_tell) {
            (true, ..) => End::Delivered,
            (false, true, _) => End::Dropped,
            (false, false, false) => End::Unknown,
            (false, false, true) if written => End::Lost,
            (false, false, true) => End::Pending,
        };
        let fate = Fate {
            sequence: entry.sequence,
            intended: entry.intended,
            intended_wall: entry.intended_wall,
            sent_at: entry.sent_at(),
            acked_at: entry.acked_at(),
            observed_at: entry.observed_at().filter(|_| written),
            wants_ack: account.wants_ack,
            end,
        };
        for counts in [&mut account.counts, &mut self.totals.counts] {
            match end {
                End::Delivered => counts.delivered += 1,
                End::Dropped => counts.dropped_declared += 1,
                End::Pending | End::Unknown => counts.pending += 1,
                End::Lost => {
                    counts.lost += 1;
                    counts.lost_acked += u64::from(fate.acked_at.is_some());
                }
            }
        }
        if let Delay::After(nanos) = fate.end_to_end() {
            account.longest = account.longest.max(nanos);
        }
        if end != End::Unknown {
            self.end_to_end.record(fate.end_to_end());
            self.series.delay(fate.intended_wall, fate.end_to_end());
        }
        self.to_sent.record(fate.until_sent());
        if let Some(delay) = fate.until_acked() {
            self.to_acked.record(delay);
        }
        let segment = account.record.segment_of(entry.sequence);
        self.expectations.settle(Origin { plan: &self.plan, route: route.0, segment }, &fate);
        // Nobody can observe what was never written, unless somebody else wrote it.
        if observed && !written {
            self.incident(route, Some(entry.sequence), (Incident::Invented, "observed although it was never written"));
        }
        end
    }

    /// What could not be matched, with the first route that it concerns.
    fn unmatched(&self) -> Option<Unmatched> {
        let first = self.accounts.iter().position(|account| account.unmatched > 0)?;
        let routes = self.accounts.iter().filter(|account| account.unmatched > 0).count() as u64;
        Some(Unmatched {
            sightings: self.unmatched,
            routes,
            first_path: self.plan.route_path(first),
            format: self.formats.name(RouteId(first as u32)).to_owned(),
        })
    }
}
