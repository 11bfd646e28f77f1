//! The device's side of HTTP: requests go to `hyper`, what it writes becomes frames, its responses become answers.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Response, StatusCode};

use super::answer::{answer_of, words};
use super::engine::Engine;
use super::pipe::Pipe;
use super::request_head::{RequestHead, Version};
use crate::event::LossReason;
use crate::exchange::dialogue::{Answer, Dialogue, Frame, Request};

/// Longest response that is read to its end, so that its connection can be used again [bytes].
const LONGEST_RESPONSE: usize = 1024 * 1024;

/// The device's side of HTTP.
pub(crate) struct Client {
    head: Arc<RequestHead>,
    /// Most requests at a time.
    window: usize,
    connection: Option<Connection>,
    frames: VecDeque<Frame>,
    answers: VecDeque<(Option<u64>, Answer)>,
}

/// One connection.
struct Connection {
    engine: Engine,
    pipe: Pipe,
    sender: Sender,
    open: usize,
    responses: Arc<Mutex<Vec<Heard>>>,
    is_over: bool,
}

enum Sender {
    V1(http1::SendRequest<Full<Bytes>>),
    V2(http2::SendRequest<Full<Bytes>>),
}

/// What became of a request.
struct Heard {
    ticket: u64,
    /// What it said of who was asking.
    token: Option<HeaderValue>,
    outcome: Result<Response<()>, hyper::Error>,
}

impl Client {
    pub(crate) fn new(head: Arc<RequestHead>, window: usize) -> Self {
        Self { head, window, connection: None, frames: VecDeque::new(), answers: VecDeque::new() }
    }

    /// Lets `hyper` do what it can; what it has written is out with the request `completes`.
    fn run(&mut self, completes: Option<u64>) -> Result<(), LossReason> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        connection.engine.run();
        let bytes = connection.pipe.take_written();
        if !bytes.is_empty() || completes.is_some() {
            self.frames.push_back(Frame { bytes, completes });
        }
        let heard = std::mem::take(&mut *connection.responses.lock().unwrap_or_else(PoisonError::into_inner));
        let mut fault = None;
        for Heard { ticket, token, outcome } in heard {
            connection.open -= 1;
            match outcome {
                Ok(response) => {
                    let is_stranger = response.status() == StatusCode::UNAUTHORIZED;
                    let answer = if is_stranger && self.head.has_other_token(token.as_ref()) {
                        Answer::Later { words: words(response.status()), after_ns: None }
                    } else {
                        answer_of(response.status(), response.headers())
                    };
                    self.answers.push_back((Some(ticket), answer));
                }
                Err(error) if error.is_parse() => fault = Some(LossReason::Unintelligible { protocol: "HTTP" }),
                Err(_) => connection.is_over = true,
            }
        }
        connection.is_over |= connection.sender.is_closed();
        fault.map_or(Ok(()), Err)
    }
}

impl Dialogue for Client {
    fn open(&mut self) {
        self.connection = Connection::begin(self.head.version);
        // What is to be said first is no request, so nothing can be wrong with its answer.
        drop(self.run(None));
    }

    fn has_room(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| {
            !connection.is_over && connection.open < self.window && connection.sender.is_ready()
        })
    }

    fn ask(&mut self, request: &Request) {
        let Some(connection) = &mut self.connection else { return };
        let body = Full::new(request.payload.clone());
        let built = self.head.request(request.route, request.sequence).and_then(|head| head.body(body).ok());
        let Some(built) = built else {
            let words = "message: no request can be made of it".to_owned();
            self.answers.push_back((Some(request.ticket), Answer::Refused { code: 0, words }));
            return;
        };
        let token = built.headers().get(AUTHORIZATION).cloned();
        let (ticket, responses) = (request.ticket, Arc::clone(&connection.responses));
        let tell = move |outcome| {
            let heard = Heard { ticket, token, outcome };
            responses.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
        };
        connection.open += 1;
        match &mut connection.sender {
            Sender::V1(sender) => {
                let response = sender.send_request(built);
                connection.engine.spawner().spawn(async move { tell(read(response.await).await) });
            }
            Sender::V2(sender) => {
                let response = sender.send_request(built);
                connection.engine.spawner().spawn(async move { tell(read(response.await).await) });
            }
        }
        // An answer that came before the request was out is heard with the next bytes.
        drop(self.run(Some(request.ticket)));
    }

    fn next_frame(&mut self) -> Option<Frame> {
        self.frames.pop_front()
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), LossReason> {
        if let Some(connection) = &self.connection {
            connection.pipe.put(bytes);
        }
        self.run(None)
    }

    fn hear_end(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.pipe.end();
        }
        // Whatever it makes of the end, the connection is over.
        drop(self.run(None));
    }

    fn next_answer(&mut self) -> Option<(Option<u64>, Answer)> {
        self.answers.pop_front()
    }

    fn is_over(&self) -> bool {
        self.connection.as_ref().is_none_or(|connection| connection.is_over)
    }

    fn close(&mut self) {
        self.connection = None;
        self.frames.clear();
        self.answers.clear();
    }
}

impl Connection {
    /// Nothing has to arrive for that, so it comes about at once.
    fn begin(version: Version) -> Option<Self> {
        let (engine, pipe) = (Engine::default(), Pipe::default());
        let mut context = Context::from_waker(Waker::noop());
        let sender = match version {
            Version::V1 => {
                let shaking = pin!(http1::handshake(pipe.clone()));
                let Poll::Ready(Ok((sender, connection))) = shaking.poll(&mut context) else { return None };
                engine.spawner().spawn(async move { drop(connection.await) });
                Sender::V1(sender)
            }
            Version::V2 => {
                let shaking = pin!(http2::handshake(engine.spawner(), pipe.clone()));
                let Poll::Ready(Ok((sender, connection))) = shaking.poll(&mut context) else { return None };
                engine.spawner().spawn(async move { drop(connection.await) });
                Sender::V2(sender)
            }
        };
        Some(Self { engine, pipe, sender, open: 0, responses: Arc::default(), is_over: false })
    }
}

