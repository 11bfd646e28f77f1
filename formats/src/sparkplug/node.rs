//! A node of Sparkplug, as whoever has its connection keeps it: births and deaths, sequence numbers, the numbers that stand for
//! names, and what it says again when a host asks for a rebirth (sections 5 and 6.4.5 to 6.4.29).

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use vocabulary::{FormatSession, SessionMessage, SessionStream};

use super::encode::write_text_property;
use super::payload::{Metric, Payload, field};
use super::tag::{self, Tag};
use super::topic::Topic;
use super::wire::{write_field, write_message, write_number, write_octets};

/// The metric that ties a death to its birth (tck-id-topics-nbirth-bdseq-included).
pub(super) const DEATH_NUMBER: &str = "bdSeq";
/// The command that asks for births (tck-id-topics-nbirth-rebirth-metric).
pub(super) const REBIRTH: &str = "Node Control/Rebirth";
/// A will is published at this level (tck-id-message-flow-edge-node-birth-publish-will-message-qos), all else at 0.
const QOS_OF_WILL: u8 = 1;

/// A node, with the devices below it.
#[derive(Debug)]
pub(super) struct Node {
    group: String,
    name: String,
    /// The node itself, then the devices below it.
    owners: Vec<Owner>,
    /// Of the connection that stands or was last tried; `None` before the first.
    death_number: Option<u8>,
    /// Of the next message.
    sequence: u8,
}

/// Who has metrics: the node, or a device below it.
#[derive(Debug)]
struct Owner {
    device: Option<String>,
    /// What its label says.
    label: Vec<(&'static str, String)>,
    tags: BTreeMap<&'static str, Declared>,
}

/// A metric that a birth declares.
#[derive(Debug)]
struct Declared {
    tag: Tag,
    alias: u64,
    /// What was said of it last: its time, and its value as it was written; births say it again. Samples are not kept.
    last: Option<(u64, Bytes)>,
}

impl Node {
    pub(super) fn new(streams: &[SessionStream]) -> Self {
        let mut node = Self {
            group: String::new(),
            name: String::new(),
            owners: vec![Owner { device: None, label: Vec::new(), tags: BTreeMap::new() }],
            death_number: None,
            sequence: 0,
        };
        for stream in streams {
            let Ok(topic) = Topic::of_data(&stream.topic) else { continue };
            topic.group.clone_into(&mut node.group);
            topic.node.clone_into(&mut node.name);
            let place = node.owner(topic.device);
            node.owners[place].declare(place as u64, stream);
        }
        node
    }

    /// The place of an owner; a device that is new has the next.
    fn owner(&mut self, device: Option<&str>) -> usize {
        let known = self.owners.iter().position(|owner| owner.device.as_deref() == device);
        known.unwrap_or_else(|| {
            self.owners.push(Owner { device: device.map(str::to_owned), label: Vec::new(), tags: BTreeMap::new() });
            self.owners.len() - 1
        })
    }

    fn topic(&self, kind: &str, device: Option<&str>) -> String {
        Topic::with(&self.group, kind, &self.name, device)
    }

    fn next_sequence(&mut self) -> u64 {
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        u64::from(sequence)
    }

    fn message(&self, kind: &str, device: Option<&str>, qos: u8, payload: BytesMut) -> SessionMessage {
        SessionMessage { topic: self.topic(kind, device), payload: payload.freeze(), qos }
    }

    fn write_death_number(&self, now_ms: u64, out: &mut BytesMut) {
        write_message(field::PAYLOAD_METRIC, out, |out| {
            write_octets(field::NAME, DEATH_NUMBER.as_bytes(), out);
            write_number(field::TIMESTAMP, now_ms, out);
            write_number(field::DATATYPE, tag::INT_64, out);
            write_number(field::LONG, u64::from(self.death_number.unwrap_or_default()), out);
        });
    }

    fn death(&self, now_ms: u64, qos: u8) -> SessionMessage {
        let mut payload = BytesMut::new();
        write_number(field::PAYLOAD_TIMESTAMP, now_ms, &mut payload);
        self.write_death_number(now_ms, &mut payload);
        self.message("NDEATH", None, qos, payload)
    }

