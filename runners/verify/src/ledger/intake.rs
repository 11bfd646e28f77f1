//! What the ledger makes of the stream of events.

use scenarios::TimeMode;
use sim_core::SimTime;

use super::Ledger;
use super::hosts::Lost;
use crate::event::{Event, MessageName, RadioLinkChange};
use crate::route_record::LedgerError;

impl Ledger {
    /// Takes the next event; what is no business of the ledger is passed over.
    ///
    /// # Errors
    /// As [`Ledger::generated`].
    pub fn take(&mut self, event: &Event) -> Result<(), LedgerError> {
        if let Some(device) = event.device()
            && let Some(at) = self.instant(event)
        {
            self.expectations.event(&self.plan, &self.plan.roster.devices[device.index()], at, event);
        }
        match event {
            Event::Generated { message, wall_ns } => {
                self.generated(message.route, message.sequence, message.intended, *wall_ns, &message.payload)?;
            }
            Event::Said { name: MessageName { route, sequence }, intended, wall_ns } => {
                self.said(*route, *sequence, *intended, *wall_ns)?;
            }
            Event::HandedOn { message } => self.handed_on(message.route, message.sequence, &message.payload),
            Event::GivenUp { name, at, was_sent } => {
                let lost = if *was_sent { Lost::FromLink } else { Lost::AtDevice };
                self.given_up(name.route, name.sequence, *at, lost);
            }
            Event::Taken { name, at } => self.taken(name.route, name.sequence, *at),
            Event::Written { name, at, .. } => self.sent(name.route, name.sequence, *at),
            Event::Acked { name, at } => self.acked(name.route, name.sequence, *at),
            Event::Dropped { name, at, .. } => self.dropped(name.route, name.sequence, *at),
            Event::Refused { name, .. } => self.refused(name.route, name.sequence),
            Event::Sighted { probe, sighting } => self.sighted(*probe, sighting),
            Event::ProbeBlind { probe, since, until, ended_owing, reason } => {
                self.blind(*probe, *since, *until, *ended_owing, reason);
            }
            Event::ProbeSees { probe, at, resumed } => self.sees(*probe, *at, *resumed),
            Event::Connected { device, at, .. } => {
                self.online += u64::from(self.connection_times.began(*device, *at));
                self.connections(*at, self.online);
            }
            Event::Disconnected { device, at, .. } => {
                self.connection_times.ended(*device, *at);
                self.online = self.online.saturating_sub(1);
                self.connections(*at, self.online);
            }
            Event::RadioLink { device, at, change } => match change {
                RadioLinkChange::Linked => self.linked(*device, *at),
                RadioLinkChange::Unlinked => self.unlinked(*device, *at),
                RadioLinkChange::HandedOver => self.handed_over(*device, *at),
                RadioLinkChange::Heard { rssi_dbm } => self.heard(*device, *at, *rssi_dbm),
            },
            Event::Pending { .. }
            | Event::ConnectFailed { .. }
            | Event::SubscriptionRefused { .. }
            | Event::StepBegan { .. }
            | Event::StepHealed { .. }
            | Event::CommandGiven { .. }
            | Event::AnswerHeard { .. }
            | Event::CommandArrived { .. }
            | Event::CommandAnswered { .. } => {}
        }
        Ok(())
    }

    /// The simulated instant of an instant on the wall clock of the run.
    pub(super) fn simulated(&self, at: i64) -> SimTime {
        match self.plan.time.mode {
            TimeMode::Scaled { speed } => SimTime::from_nanos((at as f64 * speed) as i64),
            TimeMode::Real | TimeMode::Virtual => SimTime::from_nanos(at),
        }
    }

    /// The simulated instant of what happens to a device.
    fn instant(&self, event: &Event) -> Option<SimTime> {
        match event {
            Event::RadioLink { at, .. } | Event::CommandGiven { at, .. } | Event::CommandAnswered { at, .. } => {
                Some(*at)
            }
            Event::AnswerHeard { given, .. } => Some(*given),
            Event::Connected { at, .. }
            | Event::Disconnected { at, .. }
            | Event::ConnectFailed { at, .. }
            | Event::SubscriptionRefused { at, .. }
            | Event::CommandArrived { at, .. } => Some(self.simulated(*at)),
            _ => None,
        }
    }

    /// Devices online now.
    pub fn online(&self) -> u64 {
        self.online
    }
}
