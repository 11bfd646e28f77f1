//! Subscribers against brokers that say no, byte by byte.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use scenarios::{AuthPlan, Protocol};

use super::*;

/// A broker that gives each packet of its one client the next of these answers; returns what the client said.
fn scripted(answers: &'static [&'static [u8]]) -> (u16, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let work = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut said = Vec::new();
        for answer in answers {
            let mut packet = vec![0; 2];
            stream.read_exact(&mut packet).unwrap();
            packet.resize(2 + usize::from(packet[1]), 0);
            stream.read_exact(&mut packet[2..]).unwrap();
            said.push(packet);
            stream.write_all(answer).unwrap();
        }
        said
    };
    (port, thread::spawn(work))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn subscriber(port: u16, runtime: &Handle) -> Subscriber {
    let visitor = Visitor {
        client_id: "probe".to_owned(),
        protocol: Protocol::V5,
        auth: Some(AuthPlan { user: "watcher".to_owned(), password: "planted".to_owned() }),
        token: None,
        tls: None,
        kept: Span::ZERO,
    };
    let access = BrokerAccess { host: "127.0.0.1".to_owned(), port, tls: None, web_socket: None };
    let filters = vec!["ward/#".to_owned(), "icu/#".to_owned()];
    let subscription = Subscription { access, visitor, filters, qos: 1 };
    Subscriber::begin(subscription, Pace::real(Instant::now()), runtime, |_| {}, |_| {})
}

#[test]
fn a_refusal_is_quoted_and_the_protocol_is_that_of_the_target() {
    // CONNACK 0x87 with the reason string "no".
    let (port, broker) = scripted(&[&[0x20, 8, 0, 0x87, 5, 0x1F, 0, 2, b'n', b'o']]);
    let runtime = runtime();
    let error = subscriber(port, runtime.handle()).wait_granted(runtime.handle()).unwrap_err();
    assert_eq!(error.to_string(), "broker said 0x87 (not authorized): \"no\"");
    let connect = &broker.join().unwrap()[0];
    assert_eq!(&connect[2..9], [0, 4, b'M', b'Q', b'T', b'T', 5]);
    assert!(connect.windows(7).any(|bytes| bytes == b"watcher") && connect.windows(7).any(|bytes| bytes == b"planted"));
}

#[test]
fn a_refused_filter_is_named() {
    // CONNACK without properties; SUBACK that grants the first filter and not the second.
    let (port, broker) = scripted(&[&[0x20, 3, 0, 0, 0], &[0x90, 5, 0xFF, 0xFF, 0, 1, 0x87]]);
    let runtime = runtime();
    let error = subscriber(port, runtime.handle()).wait_granted(runtime.handle()).unwrap_err();
    assert_eq!(error.to_string(), "subscription to `icu/#` refused: 0x87 (not authorized)");
    broker.join().unwrap();
}

#[test]
fn a_port_that_nobody_serves_is_told_with_its_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let runtime = runtime();
    let mut subscriber = subscriber(port, runtime.handle());
    let standing =
        runtime.block_on(subscriber.standing.wait_for(|standing| matches!(standing, Standing::Trying(Some(_)))));
    let Standing::Trying(Some(refusal)) = standing.unwrap().clone() else { panic!("it was waited for") };
    assert_eq!(refusal.to_string(), "connection refused");
    assert!(!refusal.is_final());
}