    /// All births: the first of them begins the sequence numbers anew (tck-id-payloads-sequence-num-zero-nbirth).
    fn births(&mut self, now_ms: u64) -> Vec<SessionMessage> {
        self.sequence = 0;
        let births = (0..self.owners.len()).map(|place| {
            let mut payload = BytesMut::new();
            write_number(field::PAYLOAD_TIMESTAMP, now_ms, &mut payload);
            let owner = &self.owners[place];
            if owner.device.is_none() {
                self.write_death_number(now_ms, &mut payload);
                write_message(field::PAYLOAD_METRIC, &mut payload, |out| {
                    write_octets(field::NAME, REBIRTH.as_bytes(), out);
                    write_number(field::TIMESTAMP, now_ms, out);
                    write_number(field::DATATYPE, tag::BOOLEAN, out);
                    write_number(field::BOOLEAN, 0, out);
                });
            }
            owner.write_metrics(now_ms, &mut payload);
            let sequence = self.next_sequence();
            write_number(field::PAYLOAD_SEQUENCE, sequence, &mut payload);
            let device = self.owners[place].device.as_deref();
            let kind = if device.is_some() { "DBIRTH" } else { "NBIRTH" };
            self.message(kind, device, 0, payload)
        });
        births.collect()
    }
}

impl Owner {
    /// Takes what the messages of a stream say among its metrics.
    fn declare(&mut self, place: u64, stream: &SessionStream) {
        for tag in Tag::of_message().chain(stream.metrics.iter().copied().map(Tag::Of)) {
            self.tags.entry(tag.name()).or_insert_with(|| Declared { tag, alias: tag.alias(place), last: None });
        }
        self.label = vec![
            ("Properties/Manufacturer", stream.device.manufacturer.clone()),
            ("Properties/Model", stream.device.model.clone()),
            ("Properties/Firmware", stream.device.firmware.clone()),
            ("Properties/Serial", stream.device_serial.clone()),
        ];
    }

    fn write_metrics(&self, now_ms: u64, out: &mut BytesMut) {
        for (name, text) in &self.label {
            write_message(field::PAYLOAD_METRIC, out, |out| {
                write_octets(field::NAME, name.as_bytes(), out);
                write_number(field::TIMESTAMP, now_ms, out);
                write_number(field::DATATYPE, tag::STRING, out);
                write_octets(field::STRING, text.as_bytes(), out);
            });
        }
        for (name, declared) in &self.tags {
            let Declared { tag, alias, last } = declared;
            write_message(field::PAYLOAD_METRIC, out, |out| {
                write_octets(field::NAME, name.as_bytes(), out);
                write_number(field::ALIAS, *alias, out);
                write_number(field::TIMESTAMP, last.as_ref().map_or(now_ms, |(time_ms, _)| *time_ms), out);
                write_number(field::DATATYPE, tag.datatype(), out);
                if last.is_none() {
                    write_number(field::IS_NULL, 1, out);
                }
                write_unit(*tag, out);
                if let Some((_, value)) = last {
                    out.extend_from_slice(value);
                }
            });
        }
    }
}

/// What a metric is measured in, and its code in IEEE 11073.
fn write_unit(tag: Tag, out: &mut BytesMut) {
    let Some(metric) = tag.metric() else { return };
    let unit = metric.ucum.map(|ucum| ("engUnit", ucum.to_owned()));
    let code = metric.mdc_code.map(|code| ("mdc", code.to_string()));
    let properties: Vec<_> = unit.into_iter().chain(code).collect();
    if properties.is_empty() {
        return;
    }
    write_message(field::PROPERTIES, out, |out| {
        for (key, _) in &properties {
            write_octets(field::PROPERTY_KEY, key.as_bytes(), out);
        }
        for (_, text) in &properties {
            write_text_property(text, out);
        }
    });
}

impl FormatSession for Node {
    fn filters(&self) -> Vec<String> {
        vec![self.topic("NCMD", None)]
    }

