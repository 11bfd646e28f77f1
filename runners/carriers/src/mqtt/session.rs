//! The MQTT session of one device, without any I/O: bytes and instants go in, bytes and events come out.
//!
//! A session outlives its connections. Messages are in exactly one place: waiting in the outbox, waiting for a socket
//! to accept them, or (above `QoS` 0) in flight until the broker has settled them.

mod backlog;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::Bytes;
use scenarios::Protocol;
use sim_core::RouteId;
use vocabulary::SessionMessage;

use crate::event::{CarrierEvent, DropReason, LossReason};
use crate::mqtt::config::ConnectionConfig;
use crate::mqtt::format_session::KeptFormatSession;
use crate::mqtt::frame::{
    self, DISCONNECT_PACKET, Delivered, Inbound, LARGEST_INBOUND, LARGEST_PACKET, Malformed, PINGREQ_PACKET,
    PublishHead, Terms, write_owed, write_pubrel,
};
use crate::mqtt::greeting::{
    Greeting, LastWill, SUBSCRIPTION_ID, keep_alive_seconds, write_connect, write_subscribe_all,
};
use crate::mqtt::message::{Content, Message, Ticket};
use crate::mqtt::outgoing::{Outgoing, Written};
use crate::mqtt::properties::write_topic_alias;
use crate::mqtt::receipts::Receipts;
use crate::mqtt::turn::Turn;

pub(crate) use backlog::Backlog;
use backlog::{Sending, Settled, Transmission};

/// Shortest patience for a PINGRESP [ns]: a broker under load may answer late without being dead.
const LEAST_PING_PATIENCE_NS: i64 = 5_000_000_000;

/// How long a device waits with the renewal of its token when messages are under way [ns].
const RENEWAL_STEP_NS: i64 = 20_000_000;

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No connection.
    Offline,
    /// CONNECT written.
    Greeting,
    /// CONNACK accepted, SUBSCRIBE written.
    Subscribing,
    /// Messages flow.
    Online,
    /// DISCONNECT written, to come back with a new token.
    Renewing,
    /// DISCONNECT written.
    Closing,
}

/// The session of one device.
#[derive(Debug)]
pub(crate) struct Session {
    config: Box<ConnectionConfig>,
    phase: Phase,
    output: Outgoing,
    /// Start of a packet whose rest has not arrived.
    partial: Vec<u8>,
    backlog: Backlog,
    /// What the format of its messages keeps over the connection.
    of_format: Option<KeptFormatSession>,
    /// Commands at `QoS` 2 that the broker has not released.
    receipts: Receipts,
    /// Terms of the present connection.
    terms: Terms,
    /// Numbers that stand for topics on the present connection.
    aliases: BTreeMap<RouteId, u16>,
    keep_alive_ns: i64,
    /// When the present attempt began, when bytes last left and last came, when the connection was lost [ns].
    began_ns: i64,
    last_sent_ns: i64,
    last_heard_ns: i64,
    lost_ns: Option<i64>,
    /// When the token of this connection is to be renewed, and when at the latest [ns]; `i64::MAX` is never.
    renewal_ns: (i64, i64),
    /// Until when the broker must answer [ns]; `i64::MAX` when nothing is awaited.
    answer_due_ns: i64,
}

impl Session {
    pub(crate) fn new(config: ConnectionConfig) -> Self {
        let backlog = Backlog::new(config.session.inflight, config.outbox, config.command_qos);
        Self {
            of_format: config.format_terms.as_ref().map(KeptFormatSession::begin),
            config: Box::new(config),
            phase: Phase::Offline,
            output: Outgoing::default(),
            partial: Vec::new(),
            backlog,
            receipts: Receipts::default(),
            terms: Terms::default(),
            aliases: BTreeMap::new(),
            keep_alive_ns: 0,
            began_ns: 0,
            last_sent_ns: 0,
            last_heard_ns: 0,
            lost_ns: None,
            renewal_ns: (i64::MAX, i64::MAX),
            answer_due_ns: i64::MAX,
        }
    }

    pub(crate) fn config(&self) -> &ConnectionConfig {
        &self.config
    }

