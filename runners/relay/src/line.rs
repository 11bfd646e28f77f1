//! One client and the broker, with the relay between them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::mqttbytes::v4::Publish;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::fault::{Fault, When};
use crate::message::Message;
use crate::packets::{Packet, Packets, acknowledgement, copy, publish};
use crate::shared::Shared;

/// What goes to one side: bytes, or `None` when nothing more comes.
type Queue = UnboundedSender<Option<Bytes>>;

/// One client and the broker.
struct Line {
    shared: Arc<Shared>,
    to_broker: Queue,
    to_client: Queue,
    /// Ends the line.
    cut: Notify,
}

/// Serves a client until both sides are through, or the line is cut.
pub(crate) async fn serve(client: TcpStream, broker: SocketAddr, shared: Arc<Shared>) {
    // Nobody there: the client is refused as without a relay.
    let Ok(broker) = TcpStream::connect(broker).await else { return };
    // A relay that holds back small packets would change their times; it relays without as well.
    drop((client.set_nodelay(true), broker.set_nodelay(true)));
    let (from_client, client_writer) = client.into_split();
    let (from_broker, broker_writer) = broker.into_split();
    let (to_broker, for_broker) = unbounded_channel();
    let (to_client, for_client) = unbounded_channel();
    let line = Line { shared, to_broker, to_client, cut: Notify::new() };
    let mut is_watcher = false;
    let from_client = async {
        let mut packets = Packets::new(from_client);
        let Ok(Some((first, bytes))) = packets.next().await else { return end(&line.to_broker) };
        if let Packet::Connect { client_id } = first {
            is_watcher = client_id.starts_with(&line.shared.plan.watchers);
        }
        pass(&line.to_broker, bytes);
        line.relay_client(packets, is_watcher).await;
        end(&line.to_broker);
    };
    let from_broker = async {
        line.relay_broker(Packets::new(from_broker)).await;
        end(&line.to_client);
    };
    let all = async {
        tokio::join!(from_client, from_broker, write(broker_writer, for_broker), write(client_writer, for_client))
    };
    tokio::select! {
        _ = all => {}
        () = line.cut.notified() => {}
    }
}

impl Line {
    /// Relays what a client says.
    async fn relay_client(&self, mut packets: Packets<OwnedReadHalf>, is_watcher: bool) {
        let mut held = None;
        while let Ok(Some((packet, bytes))) = packets.next().await {
            match packet {
                Packet::Publish(message) if !is_watcher && !message.dup => self.take(&message, bytes, &mut held),
                _ => pass(&self.to_broker, bytes),
            }
        }
    }

    /// Relays what the broker says. Only watchers get messages that are chosen: devices hear commands.
    async fn relay_broker(&self, mut packets: Packets<OwnedReadHalf>) {
        while let Ok(Some((packet, bytes))) = packets.next().await {
            match packet {
                Packet::Publish(message) => self.show(&message, bytes),
                _ => pass(&self.to_client, bytes),
            }
        }
    }

    /// A device says a message.
    fn take(&self, said: &Publish, bytes: Bytes, held: &mut Option<(String, Bytes)>) {
        let fault = self.shared.plan.fault;
        let Some(message) = Message::read(&said.payload) else { return pass(&self.to_broker, bytes) };
        self.shared.hear(&said.topic, &message);
        let released = held.take_if(|(topic, _)| *topic == said.topic);
        if fault.acts_on_watchers() || !self.shared.plan.chooses(message.sequence) {
            pass(&self.to_broker, bytes);
        } else {
            self.plant(fault, said, &message, bytes, held);
        }
        if let Some((_, released)) = released {
            pass(&self.to_broker, released);
        }
    }

