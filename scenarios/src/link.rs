//! Reads targets and links.

use sim_core::{Registry, Span};

use crate::diagnostic::Place;
use crate::gateway::{GatewayDraft, read_gateways};
use crate::host::{HostDraft, read_host};
use crate::plan::{
    AuthPlan, Backoff, BackoffKind, Carrier, LinkPlan, OutboxFull, OutboxPlan, Protocol, SessionPlan, TargetPlan,
};
use crate::radio_link::{RadioDraft, read_radio_link};
use crate::reader::{Placed, Reader};
use crate::schema::{TableSpec, Takes};
use crate::suggestion::hint;
use crate::template::{Template, Use};

/// A target as declared.
#[derive(Debug)]
pub(crate) struct TargetDraft {
    pub(crate) id: Placed<String>,
    pub(crate) plan: Option<TargetPlan>,
    /// Whether Bluetooth hosts attach there.
    pub(crate) is_host: bool,
    /// How they do.
    pub(crate) host: Option<HostDraft>,
}

/// A link as declared.
#[derive(Debug)]
pub(crate) struct LinkDraft {
    pub(crate) id: Placed<String>,
    /// Whether it is Bluetooth.
    pub(crate) is_radio: bool,
    pub(crate) body: Option<LinkBody>,
}

/// What a sound link says.
#[derive(Debug)]
pub(crate) struct LinkBody {
    pub(crate) plan: LinkPlan,
    pub(crate) retain: bool,
    pub(crate) topic: Template,
    pub(crate) topic_place: Place,
    pub(crate) client_id: Template,
    pub(crate) client_id_place: Place,
    pub(crate) will: Option<WillDraft>,
    /// The Bluetooth side, unless devices have a connection of their own.
    pub(crate) radio: Option<RadioDraft>,
}

impl LinkBody {
    /// Whether one of its templates names the gateway.
    pub(crate) fn names_gateway(&self) -> bool {
        let will = self.will.iter().flat_map(|will| [&will.topic, &will.body]);
        [&self.topic, &self.client_id].into_iter().chain(will).any(Template::names_gateway)
    }
}