    pub(crate) fn into_config(self) -> ConnectionConfig {
        *self.config
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Bytes for the socket.
    pub(crate) fn output(&self) -> &[u8] {
        self.output.unflushed()
    }

    /// When [`Session::time_passed`] must be called [ns]; `i64::MAX` is never.
    pub(crate) fn deadline_ns(&self) -> i64 {
        let renewal_ns = self.renewal_ns.0;
        let due_ns = match self.phase {
            Phase::Offline => return i64::MAX,
            Phase::Greeting | Phase::Subscribing | Phase::Renewing | Phase::Closing => return self.answer_due_ns,
            Phase::Online if self.keep_alive_ns == 0 => i64::MAX,
            // While a PINGREQ waits for its answer nothing else is due: with a socket that takes nothing the last
            // sending stays in the past, and looking at it again and again would not help.
            Phase::Online if self.answer_due_ns < i64::MAX => self.answer_due_ns,
            Phase::Online => self.ping_due_ns(),
        };
        due_ns.min(renewal_ns)
    }

    /// The socket is connected; the attempt began at `began_ns`.
    pub(crate) fn open(&mut self, began_ns: i64, turn: &mut Turn<'_>) {
        self.phase = Phase::Greeting;
        self.began_ns = began_ns;
        self.last_sent_ns = turn.now_ns;
        self.answer_due_ns = turn.now_ns.saturating_add(turn.limits.connect_ns);
        self.renewal_ns = self.config.token.as_ref().map_or((i64::MAX, i64::MAX), |token| {
            let (due_ns, latest_ns) = token.renewal_ns();
            (turn.now_ns.saturating_add(due_ns), turn.now_ns.saturating_add(latest_ns))
        });
        let login = self.config.login();
        let mut greeting = self.config.greeting(login.as_ref());
        let death = self.of_format.as_mut().map(|session| session.connect(turn.now_ns));
        if let Some(death) = &death {
            greeting = Greeting { will: Some(LastWill::from(death)), ..greeting };
        }
        write_connect(&greeting, self.output.buffer(turn.spare));
    }

    /// A message whose instant has come: goes out now or waits in the outbox.
    pub(crate) fn publish(&mut self, mut message: Message, turn: &mut Turn<'_>) {
        message.waited = self.phase != Phase::Online;
        let flows = self.phase == Phase::Online && self.output.has_room() && !self.backlog.has_waiting();
        let admitted = if flows { self.backlog.admit(message, turn.routes) } else { Err(message) };
        match admitted {
            Ok(transmission) => self.transmit(transmission, turn),
            Err(message) => self.backlog.keep(message, turn),
        }
    }

    /// An answer to a command.
    pub(crate) fn reply(&mut self, payload: Bytes, turn: &mut Turn<'_>) {
        if self.config.reply_topic.is_none() {
            turn.stats.counts.replies_dropped += 1;
            return;
        }
        self.backlog.keep_reply(Message { content: Content::Reply, payload, waited: false }, turn);
        self.catch_up(turn);
    }

    /// The socket accepted `count` bytes of the output.
    pub(crate) fn accepted(&mut self, count: usize, turn: &mut Turn<'_>) {
        self.last_sent_ns = turn.now_ns;
        turn.stats.counts.bytes_out += count as u64;
        self.output.accept(count);
        while let Some(written) = self.output.next_accepted() {
            match written {
                Written::AtMostOnce(message) => {
                    turn.sent(message.content, 1);
                    self.works_again(turn);
                }
                Written::Kept { content, attempt, .. } => turn.sent(content, attempt),
            }
        }
        self.output.release(turn.spare);
        self.catch_up(turn);
    }

    /// Bytes arrived. An error ends the connection.
    pub(crate) fn receive(&mut self, bytes: &[u8], turn: &mut Turn<'_>) -> Result<(), LossReason> {
        self.last_heard_ns = turn.now_ns;
        turn.stats.counts.bytes_in += bytes.len() as u64;
        if self.partial.is_empty() {
            let rest = self.take_packets(bytes, turn)?;
            self.partial.extend_from_slice(rest);
        } else {
            let mut gathered = std::mem::take(&mut self.partial);
            gathered.extend_from_slice(bytes);
            let rest = self.take_packets(&gathered, turn)?.len();
            gathered.drain(..gathered.len() - rest);
            if rest > 0 {
                self.partial = gathered;
            }
        }
        self.catch_up(turn);
        Ok(())
    }

    /// Gives away the start of a packet whose rest has not arrived.
    pub(crate) fn take_partial(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.partial)
    }

