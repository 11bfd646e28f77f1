//! The packets that open a session: CONNECT and SUBSCRIBE.

use bytes::BytesMut;
use rumqttc::mqttbytes::{self, v4};
use rumqttc::v5::mqttbytes::{self as mqttbytes5, v5};
use scenarios::{AuthPlan, Protocol, Will};
use sim_core::Span;
use vocabulary::SessionMessage;

/// What CONNECT says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Greeting<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) protocol: Protocol,
    pub(crate) clean: bool,
    /// How long the broker keeps the session after a disconnect (MQTT 5).
    pub(crate) expiry: Span,
    pub(crate) keep_alive: Span,
    /// Largest packet taken from an MQTT 5 broker [bytes]; `None` is any.
    pub(crate) largest: Option<u32>,
    /// Most messages above `QoS` 0 that an MQTT 5 broker may send ahead of their acknowledgement; `None` is any.
    pub(crate) receive_maximum: Option<u16>,
    pub(crate) will: Option<LastWill<'a>>,
    pub(crate) auth: Option<&'a AuthPlan>,
}

/// What the broker publishes when the connection ends without a goodbye.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastWill<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a [u8],
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    /// How long the broker waits with it (MQTT 5).
    pub(crate) delay: Span,
}

impl<'a> From<&'a Will> for LastWill<'a> {
    fn from(will: &'a Will) -> Self {
        let Will { topic, body, qos, retain, delay } = will;
        Self { topic, payload: body.as_bytes(), qos: *qos, retain: *retain, delay: *delay }
    }
}

impl<'a> From<&'a SessionMessage> for LastWill<'a> {
    fn from(message: &'a SessionMessage) -> Self {
        let SessionMessage { topic, payload, qos } = message;
        Self { topic, payload, qos: *qos, retain: false, delay: Span::ZERO }
    }
}

/// Packet id of a device's one subscription; messages never use it.
pub(crate) const SUBSCRIPTION_ID: u16 = u16::MAX;

/// MQTT 5 section 3.1.2.11.2: the session does not expire.
const NEVER_EXPIRES: u32 = u32::MAX;

/// Why the codec cannot refuse what a fleet writes.
const FITS: &str = "lengths were checked when the fleet started";

/// Keep-alive as CONNECT carries it [s]: rounded up to a whole second, 0 is off.
pub(crate) fn keep_alive_seconds(keep_alive: Span) -> u16 {
    let seconds = (keep_alive.nanos().max(0) + 999_999_999) / 1_000_000_000;
    u16::try_from(seconds).unwrap_or(u16::MAX)
}

/// Appends CONNECT.
pub(crate) fn write_connect(greeting: &Greeting<'_>, output: &mut Vec<u8>) {
    let mut packet = BytesMut::new();
    let keep_alive = keep_alive_seconds(greeting.keep_alive);
    match greeting.protocol {
        Protocol::V311 => {
            v4::Connect {
                protocol: mqttbytes::Protocol::V4,
                keep_alive,
                client_id: greeting.client_id.to_owned(),
                clean_session: greeting.clean,
                last_will: greeting.will.map(will_v4),
                login: greeting.auth.map(|auth| v4::Login::new(&auth.user, &auth.password)),
            }
            .write(&mut packet)
            .expect(FITS);
        }
        Protocol::V5 => {
            let expiry_s = u32::try_from(greeting.expiry.nanos() / 1_000_000_000).unwrap_or(NEVER_EXPIRES);
            let properties = v5::ConnectProperties {
                session_expiry_interval: (expiry_s > 0).then_some(expiry_s),
                max_packet_size: greeting.largest,
                receive_maximum: greeting.receive_maximum,
                ..v5::ConnectProperties::new()
            };
            v5::Connect {
                keep_alive,
                client_id: greeting.client_id.to_owned(),
                clean_start: greeting.clean,
                properties: Some(properties),
            }
            .write(
                &greeting.will.map(will_v5),
                &greeting.auth.map(|auth| v5::Login { username: auth.user.clone(), password: auth.password.clone() }),
                &mut packet,
            )
            .expect(FITS);
        }
    }
    output.extend_from_slice(&packet);
}

/// Appends SUBSCRIBE for several filters.
pub(crate) fn write_subscribe_all(protocol: Protocol, filters: &[String], qos: u8, id: u16, output: &mut Vec<u8>) {
    let mut packet = BytesMut::new();
    match protocol {
        Protocol::V311 => {
            let level = level_v4(qos);
            let filters = filters.iter().map(|filter| v4::SubscribeFilter::new(filter.clone(), level));
            let mut subscribe = v4::Subscribe::new_many(filters);
            subscribe.pkid = id;
            subscribe.write(&mut packet).expect(FITS);
        }
        Protocol::V5 => {
            let level = level_v5(qos);
            let filters = filters.iter().map(|filter| v5::Filter::new(filter.clone(), level));
            let mut subscribe = v5::Subscribe::new_many(filters, None);
            subscribe.pkid = id;
            subscribe.write(&mut packet).expect(FITS);
        }
    }
    output.extend_from_slice(&packet);
}

fn level_v4(qos: u8) -> mqttbytes::QoS {
    match qos {
        0 => mqttbytes::QoS::AtMostOnce,
        1 => mqttbytes::QoS::AtLeastOnce,
        _ => mqttbytes::QoS::ExactlyOnce,
    }
}

fn level_v5(qos: u8) -> mqttbytes5::QoS {
    match qos {
        0 => mqttbytes5::QoS::AtMostOnce,
        1 => mqttbytes5::QoS::AtLeastOnce,
        _ => mqttbytes5::QoS::ExactlyOnce,
    }
}

fn will_v4(will: LastWill<'_>) -> v4::LastWill {
    v4::LastWill::new(will.topic, will.payload, level_v4(will.qos), will.retain)
}

fn will_v5(will: LastWill<'_>) -> v5::LastWill {
    let seconds = u32::try_from(will.delay.nanos() / 1_000_000_000).unwrap_or(u32::MAX);
    let properties = (seconds > 0).then(|| v5::LastWillProperties {
        delay_interval: Some(seconds),
        payload_format_indicator: None,
        message_expiry_interval: None,
        content_type: None,
        response_topic: None,
        correlation_data: None,
        user_properties: Vec::new(),
    });
    v5::LastWill::new(will.topic, will.payload, level_v5(will.qos), will.retain, properties)
}