    fn connect(&mut self, now_ms: i64) -> SessionMessage {
        // From 0, and one more with each CONNECT (tck-id-payloads-nbirth-bdseq-repeat).
        self.death_number = Some(self.death_number.map_or(0, |number| number.wrapping_add(1)));
        self.death(now_ms.cast_unsigned(), QOS_OF_WILL)
    }

    fn open(&mut self, now_ms: i64) -> Vec<SessionMessage> {
        self.births(now_ms.cast_unsigned())
    }

    /// A rebirth, if that is what is asked for; the death that belongs to it is the one that the will has.
    fn hear(&mut self, topic: &[u8], payload: &[u8], now_ms: i64) -> Vec<SessionMessage> {
        let is_for_me = topic == self.topic("NCMD", None).as_bytes();
        let asks = Payload::read(payload)
            .is_ok_and(|payload| payload.named(REBIRTH).and_then(Metric::boolean).is_some_and(|is_wanted| is_wanted));
        if is_for_me && asks { self.births(now_ms.cast_unsigned()) } else { Vec::new() }
    }

    /// Numbers for names, the next sequence number, and the mark of what has waited for the connection.
    fn dress(&mut self, topic: &str, payload: &[u8], is_backfill: bool, now_ms: i64) -> Bytes {
        let mut out = BytesMut::with_capacity(payload.len() + 8);
        let device = Topic::read(topic).and_then(|topic| topic.device);
        let owner = self.owners.iter_mut().find(|owner| owner.device.as_deref() == device);
        // What is not of this format goes out as it is, and whoever watches complains.
        let (Ok(read), Some(owner)) = (Payload::read(payload), owner) else { return Bytes::copy_from_slice(payload) };
        let sent_ms = if is_backfill { Some(now_ms.cast_unsigned()) } else { read.timestamp_ms };
        if let Some(sent_ms) = sent_ms {
            write_number(field::PAYLOAD_TIMESTAMP, sent_ms, &mut out);
        }
        for metric in &read.metrics {
            let is_backfill = is_backfill || metric.is_historical;
            let declared = metric.name.and_then(|name| owner.tags.get_mut(name));
            write_message(field::PAYLOAD_METRIC, &mut out, |out| write_dressed(metric, declared, is_backfill, out));
        }
        for field in &read.others {
            write_field(*field, &mut out);
        }
        let sequence = self.next_sequence();
        write_number(field::PAYLOAD_SEQUENCE, sequence, &mut out);
        out.freeze()
    }

    fn close(&mut self, now_ms: i64) -> Vec<SessionMessage> {
        // The will is not published then (tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath).
        vec![self.death(now_ms.cast_unsigned(), 0)]
    }
}

/// A metric of a message; what its birth has said is not said again.
fn write_dressed(metric: &Metric<'_>, mut declared: Option<&mut Declared>, is_backfill: bool, out: &mut BytesMut) {
    match (&declared, metric.name) {
        (Some(declared), _) => write_number(field::ALIAS, declared.alias, out),
        (None, Some(name)) => write_octets(field::NAME, name.as_bytes(), out),
        (None, None) => {}
    }
    if let Some(time_ms) = metric.timestamp_ms {
        write_number(field::TIMESTAMP, time_ms, out);
    }
    let expected = declared.as_ref().map(|declared| declared.tag.datatype());
    if let Some(datatype) = metric.datatype.filter(|datatype| expected != Some(*datatype)) {
        write_number(field::DATATYPE, datatype, out);
    }
    if is_backfill {
        write_number(field::IS_HISTORICAL, 1, out);
    }
    if metric.is_null {
        write_number(field::IS_NULL, 1, out);
    }
    if let Some(properties) = metric.properties {
        write_octets(field::PROPERTIES, properties, out);
    }
    for field in &metric.others {
        write_field(*field, out);
    }
    let Some(value) = metric.value else { return };
    let at = out.len();
    write_field(value, out);
    // What tells which message it is says nothing in a birth, and the past is no present value.
    if let Some(declared) = declared.as_mut().filter(|declared| declared.tag.metric().is_some())
        && value.number != field::BYTES
        && expected == metric.datatype
        && !is_backfill
    {
        declared.last = Some((metric.timestamp_ms.unwrap_or_default(), Bytes::copy_from_slice(&out[at..])));
    }
}