impl Sender {
    fn is_ready(&self) -> bool {
        match self {
            Self::V1(sender) => sender.is_ready(),
            Self::V2(sender) => sender.is_ready(),
        }
    }

    fn is_closed(&self) -> bool {
        match self {
            Self::V1(sender) => sender.is_closed(),
            Self::V2(sender) => sender.is_closed(),
        }
    }
}

/// Reads a response to its end; what it says is of no interest. One that breaks off is no answer: whoever sent it may have
/// failed while it was still at work. One that is too long ends the connection, which is noticed there.
async fn read(response: Result<Response<Incoming>, hyper::Error>) -> Result<Response<()>, hyper::Error> {
    let (head, body) = response?.into_parts();
    let end = Limited::new(body, LONGEST_RESPONSE).collect().await;
    if let Err(error) = end
        && let Ok(broken) = error.downcast::<hyper::Error>()
    {
        return Err(*broken);
    }
    Ok(Response::from_parts(head, ()))
}

#[cfg(test)]
mod tests {
    use sim_core::RouteId;

    use super::*;
    use crate::exchange::dialogue::Answering;
    use crate::http::server::Server;

    fn request(ticket: u64, payload: &'static str) -> Request {
        Request {
            ticket,
            route: RouteId(0),
            sequence: ticket,
            payload: Bytes::from_static(payload.as_bytes()),
            attempts: 0,
        }
    }

    /// Carries bytes between both sides until neither has more to say; tells which requests were out.
    fn carry(client: &mut Client, server: &mut Server) -> Vec<u64> {
        let mut out = Vec::new();
        loop {
            let mut is_quiet = true;
            while let Some(frame) = client.next_frame() {
                is_quiet &= frame.bytes.is_empty();
                out.extend(frame.completes);
                server.hear(&frame.bytes);
            }
            while let Some(bytes) = server.next_bytes() {
                is_quiet = false;
                client.hear(&bytes).expect("HTTP");
            }
            if is_quiet {
                return out;
            }
        }
    }

    #[test]
    fn both_versions_carry_messages_and_keep_their_connection() {
        for (version, window) in [(Version::V1, 1), (Version::V2, 2)] {
            let mut client = Client::new(Arc::new(RequestHead::to("/base/a%20b", version)), window);
            let mut server = Server::begin("/base", version);
            client.open();
            for ticket in 0..4 {
                assert!(client.has_room(), "{version:?} {ticket}");
                client.ask(&request(ticket, "{}"));
                assert_eq!(carry(&mut client, &mut server), [ticket]);
                assert_eq!(client.next_answer(), Some((Some(ticket), Answer::Taken)));
                assert_eq!(server.take_heard(), [("a b".to_owned(), Bytes::from_static(b"{}"))]);
            }
            assert!(!client.is_over());
        }
    }

    #[test]
    fn a_window_lets_requests_wait_beside_each_other() {
        let mut client = Client::new(Arc::new(RequestHead::to("/", Version::V2)), 2);
        let mut server = Server::begin("", Version::V2);
        client.open();
        client.ask(&request(7, "first"));
        assert!(client.has_room());
        client.ask(&request(8, "second"));
        assert!(!client.has_room());
        assert_eq!(carry(&mut client, &mut server), [7, 8]);
        let answers: Vec<_> = std::iter::from_fn(|| client.next_answer()).map(|(ticket, _)| ticket).collect();
        assert_eq!(answers, [Some(7), Some(8)]);
    }

    #[test]
    fn a_connection_that_the_target_ends_is_over() {
        let mut client = Client::new(Arc::new(RequestHead::to("/", Version::V1)), 1);
        client.open();
        client.ask(&request(0, "{}"));
        let written = client.next_frame().expect("a request").bytes;
        let head = String::from_utf8_lossy(&written).to_lowercase();
        assert!(head.starts_with("post / http/1.1\r\n"), "{head}");
        assert!(head.contains("idempotency-key: \"run/serial/stream/0\"\r\n"), "{head}");
        client.hear(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n").expect("HTTP");
        assert_eq!(client.next_answer(), None);
        client.hear(b"Content-Length: 0\r\n\r\n").expect("HTTP");
        let answer = client.next_answer();
        assert!(matches!(answer, Some((Some(0), Answer::Later { after_ns: Some(2_000_000_000), .. }))), "{answer:?}");
        assert!(client.is_over());
    }

    #[test]
    fn an_answer_that_breaks_off_acknowledges_nothing() {
        for cut in ["Content-Length: 9\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nha"] {
            let mut client = Client::new(Arc::new(RequestHead::to("/", Version::V1)), 1);
            client.open();
            client.ask(&request(0, "{}"));
            client.hear(format!("HTTP/1.1 200 OK\r\n{cut}").as_bytes()).expect("HTTP");
            assert_eq!(client.next_answer(), None, "{cut}");
            client.hear_end();
            assert_eq!(client.next_answer(), None, "{cut}");
            assert!(client.is_over(), "{cut}");
        }
    }

    #[test]
    fn what_is_no_http_is_told() {
        let mut client = Client::new(Arc::new(RequestHead::to("/", Version::V1)), 1);
        client.open();
        client.ask(&request(0, "{}"));
        let heard = client.hear(b"SSH-2.0-OpenSSH_9.2\r\n\r\n");
        assert_eq!(heard, Err(LossReason::Unintelligible { protocol: "HTTP" }));
    }
}
