//! The server against what a client may ask of it.

use crate::pdu::att::{ErrorCode, Request, Response, Uuid};
use proptest::prelude::*;

use super::super::service::{Access, Characteristic, Properties, Service, ValueLength};
use super::{Database, Security, Server, Session};

const LONG: Uuid = Uuid::Short(0x2A29);
const SECRET: Uuid = Uuid::Short(0x2A37);
const SETTING: Uuid = Uuid::Short(0x2A06);

fn server() -> Server {
    let services = [
        Service {
            uuid: Uuid::Short(0x180A),
            characteristics: vec![
                Characteristic::new(LONG, Properties::READ).with_value(vec![7; 60]),
                Characteristic::new(SETTING, Properties::READ | Properties::WRITE | Properties::WRITE_COMMAND)
                    .with_value([0])
                    .accepting(ValueLength { min: 1, max: 40 }),
            ],
        },
        Service {
            uuid: Uuid::Short(0x180D),
            characteristics: vec![
                Characteristic::new(SECRET, Properties::READ | Properties::NOTIFY).with_value([1, 2]),
            ],
        }
        .protected(Access::Encrypted),
    ];
    Server {
        database: Database::new(&services, 1).expect("fits"),
        control_points: std::collections::BTreeMap::new(),
        records: std::collections::BTreeMap::new(),
        max_mtu: 247,
    }
}

fn ask(server: &mut Server, session: &mut Session, security: Security, octets: &[u8]) -> Option<Vec<u8>> {
    let request = Request::parse(octets).expect("well formed");
    server.answer(session, security, request, 0, &mut Vec::new()).map(|response| response.to_bytes())
}

fn plain(server: &mut Server, session: &mut Session, octets: &[u8]) -> Vec<u8> {
    ask(server, session, Security::default(), octets).expect("an answer")
}

// 1 service 180A, 2-3 LONG, 4-5 SETTING, 6 service 180D, 7-8 SECRET, 9 its configuration.

#[test]
fn discovery_of_services_and_characteristics() {
    let (mut server, mut session) = (server(), Session::default());
    let services = plain(&mut server, &mut session, &[0x10, 1, 0, 0xFF, 0xFF, 0x00, 0x28]);
    assert_eq!(services, [0x11, 6, 1, 0, 5, 0, 0x0A, 0x18, 6, 0, 9, 0, 0x0D, 0x18]);
    let end = plain(&mut server, &mut session, &[0x10, 10, 0, 0xFF, 0xFF, 0x00, 0x28]);
    assert_eq!(end, [0x01, 0x10, 10, 0, 0x0A]);
    let declarations = plain(&mut server, &mut session, &[0x08, 1, 0, 5, 0, 0x03, 0x28]);
    assert_eq!(declarations, [0x09, 7, 2, 0, 0x02, 3, 0, 0x29, 0x2A, 4, 0, 0x0E, 5, 0, 0x06, 0x2A]);
    let descriptors = plain(&mut server, &mut session, &[0x04, 9, 0, 9, 0]);
    assert_eq!(descriptors, [0x05, 1, 9, 0, 0x02, 0x29]);
    let by_value = plain(&mut server, &mut session, &[0x06, 1, 0, 0xFF, 0xFF, 0x00, 0x28, 0x0D, 0x18]);
    assert_eq!(by_value, [0x07, 6, 0, 9, 0]);
}

#[test]
fn long_values_come_in_parts_of_one_snapshot() {
    let (mut server, mut session) = (server(), Session::default());
    assert_eq!(plain(&mut server, &mut session, &[0x0A, 3, 0]).len(), 23);
    assert_eq!(plain(&mut server, &mut session, &[0x0C, 3, 0, 22, 0]), [&[0x0D][..], &[7; 22]].concat());
    server.database.set_value(3, &[9; 60]);
    assert_eq!(plain(&mut server, &mut session, &[0x0C, 3, 0, 44, 0]), [&[0x0D][..], &[7; 16]].concat());
    assert_eq!(plain(&mut server, &mut session, &[0x0C, 3, 0, 60, 0]), [0x0D]);
    assert_eq!(plain(&mut server, &mut session, &[0x0C, 3, 0, 61, 0]), [0x01, 0x0C, 3, 0, 0x07]);
}

