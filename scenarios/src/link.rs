//! Reads targets and links.

use sim_core::{Registry, Span};

use crate::diagnostic::{Checked, Place};
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
    pub(crate) plan: Checked<TargetPlan>,
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
    pub(crate) body: Checked<LinkBody>,
}

/// What is known of a link before it is read.
#[derive(Debug)]
pub(crate) struct LinkHead {
    pub(crate) id: Placed<String>,
    pub(crate) is_radio: bool,
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
            let mut host = None;
            let url = match kind {
                Ok("hci") => read_host(&reader).map(|read| host.insert(read).listen.clone()),
                // Without a kind nobody knows which keys there should be.
                Err(refused) if !reader.has("url") => Err(refused),
                _ => reader.text("url").and_then(|url| {
                    check_url(&reader, &url.text, url.start())?;
                    Ok(url.text)
                }),
            };
            let plan = kind.and(url).map(|url| TargetPlan { id: id.value.clone(), url });
            TargetDraft { id, plan, is_host: kind == Ok("hci"), host }
        })
        .collect()
}

fn check_url(reader: &Reader<'_>, url: &str, place: Place) -> Checked<()> {
    const NAMES: [&str; 3] = ["embedded", "mosquitto", "mqtt://host:1883"];
    if NAMES[..2].contains(&url) {
        return Ok(());
    }
    let refuse = |message: String| Err(reader.notes.error(place, message));
    let Some((scheme, rest)) = url.split_once("://") else {
        return refuse(format!("`{url}` is not a target{}", hint(url, "targets", NAMES)));
    };
    if rest.contains('@') {
        // What stands before the `@` may be a password, so none of it is repeated.
        return refuse("an address holds no name and no password; write them as `auth` of the link".to_owned());
    }
    if matches!(scheme, "mqtts" | "ws" | "wss") {
        return refuse(format!("`{scheme}://` is not supported yet; use `mqtt://`"));
    }
    if scheme != "mqtt" {
        return refuse(format!("`{scheme}://` is not a scheme of MQTT; write `mqtt://host:1883`"));
    }
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or((rest, "bad"), |(host, port)| (host, port)),
        None => rest.find(':').map_or((rest, ""), |colon| rest.split_at(colon)),
    };
    let port_is_sound =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let host_is_sound = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
    if host_is_sound && port_is_sound {
        return Ok(());
    }
    refuse(format!("`{url}` is not an address; write `mqtt://host:1883`"))
}