    /// Handles all whole packets and returns the bytes after them.
    fn take_packets<'b>(&mut self, mut bytes: &'b [u8], turn: &mut Turn<'_>) -> Result<&'b [u8], LossReason> {
        if self.phase == Phase::Greeting && frame::is_tls_alert(bytes) {
            return Err(LossReason::SpeaksTls);
        }
        let largest = self.config.mqtt5.maximum_packet_size.map_or(LARGEST_INBOUND, |most| most as usize);
        while let Some(length) = frame::packet_length_up_to(largest, bytes)? {
            let (packet, rest) = bytes.split_at(length);
            self.take_packet(frame::decode(self.config.protocol, packet)?, turn)?;
            bytes = rest;
        }
        Ok(bytes)
    }

    fn take_packet(&mut self, packet: Inbound, turn: &mut Turn<'_>) -> Result<(), LossReason> {
        match (packet, self.phase) {
            (Inbound::Accepted(terms), Phase::Greeting) => self.greeted(terms, turn),
            (Inbound::Refused { code, .. }, Phase::Greeting) => return Err(LossReason::Broker { code }),
            (Inbound::Accepted(_) | Inbound::Refused { .. }, _) => {
                return Err(Malformed::new("a second CONNACK").into());
            }
            (_, Phase::Greeting) => return Err(Malformed::new("a packet before CONNACK").into()),
            (Inbound::PubAck { packet_id, code }, _) => {
                let settled = self.backlog.acknowledge(packet_id);
                self.settle(settled, code, turn);
            }
            (Inbound::PubRec { packet_id, code }, _) => {
                let settled = self.backlog.received(packet_id, code >= 0x80);
                if settled == Settled::NotYet {
                    write_pubrel(packet_id, self.output.buffer(turn.spare));
                }
                self.settle(settled, code, turn);
            }
            (Inbound::PubComp { packet_id }, _) => {
                // A broker that knows nothing of the release any more has had it before (MQTT 5, section 4.3.3).
                let settled = self.backlog.complete(packet_id);
                self.settle(settled, 0, turn);
            }
            (Inbound::PubRel { packet_id }, _) => {
                write_owed(self.receipts.release(packet_id), self.output.buffer(turn.spare));
            }
            (Inbound::SubAck { packet_id: SUBSCRIPTION_ID, codes, .. }, Phase::Subscribing) => {
                if codes.len() != self.filters().len() {
                    return Err(Malformed::new("SUBACK that does not answer for each filter").into());
                }
                for code in codes.into_iter().filter(|code| *code >= 0x80) {
                    turn.subscription_refused(self.config.device, code);
                }
                self.go_online(turn);
            }
            (Inbound::SubAck { .. }, _) => return Err(Malformed::new("a SUBACK nobody waits for").into()),
            (Inbound::Publish(delivered), _) => self.hear(delivered, turn),
            (Inbound::PingResp, Phase::Online) => self.answer_due_ns = i64::MAX,
            (Inbound::PingResp, _) => {}
            (Inbound::Disconnect { code, .. }, _) => return Err(LossReason::Broker { code }),
        }
        Ok(())
    }

    /// The broker has answered for a message.
    fn settle(&mut self, settled: Settled, code: u8, turn: &mut Turn<'_>) {
        let device = self.config.device;
        match settled {
            Settled::Yes(content) => turn.answered(device, content, code),
            Settled::AsAtLeastOnce(content) => {
                turn.downgraded(device);
                turn.answered(device, content, code);
            }
            Settled::NotYet => return,
            Settled::Stray => {
                turn.stats.counts.stray_acks += 1;
                return;
            }
        }
        self.works_again(turn);
    }

