//! Reads links over which devices and gateways have connections of their own.

use sim_core::{CarrierKind, Registry, Span};

use crate::language::diagnostic::{Checked, Place};
use crate::language::document::Text;
use crate::language::folder::Folder;
use crate::language::names::{read_qos, read_reference};
use crate::language::parameter::read_with;
use crate::language::reader::{Placed, Reader};
use crate::language::schema::TableSpec;
use crate::language::suggestion::hint;
use crate::language::template::{Names, Template, Use};
use crate::network::cloud::CloudLink;
use crate::network::payload::PayloadDraft;
use crate::network::radio::RadioDraft;
use crate::network::target::TargetDraft;
use crate::plan::{
    Algorithm, AuthPlan, Backoff, BackoffKind, Carrier, LinkAuth, LinkPlan, Mqtt5Plan, OutboxFull, OutboxPlan,
    Protocol, SessionPlan, TokenKind, TokenPlan,
};

/// Longest string that MQTT can carry [bytes].
const LONGEST_STRING: usize = 65_535;

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
    /// `None` where the carrier knows no clients.
    pub(crate) client_id: Option<Template>,
    pub(crate) client_id_place: Place,
    pub(crate) will: Option<WillDraft>,
    pub(crate) auth: Option<AuthDraft>,
    /// The Bluetooth side, unless devices have a connection of their own.
    pub(crate) radio: Option<RadioDraft>,
}

impl LinkBody {
    /// Whether one of its templates names the gateway.
    pub(crate) fn names_gateway(&self) -> bool {
        let will = self.will.iter().flat_map(|will| [&will.topic, &will.body]);
        let auth = self.auth.iter().flat_map(|auth| [&auth.user, &auth.password]);
        [&self.topic].into_iter().chain(&self.client_id).chain(will).chain(auth).any(Template::names_gateway)
    }
}

/// A last will as declared.
#[derive(Debug, Clone)]
pub(crate) struct WillDraft {
    pub(crate) topic: Template,
    pub(crate) body: Template,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) delay: Span,
}

/// Name and password as declared.
#[derive(Debug, Clone)]
pub(crate) struct AuthDraft {
    pub(crate) user: Template,
    /// Of nothing where there is a token.
    pub(crate) password: Template,
    pub(crate) token: Option<TokenDraft>,
    pub(crate) place: Place,
}

/// A token as declared.
#[derive(Debug, Clone)]
pub(crate) struct TokenDraft {
    says: TokenSays,
    key: Template,
    lifetime: Span,
}

#[derive(Debug, Clone)]
enum TokenSays {
    Jwt { algorithm: Algorithm, subject: Template, audience: Option<Template> },
    Sas { resource: Template },
}

impl TokenDraft {
    /// The token of somebody with these names.
    pub(crate) fn render(&self, names: &Names<'_>) -> TokenPlan {
        let kind = match &self.says {
            TokenSays::Jwt { algorithm, subject, audience } => TokenKind::Jwt {
                algorithm: *algorithm,
                subject: subject.render(names),
                audience: audience.as_ref().map(|audience| audience.render(names)),
            },
            TokenSays::Sas { resource } => TokenKind::Sas { resource: resource.render(names) },
        };
        TokenPlan { kind, key: self.key.render(names), lifetime: self.lifetime }
    }

    /// The token, if it is the same for everybody.
    pub(crate) fn of_everybody(&self) -> Option<TokenPlan> {
        let kind = match &self.says {
            TokenSays::Jwt { algorithm, subject, audience } => TokenKind::Jwt {
                algorithm: *algorithm,
                subject: subject.literal()?,
                audience: audience.as_ref().map(|audience| audience.literal().ok_or(())).transpose().ok()?,
            },
            TokenSays::Sas { resource } => TokenKind::Sas { resource: resource.literal()? },
        };
        Some(TokenPlan { kind, key: self.key.literal()?, lifetime: self.lifetime })
    }
}