#[test]
fn protection_is_asked_for_in_the_right_words() {
    let (mut server, mut session) = (server(), Session::default());
    let read = [0x0A, 8, 0];
    assert_eq!(plain(&mut server, &mut session, &read), [0x01, 0x0A, 8, 0, 0x05]);
    let bonded = Security { bonded: true, ..Security::default() };
    assert_eq!(ask(&mut server, &mut session, bonded, &read), Some(vec![0x01, 0x0A, 8, 0, 0x0F]));
    let encrypted = Security { encrypted: true, ..bonded };
    assert_eq!(ask(&mut server, &mut session, encrypted, &read), Some(vec![0x0B, 1, 2]));
    assert_eq!(plain(&mut server, &mut session, &[0x12, 9, 0, 1, 0]), [0x01, 0x12, 9, 0, 0x05]);
}

#[test]
fn configuration_belongs_to_the_link() {
    let (mut server, mut first, second) = (server(), Session::default(), Session::default());
    let encrypted = Security { encrypted: true, ..Security::default() };
    assert_eq!(ask(&mut server, &mut first, encrypted, &[0x12, 9, 0, 1, 0]), Some(vec![0x13]));
    assert!(first.notifies(9) && !second.notifies(9));
    let indicate = ask(&mut server, &mut first, encrypted, &[0x12, 9, 0, 2, 0]);
    assert_eq!(indicate, Some(vec![0x01, 0x12, 9, 0, ErrorCode::VALUE_NOT_ALLOWED.0]));
}

#[test]
fn prepared_writes_are_joined_or_dropped() {
    let (mut server, mut session) = (server(), Session::default());
    assert_eq!(plain(&mut server, &mut session, &[0x16, 5, 0, 0, 0, 1, 2]), [0x17, 5, 0, 0, 0, 1, 2]);
    plain(&mut server, &mut session, &[0x16, 5, 0, 2, 0, 3]);
    assert_eq!(plain(&mut server, &mut session, &[0x18, 1]), [0x19]);
    assert_eq!(server.database.value(5), Some(&[1, 2, 3][..]));
    plain(&mut server, &mut session, &[0x16, 5, 0, 1, 0, 9]);
    assert_eq!(plain(&mut server, &mut session, &[0x18, 1]), [0x01, 0x18, 5, 0, 0x07]);
    plain(&mut server, &mut session, &[0x16, 5, 0, 0, 0, 9]);
    assert_eq!(plain(&mut server, &mut session, &[0x18, 0]), [0x19]);
    assert_eq!(server.database.value(5), Some(&[1, 2, 3][..]));
}

#[test]
fn the_mtu_is_exchanged_once() {
    let (mut server, mut session) = (server(), Session::default());
    assert_eq!(plain(&mut server, &mut session, &[0x02, 0x00, 0x02]), [0x03, 247, 0]);
    assert_eq!(session.mtu, 247);
    assert_eq!(plain(&mut server, &mut session, &[0x02, 0x17, 0x00])[4], 0x06);
    let mut small = Session::default();
    plain(&mut server, &mut small, &[0x02, 5, 0]);
    assert_eq!(small.mtu, 23);
}

proptest! {
    /// No sequence of octets makes the server speak out of turn, exceed the MTU, or fall over.
    #[test]
    fn any_octets_are_answered_within_the_mtu(pdus in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..30), 1..40)) {
        let (mut server, mut session) = (server(), Session::default());
        for mut pdu in pdus {
            // Mostly real opcodes and small handles, so that the interesting paths are reached.
            pdu[0] %= 0x22;
            if let Some(high) = pdu.get_mut(2) {
                *high = 0;
            }
            let Ok(request) = Request::parse(&pdu) else { continue };
            let response = server.answer(&mut session, Security::default(), request, 0, &mut Vec::new());
            if let Some(response) = response {
                prop_assert!(response.to_bytes().len() <= usize::from(session.mtu));
                let is_answer = matches!(response, Response::Error { .. } | Response::Mtu { .. } | Response::Data { .. });
                prop_assert!(is_answer);
            }
        }
    }
}