/// Reads every `[link.ID]` and every `[gateway.ID]`, which lean on each other.
pub(crate) fn read_links(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    targets: &[TargetDraft],
) -> (Vec<LinkDraft>, Vec<GatewayDraft>) {
    let link_spec = spec_below(spec, "link");
    let mut heads = Vec::new();
    let mut readers = Vec::new();
    // Those that are Bluetooth are read once the gateways are known.
    let mut bodies: Vec<Option<Checked<LinkBody>>> = Vec::new();
    for (id, table) in root.named_below("link") {
        let reader = Reader::new(root.notes, table, link_spec, format!("[link.{}]", id.value), None);
        let carrier = reader.choice("carrier");
        bodies.push(match carrier {
            Ok("ble") => None,
            Ok(_) => Some(read_connection(&reader, link_spec, registry, targets, &id.value)),
            Err(refused) => Some(Err(refused)),
        });
        heads.push(LinkHead { id, is_radio: carrier == Ok("ble") });
        readers.push(reader);
    }
    let gateways = read_gateways(root, spec, registry, &heads, targets);
    for (index, reader) in readers.iter().enumerate() {
        if bodies[index].is_none() {
            let body = read_radio_link(reader, targets, &gateways, &bodies, &heads[index].id.value);
            bodies[index] = Some(body);
        }
    }
    let bodies = bodies.into_iter().map(|body| body.expect("every link has been read"));
    let links: Vec<LinkDraft> = heads
        .into_iter()
        .zip(bodies)
        .map(|(LinkHead { id, is_radio }, body)| LinkDraft { id, is_radio, body })
        .collect();
    for (index, link) in links.iter().enumerate() {
        let handed_on = gateways.iter().any(|gateway| gateway.link == Ok(index));
        if let Some(body) = link.body.as_ref().ok().filter(|body| body.names_gateway() && !handed_on)
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
) -> Checked<LinkBody> {
    let target = read_reference(reader, "to", "target", targets.iter().map(|target| target.id.value.as_str()));
    let target = target.and_then(|index| {
        let target = &targets[index];
        if target.is_host {
            let message =
                format!("target `{}` is a Bluetooth host; a link to it has `carrier = \"ble\"`", target.id.value);
            return Err(reader.notes.error(reader.place("to"), message));
        }
        Ok(index)
    });
    let format = reader.text("format").and_then(|format| {
        let names = registry.public_formats().map(|format| format.name);
        if !names.clone().any(|name| name == format.text) {
            let hint = hint(&format.text, "formats", names);
            let message = format!("there is no format `{}`{hint}", format.text);
            return Err(reader.notes.error(format.start(), message));
        }
        Ok(format.text)
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
    let session = read_session(reader, spec, protocol.ok());
    let outbox = read_outbox(reader, spec);
    let will = reader.optional("will", |link, key| read_will(link, spec, key));
    let auth = reader.optional("auth", |link, key| read_auth(link, spec, key));
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
    Ok(LinkBody {
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
) -> Checked<usize> {
    let text = reader.text(key)?;
    names.clone().position(|name| name == text.text).ok_or_else(|| {
        let names: Vec<&str> = names.collect();
        let hint = hint(&text.text, &format!("{what}s"), names);
        reader.notes.error(text.start(), format!("there is no {what} `{}`{hint}", text.text))
    })
}

/// Reads `qos`.
pub(crate) fn read_qos(reader: &Reader<'_>) -> Checked<u8> {
    reader.choice("qos").map(|word| u8::from(word == "1"))
}

fn read_session(link: &Reader<'_>, spec: &'static TableSpec, protocol: Option<Protocol>) -> Checked<SessionPlan> {
    let empty = link.empty_table();
    let table = link.optional_table("session", &empty)?;
    let reader = Reader::new(link.notes, table, spec_below(spec, "session"), "`session`".to_owned(), None);
    let clean = reader.flag("clean");
    let expiry = reader.duration("expiry");
    let keep_alive = reader.duration("keep_alive").and_then(|keep_alive| {
        let seconds = keep_alive.value.seconds();
        let sound = seconds <= 65_535.0 && keep_alive.value == Span::from_secs(seconds as i64);
        if sound {
            return Ok(keep_alive.value);
        }
        let message = format!("`keep_alive` is whole seconds up to 65535, got {}", keep_alive.value);
        Err(reader.notes.error(keep_alive.place, message))
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
    if let (Ok(initial), Ok(longest)) = (&initial, &longest)
        && longest.value < initial.value
    {
        let message = format!("the longest wait ({}) is shorter than the first ({})", longest.value, initial.value);
        reader.notes.error(reader.place("backoff_longest").max(reader.place("backoff_initial")), message);
    }
    if let (Ok(clean), Ok(expiry), Some(protocol)) = (clean, &expiry, protocol) {
        warn_about_expiry(&reader, clean, expiry.value, protocol);
    }
    Ok(SessionPlan {
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

fn read_outbox(link: &Reader<'_>, spec: &'static TableSpec) -> Checked<OutboxPlan> {
    let empty = link.empty_table();
    let table = link.optional_table("outbox", &empty)?;
    let reader = Reader::new(link.notes, table, spec_below(spec, "outbox"), "`outbox`".to_owned(), None);
    let messages = reader.count("messages");
    let full = reader.choice("full");
    let full = if full? == "drop_newest" { OutboxFull::DropNewest } else { OutboxFull::DropOldest };
    Ok(OutboxPlan { messages: messages?.value as u32, full })
}

fn read_will(link: &Reader<'_>, spec: &'static TableSpec, key: &str) -> Checked<WillDraft> {
    let table = link.table_below(key)?;
    let reader = Reader::new(link.notes, table, spec_below(spec, key), "`will`".to_owned(), None);
    let topic = reader.template("topic");
    let topic = topic.and_then(|text| Template::read(reader.notes, "topic", &text, Use::DeviceTopic));
    let body = reader.template("body");
    let body = body.and_then(|text| Template::read(reader.notes, "body", &text, Use::DeviceText));
    let qos = read_qos(&reader);
    let retain = reader.flag("retain");
    Ok(WillDraft { topic: topic?, body: body?, qos: qos?, retain: retain? })
}

fn read_auth(link: &Reader<'_>, spec: &'static TableSpec, key: &str) -> Checked<AuthPlan> {
    let table = link.table_below(key)?;
    let reader = Reader::new(link.notes, table, spec_below(spec, key), "`auth`".to_owned(), None);
    let user = reader.text("user");
    let password = reader.text("password");
    Ok(AuthPlan { user: user?.text, password: password?.text })
}
