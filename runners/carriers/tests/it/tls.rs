//! TLS between a fleet and brokers: what gets through, what is refused and why, and what is on its way when a socket is
//! slow.

use std::time::Duration;

use bytes::Bytes;
use carriers::{
    Authority, BrokerAccess, CarrierEvent, ConnectionConfig, LossReason, RefusalCause, TlsClient, TlsFailure,
    TlsSettings, TlsTarget, Trusted, Visit, Visitor,
};
use scenarios::Protocol;
use sim_core::Span;
use stack::{BrokerChoice, BrokerConfig, ListenerTls};

use crate::device::{PATIENCE, connection, events_until, message, message_now, routes, start};

/// A broker of ours over TLS; with `mutual`, it demands certificates of its authority.
fn broker(authority: &Authority, names: &[&str], mutual: bool) -> Box<dyn stack::Broker> {
    let identity = authority.server(names).unwrap();
    let tls = ListenerTls {
        certificate_pem: identity.certificate_pem().to_owned(),
        key_pem: identity.key_pem(),
        client_ca_pem: mutual.then(|| authority.certificate_pem().to_owned()),
    };
    stack::start(&BrokerChoice::Embedded, &BrokerConfig { tls: Some(tls), ..BrokerConfig::default() }).unwrap()
}

fn target(trusted: Trusted<'_>, issuer: Option<&Authority>) -> TlsTarget {
    TlsTarget::new(TlsSettings { server_name: "127.0.0.1", trusted, alpn: &[], issuer: issuer.cloned() }).unwrap()
}

fn secured(device: u32, tls: &TlsTarget) -> ConnectionConfig {
    let tls: TlsClient = tls.client(&format!("serial-{device}")).unwrap();
    ConnectionConfig { tls: Some(tls), ..connection(device, Protocol::V5) }
}

#[tokio::test]
async fn twenty_devices_with_certificates_of_their_own_speak_tls() {
    let authority = Authority::new("test").unwrap();
    let broker = broker(&authority, &["127.0.0.1"], true);
    let tls = target(Trusted::Own(&authority), Some(&authority));
    let devices = (0..20).map(|device| secured(device, &tls)).collect();
    let (fleet, mut events, _) = start(broker.address().port, devices, routes(20, 1));
    fleet.submit((0..20).map(|device| message_now(device, 0)).collect()).await.unwrap();
    let mut acked = 0;
    while acked < 20 {
        let told = events_until(&mut events, |event| matches!(event, CarrierEvent::Acked { .. })).await;
        acked += told.iter().filter(|event| matches!(event, CarrierEvent::Acked { .. })).count();
    }
    let end = fleet.shutdown(PATIENCE).await.unwrap();
    assert_eq!((end.stats.counts.connects, end.stats.counts.connect_failures), (20, 0));
    assert_eq!(broker.ingress().unwrap().publishes, 20);
}

#[tokio::test]
async fn what_tls_refuses_is_told_apart() {
    let (authority, other) = (Authority::new("test").unwrap(), Authority::new("other").unwrap());
    let named = broker(&authority, &["elsewhere"], false);
    let demanding = broker(&authority, &["127.0.0.1"], true);
    let alert = |name: &str| format!("TLS: the broker said {name}");
    let cases = [
        (
            named.address().port,
            target(Trusted::Own(&authority), None),
            "TLS: the certificate is for `elsewhere`, and must be for `127.0.0.1`".to_owned(),
        ),
        (
            named.address().port,
            target(Trusted::Own(&other), None),
            LossReason::Tls { failure: TlsFailure::UnknownIssuer }.words(),
        ),
        (demanding.address().port, target(Trusted::Own(&authority), None), alert("CertificateRequired (116)")),
        (demanding.address().port, target(Trusted::Own(&authority), Some(&other)), alert("")),
    ];
    for (port, tls, expected) in cases {
        let (fleet, mut events, _) = start(port, vec![secured(0, &tls)], routes(1, 1));
        let told = events_until(&mut events, |event| matches!(event, CarrierEvent::ConnectFailed { .. })).await;
        let reason = told.iter().find_map(|event| match event {
            CarrierEvent::ConnectFailed { reason, .. } => Some(reason.words()),
            _ => None,
        });
        let reason = reason.expect("it was waited for");
        assert!(reason.starts_with(&expected), "{reason} is not {expected}");
        let stats = fleet.stats().await.unwrap();
        assert!(stats.connect_failures.keys().all(|told| told.starts_with(&expected)), "{stats:?}");
    }
    // A plain connection to a port of TLS, and the other way round.
    let plain = stack::start(&BrokerChoice::Embedded, &BrokerConfig::default()).unwrap();
    let tls = target(Trusted::Own(&authority), None);
    let (_fleet, mut events, _) = start(plain.address().port, vec![secured(0, &tls)], routes(1, 1));
    let told = events_until(&mut events, |event| matches!(event, CarrierEvent::ConnectFailed { .. })).await;
    assert!(
        told.iter().any(|event| matches!(
            event,
            CarrierEvent::ConnectFailed {
                reason: LossReason::Tls { failure: TlsFailure::Ended | TlsFailure::NotTls },
                ..
            }
        )),
        "{told:?}"
    );
}

#[tokio::test]
async fn more_than_a_socket_takes_arrives_whole() {
    let authority = Authority::new("test").unwrap();
    let broker = broker(&authority, &["127.0.0.1"], false);
    let tls = target(Trusted::Own(&authority), None);
    let (fleet, mut events, _) = start(broker.address().port, vec![secured(0, &tls)], routes(1, 1));
    let large = Bytes::from(vec![b'x'; 700_000]);
    fleet
        .submit((0..20).map(|sequence| message(0, sequence, sim_core::SimTime::ZERO, large.clone())).collect())
        .await
        .unwrap();
    let mut acked = 0;
    while acked < 20 {
        let told = events_until(&mut events, |event| matches!(event, CarrierEvent::Acked { .. })).await;
        acked += told.iter().filter(|event| matches!(event, CarrierEvent::Acked { .. })).count();
    }
    fleet.shutdown(PATIENCE).await.unwrap();
    assert_eq!(broker.ingress().unwrap().payload_bytes, 20 * 700_000);
}

#[tokio::test]
async fn a_visitor_is_told_what_a_device_would_be() {
    let authority = Authority::new("test").unwrap();
    let broker = broker(&authority, &["127.0.0.1"], true);
    let visit = |tls: TlsTarget| {
        let tls_client = tls.client("iomt").unwrap();
        let access = BrokerAccess {
            host: "127.0.0.1".to_owned(),
            port: broker.address().port,
            tls: Some(tls),
            web_socket: None,
        };
        async move {
            let visitor = Visitor {
                client_id: "visitor".to_owned(),
                protocol: Protocol::V311,
                auth: None,
                token: None,
                tls: Some(tls_client),
                kept: Span::ZERO,
            };
            Visit::begin(&access, &visitor, Duration::from_secs(10)).await?.leave().await
        }
    };
    assert_eq!(visit(target(Trusted::Own(&authority), Some(&authority))).await, Ok(()));
    let refusal = visit(target(Trusted::Own(&authority), None)).await.unwrap_err();
    assert!(
        matches!(&refusal.cause, RefusalCause::Connection(LossReason::Tls { failure: TlsFailure::Alert { .. } })),
        "{refusal}"
    );
    assert!(refusal.is_final());
}