    /// A message has come: a command, unless it is of another topic.
    fn hear(&mut self, delivered: Delivered, turn: &mut Turn<'_>) {
        let Delivered { topic, payload, qos, packet_id, .. } = delivered;
        let (is_new, owed) = self.receipts.take(qos, packet_id);
        if let Some(owed) = owed {
            write_owed(owed, self.output.buffer(turn.spare));
        }
        if is_new && self.config.command_topic.as_ref().is_some_and(|wanted| wanted.as_bytes() == topic.as_ref()) {
            turn.command(self.config.device, payload);
        } else if is_new
            && self.phase == Phase::Online
            && let Some(session) = &mut self.of_format
        {
            let answers = session.hear(&topic, &payload, turn.now_ns);
            self.say(&answers, turn);
        }
    }

    /// Where others speak to the device, and to the session of its format.
    fn filters(&self) -> Vec<String> {
        let of_format = self.of_format.as_ref().map(KeptFormatSession::filters);
        self.config.command_topic.iter().cloned().chain(of_format.into_iter().flatten()).collect()
    }

    /// Messages flow from now on, those of the format's session before all others.
    fn go_online(&mut self, turn: &mut Turn<'_>) {
        self.phase = Phase::Online;
        self.answer_due_ns = i64::MAX;
        if let Some(session) = &mut self.of_format {
            let opening = session.open(turn.now_ns);
            self.say(&opening, turn);
        }
    }

    /// Writes messages of the format's session. Nobody keeps them: over another connection there are others. What is above
    /// `QoS` 0 there is for the broker alone.
    fn say(&mut self, messages: &[SessionMessage], turn: &mut Turn<'_>) {
        for message in messages {
            let head = PublishHead { topic: &message.topic, ..PublishHead::default() };
            head.write(self.config.protocol, &message.payload, self.output.buffer(turn.spare));
        }
        turn.stats.counts.session_messages += messages.len() as u64;
    }

    /// Takes leave in the format's session, if there is one that was begun.
    fn take_leave(&mut self, turn: &mut Turn<'_>) {
        if self.phase == Phase::Online
            && let Some(session) = &mut self.of_format
        {
            let farewell = session.close(turn.now_ns);
            self.say(&farewell, turn);
        }
    }

    /// CONNACK accepted the session.
    fn greeted(&mut self, terms: Terms, turn: &mut Turn<'_>) {
        let took = turn.now_ns - self.began_ns;
        turn.stats.counts.connects += 1;
        turn.stats.counts.sessions_present += u64::from(terms.session_present);
        turn.stats.connect_us.saturating_record((took / 1_000).max(0) as u64);
        turn.events.push(CarrierEvent::Connected {
            device: self.config.device,
            at: turn.now_ns,
            took,
            session_present: terms.session_present,
        });
        if let Some(assigned) = &terms.assigned_client_id {
            self.config.client_id.clone_from(assigned);
        }
        let keep_alive_s =
            terms.server_keep_alive_s.unwrap_or_else(|| keep_alive_seconds(self.config.session.keep_alive));
        self.keep_alive_ns = i64::from(keep_alive_s) * 1_000_000_000;
        self.backlog.limit_window(terms.receive_maximum);
        if !terms.session_present {
            self.receipts.forget();
            self.backlog.forget_received();
        }
        self.terms = terms;
        let filters = self.filters();
        if filters.is_empty() {
            self.go_online(turn);
            return;
        }
        self.phase = Phase::Subscribing;
        self.answer_due_ns = turn.now_ns.saturating_add(turn.limits.connect_ns);
        let ConnectionConfig { protocol, command_qos, .. } = *self.config;
        write_subscribe_all(protocol, &filters, command_qos, SUBSCRIPTION_ID, self.output.buffer(turn.spare));
    }

