//! The device's side of MLLP: blocks go out, acknowledgements find their messages by the control id.

use std::collections::VecDeque;

use super::framing::{Deframer, mllp_block};
use super::hl7::{Acknowledgement, acknowledgement, control_id};
use crate::event::LossReason;
use crate::exchange::dialogue::{Answer, Dialogue, Frame, Request};

/// The device's side of MLLP.
#[derive(Debug)]
pub(crate) struct Client {
    /// Most messages that are not acknowledged at a time.
    window: usize,
    /// Acknowledgement codes after which a message is sent again.
    resend_on: Vec<String>,
    is_open: bool,
    deframer: Deframer,
    /// Messages that are not acknowledged, in the order in which they were sent, with their control ids.
    open: VecDeque<(Option<String>, u64)>,
    frames: VecDeque<Frame>,
    answers: VecDeque<(Option<u64>, Answer)>,
    /// What has come over this connection that answers nothing.
    beside: Option<Beside>,
}

/// What comes in the place of an answer; the later ones say more of what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Beside {
    /// Bytes outside of blocks.
    NoFrame,
    /// A block that acknowledges nothing.
    NoAcknowledgement,
    /// An acknowledgement of something that is not open.
    OtherMessage,
}

impl Client {
    pub(crate) fn new(window: usize, resend_on: Vec<String>) -> Self {
        Self {
            window,
            resend_on,
            is_open: false,
            deframer: Deframer::default(),
            open: VecDeque::new(),
            frames: VecDeque::new(),
            answers: VecDeque::new(),
            beside: None,
        }
    }

    /// The message that an acknowledgement means: by its control id, or the oldest if that has none.
    fn meant_by(&mut self, acknowledgement: &Acknowledgement<'_>) -> Option<u64> {
        let by_id = |(id, _): &(Option<String>, u64)| id.as_deref() == Some(acknowledgement.control_id);
        let nameless = || self.open.front().filter(|(id, _)| id.is_none()).map(|_| 0);
        let position = self.open.iter().position(by_id).or_else(nameless)?;
        self.open.remove(position).map(|(_, ticket)| ticket)
    }

    fn answer(&self, code: &str) -> Answer {
        let meaning = match code {
            "AA" | "CA" => return Answer::Taken,
            "AE" => "application error",
            "AR" => "application reject",
            "CE" => "commit error",
            "CR" => "commit reject",
            _ => return Answer::Refused { code: 0, words: "message: acknowledged with an unknown code".to_owned() },
        };
        let words = format!("message: {code} ({meaning})");
        if self.resend_on.iter().any(|other| other == code) {
            Answer::Later { words, after_ns: None }
        } else {
            Answer::Refused { code: 0, words }
        }
    }
}

impl Dialogue for Client {
    fn open(&mut self) {
        self.is_open = true;
        self.beside = None;
    }

    fn has_room(&self) -> bool {
        self.is_open && self.open.len() < self.window
    }

    fn ask(&mut self, request: &Request) {
        let ticket = request.ticket;
        if let Some(bytes) = mllp_block(&request.payload) {
            self.open.push_back((control_id(&request.payload).map(str::to_owned), ticket));
            self.frames.push_back(Frame { bytes, completes: Some(ticket) });
        } else {
            let words = "message: holds the bytes that end a block of MLLP".to_owned();
            self.answers.push_back((Some(ticket), Answer::Refused { code: 0, words }));
        }
    }

    fn next_frame(&mut self) -> Option<Frame> {
        self.frames.pop_front()
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), LossReason> {
        const NOT_UNDERSTOOD: LossReason = LossReason::Unintelligible { protocol: "MLLP" };
        self.deframer.put(bytes);
        while let Some(block) = self.deframer.next_block().map_err(|_| NOT_UNDERSTOOD)? {
            let heard = acknowledgement(&block);
            let ticket = heard.as_ref().and_then(|heard| self.meant_by(heard));
            if ticket.is_none() {
                let beside = if heard.is_some() { Beside::OtherMessage } else { Beside::NoAcknowledgement };
                self.beside = self.beside.max(Some(beside));
            }
            let answer = heard.map_or(Answer::Taken, |heard| self.answer(heard.code));
            self.answers.push_back((ticket, answer));
        }
        if self.deframer.has_skipped() {
            self.beside = self.beside.max(Some(Beside::NoFrame));
        }
        Ok(())
    }

