//! The words of carriers, probes and the air as events.

use bluetooth::{LinkChange, LinkEvent, Taken};
use carriers::{CarrierEvent, Pace};
use sim_core::{Edge, OccurrenceId, Outbound, Reply, RouteId, SimTime};
use verify::{Event, MessageName, RadioLinkChange};

use crate::airwaves::AirNews;
use crate::commander::Order;

const fn name(route: RouteId, sequence: u64) -> MessageName {
    MessageName { route, sequence }
}

/// A report of a carrier.
pub(crate) fn from_carrier(event: CarrierEvent) -> Event {
    match event {
        CarrierEvent::Sent { route, sequence, at, attempt } => {
            Event::Written { name: name(route, sequence), at, attempt }
        }
        CarrierEvent::Acked { route, sequence, at } => Event::Acked { name: name(route, sequence), at },
        CarrierEvent::Dropped { route, sequence, reason, at } => {
            Event::Dropped { name: name(route, sequence), at, reason: reason.words() }
        }
        CarrierEvent::Refused { route, sequence, code, at } => Event::Refused { name: name(route, sequence), at, code },
        CarrierEvent::Pending { route, sequence, sent } => {
            Event::Pending { name: name(route, sequence), written: sent }
        }
        CarrierEvent::Command { device, payload, at } => Event::CommandArrived { device, payload, at },
        CarrierEvent::Connected { device, at, session_present, .. } => {
            Event::Connected { device, at, resumed: session_present }
        }
        CarrierEvent::Disconnected { device, at, reason } => Event::Disconnected { device, at, reason: reason.words() },
        CarrierEvent::ConnectFailed { device, at, reason } => {
            Event::ConnectFailed { device, at, reason: reason.words() }
        }
        CarrierEvent::SubscriptionRefused { device, code, at } => Event::SubscriptionRefused { device, at, code },
    }
}

/// Messages that devices said over their own connections.
pub(crate) fn generated(messages: &[Outbound], pace: Pace) -> Vec<Event> {
    let event =
        |message: &Outbound| Event::Generated { message: message.clone(), wall_ns: pace.wall_ns(message.intended) };
    messages.iter().map(event).collect()
}

/// Messages that devices said over the radio.
pub(crate) fn said(messages: &[Outbound], pace: Pace) -> Vec<Event> {
    messages
        .iter()
        .map(|message| Event::Said {
            name: name(message.route, message.sequence),
            intended: message.intended,
            wall_ns: pace.wall_ns(message.intended),
        })
        .collect()
}

/// What the air has brought.
pub(crate) fn from_air(news: &AirNews, pace: Pace) -> Vec<Event> {
    let handed_on = news.handed_on.iter().map(|message| Event::HandedOn { message: message.clone() });
    let given_up =
        news.given_up.iter().map(|lost| (lost.route, lost.sequence, pace.wall_ns(lost.at), lost.reason.was_sent()));
    let shared = news.taken.iter().map(|taken| (taken.route, taken.sequence, pace.wall_ns(taken.at), false));
    let gone = given_up.chain(shared).map(|(route, sequence, at, was_sent)| Event::GivenUp {
        name: name(route, sequence),
        at,
        was_sent,
    });
    handed_on.chain(gone).chain(news.links.iter().filter_map(from_radio_link)).collect()
}

/// Messages that Bluetooth hosts have read, each with the instant.
pub(crate) fn read_by_hosts(read: &[(Taken, i64)]) -> Vec<Event> {
    read.iter().map(|(taken, at)| Event::Taken { name: name(taken.route, taken.sequence), at: *at }).collect()
}

/// Messages that hosts had and never read: a link had taken them over, and nobody has them.
pub(crate) fn left_unread(left: &[Taken], pace: Pace) -> Vec<Event> {
    let event = |taken: &Taken| Event::GivenUp {
        name: name(taken.route, taken.sequence),
        at: pace.wall_ns(taken.at),
        was_sent: true,
    };
    left.iter().map(event).collect()
}

/// A device that has another link already is handed over.
fn from_radio_link(event: &LinkEvent) -> Option<Event> {
    let change = match event.change {
        LinkChange::Connected { .. } => RadioLinkChange::Linked,
        LinkChange::Disconnected { alone: true, .. } => RadioLinkChange::Unlinked,
        LinkChange::Disconnected { .. } if event.gateway.is_some() => RadioLinkChange::HandedOver,
        LinkChange::Signal { rssi_dbm } => RadioLinkChange::Heard { rssi_dbm: f64::from(rssi_dbm) },
        LinkChange::Disconnected { .. }
        | LinkChange::Subscribed
        | LinkChange::Paired
        | LinkChange::PairingFailed { .. } => return None,
    };
    Some(Event::RadioLink { device: event.device, at: event.at, change })
}

/// A command of a step.
pub(crate) fn given(order: &Order) -> Event {
    Event::CommandGiven { device: order.device, id: order.id.clone(), at: order.at }
}

/// A device's answer.
pub(crate) fn answered(reply: &Reply) -> Event {
    Event::CommandAnswered { device: reply.device, id: reply.id.clone(), status: reply.status, at: reply.at }
}

/// The begin or the heal of an occurrence.
pub(crate) fn step(occurrence: OccurrenceId, edge: Edge, at: SimTime) -> Event {
    match edge {
        Edge::Begin => Event::StepBegan { occurrence, at },
        Edge::Heal => Event::StepHealed { occurrence, at },
    }
}