    /// The deadline may have come: pings an idle connection, gives up a silent broker.
    pub(crate) fn time_passed(&mut self, turn: &mut Turn<'_>) -> Result<(), LossReason> {
        if turn.now_ns >= self.answer_due_ns {
            let waiting_for = match self.phase {
                Phase::Greeting => "CONNACK",
                Phase::Subscribing => "SUBACK",
                Phase::Renewing | Phase::Closing => "close by the broker",
                Phase::Online | Phase::Offline => "PINGRESP",
            };
            return Err(LossReason::TimedOut { waiting_for });
        }
        if self.phase == Phase::Online && turn.now_ns >= self.renewal_ns.0 {
            self.renew(turn);
            return Ok(());
        }
        let is_due = turn.now_ns >= self.ping_due_ns();
        if self.phase == Phase::Online && self.keep_alive_ns > 0 && is_due && self.answer_due_ns == i64::MAX {
            let patience_ns = (self.keep_alive_ns as f64 * turn.limits.ping_grace) as i64;
            self.answer_due_ns = turn.now_ns.saturating_add(patience_ns.max(LEAST_PING_PATIENCE_NS));
            self.output.buffer(turn.spare).extend_from_slice(&PINGREQ_PACKET);
            turn.stats.counts.pings += 1;
        }
        Ok(())
    }

    /// Leaves to come back with a new token, when nothing is under way, or at the latest in time.
    fn renew(&mut self, turn: &mut Turn<'_>) {
        let (due_ns, latest_ns) = &mut self.renewal_ns;
        let is_busy = !self.backlog.is_empty() || !self.output.is_settled();
        if is_busy && turn.now_ns < *latest_ns {
            *due_ns = turn.now_ns.saturating_add(RENEWAL_STEP_NS).min(*latest_ns);
            return;
        }
        self.take_leave(turn);
        self.output.buffer(turn.spare).extend_from_slice(&DISCONNECT_PACKET);
        self.phase = Phase::Renewing;
        self.answer_due_ns = turn.now_ns.saturating_add(turn.limits.connect_ns);
    }

    /// When to ask for a sign of life [ns]: after a keep-alive in which nothing was sent, as the broker wants it, or nothing was
    /// heard. At `QoS` 0 a broker answers nothing else, and one that is dead would never be noticed.
    fn ping_due_ns(&self) -> i64 {
        self.last_sent_ns.min(self.last_heard_ns).saturating_add(self.keep_alive_ns)
    }

    /// The connection is gone; nothing is forgotten.
    pub(crate) fn lost(&mut self, turn: &mut Turn<'_>) {
        if matches!(self.phase, Phase::Online | Phase::Subscribing) && self.lost_ns.is_none() {
            self.lost_ns = Some(turn.now_ns);
        }
        self.phase = Phase::Offline;
        self.answer_due_ns = i64::MAX;
        self.partial = Vec::new();
        self.terms = Terms::default();
        self.aliases.clear();
        self.backlog.take_back(self.output.reset(turn.spare), turn);
    }

    /// Ends the session cleanly: DISCONNECT, then the broker closes the connection.
    pub(crate) fn close(&mut self, answer_due_ns: i64, turn: &mut Turn<'_>) {
        self.take_leave(turn);
        if matches!(self.phase, Phase::Subscribing | Phase::Online) {
            self.output.buffer(turn.spare).extend_from_slice(&DISCONNECT_PACKET);
        }
        self.phase = Phase::Closing;
        self.answer_due_ns = answer_due_ns;
    }

    /// Whether every message is settled.
    pub(crate) fn is_settled(&self) -> bool {
        self.backlog.is_empty() && self.output.is_settled()
    }

    /// Declares every message that is not settled as pending. The session must be offline.
    pub(crate) fn report_pending(&self, events: &mut Vec<CarrierEvent>) {
        for (content, sent) in self.backlog.unsettled() {
            if let Content::Telemetry { route, sequence } = content {
                events.push(CarrierEvent::Pending { route, sequence, sent });
            }
        }
    }

    /// Sends what waits, oldest first, as far as the window and the socket allow: first what an earlier connection
    /// left unacknowledged, then command answers, then the outbox.
    fn catch_up(&mut self, turn: &mut Turn<'_>) {
        if self.phase != Phase::Online {
            return;
        }
        while self.output.has_room() {
            let Some(next) = self.backlog.next(turn.routes) else { break };
            self.transmit(next, turn);
        }
    }