    fn next_answer(&mut self) -> Option<(Option<u64>, Answer)> {
        self.answers.pop_front()
    }

    fn missing(&self) -> &'static str {
        match self.beside {
            None => "answer",
            Some(Beside::NoFrame) => "answer but bytes without an MLLP frame",
            Some(Beside::NoAcknowledgement) => "answer but messages without an MSA segment",
            Some(Beside::OtherMessage) => "answer but acknowledgements with another MSA-2",
        }
    }

    fn close(&mut self) {
        self.is_open = false;
        self.deframer.clear();
        self.open.clear();
        self.frames.clear();
        self.answers.clear();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sim_core::RouteId;

    use super::*;
    use crate::mllp::hl7::acknowledge;

    fn message(id: &str) -> Vec<u8> {
        format!("MSH|^~\\&|A||B||||ORU^R01|{id}|P|2.6\r").into_bytes()
    }

    fn client(payloads: &[Vec<u8>]) -> Client {
        let mut client = Client::new(4, vec!["AE".to_owned()]);
        client.open();
        for (ticket, payload) in payloads.iter().enumerate() {
            let payload = Bytes::from(payload.clone());
            client.ask(&Request { ticket: ticket as u64, route: RouteId(0), sequence: 0, payload, attempts: 0 });
        }
        client
    }

    fn heard(client: &mut Client, payload: &[u8], code: &str) -> Option<(Option<u64>, Answer)> {
        let block = mllp_block(&acknowledge(payload, code)).expect("a block");
        client.hear(&block).expect("MLLP");
        client.next_answer()
    }

    #[test]
    fn acknowledgements_find_their_messages_in_any_order() {
        let messages = ["a", "b", "c"].map(message);
        let mut client = client(&messages);
        assert_eq!(heard(&mut client, &messages[2], "AA"), Some((Some(2), Answer::Taken)));
        let words = "message: AE (application error)".to_owned();
        assert_eq!(heard(&mut client, &messages[0], "AE"), Some((Some(0), Answer::Later { words, after_ns: None })));
        let words = "message: CR (commit reject)".to_owned();
        assert_eq!(heard(&mut client, &messages[1], "CR"), Some((Some(1), Answer::Refused { code: 0, words })));
        assert_eq!(heard(&mut client, &messages[1], "AA"), Some((None, Answer::Taken)), "nothing is open any more");
        assert_eq!(heard(&mut client, b"", "AA"), Some((None, Answer::Taken)));
    }

    #[test]
    fn without_control_ids_the_oldest_is_meant() {
        let mut client = client(&[b"{}".to_vec(), b"[]".to_vec()]);
        assert_eq!(heard(&mut client, b"", "AA"), Some((Some(0), Answer::Taken)));
        assert_eq!(heard(&mut client, b"", "AA"), Some((Some(1), Answer::Taken)));
        client.hear(b"noise").expect("is skipped");
        assert_eq!(client.next_answer(), None);
    }

    #[test]
    fn what_comes_in_the_place_of_an_answer_is_told_as_what_it_is() {
        let mut client = client(&[message("a")]);
        assert_eq!(client.missing(), "answer");
        client.hear(b"MSA|AA|a\r").expect("is skipped");
        assert!(client.missing().contains("without an MLLP frame"));
        client.hear(&mllp_block(&message("x")).expect("a block")).expect("MLLP");
        assert!(client.missing().contains("without an MSA"));
        heard(&mut client, &message("b"), "AA");
        assert!(client.missing().contains("another MSA-2"));
        client.close();
        client.open();
        assert_eq!(client.missing(), "answer", "that is over with its connection");
    }

    #[test]
    fn what_no_block_can_hold_is_refused() {
        let mut client = client(&[b"a\x1C\x0Db".to_vec()]);
        assert_eq!(client.next_frame(), None);
        assert!(matches!(client.next_answer(), Some((Some(0), Answer::Refused { .. }))));
    }
}
