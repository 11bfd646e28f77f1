//! Reads links that are Bluetooth.

use sim_core::{Arguments, Span};

use crate::language::diagnostic::Checked;
use crate::language::reader::Reader;
use crate::language::suggestion::hint;
use crate::language::template::Template;
use crate::network::connection::LinkBody;
use crate::network::gateway::GatewayDraft;
use crate::network::radio::{Peer, RadioDraft, Security};
use crate::network::target::TargetDraft;
use crate::plan::{Backoff, BackoffKind, Carrier, LinkPlan, OutboxFull, OutboxPlan, Protocol, SessionPlan};

/// What the route of a Bluetooth device is encoded with: what was said, for the gateway to put into its own words.
const SAID: &str = "said";

/// Shortest and longest time between advertisements and its step (Bluetooth Core 5.4, volume 6, part B, 4.4.2.2.1; the
/// longest is that of the legacy commands of volume 4, part E, 7.8.5).
const SHORTEST_ADVERTISING: Span = Span::from_millis(20);
const LONGEST_ADVERTISING: Span = Span::from_millis(10_240);
const ADVERTISING_STEP: Span = Span::from_nanos(625_000);

/// Weakest and strongest transmitter: low-power chips reach down to -40 dBm, and 20 dBm is the most a controller may
/// use (Bluetooth Core 5.4, volume 6, part A, 3).
const WEAKEST_DBM: f64 = -40.0;
const STRONGEST_DBM: f64 = 20.0;

/// Reads one link; `bodies` has those of the links that are not Bluetooth.
pub(crate) fn read_radio_link(
    reader: &Reader<'_>,
    targets: &[TargetDraft],
    gateways: &[GatewayDraft],
    bodies: &[Option<Checked<LinkBody>>],
    id: &str,
) -> Checked<LinkBody> {
    let to = read_peer(reader, targets, gateways);
    let advertising = reader.stepped("advertise", SHORTEST_ADVERTISING, LONGEST_ADVERTISING, ADVERTISING_STEP);
    let power = reader.quantity("power", WEAKEST_DBM, STRONGEST_DBM);
    let most_links = reader.count("links");
    let security = read_security(reader);
    let pairing = reader.choice("pairing");
    let to = to?;
    let radio = RadioDraft {
        to,
        advertising: advertising?,
        power_dbm: power?.value,
        links: most_links?.value as u32,
        security: security?,
        secure_connections: pairing? == "secure_connections",
    };
    match to {
        Peer::Gateway(gateway) => {
            let uplink = bodies[gateways[gateway].link?].as_ref().expect("a gateway's own link is not Bluetooth");
            let uplink = uplink.as_ref().map_err(|refused| *refused)?;
            Ok(LinkBody {
                plan: LinkPlan { id: id.to_owned(), carrier: Carrier::Gateway, ..uplink.plan.clone() },
                retain: uplink.retain,
                topic: uplink.topic.clone(),
                topic_place: uplink.topic_place,
                client_id: uplink.client_id.clone(),
                client_id_place: uplink.client_id_place,
                will: None,
                auth: None,
                radio: Some(radio),
            })
        }
        Peer::Host(target) => Ok(LinkBody {
            plan: host_link(id, target),
            retain: false,
            topic: Template::empty(),
            topic_place: reader.place("to"),
            client_id: None,
            client_id_place: reader.place("to"),
            will: None,
            auth: None,
            radio: Some(radio),
        }),
    }
}

/// A link with no connection behind it: nothing is sent, nothing kept.
fn host_link(id: &str, target: usize) -> LinkPlan {
    LinkPlan {
        id: id.to_owned(),
        carrier: Carrier::Host,
        over: String::new(),
        target,
        format: SAID.to_owned(),
        arguments: Arguments::default(),
        qos: 0,
        protocol: Some(Protocol::V311),
        mqtt5: None,
        session: Some(SessionPlan {
            clean: true,
            expiry: Span::ZERO,
            keep_alive: Span::ZERO,
            backoff: Backoff { kind: BackoffKind::None, initial: Span::ZERO, longest: Span::ZERO },
            inflight: 1,
        }),
        outbox: Some(OutboxPlan { messages: 0, full: OutboxFull::DropOldest }),
        auth: None,
    }
}

impl LinkBody {
    /// What the routes of its devices are encoded with.
    pub(crate) fn route_format(&self) -> &str {
        if self.radio.is_some() { SAID } else { &self.plan.format }
    }
}

fn read_peer(reader: &Reader<'_>, targets: &[TargetDraft], gateways: &[GatewayDraft]) -> Checked<Peer> {
    let to = reader.text("to")?;
    if let Some(gateway) = gateways.iter().position(|gateway| gateway.id.value == to.text) {
        return Ok(Peer::Gateway(gateway));
    }
    match targets.iter().position(|target| target.id.value == to.text) {
        Some(target) if targets[target].is_host => Ok(Peer::Host(target)),
        Some(_) => {
            let message = format!(
                "target `{0}` hears no Bluetooth; lead to a [gateway.ID] whose `link` leads to `{0}`, or to a target of kind `hci`",
                to.text
            );
            Err(reader.notes.error(to.start(), message))
        }
        None => {
            let hosts = targets.iter().filter(|target| target.is_host).map(|target| target.id.value.as_str());
            let names: Vec<&str> = gateways.iter().map(|gateway| gateway.id.value.as_str()).chain(hosts).collect();
            let hint = hint(&to.text, "gateways and hosts", names);
            Err(reader.notes.error(to.start(), format!("there is no gateway `{}`{hint}", to.text)))
        }
    }
}

fn read_security(reader: &Reader<'_>) -> Checked<Security> {
    let passkey = reader.optional("passkey", |reader, key| {
        let passkey = reader.text(key)?;
        let digits = passkey.text.len() == 6 && passkey.text.bytes().all(|byte| byte.is_ascii_digit());
        passkey.text.parse().ok().filter(|_| digits).ok_or_else(|| {
            let message = format!("`{}` is not a passkey of six digits", passkey.text);
            reader.notes.error(passkey.start(), message)
        })
    });
    Ok(match reader.choice("security")? {
        "none" => Security::Open,
        "just_works" => Security::JustWorks,
        _ => Security::Passkey(passkey?),
    })
}