/// Reads a link over which devices or gateways have connections of their own.
pub(crate) fn read_connection(
    reader: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    carrier: &CarrierKind,
    (targets, payloads, folder): (&[TargetDraft], &[PayloadDraft], Folder<'_>),
    id: &str,
) -> Checked<LinkBody> {
    let takes = |key: &str| carrier.link_keys.contains(&key);
    let target = read_reference(reader, "to", "target", targets.iter().map(|target| target.id.value.as_str()));
    let target = target.and_then(|index| {
        let target = &targets[index];
        if target.is_host {
            let message =
                format!("target `{}` is a Bluetooth host; a link to it has `carrier = \"ble\"`", target.id.value);
            return Err(reader.notes.error(reader.place("to"), message));
        }
        match target.carrier {
            Some(other) if other != carrier.name => {
                let (id, own) = (&target.id.value, carrier.name);
                let message = format!("target `{id}` is one of carrier `{other}`, and this link is over `{own}`");
                Err(reader.notes.error(reader.place("to"), message))
            }
            _ => Ok(index),
        }
    });
    let format = read_format(reader, registry, payloads);
    let topic = reader.template("topic");
    let topic_place = reader.place("topic");
    let cloud = target.ok().and_then(|index| CloudLink::of(reader, &targets[index]));
    let topic = topic.and_then(|text| {
        cloud.map_or(Ok(()), |cloud| cloud.check_topic(&text))?;
        (carrier.checks.topic)(&text.text).map_err(|reason| reader.notes.error(text.start(), reason))?;
        Template::read(reader.notes, "topic", &text, Use::StreamTopic)
    });
    let client_id_place = reader.place("client_id");
    let client_id = if takes("client_id") {
        let of_cloud = cloud.and_then(|cloud| cloud.client_id());
        let text = of_cloud.map_or_else(|| reader.template("client_id"), Ok);
        text.and_then(|text| Template::read(reader.notes, "client_id", &text, Use::DeviceText)).map(Some)
    } else {
        Ok(None)
    };
    let qos = if takes("qos") { read_qos(reader) } else { Ok(u8::from(carrier.acknowledges)) };
    let retain = reader.flag("retain");
    let protocol = reader.choice("protocol").map(|word| if word == "5" { Protocol::V5 } else { Protocol::V311 });
    let session = read_session(reader, spec, protocol.ok());
    let outbox = read_outbox(reader, spec);
    if let (Ok(2), Ok(session)) = (&qos, &session) {
        warn_about_once(reader, session, protocol.ok());
    }
    let owner = format!("carrier `{}`", carrier.name);
    let arguments = read_with(reader, owner, &carrier.link_parameters, folder);
    let arguments = arguments.and_then(|arguments| {
        let place = if reader.has("with") { reader.place("with") } else { reader.place("carrier") };
        (carrier.checks.link)(&arguments).map_err(|reason| reader.notes.error(place, reason))?;
        Ok(arguments)
    });
    let mqtt5 = reader.optional("mqtt5", |link, key| read_mqtt5(link, spec, key));
    let will = reader.optional("will", |link, key| read_will(link, spec, key, protocol.ok(), cloud));
    let auth = reader.optional("auth", |link, key| read_auth(link, spec, key, cloud));
    if let (Some(cloud), Ok(qos), Ok(retain)) = (cloud, &qos, &retain) {
        cloud.check_publication(reader, *qos, *retain);
        cloud.check(protocol.ok(), session.as_ref().ok());
    }
    if let (Ok(Some((_, LinkAuth { shared: None, .. }))), Ok(target)) = (&auth, &target) {
        warn_about_strangers(reader, &targets[*target]);
    }
    let (auth, link_auth) = auth?.unzip();
    let plan = LinkPlan {
        id: id.to_owned(),
        carrier: Carrier::Connection,
        over: carrier.name.to_owned(),
        target: target?,
        format: format?,
        arguments: arguments?,
        qos: qos?,
        protocol: takes("protocol").then_some(protocol?),
        mqtt5: mqtt5?,
        session: takes("session").then_some(session?),
        outbox: takes("outbox").then_some(outbox?),
        auth: link_auth,
    };
    Ok(LinkBody {
        plan,
        retain: retain?,
        topic: topic?,
        topic_place,
        client_id: client_id?,
        client_id_place,
        will: will?,
        auth,
        radio: None,
    })
}

/// Reads which format a link has: a registered one, or one of the scenario's own.
fn read_format(reader: &Reader<'_>, registry: &Registry, payloads: &[PayloadDraft]) -> Checked<String> {
    let format = reader.text("format")?;
    if let Some(payload) = payloads.iter().find(|payload| payload.id.value == format.text) {
        return payload.body.as_ref().map(|_| format.text).map_err(|refused| *refused);
    }
    let fixed = registry.public_formats().filter(|row| row.as_fixed().is_some()).map(|row| row.name);
    if fixed.clone().any(|name| name == format.text) {
        return Ok(format.text);
    }
    let word = &format.text;
    let message = if registry.public_formats().any(|row| row.name == word) {
        format!(
            "format `{word}` is made from parameters: write a table `[payload.ID]` with `kind = \"{word}\"` and name its ID here"
        )
    } else {
        let names = fixed.chain(payloads.iter().map(|payload| payload.id.value.as_str()));
        format!("there is no format `{word}`{}", hint(word, "formats", names))
    };
    Err(reader.notes.error(format.start(), message))
}

fn read_session(link: &Reader<'_>, spec: &'static TableSpec, protocol: Option<Protocol>) -> Checked<SessionPlan> {
    let empty = link.empty_table();
    let table = link.optional_table("session", &empty)?;
    let reader = Reader::new(link.notes, table, spec.below("session"), "`session`".to_owned(), None);
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
        Protocol::V311 if expiry > Span::ZERO => {
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

/// Only a session that the broker keeps knows after a cut what has been delivered.
fn warn_about_once(link: &Reader<'_>, session: &SessionPlan, protocol: Option<Protocol>) {
    let forgets = protocol == Some(Protocol::V5) && session.expiry == Span::ZERO;
    if session.clean || forgets {
        let kept =
            if protocol == Some(Protocol::V5) { "{ clean = false, expiry = \"1h\" }" } else { "{ clean = false }" };
        let message = format!(
            "QoS 2 holds across cuts only in a session that the broker keeps; with this one a cut may lose or double \
             messages: `session = {kept}`"
        );
        link.notes.warning(link.place("qos"), message);
    }
}

fn read_outbox(link: &Reader<'_>, spec: &'static TableSpec) -> Checked<OutboxPlan> {
    let empty = link.empty_table();
    let table = link.optional_table("outbox", &empty)?;
    let reader = Reader::new(link.notes, table, spec.below("outbox"), "`outbox`".to_owned(), None);
    let messages = reader.count("messages");
    let full = reader.choice("full");
    let full = if full? == "drop_newest" { OutboxFull::DropNewest } else { OutboxFull::DropOldest };
    Ok(OutboxPlan { messages: messages?.value as u32, full })
}

/// A duration as MQTT 5 counts them.
fn read_whole_seconds(reader: &Reader<'_>, key: &str) -> Checked<Span> {
    let given = reader.duration(key)?;
    let seconds = given.value.nanos() / 1_000_000_000;
    if given.value == Span::from_secs(seconds) && u32::try_from(seconds).is_ok() {
        return Ok(given.value);
    }
    let message = format!("`{key}` is whole seconds up to {}, got {}", u32::MAX, given.value);
    Err(reader.notes.error(given.place, message))
}

fn read_mqtt5(link: &Reader<'_>, spec: &'static TableSpec, key: &str) -> Checked<Mqtt5Plan> {
    let table = link.table_below(key)?;
    let reader = Reader::new(link.notes, table, spec.below(key), "`mqtt5`".to_owned(), None);
    let message_expiry = read_whole_seconds(&reader, "message_expiry");
    let topic_alias = reader.flag("topic_alias");
    let user_properties = reader.optional("user_properties", Reader::texts).and_then(|texts| {
        let read = |text: &Text| match text.text.split_once('=') {
            Some(_) if text.text.chars().any(char::is_control) => {
                let message = "a user property has no control characters (MQTT 5, section 1.5.4)";
                Err(reader.notes.error(text.start(), message))
            }
            Some((name, value)) if !name.is_empty() && name.len().max(value.len()) <= LONGEST_STRING => {
                Ok((name.to_owned(), value.to_owned()))
            }
            Some(("", _)) => Err(reader.notes.error(text.start(), "a user property has a name before the `=`")),
            Some(_) => Err(reader.notes.error(text.start(), "a user property is no longer than 65535 bytes")),
            None => {
                let message = format!("`{}` is no user property; write `name=value`", text.text);
                Err(reader.notes.error(text.start(), message))
            }
        };
        let read: Vec<Checked<_>> = texts.iter().flatten().map(read).collect();
        read.into_iter().collect::<Checked<Vec<_>>>()
    });
    let message_property = reader.flag("message_property");
    let traceparent = reader.flag("traceparent");
    let receive_maximum = reader.optional("receive_maximum", Reader::count);
    let maximum_packet_size = reader.optional("maximum_packet_size", Reader::count);
    Ok(Mqtt5Plan {
        message_expiry: message_expiry?,
        topic_alias: topic_alias?,
        user_properties: user_properties?,
        message_property: message_property?,
        traceparent: traceparent?,
        receive_maximum: receive_maximum?.map(|count| count.value as u16),
        maximum_packet_size: maximum_packet_size?.map(|count| count.value as u32),
    })
}

fn read_will(
    link: &Reader<'_>,
    spec: &'static TableSpec,
    key: &str,
    protocol: Option<Protocol>,
    cloud: Option<CloudLink<'_>>,
) -> Checked<WillDraft> {
    let table = link.table_below(key)?;
    let reader = Reader::new(link.notes, table, spec.below(key), "`will`".to_owned(), None);
    let topic = reader.template("topic");
    let topic = topic.and_then(|text| Template::read(reader.notes, "topic", &text, Use::DeviceTopic));
    let body = reader.template("body");
    let body = body.and_then(|text| Template::read(reader.notes, "body", &text, Use::DeviceText));
    let qos = read_qos(&reader);
    let retain = reader.flag("retain");
    let delay = read_whole_seconds(&reader, "delay");
    if protocol == Some(Protocol::V311) && reader.has("delay") {
        let message = "MQTT 3.1.1 publishes a will at once; set `protocol = \"5\"` on the link";
        return Err(reader.notes.error(reader.place("delay"), message));
    }
    if let (Some(cloud), Ok(qos), Ok(retain)) = (cloud, &qos, &retain) {
        cloud.check_publication(&reader, *qos, *retain);
    }
    Ok(WillDraft { topic: topic?, body: body?, qos: qos?, retain: retain?, delay: delay? })
}

fn read_auth(
    link: &Reader<'_>,
    spec: &'static TableSpec,
    key: &str,
    cloud: Option<CloudLink<'_>>,
) -> Checked<(AuthDraft, LinkAuth)> {
    let table = link.table_below(key)?;
    let reader = Reader::new(link.notes, table, spec.below(key), "`auth`".to_owned(), None);
    let read_text = |key: &str, text: Text| Ok((Template::read(reader.notes, key, &text, Use::DeviceText)?, text.text));
    let read = |key: &str| read_text(key, reader.template(key)?);
    let signature = cloud.and_then(|cloud| cloud.signature());
    let (own_user, resource) = signature.unzip();
    let user = match own_user.filter(|_| !reader.has("user")) {
        Some(text) => read_text("user", text),
        None => read("user"),
    };
    let token = reader.optional("token", |auth, key| read_token(auth, spec.below("auth"), key, resource));
    let password = match check_password_or_token(&reader) {
        Ok(true) => read("password").map(|(password, _)| Some(password)),
        Ok(false) => Ok(None),
        Err(refused) => Err(refused),
    };
    let ((user, written), password) = (user?, password?);
    let literal = password.as_ref().and_then(|password| user.literal().zip(password.literal()));
    let shared = literal.map(|(user, password)| AuthPlan { user, password });
    let draft =
        AuthDraft { user, password: password.unwrap_or(Template::empty()), token: token?, place: link.place(key) };
    Ok((draft, LinkAuth { user: written, shared }))
}

/// Whether an `auth` has a password; complains unless it has that or a token.
pub(crate) fn check_password_or_token(auth: &Reader<'_>) -> Checked<bool> {
    match (auth.has("password"), auth.has("token")) {
        (true, false) => Ok(true),
        (false, true) => Ok(false),
        (true, true) => {
            let message = "there is a `password` or a `token`, not both";
            Err(auth.notes.error(auth.place("token"), message))
        }
        (false, false) => Err(auth.missing("password")),
    }
}

/// Reads a token; a cloud that takes signatures says of which `resource`, where the scenario does not.
pub(crate) fn read_token(
    auth: &Reader<'_>,
    spec: &'static TableSpec,
    key: &str,
    resource: Option<Text>,
) -> Checked<TokenDraft> {
    let table = auth.table_below(key)?;
    let reader = Reader::new(auth.notes, table, spec.below(key), "`token`".to_owned(), None);
    let made = |key: &str, text: &Text| Template::read(reader.notes, key, text, Use::DeviceText);
    let template = |key: &str| made(key, &reader.template(key)?);
    let of_cloud = resource.filter(|_| !reader.has("kind"));
    let kind = reader.choice("kind");
    let key = template("key");
    let lifetime = read_whole_seconds(&reader, "lifetime").and_then(|lifetime| {
        if lifetime > Span::ZERO {
            return Ok(lifetime);
        }
        Err(reader.notes.error(reader.place("lifetime"), "a token that is good for no time opens nothing"))
    });
    let says = if let Some(resource) = of_cloud {
        kind?;
        TokenSays::Sas { resource: made("resource", &resource)? }
    } else if kind? == "sas" {
        let resource = if reader.has("resource") { template("resource") } else { Err(reader.missing("resource")) };
        TokenSays::Sas { resource: resource? }
    } else {
        let algorithm = reader.choice("algorithm").map(|word| match word {
            "RS256" => Algorithm::Rs256,
            "ES256" => Algorithm::Es256,
            _ => Algorithm::Hs256,
        });
        let subject = template("subject");
        let audience = reader.optional("audience", |_, key| template(key));
        TokenSays::Jwt { algorithm: algorithm?, subject: subject?, audience: audience? }
    };
    Ok(TokenDraft { says, key: key?, lifetime: lifetime? })
}

/// Devices with names of their own leave none for those who are no devices.
fn warn_about_strangers(reader: &Reader<'_>, target: &TargetDraft) {
    let lets_watch = target.cloud.as_ref().is_none_or(|cloud| cloud.lets_watch);
    if lets_watch && target.plan.as_ref().is_ok_and(|plan| plan.auth.is_none()) {
        let id = &target.id.value;
        let message = format!(
            "each device has a name of its own, and probes have none; give them one with `auth` in [target.{id}]"
        );
        reader.notes.warning(reader.place("auth"), message);
    }
}