    fn transmit(&mut self, next: Transmission, turn: &mut Turn<'_>) {
        let next = match next {
            Transmission::Publish(sending) => sending,
            Transmission::Release { packet_id } => {
                return write_pubrel(packet_id, self.output.buffer(turn.spare));
            }
        };
        self.send(next, turn);
    }

    fn send(&mut self, next: Sending, turn: &mut Turn<'_>) {
        let content = next.message.content;
        let mut properties = Vec::new();
        let mut new_alias = None;
        let (topic, retain) = match content {
            Content::Telemetry { route, sequence } => {
                let config = &turn.routes[route.index()];
                let mut topic = config.topic.as_str();
                if self.config.protocol == Protocol::V5 {
                    if let Some((alias, is_new)) = self.alias(route) {
                        write_topic_alias(alias, &mut properties);
                        if is_new {
                            new_alias = Some((route, alias));
                        } else {
                            topic = "";
                        }
                    }
                    if let Some(of_route) = &config.properties {
                        of_route.write(sequence, &mut properties);
                    }
                }
                (topic, config.retain)
            }
            Content::Reply => (self.config.reply_topic.as_deref().unwrap_or_default(), false),
        };
        let packet_id = next.ticket.map_or(0, Ticket::packet_id);
        let dup = next.attempt > 1;
        let head = PublishHead { topic, retain, dup, qos: next.qos, packet_id, properties: &properties };
        if let Some(reason) = self.inadmissible(&head, next.message.payload.len()) {
            if let Some(ticket) = next.ticket {
                self.backlog.give_up(ticket);
            }
            turn.drop_message(content, reason);
            return;
        }
        let dressed = match (&mut self.of_format, content) {
            (Some(session), Content::Telemetry { route, .. }) => {
                Some(session.dress(&turn.routes[route.index()].topic, &next.message, turn.now_ns))
            }
            _ => None,
        };
        let payload = dressed.as_ref().unwrap_or(&next.message.payload);
        head.write(self.config.protocol, payload, self.output.buffer(turn.spare));
        self.aliases.extend(new_alias);
        self.output.mark(match next.ticket {
            Some(ticket) => Written::Kept { ticket, content, attempt: next.attempt },
            None => Written::AtMostOnce(next.message),
        });
    }

    /// The number that stands for a stream's topic on this connection, and whether the broker has yet to be told; `None` if
    /// there is none.
    fn alias(&self, route: RouteId) -> Option<(u16, bool)> {
        if !self.config.mqtt5.topic_alias {
            return None;
        }
        let highest = self.terms.topic_alias_maximum.unwrap_or(0);
        let known = self.aliases.get(&route).map(|alias| (*alias, false));
        let next = self.aliases.len() as u16 + 1;
        known.or_else(|| (next <= highest).then_some((next, true)))
    }

    /// Why this connection's terms do not admit a message.
    fn inadmissible(&self, head: &PublishHead<'_>, payload: usize) -> Option<DropReason> {
        let terms = &self.terms;
        let length = head.packet_length(self.config.protocol, payload);
        if terms.maximum_packet_size.is_some_and(|most| length > most as usize) || length > LARGEST_PACKET {
            Some(DropReason::PacketTooLarge)
        } else if terms.maximum_qos.is_some_and(|most| head.qos > most) {
            Some(DropReason::QosNotSupported)
        } else if head.retain && terms.retain_available == Some(false) {
            Some(DropReason::RetainNotSupported)
        } else {
            None
        }
    }

    /// A message got through: the first one after a lost connection ends the outage.
    fn works_again(&mut self, turn: &mut Turn<'_>) {
        if let Some(lost_ns) = self.lost_ns.take() {
            turn.stats.reconnect_us.saturating_record(((turn.now_ns - lost_ns) / 1_000).max(0) as u64);
        }
    }
}

impl From<Malformed> for LossReason {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed { what: malformed.what }
    }
}
