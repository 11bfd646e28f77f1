//! WebSocket between a fleet and a broker, plain and over TLS, and what is told when there is none.

use bytes::Bytes;
use carriers::{
    Authority, BrokerAccess, CarrierEvent, ConnectionConfig, Fleet, FleetConfig, LossReason, Pace, Received,
    RefusalCause, TlsSettings, TlsTarget, Trusted, Visit, Visitor, WebSocketTarget,
};
use scenarios::Protocol;
use sim_core::{SimTime, Span};
use stack::{BrokerChoice, BrokerConfig, ListenerTls, WEB_PATH};
use std::time::Instant;

use crate::device::{PATIENCE, connection, events_until, message, routes};

/// A broker of ours over WebSocket, and how it is reached at a path.
fn broker(authority: Option<&Authority>, path: &str) -> (Box<dyn stack::Broker>, BrokerAccess) {
    let tls = authority.map(|authority| {
        let identity = authority.server(&["127.0.0.1"]).unwrap();
        let (certificate_pem, key_pem) = (identity.certificate_pem().to_owned(), identity.key_pem());
        ListenerTls { certificate_pem, key_pem, client_ca_pem: None }
    });
    let config = BrokerConfig { tls, web_socket: true, ..BrokerConfig::default() };
    let broker = stack::start(&BrokerChoice::Embedded, &config).unwrap();
    let port = broker.address().port;
    let web_socket = WebSocketTarget::new(authority.is_some(), &format!("127.0.0.1:{port}"), path).unwrap();
    let tls = authority.map(|authority| {
        let trusted = Trusted::Own(authority);
        TlsTarget::new(TlsSettings { server_name: "127.0.0.1", trusted, ..TlsSettings::default() }).unwrap()
    });
    (broker, BrokerAccess { host: "127.0.0.1".to_owned(), port, tls, web_socket: Some(web_socket) })
}

fn visitor(access: &BrokerAccess) -> Visitor {
    let tls = access.tls.as_ref().map(|tls| tls.client("visitor").unwrap());
    Visitor { client_id: "visitor".to_owned(), protocol: Protocol::V5, auth: None, token: None, tls, kept: Span::ZERO }
}

#[tokio::test]
async fn messages_of_any_size_come_through_plain_and_over_tls() {
    let authority = Authority::new("test").unwrap();
    for authority in [None, Some(&authority)] {
        let (broker, access) = broker(authority, WEB_PATH);
        let mut watcher = Visit::begin(&access, &visitor(&access), PATIENCE).await.unwrap();
        watcher.subscribe(&["w/#".to_owned()], 2).await.unwrap();
        assert!(matches!(watcher.next().await.unwrap(), Received::Granted { .. }));
        let tls = access.tls.as_ref().map(|tls| tls.client("device").unwrap());
        let device = ConnectionConfig { tls, ..connection(0, Protocol::V5) };
        let config = FleetConfig::new("127.0.0.1", access.port, vec![device], routes(1, 1));
        let config = FleetConfig { web_socket: access.web_socket.clone(), ..config };
        let pace = Pace::real(Instant::now());
        let (fleet, mut events) = Fleet::start(config, pace, &tokio::runtime::Handle::current()).unwrap();
        // Nothing, some, and more than any buffer on the way holds.
        let sizes = [0, 100, 700_000];
        let say = |(n, size): (usize, &usize)| message(0, n as u64, SimTime::ZERO, Bytes::from(vec![b'x'; *size]));
        fleet.submit(sizes.iter().enumerate().map(say).collect()).await.unwrap();
        events_until(&mut events, |event| matches!(event, CarrierEvent::Acked { sequence: 2, .. })).await;
        let mut seen = Vec::new();
        while seen.len() < sizes.len() {
            if let Received::Message(delivered) = watcher.next().await.unwrap() {
                seen.push(delivered.payload.len());
            }
        }
        assert_eq!(seen, sizes);
        let end = fleet.shutdown(PATIENCE).await.unwrap();
        assert_eq!((end.stats.counts.acked, end.stats.connections.closed), (3, 1));
        watcher.leave().await.unwrap();
        drop(broker);
    }
}

#[tokio::test]
async fn what_is_no_web_socket_is_told() {
    let (_broker, wrong_path) = broker(None, "/elsewhere");
    let plain = stack::start(&BrokerChoice::Embedded, &BrokerConfig::default()).unwrap();
    let port = plain.address().port;
    let web_socket = WebSocketTarget::new(false, &format!("127.0.0.1:{port}"), WEB_PATH).unwrap();
    let no_http = BrokerAccess { port, web_socket: Some(web_socket), ..wrong_path.clone() };
    for (access, expected) in [(wrong_path, "the server answered 404 Not Found"), (no_http, "")] {
        let refusal = Visit::begin(&access, &visitor(&access), PATIENCE).await.unwrap_err();
        let RefusalCause::Connection(reason) = &refusal.cause else { panic!("{refusal}") };
        let told = reason.words();
        assert!(told.contains(expected), "{told}");
        assert!(matches!(reason, LossReason::WebSocket { .. } | LossReason::Closed | LossReason::Io { .. }), "{told}");
    }
}
