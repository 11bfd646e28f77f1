//! What the requests of a target say before their body: what all have in common, and what those of a route have.

use std::sync::Arc;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use radio_plan::GatewayFormatSpec;
use scenarios::{Carrier, LinkPlan};
use sim_core::{Arguments, RouteId};

use super::bearer::Bearer;
use crate::error::CarrierError;
use crate::opening::Opening;
use crate::server_address::ServerAddress;

/// What is encoded in a path: everything but what RFC 3986 lets stand in a segment, and `/`, which stays one.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b'@').remove(b'=');
/// What is encoded in a key.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'/');

/// By which a server knows a request that it has had before (draft-ietf-httpapi-idempotency-key-header).
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// HTTP/1.1: one request at a time.
    V1,
    /// HTTP/2, without being asked whether the target speaks it (RFC 9113, section 3.3), or by ALPN.
    V2,
}

/// What the requests of a link say.
#[derive(Debug)]
pub(crate) struct RequestHead {
    method: Method,
    pub(crate) version: Version,
    headers: HeaderMap,
    bearer: Option<Arc<Bearer>>,
    routes: Arc<Vec<Option<RouteHead>>>,
}

/// What the requests of a route say.
#[derive(Debug)]
pub(crate) struct RouteHead {
    uri: Uri,
    content_type: HeaderValue,
    /// Of the idempotency key, before the sequence number.
    key: String,
}

impl RequestHead {
    /// Of a link.
    ///
    /// # Errors
    /// [`CarrierError::Refused`] when a header cannot be one.
    pub(crate) fn of(
        link: &LinkPlan,
        address: &ServerAddress,
        bearer: Option<Arc<Bearer>>,
        routes: Arc<Vec<Option<RouteHead>>>,
    ) -> Result<Self, CarrierError> {
        let with = &link.arguments;
        let version = if with.text("version") == Some("2") { Version::V2 } else { Version::V1 };
        let method = if with.text("method") == Some("PUT") { Method::PUT } else { Method::POST };
        let mut headers = headers(with).map_err(|reason| CarrierError::Refused { reason })?;
        if version == Version::V1 {
            let host = HeaderValue::from_str(&authority(address))
                .map_err(|_| CarrierError::Refused { reason: format!("`{}` cannot be a host", address.host) })?;
            headers.insert(HOST, host);
        }
        Ok(Self { method, version, headers, bearer, routes })
    }

    /// Of a target whose only route goes to `path`.
    #[cfg(test)]
    pub(crate) fn to(path: &str, version: Version) -> Self {
        let uri = if version == Version::V2 { format!("http://host{path}") } else { path.to_owned() };
        let route = RouteHead {
            uri: uri.parse().expect("an address"),
            content_type: HeaderValue::from_static("application/json"),
            key: "run/serial/stream".to_owned(),
        };
        let routes = Arc::new(vec![Some(route)]);
        Self { method: Method::POST, version, headers: HeaderMap::new(), bearer: None, routes }
    }