/// A last will as declared.
#[derive(Debug, Clone)]
pub(crate) struct WillDraft {
    pub(crate) topic: Template,
    pub(crate) body: Template,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

/// The row of a table below another.
pub(crate) fn spec_below(spec: &'static TableSpec, key: &str) -> &'static TableSpec {
    match spec.key(key).map(|key| key.takes) {
        Some(Takes::Table(table) | Takes::Named(table) | Takes::Tables(table)) => table,
        _ => panic!("{} has a table `{key}`", spec.heading),
    }
}

/// Reads every `[target.ID]`.
pub(crate) fn read_targets(root: &Reader<'_>, spec: &'static TableSpec) -> Vec<TargetDraft> {
    let spec = spec_below(spec, "target");
    root.named_below("target")
        .into_iter()
        .map(|(id, table)| {
            let reader = Reader::new(root.notes, table, spec, format!("[target.{}]", id.value), None);
            let kind = reader.choice("kind");
            let host = if kind == Some("hci") { read_host(&reader) } else { None };
            let url = match (kind, &host) {
                (Some("hci"), host) => host.as_ref().map(|host| host.listen.clone()),
                _ => reader.text("url").filter(|url| check_url(&reader, &url.text, url.start())).map(|url| url.text),
            };
            let plan = kind.and(url).map(|url| TargetPlan { id: id.value.clone(), url });
            TargetDraft { id, plan, is_host: kind == Some("hci"), host }
        })
        .collect()
}

fn check_url(reader: &Reader<'_>, url: &str, place: Place) -> bool {
    const NAMES: [&str; 3] = ["embedded", "mosquitto", "mqtt://host:1883"];
    if NAMES[..2].contains(&url) {
        return true;
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        reader.notes.error(place, format!("`{url}` is not a target{}", hint(url, "targets", NAMES)));
        return false;
    };
    if matches!(scheme, "mqtts" | "ws" | "wss") {
        reader.notes.error(place, format!("`{scheme}://` is not supported yet; use `mqtt://`"));
        return false;
    }
    if scheme != "mqtt" {
        reader.notes.error(place, format!("`{scheme}://` is not a scheme of MQTT; write `mqtt://host:1883`"));
        return false;
    }
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or((rest, "bad"), |(host, port)| (host, port)),
        None => rest.find(':').map_or((rest, ""), |colon| rest.split_at(colon)),
    };
    let port_is_sound =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let host_is_sound = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@'));
    if !(host_is_sound && port_is_sound) {
        reader.notes.error(place, format!("`{url}` is not an address; write `mqtt://host:1883`"));
    }
    host_is_sound && port_is_sound
}

/// Reads every `[link.ID]` and every `[gateway.ID]`, which lean on each other.
pub(crate) fn read_links(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    targets: &[TargetDraft],
) -> (Vec<LinkDraft>, Vec<GatewayDraft>) {
    let link_spec = spec_below(spec, "link");
    let mut links = Vec::new();
    let mut bluetooth = Vec::new();
    for (id, table) in root.named_below("link") {
        let reader = Reader::new(root.notes, table, link_spec, format!("[link.{}]", id.value), None);
        let carrier = reader.choice("carrier");
        let body = match carrier {
            Some("ble") | None => None,
            Some(_) => read_connection(&reader, link_spec, registry, targets, &id.value),
        };
        links.push(LinkDraft { id, is_radio: carrier == Some("ble"), body });
        bluetooth.push(reader);
    }
    let gateways = read_gateways(root, spec, registry, &links, targets);
    for (index, reader) in bluetooth.iter().enumerate() {
        if links[index].is_radio {
            let body = read_radio_link(reader, targets, &gateways, &links, &links[index].id.value);
            links[index].body = body;
        }
    }
    for (index, link) in links.iter().enumerate() {
        let handed_on = gateways.iter().any(|gateway| gateway.link == Some(index));
        if let Some(body) = link.body.as_ref().filter(|body| body.names_gateway() && !handed_on)
            && body.radio.is_none()
        {
            root.notes.error(
                body.topic_place,
                format!("no gateway uses link `{}`, so `${{gateway}}` has no value", link.id.value),
            );
        }
    }
    (links, gateways)
}

/// Reads a link over which devices or gateways have connections of their own.
fn read_connection(
    reader: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    targets: &[TargetDraft],
    id: &str,
) -> Option<LinkBody> {
    let target = read_reference(reader, "to", "target", targets.iter().map(|target| target.id.value.as_str()));
    let target = target.filter(|target| {
        let target = &targets[*target];
        if target.is_host {
            let message =
                format!("target `{}` is a Bluetooth host; a link to it has `carrier = \"ble\"`", target.id.value);
            reader.notes.error(reader.place("to"), message);
        }
        !target.is_host
    });
    let format = reader.text("format").and_then(|format| {
        let names = registry.public_formats().map(|format| format.name);
        if !names.clone().any(|name| name == format.text) {
            let hint = hint(&format.text, "formats", names);
            reader.notes.error(format.start(), format!("there is no format `{}`{hint}", format.text));
            return None;
        }
        Some(format.text)
    });
    let topic = reader.template("topic");
    let topic_place = reader.place("topic");
    let topic = topic.and_then(|text| Template::read(reader.notes, "topic", &text, Use::StreamTopic));
    let client_id = reader.template("client_id");
    let client_id_place = reader.place("client_id");
    let client_id = client_id.and_then(|text| Template::read(reader.notes, "client_id", &text, Use::DeviceText));
    let qos = read_qos(reader);
    let retain = reader.flag("retain");
    let protocol = reader.choice("protocol").map(|word| if word == "5" { Protocol::V5 } else { Protocol::V311 });
    let session = read_session(reader, spec, protocol);
    let outbox = read_outbox(reader, spec);
    let will = read_will(reader, spec);
    let auth = read_auth(reader, spec);
    let plan = LinkPlan {
        id: id.to_owned(),
        carrier: Carrier::Mqtt,
        target: target?,
        format: format?,
        qos: qos?,
        protocol: protocol?,
        session: session?,
        outbox: outbox?,
        auth: auth?,
    };
    Some(LinkBody {
        plan,
        retain: retain?,
        topic: topic?,
        topic_place,
        client_id: client_id?,
        client_id_place,
        will: will?,
        radio: None,
    })
}

/// Reads the id of something declared elsewhere and gives its position.
pub(crate) fn read_reference<'n>(
    reader: &Reader<'_>,
    key: &str,
    what: &str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Option<usize> {
    let text = reader.text(key)?;
    let found = names.clone().position(|name| name == text.text);
    if found.is_none() {
        let names: Vec<&str> = names.collect();
        let hint = hint(&text.text, &format!("{what}s"), names);
        reader.notes.error(text.start(), format!("there is no {what} `{}`{hint}", text.text));
    }
    found
}

/// Reads `qos`.
pub(crate) fn read_qos(reader: &Reader<'_>) -> Option<u8> {
    reader.choice("qos").map(|word| u8::from(word == "1"))
}

fn read_session(link: &Reader<'_>, spec: &'static TableSpec, protocol: Option<Protocol>) -> Option<SessionPlan> {
    let empty = link.empty_table();
    let table = link.optional_table("session", &empty)?;
    let reader = Reader::new(link.notes, table, spec_below(spec, "session"), "`session`".to_owned(), None);
    let clean = reader.flag("clean");
    let expiry = reader.duration("expiry");
    let keep_alive = reader.duration("keep_alive").and_then(|keep_alive| {
        let seconds = keep_alive.value.seconds();
        let sound = seconds <= 65_535.0 && keep_alive.value == Span::from_secs(seconds as i64);
        if !sound {
            let message = format!("`keep_alive` is whole seconds up to 65535, got {}", keep_alive.value);
            reader.notes.error(keep_alive.place, message);
        }
        sound.then_some(keep_alive.value)
    });
    let kind = reader.choice("backoff").map(|word| match word {
        "none" => BackoffKind::None,
        "fixed" => BackoffKind::Fixed,
        "exp" => BackoffKind::Exponential,
        _ => BackoffKind::ExponentialJitter,
    });
    let initial = reader.duration("backoff_initial");
    let longest = reader.duration("backoff_longest");
    let inflight = reader.count("inflight");
    if let (Some(initial), Some(longest)) = (&initial, &longest)
        && longest.value < initial.value
    {
        let message = format!("the longest wait ({}) is shorter than the first ({})", longest.value, initial.value);
        reader.notes.error(reader.place("backoff_longest").max(reader.place("backoff_initial")), message);
    }
    if let (Some(clean), Some(expiry), Some(protocol)) = (clean, &expiry, protocol) {
        warn_about_expiry(&reader, clean, expiry.value, protocol);
    }
    Some(SessionPlan {
        clean: clean?,
        expiry: expiry?.value,
        keep_alive: keep_alive?,
        backoff: Backoff { kind: kind?, initial: initial?.value, longest: longest?.value },
        inflight: inflight?.value as u16,
    })
}

fn warn_about_expiry(reader: &Reader<'_>, clean: bool, expiry: Span, protocol: Protocol) {
    match protocol {
        Protocol::V311 if reader.has("expiry") => {
            let message = "MQTT 3.1.1 has no session expiry; set `protocol = \"5\"` on the link";
            reader.notes.warning(reader.place("expiry"), message);
        }
        Protocol::V5 if !clean && expiry == Span::ZERO => {
            let message = "with MQTT 5 the session ends with the connection unless `expiry` is set";
            reader.notes.warning(reader.place("clean"), message);
        }
        _ => {}
    }
}

fn read_outbox(link: &Reader<'_>, spec: &'static TableSpec) -> Option<OutboxPlan> {
    let empty = link.empty_table();
    let table = link.optional_table("outbox", &empty)?;
    let reader = Reader::new(link.notes, table, spec_below(spec, "outbox"), "`outbox`".to_owned(), None);
    let messages = reader.count("messages");
    let full = reader.choice("full");
    let full = if full? == "drop_newest" { OutboxFull::DropNewest } else { OutboxFull::DropOldest };
    Some(OutboxPlan { messages: messages?.value as u32, full })
}

/// The outer `None` is a will that is wrong, the inner one no will.
#[expect(clippy::option_option, reason = "wrong and absent are different answers")]
fn read_will(link: &Reader<'_>, spec: &'static TableSpec) -> Option<Option<WillDraft>> {
    if !link.has("will") {
        return Some(None);
    }
    let table = link.table_below("will")?;
    let reader = Reader::new(link.notes, table, spec_below(spec, "will"), "`will`".to_owned(), None);
    let topic = reader.template("topic");
    let topic = topic.and_then(|text| Template::read(reader.notes, "topic", &text, Use::DeviceTopic));
    let body = reader.template("body");
    let body = body.and_then(|text| Template::read(reader.notes, "body", &text, Use::DeviceText));
    let qos = read_qos(&reader);
    let retain = reader.flag("retain");
    Some(Some(WillDraft { topic: topic?, body: body?, qos: qos?, retain: retain? }))
}

#[expect(clippy::option_option, reason = "wrong and absent are different answers")]
fn read_auth(link: &Reader<'_>, spec: &'static TableSpec) -> Option<Option<AuthPlan>> {
    if !link.has("auth") {
        return Some(None);
    }
    let table = link.table_below("auth")?;
    let reader = Reader::new(link.notes, table, spec_below(spec, "auth"), "`auth`".to_owned(), None);
    let user = reader.text("user");
    let password = reader.text("password");
    Some(Some(AuthPlan { user: user?.text, password: password?.text }))
}
