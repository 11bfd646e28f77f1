//! Hosts on real sockets, simulated time in the hands of the test.

use std::net::SocketAddr;

use ble::advertising::{Advertising, AdvertisingKind};
use ble::propagation::Environment;
use ble::{Air, AirOptions, PeripheralOptions};
use hci::{Attachments, Endpoint, HciError, HciEvent, Listen};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

const RESET: [u8; 4] = [0x01, 0x03, 0x0C, 0x00];
const RESET_DONE: [u8; 7] = [0x04, 0x0E, 0x04, 0x01, 0x03, 0x0C, 0x00];

fn loopback() -> Listen {
    Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)))
}

fn air(advertisers: u32) -> Air {
    let mut air = Air::new(AirOptions { seed: 1, environment: Environment::ideal() });
    for number in 0..advertisers {
        let mut options = PeripheralOptions::new(format!("tag/{number}"), "tag", Vec::new());
        options.advertising =
            Advertising { interval_us: 20_000, ..Advertising::every_second(AdvertisingKind::Broadcast) };
        air.add_peripheral(options).expect("valid");
    }
    air
}

/// Lets the sockets work and pumps, until `done` says so.
async fn pump_until(attachments: &mut Attachments, air: &mut Air, mut done: impl FnMut(&[HciEvent]) -> bool) {
    let mut events = Vec::new();
    while !done(&events) {
        tokio::task::yield_now().await;
        // Readiness of sockets is only looked at when the runtime is idle for a moment.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        events.extend(attachments.pump(air));
    }
}

async fn exchange(
    stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin),
    attachments: &mut Attachments,
    air: &mut Air,
    request: &[u8],
    length: usize,
) -> Vec<u8> {
    stream.write_all(request).await.expect("connected");
    let mut answer = vec![0; length];
    let reading = stream.read_exact(&mut answer);
    let pumping = pump_until(attachments, air, |_| false);
    tokio::select! {
        read = reading => { read.expect("connected"); }
        () = pumping => {}
    }
    answer
}

#[tokio::test]
async fn hosts_attach_by_tcp_and_by_unix_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hci");
    let endpoints = vec![Endpoint::new("tcp", loopback()), Endpoint::new("unix", Listen::Unix(path.clone()))];
    let mut attachments = Attachments::listen(endpoints, 0).await.expect("bound");
    let mut air = air(0);
    let address = attachments.addresses()[0].expect("a TCP address");
    let mut tcp = TcpStream::connect(address).await.expect("accepted");
    assert_eq!(exchange(&mut tcp, &mut attachments, &mut air, &RESET, 7).await, RESET_DONE);
    let mut unix = UnixStream::connect(&path).await.expect("accepted");
    assert_eq!(exchange(&mut unix, &mut attachments, &mut air, &RESET, 7).await, RESET_DONE);
    assert_eq!(attachments.hosts().count(), 2);
    // Each controller has an address of its own: Read BD_ADDR.
    let question = [0x01, 0x09, 0x10, 0x00];
    let first = exchange(&mut tcp, &mut attachments, &mut air, &question, 13).await;
    let second = exchange(&mut unix, &mut attachments, &mut air, &question, 13).await;
    assert_ne!(first[7..], second[7..]);
    drop(attachments);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(!path.exists(), "the socket file is removed");
}

#[tokio::test]
async fn a_host_that_vanishes_is_detached() {
    let mut attachments = Attachments::listen(vec![Endpoint::new("tcp", loopback())], 0).await.expect("bound");
    let mut air = air(0);
    let mut host = TcpStream::connect(attachments.addresses()[0].expect("TCP")).await.expect("accepted");
    exchange(&mut host, &mut attachments, &mut air, &RESET, 7).await;
    drop(host);
    let left = |events: &[HciEvent]| events.iter().any(|event| matches!(event, HciEvent::Left { fault: None, .. }));
    pump_until(&mut attachments, &mut air, left).await;
    assert_eq!(attachments.hosts().count(), 0);
}

#[tokio::test]
async fn garbage_is_answered_and_cut_off() {
    let mut attachments = Attachments::listen(vec![Endpoint::new("tcp", loopback())], 0).await.expect("bound");
    let mut air = air(0);
    let mut host = TcpStream::connect(attachments.addresses()[0].expect("TCP")).await.expect("accepted");
    let answer = exchange(&mut host, &mut attachments, &mut air, &[0x77, 1, 2], 4).await;
    assert_eq!(answer, [0x04, 0x10, 0x01, 0x01]);
    let cut = |events: &[HciEvent]| events.iter().any(|event| matches!(event, HciEvent::Left { fault: Some(_), .. }));
    pump_until(&mut attachments, &mut air, cut).await;
}

/// A host that scans and never reads: the air goes on, its reports are shed, and another host is served.
#[tokio::test]
async fn a_host_that_does_not_read_stalls_nobody() {
    let mut attachments = Attachments::listen(vec![Endpoint::new("tcp", loopback())], 0).await.expect("bound");
    let mut air = air(50);
    let address = attachments.addresses()[0].expect("TCP");
    let mut slow = TcpStream::connect(address).await.expect("accepted");
    exchange(&mut slow, &mut attachments, &mut air, &RESET, 7).await;
    let slow_id = attachments.hosts().next().expect("attached");
    let masks = [&[0x01, 0x01, 0x0C, 8][..], &[0xFF; 8], &[0x01, 0x01, 0x20, 8], &[0xFF; 8]].concat();
    slow.write_all(&masks).await.expect("connected");
    slow.write_all(&[0x01, 0x0C, 0x20, 2, 1, 0]).await.expect("connected");
    let mut steps = 0;
    while air.output_counters(slow_id).expect("attached").reports_dropped == 0 {
        steps += 1;
        assert!(steps < 20_000, "nothing is shed: {:?}", air.output_counters(slow_id));
        air.advance_to(air.now_ns() + 100_000_000);
        attachments.pump(&mut air);
        tokio::task::yield_now().await;
    }
    let mut other = TcpStream::connect(address).await.expect("accepted");
    assert_eq!(exchange(&mut other, &mut attachments, &mut air, &RESET, 7).await, RESET_DONE);
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let first = Attachments::listen(vec![Endpoint::new("one", loopback())], 0).await.expect("bound");
    let taken = first.addresses()[0].expect("TCP");
    let failed = Attachments::listen(vec![Endpoint::new("two", Listen::Tcp(taken))], 0).await;
    let Err(HciError::Bind { endpoint, address, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!((endpoint.as_str(), address), ("two", taken.to_string()));
}

#[tokio::test]
async fn captures_hold_both_directions() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = Endpoint { capture: Some(folder.path().to_path_buf()), ..Endpoint::new("tcp", loopback()) };
    let mut attachments = Attachments::listen(vec![endpoint], 1_000_000).await.expect("bound");
    let mut air = air(0);
    let mut host = TcpStream::connect(attachments.addresses()[0].expect("TCP")).await.expect("accepted");
    exchange(&mut host, &mut attachments, &mut air, &RESET, 7).await;
    attachments.pump(&mut air);
    let capture = std::fs::read(folder.path().join("tcp-1.btsnoop")).expect("written");
    assert_eq!(capture[..8], *b"btsnoop\0");
    // File header 16, record headers 24 each, then the command of 4 and the event of 7 octets.
    assert_eq!(capture.len(), 16 + 24 + RESET.len() + 24 + RESET_DONE.len());
    assert!(capture.ends_with(&RESET_DONE));
}