    /// Does to a message of a device what the plan says.
    fn plant(&self, fault: Fault, said: &Publish, message: &Message, bytes: Bytes, held: &mut Option<(String, Bytes)>) {
        let (topic, sequence) = (said.topic.as_str(), message.sequence);
        let other = self.shared.next_speaker(topic);
        let mut seems = None;
        match (fault, other) {
            (Fault::Copy(when), _) => self.put_beside(when, bytes, copy(said, said.payload.to_vec())),
            (Fault::AlteredCopy(when), _) => {
                self.put_beside(when, bytes, copy(said, message.clone().with_other_values().payload()));
            }
            (Fault::Reorder, _) => *held = Some((topic.to_owned(), bytes)),
            (Fault::Alter, _) => {
                pass(&self.to_broker, publish(said, topic, message.clone().with_other_values().payload()));
            }
            (Fault::OtherTopic, Some(other)) => {
                pass(&self.to_broker, publish(said, &other.topic, said.payload.to_vec()));
            }
            (Fault::OtherSerial, Some(other)) => {
                pass(&self.to_broker, publish(said, topic, message.clone().with_serial(&other.serial).payload()));
                seems = Some((other.topic, sequence));
            }
            (Fault::OtherDevice, Some(other)) => {
                let renamed = message.clone().with_serial(&other.serial);
                pass(&self.to_broker, publish(said, &other.topic, renamed.payload()));
                seems = Some((other.topic, sequence));
            }
            (Fault::OtherName, Some(other)) => {
                let renamed = message.clone().with_serial(&other.serial).with_patient(&other.patient);
                pass(&self.to_broker, publish(said, &other.topic, renamed.payload()));
                seems = Some((other.topic, sequence));
            }
            (Fault::OldNumber, _) => {
                let older = sequence.saturating_sub(2);
                pass(&self.to_broker, publish(said, topic, message.clone().with_sequence(older).payload()));
                seems = Some((topic.to_owned(), older));
            }
            (Fault::Delay(by), _) => pass_after(&self.to_broker, by, bytes),
            (Fault::AcknowledgeAndForget, _) => {
                if let Some(acknowledgement) = acknowledgement(said) {
                    pass(&self.to_client, acknowledgement);
                }
            }
            // Nobody else has spoken yet, or it is done to watchers.
            (Fault::OtherTopic | Fault::OtherSerial | Fault::OtherDevice | Fault::OtherName, None)
            | (Fault::Drop | Fault::AlterRetained | Fault::CutWatcher, _) => return pass(&self.to_broker, bytes),
        }
        self.shared.note(topic, sequence, seems.as_ref().map(|(topic, sequence)| (topic.as_str(), *sequence)));
    }

    /// The broker shows a message to a watcher.
    fn show(&self, shown: &Publish, bytes: Bytes) {
        let plan = &self.shared.plan;
        let message = Message::read(&shown.payload).filter(|message| {
            plan.fault.acts_on_watchers()
                && plan.chooses(message.sequence)
                // One that comes again after a cut comes through.
                && !self.shared.has_planted(&shown.topic, message.sequence)
        });
        let Some(message) = message else { return pass(&self.to_client, bytes) };
        self.shared.note(&shown.topic, message.sequence, None);
        match plan.fault {
            Fault::AlterRetained => {
                let retained = Publish { retain: true, ..shown.clone() };
                pass(&self.to_client, publish(&retained, &shown.topic, message.with_other_values().payload()));
            }
            Fault::CutWatcher => self.cut.notify_one(),
            // The broker must not wait for ever for who does not get it.
            _ => {
                if let Some(acknowledgement) = acknowledgement(shown) {
                    pass(&self.to_broker, acknowledgement);
                }
            }
        }
    }

    fn put_beside(&self, when: When, bytes: Bytes, copy: Bytes) {
        match when {
            When::Before => {
                pass(&self.to_broker, copy);
                pass(&self.to_broker, bytes);
            }
            When::AtOnce => {
                pass(&self.to_broker, bytes);
                pass(&self.to_broker, copy);
            }
            When::Late(by) => {
                pass(&self.to_broker, bytes);
                pass_after(&self.to_broker, by, copy);
            }
        }
    }
}

/// Lets bytes go to one side. When its connection is gone they go the way of the connection.
fn pass(queue: &Queue, bytes: Bytes) {
    drop(queue.send(Some(bytes)));
}

fn pass_after(queue: &Queue, by: Duration, bytes: Bytes) {
    let queue = queue.clone();
    tokio::spawn(async move {
        tokio::time::sleep(by).await;
        pass(&queue, bytes);
    });
}

/// Nothing more goes to one side.
fn end(queue: &Queue) {
    drop(queue.send(None));
}

/// Writes what is queued, to the end.
async fn write(mut writer: OwnedWriteHalf, mut queue: UnboundedReceiver<Option<Bytes>>) -> io::Result<()> {
    while let Some(Some(bytes)) = queue.recv().await {
        writer.write_all(&bytes).await?;
    }
    writer.shutdown().await
}
