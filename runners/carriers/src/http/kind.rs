//! `http`: the row of HTTP requests.

use std::path::Path;
use std::sync::Arc;

use scenarios::LinkPlan;
use sim_core::{AddressSpec, Arguments, CarrierChecks, CarrierKind, Executor, ParameterKind, ParameterSpec};

use super::bearer::{Bearer, check_token};
use super::client::Client;
use super::request_head::{RequestHead, Version, check_header, route_heads};
use super::server::Server;
use crate::access;
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::exchange::dialogue::Dialogue;
use crate::exchange::opening::{Protocol, open as open_exchange};
use crate::exchange::pace_of_line::PaceOfLine;
use crate::opening::{Carry, Opening};
use crate::server_address::{ServerAddress, check_path};

/// Schemes with their ports.
pub const SCHEMES: &[(&str, u16)] = &[("http", 80), ("https", 443)];

/// Most requests at a time: servers of HTTP/2 commonly allow 100 to 250, and no more are made than they allow.
const MOST_STREAMS: f64 = 1000.0;

/// File of the bearer token, among the parameters of a target.
const BEARER_FILE: &str = "bearer_file";

/// The row.
pub(crate) fn row() -> CarrierKind {
    let mut target_parameters = access::parameters_of_servers();
    target_parameters.push(
        ParameterSpec::optional(
            BEARER_FILE,
            ParameterKind::Path,
            "file with a bearer token, beside the scenario; it is read again when the target answers 401",
        )
        .checked(check_token),
    );
    CarrierKind {
        name: "http",
        about: "an HTTP request for each message, over a connection of each device and gateway that is kept for the next; \
                2xx acknowledges, 408, 425, 429, 500, 502, 503 and 504 are asked again (after `Retry-After`, if the target \
                says one), all else is refused; a request that is sent again has the same `Idempotency-Key`",
        address: AddressSpec {
            schemes: &["http", "https"],
            words: &[],
            example: "http://host:8080/path",
            is_broker: false,
            check: |url| ServerAddress::read(url, SCHEMES).map(|_| ()),
        },
        link_keys: &["outbox"],
        link_parameters: link_parameters(),
        target_parameters,
        checks: CarrierChecks { target: access::check, link: check_link, topic: check_path, ..CarrierChecks::NONE },
        acknowledges: true,
        takes_commands: false,
        takes_link_faults: true,
        watched_by: None,
        executor: Executor::new(Carry(open)),
    }
}

fn link_parameters() -> Vec<ParameterSpec> {
    let mut parameters = vec![
        ParameterSpec::optional("method", ParameterKind::Choice(&["POST", "PUT"]), "method of the requests")
            .default("POST"),
        ParameterSpec::optional(
            "path",
            ParameterKind::Choice(&["topic", "target"]),
            "where they go: `topic` is the target's address with the topic appended, `target` the address as it is",
        )
        .default("topic"),
        ParameterSpec::optional(
            "headers",
            ParameterKind::Texts,
            "further headers, each `Name: value`; `Content-Type` is that of the format unless it stands here",
        )
        .checked(check_header),
        ParameterSpec::optional(
            "version",
            ParameterKind::Choice(&["1.1", "2"]),
            "version of HTTP; over a plain connection 2 is spoken without asking first",
        )
        .default("1.1"),
        ParameterSpec::optional(
            "window",
            ParameterKind::Count,
            "most requests of a device at a time; more than one only with version 2",
        )
        .range(1.0, MOST_STREAMS)
        .default("1"),
    ];
    parameters.extend(PaceOfLine::parameters());
    parameters
}

fn check_link(with: &Arguments) -> Result<(), String> {
    if with.number("window").is_some_and(|window| window > 1.0) && with.text("version") != Some("2") {
        let reason = "over HTTP/1.1 a connection has one request at a time; write `version = \"2\"` beside `window`";
        return Err(reason.to_owned());
    }
    PaceOfLine::check(with)
}

fn open(opening: Opening<'_>) -> Result<Box<dyn Carrier>, CarrierError> {
    let target = &opening.plan.targets[opening.target];
    let address = ServerAddress::read(&target.url, SCHEMES).map_err(|reason| CarrierError::Refused { reason })?;
    let beside = Path::new(&opening.plan.file).parent().unwrap_or(Path::new(""));
    let bearer = target.arguments.text(BEARER_FILE).map(|file| Bearer::read(beside.join(file))).transpose()?;
    let bearer = bearer.map(Arc::new);
    let routes = Arc::new(route_heads(&opening, &address)?);
    let speaks_2 = |link: &LinkPlan| link.arguments.text("version") == Some("2");
    let versions = opening.devices.iter().map(|device| speaks_2(opening.plan.link_of(*device)));
    let (mut all, mut any) = (true, false);
    versions.for_each(|is_2| (all, any) = (all && is_2, any || is_2));
    if any && !all {
        let reason = format!("links to `{}` speak two versions of HTTP; give each a target of its own", target.id);
        return Err(CarrierError::Refused { reason });
    }
    let version = if any { Version::V2 } else { Version::V1 };
    let dialogue = |link: &LinkPlan| {
        let head = RequestHead::of(link, &address, bearer.clone(), Arc::clone(&routes))?;
        let window = if version == Version::V2 { link.arguments.number("window").unwrap_or(1.0) as usize } else { 1 };
        Ok(Box::new(Client::new(Arc::new(head), window.max(1))) as Box<dyn Dialogue>)
    };
    let base = address.path.clone();
    let protocol = Protocol {
        address: (&address.host, address.port),
        alpn: if version == Version::V2 { &["h2"] } else { &["http/1.1"] },
        stays_connected: false,
        dialogue: &dialogue,
        answering: Box::new(move || Box::new(Server::begin(&base, version))),
    };
    open_exchange(opening.clone(), protocol)
}