    /// The head of a message's request; `None` for a message on a route of another target.
    pub(crate) fn request(&self, route: RouteId, sequence: u64) -> Option<hyper::http::request::Builder> {
        let of_route = self.routes.get(route.index())?.as_ref()?;
        let mut builder = Request::builder().method(self.method.clone()).uri(of_route.uri.clone());
        let headers = builder.headers_mut()?;
        *headers = self.headers.clone();
        headers.entry(CONTENT_TYPE).or_insert_with(|| of_route.content_type.clone());
        if let Ok(key) = HeaderValue::try_from(format!("\"{}/{sequence}\"", of_route.key)) {
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        if let Some(bearer) = &self.bearer {
            headers.insert(AUTHORIZATION, bearer.value());
        }
        Some(builder)
    }

    /// Whether a target that did not know who was asking may know it now.
    pub(crate) fn has_other_token(&self, used: Option<&HeaderValue>) -> bool {
        self.bearer.as_ref().is_some_and(|bearer| bearer.has_other_than(used))
    }
}

/// The heads of all routes that lead to a target.
///
/// # Errors
/// [`CarrierError::Refused`] when a topic cannot be in a path.
pub(crate) fn route_heads(
    opening: &Opening<'_>,
    address: &ServerAddress,
) -> Result<Vec<Option<RouteHead>>, CarrierError> {
    let Opening { plan, registry, target, run, .. } = opening;
    let head = |(route, delivery): (&sim_core::Route, &scenarios::Delivery)| {
        let link = plan.link_of(route.device);
        if link.target != *target {
            return Ok(None);
        }
        let device = &plan.roster.devices[route.device.index()];
        let stream = &device.streams[usize::from(route.stream)].id;
        let with = &link.arguments;
        let below = if with.text("path") == Some("target") {
            String::new()
        } else {
            format!("/{}", utf8_percent_encode(&delivery.topic, PATH))
        };
        let path = format!("{}{below}", address.path);
        let path = if path.is_empty() { "/" } else { &path };
        let secure = if plan.targets[*target].url.starts_with("https") { "https" } else { "http" };
        let text = if with.text("version") == Some("2") {
            format!("{secure}://{}{path}", authority(address))
        } else {
            path.to_owned()
        };
        let uri = text.parse().map_err(|_| CarrierError::Refused { reason: format!("`{text}` is no address") })?;
        let gateway = plan.air.gateways.iter().find(|gateway| gateway.devices.contains(&route.device));
        let content_type = match (link.carrier, gateway) {
            (Carrier::Gateway, Some(gateway)) => {
                let row = registry.find::<GatewayFormatSpec>(&gateway.format);
                row.map(|row| row.reader.content_type().to_owned())
            }
            _ => registry
                .format_of(&plan.roster.formats, &route.format)
                .ok()
                .map(|format| format.content_type().to_owned()),
        };
        let content_type = content_type.and_then(|text| HeaderValue::try_from(text).ok());
        let content_type = content_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
        let key = utf8_percent_encode(&format!("{run}/{}/{stream}", device.serial), KEY).to_string();
        Ok(Some(RouteHead { uri, content_type, key }))
    };
    plan.roster.routes.iter().zip(&plan.deliveries).map(head).collect()
}

fn authority(address: &ServerAddress) -> String {
    let ServerAddress { host, port, .. } = address;
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Headers that the carrier writes itself: another value would break the framing of requests, or the name of a message.
const OWN_HEADERS: [&str; 5] = ["connection", "content-length", "host", "idempotency-key", "transfer-encoding"];

/// The headers that a link names, each `Name: value`.
fn headers(with: &Arguments) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for line in with.texts("headers").unwrap_or_default() {
        let (name, value) = header(line)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// What is wrong with a header that a link names.
///
/// # Errors
/// Says what, without the value, which may be a secret.
pub(crate) fn check_header(line: &str) -> Result<(), String> {
    header(line).map(|_| ())
}

fn header(line: &str) -> Result<(HeaderName, HeaderValue), String> {
    let Some((name, value)) = line.split_once(':') else {
        return Err("a header has a colon; write `Name: value`".to_owned());
    };
    let name = name.trim();
    let read = HeaderName::try_from(name)
        .map_err(|_| format!("`{name}` cannot be the name of a header; write `Name: value`"))?;
    if OWN_HEADERS.contains(&read.as_str()) {
        return Err(format!("`{name}` is written by the carrier itself"));
    }
    let value = HeaderValue::from_str(value.trim())
        .map_err(|_| format!("the value of `{name}` has characters that no header can have"))?;
    Ok((read, value))
}

#[cfg(test)]
mod tests {
    use sim_core::Argument;

    use super::*;

    #[test]
    fn headers_that_the_carrier_writes_itself_are_refused() {
        let with = |line: &str| {
            let texts = Argument::Texts(vec![line.to_owned()]);
            Arguments([("headers".to_owned(), texts)].into_iter().collect())
        };
        assert_eq!(headers(&with("X-Ward: icu")).map(|headers| headers.len()), Ok(1));
        for (line, told) in [
            ("Content-Length: 3", "`Content-Length` is written by the carrier itself"),
            ("HOST: other", "`HOST` is written"),
            ("Idempotency-Key: 1", "`Idempotency-Key` is written"),
            ("Connection: close", "`Connection` is written"),
            ("no header", "a header has a colon"),
            ("two words: x", "`two words` cannot be the name"),
            ("X-Key: hush\u{7}", "the value of `X-Key`"),
        ] {
            let refused = headers(&with(line)).expect_err(line);
            assert!(refused.contains(told) && !refused.contains("hush"), "{refused}");
        }
    }
}
