//! The messages a device still owes: in flight, waiting in the outbox, and answers to commands.

use std::collections::VecDeque;

use scenarios::{OutboxFull, OutboxPlan};

use crate::event::DropReason;
use crate::mqtt::config::RouteConfig;
use crate::mqtt::message::{Content, Message, PACKET_IDS, Ticket};
use crate::mqtt::outgoing::Written;
use crate::mqtt::turn::Turn;

/// Most command answers that wait for a connection; older ones give way.
const REPLIES: usize = 64;

/// Something on its way to the socket.
#[derive(Debug)]
pub(super) enum Transmission {
    /// A message.
    Publish(Sending),
    /// The release of a `QoS` 2 message that the broker has (PUBREL).
    Release { packet_id: u16 },
}

/// A message on its way to the socket.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) message: Message,
    pub(super) qos: u8,
    /// `None` for `QoS` 0.
    pub(super) ticket: Option<Ticket>,
    /// From 1; from 2 on the DUP flag is set.
    pub(super) attempt: u32,
}

/// A message above `QoS` 0 that is not settled with the broker.
#[derive(Debug)]
struct InFlight {
    ticket: Ticket,
    message: Message,
    qos: u8,
    /// Transmissions of which some socket accepted the last byte, or may yet.
    attempts: u32,
    /// `QoS` 2: the broker's session has it (PUBREC), so it must never be sent again there, only released.
    received: bool,
}

/// What an answer of the broker means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// Everything about the message is settled.
    Yes(Content),
    /// It is, and by a broker that takes `QoS` 2 for 1.
    AsAtLeastOnce(Content),
    /// The broker has it and waits for its release.
    NotYet,
    /// Nobody waits for the answer.
    Stray,
}

/// Messages that are not settled.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// Unacknowledged messages by ticket.
    in_flight: VecDeque<InFlight>,
    /// How many of `in_flight`, from the front, were written to the present connection.
    transmitted: usize,
    next_ticket: u64,
    replies: VecDeque<Message>,
    outbox: VecDeque<Message>,
    plan: OutboxPlan,
    /// Most unacknowledged messages, by the session plan and on the present connection.
    planned_window: u16,
    window: u16,
    /// Delivery level of command answers.
    reply_qos: u8,
}

impl Backlog {
    pub(super) fn new(planned_window: u16, plan: OutboxPlan, reply_qos: u8) -> Self {
        let planned_window = planned_window.clamp(1, PACKET_IDS as u16);
        Self {
            in_flight: VecDeque::new(),
            transmitted: 0,
            next_ticket: 0,
            replies: VecDeque::new(),
            outbox: VecDeque::new(),
            plan,
            planned_window,
            window: planned_window,
            reply_qos,
        }
    }

    /// Applies the broker's Receive Maximum to a new connection.
    pub(super) fn limit_window(&mut self, receive_maximum: Option<u16>) {
        self.window = receive_maximum.map_or(self.planned_window, |most| most.min(self.planned_window));
    }

    /// Whether something waits before a new message.
    pub(super) fn has_waiting(&self) -> bool {
        self.transmitted < self.in_flight.len() || !self.replies.is_empty() || !self.outbox.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_empty() && self.replies.is_empty() && self.outbox.is_empty()
    }

