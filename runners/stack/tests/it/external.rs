//! A broker that the run did not start.

use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};
use stack::{BrokerChoice, BrokerConfig, BrokerError, BrokerKind, start};

#[test]
fn a_broker_of_the_users_own_is_reached_but_not_controlled() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let choice = BrokerChoice::parse(&format!("mqtt://{}", listener.local_addr().unwrap())).unwrap();
    let mut broker = start(&choice, &BrokerConfig::default()).unwrap();
    assert_eq!(broker.identity().kind, BrokerKind::External);
    for refused in [broker.stop(), broker.kill(), broker.restart()] {
        assert!(matches!(refused, Err(BrokerError::NotOurs { .. })), "{refused:?}");
    }
}

#[test]
fn a_port_where_nobody_listens_is_unreachable() {
    let silent = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    silent.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = silent.local_addr().unwrap().as_socket().unwrap().port();
    let choice = BrokerChoice::parse(&format!("mqtt://localhost:{port}")).unwrap();
    match start(&choice, &BrokerConfig::default()) {
        Err(error @ BrokerError::Unreachable { .. }) => {
            let expected = format!("no broker answers at mqtt://localhost:{port}: Connection refused");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
        other => panic!("expected Unreachable, got {other:?}"),
    }
}

#[cfg(not(feature = "embedded"))]
#[test]
fn a_build_without_the_embedded_broker_says_so() {
    let refused = start(&BrokerChoice::Embedded, &BrokerConfig::default());
    assert!(matches!(refused, Err(BrokerError::EmbeddedNotBuilt)), "{refused:?}");
}