    /// Numbers of messages in flight and in the outbox.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.in_flight.len(), self.outbox.len())
    }

    /// Takes a message into the window, or gives it back when the window is full.
    pub(super) fn admit(&mut self, message: Message, routes: &[RouteConfig]) -> Result<Transmission, Message> {
        let qos = match message.content {
            Content::Telemetry { route, .. } => routes[route.index()].qos,
            Content::Reply => self.reply_qos,
        };
        if qos == 0 {
            return Ok(Transmission::Publish(Sending { message, qos, ticket: None, attempt: 1 }));
        }
        if self.in_flight.len() >= usize::from(self.window) {
            return Err(message);
        }
        let ticket = self.take_ticket();
        self.in_flight.push_back(InFlight { ticket, message: message.clone(), qos, attempts: 1, received: false });
        self.transmitted += 1;
        Ok(Transmission::Publish(Sending { message, qos, ticket: Some(ticket), attempt: 1 }))
    }

    /// The next ticket whose packet id is free. Tickets grow along `in_flight`, so a collision needs one that is a whole
    /// round behind; only then is the queue searched.
    fn take_ticket(&mut self) -> Ticket {
        loop {
            let ticket = Ticket(self.next_ticket);
            self.next_ticket += 1;
            let round_behind = self.in_flight.front().is_some_and(|oldest| ticket.0 - oldest.ticket.0 >= PACKET_IDS);
            let taken = || self.in_flight.iter().any(|other| other.ticket.packet_id() == ticket.packet_id());
            if !round_behind || !taken() {
                return ticket;
            }
        }
    }

    /// The next transmission that the window allows: what an earlier connection left unacknowledged, in its order, then
    /// command answers, then the outbox.
    pub(super) fn next(&mut self, routes: &[RouteConfig]) -> Option<Transmission> {
        if let Some(again) = self.in_flight.get_mut(self.transmitted) {
            if self.transmitted >= usize::from(self.window) {
                return None;
            }
            self.transmitted += 1;
            if again.received {
                return Some(Transmission::Release { packet_id: again.ticket.packet_id() });
            }
            again.attempts += 1;
            return Some(Transmission::Publish(Sending {
                message: again.message.clone(),
                qos: again.qos,
                ticket: Some(again.ticket),
                attempt: again.attempts,
            }));
        }
        let queue = if self.replies.is_empty() { Queue::Outbox } else { Queue::Replies };
        let message = self.queue(queue).pop_front()?;
        match self.admit(message, routes) {
            Ok(transmission) => {
                if self.queue(queue).is_empty() {
                    *self.queue(queue) = VecDeque::new();
                }
                Some(transmission)
            }
            Err(message) => {
                self.queue(queue).push_front(message);
                None
            }
        }
    }

    fn queue(&mut self, queue: Queue) -> &mut VecDeque<Message> {
        match queue {
            Queue::Replies => &mut self.replies,
            Queue::Outbox => &mut self.outbox,
        }
    }

    /// PUBACK has come: settles the message with this packet id.
    pub(super) fn acknowledge(&mut self, packet_id: u16) -> Settled {
        let Some((position, qos)) = self.written(packet_id, false) else { return Settled::Stray };
        match self.remove(position) {
            Some(content) if qos == 2 => Settled::AsAtLeastOnce(content),
            Some(content) => Settled::Yes(content),
            None => Settled::Stray,
        }
    }

    /// PUBREC has come: the broker has the `QoS` 2 message with this packet id, or has refused it.
    pub(super) fn received(&mut self, packet_id: u16, is_refused: bool) -> Settled {
        match self.written(packet_id, false).or_else(|| self.written(packet_id, true)) {
            Some((position, 2)) if is_refused => self.remove(position).map_or(Settled::Stray, Settled::Yes),
            Some((position, 2)) => {
                self.in_flight[position].received = true;
                Settled::NotYet
            }
            _ => Settled::Stray,
        }
    }

    /// PUBCOMP has come: settles the `QoS` 2 message with this packet id, if it was released.
    pub(super) fn complete(&mut self, packet_id: u16) -> Settled {
        let Some((position, _)) = self.written(packet_id, true) else { return Settled::Stray };
        self.remove(position).map_or(Settled::Stray, Settled::Yes)
    }

    /// The broker has no session of before: what it had received it has forgotten, so there is nothing to release, and
    /// everything is published again (MQTT 5, section 4.4).
    pub(super) fn forget_received(&mut self) {
        self.in_flight.iter_mut().for_each(|waiting| waiting.received = false);
    }

    /// Where the message with this packet id is, and its level, if the present connection has written it and it is as far
    /// as that.
    fn written(&self, packet_id: u16, received: bool) -> Option<(usize, u8)> {
        let mut written = self.in_flight.range(..self.transmitted).enumerate();
        let is_it = |waiting: &InFlight| waiting.ticket.packet_id() == packet_id && waiting.received == received;
        written.find(|(_, waiting)| is_it(waiting)).map(|(position, waiting)| (position, waiting.qos))
    }

    /// Forgets a message that cannot be transmitted.
    pub(super) fn give_up(&mut self, ticket: Ticket) {
        if let Ok(position) = self.position(ticket) {
            self.remove(position);
        }
    }

    fn position(&self, ticket: Ticket) -> Result<usize, usize> {
        self.in_flight.binary_search_by_key(&ticket, |message| message.ticket)
    }

    fn remove(&mut self, position: usize) -> Option<Content> {
        let removed = self.in_flight.remove(position)?;
        self.transmitted -= usize::from(position < self.transmitted);
        if self.in_flight.is_empty() {
            self.in_flight = VecDeque::new();
        }
        Some(removed.message.content)
    }

    /// Stores a message in the outbox; a full one drops by its policy, and says so.
    pub(super) fn keep(&mut self, mut message: Message, turn: &mut Turn<'_>) {
        message.detach();
        self.outbox.push_back(message);
        self.bound(turn);
    }

    fn bound(&mut self, turn: &mut Turn<'_>) {
        while self.outbox.len() > self.plan.messages as usize {
            let (dropped, reason) = match self.plan.full {
                OutboxFull::DropOldest => (self.outbox.pop_front(), DropReason::OutboxDroppedOldest),
                OutboxFull::DropNewest => (self.outbox.pop_back(), DropReason::OutboxDroppedNewest),
            };
            if let Some(message) = dropped {
                turn.drop_message(message.content, reason);
            }
        }
    }

    /// Stores an answer to a command.
    pub(super) fn keep_reply(&mut self, message: Message, turn: &mut Turn<'_>) {
        if self.replies.len() == REPLIES {
            self.replies.pop_front();
            turn.stats.counts.replies_dropped += 1;
        }
        self.replies.push_back(message);
    }

    /// The connection is gone. What no socket accepted was never sent: `QoS` 0 messages return to the head of the
    /// outbox, others lose the attempt. Everything in flight is to be transmitted again.
    pub(super) fn take_back(&mut self, unaccepted: VecDeque<Written>, turn: &mut Turn<'_>) {
        for written in unaccepted.into_iter().rev() {
            match written {
                Written::AtMostOnce(mut message) => {
                    message.detach();
                    message.waited = true;
                    self.outbox.push_front(message);
                }
                Written::Kept { ticket, .. } => {
                    if let Ok(position) = self.position(ticket) {
                        self.in_flight[position].attempts -= 1;
                    }
                }
            }
        }
        for waiting in self.in_flight.range_mut(..self.transmitted) {
            waiting.message.detach();
            waiting.message.waited = true;
        }
        self.transmitted = 0;
        self.bound(turn);
    }

    /// Every message that is not settled, and whether a socket accepted it at least once.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = (Content, bool)> + '_ {
        let in_flight = self.in_flight.iter().map(|waiting| (waiting.message.content, waiting.attempts > 0));
        let waiting = self.replies.iter().chain(&self.outbox).map(|message| (message.content, false));
        in_flight.chain(waiting)
    }
}

/// One of the two queues behind the window.
#[derive(Debug, Clone, Copy)]
enum Queue {
    Replies,
    Outbox,
}
